"""Envoy in front of three Pods repeats calls as Istio does by default, a vendor plays every fault, and the Pods are rolled meanwhile.

The books of the vendor and of the callers are compared as in tests/chaos.
"""
import asyncio
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
from stack import TLS, Stack

COLUMNS = ("request_id", "calls", "OK", "POSTs", "faults met", "repeated by Envoy", "rolling restarts", "sent again after a possible effect")
CALLERS = 64


async def restart_meanwhile(stack, calls):
    """Rolls the Pods as long as the calls go on; how often."""
    times = 0
    while not calls.done():
        stack.cluster.restart()
        await stack.cluster.settle()
        times += 1
    await calls
    return times


async def run_retries(folder, roots, options, with_id):
    """A row of the table, and what is wrong."""
    os.makedirs(folder)
    allow = {"caller_credentials": "allow", "max_deadline": "3s"}
    values = {"config": {"seethepro": allow, "wolkvox": allow, "calls": {"late_answer_time": "3s"}}}
    stack = Stack(folder, TLS, chart.Helm(options.helm), roots, values=values)
    plan = types.SimpleNamespace(seed=options.seed, calls=options.faulty_calls, callers=CALLERS)
    vendors = Upstream(pathlib.Path(folder), "--seed", options.seed, "--rate", "0.35")
    try:
        await stack.serve(vendors)
        callers = Callers([f"127.0.0.1:{stack.port}"], channels_each=1)
        calls = asyncio.create_task(call_all(callers, plan, with_id))
        times = await restart_meanwhile(stack, calls)
        await callers.close()
        repeated = await stack.envoy_retries()
    finally:
        await stack.end(vendors)
    attempts, posts = callers.attempts, load_posts(vendors.book)
    # How many requests a token may have at once is the subject of tests/chaos, where Redis' beginning is taken into account.
    wrong = check_all(posts, attempts, Circumstances(limit=sys.maxsize))
    again = sum(not is_sent_once(of_call, 0) for of_call in Book(posts, attempts).posts_of_call.values())
    row = ("in every call" if with_id else "in none", len(attempts), sum(attempt.code == "OK" for attempt in attempts), len(posts), sum(post.fault != "none" for post in posts), repeated,
           times, again)
    if not repeated:
        wrong.append("Envoy repeated no call: nothing was tried")
    return row, wrong
