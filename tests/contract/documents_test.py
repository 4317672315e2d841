#!/usr/bin/env python3
"""Documents and comments name only what is there, and tools/check_documents.py sees it when they do not."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

import check_documents  # noqa: E402

CODE = "class Client {\n  void Turn();\n};\n"


class DocumentsTest(unittest.TestCase):
    def findings(self, path: str, text: str) -> list:
        """What is found in a repository of server/http/client.h, server/lane/lane.h and one more file."""
        files = {"server/http/client.h": CODE, "server/lane/lane.h": "void Sleep();\n", path: text}
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, content in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(content, encoding="utf-8")
            return [str(finding) for finding in check_documents.check(root, list(files))]

    def findings_below_title(self, path: str, text: str) -> list:
        return self.findings(path, f"# Title\n\n{text}\n" if path.endswith(".md") else f"{text}\n")

    def test_this_repository_names_only_what_is_there(self):
        findings = check_documents.check(ROOT, check_documents.files_of_git(ROOT))
        self.assertEqual([str(finding) for finding in findings], [])

    def test_a_finding_names_file_line_and_what_is_missing(self):
        self.assertEqual(self.findings("README.md", "# Title\n\nSee `server/http/gone.h`.\n"),
                         ["README.md:3: there is no file server/http/gone.h"])

    def test_what_is_not_there_is_found(self):
        cases = {
            "a link": ("docs/a.md", "[x](../server/gone.md)"),
            "a link to a folder": ("docs/a.md", "[x](../server/gone)"),
            "a path": ("docs/a.md", "`server/http/gone.cc`"),
            "one of two endings": ("docs/a.md", "`server/http/client.{h,cc}`"),
            "a bare file name": ("server/http/README.md", "`gone.h`"),
            "a qualified name": ("docs/a.md", "`Client::Wait`"),
            "a name of a class": ("docs/a.md", "`GoneTest`"),
            "a function in a comment": ("server/http/a.h", "// Call Wait() first."),
            "a function of a room that is not included": ("server/http/a.h", "// Call Sleep() first."),
            "a file in a comment": ("server/http/a.h", "// See gone.h."),
        }
        for name, (path, text) in cases.items():
            with self.subTest(name):
                self.assertEqual(len(self.findings_below_title(path, text)), 1)

    def test_a_document_without_its_title_is_found(self):
        self.assertEqual(self.findings("docs/a.md", "#server / front\n"),
                         ["docs/a.md:1: the document does not begin with its title: # Title"])

    def test_what_is_there_is_let_through(self):
        cases = {
            "a link": ("docs/a.md", "[x](../server/http/client.h) [y](https://example.com/z) [z](#title)"),
            "a path from the root": ("docs/a.md", "`server/http/client.h`"),
            "a path below server": ("docs/a.md", "`http/client.h`"),
            "a bare file name": ("server/http/README.md", "`client.h`"),
            "a qualified name": ("docs/a.md", "`Client::Turn()`"),
            "code blocks": ("docs/a.md", "```\n`server/http/gone.h`\n```"),
            "what the reader is to write": ("docs/a.md", "`server/upstream/acme/options.h` `tools/NAME.py`"),
            "a function of the room": ("server/http/a.cc", "// Turn() is called soon."),
            "a function of an included room": ("server/http/a.cc", '#include "server/lane/lane.h"\n// Sleep() waits.'),
            "another project's function": ("server/http/a.cc", "// libcurl calls curl_easy_setopt()."),
        }
        for name, (path, text) in cases.items():
            with self.subTest(name):
                self.assertEqual(self.findings_below_title(path, text), [])


if __name__ == "__main__":
    unittest.main()
