"""The gateway's spans, as a collector of OpenTelemetry reads them: decoded with the published protos.

usage: traces_test.py SERVER SANDBOX GRPCURL
"""
import http.server
import json
import os
import queue
import re
import subprocess
import sys
import threading
import unittest
import urllib.request

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from process import Process

SERVER, SANDBOX, GRPCURL = (os.path.abspath(path) for path in sys.argv[1:4])
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLERS_SPAN = "00f067aa0ba902b7"
CALL = {
    "app_access_key": "key-of-the-caller", "interaction_identity": "+573001234567", "interaction_name": "canary-name",
    "account_id": "6925ebd4-125d-4338-a736-99f4b5bcb3d7", "contact_id": "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0",
}
SECRETS = ("key-of-the-caller", "canary-name", "+573001234567")


class Collector:
    """Takes what is POSTed to it."""

    def __init__(self):
        self.requests = queue.Queue()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.requests.put((self.path, dict(self.headers), body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def spans(self, count):
        """So many spans, in the order of their ends, with what all of them are of."""
        spans, resource = [], None
        while len(spans) < count:
            path, headers, body = self.requests.get(timeout=10)
            if path != "/v1/traces" or headers["Content-Type"] != "application/x-protobuf":
                raise AssertionError(f"{path} with {headers}")
            for secret in SECRETS:
                if secret.encode() in body:
                    raise AssertionError(f"a span holds {secret}")
            for resource_spans in trace_service_pb2.ExportTraceServiceRequest.FromString(body).resource_spans:
                resource = attributes(resource_spans.resource)
                for scope_spans in resource_spans.scope_spans:
                    spans += scope_spans.spans
        return spans, resource


def attributes(of):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in of.attributes}


class TracesTest(unittest.TestCase):
    def start(self, **environment):
        """A server that sends its spans at once, in front of the sandbox; its log is kept."""
        self.collector = Collector()
        self.sandbox = Process([SANDBOX, "--listen", "127.0.0.1:0"], r"listening on (http:\S+)")
        self.addCleanup(self.sandbox.end)
        self.server = Process(
            [SERVER, "--set", "server.listen=127.0.0.1:0", "--set", "admin.listen=127.0.0.1:0", "--set",
             "egress.allow_plaintext=true", "--set", "egress.allow_loopback=true", "--set", "calls.drain_delay=0s", "--set",
             "calls.retry=true", "--set", f"seethepro.base_url={self.sandbox.address}", "--set",
             f"wolkvox.base_url={self.sandbox.address}"],
            r'"serving","address":"([^"]+)"',
            environment={"OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.url, "OTEL_BSP_SCHEDULE_DELAY": "10", **environment})
        self.addCleanup(self.server.kill)

    def call(self, traceparent=f"00-{TRACE_ID}-{CALLERS_SPAN}-01", **fields):
        headers = ["-H", f"traceparent: {traceparent}"] if traceparent else []
        subprocess.run([GRPCURL, "-plaintext", *headers, "-d", json.dumps(CALL | fields), self.server.address,
                        "interaction.v1.InteractionService/CreateVspInteraction"], capture_output=True, timeout=20)

    def upstream_headers(self):
        with urllib.request.urlopen(f"{self.sandbox.address}/sandbox/requests?last=1") as reply:
            text = reply.read().decode()
        return re.search(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", text)

    def test_one_trace_joins_caller_gateway_upstream_and_log(self):
        self.start(OTEL_SERVICE_NAME="calls", OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=test")
        self.call()
        (client, server), resource = self.collector.spans(2)
        self.assertEqual(resource["service.name"], "calls")
        self.assertEqual(resource["deployment.environment.name"], "test")
        for span in client, server:
            self.assertEqual(span.trace_id.hex(), TRACE_ID)
            self.assertEqual(span.status.code, trace_pb2.Status.STATUS_CODE_UNSET)
            self.assertLess(span.start_time_unix_nano, span.end_time_unix_nano)
        self.assertEqual(server.kind, trace_pb2.Span.SPAN_KIND_SERVER)
        self.assertEqual(server.name, "interaction.v1.InteractionService/CreateVspInteraction")
        self.assertEqual(server.parent_span_id.hex(), CALLERS_SPAN)
        self.assertEqual(attributes(server)["rpc.response.status_code"], "OK")
        self.assertEqual(attributes(server)["interaction.outcome"], "applied")
        self.assertEqual(client.kind, trace_pb2.Span.SPAN_KIND_CLIENT)
        self.assertEqual(client.parent_span_id, server.span_id)
        self.assertEqual(attributes(client)["http.response.status_code"], 200)
        self.assertLessEqual(server.start_time_unix_nano, client.start_time_unix_nano)
        sent = self.upstream_headers()
        self.assertEqual(sent.group(1), TRACE_ID)
        self.assertEqual(sent.group(2), client.span_id.hex())
        self.assertEqual(sent.group(3), "01")
        self.assertEqual(self.server.end(), 0)
        line = next(json.loads(line) for line in self.server.output().splitlines() if '"msg":"call"' in line)
        self.assertEqual(line["traceId"], TRACE_ID)
        self.assertEqual(line["spanId"], server.span_id.hex())

    def test_each_attempt_has_a_span_and_an_error_says_why(self):
        self.start()
        self.call(interaction_name="sandbox:unavailable")
        spans, _ = self.collector.spans(3)
        server = spans[-1]
        attempts = spans[:-1]
        self.assertGreaterEqual(len(attempts), 2)
        for number, attempt in enumerate(attempts):
            self.assertEqual(attributes(attempt).get("http.request.resend_count", 0), number)
            self.assertEqual(attempt.status.code, trace_pb2.Status.STATUS_CODE_ERROR)
            self.assertEqual(attributes(attempt)["error.type"], "UPSTREAM_UNAVAILABLE")
        self.assertEqual(server.status.code, trace_pb2.Status.STATUS_CODE_ERROR)
        self.assertEqual(attributes(server)["interaction.attempts"], len(attempts))

    def test_a_call_without_a_trace_begins_one(self):
        self.start()
        self.call(traceparent=None)
        (client, server), _ = self.collector.spans(2)
        self.assertEqual(server.parent_span_id, b"")
        self.assertEqual(self.upstream_headers().group(1), client.trace_id.hex())

    def test_what_the_caller_does_not_record_is_not_recorded(self):
        self.start()
        self.call(traceparent=f"00-{TRACE_ID}-{CALLERS_SPAN}-00")
        self.assertEqual(self.upstream_headers().group(3), "00")
        self.assertEqual(self.server.end(), 0)
        self.assertTrue(self.collector.requests.empty())

    def test_a_ratio_of_zero_records_nothing(self):
        self.start(OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="0")
        self.call()
        self.assertEqual(self.server.end(), 0)
        self.assertTrue(self.collector.requests.empty())

    def test_a_collector_that_is_gone_stops_no_call_and_no_end(self):
        self.start(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")
        self.call()
        self.assertIsNotNone(self.upstream_headers())
        self.assertEqual(self.server.end(), 0)
        self.assertIn("spans could not be sent", self.server.output())

    def test_a_variable_that_is_wrong_stops_the_start(self):
        result = subprocess.run([SERVER, "--check-config"], capture_output=True, text=True, timeout=20, env=os.environ | {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_SAMPLER": "sometimes"})
        self.assertEqual(result.returncode, 78)
        self.assertIn("OTEL_TRACES_SAMPLER", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
