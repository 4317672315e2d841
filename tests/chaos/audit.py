#!/usr/bin/env python3
"""The chaos audit: careless callers, a faulty upstream, servers and a store that die and freeze; then the reckoning.

    audit.py SERVER [--seconds 40] [--seed TEXT] [--servers 2] [--calls N] [--store redis|memory|none]

Exits with 1 if a promise of invariants.py was broken. README.md says what is promised in which circumstances.
"""

import argparse
import asyncio
import collections
import dataclasses
import pathlib
import random
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator

import storm
from callers import Call, Callers, Habits
from invariants import Apart, Circumstances, Holdings, Span, Violation, check_all, nothing_is_left
from processes import STORES, Redis, Server, Upstream, look_at, store_settings, upstream_settings
from records import Attempt, Post, load_posts

# Short limits, so that much happens in a short run: an upstream that hangs does so for longer than max_deadline.
MAX_DEADLINE = 3.0
LATE_ANSWER_TIME = 3.0
SETTINGS = {
    "calls.default_deadline": "6s",
    "calls.drain_timeout": "10s",
    "calls.late_answer_time": f"{LATE_ANSWER_TIME:g}s",
    "seethepro.max_deadline": f"{MAX_DEADLINE:g}s",
    "seethepro.max_idle": "1s",
    "wolkvox.max_deadline": f"{MAX_DEADLINE:g}s",
    "wolkvox.max_idle": "1s",
}
# How long the upstream takes when nothing is wrong: long enough for callers to hang up in between.
ANSWER_TIME = 0.02
# A permit of a token is in use for at most so long after it was given out.
LONGEST_PERMIT = MAX_DEADLINE + LATE_ANSWER_TIME + 5.0
TOKEN_LIMIT = 2
# How long after the storm every server must serve every token again: breakers and leases have to run out. And how long
# after the start: where calls wait for Redis, one that is new gives out no permits for a while.
RECOVERY_TIME = 90.0
WARM_UP_TIME = 20.0
# How long a server may hold what it used, and how long it may take to end when no call is under way.
RELEASE_TIME = 10.0
END_TIME = 3.0


@dataclasses.dataclass
class Findings:
    """All that a run brought to light."""

    posts: list[Post] = dataclasses.field(default_factory=list)
    attempts: list[Attempt] = dataclasses.field(default_factory=list)
    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    disturbances: list[storm.Disturbance] = dataclasses.field(default_factory=list)
    violations: list[Violation] = dataclasses.field(default_factory=list)
    calls: int = 0
    served: int = 0  # calls that ended well


class Audit:
    """One run, from the first program's start to the last one's end."""

    def __init__(self, options: argparse.Namespace, folder: pathlib.Path) -> None:
        self.options = options
        self.findings = Findings()
        self.upstream = Upstream(folder, "--seed", options.seed, "--delay", f"{ANSWER_TIME}")
        self.redis = Redis(folder) if options.store == "redis" else None
        extra = dict(setting.split("=", 1) for setting in options.set)
        self._settings = SETTINGS | store_settings(options.store, self.redis, options.servers) | extra
        self._folder = folder
        self._store_began: Span | None = None  # empty
        self.servers: list[Server] = []
        self.habits = Habits(seed=options.seed, request_ids=options.store != "none")
        self._numbers = iter(range(options.calls or sys.maxsize))

    async def run(self) -> Findings:
        try:
            await self._start()
            before = await self._warm_up()
            weather = await self._storm()
            callers = Callers([server.target for server in self.servers])
            self.findings.violations += await self._call_everything(callers, "calm", RECOVERY_TIME)
            await self._close(callers)
            self.findings.violations += await self._look_for_leftovers(before)
            self.findings.violations += await self._end_servers(weather)
            self.findings.counts = await self.upstream.finish()
            self.findings.posts = load_posts(self.upstream.book)
            self.findings.violations += check_all(self.findings.posts, self.findings.attempts,
                                                  self._circumstances(weather))
        finally:
            for program in filter(None, [*self.servers, self.redis, self.upstream]):
                await program.kill()
        return self.findings

    async def _start(self) -> None:
        await self.upstream.serve()
        if self.redis:
            begin = time.monotonic()
            await self.redis.serve()
            self._store_began = Span(begin, time.monotonic())
        settings = self._settings | upstream_settings(self.upstream.url)
        self.servers = [Server(self.options.server, f"server-{number}", self._folder, settings)
                        for number in range(self.options.servers)]
        await asyncio.gather(*(server.serve() for server in self.servers))

    async def _warm_up(self) -> list[Holdings]:
        """Some calls while nothing is wrong; what the servers hold afterwards."""
        callers = Callers([server.target for server in self.servers])
        if unserved := await self._call_everything(callers, "warm", WARM_UP_TIME):
            raise RuntimeError(f"calls fail before anything is broken:\n{unserved[0]}")
        await self._close(callers)
        await asyncio.sleep(1.0)  # for the servers to see that their callers have gone
        return [look_at(server.pid, self._upstream_port) for server in self.servers]

    async def _storm(self) -> storm.Storm:
        options = self.options
        kinds: dict[str, tuple[storm.Kind, ...]] = {"upstream": storm.UPSTREAM}
        if options.kills:
            of_a_server = storm.SERVER + (storm.LONG_FREEZE,) * options.long_freezes
            kinds |= {server.name: of_a_server for server in self.servers}
            if self.redis:
                kinds["redis"] = storm.REDIS + (storm.REDIS_LOSS,) * options.lose_data
        self.findings.disturbances = storm.course(options.seed, options.seconds, kinds)
        weather = storm.Storm(self.servers, self.upstream, self.redis)
        self.upstream.order(rate=options.rate)
        callers = Callers([server.target for server in self.servers])
        end = time.monotonic() + options.seconds
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(weather.blow(self.findings.disturbances))
            for _ in range(options.callers):
                tasks.create_task(self._call_until(callers, end))
        self.upstream.order(rate=0)
        await self._close(callers)
        return weather

    async def _call_until(self, callers: Callers, end: float) -> None:
        while time.monotonic() < end and (number := next(self._numbers, None)) is not None:
            self.findings.calls += 1
            served = await callers.make(Call(number, self.habits))
            self.findings.served += served

    async def _call_everything(self, callers: Callers, name: str, patience: float) -> list[Violation]:
        """While nothing is wrong, every server serves both vendors and every token, at the latest after `patience`."""
        end = time.monotonic() + patience

        async def until_ok(server: int, token: int) -> list[Violation]:
            while time.monotonic() < end:
                last = [await self._call_once(callers, name, server, token, method) for method in METHODS]
                if all(attempt.code == "OK" for attempt in last):
                    return []
                await asyncio.sleep(0.5)
            return [Violation("I9", f"server-{server} does not serve token-{token}, though nothing was wrong for "
                                    f"{patience:g} s", [attempt.label for attempt in last])]

        results = await asyncio.gather(*(until_ok(server, token) for server in range(len(self.servers))
                                         for token in range(self.habits.tokens)))
        return [violation for violations in results for violation in violations]

    async def _call_once(self, callers: Callers, name: str, server: int, token: int, method: str) -> Attempt:
        """A call that nothing is wrong with, to one server."""
        call = Call(0, self.habits)
        call.name, call.token, call.method = f"{name}-{uuid.uuid4()}", f"token-{token}", method
        call.request_id = str(uuid.uuid4()) if self.habits.request_ids else ""
        attempt = Attempt(call=call.name, trace=uuid.uuid4().hex, request_id=call.request_id, method=method,
                          token=call.token, server=server, timeout=5.0)
        return await callers.send(attempt, call.request())

    async def _close(self, callers: Callers) -> None:
        await callers.close()
        self.findings.attempts += callers.attempts

    async def _look_for_leftovers(self, before: list[Holdings]) -> list[Violation]:
        end = time.monotonic() + RELEASE_TIME
        while True:
            violations = []
            for server, held in zip(self.servers, before, strict=True):
                now = look_at(server.pid, self._upstream_port)
                violations += nothing_is_left(server.name, held, now, most_upstream=4 * self.options.callers)
            if not violations or time.monotonic() > end:
                return violations
            await asyncio.sleep(0.2)

    async def _end_servers(self, weather: storm.Storm) -> list[Violation]:
        """A server that still counted a call as under way would wait for it."""
        ends = list(weather.unclean_ends)
        for server in self.servers:
            start = time.monotonic()
            code = await server.end(patience=30)
            took = time.monotonic() - start
            if code != 0 or took > END_TIME:
                ends.append(f"{server.name}: exit code {code} after {took:.1f} s without a call\n{server.tail(5)}")
        return [Violation("I6", "a server does not end in good order", [end]) for end in ends]

    def _circumstances(self, weather: storm.Storm) -> Circumstances:
        return Circumstances(losses=tuple(weather.store_losses), claim_to_post=MAX_DEADLINE + 1, limit=TOKEN_LIMIT,
                             apart=tuple(self._apart(weather)))

    def _apart(self, weather: storm.Storm) -> Iterator[Apart]:
        """When a token may be used more often at once than its limit, since the store was away, or empty."""
        servers = self.options.servers
        share = max(1, TOKEN_LIMIT // servers)
        goes_on = self._settings.get("redis.on_outage", "continue") == "continue"
        for span in [self._store_began, *weather.store_away] if self._store_began else []:
            end = span.end + LONGEST_PERMIT
            if goes_on:
                # What the store gave before, and the share of each replica, also of one that was killed with calls
                # under way and has begun anew.
                killed = sum(span.start <= kill <= end for kill in weather.server_kills)
                yield Apart(span.start, end, TOKEN_LIMIT + share * (servers + killed))
            elif servers > TOKEN_LIMIT or (self.options.lose_data and self.options.long_freezes):
                # When no permit of the store's can be in use any more, each replica may use a token once. And nobody
                # who is frozen can tell a store that lost its data what he holds.
                yield Apart(span.start, end, TOKEN_LIMIT + max(TOKEN_LIMIT, servers))

    @property
    def _upstream_port(self) -> int:
        return int(self.upstream.url.rsplit(":", 1)[1])


METHODS = ("CreateVspInteraction", "AddWolkvoxInteraction")


def count(names: Iterable[str]) -> str:
    """The names, most frequent first, one a line."""
    return "\n".join(f"{number:8}  {name}" for name, number in collections.Counter(names).most_common())


def report(options: argparse.Namespace, findings: Findings) -> None:
    again = [f"--seed {options.seed}", f"--seconds {options.seconds:g}", f"--servers {options.servers}",
             f"--store {options.store}", f"--callers {options.callers}", f"--rate {options.rate:g}",
             *(["--lose-data"] if options.lose_data else []), *(["--long-freezes"] if options.long_freezes else []),
             *([] if options.kills else ["--no-kills"]), *(f"--set {setting}" for setting in options.set)]
    print(f"seed {options.seed}; again with {' '.join(again)}")
    print(f"calls: {findings.calls}, of which {findings.served} ended well; attempts: {len(findings.attempts)}; "
          f"POSTs: {len(findings.posts)}; the upstream counted {findings.counts}")
    print("what was done to the programs:")
    print(count(f"{d.target.split('-')[0]}: {d.kind}" for d in findings.disturbances))
    print("what the upstream did to the POSTs:")
    print(count(post.fault for post in findings.posts))
    print("what the attempts came to:")
    print(count(attempt.label for attempt in findings.attempts))
    print(f"violations: {len(findings.violations)}")
    for violation in findings.violations[:20]:
        print(violation)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", help="the interaction-server to audit")
    parser.add_argument("--seconds", type=float, default=40, help="how long it storms")
    parser.add_argument("--seed", default=f"{random.SystemRandom().randrange(10**9)}", help="default: a new one")
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--calls", type=int, default=0, help="at most so many; default: as many as the time allows")
    parser.add_argument("--callers", type=int, default=32, help="calls at once")
    parser.add_argument("--rate", type=float, default=0.35, help="how many POSTs meet a fault of the upstream")
    parser.add_argument("--store", choices=STORES, default="redis", help="none: no call has a request_id")
    parser.add_argument("--lose-data", action="store_true", help="killing Redis may also delete what it holds")
    parser.add_argument("--long-freezes", action="store_true", help="servers may freeze for longer than their leases")
    parser.add_argument("--no-kills", dest="kills", action="store_false", help="only the upstream is disturbed")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the servers")
    parser.add_argument("--folder", type=pathlib.Path, help="where logs and books are kept; default: only on failure")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    folder = options.folder or pathlib.Path(tempfile.mkdtemp(prefix="chaos-"))
    folder.mkdir(exist_ok=True)
    print(f"seed {options.seed}", flush=True)
    try:
        findings = asyncio.run(Audit(options, folder).run())
    except BaseException:
        print(f"logs and books: {folder}")
        raise
    report(options, findings)
    if findings.violations or options.folder:
        print(f"logs and books: {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if findings.violations else 0


if __name__ == "__main__":
    sys.exit(main())
