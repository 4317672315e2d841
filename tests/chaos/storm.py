"""What is done to the programs while callers call: killed, frozen, cut off. The whole course comes from the seed."""

import asyncio
import dataclasses
import random
import signal
import time
from collections import defaultdict

from invariants import Span
from processes import Program, Redis, Server, Upstream


@dataclasses.dataclass(frozen=True)
class Disturbance:
    at: float  # seconds after the start
    target: str  # "server-0", "redis", "upstream"
    kind: str
    length: float  # seconds until it is over

    def __str__(self) -> str:
        return f"{self.at:6.1f} s  {self.target}: {self.kind} for {self.length:.1f} s"


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    weight: float
    shortest: float
    longest: float


# A frozen server or store answers nobody, and then everybody at once. "long freeze" outlasts the leases.
SERVER = (Kind("kill", 3, 0.05, 1.5), Kind("terminate", 1, 0.05, 0.5), Kind("freeze", 3, 0.05, 3.0))
LONG_FREEZE = Kind("long freeze", 0.3, 18.0, 22.0)
REDIS = (Kind("kill", 2, 0.05, 2.0), Kind("freeze", 3, 0.02, 1.5))
REDIS_LOSS = Kind("kill and lose data", 2, 0.05, 2.0)
UPSTREAM = (Kind("refuse", 2, 0.1, 1.5), Kind("freeze", 2, 0.1, 1.5), Kind("cut", 3, 0.0, 0.0))


def course(seed: str, seconds: float, kinds: dict[str, tuple[Kind, ...]], pause: float = 4.0) -> list[Disturbance]:
    """Disturbances of each target, one after the other, all over before `seconds`; between two, `pause` on average."""
    disturbances = []
    for target, of_target in kinds.items():
        dice = random.Random(f"{seed}/storm/{target}")
        at = dice.uniform(0.5, pause)
        while True:
            (kind,) = dice.choices(of_target, [kind.weight for kind in of_target])
            length = dice.uniform(kind.shortest, kind.longest)
            if at + length >= seconds:
                break
            disturbances.append(Disturbance(at, target, kind.name, length))
            at += length + dice.uniform(0.3, 2 * pause)
    return sorted(disturbances, key=lambda disturbance: disturbance.at)


class Storm:
    """Carries a course out on running programs. What it did to the store is kept for judging."""

    def __init__(self, servers: list[Server], upstream: Upstream, redis: Redis | None) -> None:
        self.store_losses: list[float] = []
        self.store_away: list[Span] = []
        self.server_kills: list[float] = []  # with calls under way, of which nobody knows any more
        self.unclean_ends: list[str] = []  # servers that did not end in good order when asked to
        # One thing at a time for each target, also when ending a server in good order takes longer than was planned.
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._programs: dict[str, Program] = {server.name: server for server in servers}
        self._upstream = upstream
        self._redis = redis

    async def blow(self, disturbances: list[Disturbance]) -> None:
        start = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for disturbance in disturbances:
                await asyncio.sleep(max(0.0, start + disturbance.at - time.monotonic()))
                tasks.create_task(self._disturb(disturbance))

    async def _disturb(self, disturbance: Disturbance) -> None:
        async with self._turns[disturbance.target]:
            await self._disturb_now(disturbance)

    async def _disturb_now(self, disturbance: Disturbance) -> None:
        begin = time.monotonic()
        if disturbance.target == "upstream":
            await self._disturb_upstream(disturbance)
        elif disturbance.target == "redis":
            await self._disturb_redis(disturbance)
            self.store_away.append(Span(begin, time.monotonic()))
        else:
            await self._disturb_server(self._programs[disturbance.target], disturbance)

    async def _disturb_upstream(self, disturbance: Disturbance) -> None:
        if disturbance.kind == "refuse":
            self._upstream.order(refuse=disturbance.length)
            await asyncio.sleep(disturbance.length)
        elif disturbance.kind == "cut":
            self._upstream.order(cut=True)
        else:
            await self._freeze(self._upstream, disturbance.length)

    async def _disturb_redis(self, disturbance: Disturbance) -> None:
        if disturbance.kind == "freeze":
            await self._freeze(self._redis, disturbance.length)
            return
        await self._redis.kill()
        if disturbance.kind == "kill and lose data":
            self.store_losses.append(time.monotonic())
            self._redis.lose_data()
        await asyncio.sleep(disturbance.length)
        await self._redis.serve()

    async def _disturb_server(self, server: Server, disturbance: Disturbance) -> None:
        if disturbance.kind in ("freeze", "long freeze"):
            await self._freeze(server, disturbance.length)
            return
        if disturbance.kind == "kill":
            self.server_kills.append(time.monotonic())
            await server.kill()
        elif (code := await server.end(patience=20)) != 0:
            self.unclean_ends.append(f"{server.name}: exit code {code}")
        await asyncio.sleep(disturbance.length)
        await server.serve()

    @staticmethod
    async def _freeze(program: Program, length: float) -> None:
        program.signal(signal.SIGSTOP)
        await asyncio.sleep(length)
        program.signal(signal.SIGCONT)
