"""A gateway that is restarted, on its address, while a test calls it. A sandbox of its own counts what is opened."""
import json
import time
import urllib.request

CALLS = 10  # that must arrive before the gateway ends, and again before it counts as restarted
PATIENCE = 60  # seconds, in which they must arrive


class Restarter:

    def __init__(self, sandbox, start_gateway):
        self.sandbox = sandbox
        self.start_gateway = start_gateway
        self.gateway = start_gateway({})
        self.address = self.gateway.address

    def restart(self):
        """Ends the gateway by SIGTERM while it is called, starts another, and returns when that one is called, too."""
        self.wait_for_calls()
        code = self.gateway.end()
        if code != 0:
            raise RuntimeError(f"the gateway ended with {code}:\n{self.gateway.output()}")
        self.gateway = self.start_gateway({"server.listen": self.address})
        self.wait_for_calls()

    def requests(self):
        """How many the vendor got so far."""
        with urllib.request.urlopen(f"{self.sandbox.address}/sandbox/stats") as reply:
            return json.load(reply)["seethepro"]["requests"]

    def wait_for_calls(self):
        wanted, end = self.requests() + CALLS, time.monotonic() + PATIENCE
        while self.requests() < wanted:
            if time.monotonic() > end:
                raise RuntimeError(f"the gateway was not called {CALLS} times")
            time.sleep(0.01)
