"""Five incidents, each played with the sandbox and found from what an operator has: the alert, the dashboard, the log, the console.

usage: incidents_test.py SERVER SANDBOX GRPCURL PROMETHEUS REDIS
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

from browser import Browser
from process import Process, start_gateway, write

SERVER, SANDBOX, GRPCURL, PROMETHEUS, REDIS = (os.path.abspath(path) for path in sys.argv[1:6])
MONITORING = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../deploy/monitoring")
REQUEST_ID = "0f1a8a7e-3a0b-4f5e-9c58-6f1c2b7d9e10"
VSP = {
    "interaction_identity": "+573001234567", "interaction_name": "Claim 1138",
    "account_id": "6925ebd4-125d-4338-a736-99f4b5bcb3d7", "contact_id": "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0",
}
WOLKVOX = {"sender": "+573001234567", "recipient": "+576015550100", "routing_point_id": "4711"}


class Place:
    """A gateway of its own for one incident, with a vendor that can be broken."""

    def __init__(self, folder, name, redis=None):
        self.folder = os.path.join(folder, name)
        os.mkdir(self.folder)
        self.vendor = Process([SANDBOX, "--listen", "127.0.0.1:0"], r"listening on (http:\S+)")
        self.token = write(self.folder, "wolkvox-token", "good-token")
        settings = {
            "server.listen": "127.0.0.1:0", "admin.listen": "127.0.0.1:0", "egress.allow_plaintext": "true",
            "egress.allow_loopback": "true", "calls.drain_delay": "0s", "seethepro.base_url": self.vendor.address,
            "wolkvox.base_url": self.vendor.address, "wolkvox.default_server": "0042",
            "seethepro.app_access_key_file": write(self.folder, "app-access-key", "key"), "wolkvox.token_files.0042": self.token,
        }
        if redis:
            settings |= {"redis.address": redis, "redis.replicas": "1", "idempotency.store": "redis",
                         "redis.digest_key_file": write(self.folder, "digest-key", "d" * 64)}
        self.gateway = start_gateway(SERVER, settings)
        self.admin = self.gateway.admin_address()

    def call(self, method, request, seconds="5"):
        return subprocess.run([GRPCURL, "-plaintext", "-max-time", seconds, "-d", json.dumps(request), self.gateway.address,
                               f"interaction.v1.InteractionService/{method}"], capture_output=True, text=True, timeout=60)

    def break_vendor(self, fault):
        urllib.request.urlopen(urllib.request.Request(f"{self.vendor.address}/sandbox/faults", json.dumps(fault).encode()), timeout=10)

    def log(self, text):
        """The lines of the log that contain the text."""
        return [json.loads(line) for line in list(self.gateway.lines) if text in line]

    def end(self):
        self.gateway.kill()
        self.vendor.kill()


def eventually(condition, what, seconds=40):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(what() if callable(what) else what)
        time.sleep(0.2)
    return value


class IncidentsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="incidents-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.redis = Process([REDIS, "--port", "0", "--unixsocket", f"{cls.folder}/redis.sock", "--save", "", "--dir", cls.folder],
                            r"(unixsocket|unix:|connections) ?\S*")
        cls.addClassCleanup(cls.redis.kill)
        cls.places = {}
        for name in "expired", "quota", "down", "slow", "redis":
            cls.places[name] = Place(cls.folder, name, f"unix:{cls.folder}/redis.sock" if name == "redis" else None)
            cls.addClassCleanup(cls.places[name].end)
        cls.start_prometheus()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.quit)
        for place in cls.places.values():  # all is well before
            for method, request in ("CreateVspInteraction", VSP), ("AddWolkvoxInteraction", WOLKVOX):
                answer = place.call(method, request)
                assert answer.returncode == 0, answer.stderr
            cls.browser.driver.get(f"http://{place.admin}/")
            eventually(lambda: cls.browser.find("#attention").text == "Nothing.", "the console sees an incident where there is none")
        eventually(lambda: len(cls.query('interaction_calls_total{outcome="applied"} > 0')) >= 2 * len(cls.places), "nothing is scraped")

    @classmethod
    def start_prometheus(cls):
        shutil.copy(os.path.join(MONITORING, "alerts.yaml"), cls.folder)
        path = os.path.join(cls.folder, "prometheus.yaml")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"global": {"scrape_interval": "500ms", "evaluation_interval": "1s"}, "rule_files": ["alerts.yaml"],
                       "scrape_configs": [{"job_name": "interaction-gateway",
                                           "static_configs": [{"targets": [place.admin for place in cls.places.values()]}]}]}, file)
        cls.prometheus = Process([PROMETHEUS, f"--config.file={path}", f"--storage.tsdb.path={cls.folder}/data",
                                  "--web.listen-address=127.0.0.1:0"], r"Listening on.*address=(\S+)")
        cls.addClassCleanup(cls.prometheus.kill)

    @classmethod
    def ask(cls, path):
        with urllib.request.urlopen(f"http://{cls.prometheus.address}/api/v1/{path}", timeout=10) as reply:
            return json.load(reply)["data"]

    @classmethod
    def query(cls, text):
        return cls.ask("query?" + urllib.parse.urlencode({"query": text}))["result"]

    def assert_alert(self, name):
        """Pending counts: some wait for minutes before they call somebody."""
        seen = lambda: {alert["labels"]["alertname"] for alert in self.ask("alerts")["alerts"]}  # noqa: E731
        eventually(lambda: name in seen(), lambda: f"{name} is not among {seen()}")

    def assert_panel(self, place, title, shows, query=0, **labels):
        """The panel of the dashboard, for this replica, shows such a value."""
        with open(os.path.join(MONITORING, "dashboard.json"), encoding="utf-8") as file:
            panel = next(panel for panel in json.load(file)["panels"] if panel["title"] == title)
        text = panel["targets"][query]["expr"].replace("$__rate_interval", "1m").replace("$job", "interaction-gateway")
        text = text.replace("$instance", place.admin)
        found = lambda: [float(series["value"][1]) for series in self.query(text)  # noqa: E731
                         if labels.items() <= series["metric"].items()]
        eventually(lambda: any(shows(value) for value in found()), lambda: f"{title} shows {found()}")

    def assert_logged(self, place, text, **fields):
        lines = eventually(lambda: place.log(text), f"no line of the log has {text}")
        for line in lines:
            if all(line.get(key) == value for key, value in fields.items()):
                return
        self.fail(f"no line has {fields}: {lines[-1]}")

    def assert_attention(self, place, *parts):
        """The list at the top of the console says it."""
        self.browser.driver.get(f"http://{place.admin}/")
        text = lambda: self.browser.find("#attention").text  # noqa: E731
        eventually(lambda: all(part in text() for part in parts), lambda: f"the console says: {text()}")

    def upstream(self, place, name):
        return next(row.text for row in self.browser.find_all("#upstreams tbody tr") if name in row.text)

    def test_a_vendors_token_has_expired(self):
        place = self.places["expired"]
        write(place.folder, "wolkvox-token", "invalid-token")
        eventually(lambda: place.log("configuration reloaded"), "the file is noticed")
        self.assertNotEqual(place.call("AddWolkvoxInteraction", WOLKVOX).returncode, 0)
        self.assert_alert("InteractionCredentialRefused")
        self.assert_panel(place, "Failures by reason", lambda value: value > 0, reason="UPSTREAM_PERMISSION_DENIED")
        self.assert_logged(place, '"call"', reason="UPSTREAM_PERMISSION_DENIED", upstream="wolkvox", httpStatus=403)
        self.assert_attention(place, "The upstream does not allow this with the credential used.", "UPSTREAM_PERMISSION_DENIED")
        self.assertIn("UPSTREAM_PERMISSION_DENIED", self.upstream(place, "wolkvox"))

    def test_a_quota_is_used_up(self):
        place = self.places["quota"]
        write(place.folder, "wolkvox-token", "exhausted-token")
        eventually(lambda: place.log("configuration reloaded"), "the file is noticed")
        for _ in range(3):
            self.assertNotEqual(place.call("AddWolkvoxInteraction", WOLKVOX).returncode, 0)
        self.assert_alert("InteractionCredentialParked")
        self.assert_panel(place, "Permits", lambda value: value == 1, query=2, upstream="wolkvox")
        self.assert_logged(place, '"call"', reason="UPSTREAM_DAILY_QUOTA", upstream="wolkvox")
        self.assert_attention(place, "the daily quota of 1 credential is used up", "UPSTREAM_DAILY_QUOTA")
        self.assertIn("1 parked", self.upstream(place, "wolkvox"))

    def test_a_vendor_is_down(self):
        place = self.places["down"]
        place.vendor.kill()
        for _ in range(30):
            place.call("CreateVspInteraction", VSP, "1")
            if place.log("UPSTREAM_CIRCUIT_OPEN"):
                break
        self.assert_alert("InteractionBreakerOpen")
        self.assert_panel(place, "Circuit breakers", lambda value: value > 0, upstream="seethepro")
        self.assert_logged(place, '"call"', reason="UPSTREAM_CIRCUIT_OPEN", upstream="seethepro", outcome="not_applied")
        self.assert_attention(place, "the breaker is open", "No connection to the upstream could be opened.")
        self.assertIn("UPSTREAM_CONNECT_FAILED", self.upstream(place, "seethepro"))

    def test_a_vendor_is_slow(self):
        place = self.places["slow"]
        place.break_vendor({"vendor": "seethepro", "delay_ms": 6000})
        callers = [subprocess.Popen([GRPCURL, "-plaintext", "-max-time", seconds, "-d", json.dumps(VSP), place.gateway.address,
                                     "interaction.v1.InteractionService/CreateVspInteraction"], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL) for seconds in ("2", "2", "15", "15", "15")]
        for caller in callers:
            caller.wait(60)
        self.assert_alert("InteractionUpstreamSlow")
        self.assert_alert("InteractionOutcomesUnknown")
        self.assert_panel(place, "Duration by host", lambda value: value > 5)
        self.assert_logged(place, '"call"', reason="UPSTREAM_TIMEOUT", phase="wait", outcome="unknown")
        self.assert_logged(place, "answer arrived after its caller had left", outcome="applied")
        self.assert_attention(place, "seethepro", "is slow", "UPSTREAM_TIMEOUT")

    def test_redis_is_gone(self):
        place = self.places["redis"]
        self.assertEqual(place.call("CreateVspInteraction", VSP | {"request_id": REQUEST_ID}).returncode, 0)
        self.redis.kill()
        eventually(lambda: place.call("CreateVspInteraction", VSP | {"request_id": REQUEST_ID}).returncode, "it is noticed")
        self.assert_alert("InteractionRedisGone")
        self.assert_panel(place, "Redis", lambda value: value == 0)
        self.assert_logged(place, '"call"', reason="IDEMPOTENCY_STORE_UNAVAILABLE", outcome="not_applied", phase="store")
        self.assert_attention(place, "Redis is not connected", "IDEMPOTENCY_STORE_UNAVAILABLE")
        self.assertEqual(place.call("CreateVspInteraction", VSP).returncode, 0, "calls without a request_id go on")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
