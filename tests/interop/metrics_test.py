"""What /metrics shows, as the tools that read it see it: promtool and Prometheus' own parser of OpenMetrics.

usage: metrics_test.py SERVER SANDBOX GRPCURL PROMTOOL
"""
import json
import os
import subprocess
import sys
import unittest
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from process import Process

SERVER, SANDBOX, GRPCURL, PROMTOOL = (os.path.abspath(path) for path in sys.argv[1:5])
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CALL = {
    "app_access_key": "key-of-the-caller", "interaction_identity": "+573001234567", "interaction_name": "Claim 1138",
    "account_id": "6925ebd4-125d-4338-a736-99f4b5bcb3d7", "contact_id": "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0",
}


class MetricsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sandbox = Process([SANDBOX, "--listen", "127.0.0.1:0"], r"listening on (http:\S+)")
        cls.server = Process(
            [SERVER, "--set", "server.listen=127.0.0.1:0", "--set", "admin.listen=127.0.0.1:0", "--set",
             "egress.allow_plaintext=true", "--set", "egress.allow_loopback=true", "--set", "calls.drain_delay=0s", "--set",
             f"seethepro.base_url={cls.sandbox.address}", "--set", f"wolkvox.base_url={cls.sandbox.address}"],
            r'"serving","address":"([^"]+)"')
        cls.admin = cls.server.admin_address()
        for name in "Claim 1138", "sandbox:unavailable", "sandbox:status-500", "":
            subprocess.run([GRPCURL, "-plaintext", "-H", f"traceparent: 00-{TRACE_ID}-00f067aa0ba902b7-01", "-d",
                            json.dumps(CALL | {"interaction_name": name}), cls.server.address,
                            "interaction.v1.InteractionService/CreateVspInteraction"], capture_output=True, timeout=20)

    @classmethod
    def tearDownClass(cls):
        assert cls.server.end() == 0, "the server did not end in good order"
        cls.sandbox.end()

    def get(self, accept):
        request = urllib.request.Request(f"http://{self.admin}/metrics", headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.read().decode()

    def test_promtool_finds_nothing_to_complain_of(self):
        result = subprocess.run([PROMTOOL, "check", "metrics"], input=self.get("text/plain"), capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))

    def test_openmetrics_can_be_parsed_and_says_the_same(self):
        families = {family.name: family for family in
                    text_string_to_metric_families(self.get("application/openmetrics-text; version=1.0.0"))}
        calls = {(s.labels["reason"], s.labels["outcome"]): s.value
                 for s in families["interaction_calls"].samples if s.labels["rpc"] == "CreateVspInteraction"}
        self.assertEqual(calls["OK", "applied"], 1)
        self.assertEqual(calls["INVALID_REQUEST", "not_applied"], 1)
        self.assertEqual(calls["UPSTREAM_UNAVAILABLE", "not_applied"], 1)
        exemplars = [s.exemplar for s in families["grpc_server_handling_seconds"].samples if s.exemplar]
        self.assertTrue(exemplars)
        self.assertEqual({e.labels["trace_id"] for e in exemplars}, {TRACE_ID})

    def test_every_failure_is_counted_by_attempt(self):
        attempts = {}
        for family in text_string_to_metric_families(self.get("application/openmetrics-text")):
            if family.name == "interaction_upstream_attempts":
                for sample in family.samples:
                    key = sample.labels["upstream"], sample.labels["status_class"], sample.labels["outcome"]
                    attempts[key] = attempts.get(key, 0) + sample.value
        self.assertEqual(attempts["seethepro", "2xx", "applied"], 1)
        self.assertGreaterEqual(attempts["seethepro", "5xx", "not_applied"], 1)
        self.assertEqual(attempts["wolkvox", "2xx", "applied"], 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
