#!/usr/bin/env python3
"""Ten times as many calls as the gateway may have in flight: it serves as many as ever and refuses the rest at once.

    overload.py SERVER [--seconds 60] [--answer-time 0.3]

Measures the capacity with as many callers as calls.max_in_flight allows, each waiting for its answer. Then offers ten
times that, waiting for nobody, and compares. Exits with 1 if the goodput, the time that a refusal takes, or the memory
is not as promised below. h2load makes the load (Debian's nghttp2-client).
"""

import argparse
import asyncio
import collections
import dataclasses
import pathlib
import re
import shutil
import statistics
import struct
import sys
import tempfile
import uuid

from callers import Call, Callers, Habits
from processes import Server, Upstream, resident_bytes, upstream_settings
from records import Attempt

# The upstream takes --answer-time for every call, so IN_FLIGHT / --answer-time calls a second are the most there can
# be, on any machine that is fast enough; what is refused costs the machine more than what is served.
IN_FLIGHT = 60
OVERLOAD = 10
CONNECTIONS = 20
PATH = "/interaction.v1.InteractionService/CreateVspInteraction"

LEAST_GOODPUT = 0.9  # of the capacity
MOST_GROWTH = 8 << 20  # bytes of memory, from the first third of the time to the last


@dataclasses.dataclass(frozen=True)
class Load:
    """What one run of h2load came to."""

    done: int
    served: int
    seconds: float
    latencies: list[float]  # of all calls, ascending, in seconds

    @property
    def goodput(self) -> float:
        return self.served / self.seconds

    @property
    def median_refusal(self) -> float:
        """Any answer that came sooner than an upstream's could is a refusal, so the soonest are all refusals."""
        return self.latencies[(self.done - self.served) // 2]


class Generator:
    """h2load against one server."""

    def __init__(self, address: str, folder: pathlib.Path) -> None:
        self._url = f"http://{address}{PATH}"
        self._log = folder / "h2load.log"
        self._request = folder / "request"
        call = Call(0, Habits(seed="0", request_ids=False))
        call.method = "CreateVspInteraction"
        message = call.request().SerializeToString()
        self._request.write_bytes(b"\0" + struct.pack(">I", len(message)) + message)
        self.reply_bytes = 0  # of one call that was served; a refused one has no body

    async def run(self, calls: int, connections: int, streams: int, per_second: int = 0) -> Load:
        """`per_second`: of each connection, whatever becomes of the calls; 0: each waits for its answer."""
        self._log.unlink(missing_ok=True)
        # h2load sends what is due every 10 ms, so connections begin one after the other: calls come evenly.
        rate = [f"--rps={per_second}", "-r1", "--rate-period=1ms"] if per_second else []
        process = await asyncio.create_subprocess_exec(
            "h2load", "-t1", f"-n{calls}", f"-c{connections}", f"-m{streams}", *rate, "-d", str(self._request),
            "-H", "content-type: application/grpc", "-H", "te: trailers", f"--log-file={self._log}", self._url,
            stdout=asyncio.subprocess.PIPE)
        text = (await process.communicate())[0].decode()
        seconds, unit = re.search(r"finished in ([\d.]+)(ms|s)", text).groups()
        done = int(re.search(r"(\d+) done", text).group(1))
        data = int(re.search(r"\((\d+)\) data", text).group(1))
        latencies = sorted(int(line.split()[2]) / 1e6 for line in self._log.read_text().splitlines())
        self.reply_bytes = self.reply_bytes or data // done
        return Load(done, data // self.reply_bytes, float(seconds) / (1000 if unit == "ms" else 1), latencies)


@dataclasses.dataclass
class Observations:
    """What was seen beside the load."""

    memory: list[int] = dataclasses.field(default_factory=list)  # resident bytes, in the order of time
    attempts: list[Attempt] = dataclasses.field(default_factory=list)  # of a caller among the others

    @property
    def growth(self) -> float:
        third = len(self.memory) // 3
        return statistics.median(self.memory[-third:]) - statistics.median(self.memory[:third])


async def observe(server: Server, seen: Observations) -> None:
    """Looks at the server's memory and calls it, some times a second, until cancelled."""
    callers = Callers([server.target], channels_each=1)
    calls: set[asyncio.Task] = set()
    try:
        while True:
            seen.memory.append(resident_bytes(server.pid))
            call = Call(len(seen.memory), Habits(seed="observer", request_ids=False))
            attempt = Attempt(call=call.name, trace=uuid.uuid4().hex, method=call.method, timeout=10.0)
            calls.add(asyncio.create_task(callers.send(attempt, call.request())))
            await asyncio.sleep(0.05)
    finally:
        await asyncio.gather(*calls)
        await callers.close()
        seen.attempts = callers.attempts


async def overload(options: argparse.Namespace, folder: pathlib.Path) -> tuple[Load, Load, Load, Observations]:
    """Capacity, overload, capacity afterwards, and what was observed during the overload."""
    upstream = Upstream(folder, "--delay", f"{options.answer_time}")
    await upstream.serve()
    settings = {"server.listen": "127.0.0.1:0", "admin.listen": "off", "calls.max_in_flight": f"{IN_FLIGHT}"} | upstream_settings(upstream.url)
    server = Server(options.server, "server", folder, settings)
    seen = Observations()
    try:
        await server.serve()
        generator = Generator(server.target, folder)
        most = int(IN_FLIGHT / options.answer_time)
        closed = {"connections": 4, "streams": IN_FLIGHT // 4}
        await generator.run(most, **closed)
        before = await generator.run(most * 3, **closed)
        per_connection = round(before.goodput * OVERLOAD / CONNECTIONS)
        observer = asyncio.create_task(observe(server, seen))
        load = await generator.run(int(per_connection * CONNECTIONS * options.seconds), connections=CONNECTIONS,
                                   streams=200, per_second=per_connection)
        observer.cancel()
        await asyncio.gather(observer, return_exceptions=True)
        after = await generator.run(most, **closed)
    finally:
        await server.kill()
        await upstream.kill()
    return before, load, after, seen


def judge(before: Load, load: Load, after: Load, seen: Observations, longest_refusal: float) -> list[str]:
    """What is not as promised."""
    wrong = [f"{name}: {run.done - run.served} of {run.done} calls were refused, and nobody was in their way"
             for name, run in (("before", before), ("afterwards", after)) if run.served != run.done]
    if load.goodput < LEAST_GOODPUT * before.goodput:
        wrong.append(f"goodput {load.goodput:.0f}/s is less than {LEAST_GOODPUT:.0%} of {before.goodput:.0f}/s")
    if load.median_refusal * 1000 >= longest_refusal:
        wrong.append(f"a refusal takes {load.median_refusal * 1000:.1f} ms")
    if seen.growth > MOST_GROWTH:
        wrong.append(f"memory grew by {seen.growth / 2**20:.1f} MiB")
    strange = [attempt for attempt in seen.attempts if attempt.label not in ("OK", "UNAVAILABLE OVERLOADED")]
    if strange or not any(attempt.code != "OK" for attempt in seen.attempts):
        wrong.append(f"a caller among the others saw {dict(collections.Counter(a.label for a in seen.attempts))}")
    return wrong


def report(before: Load, load: Load, seen: Observations) -> None:
    refused = [attempt.ended - attempt.started for attempt in seen.attempts if attempt.code != "OK"]
    print(f"capacity   {before.goodput:8.0f} calls/s, with {IN_FLIGHT} in flight")
    print(f"offered    {load.done / load.seconds:8.0f} calls/s for {load.seconds:.0f} s")
    print(f"goodput    {load.goodput:8.0f} calls/s, {load.goodput / before.goodput:.0%} of the capacity")
    print(f"refusal    {load.median_refusal * 1000:8.2f} ms in the median; a caller in Python saw "
          f"{statistics.median(refused or [0]) * 1000:.2f} ms")
    steps = seen.memory[::max(1, len(seen.memory) // 10)]
    print(f"memory     {' '.join(f'{size / 2**20:.0f}' for size in steps)} MiB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", help="the interaction-server to overload")
    parser.add_argument("--seconds", type=float, default=60, help="how long")
    parser.add_argument("--answer-time", type=float, default=0.3, help="how long the upstream takes, in seconds")
    parser.add_argument("--longest-refusal", type=float, default=5, metavar="MS",
                        help="in the median; a debug build on a busy machine needs more")
    options = parser.parse_args()
    if shutil.which("h2load") is None:
        print("overload.py: h2load is missing: apt-get install nghttp2-client", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="overload-") as folder:
        before, load, after, seen = asyncio.run(overload(options, pathlib.Path(folder)))
    report(before, load, seen)
    wrong = judge(before, load, after, seen, options.longest_refusal)
    for line in wrong:
        print(f"NOT AS PROMISED: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
