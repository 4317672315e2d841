#!/usr/bin/env python3
"""interactionctl import against the real gateway with the sandbox behind it: sheets as LibreOffice writes them, files that are imported
again, and what is refused. import_test.py SERVER SANDBOX INTERACTIONCTL"""
import csv
import json
import signal
import sys
import unittest

from sheets import ACCOUNT, CONTACT, FOLDER, HEADER_LINE, SHEETS
from world import WorldTest


def line(identity, name):
    return f"{identity},{name},{ACCOUNT},{CONTACT}\n"


class ImportTest(WorldTest):
    def write(self, name, text):
        (self.world.folder / name).write_text(text, encoding="utf-8")

    def run_import(self, *arguments, code=0, stdin=None):
        done = self.world.run("--method", "create-vsp", *arguments, stdin=stdin)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def results(self, name):
        with open(self.world.folder / f"{name}.results.csv", newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file))

    def opened(self):
        """The names of what reached the upstream in this test."""
        return [post["InteractionName"] for post, _ in self.new_posts()]

    def test_sheets_of_libreoffice_are_imported_right_or_refused_with_row_and_column(self):
        for sheet in SHEETS:
            with self.subTest(sheet.name):
                done = self.world.run("--method", "create-vsp", FOLDER / f"{sheet.name}.csv", "--dry-run", *sheet.flags)
                requests = [json.loads(text) for text in done.stdout.splitlines()]
                if sheet.imported:
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertEqual([(one["interaction_identity"], one["interaction_name"]) for one in requests], list(sheet.imported))
                    self.assertEqual({(one["account_id"], one["contact_id"]) for one in requests}, {(ACCOUNT, CONTACT)})
                else:
                    self.assertEqual(done.returncode, 2)
                    for text in sheet.refused:
                        self.assertIn(text, done.stderr)
        self.assertEqual(self.opened(), [])

    def test_what_was_opened_is_not_sent_again_and_a_corrected_copy_sends_what_changed(self):
        self.write("copies.csv", HEADER_LINE + line("+1", "one") + line("+2", "two") + line("+2", "two"))
        self.run_import("copies.csv")
        self.assertEqual(sorted(self.opened()), ["one", "two", "two"])
        self.run_import("copies.csv")
        self.write("copy 2.csv", HEADER_LINE + line("+3", "three") + line("+2", "two") + line("+1", "corrected") + line("+2", "two"))
        self.run_import("copy 2.csv", "--name", "copies", "--resume")
        self.assertEqual(sorted(self.opened()), ["corrected", "one", "three", "two", "two"])

    def test_another_name_is_another_import(self):
        self.write("named.csv", HEADER_LINE + line("+1", "twice"))
        self.run_import("named.csv")
        self.run_import("named.csv", "--name", "august")
        self.assertEqual(self.opened(), ["twice", "twice"])

    def test_without_its_journal_an_import_is_answered_from_the_records_of_the_gateway(self):
        self.write("lost.csv", HEADER_LINE + line("+1", "once"))
        self.run_import("lost.csv")
        first = self.results("lost")
        (self.world.folder / "lost.import-journal").unlink()
        self.run_import("lost.csv")
        self.assertEqual(self.opened(), ["once"])
        self.assertEqual(self.results("lost"), first)

    def test_nothing_is_sent_while_a_row_has_problems(self):
        self.write("bad.csv", HEADER_LINE + line("+1", "good") + line("", "bad"))
        done = self.run_import("bad.csv", code=2)
        self.assertIn("row 3: column A 'Interaction Identity' is required", done.stderr)
        self.assertEqual(self.opened(), [])
        self.assertFalse((self.world.folder / "bad.import-journal").exists())
        self.run_import("bad.csv", "--send-valid", code=4)
        self.assertEqual(self.opened(), ["good"])
        self.assertEqual([row["import_outcome"] for row in self.results("bad")], ["applied", "invalid"])

    def test_the_rows_to_correct_are_an_input_again(self):
        self.write("vendor.csv", HEADER_LINE + line("+1", "fine") + line("+2", "sandbox:not-found"))
        self.run_import("vendor.csv", code=4)
        corrected = (self.world.folder / "vendor.to-correct.csv").read_text(encoding="utf-8")
        self.assertIn("UPSTREAM_NOT_FOUND", corrected)
        self.assertNotIn("fine", corrected)
        self.write("vendor.to-correct.csv", corrected.replace("sandbox:not-found", "corrected"))
        self.run_import("vendor.to-correct.csv", "--name", "vendor")
        self.assertEqual(sorted(self.opened()), ["corrected", "fine", "sandbox:not-found"])

    def test_results_name_what_was_opened_and_what_to_do(self):
        self.write("outcomes.csv", HEADER_LINE + line("+1", "opened") + line("+2", "sandbox:model-state") + line("+3", "sandbox:close"))
        done = self.run_import("outcomes.csv", "-o", "json", code=4)
        summary = json.loads(done.stdout)
        self.assertEqual({key: summary[key] for key in ("rows", "applied", "not_applied", "unknown")},
                         {"rows": 3, "applied": 1, "not_applied": 1, "unknown": 1})
        opened, refused, unknown = self.results("outcomes")
        self.assertTrue(opened["import_interaction_id"])
        self.assertEqual((refused["import_outcome"], refused["import_reason"]), ("not_applied", "UPSTREAM_REJECTED_ARGUMENT"))
        self.assertEqual((unknown["import_outcome"], unknown["import_reason"]), ("unknown", "OUTCOME_UNKNOWN"))
        self.assertIn("check at the vendor", unknown["import_to_do"])
        self.assertEqual(self.opened().count("sandbox:close"), 1)

    def test_a_vendor_that_is_busy_is_given_the_time_that_it_asks_for(self):
        self.write("busy.csv", HEADER_LINE + "".join(line(f"+{n}", f"busy {n}") for n in range(20)))
        self.world.ask_sandbox("/sandbox/faults", {"vendor": "seethepro", "fault": "rate-limited", "count": 1})
        self.run_import("busy.csv", "--jobs", 4)
        self.assertEqual(len(set(self.opened())), 20)
        self.assertEqual({row["import_outcome"] for row in self.results("busy")}, {"applied"})

    def test_another_gateway_or_another_caller_is_refused_with_the_reason(self):
        self.write("owner.csv", HEADER_LINE + line("+1", "owned"))
        self.run_import("owner.csv")
        other = self.run_import("owner.csv", "--address", "127.0.0.1:1", code=2)
        self.assertIn("At another gateway the same request_id opens a second interaction", other.stderr)
        self.write("api-key", "a-key-of-some-length")
        caller = self.run_import("owner.csv", "--api-key-file", "api-key", code=2)
        self.assertIn("is of the caller without a credential, not API key ", caller.stderr)
        self.assertNotIn("a-key-of-some-length", caller.stderr)
        self.assertEqual(self.opened(), ["owned"])

    def test_a_credential_that_the_gateway_refuses_stops_the_import_at_the_first_rows(self):
        self.write("forbidden.csv", HEADER_LINE + "".join(line(f"+{n}", f"forbidden {n}") for n in range(500)))
        self.write("key", "key-of-the-caller")
        done = self.run_import("forbidden.csv", "--app-access-key-file", "key", code=71)
        self.assertIn("CALLER_CREDENTIALS_FORBIDDEN", done.stderr)
        self.assertEqual(self.opened(), [])
        self.assertEqual({row["import_outcome"] for row in self.results("forbidden")}, {"not_sent"})

    def test_a_gateway_that_is_away_longer_than_the_patience_ends_the_import_and_loses_no_row(self):
        self.write("away.csv", HEADER_LINE + line("+1", "away"))
        done = self.run_import("away.csv", "--address", "127.0.0.1:1", "--patience", "300ms", code=78)
        self.assertIn("GATEWAY_UNREACHABLE", done.stderr)
        self.run_import("away.csv", "--same-gateway")
        self.assertEqual(self.opened(), ["away"])

    def test_ndjson_from_standard_input_for_wolkvox_with_a_secret_that_is_not_shown(self):
        rows = "".join(json.dumps({"sender": f"+{n}", "recipient": "+9", "routingPointId": "7", "wolkvox_token": "canary"}) + "\n\n"
                       for n in range(3))
        shown = self.world.run("--method", "add-wolkvox", "-", "--name", "night", "--dry-run", stdin=rows)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertEqual(len(shown.stdout.splitlines()), 3)
        done = self.world.run("--method", "add-wolkvox", "-", "--name", "night", stdin=rows)
        self.assertEqual(done.returncode, 0, done.stderr)
        results = (self.world.folder / "night.results.ndjson").read_text(encoding="utf-8")
        self.assertEqual([json.loads(text)["import"]["outcome"] for text in results.splitlines()], ["applied"] * 3)
        journal = (self.world.folder / "night.import-journal").read_bytes()
        for text in (shown.stdout, shown.stderr, done.stdout, done.stderr, results, journal.decode("latin-1")):
            self.assertNotIn("canary", text)

    def test_limit_sends_so_many_rows_and_the_next_run_goes_on(self):
        self.write("limit.csv", HEADER_LINE + "".join(line(f"+{n}", f"limit {n}") for n in range(10)))
        self.run_import("limit.csv", "--limit", 4)
        self.assertEqual(len(self.opened()), 4)
        self.run_import("limit.csv", "--limit", 4)
        self.run_import("limit.csv")
        self.assertEqual(sorted(self.opened()), sorted(f"limit {n}" for n in range(10)))

    def test_after_an_interrupt_the_results_say_what_was_sent_and_the_same_command_goes_on(self):
        self.write("interrupt.csv", HEADER_LINE + "".join(line(f"+{n}", f"interrupt {n}") for n in range(300)))
        self.world.ask_sandbox("/sandbox/faults", {"vendor": "seethepro", "delay_ms": 20})
        with open(self.world.folder / "log", "w+", encoding="utf-8") as log:
            process = self.world.start("--method", "create-vsp", "interrupt.csv", "--jobs", 2, log=log)
            while len(self.new_posts()) < 5:
                pass
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(60), -signal.SIGINT)
        outcomes = [row["import_outcome"] for row in self.results("interrupt")]
        self.assertEqual(set(outcomes), {"applied", "not_sent"})
        self.assertEqual(outcomes.count("applied"), len(self.opened()))
        self.world.ask_sandbox("/sandbox/faults", {"fault": "none"})
        self.run_import("interrupt.csv", "--resume")
        self.assertEqual(sorted(self.opened()), sorted(f"interrupt {n}" for n in range(300)))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
