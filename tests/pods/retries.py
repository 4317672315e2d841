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
from stack import SIDECAR, TLS, Stack

COLUMNS = ("through", "request_id", "calls", "OK", "POSTs", "faults met", "repeated by Envoy", "rolling restarts", "killed",
           "sent again after a possible effect")
CALLERS = 64


@dataclasses.dataclass(frozen=True)
class Way:
    """What calls go through to the Pods."""

    name: str
    kind: dict = dataclasses.field(default_factory=lambda: TLS)  # of the Pods, before which an edge repeats calls, unless they have sidecars
    sidecar: bool = False  # of the caller, before the edge
    repeats: bool = False  # whether the caller's sidecar repeats calls, too, as Istio does by default; if not, it does what the chart says


EDGE = Way("the edge")
BOTH = Way("the caller's sidecar, then the edge", sidecar=True, repeats=True)
CHART = Way("a sidecar that repeats nothing, as the chart says, then the edge", sidecar=True)
MESH = Way("sidecars on both sides, as the chart says", SIDECAR)
MESH_BY_DEFAULT = Way("sidecars on both sides", SIDECAR, repeats=True)


@dataclasses.dataclass(frozen=True)
class Case:
    """What is done on a way."""

    way: Way
    with_id: bool
    kills: bool = False
    holds: bool = True  # whether anything is promised; if not, POSTs that follow a possible effect are counted only


# An Envoy whose gateway was killed says UNAVAILABLE by itself, and one before it that repeats UNAVAILABLE repeats a call which may have opened an
# interaction. So without a request_id only one Envoy may repeat calls, and with sidecars none, which is what the chart's VirtualService says.
CASES = [Case(EDGE, with_id=True), Case(EDGE, with_id=False), Case(BOTH, with_id=True, kills=True), Case(BOTH, with_id=False),
         Case(CHART, with_id=False, kills=True), Case(MESH, with_id=False, kills=True)]
UNPROTECTED = [Case(BOTH, with_id=False, kills=True, holds=False), Case(MESH_BY_DEFAULT, with_id=False, kills=True, holds=False)]


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
    way = case.way
    stack = Stack(folder, way.kind, chart.Helm(options.helm), roots, values=values, repeats=way.repeats)
    plan = types.SimpleNamespace(seed=options.seed, calls=options.faulty_calls, callers=CALLERS)
    vendors = Upstream(pathlib.Path(folder), "--seed", options.seed, "--rate", "0.35")
    try:
        await stack.serve(vendors)
        if way.sidecar:
            await stack.put_sidecar_before_edge()
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
    row = (way.name, "in every call" if case.with_id else "in none", len(attempts), sum(attempt.code == "OK" for attempt in attempts),
           len(posts), sum(post.fault != "none" for post in posts), " + ".join(map(str, repeated.values())), rolled, killed, again)
    of_sidecar = repeated["front" if way.kind is SIDECAR else "caller"] if way.sidecar or way.kind is SIDECAR else 0
    if not any(repeated.values()) and way is not MESH:
        wrong.append(f"{way.name}: Envoy repeated no call: nothing was tried")
    if of_sidecar and not way.repeats:
        wrong.append(f"{way.name}: the sidecar repeated {of_sidecar} calls")
    return row, wrong
