#!/usr/bin/env python3
"""interactionctl at a terminal, where a person reads and types: what it asks, and what it tells them while they wait.
terminal_test.py SERVER SANDBOX INTERACTIONCTL"""
import os
import pty
import select
import signal
import subprocess
import sys
import time
import unittest

from sheets import ACCOUNT, CONTACT, HEADER_LINE
from world import WorldTest


class Terminal:
    """A program whose standard streams are a terminal."""

    def __init__(self, command, folder, environment):
        self.ours, theirs = pty.openpty()
        self.text = ""
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
                                        start_new_session=True)
        os.close(theirs)

    def read(self, timeout):
        """What comes next; None at the end."""
        if not select.select([self.ours], [], [], timeout)[0]:
            raise AssertionError(f"nothing more came; until then: {self.text!r}")
        try:
            return os.read(self.ours, 65536).decode("utf-8")
        except OSError:  # nobody has the other end any more
            return None

    def read_until(self, expected):
        end = time.monotonic() + 30
        while expected not in self.text:
            more = self.read(end - time.monotonic())
            if not more:
                raise AssertionError(f"{expected!r} did not come: {self.text!r}")
            self.text += more

    def type(self, text):
        os.write(self.ours, text.encode())

    def end(self):
        """All that was shown, and the exit code."""
        while more := self.read(30):
            self.text += more
        os.close(self.ours)
        return self.text, self.process.wait(30)


class TerminalTest(WorldTest):
    def opened(self):
        return len(self.new_posts())

    def start(self, *arguments, term="xterm"):
        return Terminal([self.world.interactionctl, *arguments], self.world.folder, self.world.environment() | {"TERM": term})

    def write(self, name, rows):
        text = HEADER_LINE + "".join(f"+{n},{name} {n},{ACCOUNT},{CONTACT}\n" for n in range(rows))
        (self.world.folder / name).write_text(text, encoding="utf-8")

    def start_import(self, name, *flags, **options):
        return self.start("import", "--method", "create-vsp", name, *flags, **options)

    def test_an_import_asks_first_and_sends_nothing_unless_the_answer_is_yes(self):
        self.write("asked.csv", 3)
        for answer in ("\n", "no\n", "\x04"):
            terminal = self.start_import("asked.csv")
            terminal.read_until("Open 3 interactions through " + self.world.gateway.address + "? [y/N] ")
            terminal.type(answer)
            text, code = terminal.end()
            self.assertEqual(code, 2)
            self.assertIn("nothing was sent; --dry-run shows the requests, --yes sends them without this question", text)
        self.assertEqual(self.opened(), 0)
        terminal = self.start_import("asked.csv", "--limit", "2")
        terminal.read_until("Open 2 interactions through ")
        terminal.type("y\n")
        self.assertEqual(terminal.end()[1], 0)
        self.assertEqual(self.opened(), 2)
        terminal = self.start_import("asked.csv")
        terminal.read_until("Open 1 interaction through ")
        terminal.type("yes\n")
        self.assertEqual(terminal.end()[1], 0)
        self.assertNotIn("[y/N]", self.start_import("asked.csv").end()[0], "nothing is left to be asked about")
        self.assertEqual(self.opened(), 3)

    def test_yes_answers_the_question(self):
        self.write("yes.csv", 2)
        text, code = self.start_import("yes.csv", "--yes").end()
        self.assertEqual(code, 0)
        self.assertNotIn("[y/N]", text)
        self.assertEqual(self.opened(), 2)

    def test_progress_rewrites_its_line_unless_the_terminal_cannot(self):
        self.write("line.csv", 2)
        self.assertIn("\r100% [", self.start_import("line.csv", "--yes").end()[0])
        dumb = self.start_import("line.csv", "--yes", term="dumb").end()[0]
        self.assertIn("100% [", dumb)
        self.assertNotIn("\x1b", dumb)
        self.assertNotIn("\x1b", self.start("create-vsp", "--account-id", "12").end()[0], "no colours")

    def test_whoever_is_to_type_the_request_is_told(self):
        terminal = self.start("create-vsp", "--json", "-", "--dry-run")
        terminal.read_until("reading from standard input; Ctrl-D")
        terminal.type('{"accountId": "12"}\n\x04')
        text, code = terminal.end()
        self.assertEqual(code, 0)
        self.assertRegex(text, r"account_id +12")

    def test_whoever_waits_for_an_answer_is_told_for_what(self):
        self.world.ask_sandbox("/sandbox/faults", {"vendor": "seethepro", "delay_ms": 1500, "count": 2})
        call = ("create-vsp", "--interaction-identity", "+1", "--interaction-name", "slow", "--account-id", ACCOUNT, "--contact-id", CONTACT)
        quiet = self.start(*call, "--quiet")
        text, code = self.start(*call).end()
        self.assertEqual(code, 0)
        self.assertIn(f"waiting for the answer of {self.world.gateway.address}, at most 30s; Ctrl-C cancels", text)
        self.assertNotIn("waiting", quiet.end()[0])

    def test_an_import_that_is_interrupted_says_at_once_what_it_waits_for(self):
        self.write("stop.csv", 50)
        self.world.ask_sandbox("/sandbox/faults", {"vendor": "seethepro", "delay_ms": 300})
        terminal = self.start_import("stop.csv", "--yes", "--jobs", "1")
        terminal.read_until("% [")
        terminal.process.send_signal(signal.SIGINT)
        terminal.read_until("stopping when the calls under way are answered; the same signal again ends it at once")
        text, code = terminal.end()
        self.assertEqual(code, -signal.SIGINT)
        self.assertIn("stopped; the same command goes on with the rest", text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
