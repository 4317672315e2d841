"""What grpcurl, buf curl and ghz do with a gateway: their rows of the interop matrix, each cell of which is a test.

usage: tools_test.py SERVER SANDBOX DESCRIPTOR_SET FOLDER_OF_TOOLS
"""
import base64
import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import time
import unittest
import urllib.request
import uuid

from google.rpc import error_details_pb2

import interop_matrix
from world import World

SERVER, SANDBOX, DESCRIPTOR_SET, TOOLS = (os.path.abspath(path) for path in sys.argv[1:5])
SERVICE = "interaction.v1.InteractionService"
ANY_TEXT = "Ñandú “quoted” \"'\\ 日本語 👩‍👩‍👧‍👦\ttab\nline end "
VSP = {"interaction_identity": "+573001234567", "interaction_name": "Claim 1138",
       "account_id": "6925ebd4-125d-4338-a736-99f4b5bcb3d7", "contact_id": "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0"}
WOLKVOX = {"sender": "+573001234567", "recipient": "+576015550100", "routing_point_id": "4711"}
DETAILS = {  # what a call makes the gateway say, and what the detail says, as any of the tools writes it
    "ErrorInfo": ("CreateVspInteraction", VSP | {"account_id": "12"}, ["INVALID_REQUEST"]),
    "BadRequest": ("CreateVspInteraction", VSP | {"account_id": "12"}, ["account_id"]),
    "RetryInfo": ("CreateVspInteraction", VSP | {"interaction_name": "sandbox:rate-limited"},
                  ['"retryDelay": "7s"', "seconds: 7"]),
    "QuotaFailure": ("AddWolkvoxInteraction", WOLKVOX | {"wolkvox_server": "0043", "wolkvox_token": "exhausted-token"},
                     ["uses of the wolkvox token a day"]),
    "PreconditionFailure": ("CreateVspInteraction", VSP | {"interaction_name": "sandbox:unauthorized"},
                            ["UPSTREAM_CREDENTIALS_REJECTED"]),
}

NO_GATEWAY = ("navailable", "refused", "Failed to dial")  # what the tools write where there is no gateway


class Tool:

    def result(self, done):
        """Whether the call of a command succeeded, and what it wrote."""
        return done.returncode == 0, done.stdout + done.stderr


class Grpcurl(Tool):
    row = "grpcurl"

    def command(self, method, request, address, tls=None, metadata=None, timeout=None):
        command = [f"{TOOLS}/bin/grpcurl", "-protoset", DESCRIPTOR_SET, "-v"]
        command += ["-plaintext"] if tls is None else [] if tls == {} else ["-cacert", tls["ca"]]
        command += ["-cert", tls["certificate"], "-key", tls["key"]] if tls and "key" in tls else []
        command += ["-H", "%s: %s" % metadata] if metadata else []
        command += ["-max-time", str(timeout)] if timeout else []
        return [*command, "-d", json.dumps(request), address, f"{SERVICE}/{method}"]

class BufCurl(Tool):
    row = "buf curl"

    def command(self, method, request, address, tls=None, metadata=None, timeout=None):
        command = [f"{TOOLS}/bin/buf", "curl", "-v", "--protocol", "grpc", "--schema", DESCRIPTOR_SET]
        command += ["--http2-prior-knowledge"] if tls is None else [] if tls == {} else ["--cacert", tls["ca"]]
        command += ["--cert", tls["certificate"], "--key", tls["key"]] if tls and "key" in tls else []
        command += ["-H", "%s: %s" % metadata] if metadata else []
        command += ["--timeout", f"{timeout}s"] if timeout else []
        scheme = "http" if tls is None else "https"
        return [*command, "--data", json.dumps(request), f"{scheme}://{address}/{SERVICE}/{method}"]

    def result(self, done):
        """With what the details of an error hold, which are written in base64."""
        done, output = super().result(done)
        at = output.rfind('{\n   "code"')
        details = json.loads(output[at:output.rindex("}") + 1]).get("details", []) if at >= 0 else []
        for detail in details:
            message = getattr(error_details_pb2, detail["type"].rpartition(".")[2])
            output += f"{detail['type']} {message.FromString(base64.b64decode(detail['value'] + '=='))}"
        return done, output


class Ghz(Tool):
    row = "ghz"

    def command(self, method, request, address, tls=None, metadata=None, timeout=None):
        command = [f"{TOOLS}/bin/ghz", "--total", "1", "--concurrency", "1", "--protoset", DESCRIPTOR_SET, "--format", "json"]
        command += ["--insecure"] if tls is None else [] if tls == {} else ["--cacert", tls["ca"]]
        command += ["--cert", tls["certificate"], "--key", tls["key"]] if tls and "key" in tls else []
        command += ["--metadata", json.dumps(dict([metadata]))] if metadata else []
        command += ["--timeout", f"{timeout}s"] if timeout else []
        return [*command, "--call", f"{SERVICE}.{method}", "--data", json.dumps(request), address]

    def result(self, done):
        """It ends well however its calls end, and counts their codes."""
        output = done.stdout + done.stderr
        return done.returncode == 0 and list(json.loads(done.stdout)["statusCodeDistribution"]) == ["OK"], output


def setUpModule():
    global world
    interop_matrix.begin("grpcurl", "buf curl", "ghz")
    world = unittest.enterModuleContext(World(SERVER, SANDBOX))


def file(name):
    return os.path.join(world.folder, name)


def read(name):
    with open(file(name), encoding="ascii") as text:
        return text.read().strip()


def requests():
    with urllib.request.urlopen(f"{world.sandbox.address}/sandbox/stats") as reply:
        return json.load(reply)["seethepro"]["requests"]


class Tests:

    def works(self, *columns):
        for column in columns:
            interop_matrix.works(self.tool.row, column)

    def call(self, method="CreateVspInteraction", request=None, address=None, **options):
        """Whether a call succeeded, and what the tool wrote."""
        command = self.tool.command(method, request or VSP, address or world.plain.address, **options)
        return self.tool.result(subprocess.run(command, capture_output=True, text=True, timeout=60))

    def opens(self, *arguments, **options):
        done, output = self.call(*arguments, **options)
        self.assertTrue(done, output)
        return output

    def test_both_methods_are_called(self):
        self.opens()
        self.opens("AddWolkvoxInteraction", WOLKVOX)
        self.works("both RPCs")

    def test_any_text_arrives(self):
        self.opens(request=VSP | {"interaction_name": ANY_TEXT})
        with urllib.request.urlopen(f"{world.sandbox.address}/sandbox/requests?last=1") as reply:
            (request,) = json.load(reply)
        self.assertEqual(json.loads(request["body"])["InteractionName"], ANY_TEXT)
        self.works("Unicode")

    def test_who_calls_is_said_by_certificate_token_or_api_key(self):
        address = world.environment()["TLS_GATEWAY"]
        trusting = {"ca": file("ca.pem")}
        mutual = trusting | {"certificate": file("billing.pem"), "key": file("billing.key")}
        for column, options in {
                "mutual TLS": {"tls": mutual},
                "token": {"tls": trusting, "metadata": ("authorization", f"Bearer {read('token')}")},
                "TLS": {"tls": trusting, "metadata": ("x-api-key", read("api-key"))}}.items():
            with self.subTest(column):
                self.opens(address=address, **options)
                self.works(column)
        done, output = self.call(address=address, tls=trusting)
        self.assertFalse(done, output)
        self.assertIn("nauthenticated", output)

    def test_a_gateway_of_another_authority_is_not_called(self):
        done, output = self.call(address=world.environment()["TLS_GATEWAY"], tls={})
        self.assertFalse(done, output)
        self.assertIn("certificate", output)

    def test_a_deadline_that_passes_ends_the_call(self):
        begin = time.monotonic()
        done, output = self.call(request=VSP | {"interaction_name": "sandbox:timeout"}, timeout=1)
        self.assertFalse(done, output)
        self.assertIn("deadlineexceeded", output.lower().replace("_", ""))
        self.assertLess(time.monotonic() - begin, 20)
        self.works("deadline")

    def test_a_call_that_is_interrupted_is_cancelled_and_can_be_repeated(self):
        request = VSP | {"request_id": str(uuid.uuid4()), "interaction_name": "sandbox:slow-2000"}
        before = requests()
        with subprocess.Popen(self.tool.command("CreateVspInteraction", request, world.plain.address),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as tool:
            while requests() == before:
                time.sleep(0.01)
            tool.send_signal(signal.SIGINT)
            tool.communicate(timeout=20)
        world.wait_for_cancellation(request["request_id"])
        self.opens(request=request)
        self.assertEqual(requests() - before, 1)
        self.works("cancel")

    def test_details_of_errors_are_shown(self):
        for name, (method, request, expected) in DETAILS.items():
            if (self.tool.row, name) in interop_matrix.NOT_APPLICABLE:
                continue
            with self.subTest(name):
                done, output = self.call(method, request)
                self.assertFalse(done)
                self.assertIn(name, output)
                self.assertTrue(any(text in output for text in expected), output)
                self.works(name)

    def test_a_replay_is_shown(self):
        request = VSP | {"request_id": str(uuid.uuid4())}
        before = requests()
        first, again = (self.opens(request=request).lower() for _ in range(2))
        self.assertEqual(requests() - before, 1)
        if (self.tool.row, "replay") not in interop_matrix.NOT_APPLICABLE:
            self.assertNotIn("idempotent-replayed", first)
            self.assertIn("idempotent-replayed: true", again)
            self.works("replay")

    def test_a_call_whose_connection_broke_is_repeated_by_hand_and_opens_nothing_twice(self):
        request = VSP | {"request_id": str(uuid.uuid4()), "interaction_identity": f"cut-once-{uuid.uuid4()}",
                         "interaction_name": "sandbox:slow-1000"}
        before = requests()
        done, output = self.call(request=request, address=world.relay.address)
        self.assertFalse(done, output)
        output = self.opens(request=request, address=world.relay.address)
        self.assertEqual(requests() - before, 1)
        if (self.tool.row, "replay") not in interop_matrix.NOT_APPLICABLE:
            self.assertIn("idempotent-replayed: true", output.lower())
        self.works("retry")

    def test_a_restart_under_load_opens_what_is_answered_and_nothing_else(self):
        address, before = world.restarter.address, world.restarter.requests()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            restart = pool.submit(world.restarter.restart)

            def keep_calling():
                results = []
                while not restart.done():
                    results.append(self.call(address=address))
                return results

            callers = [pool.submit(keep_calling) for _ in range(3)]
            restart.result()
            results = [result for caller in callers for result in caller.result()]
        for done, output in results:
            self.assertTrue(done or any(text in output for text in NO_GATEWAY), output)
        self.assertEqual(world.restarter.requests() - before, sum(done for done, _ in results))
        self.works("restart")


class GrpcurlTest(Tests, unittest.TestCase):
    tool = Grpcurl()


class BufCurlTest(Tests, unittest.TestCase):
    tool = BufCurl()


class GhzTest(Tests, unittest.TestCase):
    tool = Ghz()


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
