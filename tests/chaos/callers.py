"""Careless callers: they give too little time, hang up, and call again whatever they were told, at any server.

Which calls there are and how each of them behaves comes from the seed and the call's number alone.
"""

import asyncio
import dataclasses
import random
import time
import uuid

import grpc
from google.rpc import error_details_pb2, status_pb2

from records import Attempt
from stubs import messages, services

CHANNEL_OPTIONS = (
    ("grpc.enable_retries", 0),  # every RPC is ours to count
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 500),
)
# What such a caller takes for "try again", with the same request_id.
REPEATED = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "UNKNOWN", "ABORTED", "CANCELLED")
DETAILS = "grpc-status-details-bin"


@dataclasses.dataclass(frozen=True)
class Habits:
    """How the callers behave."""

    seed: str
    request_ids: bool = True  # whether any calls have a request_id: most then do
    tokens: int = 8  # of wolkvox, among all callers
    impatience: float = 0.25  # how many attempts get a deadline that is likely to pass
    hang_ups: float = 0.1  # how many attempts are cancelled
    parallel: float = 0.3  # how many repeatable calls are made twice at the same time
    attempts: int = 5
    pause: float = 0.3  # the longest time between two attempts


class Call:
    """One logical call: what it asks for, and the dice for how it goes about that."""

    def __init__(self, number: int, habits: Habits) -> None:
        self.habits = habits
        self.name = f"call-{number}"
        self.dice = random.Random(f"{habits.seed}/{self.name}")
        self.method = self.dice.choice(("CreateVspInteraction", "AddWolkvoxInteraction"))
        self.token = f"token-{self.dice.randrange(habits.tokens)}"
        has_id = habits.request_ids and self._happens(0.85)
        self.request_id = str(uuid.UUID(int=self.dice.getrandbits(128), version=4)) if has_id else ""

    def request(self) -> object:
        if self.method == "CreateVspInteraction":
            return messages.CreateVspInteractionRequest(
                app_access_key=self.token, interaction_identity="+573001234567", interaction_name=self.name,
                account_id="6925ebd4-125d-4338-a736-99f4b5bcb3d7", contact_id="3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0",
                request_id=self.request_id)
        return messages.AddWolkvoxInteractionRequest(
            sender="+573001234567", recipient="+576015550100", routing_point_id="4711", subject=self.name,
            wolkvox_server="0042", wolkvox_token=self.token, request_id=self.request_id)

    def timeout(self) -> float:
        longest = self.dice.choice((0.03, 0.1, 0.5))
        return self.dice.uniform(0.001, longest) if self._happens(self.habits.impatience) else self.dice.uniform(1, 6)

    def hang_up_after(self) -> float | None:
        longest = self.dice.choice((0.003, 0.03, 0.5))
        return self.dice.uniform(0, longest) if self._happens(self.habits.hang_ups) else None

    def calls_twice(self) -> bool:
        return self.request_id != "" and self._happens(self.habits.parallel)

    def _happens(self, probability: float) -> bool:
        return self.dice.random() < probability


def answer_of(reply: object) -> str:
    """What tells this interaction from all others: see Post.answer."""
    return reply.interaction_id if hasattr(reply, "interaction_id") else reply.message


def read_error(attempt: Attempt, error: grpc.aio.AioRpcError) -> None:
    attempt.code = error.code().name
    attempt.message = error.details() or ""
    for name, value in error.trailing_metadata() or ():
        if name == "grpc-retry-pushback-ms":
            attempt.pushback = value
        if name == DETAILS:
            info = error_details_pb2.ErrorInfo()
            for detail in status_pb2.Status.FromString(value).details:
                if detail.Unpack(info):
                    attempt.reason, attempt.outcome = info.reason, info.metadata["outcome"]


class Callers:
    """Channels to all servers, and the book of every attempt."""

    def __init__(self, targets: list[str], channels_each: int = 2) -> None:
        self.attempts: list[Attempt] = []
        self._channels = [[grpc.aio.insecure_channel(target, options=CHANNEL_OPTIONS) for _ in range(channels_each)]
                          for target in targets]
        self._stubs = [[services.InteractionServiceStub(channel) for channel in channels]
                       for channels in self._channels]

    async def close(self) -> None:
        await asyncio.gather(*(channel.close() for channels in self._channels for channel in channels))

    async def make(self, call: Call) -> bool:
        """Calls until an attempt ends well or the caller gives up; whether one ended well."""
        for _ in range(call.habits.attempts):
            at_once = 2 if call.calls_twice() else 1
            attempts = await asyncio.gather(*(self._attempt(call) for _ in range(at_once)))
            if any(attempt.code == "OK" for attempt in attempts):
                return True
            if not all(self._is_repeated(attempt) for attempt in attempts):
                return False
            await asyncio.sleep(call.dice.uniform(0, call.habits.pause))
        return False

    @staticmethod
    def _is_repeated(attempt: Attempt) -> bool:
        """Without a request_id only what the gateway itself says may be: its UNAVAILABLE."""
        if not attempt.request_id:
            return attempt.code == "UNAVAILABLE" and attempt.is_from_server
        return attempt.code in REPEATED

    async def _attempt(self, call: Call) -> Attempt:
        server = call.dice.randrange(len(self._stubs))
        hang_up = call.hang_up_after()
        attempt = Attempt(call=call.name, trace=f"{call.dice.getrandbits(128):032x}", request_id=call.request_id,
                          method=call.method, token=call.token, server=server, timeout=call.timeout())
        return await self.send(attempt, call.request(), hang_up, call.dice.choice(self._stubs[server]))

    async def send(self, attempt: Attempt, request: object, hang_up: float | None = None,
                   stub: object = None) -> Attempt:
        """Makes one RPC and writes it down. `stub`: of the attempt's server unless told."""
        method = getattr(stub or self._stubs[attempt.server][0], attempt.method)
        attempt.started = time.monotonic()
        rpc = method(request, timeout=attempt.timeout,
                     metadata=(("traceparent", f"00-{attempt.trace}-{attempt.trace[:16]}-01"),))
        timer = asyncio.get_running_loop().call_later(hang_up, rpc.cancel) if hang_up is not None else None
        try:
            reply = await rpc
            attempt.code, attempt.answer = "OK", answer_of(reply)
            attempt.replayed = ("idempotent-replayed", "true") in tuple(await rpc.trailing_metadata())
        except grpc.aio.AioRpcError as error:
            read_error(attempt, error)
        except asyncio.CancelledError:
            if not rpc.cancelled():
                raise
            attempt.code = "CANCELLED"
        finally:
            if timer:
                timer.cancel()
            attempt.ended = time.monotonic()
            self.attempts.append(attempt)
        return attempt
