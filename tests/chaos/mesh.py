#!/usr/bin/env python3
"""A mesh's retries must open no interaction twice: Istio's default policy, played by Envoy, in front of the gateway.

    mesh.py SERVER [--calls 10000] [--seed TEXT] [--store memory|none]

Calls go through Envoy to interaction-server and on to an upstream that plays faults; once with a request_id, once
without. Then the same calls meet the same faults behind Envoy's own gRPC-JSON reverse transcoder, for comparison.
Prints a table; exits with 1 if interaction-server broke a promise of invariants.py.
"""

import argparse
import asyncio
import dataclasses
import pathlib
import random
import shutil
import sys
import tempfile
import uuid

from callers import Call, Callers, Habits
from envoy import Envoy
from invariants import Book, Circumstances, Violation, check_all, is_sent_once
from processes import STORES, Program, Server, Upstream, store_settings, upstream_settings
from records import Attempt, Post, load_posts

TIMEOUT = 30.0
SETTINGS = {"seethepro.max_deadline": "3s", "wolkvox.max_deadline": "3s", "calls.late_answer_time": "3s"}
TRANSCODER = "Envoy's transcoder"


@dataclasses.dataclass
class Run:
    """The same calls and faults, through one gateway."""

    gateway: str
    attempts: list[Attempt]
    posts: list[Post]
    retries: int  # by the mesh

    def row(self) -> tuple:
        of_calls = Book(self.posts, self.attempts).posts_of_call.values()
        return (self.gateway,
                len(self.attempts),
                sum(attempt.code == "OK" for attempt in self.attempts),
                len(self.posts),
                sum(post.fault != "none" for post in self.posts),
                self.retries,
                sum(not is_sent_once(posts, 0) for posts in of_calls),
                sum(sum(post.created for post in posts) > 1 for posts in of_calls))


COLUMNS = ("gateway", "calls", "OK", "POSTs", "faults met", "repeated by the mesh",
           "sent again after a possible effect", "opened twice")


async def call_all(callers: Callers, options: argparse.Namespace, with_id: bool) -> None:
    habits = Habits(seed=options.seed, request_ids=False, tokens=options.callers)
    numbers = iter(range(options.calls))

    async def call_on() -> None:
        for number in numbers:
            call = Call(number, habits)
            call.request_id = str(uuid.UUID(int=call.dice.getrandbits(128), version=4)) if with_id else ""
            trace = f"{random.Random(f'{options.seed}/{number}').getrandbits(128):032x}"
            await callers.send(Attempt(call=call.name, trace=trace, request_id=call.request_id, method=call.method,
                                       token=call.token, timeout=TIMEOUT), call.request())

    await asyncio.gather(*(call_on() for _ in range(options.callers)))


async def run_through(gateway: str, options: argparse.Namespace, with_id: bool, folder: pathlib.Path) -> Run:
    folder.mkdir()
    upstream = Upstream(folder, "--seed", options.seed, "--rate", f"{options.rate}")
    programs: list[Program] = [upstream]
    try:
        await upstream.serve()
        target = ""
        if gateway != TRANSCODER:
            settings = SETTINGS | store_settings(options.store) | upstream_settings(upstream.url)
            server = Server(options.server, "server", folder, settings)
            programs.append(server)
            await server.serve()
            target = server.target
        envoy = Envoy(folder, upstream.url, target)
        programs.append(envoy)
        await envoy.serve()
        callers = Callers([envoy.target], channels_each=1)
        await call_all(callers, options, with_id)
        await callers.close()
        retries = await envoy.retries()
        await upstream.finish()
    finally:
        for program in programs:
            await program.kill()
    return Run(gateway, callers.attempts, load_posts(upstream.book), retries)


def print_table(runs: list[Run]) -> None:
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    for run in runs:
        print("| " + " | ".join(map(str, run.row())) + " |")


def judge(runs: list[Run]) -> list[Violation]:
    """Of the gateway, every promise; of the mesh, that it did repeat calls."""
    violations = []
    for run in runs:
        if run.retries == 0:
            violations.append(Violation("mesh", f"the mesh repeated no call to {run.gateway}: nothing was tried", []))
        if run.gateway != TRANSCODER:
            violations += check_all(run.posts, run.attempts, Circumstances())
    return violations


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", help="the interaction-server to try")
    parser.add_argument("--calls", type=int, default=10_000, help="through each gateway")
    parser.add_argument("--callers", type=int, default=64, help="calls at once")
    parser.add_argument("--seed", default=f"{random.SystemRandom().randrange(10**9)}", help="default: a new one")
    parser.add_argument("--rate", type=float, default=0.35, help="how many POSTs meet a fault")
    parser.add_argument("--store", choices=STORES, default="memory", help="none: calls without request_id alone")
    return parser.parse_args()


async def compare(options: argparse.Namespace, folder: pathlib.Path) -> list[Run]:
    gateways = [("interaction-server, request_id", True)] if options.store != "none" else []
    gateways += [("interaction-server, no request_id", False), (TRANSCODER, False)]
    return [await run_through(gateway, options, with_id, folder / f"{number}")
            for number, (gateway, with_id) in enumerate(gateways)]


def main() -> int:
    options = arguments()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mesh-"))
    print(f"seed {options.seed}", flush=True)
    try:
        runs = asyncio.run(compare(options, folder))
    except BaseException:
        print(f"logs and books: {folder}")
        raise
    print_table(runs)
    violations = judge(runs)
    for violation in violations[:20]:
        print(violation)
    if violations:
        print(f"violations: {len(violations)}; again with --seed {options.seed} --calls {options.calls}")
        print(f"logs and books: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
