"""What the packages of every language are tested against: the real gateway with the sandbox behind it, in plaintext and over TLS;
an address where nobody listens; a relay that cuts connections; a gateway that is restarted; and a server that is not the gateway.

The test programs of the languages are told by environment variables where all of it is: World.environment().
"""
import contextlib
import os
import socket
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop"))
from control import Control
from cutting_relay import CuttingRelay
from impostor import Impostor
from material import Material
from process import Process, flags
from restarter import Restarter

COMMON = {
    "server.listen": "127.0.0.1:0", "admin.listen": "off", "egress.allow_plaintext": "true", "egress.allow_loopback": "true",
    "calls.drain_delay": "0s", "wolkvox.caller_credentials": "allow",
    "wolkvox.default_server": "0042",
}


class World(contextlib.ExitStack):
    """All of it runs from the beginning of the `with` to its end."""

    def __init__(self, server, sandbox):
        super().__init__()
        self.server_binary = server
        self.folder = self.enter_context(tempfile.TemporaryDirectory(prefix="packages-"))
        self.material = Material(self.folder)
        self.material.write("policy.yaml", """callers:
  - name: all
    identities: ["certificate:spiffe://example.org/billing", "token:billing", "api_key:billing"]
    rpcs: [CreateVspInteraction, AddWolkvoxInteraction]
""")
        self.material.write("wolkvox-token", "token-of-the-gateway")
        self.material.write("expired-token", self.material.token(expires_in=-60))
        self.sandbox_binary = sandbox
        self.sandbox = self.start_sandbox()
        self.plain = self.start_gateway({})
        self.tls = self.start_gateway({
            "server.tls_cert_file": self.material.file("server.pem"), "server.tls_key_file": self.material.file("server.key"),
            "server.tls_client_ca_file": self.material.file("ca.pem"), "server.tls_client_certificates": "optional",
            "callers.policy_file": self.material.file("policy.yaml"), "callers.api_keys_file": self.material.file("keys.yaml"),
            "callers.jwks_file": self.material.file("jwks.json"), "callers.token_issuer": "https://issuer.test/",
            "callers.token_audience": "gateway",
        })
        self.relay = self.enter_context(CuttingRelay(self.plain.address, self.sandbox.address))
        self.impostor = self.enter_context(Impostor())
        slow = self.start_sandbox("--delay", "50ms")
        self.restarter = Restarter(slow, lambda settings: self.start_gateway({"seethepro.base_url": slow.address} | settings))
        self.control = self.enter_context(Control(self.restarter, self.wait_for_cancellation))
        self.nobody = self.enter_context(socket.socket())
        self.nobody.bind(("127.0.0.1", 0))  # taken, and without listen() every connection is refused

    def start(self, arguments, pattern):
        process = Process(arguments, pattern)
        self.callback(process.kill)
        return process

    def start_sandbox(self, *arguments):
        return self.start([self.sandbox_binary, "--listen", "127.0.0.1:0", *arguments], r"listening on (http:\S+)")

    def start_gateway(self, settings):
        settings = COMMON | {
            "seethepro.base_url": self.sandbox.address, "wolkvox.base_url": self.sandbox.address,
            "seethepro.app_access_key_file": self.material.file("app-access-key"),
            "wolkvox.token_files.0042": self.material.file("wolkvox-token")} | settings
        return self.start([self.server_binary, *flags(settings)], r'"serving","address":"([^"]+)"')

    def wait_for_cancellation(self, request_id):
        """Until the log of the gateway in plaintext says that the caller cancelled this call after it was sent."""
        end = time.monotonic() + 20
        while not any(request_id in line and '"CANCELLED_AFTER_SEND"' in line for line in list(self.plain.lines)):
            if time.monotonic() > end:
                raise RuntimeError(f"the gateway does not know that {request_id} was cancelled")
            time.sleep(0.01)

    def environment(self):
        return {
            "GATEWAY": self.plain.address,
            "TLS_GATEWAY": "localhost:" + self.tls.address.rpartition(":")[2],
            "SANDBOX": self.sandbox.address,
            "RELAY": self.relay.address,
            "IMPOSTOR": self.impostor.address,
            "RESTARTED": self.restarter.address,
            "CONTROL": self.control.url,
            "NOBODY": "127.0.0.1:%d" % self.nobody.getsockname()[1],
            "FILES": self.folder,
        }
