#!/usr/bin/env python3
"""An HTTP/1.1 upstream that plays both vendors, breaks as planned from a seed, and keeps the book of what reached it.

    upstream.py --log FILE [--seed TEXT] [--rate 0.3] [--delay SECONDS] [--only FAULT]

Says `listening on http://127.0.0.1:PORT` and serves until its standard input ends, so it never outlives who started
it. Each POST becomes one line of JSON in the log when it ends (records.Post). Standard input takes orders, one JSON
object a line: {"rate": 0.5} changes how many requests meet a fault, {"cut": true} closes all idle connections at this
moment, {"refuse": 2.5} refuses new connections for so many seconds.
"""

import argparse
import asyncio
import collections
import contextlib
import json
import pathlib
import re
import select
import socket
import struct
import sys
import time
from typing import BinaryIO

from faults import FAULTS, SEETHEPRO, WOLKVOX, Ending, Plan, Planner
from ports import bind_loopback
from records import Post, Verdict, to_line

MARKER = re.compile(rb'"(?:InteractionName|subject)":\s*"((?:[^"\\]|\\.)*)"')
KEY = re.compile(rb'"AppAccessKey":\s*"([^"]*)"')
# Simultaneous requests that a token may have; only from there on it is looked whether a peer is still there.
CROWD = 2


def peer_is_gone(transport: asyncio.Transport) -> bool:
    """Whether the peer has closed its side, as the kernel knows it: the event loop may not have heard of it yet."""
    if transport.is_closing():
        return True
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), select.POLLRDHUP)
    return bool(poll.poll(0))


def reset(transport: asyncio.Transport) -> None:
    """Ends the connection with a RST."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class Request:
    """The head of a request, and its body as soon as that is there."""

    def __init__(self, head: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ", 2)
        pairs = (line.split(":", 1) for line in lines[1:])
        self.headers = {name.lower(): value.strip() for name, value in pairs}
        self.vendor = WOLKVOX if "configuration.php" in self.target else SEETHEPRO
        trace = self.headers.get("traceparent", "").split("-")
        self.trace = trace[1] if len(trace) == 4 else ""

    def take_body(self, buffer: bytearray) -> bytes | None:
        """Takes the body out of the buffer; None if it is not there to the last byte."""
        if self.headers.get("transfer-encoding") == "chunked":
            return take_chunks(buffer)
        length = int(self.headers.get("content-length", "0"))
        if len(buffer) < length:
            return None
        body = bytes(buffer[:length])
        del buffer[:length]
        return body


def take_chunks(buffer: bytearray) -> bytes | None:
    body, at = b"", 0
    while (line_end := buffer.find(b"\r\n", at)) >= 0:
        size = int(buffer[at:line_end].split(b";")[0], 16)
        chunk_end = line_end + 2 + size
        if len(buffer) < chunk_end + 2:
            return None
        if size == 0:
            del buffer[:chunk_end + 2]
            return body
        body += buffer[line_end + 2:chunk_end]
        at = chunk_end + 2
    return None


class Exchange:
    """One POST, from its head to its end; its end is written down exactly once."""

    def __init__(self, upstream: "Upstream", connection: "Connection", request: Request) -> None:
        self.upstream = upstream
        self.connection = connection
        self.plan = upstream.plan(request, connection.number)
        self.timer: asyncio.TimerHandle | None = None
        self.is_open = True
        self.post = Post(trace=request.trace, vendor=request.vendor, connection=connection.number,
                         token=request.headers.get("wolkvox-token", ""), fault=self.plan.fault,
                         is_read=False, began=time.monotonic())

    def read(self, body: bytes) -> None:
        """The last byte is there."""
        marker, key = MARKER.search(body), KEY.search(body)
        self.post.call = marker.group(1).decode() if marker else ""
        self.post.token = self.post.token or (key.group(1).decode() if key else "")
        self.post.is_read, self.post.created = True, self.plan.created
        self.post.began = time.monotonic()
        self.upstream.enter(self)
        if not self.is_open:
            return
        if self.plan.delay:
            self.timer = asyncio.get_running_loop().call_later(self.plan.delay, self.answer)
        else:
            self.answer()

    def answer(self) -> None:
        """Sends what the plan says; the time is taken before, since the peer may go on as soon as it has the answer."""
        transport, plan = self.connection.transport, self.plan
        self.post.ended = time.monotonic()
        if plan.answer:
            transport.write(plan.answer)
            self.post.status = plan.status
            if transport.get_write_buffer_size() == 0:
                self.post.verdict = plan.verdict
                self.post.answer = plan.text if plan.verdict is Verdict.APPLIED else ""
        self.finish()
        if plan.ending is Ending.RESET:
            reset(transport)
        elif plan.ending is Ending.CLOSE:
            transport.close()

    def finish(self) -> None:
        if not self.is_open:
            return
        self.is_open = False
        if self.timer:
            self.timer.cancel()
        self.post.ended = self.post.ended or time.monotonic()
        self.upstream.leave(self)
        self.connection.exchange = None


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, upstream: "Upstream") -> None:
        self.upstream = upstream
        self.number = upstream.next_connection()
        self.buffer = bytearray()
        self.request: Request | None = None  # read as far as its head
        self.exchange: Exchange | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.upstream.connections.add(self)
        if self.upstream.planner.resets_unread(self.number):
            self.upstream.counts["connections reset unread"] += 1
            reset(transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self.read_on()

    def read_on(self) -> None:
        if self.exchange is None and (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            self.request = Request(bytes(self.buffer[:end]))
            del self.buffer[:end + 4]
            self.exchange = Exchange(self.upstream, self, self.request)
            if self.exchange.plan.on_head:
                self.exchange.answer()
                return
        if self.request is not None and (body := self.request.take_body(self.buffer)) is not None:
            self.request = None
            self.exchange.read(body)

    def connection_lost(self, error: Exception | None) -> None:
        del error
        self.upstream.connections.discard(self)
        if self.exchange is not None:
            self.exchange.finish()


class Upstream:
    """All connections, what is under way on them, and the book."""

    def __init__(self, planner: Planner, log: BinaryIO) -> None:
        self.planner = planner
        self.log = log
        self.connections: set[Connection] = set()
        self.counts: collections.Counter[str] = collections.Counter()
        self._under_way: collections.defaultdict[str, set[Exchange]] = collections.defaultdict(set)
        self._attempts: collections.Counter[str] = collections.Counter()

    def next_connection(self) -> int:
        self.counts["connections"] += 1
        return self.counts["connections"]

    def plan(self, request: Request, connection: int) -> Plan:
        """A request is known by its trace, and by how many of that trace there were; without one, by its connection."""
        name = request.trace or f"connection {connection}"
        self._attempts[name] += 1
        self.counts["heads read"] += 1
        return self.planner.plan(request.vendor, f"{name}/{self._attempts[name]}", self.counts["heads read"])

    def enter(self, exchange: Exchange) -> None:
        """Begins to process a request. Where a token has a crowd, peers are left out that have gone: this one, too."""
        self.counts["fully read"] += 1
        token = exchange.post.token
        if len(self._under_way[token]) >= CROWD:
            for other in [*self._under_way[token], exchange]:
                if peer_is_gone(other.connection.transport):
                    other.post.ended = exchange.post.began
                    other.finish()
        if exchange.is_open:
            self._under_way[token].add(exchange)

    def leave(self, exchange: Exchange) -> None:
        self._under_way[exchange.post.token].discard(exchange)
        self.log.write(to_line(exchange.post).encode() + b"\n")

    def cut_idle_connections(self) -> None:
        for connection in [*self.connections]:
            if connection.exchange is None:
                connection.transport.close()

    def close(self) -> None:
        for connection in [*self.connections]:
            if connection.exchange is not None:
                connection.exchange.finish()
            connection.transport.abort()


class Door:
    """Where connections come in, on a port that stays this program's own while the door is shut."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._holder = bind_loopback()
        self._server: asyncio.Server | None = None
        self.port: int = self._holder.getsockname()[1]

    async def open(self) -> None:
        if self._server is None:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Connection(self._upstream), sock=bind_loopback(self.port), backlog=4096)

    async def refuse(self, seconds: float) -> None:
        self.shut()
        await asyncio.sleep(seconds)
        await self.open()

    def shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None


class Orders(asyncio.Protocol):
    """Standard input. `ended` is done when it is closed."""

    def __init__(self, upstream: Upstream, door: Door) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._upstream = upstream
        self._door = door
        self._buffer = b""
        self._tasks: set[asyncio.Task[None]] = set()

    def data_received(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))

    def _obey(self, order: dict) -> None:
        if "rate" in order:
            self._upstream.planner.rate = order["rate"]
        if order.get("cut"):
            self._upstream.cut_idle_connections()
        if "refuse" in order:
            self._tasks.add(asyncio.ensure_future(self._door.refuse(order["refuse"])))

    def connection_lost(self, error: Exception | None) -> None:
        del error
        if not self.ended.done():
            self.ended.set_result(None)


async def serve(options: argparse.Namespace) -> None:
    with options.log.open("ab", buffering=0) as log:
        upstream = Upstream(Planner(options.seed, options.rate, options.delay, options.only), log)
        door = Door(upstream)
        await door.open()
        print(f"listening on http://127.0.0.1:{door.port}", flush=True)
        loop = asyncio.get_running_loop()
        _, orders = await loop.connect_read_pipe(lambda: Orders(upstream, door), sys.stdin)
        await orders.ended
        door.shut()
        upstream.close()
        await asyncio.sleep(0.01)  # for connections that were just being accepted
        print(json.dumps(upstream.counts), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=pathlib.Path, required=True, help="where POSTs are written down")
    parser.add_argument("--seed", default="0", help="what the faults are drawn from")
    parser.add_argument("--rate", type=float, default=0.0, help="how many of all requests meet a fault, 0 to 1")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before every good answer")
    parser.add_argument("--only", choices=FAULTS, default="", help="the one fault to play; default: all of them")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
