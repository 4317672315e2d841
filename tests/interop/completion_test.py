#!/usr/bin/env python3
"""The completions of interactionctl in the shells themselves, and its man page in man's own words.

usage: completion_test.py INTERACTIONCTL
"""
import os
import subprocess
import sys
import tempfile
import unittest

INTERACTIONCTL = os.path.abspath(sys.argv[1])


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}: {done.stderr}")
    return done.stdout


class CompletionTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="completion-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def script(self, shell):
        path = os.path.join(self.folder, shell)
        with open(path, "w", encoding="utf-8") as file:
            file.write(run(INTERACTIONCTL, "completion", shell))
        return path

    def bash(self, *words):
        """What bash offers for the last word."""
        quoted = " ".join(f"'{word}'" for word in words)
        return run("bash", "-c", f"source {self.script('bash')}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; "
                   '_interactionctl; printf "%s\\n" "${COMPREPLY[@]}"').split()

    def test_bash_completes_commands_flags_files_and_formats(self):
        self.assertEqual(self.bash("interactionctl", "cre"), ["create-vsp"])
        self.assertIn("--account-id", self.bash("interactionctl", "create-vsp", "--a"))
        self.assertNotIn("--account-id", self.bash("interactionctl", "add-wolkvox", "--a"))
        self.assertEqual(self.bash("interactionctl", "health", "-o", ""), ["table", "json", "yaml", "ndjson"])
        self.assertEqual(self.bash("interactionctl", "--ca", "/etc/hostn"), ["/etc/hostname"])
        self.assertEqual(self.bash("interactionctl", "help", "hea"), ["health"])

    def test_fish_completes_commands_and_flags(self):
        script = self.script("fish")

        def fish(line):
            answer = run("fish", "--no-config", "-c", f"source {script}; complete -C '{line}'")
            return [offer.split("\t")[0] for offer in answer.splitlines()]

        self.assertEqual(fish("interactionctl cre"), ["create-vsp"])
        self.assertIn("--account-id", fish("interactionctl create-vsp --a"))
        self.assertNotIn("--account-id", fish("interactionctl add-wolkvox --a"))
        self.assertIn("yaml", fish("interactionctl health -o "))

    def test_zsh_completes_commands_and_flags(self):
        script = self.script("zsh")

        def zsh(*words):
            quoted = " ".join(f"'{word}'" for word in words)
            return run("zsh", "-f", "-c", "compdef() { }; compadd() { [[ $1 == -- ]] && shift; print -l -- $@; }; "
                       f"_files() {{ print files; }}; source {script}; words=({quoted}); CURRENT={len(words)}; "
                       "_interactionctl").split()

        self.assertIn("create-vsp", zsh("interactionctl", ""))
        self.assertIn("--account-id", zsh("interactionctl", "create-vsp", "--"))
        self.assertNotIn("--account-id", zsh("interactionctl", "add-wolkvox", "--"))
        self.assertEqual(zsh("interactionctl", "health", "-o", ""), ["table", "json", "yaml", "ndjson"])
        self.assertEqual(zsh("interactionctl", "--ca", ""), ["files"])

    def test_the_man_page_is_formatted_without_a_complaint(self):
        path = os.path.join(self.folder, "interactionctl.1")
        with open(path, "w", encoding="utf-8") as file:
            file.write(run(INTERACTIONCTL, "manual"))
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", path], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        page = subprocess.run(["groff", "-man", "-Tascii", "-P", "-cbou", path], capture_output=True, text=True).stdout
        self.assertIn("--account-id TEXT", page)
        self.assertIn("78 UNAVAILABLE", page)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
