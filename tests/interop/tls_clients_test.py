"""Clients that are not ours, over TLS, and interactionctl: who they are by client certificate, token or API key. Python's
grpcio, grpcurl, Go, Java and openssl s_client, against the real server on both transports.

usage: tls_clients_test.py SERVER SANDBOX INTERACTIONCTL FOLDER_OF_TOOLS
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

import grpc
import grpc_tools.protoc

from material import API_KEY, Material
from process import Process, start_gateway

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
PROTO = "interaction/v1/interaction_service.proto"
SERVER, SANDBOX, INTERACTIONCTL, TOOLS = (os.path.abspath(path) for path in sys.argv[1:5])
METHOD = "/interaction.v1.InteractionService/CreateVspInteraction"
VSP = {
    "interaction_identity": "+573001234567",
    "interaction_name": "Claim 1138",
    "account_id": "6925ebd4-125d-4338-a736-99f4b5bcb3d7",
    "contact_id": "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0",
}


def start_server(transport):
    settings = {
        "server.listen": "127.0.0.1:0", "admin.listen": "off", "server.transport": transport, "egress.allow_plaintext": "true",
        "egress.allow_loopback": "true", "calls.drain_delay": "0s", "seethepro.base_url": sandbox.address,
        "wolkvox.base_url": sandbox.address, "seethepro.app_access_key_file": material.file("app-access-key"),
        "server.tls_cert_file": material.file("server.pem"), "server.tls_key_file": material.file("server.key"),
        "server.tls_client_ca_file": material.file("ca.pem"), "server.tls_client_certificates": "optional",
        "callers.policy_file": material.file("policy.yaml"), "callers.api_keys_file": material.file("keys.yaml"),
        "callers.jwks_file": material.file("jwks.json"), "callers.token_issuer": "https://issuer.test/",
        "callers.token_audience": "gateway",
    }
    return start_gateway(SERVER, settings)


def setUpModule():
    global sandbox, material, messages
    folder = tempfile.TemporaryDirectory(prefix="tls-clients-")
    unittest.addModuleCleanup(folder.cleanup)
    if grpc_tools.protoc.main(["", f"-I{ROOT}/proto", f"--python_out={folder.name}", PROTO]) != 0:
        raise RuntimeError("protoc failed")
    sys.path.insert(0, folder.name)
    from interaction.v1 import interaction_service_pb2 as messages
    material = Material(folder.name)
    sandbox = Process([SANDBOX, "--listen", "127.0.0.1:0"], r"listening on (http:\S+)")
    unittest.addModuleCleanup(sandbox.end)


# How each client says who it is, and what becomes of its call.
CASES = [
    ("certificate", {"certificate": "billing"}, "OK"),
    ("a certificate of somebody else", {"certificate": "sales"}, "PERMISSION_DENIED"),
    ("token", {"metadata": lambda: ("authorization", f"Bearer {material.token()}")}, "OK"),
    ("a token that has expired", {"metadata": lambda: ("authorization", f"Bearer {material.token(expires_in=-60)}")},
     "UNAUTHENTICATED"),
    ("API key", {"metadata": lambda: ("x-api-key", API_KEY)}, "OK"),
    ("a wrong API key", {"metadata": lambda: ("x-api-key", "another")}, "UNAUTHENTICATED"),
    ("nothing", {}, "UNAUTHENTICATED"),
]


def name_of(code):
    """PERMISSION_DENIED, out of PermissionDenied, which Go prints."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", code).upper()


class Clients:

    @classmethod
    def setUpClass(cls):
        cls.server = start_server(cls.transport)
        cls.message = messages.CreateVspInteractionRequest(**VSP).SerializeToString()

    @classmethod
    def tearDownClass(cls):
        assert cls.server.end() == 0, "the server did not end in good order"

    def check(self, call):
        for title, proof, expected in CASES:
            with self.subTest(title):
                metadata = proof["metadata"]() if "metadata" in proof else None
                self.assertEqual(call(proof.get("certificate"), metadata), expected)

    def run_program(self, program, certificate, metadata):
        arguments = [os.path.join(TOOLS, program), self.server.address, METHOD, self.message.hex(), material.file("ca.pem")]
        if certificate:
            arguments += [material.file(f"{certificate}.pem"), material.file(f"{certificate}.key")]
        if metadata:
            arguments += ["--", *metadata]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
        return name_of(done.stdout.strip()) or done.stderr

    def test_go(self):
        self.check(lambda *proof: self.run_program("go-client", *proof))

    def test_java(self):
        self.check(lambda *proof: self.run_program("java-client", *proof))

    def test_python(self):
        def call(certificate, metadata):
            pair = [material.read(f"{certificate}.{kind}") for kind in ("key", "pem")] if certificate else [None, None]
            credentials = grpc.ssl_channel_credentials(material.read("ca.pem"), *pair)
            options = [("grpc.use_local_subchannel_pool", 1)]
            with grpc.secure_channel(self.server.address, credentials, options) as channel:
                method = channel.unary_unary(METHOD)
                try:
                    method(self.message, timeout=10, metadata=[metadata] if metadata else [])
                    return "OK"
                except grpc.RpcError as error:
                    return error.code().name

        self.check(call)

    def test_grpcurl(self):
        def call(certificate, metadata):
            arguments = [os.path.join(TOOLS, "grpcurl"), "-cacert", material.file("ca.pem"), "-import-path", f"{ROOT}/proto",
                         "-proto", PROTO]
            if certificate:
                arguments += ["-cert", material.file(f"{certificate}.pem"), "-key", material.file(f"{certificate}.key")]
            if metadata:
                arguments += ["-H", ": ".join(metadata)]
            done = subprocess.run([*arguments, "-d", json.dumps(VSP), self.server.address, METHOD[1:]], capture_output=True,
                                  text=True, timeout=30)
            code = re.search(r"Code: (\w+)", done.stderr)
            return "OK" if done.returncode == 0 else name_of(code.group(1))

        self.check(call)

    def interactionctl(self, *flags):
        vsp = [argument for name, value in VSP.items() for argument in (f"--{name.replace('_', '-')}", value)]
        return subprocess.run(
            [INTERACTIONCTL, "create-vsp", "--address", self.server.address, "--ca", material.file("ca.pem"), *vsp, *flags],
            capture_output=True, text=True, timeout=30)

    def test_interactionctl(self):
        for flags in (["--cert", material.file("billing.pem"), "--key", material.file("billing.key")],
                      ["--token-file", material.file("token")], ["--api-key-file", material.file("api-key")]):
            done = self.interactionctl(*flags)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("interaction_id", done.stdout)
        refused = self.interactionctl()
        self.assertEqual(refused.returncode, 64 + grpc.StatusCode.UNAUTHENTICATED.value[0])
        self.assertIn("CALLER_UNAUTHENTICATED", refused.stderr)
        self.assertIn("--token-file", refused.stderr)

    def test_openssl(self):
        def connect(*arguments):
            return subprocess.run(["openssl", "s_client", "-connect", self.server.address, "-CAfile", material.file("ca.pem"),
                                   "-verify_return_error", "-servername", "localhost", "-alpn", "h2", *arguments],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=30)

        for version in ("-tls1_2", "-tls1_3"):
            done = connect(version, "-cert", material.file("billing.pem"), "-key", material.file("billing.key"))
            self.assertIn("Verify return code: 0 (ok)", done.stdout)
            self.assertIn("ALPN protocol: h2", done.stdout)
        old = connect("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
        self.assertNotEqual(old.returncode, 0)
        self.assertIn("Cipher is (NONE)", old.stdout)


class H2Test(Clients, unittest.TestCase):
    transport = "h2"


class GrpcTest(Clients, unittest.TestCase):
    transport = "grpc"


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
