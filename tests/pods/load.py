"""A steady load of calls, each of which is looked at."""
import asyncio
import random
import uuid

import grpc

from callers import answer_of, read_error
from records import Attempt
from stubs import messages, services


class Load:
    """Calls to a target at a rate, until `stop` or until there were `most`. A share of them has a request_id."""

    def __init__(self, name, channels, rate, share_with_id, most_at_once=2000, most=None, timeout=20.0):
        self.name, self.rate, self.share_with_id = name, rate, share_with_id
        self.made = 0
        self.answers = []  # interaction_id of each call that ended with OK
        self.failures = []  # an Attempt for each other call
        self.seconds = []  # how long each call took
        self.with_id = 0
        self._channels, self._most_at_once, self._most, self._timeout = channels, most_at_once, most, timeout
        self._stubs = [services.InteractionServiceStub(channel) for channel in channels]
        self._under_way = set()
        self._dice = random.Random(name)
        self._stopped = False
        self._task = asyncio.create_task(self._run())

    async def _run(self):
        loop = asyncio.get_running_loop()
        started = loop.time()
        skipped = 0
        while not self._stopped and self.made != self._most:
            due = int((loop.time() - started) * self.rate) - self.made - skipped
            for _ in range(min(due, (self._most or self.made + due) - self.made)):
                if len(self._under_way) >= self._most_at_once:
                    skipped += 1
                    continue
                task = loop.create_task(self._call(self.made))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
                self.made += 1
            await asyncio.sleep(0.004)

    async def _call(self, number):
        has_id = self._dice.random() < self.share_with_id
        self.with_id += has_id
        name = f"{self.name}-{number}"
        request = messages.CreateVspInteractionRequest(
            interaction_identity="+573001234567", interaction_name=name, account_id="6925ebd4-125d-4338-a736-99f4b5bcb3d7",
            contact_id="3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0", request_id=str(uuid.uuid4()) if has_id else "")
        started = asyncio.get_running_loop().time()
        try:
            self.answers.append(answer_of(await self._stubs[number % len(self._stubs)].CreateVspInteraction(request, timeout=self._timeout)))
        except grpc.aio.AioRpcError as error:
            attempt = Attempt(call=name, trace="", request_id=request.request_id)
            read_error(attempt, error)
            self.failures.append(attempt)
        self.seconds.append(asyncio.get_running_loop().time() - started)

    async def stop(self):
        """Makes no further calls, and waits for those under way."""
        self._stopped = True
        await self._task
        while self._under_way:
            await asyncio.wait(self._under_way)
        await asyncio.gather(*(channel.close() for channel in self._channels))
