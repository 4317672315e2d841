"""The rules and the dashboard of deploy/monitoring: that rules fire when they should, that each has its section in the runbook, and
that no query of either is without an answer when a real Prometheus scrapes a gateway under load.

usage: monitoring_test.py SERVER SANDBOX GRPCURL PROMETHEUS PROMTOOL
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

from process import Process, start_gateway, write

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
MONITORING = os.path.join(ROOT, "deploy/monitoring")
SERVER, SANDBOX, GRPCURL, PROMETHEUS, PROMTOOL = (os.path.abspath(path) for path in sys.argv[1:6])
CALL = {
    "interaction_identity": "+573001234567", "interaction_name": "Claim 1138",
    "account_id": "6925ebd4-125d-4338-a736-99f4b5bcb3d7", "contact_id": "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0",
}
METRIC = re.compile(r"\b((?:interaction|grpc|http|process)_[a-z_]+|up|interaction:[a-z_:0-9]+)(\{[^}]*\})?")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def alerts():
    return re.findall(r"- alert: (\w+)", read("deploy/monitoring/alerts.yaml"))


def dashboard_queries():
    for panel in json.loads(read("deploy/monitoring/dashboard.json"))["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


class RulesTest(unittest.TestCase):
    def test_promtool_takes_the_rules_and_each_fires_when_it_should(self):
        for command in ["check", "rules", "alerts.yaml"], ["test", "rules", "alerts_test.yaml"]:
            result = subprocess.run([PROMTOOL, *command], cwd=MONITORING, capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_every_alert_is_tested_and_has_a_section_in_the_runbook(self):
        self.assertEqual(re.findall(r"^## (\w+)$", read("docs/runbook.md"), re.M), alerts())
        self.assertEqual(set(re.findall(r"- name: (\w+)", read("deploy/monitoring/alerts_test.yaml"))), set(alerts()))

    def test_every_panel_that_the_runbook_names_exists(self):
        titles = {panel["title"] for panel in json.loads(read("deploy/monitoring/dashboard.json"))["panels"]}
        named = set(re.findall(r"\*([A-Z][A-Za-z_ ]+)\*", read("docs/runbook.md").replace("**", "")))
        named -= {"Means", "Look", "Do"}
        self.assertEqual(named - titles, set())
        self.assertGreater(len(named), 10)


class QueriesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="monitoring-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.sandbox = Process([SANDBOX, "--listen", "127.0.0.1:0"], r"listening on (http:\S+)")
        cls.addClassCleanup(cls.sandbox.kill)
        cls.start_gateway()
        cls.start_prometheus()
        for _ in range(8):
            for name in "Claim 1138", "sandbox:unavailable", "sandbox:close", "":
                cls.call(name)
            time.sleep(0.5)  # scrapes have to see the counts grow

    @classmethod
    def start_gateway(cls):
        """With all that has a metric: TLS, Redis, a credential with a limit, a collector of traces that is gone."""
        cert, key = os.path.join(cls.folder, "tls.crt"), os.path.join(cls.folder, "tls.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                       check=True, capture_output=True)
        cls.cert = cert
        settings = {
            "server.listen": "127.0.0.1:0", "admin.listen": "127.0.0.1:0", "egress.allow_plaintext": "true",
            "egress.allow_loopback": "true", "calls.drain_delay": "0s", "seethepro.base_url": cls.sandbox.address,
            "wolkvox.base_url": cls.sandbox.address, "server.tls_cert_file": cert, "server.tls_key_file": key,
            "seethepro.app_access_key_file": write(cls.folder, "app-access-key", "key"),
            "wolkvox.token_files.0042": write(cls.folder, "token", "token"), "redis.address": "127.0.0.1:1",
            "redis.digest_key_file": write(cls.folder, "digest-key", "d" * 64), "redis.replicas": "1",
        }
        cls.gateway = start_gateway(SERVER, settings, environment={
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_BSP_SCHEDULE_DELAY": "100"})
        cls.addClassCleanup(cls.gateway.kill)
        cls.admin = cls.gateway.admin_address()

    @classmethod
    def start_prometheus(cls):
        shutil.copy(os.path.join(MONITORING, "alerts.yaml"), cls.folder)
        config = write(cls.folder, "prometheus.yaml", json.dumps({
            "global": {"scrape_interval": "500ms", "evaluation_interval": "1s"}, "rule_files": ["alerts.yaml"],
            "scrape_configs": [{"job_name": "interaction-gateway", "static_configs": [{"targets": [cls.admin]}]}]}))
        cls.prometheus = Process(
            [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={cls.folder}/data",
             "--web.listen-address=127.0.0.1:0"], r"Listening on.*address=(\S+)")
        cls.addClassCleanup(cls.prometheus.kill)

    @classmethod
    def call(cls, name):
        subprocess.run([GRPCURL, "-cacert", cls.cert, "-d", json.dumps(CALL | {"interaction_name": name}), cls.gateway.address,
                        "interaction.v1.InteractionService/CreateVspInteraction"], capture_output=True, timeout=20)

    def query(self, text):
        url = f"http://{self.prometheus.address}/api/v1/query?" + urllib.parse.urlencode({"query": text})
        with urllib.request.urlopen(url, timeout=10) as reply:
            answer = json.load(reply)
        self.assertEqual(answer["status"], "success", text)
        return answer["data"]["result"]

    def assert_answered(self, text, what):
        deadline = time.monotonic() + 10
        while not self.query(text):
            self.assertLess(time.monotonic(), deadline, f"{what}: no answer to {text}")
            time.sleep(0.2)

    def test_every_query_of_the_dashboard_has_an_answer(self):
        count = 0
        for title, expression in dashboard_queries():
            text = expression.replace("$__rate_interval", "1m").replace("$job", "interaction-gateway").replace("$instance", ".*")
            self.assert_answered(text, title)
            count += 1
        self.assertGreater(count, 30)

    def test_every_series_of_the_rules_exists(self):
        for expression in re.findall(r"expr: \|\n((?: {10}.*\n)+)", read("deploy/monitoring/alerts.yaml")):
            for name, labels in METRIC.findall(expression):
                # These reasons have not occurred, but their series is there.
                self.assert_answered(name + labels, expression.strip())

    def test_what_is_wrong_here_is_alerted_of(self):
        rules = None
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with urllib.request.urlopen(f"http://{self.prometheus.address}/api/v1/alerts", timeout=10) as reply:
                rules = {alert["labels"]["alertname"] for alert in json.load(reply)["data"]["alerts"]}
            if {"InteractionOutcomesUnknown", "InteractionCertificateEnds", "InteractionRedisGone"} <= rules:
                return
            time.sleep(0.5)
        self.fail(f"only {rules}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
