"""A gateway with the sandbox behind it, and imports into it: each in a process of its own, in a folder that ends with the test."""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
from process import Process, start_gateway, write  # noqa: E402

SETTINGS = {
    "server.listen": "127.0.0.1:0", "admin.listen": "off", "egress.allow_plaintext": "true", "egress.allow_loopback": "true",
    "calls.drain_delay": "0s", "wolkvox.default_server": "0042", "wolkvox.caller_credentials": "allow",
    "idempotency.max_records": "1000000", "idempotency.max_bytes": "1073741824",
}


class World(contextlib.ExitStack):
    def __init__(self, server, sandbox, interactionctl, sandbox_flags=(), settings=None):
        super().__init__()
        self.interactionctl = os.path.abspath(interactionctl)
        self.folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory(prefix="import-")))
        self.sandbox = Process([sandbox, "--listen", "127.0.0.1:0", *sandbox_flags], r"listening on (http:\S+)")
        self.callback(self.sandbox.kill)
        key = write(self.folder, "access-key", "key-of-the-gateway")
        self.gateway = start_gateway(server, SETTINGS | {
            "seethepro.base_url": self.sandbox.address + "/", "wolkvox.base_url": self.sandbox.address + "/",
            "seethepro.app_access_key_file": key} | (settings or {}))
        self.callback(self.gateway.kill)

    def command(self, *arguments):
        return [self.interactionctl, "import", *map(str, arguments)]

    def environment(self):
        return os.environ | {"INTERACTION_ADDRESS": self.gateway.address}

    def run(self, *arguments, stdin=None, timeout=120):
        """The finished import; its files are in the folder."""
        return subprocess.run(self.command(*arguments), cwd=self.folder, capture_output=True, text=True, input=stdin, timeout=timeout,
                              check=False, env=self.environment())

    def start(self, *arguments, log):
        return subprocess.Popen(self.command(*arguments), cwd=self.folder, stdout=log, stderr=log, env=self.environment())

    def ask_sandbox(self, path, body=None):
        request = urllib.request.Request(self.sandbox.address + path, data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def posts(self, last=1_000_000):
        """The requests that reached SeeThePro, as many as the sandbox keeps: what each asked for, and the status decided for it."""
        return [(json.loads(request["body"]), request["status"]) for request in self.ask_sandbox(f"/sandbox/requests?last={last}")
                if "vspinteraction" in request["target"]]


class WorldTest(unittest.TestCase):
    """A test whose cases share one world; its program is started with SERVER SANDBOX INTERACTIONCTL."""
    @classmethod
    def setUpClass(cls):
        cls.world = World(*sys.argv[1:4])
        cls.addClassCleanup(cls.world.close)

    def setUp(self):
        self.world.ask_sandbox("/sandbox/faults", {"fault": "none"})
        self.seen = len(self.world.posts())

    def new_posts(self):
        """Those of this case."""
        return self.world.posts()[self.seen:]
