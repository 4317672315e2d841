"""Clients that are not ours: Python's grpcio and grpcurl, against the real server and the real sandbox.

usage: interop_test.py SERVER SANDBOX GRPCURL
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import grpc
import grpc_tools.protoc
from grpc_status import rpc_status
from google.rpc import error_details_pb2

from process import Process

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
PROTO = "interaction/v1/interaction_service.proto"
SERVER, SANDBOX, GRPCURL = (os.path.abspath(path) for path in sys.argv[1:4])
SERVICE = "interaction.v1.InteractionService"
ANY_TEXT = "Ñandú “quoted” \"'\\ 日本語 👩‍👩‍👧‍👦\ttab\nline\r\nline \x01\x1f\x7f end "

VSP = {
    "app_access_key": "key-of-the-caller",
    "interaction_identity": "+573001234567",
    "interaction_name": ANY_TEXT,
    "account_id": "6925ebd4-125d-4338-a736-99f4b5bcb3d7",
    "contact_id": "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0",
    "tenant_key": "f4528424-7736-4037-8c10-45fe6f1f5754",
    "group_key": "fbd003c1-c221-4316-8569-b66b1a48d66c",
}
WOLKVOX = {
    "sender": "from " + ANY_TEXT,
    "sender_name": "from name " + ANY_TEXT,
    "recipient": "to " + ANY_TEXT,
    "recipient_name": "to name " + ANY_TEXT,
    "subject": "subject " + ANY_TEXT,
    "body": "body " + (ANY_TEXT * 1000)[:32000],
    "routing_point_id": "4711",
    "wolkvox_server": "0042",
    "wolkvox_token": "token-of-the-caller",
}
VSP_UPSTREAM = {
    "AppAccessKey": "app_access_key",
    "InteractionIdentity": "interaction_identity",
    "InteractionName": "interaction_name",
    "AccountId": "account_id",
    "ContactId": "contact_id",
    "TenantKey": "tenant_key",
    "GroupKey": "group_key",
}
WOLKVOX_UPSTREAM = {
    "from": "sender",
    "fromname": "sender_name",
    "to": "recipient",
    "toname": "recipient_name",
    "subject": "subject",
    "body": "body",
    "rp_id": "routing_point_id",
}


def setUpModule():
    global sandbox, server, messages, services
    sandbox = Process([SANDBOX, "--listen", "127.0.0.1:0"], r"listening on (http:\S+)")
    server = Process(
        [SERVER, "--set", "server.listen=127.0.0.1:0", "--set", "admin.listen=off", "--set", "egress.allow_plaintext=true",
         "--set", "egress.allow_loopback=true", "--set", "calls.drain_delay=0s",
         "--set", f"seethepro.base_url={sandbox.address}", "--set", f"wolkvox.base_url={sandbox.address}"],
        r'"serving","address":"([^"]+)"')
    folder = tempfile.TemporaryDirectory(prefix="interop-")
    unittest.addModuleCleanup(folder.cleanup)
    out = folder.name
    if grpc_tools.protoc.main(["", f"-I{ROOT}/proto", f"--python_out={out}", f"--grpc_python_out={out}", PROTO]) != 0:
        raise RuntimeError("protoc failed")
    sys.path.insert(0, out)
    from interaction.v1 import interaction_service_pb2 as messages, interaction_service_pb2_grpc as services


def tearDownModule():
    if server.end() != 0:
        raise RuntimeError("the server did not end in good order")
    sandbox.end()


def last_request():
    with urllib.request.urlopen(f"{sandbox.address}/sandbox/requests?last=1") as reply:
        return json.load(reply)


def bodies(recorded):
    """Every string in what the sandbox recorded that reads as a JSON object: the body as it arrived."""
    if isinstance(recorded, dict):
        for value in recorded.values():
            yield from bodies(value)
    elif isinstance(recorded, list):
        for value in recorded:
            yield from bodies(value)
    elif isinstance(recorded, str) and recorded.startswith("{"):
        yield json.loads(recorded)


class Fields:
    """What both kinds of clients have to show: every field reaches the upstream as it was given."""

    def assert_arrived(self, names, request):
        (body,) = bodies(last_request())
        self.assertEqual(body, {upstream: request[field] for upstream, field in names.items()})


class PythonTest(unittest.TestCase, Fields):

    def setUp(self):
        self.channel = grpc.insecure_channel(server.address)
        self.stub = services.InteractionServiceStub(self.channel)

    def tearDown(self):
        self.channel.close()

    def test_every_field_of_a_vsp_interaction_arrives(self):
        reply = self.stub.CreateVspInteraction(messages.CreateVspInteractionRequest(**VSP), timeout=10)
        self.assertTrue(reply.interaction_id)
        self.assert_arrived(VSP_UPSTREAM, VSP)

    def test_every_field_of_a_wolkvox_interaction_arrives(self):
        reply = self.stub.AddWolkvoxInteraction(messages.AddWolkvoxInteractionRequest(**WOLKVOX), timeout=10)
        self.assertEqual(reply.code, 201)
        self.assert_arrived(WOLKVOX_UPSTREAM, WOLKVOX)

    def test_an_error_carries_its_details(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.stub.CreateVspInteraction(messages.CreateVspInteractionRequest(), timeout=10)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        details = rpc_status.from_call(caught.exception).details
        self.assertTrue(details[0].Unpack(info))
        self.assertTrue(details[1].Unpack(bad_request))
        self.assertEqual(info.reason, "INVALID_REQUEST")
        self.assertEqual(info.metadata["outcome"], "not_applied")
        self.assertEqual(
            {violation.field for violation in bad_request.field_violations},
            {"app_access_key", "interaction_identity", "interaction_name", "account_id", "contact_id"})


class GrpcurlTest(unittest.TestCase, Fields):

    def grpcurl(self, *arguments):
        return subprocess.run([GRPCURL, "-plaintext", *arguments], capture_output=True, text=True, timeout=30)

    def call(self, method, request, *flags):
        return self.grpcurl(*flags, "-d", json.dumps(request), server.address, f"{SERVICE}/{method}")

    def test_lists_and_describes_by_reflection(self):
        self.assertIn(SERVICE, self.grpcurl(server.address, "list").stdout.split())
        self.assertIn("rpc CreateVspInteraction", self.grpcurl(server.address, "describe", SERVICE).stdout)
        self.assertIn("interaction_identity",
                      self.grpcurl(server.address, "describe", "interaction.v1.CreateVspInteractionRequest").stdout)

    def test_shows_the_rule_of_each_field_by_reflection(self):
        described = self.grpcurl(server.address, "describe", "interaction.v1.CreateVspInteractionRequest").stdout
        comment = re.compile(r"^\s*//", re.MULTILINE)
        self.assertGreaterEqual(len(comment.findall(described)), len(VSP_UPSTREAM), described)
        self.assertIn("GUID", described)

    def test_prints_the_same_names_by_reflection_as_by_the_proto_file(self):
        by_reflection = self.call("CreateVspInteraction", VSP)
        by_file = self.call("CreateVspInteraction", VSP, "-import-path", f"{ROOT}/proto", "-proto", PROTO)
        self.assertEqual(set(json.loads(by_reflection.stdout)), set(json.loads(by_file.stdout)))
        self.assertIn("interactionId", json.loads(by_reflection.stdout))

    def test_calls_by_reflection(self):
        done = self.call("CreateVspInteraction", VSP)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_arrived(VSP_UPSTREAM, VSP)

    def test_calls_by_the_proto_file(self):
        done = self.call("AddWolkvoxInteraction", WOLKVOX, "-import-path", f"{ROOT}/proto", "-proto", PROTO)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_arrived(WOLKVOX_UPSTREAM, WOLKVOX)

    def test_shows_an_unknown_outcome(self):
        done = self.call("CreateVspInteraction", {**VSP, "interaction_name": "sandbox:reset"})
        self.assertEqual(done.returncode, 64 + grpc.StatusCode.UNKNOWN.value[0])
        self.assertIn("UPSTREAM_CONNECTION_LOST", done.stderr)
        self.assertIn('"outcome": "unknown"', done.stderr)

    def test_asks_for_health(self):
        done = self.grpcurl("-d", json.dumps({"service": SERVICE}), server.address, "grpc.health.v1.Health/Check")
        self.assertIn("SERVING", done.stdout, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
