"""Test clients that were written elsewhere, against grpc.testing.TestService on the gateway's transports: gRPC's interop
client in Go (google.golang.org/grpc/interop/client) and h2spec.

usage: grpc_interop_test.py INTEROP_TEST_SERVER GO_CLIENT H2SPEC
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

SERVER, GO_CLIENT, H2SPEC = (os.path.abspath(path) for path in sys.argv[1:4])

# Not among them: custom_metadata, because the gateway sends no initial metadata of a service's own; credentials of
# Google's cloud; pick_first and orca, which test load balancing.
GO_CASES = [
    "empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
    "timeout_on_sleeping_server", "cancel_after_begin", "cancel_after_first_response", "status_code_and_message",
    "special_status_message", "unimplemented_method", "unimplemented_service", "rpc_soak", "channel_soak",
]

# Strict cases of h2spec that the transport h2 fails, always or depending on how fast it answers, each with its reason.
# What else fails in one run, for it was answered before h2spec had sent all of a case, has to pass in another.
H2SPEC_RUNS = 4
IGNORED_ON_CLOSED = "nghttp2 ignores what comes for a stream that is over: it may have been on its way (RFC 9113, 5.1)"
ANSWERED_AT_ONCE = "h2spec sends no gRPC request, so it is answered at once; the case needs a stream that stays open"
NO_BODY = "h2spec waits for DATA, and the answer to its GET is headers only"
H2SPEC_KNOWN = {
    ("generic/2", "Sends a WINDOW_UPDATE frame on half-closed (remote) stream"): NO_BODY,
    ("generic/2", "Sends a PRIORITY frame on half-closed (remote) stream"): NO_BODY,
    ("http2/3.5", "Sends invalid connection preface"):
        "a client that speaks no HTTP/2 gets a text in HTTP/1.1 that says so, before the connection is closed",
    ("http2/5.1", "half closed (remote): Sends a DATA frame"): ANSWERED_AT_ONCE,
    ("http2/5.1", "half closed (remote): Sends a HEADERS frame"): ANSWERED_AT_ONCE,
    ("http2/5.1", "closed: Sends a DATA frame after sending RST_STREAM frame"): IGNORED_ON_CLOSED,
    ("http2/5.1", "closed: Sends a HEADERS frame after sending RST_STREAM frame"): IGNORED_ON_CLOSED,
    ("http2/5.1", "closed: Sends a DATA frame"): IGNORED_ON_CLOSED,
    ("http2/5.1", "closed: Sends a HEADERS frame"): IGNORED_ON_CLOSED,
    ("http2/5.1.1", "Sends stream identifier that is numerically smaller than previous"): IGNORED_ON_CLOSED,
    ("http2/5.1.2",
     "Sends HEADERS frames that causes their advertised concurrent stream limit to be exceeded"): ANSWERED_AT_ONCE,
    ("http2/6.1",
     'Sends a DATA frame on the stream that is not in "open" or "half-closed (local)" state'): ANSWERED_AT_ONCE,
    ("http2/6.9", "Sends a WINDOW_UPDATE frame with a flow control window increment of 0 on a stream"): ANSWERED_AT_ONCE,
    ("http2/6.9.1",
     "Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream"):
        ANSWERED_AT_ONCE,
    ("http2/8.1", "Sends a second HEADERS frame without the END_STREAM flag"): ANSWERED_AT_ONCE,
    ("http2/8.1.2.1", "Sends a HEADERS frame that contains a pseudo-header field as trailers"): ANSWERED_AT_ONCE,
    ("http2/8.1.2.6", 'Sends a HEADERS frame with the "content-length" header field which does not equal the DATA frame '
     "payload length"): ANSWERED_AT_ONCE,
    ("http2/8.1.2.6", 'Sends a HEADERS frame with the "content-length" header field which does not equal the sum of the '
     "multiple DATA frames payload length"): ANSWERED_AT_ONCE,
}
H2SPEC_CASES = 146


class TestServer:
    def __init__(self, transport, tls):
        self.folder = tempfile.TemporaryDirectory()
        arguments = [SERVER, transport]
        self.ca = None
        if tls:
            key, self.ca = os.path.join(self.folder.name, "key.pem"), os.path.join(self.folder.name, "cert.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                            "-keyout", key, "-out", self.ca], check=True, capture_output=True)
            arguments += [self.ca, key]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        status = self.process.wait(timeout=30)
        self.process.stdout.close()
        self.folder.cleanup()
        assert status == 0, f"the server ended with {status}"


class GoClientTest(unittest.TestCase):
    def run_all(self, transport, tls):
        with TestServer(transport, tls) as server:
            for case in GO_CASES:
                arguments = [GO_CLIENT, "--server_host=127.0.0.1", f"--server_port={server.port}", f"--test_case={case}"]
                if tls:
                    arguments += ["--use_tls", "--use_test_ca", f"--ca_file={server.ca}", "--server_host_override=localhost"]
                with self.subTest(case=case):
                    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_h2(self):
        self.run_all("h2", tls=False)

    def test_h2_with_tls(self):
        self.run_all("h2", tls=True)

    def test_grpc(self):
        self.run_all("grpc", tls=False)

    def test_grpc_with_tls(self):
        self.run_all("grpc", tls=True)


# What h2spec says of a case whose request was answered before h2spec had sent what the case is about.
ANSWER_CAME_FIRST = re.compile(r"HEADERS Frame \(length:\d+, flags:0x05")


class Case:
    """A test case in h2spec's report."""

    def __init__(self, element, text):
        self.name = (element.get("package"), element.get("classname"))
        self.failed = element.find("error") is not None or element.find("failure") is not None
        self.answer_came_first = bool(ANSWER_CAME_FIRST.search(text))


def read_cases(report):
    """The test cases of h2spec's report. What h2spec says of a failure is read by itself: it copies bytes that the server
    sent without escaping them, so that the report is not always XML."""
    with open(report, encoding="utf-8", errors="replace") as file:
        text = file.read().partition("?>")[2]
    body = re.compile(r"<(failure|error)>(.*?)</\1>", flags=re.DOTALL)
    texts = [" ".join(found[1] for found in body.findall(case)) for case in text.split("<testcase")[1:]]
    elements = xml.etree.ElementTree.fromstring(body.sub(r"<\1/>", text)).iter("testcase")
    return [Case(element, said) for element, said in zip(elements, texts)]


class H2SpecTest(unittest.TestCase):
    def failed_in_a_run(self, tls):
        """The cases that failed without a known reason: by name, whether the answer came first."""
        with TestServer("h2", tls) as server:
            report = os.path.join(server.folder.name, "report.xml")
            arguments = [H2SPEC, "--strict", "-h", "127.0.0.1", "-p", str(server.port), "-j", report, "-o", "1"]
            done = subprocess.run(arguments + (["-t", "-k"] if tls else []), capture_output=True, text=True,
                                  errors="replace", timeout=300)
            cases = read_cases(report)
        self.assertEqual(len(cases), H2SPEC_CASES, done.stdout)
        return {case.name: case.answer_came_first for case in cases if case.failed and case.name not in H2SPEC_KNOWN}

    def run_it(self, tls):
        failed = self.failed_in_a_run(tls)
        for _ in range(H2SPEC_RUNS - 1):
            if not failed:
                return
            again = self.failed_in_a_run(tls)
            failed = {name: failed[name] and again[name] for name in failed if name in again}
        undecided = [name for name, answer_came_first in failed.items() if answer_came_first]
        if undecided:
            print(f"not shown on this machine, because the answer came first in each of {H2SPEC_RUNS} runs: {undecided}")
        self.assertEqual([name for name in failed if name not in undecided], [])

    def test_fails_only_where_there_is_a_reason(self):
        self.run_it(tls=False)

    def test_fails_only_where_there_is_a_reason_with_tls(self):
        self.run_it(tls=True)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
