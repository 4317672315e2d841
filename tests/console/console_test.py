"""The console as its users have it, in Chromium.

usage: console_test.py SERVER SANDBOX GRPCURL [SCREENSHOTS]
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

from process import Process, start_gateway, write
from selenium.common.exceptions import JavascriptException
from selenium.webdriver.common.keys import Keys

from browser import Browser

SERVER, SANDBOX, GRPCURL = (os.path.abspath(path) for path in sys.argv[1:4])
SCREENSHOTS = sys.argv[4] if len(sys.argv) > 4 else None
TOKEN = "the-admin-token"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
REQUEST_ID = "0f1a8a7e-3a0b-4f5e-9c58-6f1c2b7d9e10"
VSP = {
    "interaction_identity": "+573001234567", "interaction_name": "Claim 1138",
    "account_id": "6925ebd4-125d-4338-a736-99f4b5bcb3d7", "contact_id": "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0",
}
CALLS = 7  # that setUpClass makes
WOLKVOX = {"sender": "+573001234567", "recipient": "+576015550100", "routing_point_id": "4711"}


class ConsoleTest(unittest.TestCase):
    """A gateway with some calls behind it, and a browser."""

    settings = {}

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="console-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.sandbox = Process([SANDBOX, "--listen", "127.0.0.1:0"], r"listening on (http:\S+)")
        cls.addClassCleanup(cls.sandbox.kill)
        settings = {
            "server.listen": "127.0.0.1:0", "admin.listen": "127.0.0.1:0", "egress.allow_plaintext": "true",
            "egress.allow_loopback": "true", "calls.drain_delay": "0s", "seethepro.base_url": cls.sandbox.address,
            "wolkvox.base_url": cls.sandbox.address, "wolkvox.default_server": "0042",
            "seethepro.app_access_key_file": write(cls.folder, "app-access-key", "key"),
            "wolkvox.token_files.0042": write(cls.folder, "wolkvox-token", "token"),
        } | {key: value() if callable(value) else value for key, value in cls.settings.items()}
        if "admin.try_it" in settings:
            settings["admin.token_file"] = write(cls.folder, "admin-token", TOKEN)
        cls.server = start_gateway(SERVER, settings)
        cls.addClassCleanup(cls.server.kill)
        cls.url = f"http://{cls.server.admin_address()}/"
        for name in "Claim 1138", "sandbox:close", "sandbox:unavailable", "sandbox:slow-40", "":
            cls.call("CreateVspInteraction", VSP | {"interaction_name": name})
        cls.call("CreateVspInteraction", VSP | {"request_id": REQUEST_ID}, "-H", f"traceparent: 00-{TRACE_ID}-00f067aa0ba902b7-01")
        cls.call("AddWolkvoxInteraction", WOLKVOX)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.quit)

    @classmethod
    def call(cls, method, request, *flags):
        subprocess.run([GRPCURL, "-plaintext", *flags, "-d", json.dumps(request), cls.server.address,
                        f"interaction.v1.InteractionService/{method}"], capture_output=True, timeout=60)

    def setUp(self):
        self.browser.resize(1280, 1000)
        self.browser.prefer("light")
        self.browser.complaints()

    def picture(self, name):
        if not SCREENSHOTS:
            return
        # All of the page, not only what fits into the window.
        self.browser.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        size = self.browser.run("return [innerWidth, Math.min(document.documentElement.scrollHeight, 3000), innerHeight]")
        self.browser.resize(size[0], size[1])
        self.browser.driver.save_screenshot(os.path.join(SCREENSHOTS, f"{name}.png"))
        self.browser.resize(size[0], size[2])

    def assert_accessible(self):
        self.assertEqual(self.browser.violations(), [])

    def assert_fits(self):
        width = self.browser.run("return [document.documentElement.scrollWidth, innerWidth]")
        self.assertLessEqual(width[0], width[1], "the page is wider than the window")

    def rows(self):
        return self.browser.find_all("#call-list tbody tr[data-id]")

    def row_texts(self):
        """Read at once, for the page changes."""
        return self.browser.run("return [...document.querySelectorAll('#call-list tbody tr[data-id]')].map((row) => row.innerText)")


class OpenConsoleTest(ConsoleTest):
    def setUp(self):
        super().setUp()
        # A visit of its own: an address that differs in its # alone would not load the page again.
        self.browser.driver.get("about:blank")
        self.browser.requests()
        self.browser.driver.get(self.url)
        self.browser.wait(lambda: len(self.row_texts()) >= CALLS, "the calls are shown")
        self.count = len(self.row_texts())

    def test_it_loads_without_a_complaint_and_asks_nobody_else(self):
        self.browser.wait(lambda: "last" in self.browser.find("#window").text, "rates need two answers")
        self.assertEqual(self.browser.complaints(), [])
        requests = self.browser.requests()
        self.assertIn(self.url + "statusz", requests)
        self.assertEqual([url for url in requests if not url.startswith(self.url)], [])
        self.assertFalse(self.browser.find("#try").is_displayed(), "it is switched off")
        self.assertFalse(self.browser.find("#sign-in").is_displayed(), "there is no token")
        self.picture("desktop-light")

    def test_the_policy_refuses_scripts_that_are_not_the_pages_own(self):
        for attack in ("document.body.innerHTML = '<b>text of others</b>'", "document.createElement('b').setAttribute('onclick', 'x()')",
                       "document.createElement('script').src = 'https://example.com/x.js'"):
            with self.assertRaisesRegex(JavascriptException, "Trusted", msg=attack):
                self.browser.run(attack)
        self.browser.run("new Image().src = 'https://example.com/x.png'")
        self.browser.wait(lambda: "Content Security Policy" in "".join(self.browser.complaints()), "a picture from elsewhere is refused")

    def test_what_is_wrong_is_named_with_what_to_do(self):
        text = self.browser.wait(lambda: self.browser.find("#attention").text, "the list is there")
        self.assertIn("UPSTREAM_CONNECTION_LOST", text)
        self.assertIn("What to do: Look before calling again", text)
        self.assertNotIn("INVALID_REQUEST", text, "that is for the caller to mend")
        upstreams = self.browser.find("#upstreams").text
        self.assertIn("closed", upstreams)
        self.assertIn("old (app-access-key)", upstreams)

    def test_filters_choose_calls_and_are_in_the_address(self):
        outcome = self.browser.find("[name=outcome]")
        outcome.send_keys("unknown")
        self.browser.wait(lambda: len(self.row_texts()) == 1, "one call has this outcome")
        self.assertIn("UPSTREAM_CONNECTION_LOST", self.row_texts()[0])
        self.assertEqual(self.browser.find("#count").text, f"1 of {self.count}")
        address = self.browser.driver.current_url
        self.assertTrue(address.endswith("#outcome=unknown"), address)
        self.browser.driver.get("about:blank")
        self.browser.driver.get(address)
        self.browser.wait(lambda: len(self.row_texts()) == 1, "the address holds the filter")
        self.browser.find("#filters [type=reset]").click()
        self.browser.wait(lambda: len(self.row_texts()) == self.count, "no filter")
        for field, value, count in ("requestId", REQUEST_ID, 1), ("traceId", TRACE_ID[:8], 1), ("caller", "nobody", 0):
            self.browser.find(f"[name={field}]").send_keys(value)
            self.browser.wait(lambda: len(self.row_texts()) == count, f"by {field}")
            self.browser.find(f"[name={field}]").clear()
        self.browser.find("#filters [type=reset]").click()

    def test_a_call_opens_by_keyboard_and_stays_while_others_come(self):
        self.browser.find("#filters [type=reset]").send_keys(Keys.TAB)
        self.browser.wait(lambda: self.browser.run("return document.activeElement.className") == "open", "the first call has the focus")
        focused = self.browser.driver.switch_to.active_element
        focused.send_keys(Keys.ENTER)
        self.assertEqual(focused.get_attribute("aria-expanded"), "true")
        details = self.browser.find("tr.more")
        self.assertRegex(details.find_element("css selector", "[role=img]").get_attribute("aria-label"), r"Phases: .*wait \d")
        self.assertIn("wait for the upstream’s answer", details.text)
        self.call("AddWolkvoxInteraction", WOLKVOX)
        self.browser.wait(lambda: self.browser.find("#newer").is_displayed(), "a newer call waits")
        self.assertEqual(self.browser.run("return document.activeElement.getAttribute('aria-expanded')"), "true", "the focus has stayed")
        self.browser.find("#newer").click()
        self.assertEqual(len(self.row_texts()), self.count + 1)
        self.assertEqual(self.browser.find_all("tr.more"), [details])

    def test_an_error_is_explained(self):
        self.open_lost_call()
        text = self.browser.find("tr.more").text
        for part in ("What it means: The connection broke after the request may have reached the upstream and before it answered. (The connection broke before any answer.)", "What to do: Look before calling again",
                     "An interaction may have been opened", "no complete response"):
            self.assertIn(part, text)
        self.assert_accessible()
        self.picture("desktop-error")

    def test_it_can_be_read_in_light_and_dark(self):
        ground = self.browser.run("return getComputedStyle(document.body).backgroundColor")
        self.assert_accessible()
        self.browser.prefer("dark")
        self.assertNotEqual(self.browser.run("return getComputedStyle(document.body).backgroundColor"), ground)
        self.open_lost_call()
        self.assert_accessible()
        self.picture("desktop-dark")

    def test_it_fits_a_phone(self):
        self.browser.resize(360, 740)
        self.assert_fits()
        self.open_lost_call()
        self.assert_fits()
        self.assert_accessible()
        self.picture("phone")

    def open_lost_call(self):
        row = next(row for row in self.rows() if "UPSTREAM_CONNECTION_LOST" in row.text)
        row.find_element("css selector", "button.open").click()


class TryItTest(ConsoleTest):
    settings = {"admin.try_it": "true"}

    def setUp(self):
        super().setUp()
        self.browser.driver.get(self.url + "livez")  # without scripts, of the same origin
        self.browser.run("sessionStorage.clear()")
        self.browser.complaints()
        self.browser.driver.get(self.url)
        self.browser.wait(lambda: self.browser.find("#token").is_displayed(), "it asks for the token")

    def sign_in(self, token=TOKEN):
        self.browser.find("#token").send_keys(token, Keys.ENTER)

    def fill(self, fields):
        self.browser.wait(lambda: self.browser.find("#try").is_displayed(), "the form is there")
        for name, value in fields.items():
            self.browser.find(f"#try-{name}").send_keys(value)

    def make_call(self):
        self.browser.find("#try-form [type=submit]").click()
        result = self.browser.find("#try-result")
        self.browser.wait(lambda: result.is_displayed() and "under way" not in result.text and result.text, "the result is shown")
        return result.text

    def test_it_asks_for_the_token_and_shows_nothing_without(self):
        self.assertEqual(self.browser.complaints(), [])
        self.assert_accessible()
        self.sign_in("wrong")
        self.browser.wait(lambda: "not the token" in self.browser.find("#token-error").text, "the token is refused")
        self.assertFalse(self.browser.find("#content").is_displayed())
        self.sign_in()
        self.browser.wait(lambda: len(self.row_texts()) >= CALLS, "the calls are shown")
        self.browser.driver.refresh()
        self.browser.wait(lambda: len(self.row_texts()) >= CALLS, "this tab remembers it")
        self.browser.find("#forget").click()
        self.assertFalse(self.browser.find("#content").is_displayed())
        self.assertIsNone(self.browser.run("return sessionStorage.getItem('admin-token')"))

    def test_a_call_opens_an_interaction_and_is_listed(self):
        self.sign_in()
        self.fill(VSP)
        text = self.make_call()
        self.assertIn("OK", text)
        self.assertIn('"interaction_id"', text)
        self.browser.wait(lambda: any("admin:try-it" in row for row in self.row_texts()), "it is a call like others")
        self.assertEqual(self.browser.complaints(), [])
        self.picture("try-it")

    def test_an_error_is_shown_whole(self):
        self.sign_in()
        self.fill({"interaction_identity": "+573001234567"})
        text = self.make_call()
        for part in "INVALID_ARGUMENT", "google.rpc.ErrorInfo", '"reason": "INVALID_REQUEST"', "google.rpc.BadRequest", '"field": "account_id"':
            self.assertIn(part, text)
        self.assert_accessible()
        self.picture("try-it-error")
        self.browser.resize(360, 740)
        self.assert_fits()

    def test_the_call_can_be_copied_without_its_secrets(self):
        self.sign_in()
        self.fill(VSP | {"app_access_key": "canary-secret", "tenant_key": VSP["account_id"]})
        texts = {}
        for button in self.browser.find_all("#try-languages button"):
            button.click()
            texts[button.text] = self.browser.find("#try-copy").text
        self.assertEqual(set(texts), {"grpcurl", "interactionctl", "Go", "Python"})
        for language, text in texts.items():
            self.assertIn("+573001234567", text, language)
            self.assertNotIn("canary-secret", text, language)
        command = texts["grpcurl"].replace("\\\n", " ").replace('"app_access_key": "SECRET",', "")
        answer = subprocess.run(["bash", "-c", command.replace("grpcurl", GRPCURL, 1)], capture_output=True, text=True, timeout=60)
        self.assertIn("interactionId", answer.stdout, answer.stderr)
        compile(texts["Python"], "copy", "exec")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2, failfast=True)
