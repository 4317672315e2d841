"""What one Pod needs: from its start to ready, and memory, idle and with 10,000 calls in flight."""
import asyncio
import json
import os
import pathlib
import time

import chart
from load import Load
from processes import Program, resident_bytes
from scenarios import until
from stack import TLS, Stack

COLUMNS = ("gateway", "start to ready s", "memory idle MB", "calls in flight", "memory MB")
IN_FLIGHT = 10_000
VENDOR_TAKES_MS = 45_000


async def run_figures(folder, roots, options):
    """A row of the table. Ready is when kubelet's probes have found it so, and the endpoints have it."""
    os.makedirs(folder)
    stack = Stack(folder, TLS, chart.Helm(options.helm), roots, delay=0)
    sandbox = Program("sandbox", [options.sandbox, "--listen", "127.0.0.1:0"], pathlib.Path(folder))
    try:
        await stack.serve(sandbox, replicas=1)
        started = time.monotonic()
        stack.cluster.scale(2)
        await stack.cluster.settle()
        ready = time.monotonic() - started
        stack.cluster.scale(1)
        await stack.cluster.settle()
        pod = stack.cluster.pods[0]
        idle = resident_bytes(pod.gateway.pid)
        stack.ask_sandbox("/sandbox/faults", "POST", json.dumps({"delay_ms": VENDOR_TAKES_MS}))
        load = Load("flood", stack.round_robin(number=16), rate=1000, share_with_id=1.0, most_at_once=IN_FLIGHT, most=IN_FLIGHT,
                    timeout=90.0)

        def in_flight():
            return json.loads(stack.ask_admin(pod, "/statusz"))["callsInFlight"]
        await until(lambda: in_flight() >= IN_FLIGHT, f"{IN_FLIGHT} calls are in flight")
        row = ("one replica", f"{ready:.1f}", f"{idle / 1e6:.0f}", in_flight(), f"{resident_bytes(pod.gateway.pid) / 1e6:.0f}")
        await load.stop()
        assert not load.failures, load.failures[0]
        return row
    finally:
        await stack.end()
