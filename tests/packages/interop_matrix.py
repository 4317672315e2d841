"""The interop matrix: what each client and each tool does with a gateway, tried by the tests of this folder and of tests/consumer.

usage: interop_matrix.py FOLDER SERVER

A test begins its row, then names each cell when it has seen that it works. Rows are files in the folder that the environment
variable INTEROP_MATRIX names, `interop-matrix` in the folder of the build. This program prints them as a table, and fails if a cell
is missing, if a row was tried with an older build of the gateway, or if docs/clients.md shows another table.
"""
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/clients.md"
COLUMNS = ("both RPCs", "TLS", "mutual TLS", "token", "deadline", "cancel", "ErrorInfo", "BadRequest", "RetryInfo", "QuotaFailure",
           "PreconditionFailure", "replay", "Unicode", "retry", "restart")
ROWS = ("C++", "Go", "Python", "Python asyncio", "Node.js", "Java", "Rust", "grpcurl", "buf curl", "ghz")
NOT_APPLICABLE = {  # what a tool cannot do by its nature
    **{("ghz", detail): "it counts codes, and shows no details of errors"
       for detail in ("ErrorInfo", "BadRequest", "RetryInfo", "QuotaFailure", "PreconditionFailure")},
    ("ghz", "replay"): "it shows no trailers",
}


def file_of(row):
    """Where a row is written; None if nobody wants to see it."""
    assert row in ROWS, row
    folder = os.environ.get("INTEROP_MATRIX")
    return pathlib.Path(folder, row) if folder else None


def begin(*rows):
    """Forgets what was written of these rows before."""
    for row in rows:
        if file := file_of(row):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("", encoding="utf-8")


def works(row, column):
    """The cell was tried, and works."""
    assert column in COLUMNS, column
    if file := file_of(row):
        with file.open("a", encoding="utf-8") as out:
            out.write(column + "\n")


def cell(row, column, seen):
    if (row, column) in NOT_APPLICABLE:
        return "n/a"
    return "ok" if column in seen else "FAILED"


def read(row, not_before):
    """The cells of a row that work."""
    file = file_of(row)
    if not file.exists():
        print(f"{row}: was not tried", file=sys.stderr)
        return set()
    if file.stat().st_mtime < not_before:
        print(f"{row}: was tried with an older build of the gateway", file=sys.stderr)
        return set()
    seen = set(file.read_text(encoding="utf-8").splitlines())
    for wrong in sorted(seen - set(COLUMNS)) + sorted(column for column in seen if (row, column) in NOT_APPLICABLE):
        raise AssertionError(f"{row} writes of a cell that the matrix does not have: {wrong}")
    return seen


def table(not_before):
    lines = ["| | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for row in ROWS:
        seen = read(row, not_before)
        lines.append(f"| {row} | " + " | ".join(cell(row, column, seen) for column in COLUMNS) + " |")
    return "\n".join(lines)


def main(folder, server):
    os.environ["INTEROP_MATRIX"] = str(folder)
    printed = table(os.stat(server).st_mtime)
    print(printed)
    for (row, column), why in NOT_APPLICABLE.items():
        print(f"{row}, {column}: {why}")
    if "FAILED" in printed:
        return 1
    shown = re.search(r"^\| \| both RPCs .*?(?=\n\n)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    if shown is None or shown[0] != printed:
        print(f"{PAGE.relative_to(ROOT)} shows another table", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
