#!/usr/bin/env python3
"""The table of docs/clients.md has every cell of the interop matrix, and tests/packages/interop_matrix.py fails when one was not seen."""

import contextlib
import io
import os
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/packages"))
sys.dont_write_bytecode = True

import interop_matrix  # noqa: E402
from interop_matrix import COLUMNS, NOT_APPLICABLE, ROWS  # noqa: E402


class InteropMatrixTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.server = pathlib.Path(folder.name, "server")
        self.server.touch()
        self.rows = pathlib.Path(folder.name, "rows")
        os.environ["INTEROP_MATRIX"] = str(self.rows)
        self.addCleanup(os.environ.pop, "INTEROP_MATRIX")
        interop_matrix.begin(*ROWS)
        for row in ROWS:
            for column in COLUMNS:
                if (row, column) not in NOT_APPLICABLE:
                    interop_matrix.works(row, column)

    def run_it(self):
        """The exit code, and all that is printed."""
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
            code = interop_matrix.main(self.rows, self.server)
        return code, out.getvalue()

    def test_the_page_shows_the_table_where_all_works(self):
        self.assertEqual(self.run_it()[0], 0, self.run_it()[1])

    def test_a_cell_that_was_not_seen_fails(self):
        interop_matrix.begin("Go")
        for column in COLUMNS[1:]:
            interop_matrix.works("Go", column)
        code, output = self.run_it()
        self.assertEqual(code, 1)
        self.assertIn("| Go | FAILED | ok |", output)

    def test_a_row_that_was_not_tried_fails(self):
        (self.rows / "Rust").unlink()
        code, output = self.run_it()
        self.assertEqual(code, 1)
        self.assertIn("Rust: was not tried", output)

    def test_a_row_of_an_older_build_fails(self):
        os.utime(self.rows / "Java", (0, 0))
        code, output = self.run_it()
        self.assertEqual(code, 1)
        self.assertIn("Java: was tried with an older build of the gateway", output)

    def test_a_cell_that_is_said_not_to_apply_must_not_work(self):
        interop_matrix.works("ghz", "replay")
        with self.assertRaisesRegex(AssertionError, "ghz writes of a cell that the matrix does not have: replay"):
            self.run_it()


if __name__ == "__main__":
    unittest.main()
