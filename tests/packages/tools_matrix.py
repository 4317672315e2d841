"""What each tool on the command line does with a gateway, as a table: each cell is tried, and one that fails fails the whole.

usage: tools_matrix.py SERVER SANDBOX DESCRIPTOR_SET FOLDER_OF_TOOLS

A cell that a tool cannot express by its nature says "n/a"; NOT_APPLICABLE says why.
"""
import base64
import concurrent.futures
import json
import os
import subprocess
import sys
import time
import traceback
import urllib.request
import uuid

from google.rpc import error_details_pb2

from world import World

SERVER, SANDBOX, DESCRIPTOR_SET, TOOLS = (os.path.abspath(path) for path in sys.argv[1:5])
SERVICE = "interaction.v1.InteractionService"
ANY_TEXT = "Ñandú “quoted” \"'\\ 日本語 👩‍👩‍👧‍👦\ttab\nline end "
VSP = {"interaction_identity": "+573001234567", "interaction_name": "Claim 1138",
       "account_id": "6925ebd4-125d-4338-a736-99f4b5bcb3d7", "contact_id": "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0"}
WOLKVOX = {"sender": "+573001234567", "recipient": "+576015550100", "routing_point_id": "4711"}
DETAILS = {  # what a call makes the gateway say, and what the detail says, as any of the tools writes it
    "BadRequest": ("CreateVspInteraction", VSP | {"account_id": "12"}, ["account_id"]),
    "RetryInfo": ("CreateVspInteraction", VSP | {"interaction_name": "sandbox:rate-limited"},
                  ['"retryDelay": "7s"', "seconds: 7"]),
    "QuotaFailure": ("AddWolkvoxInteraction", WOLKVOX | {"wolkvox_server": "0043", "wolkvox_token": "exhausted-token"},
                     ["uses of the wolkvox token a day"]),
    "PreconditionFailure": ("CreateVspInteraction", VSP | {"interaction_name": "sandbox:unauthorized"},
                            ["UPSTREAM_CREDENTIALS_REJECTED"]),
}
NOT_APPLICABLE = {
    ("ghz", "details"): "it counts codes, and shows no details of errors",
    ("ghz", "replay"): "it shows no trailers",
    ("buf curl", "deadline"): "it has no flag for the time of a call",
}


class Grpcurl:
    name = "grpcurl"

    def call(self, method, request, address, tls=None, token=None, timeout=None):
        command = [f"{TOOLS}/bin/grpcurl", "-protoset", DESCRIPTOR_SET, "-v"]
        command += ["-plaintext"] if tls is None else ["-cacert", tls["ca"]]
        command += [] if not tls or "key" not in tls else ["-cert", tls["certificate"], "-key", tls["key"]]
        command += ["-H", f"authorization: Bearer {token}"] if token else []
        command += ["-max-time", str(timeout)] if timeout else []
        return run([*command, "-d", json.dumps(request), address, f"{SERVICE}/{method}"])


class BufCurl:
    name = "buf curl"

    def call(self, method, request, address, tls=None, token=None, timeout=None):
        command = [f"{TOOLS}/bin/buf", "curl", "-v", "--protocol", "grpc", "--schema", DESCRIPTOR_SET]
        command += ["--http2-prior-knowledge"] if tls is None else ["--cacert", tls["ca"]]
        command += [] if not tls or "key" not in tls else ["--cert", tls["certificate"], "--key", tls["key"]]
        command += ["-H", f"authorization: Bearer {token}"] if token else []
        scheme = "http" if tls is None else "https"
        return run([*command, "--data", json.dumps(request), f"{scheme}://{address}/{SERVICE}/{method}"])


class Ghz:
    name = "ghz"

    def call(self, method, request, address, tls=None, token=None, timeout=None):
        command = [f"{TOOLS}/bin/ghz", "--total", "1", "--concurrency", "1", "--protoset", DESCRIPTOR_SET, "--format", "json"]
        command += ["--insecure"] if tls is None else ["--cacert", tls["ca"]]
        command += [] if not tls or "key" not in tls else ["--cert", tls["certificate"], "--key", tls["key"]]
        command += ["--metadata", json.dumps({"authorization": f"Bearer {token}"})] if token else []
        command += ["--timeout", f"{timeout}s"] if timeout else []
        _, output = run([*command, "--call", f"{SERVICE}.{method}", "--data", json.dumps(request), address])
        codes = json.loads(output)["statusCodeDistribution"]
        return list(codes) == ["OK"], output


def run(command):
    """Whether a command succeeded, and what it wrote."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode == 0, done.stdout + done.stderr


def with_decoded_details(output):
    """The output, and after it what its details in base64 hold, as `buf curl` prints them."""
    at = output.rfind('{\n   "code"')
    details = json.loads(output[at:output.rindex("}") + 1]).get("details", []) if at >= 0 else []
    for detail in details:
        message = getattr(error_details_pb2, detail["type"].rpartition(".")[2])
        output += str(message.FromString(base64.b64decode(detail["value"] + "==")))
    return output


class Cells:
    """What is tried of a tool. A method fails, or returns what the cell shows beside "ok"."""

    def __init__(self, tool, world):
        self.tool = tool
        self.world = world
        self.tls_address = world.environment()["TLS_GATEWAY"]
        self.ca = {"ca": os.path.join(world.folder, "ca.pem")}

    def stats(self):
        with urllib.request.urlopen(f"{self.world.sandbox.address}/sandbox/stats") as reply:
            return json.load(reply)["seethepro"]["requests"]

    def opens(self, method="CreateVspInteraction", request=None, address=None, **options):
        done, output = self.tool.call(method, request or VSP, address or self.world.plain.address, **options)
        assert done, output
        return output

    def both_methods(self):
        self.opens()
        self.opens("AddWolkvoxInteraction", WOLKVOX)

    def unicode(self):
        self.opens(request=VSP | {"interaction_name": ANY_TEXT})
        with urllib.request.urlopen(f"{self.world.sandbox.address}/sandbox/requests?last=1") as reply:
            (request,) = json.load(reply)
        assert json.loads(request["body"])["InteractionName"] == ANY_TEXT, request

    def mutual_tls(self):
        folder = self.world.folder
        certificate = {"certificate": os.path.join(folder, "billing.pem"), "key": os.path.join(folder, "billing.key")}
        self.opens(address=self.tls_address, tls=self.ca | certificate)

    def tls_and_token(self):
        done, output = self.tool.call("CreateVspInteraction", VSP, self.tls_address, tls=self.ca)
        assert not done and "nauthenticated" in output, output
        with open(os.path.join(self.world.folder, "token"), encoding="ascii") as file:
            self.opens(address=self.tls_address, tls=self.ca, token=file.read().strip())

    def deadline(self):
        begin = time.monotonic()
        done, output = self.tool.call(
            "CreateVspInteraction", VSP | {"interaction_name": "sandbox:timeout"}, self.world.plain.address, timeout=1)
        assert not done and "DeadlineExceeded" in output, output
        assert time.monotonic() - begin < 20

    def details(self):
        for name, (method, request, expected) in DETAILS.items():
            done, output = self.tool.call(method, request, self.world.plain.address)
            output = with_decoded_details(output)
            assert not done and name in output and any(text in output for text in expected), f"{name}: {output}"

    def replay(self):
        request = VSP | {"request_id": str(uuid.uuid4())}
        assert "idempotent-replayed" not in self.opens(request=request).lower()
        assert "idempotent-replayed: true" in self.opens(request=request).lower()

    def restart(self):
        """Calls go on while the gateway ends and another begins: what is answered was opened, once, and nothing else was."""
        gateway = self.world.start_gateway({})
        before = self.stats()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            calls = [pool.submit(self.tool.call, "CreateVspInteraction", VSP, gateway.address) for _ in range(8)]
            next(concurrent.futures.as_completed(calls))
            assert gateway.end() == 0
            another = self.world.start_gateway({"server.listen": gateway.address})
            calls += [pool.submit(self.tool.call, "CreateVspInteraction", VSP, gateway.address) for _ in range(4)]
            results = [call.result() for call in calls]
        another.kill()
        assert all(done for done, _ in results[8:]), results[8:]
        opened = sum(done for done, _ in results)
        assert self.stats() - before == opened, f"{opened} were answered, and {self.stats() - before} opened"


COLUMNS = ("both_methods", "unicode", "tls_and_token", "mutual_tls", "deadline", "details", "replay", "restart")


def try_cell(tool, world, column):
    if (tool.name, column) in NOT_APPLICABLE:
        return "n/a"
    try:
        getattr(Cells(tool, world), column)()
        return "ok"
    except Exception:  # any of them is a failed cell, and the table goes on
        print(f"{tool.name}, {column}:", file=sys.stderr)
        traceback.print_exc()
        return "FAILED"


def main():
    with World(SERVER, SANDBOX) as world:
        table = {tool.name: [try_cell(tool, world, column) for column in COLUMNS] for tool in (Grpcurl(), BufCurl(), Ghz())}
    print("| tool | " + " | ".join(column.replace("_", " ") for column in COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for name, cells in table.items():
        print(f"| {name} | " + " | ".join(cells) + " |")
    for (tool, column), why in NOT_APPLICABLE.items():
        print(f"{tool}, {column}: {why}")
    return any("FAILED" in cells for cells in table.values())


if __name__ == "__main__":
    sys.exit(main())
