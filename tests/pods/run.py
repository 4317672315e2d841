#!/usr/bin/env python3
"""The chart's Pods as real processes, three replicas with a real Redis, at steady load: README.md.

    run.py SERVER SANDBOX CLI HELM [--calls 2000] [--rate 400] [--faulty-calls 1000] [--drain-delay 1s] [--resolve-every 1]
           [--min-ready 0] [--root FOLDER] [--only SCENARIO]... [--unprotected]
           [--kind tls|sidecar|retries|figures]

Every scenario takes at least --calls calls through each way to the Pods; then a vendor plays faults and Envoys repeat calls, with --faulty-calls
calls in each case of retries.py. Exits with 1 if a call failed that must not, or if a vendor got a POST twice. --root: of an image
that tools/image has built, instead of one made from the programs.
"""
import argparse
import asyncio
import collections
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

import namespace

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COLUMNS = ("scenario", "times", "callers come through", "calls", "with request_id", "calls/s", "p99 ms", "failed", "POSTs", "twice")
# How a call may end that a killed replica had in hand. With a request_id it is never sent again, so nobody can say more of it.
HONEST = {True: {("ABORTED", "REQUEST_IN_PROGRESS"), ("ABORTED", "OUTCOME_UNKNOWN"), ("UNKNOWN", "OUTCOME_UNKNOWN")},
          False: {("UNAVAILABLE", "")}}
MOST_TIMES = 30  # that something happens while a scenario's calls are made
IN_HAND = 0.5  # seconds: no more calls than come in so long can have been in the hands of one


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("server", "sandbox", "cli", "helm"):
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("--calls", type=int, default=2000, help="in each scenario, through each way")
    parser.add_argument("--rate", type=float, default=400, help="calls a second, through each way")
    parser.add_argument("--faulty-calls", type=int, default=1000, help="to vendors that play faults")
    parser.add_argument("--seed", default=f"{random.SystemRandom().randrange(10**9)}", help="of those faults; default: a new one")
    parser.add_argument("--root", default="", help="of a built image: build/image/root")
    parser.add_argument("--only", action="append", help="a scenario to run; may be given several times")
    parser.add_argument("--resolve-every", type=float, default=1, help="seconds between two questions of round_robin to the name server; gRPC's "
                        "own default is 30")
    parser.add_argument("--min-ready", type=int, default=0, help="minReadySeconds of the chart")
    parser.add_argument("--drain-delay", default="1s", help="calls.drain_delay of the Pods; the gateway's own default is 5s")
    parser.add_argument("--unprotected", action="store_true", help="count POSTs that follow a possible effect where nothing is promised: "
                        "replicas are killed behind two Envoys, and calls without a request_id are repeated")
    parser.add_argument("--kind", choices=("tls", "sidecar", "retries", "figures"), help="default: the first three, one after the other")
    return parser.parse_args()


def begin_loads(stack, options, killing):
    """The ways to the Pods. Where a replica is killed, callers behind Envoy have a request_id and repeat, and others do neither."""
    name, rate = f"{time.monotonic():.0f}", options.rate
    if stack.is_mesh:
        return {"Envoy as sidecar on both sides": Load(f"{name}-mesh", stack.through_envoy(killing), rate, 1.0 if killing else 0.5)}
    return {"Envoy as edge": Load(f"{name}-edge", stack.through_envoy(killing), rate, 1.0 if killing else 0.5),
            "client-side round_robin": Load(f"{name}-dns", stack.round_robin(options.resolve_every), rate, 0.0 if killing else 0.5)}


def posts_of_calls(stack):
    """How many POSTs each call came to, by the name in it."""
    requests = json.loads(stack.ask_sandbox(f"/sandbox/requests?last={KEPT}"))
    return collections.Counter(json.loads(request["body"])["InteractionName"] for request in requests)


async def pause(loads, calls):
    """Until there were so many calls, so that a long run does not consist of changes only."""
    while any(load.made < calls for load in loads):
        await asyncio.sleep(0.05)


async def run_scenario(stack, name, options):
    """Rows of the table, and what is wrong."""
    killing = name == "replica killed"
    stack.ask_sandbox("/sandbox/requests", "DELETE")
    started, times = time.monotonic(), 0
    loads = begin_loads(stack, options, killing)
    while times == 0 or any(load.made < options.calls for load in loads.values()):
        await SCENARIOS[name](stack)
        times += 1
        await pause(loads.values(), times * options.calls // MOST_TIMES)
    for load in loads.values():
        await load.stop()
    seconds = time.monotonic() - started
    posts = await asyncio.to_thread(posts_of_calls, stack)
    rows, wrong = [], []
    for way, load in loads.items():
        own = {call: number for call, number in posts.items() if call.startswith(load.name)}
        twice = [call for call, number in own.items() if number > 1]
        rows.append((name, times, way, load.made, load.with_id, f"{load.made / seconds:.0f}", f"{percentile(load.seconds, 99) * 1000:.0f}",
                     failures_of(load), sum(own.values()), len(twice)))
        wrong += [f"{name}, {way}: {problem}" for problem in problems(load, own, twice, times if killing else 0)]
    if stack.cluster.killed_late:
        wrong.append(f"{name}: Pods had to be killed at the end of their grace period: {stack.cluster.killed_late}")
    return rows, wrong


def failures_of(load):
    labels = collections.Counter(failure.label for failure in load.failures)
    return f"{len(load.failures)}" + "".join(f"; {number} {label}" for label, number in labels.most_common())


def percentile(numbers, percent):
    return sorted(numbers)[len(numbers) * percent // 100]


def problems(load, posts, twice, kills):
    """What a run must not show. kills: how many replicas were killed."""
    if twice:
        yield f"POSTs twice: {twice[:5]}"
    if len(set(load.answers)) != len(load.answers):
        yield "two calls got the same interaction"
    if not len(load.answers) <= sum(posts.values()) <= load.made:
        yield f"{sum(posts.values())} POSTs for {load.made} calls"
    bad = [failure for failure in load.failures if not kills or (failure.code, failure.reason) not in HONEST[failure.request_id != ""]]
    labels = collections.Counter(f"{failure.label}: {failure.message}" for failure in bad)
    yield from (f"{number} calls failed: {label}" for label, number in labels.most_common(5))
    if kills and len(load.failures) > IN_HAND * load.rate * kills:
        yield f"{len(load.failures)} calls failed where {kills} replicas were killed: more than were in flight"


def print_head(columns):
    print_row(columns)
    print("|" + "---|" * len(columns))


def print_row(row):
    print("| " + " | ".join(map(str, row)) + " |", flush=True)


def tell(problems_found):
    print(*problems_found[:20], sep="\n", end="\n" if problems_found else "", flush=True)
    return problems_found


async def run_kind(kind, folder, roots, options):
    """All scenarios on one Deployment."""
    os.makedirs(folder)
    values = {"minReadySeconds": options.min_ready, "config": {"calls": {"drain_delay": options.drain_delay}}} | ({"configChange": "reload"} if kind is SIDECAR else {})
    stack = Stack(folder, kind, chart.Helm(options.helm), roots, values=values)
    sandbox = Program("sandbox", [options.sandbox, "--listen", "127.0.0.1:0", "--keep-requests", str(KEPT)], pathlib.Path(folder))
    all_wrong = []
    try:
        await stack.serve(sandbox)
        for name in options.only or SCENARIOS:
            rows, wrong = await run_scenario(stack, name, options)
            for row in rows:
                print_row(row)
            all_wrong += tell(wrong)
    finally:
        await stack.end()
    return all_wrong


async def main(folder, options):
    roots = make_roots(folder, options.root, [options.server, options.sandbox, options.cli])
    wrong = []
    if options.kind == "figures":
        print_head(FIGURES_COLUMNS)
        print_row(await run_figures(os.path.join(folder, "figures"), roots, options))
        return wrong
    print_head(COLUMNS)
    for name, kind in ("tls", TLS), ("sidecar", SIDECAR):
        if options.kind in (None, name):
            wrong += await run_kind(kind, os.path.join(folder, name), roots, options)
    if options.kind in (None, "retries") and not options.only:
        print(f"\nseed {options.seed}\n")
        print_head(RETRIES_COLUMNS)
        for number, case in enumerate(CASES + (UNPROTECTED if options.unprotected else [])):
            row, problems_found = await run_retries(os.path.join(folder, f"retries-{number}"), roots, options, case)
            print_row(row)
            wrong += tell(problems_found)
    return wrong


if __name__ == "__main__":
    OPTIONS = arguments()
    namespace.enter()
    sys.path[1:1] = [os.path.join(TESTS, room) for room in ("helm", "interop", "chaos")]  # the chart, certificates, programs and books
    import chart
    from figures import COLUMNS as FIGURES_COLUMNS
    from figures import run_figures
    from load import Load
    from processes import Program
    from retries import CASES, UNPROTECTED, run_retries
    from retries import COLUMNS as RETRIES_COLUMNS
    from roots import make_roots
    from scenarios import SCENARIOS
    from stack import SIDECAR, TLS, Stack
    KEPT = 4 * OPTIONS.calls + 100_000
    FOLDER = tempfile.mkdtemp(prefix="pods-")
    os.chmod(FOLDER, 0o755)
    WRONG = asyncio.run(main(FOLDER, OPTIONS))
    if WRONG:
        sys.exit(f"{len(WRONG)} claims do not hold; again with --seed {OPTIONS.seed}; logs are in {FOLDER}")
    shutil.rmtree(FOLDER)
