"""Envoys before three Pods repeat calls as Istio does by default, a vendor plays every fault, and the Pods are rolled or killed meanwhile.

The books of the vendor and of the callers are compared as in tests/chaos.
"""
import asyncio
import dataclasses
import os
import pathlib
import sys
import types

import chart
from callers import Callers
from invariants import Book, Circumstances, check_all, is_sent_once
from mesh import call_all
from processes import Upstream
from records import load_posts
from scenarios import until
from stack import TLS, Stack

COLUMNS = ("through", "request_id", "calls", "OK", "POSTs", "faults met", "repeated by Envoy", "rolling restarts", "killed",
           "sent again after a possible effect")
CALLERS = 64
EDGE = "the edge"
BOTH = "the caller's sidecar and the edge"
CHART = "the caller's sidecar, which repeats nothing, and the edge"


@dataclasses.dataclass(frozen=True)
class Case:
    """What calls go through, and what happens meanwhile."""

    through: str
    with_id: bool
    kills: bool = False
    # Whether a POST that follows a possible effect breaks the claim; if not, they are counted only.
    holds: bool = True


# An Envoy whose gateway was killed says UNAVAILABLE by itself. If that is the edge, a sidecar before it that repeats UNAVAILABLE repeats a call
# which may have opened an interaction: so without a request_id it may repeat nothing, which is what the chart's VirtualService says.
CASES = [Case(EDGE, with_id=True), Case(EDGE, with_id=False), Case(BOTH, with_id=True, kills=True), Case(BOTH, with_id=False),
         Case(CHART, with_id=False, kills=True)]
UNPROTECTED = Case(BOTH, with_id=False, kills=True, holds=False)


async def disturb(stack, calls, callers, kills):
    """Rolls the Pods as long as the calls go on, after killing one of them, if so, with calls in its hands; how often either."""
    rolled = killed = 0
    while not calls.done():
        if kills:
            enough = len(callers.attempts) + CALLERS
            await until(lambda enough=enough: calls.done() or len(callers.attempts) >= enough, "calls go on")
            stack.cluster.pods[killed % len(stack.cluster.pods)].gateway.kill()
            killed += 1
            await stack.cluster.settle()
        stack.cluster.restart()
        await stack.cluster.settle()
        rolled += 1
    await calls
    return rolled, killed


async def run_retries(folder, roots, options, case):
    """A row of the table, and what is wrong."""
    os.makedirs(folder)
    allow = {"caller_credentials": "allow", "max_deadline": "3s"}
    values = {"config": {"seethepro": allow, "wolkvox": allow, "calls": {"late_answer_time": "3s"}}}
    stack = Stack(folder, TLS, chart.Helm(options.helm), roots, values=values)
    plan = types.SimpleNamespace(seed=options.seed, calls=options.faulty_calls, callers=CALLERS)
    vendors = Upstream(pathlib.Path(folder), "--seed", options.seed, "--rate", "0.35")
    try:
        await stack.serve(vendors)
        if case.through != EDGE:
            await stack.put_sidecar_before_edge(repeats=case.through == BOTH)
        callers = Callers([f"127.0.0.1:{stack.port}"], channels_each=1)
        calls = asyncio.create_task(call_all(callers, plan, case.with_id))
        rolled, killed = await disturb(stack, calls, callers, case.kills)
        await callers.close()
        repeated = await stack.envoy_retries()
    finally:
        await stack.end(vendors)
    attempts, posts = callers.attempts, load_posts(vendors.book)
    # How many requests a token may have at once is the subject of tests/chaos, where Redis' beginning is taken into account.
    wrong = check_all(posts, attempts, Circumstances(limit=sys.maxsize)) if case.holds else []
    again = sum(not is_sent_once(of_call, 0) for of_call in Book(posts, attempts).posts_of_call.values())
    row = (case.through, "in every call" if case.with_id else "in none", len(attempts), sum(attempt.code == "OK" for attempt in attempts),
           len(posts), sum(post.fault != "none" for post in posts), " + ".join(map(str, repeated.values())), rolled, killed, again)
    if not any(repeated.values()):
        wrong.append(f"{case.through}: Envoy repeated no call: nothing was tried")
    if case.through == CHART and repeated["caller"]:
        wrong.append(f"{case.through}: the sidecar repeated {repeated['caller']} calls")
    return row, wrong
