"""interaction.binpb, with the tools that read one: each calls a gateway and shows its errors.

usage: descriptor_set_test.py SERVER SANDBOX DESCRIPTOR_SET TOOLS
"""
import base64
import json
import os
import subprocess
import sys
import unittest
import urllib.request

from google.protobuf import descriptor_pb2
from google.rpc import error_details_pb2

from process import Process

SERVER, SANDBOX, DESCRIPTOR_SET, TOOLS = (os.path.abspath(path) for path in sys.argv[1:5])
SERVICE = "interaction.v1.InteractionService"
CALL = {
    "app_access_key": "key-of-the-caller", "interaction_identity": "+573001234567", "interaction_name": "Ñandú 日本語",
    "account_id": "6925ebd4-125d-4338-a736-99f4b5bcb3d7", "contact_id": "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0",
}
WOLKVOX = {
    "sender": "+573001234567", "recipient": "+576015550100", "routing_point_id": "4711", "wolkvox_server": "0042",
    "wolkvox_token": "token-of-the-caller",
}


def run(tool, *arguments):
    """What a tool of TOOLS writes, and its exit code."""
    done = subprocess.run([f"{TOOLS}/{tool}", *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def setUpModule():
    global sandbox, server
    sandbox = Process([SANDBOX, "--listen", "127.0.0.1:0"], r"listening on (http:\S+)")
    unittest.addModuleCleanup(sandbox.end)
    server = Process(
        [SERVER, "--set", "server.listen=127.0.0.1:0", "--set", "admin.listen=off", "--set", "egress.allow_plaintext=true",
         "--set", "egress.allow_loopback=true", "--set", "calls.drain_delay=0s",
         "--set", f"seethepro.base_url={sandbox.address}", "--set", f"wolkvox.base_url={sandbox.address}"],
        r'"serving","address":"([^"]+)"')
    unittest.addModuleCleanup(server.end)


def last_body():
    """What the vendor got last."""
    with urllib.request.urlopen(f"{sandbox.address}/sandbox/requests?last=1") as reply:
        (request,) = json.load(reply)
    return json.loads(request["body"])


class DescriptorSetTest(unittest.TestCase):
    def test_it_holds_the_service_the_error_details_and_the_comments(self):
        files = descriptor_pb2.FileDescriptorSet()
        with open(DESCRIPTOR_SET, "rb") as file:
            files.ParseFromString(file.read())
        by_name = {file.name: file for file in files.file}
        self.assertIn("google/rpc/error_details.proto", by_name)
        self.assertIn("google/protobuf/duration.proto", by_name)  # what error_details.proto imports
        comments = [location.leading_comments
                    for location in by_name["interaction/v1/interaction_service.proto"].source_code_info.location]
        self.assertTrue(any("Opens interactions at two vendors" in comment for comment in comments))


class GrpcurlTest(unittest.TestCase):
    def call(self, method, request):
        return run("grpcurl", "-plaintext", "-protoset", DESCRIPTOR_SET, "-d", json.dumps(request), server.address,
                   f"{SERVICE}/{method}")

    def test_both_methods_are_called(self):
        for method, request, key in (("CreateVspInteraction", CALL, "interactionId"), ("AddWolkvoxInteraction", WOLKVOX, "code")):
            with self.subTest(method):
                code, output = self.call(method, request)
                self.assertEqual(code, 0, output)
                self.assertIn(key, json.loads(output))

    def test_the_details_of_an_error_are_decoded(self):
        code, output = self.call("CreateVspInteraction", CALL | {"account_id": "12"})
        self.assertNotEqual(code, 0)
        self.assertIn('"reason": "INVALID_REQUEST"', output)
        self.assertIn('"field": "account_id"', output)

    def test_describe_shows_the_comments_without_a_gateway(self):
        code, output = run("grpcurl", "-protoset", DESCRIPTOR_SET, "describe", "interaction.v1.CreateVspInteractionRequest")
        self.assertEqual(code, 0, output)
        self.assertIn("// Identifies the account at SeeThePro. Required.", output)

    def test_reflection_tells_the_same_as_the_file(self):
        for symbol in (SERVICE, "interaction.v1.AddWolkvoxInteractionRequest", "google.rpc.ErrorInfo"):
            with self.subTest(symbol):
                by_file = run("grpcurl", "-protoset", DESCRIPTOR_SET, "describe", symbol)
                self.assertEqual(run("grpcurl", "-plaintext", server.address, "describe", symbol), by_file)
                self.assertIn("//", by_file[1])


class BufCurlTest(unittest.TestCase):
    def call(self, request):
        return run("buf", "curl", "--protocol", "grpc", "--http2-prior-knowledge", "--schema", DESCRIPTOR_SET, "--data",
                   json.dumps(request), f"http://{server.address}/{SERVICE}/CreateVspInteraction")

    def test_a_call_arrives_as_it_was_given(self):
        code, output = self.call(CALL)
        self.assertEqual(code, 0, output)
        self.assertTrue(json.loads(output)["interactionId"])
        self.assertEqual(last_body()["InteractionName"], CALL["interaction_name"])

    def test_an_error_comes_with_its_details_in_base64(self):
        code, output = self.call(CALL | {"account_id": "12"})
        self.assertNotEqual(code, 0)
        error = json.loads(output)
        self.assertEqual(error["code"], "invalid_argument")
        details = {detail["type"]: base64.b64decode(detail["value"] + "==") for detail in error["details"]}
        self.assertEqual(error_details_pb2.ErrorInfo.FromString(details["google.rpc.ErrorInfo"]).reason, "INVALID_REQUEST")
        self.assertEqual(error_details_pb2.BadRequest.FromString(details["google.rpc.BadRequest"]).field_violations[0].field,
                         "account_id")


class GhzTest(unittest.TestCase):
    def load(self, request):
        code, output = run("ghz", "--insecure", "--protoset", DESCRIPTOR_SET, "--call", f"{SERVICE}.CreateVspInteraction",
                           "--total", "50", "--concurrency", "2", "--format", "json", "--data", json.dumps(request), server.address)
        self.assertEqual(code, 0, output)
        return json.loads(output)["statusCodeDistribution"]

    def test_calls_are_counted_by_status(self):
        self.assertEqual(self.load(CALL), {"OK": 50})
        self.assertEqual(self.load(CALL | {"account_id": "12"}), {"InvalidArgument": 50})


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
