"""The programs of a run, each started, stopped, killed and looked at from outside.

What a program writes goes to a file in the run's folder. Each dies with the process that started it.
"""

import asyncio
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

from invariants import Holdings
from ports import bind_loopback

HERE = pathlib.Path(__file__).resolve().parent
START_TIME = 20.0


class Program:
    """One program, which may be started again after its end."""

    def __init__(self, name: str, command: list[str], folder: pathlib.Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = ["setpriv", "--pdeathsig", "KILL", *command]
        self._process: subprocess.Popen | None = None

    async def start(self, ready: str) -> re.Match:
        """Starts it and waits for the line that says so, which is returned as matched."""
        with self.log.open("ab") as log:
            begin = log.tell()
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        for _ in range(int(START_TIME / 0.01)):
            with self.log.open("rb") as log:
                log.seek(begin)
                if match := re.search(ready, log.read().decode(errors="replace")):
                    return match
            if self._process.poll() is not None:
                break
            await asyncio.sleep(0.01)
        raise RuntimeError(f"{self.name} did not start:\n{self.tail()}")

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll() if self._process else None

    def signal(self, number: int) -> None:
        if self.exit_code is None:
            self._process.send_signal(number)

    async def kill(self) -> None:
        self.signal(signal.SIGKILL)
        await self.wait(10)

    async def end(self, patience: float) -> int | None:
        """Asks it to end; its exit code, or None if it had to be killed."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            return await self.wait(patience)
        await self.kill()
        return None

    async def wait(self, patience: float) -> int:
        async with asyncio.timeout(patience):
            while self._process.poll() is None:
                await asyncio.sleep(0.01)
        return self._process.returncode

    def tell(self, line: str) -> None:
        """Writes a line to its standard input."""
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def end_input(self) -> None:
        self._process.stdin.close()


class Upstream(Program):
    """upstream.py."""

    def __init__(self, folder: pathlib.Path, *options: str) -> None:
        self.book = folder / "posts.jsonl"
        self.url = ""
        command = [sys.executable, str(HERE / "upstream.py"), "--log", str(self.book), *options]
        super().__init__("upstream", command, folder)

    async def serve(self) -> None:
        self.url = (await self.start(r"listening on (http://\S+)\n")).group(1)

    def order(self, **order: object) -> None:
        self.tell(json.dumps(order))

    async def finish(self) -> dict[str, int]:
        """Ends it; what it counted."""
        self.signal(signal.SIGCONT)
        self.end_input()
        if await self.wait(10) != 0:
            raise RuntimeError(f"the upstream failed:\n{self.tail()}")
        return json.loads(re.findall(r"^\{.*\}$", self.log.read_text(), re.MULTILINE)[-1])


class Server(Program):
    """interaction-server on a Unix socket, which stays its own over restarts."""

    def __init__(self, binary: str, name: str, folder: pathlib.Path, settings: dict[str, str]) -> None:
        self.target = f"unix:{folder / name}.sock"
        fixed = {"server.listen": self.target, "admin.listen": "off", "egress.allow_plaintext": "true", "egress.allow_loopback": "true",
                 "calls.drain_delay": "0s"}
        flags = [flag for key, value in (fixed | settings).items() for flag in ("--set", f"{key}={value}")]
        super().__init__(name, [binary, *flags], folder)

    async def serve(self) -> None:
        self.target = (await self.start(r'"serving","address":"([^"]+)"')).group(1)


class Redis(Program):
    """redis-server that has every record on disk before it answers, so a kill loses none."""

    def __init__(self, folder: pathlib.Path) -> None:
        binary = shutil.which("redis-server")
        if binary is None:
            raise RuntimeError("redis-server is missing: apt-get install redis-server")
        self._data = folder / "redis"
        self._data.mkdir()
        self.digest_key = folder / "digest_key"
        self.digest_key.write_text("the-same-for-all-replicas-and-for-nobody-else")
        self._holder = bind_loopback()
        self.port: int = self._holder.getsockname()[1]
        super().__init__("redis-server", [
            binary, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._data), "--save", "",
            "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"], folder)

    async def serve(self) -> None:
        await self.start(r"Ready to accept connections")

    def lose_data(self) -> None:
        """Only while it does not run."""
        shutil.rmtree(self._data)
        self._data.mkdir()


def upstream_settings(url: str) -> dict[str, str]:
    """How a server is told that every vendor is at `url`, so that it calls none of the real ones."""
    return {f"{vendor}.base_url": url for vendor in ("seethepro", "wolkvox")}


STORES = ("redis", "memory", "none")


def store_settings(store: str, redis: Redis | None = None, replicas: int = 1) -> dict[str, str]:
    """How a server is told where it keeps its records of request_ids."""
    settings = {"idempotency.store": store}
    if redis:
        settings |= {"redis.address": f"127.0.0.1:{redis.port}", "redis.replicas": f"{replicas}",
                     "redis.digest_key_file": str(redis.digest_key)}
    return settings


def look_at(pid: int, upstream_port: int) -> Holdings:
    """What a process holds."""
    upstream = upstream_sockets(pid, upstream_port)
    links = list(pathlib.Path(f"/proc/{pid}/fd").iterdir())
    connections = sum(os.readlink(link) in upstream for link in links if link.is_symlink())
    threads = len(list(pathlib.Path(f"/proc/{pid}/task").iterdir()))
    return Holdings(descriptors=len(links) - connections, upstream_connections=connections, threads=threads)


def upstream_sockets(pid: int, port: int) -> set[str]:
    """The links in /proc/PID/fd of all TCP sockets whose peer is 127.0.0.1:port."""
    lines = pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    return {f"socket:[{fields[9]}]" for fields in map(str.split, lines) if fields[2].endswith(f":{port:04X}")}


def resident_bytes(pid: int) -> int:
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
