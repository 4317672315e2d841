#!/usr/bin/env python3
"""Checks that documents and comments name only files and symbols that are there.

In Markdown: where a link leads to, and what stands between backticks outside code blocks and looks like a path
(`server/http/client.h`, `transfer.{h,cc}`) or like a name of the code (`Client::Send`, `StrayResponseTest`). In comments of
C++: names of source files (client.h) and of functions (Turn()), which are looked for in the room of the file and in what it
includes. A document begins with its title, which one that a formatter for code has been through does not.

Prints one line `path:line: what` for each that is not there, and fails if there is any. Reads the sources only, so it takes
no build; tests/contract/documents_test.py shows that each kind of mistake is found.
"""

import fnmatch
import pathlib
import re
import subprocess
import sys
from typing import Iterator, NamedTuple

CODE_SUFFIXES = (".h", ".cc", ".py", ".proto", ".cmake", ".txt", ".json", ".yaml", ".in", ".go", ".rs", ".java", ".ts", ".js")
PATH_SUFFIXES = ("h", "cc", "py", "md", "proto", "yaml", "json", "cmake", "txt", "supp")

# Stand for something that the reader is to write, not for something that is there.
PLACEHOLDERS = re.compile(r"[Aa]cme|\.\.\.|<|\$|NAME|FILE|KEY|PORT")

# Names of other projects that look like names of ours.
FOREIGN_FILES = frozenset({"curl.h", "sysexits.h", "google/rpc/error_details.proto"})
FOREIGN = frozenset({
    "ConnectionExists",
    "ModelState", "MessageDetail", "StackTrace", "ExceptionMessage", "ExceptionType", "HttpError", "JavaScript", "GitHub",
    "GoogleTest", "OpenTelemetry", "DataContract", "MediaTypeFormatter", "DataContractSerializer",
})

TITLE = re.compile(r"# \S")
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`]+)`")
PATH = re.compile(r"^[\w.{},*-]+(/[\w.{},*-]+)*/?$")
QUALIFIED = re.compile(r"^~?\w+(::~?\w+)+(\(\))?$")
CAMEL = re.compile(r"^[A-Z][a-z0-9]+([A-Z][a-z0-9]*)+(\(\))?$")
COMMENT = re.compile(r"//(.*)$")
EXAMPLE = re.compile(r"EXPECT_|ASSERT_|^   ")  # within a comment
INCLUDE = re.compile(r'^#include ["<]([^">]+)[">]', re.MULTILINE)
FUNCTION_IN_COMMENT = re.compile(r"(?<![\w:.>])([A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)*)\(\)")
FILE_IN_COMMENT = re.compile(r"(?<![\w./<*-])([a-z][\w/]*\.(?:h|cc))\b(?!\.\w)")


class Finding(NamedTuple):
    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


class Repository:
    """The files of a checkout and the words of its code."""

    def __init__(self, root: pathlib.Path, paths: list):
        self.root = root
        self.paths = set(paths)
        self.folders = {parent.as_posix() for path in paths for parent in pathlib.PurePosixPath(path).parents}
        self.names = {path.rsplit("/", 1)[-1] for path in paths}
        self.words_of = {}  # by path
        self.room_words = {}  # by folder
        for path in paths:
            if path.endswith(CODE_SUFFIXES) or "." not in path.rsplit("/", 1)[-1]:
                text = (root / path).read_text(encoding="utf-8", errors="replace")
                if path.endswith((".h", ".cc")):
                    text = "\n".join(COMMENT.sub("", line) for line in text.splitlines())
                self.words_of[path] = set(re.findall(r"\w+", text))
                self.room_words.setdefault(path.rpartition("/")[0], set()).update(self.words_of[path])
        self.words = set().union(*self.words_of.values())

    def words_around(self, path: str, text: str) -> set:
        """The words of the code that a comment in the C++ file `path` may speak of without saying where they are."""
        included = INCLUDE.findall(text)
        return self.room_words.get(path.rpartition("/")[0], set()).union(*(self.words_of.get(p, set()) for p in included))

    def has_path(self, token: str, folder: str) -> bool:
        token = token.rstrip("/")
        bases = ["", folder + "/" if folder not in ("", ".") else "", "server/"]
        for alternative in expand(token):
            if not any(self._matches(clean(base + alternative)) for base in bases):
                return False
        return True

    def _matches(self, path: str) -> bool:
        if path in self.paths or path in self.folders:
            return True
        if "*" not in path:
            return any(fnmatch.fnmatch(known, path + ".*") for known in self.paths) if "." not in path.rsplit("/", 1)[-1] else False
        return any(fnmatch.fnmatch(known, path) for known in self.paths | self.folders)


def clean(path: str) -> str:
    """A path without its `.` and `..`."""
    parts = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def expand(token: str) -> list:
    """a.{h,cc} -> a.h, a.cc"""
    match = re.search(r"\{([^{}]*)\}", token)
    if match is None:
        return [token]
    return [text for choice in match.group(1).split(",")
            for text in expand(token[:match.start()] + choice + token[match.end():])]


def looks_like_path(token: str) -> bool:
    if not PATH.match(token) or token.startswith((".", "-")):
        return False
    last = token.rstrip("/").rsplit("/", 1)[-1]
    return "." in last and any(last.endswith("." + s) or last.endswith("}") for s in PATH_SUFFIXES)


def in_markdown(repository: Repository, path: str, text: str) -> Iterator[Finding]:
    folder = pathlib.PurePosixPath(path).parent.as_posix()
    if not TITLE.match(text):
        yield Finding(path, 1, "the document does not begin with its title: # Title")
    fenced = False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        if fenced:
            continue
        for target in LINK.findall(line):
            target = target.split("#")[0]
            if not target or target == "..." or "://" in target or target.startswith("mailto:"):
                continue
            where = clean(target if folder == "." else f"{folder}/{target}")
            if where and where not in repository.paths and where not in repository.folders:
                yield Finding(path, number, f"the link leads to {target}, which is not there")
        for token in SPAN.findall(line):
            what = missing(repository, token, folder)
            if what:
                yield Finding(path, number, what)


def missing(repository: Repository, token: str, folder: str) -> str | None:
    """What is wrong about a text between backticks, if it names a file or a symbol that is not there."""
    if PLACEHOLDERS.search(token) or token.startswith("build/"):
        return None
    if looks_like_path(token):
        # A bare name of a file is one of any folder: README.md says where.
        if "/" not in token and all(name in repository.names or "*" in name for name in expand(token)):
            return None
        if token in FOREIGN_FILES or repository.has_path(token, folder):
            return None
        return f"there is no file {token}"
    name = token.removesuffix("()")
    if QUALIFIED.match(token):
        parts = [part.lstrip("~") for part in name.split("::")]
        if parts[0] in ("std", "absl", "grpc", "google"):
            return None
        return None if all(part in repository.words for part in parts) else f"the code has no {token}"
    if CAMEL.match(token) and name not in FOREIGN and name not in repository.words:
        return f"the code has no {token}"
    return None


def in_comments(repository: Repository, path: str, text: str) -> Iterator[Finding]:
    known = repository.words_around(path, text)
    for number, line in enumerate(text.splitlines(), start=1):
        comment = COMMENT.search(line)
        if comment is None or "://" in line or EXAMPLE.search(comment.group(1)):
            continue
        for name in FILE_IN_COMMENT.findall(comment.group(1)):
            if name.rsplit("/", 1)[-1] not in repository.names | FOREIGN_FILES and not PLACEHOLDERS.search(name):
                yield Finding(path, number, f"the comment names {name}, which is not there")
        for name in FUNCTION_IN_COMMENT.findall(comment.group(1)):
            if name not in known:
                yield Finding(path, number, f"the comment names {name}(), which neither this room nor what it includes has")


def check(root: pathlib.Path, paths: list) -> list:
    repository = Repository(root, paths)
    findings = []
    for path in sorted(paths):
        if path.endswith((".md", ".h", ".cc")):
            text = (root / path).read_text(encoding="utf-8")
            look = in_markdown if path.endswith(".md") else in_comments
            findings += look(repository, path, text)
    return findings


def files_of_git(root: pathlib.Path) -> list:
    """Tracked files and those that are about to be, as far as they are in the working tree."""
    listing = subprocess.run(["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
                             check=True, capture_output=True, text=True).stdout
    return [path for path in listing.split("\0") if path and (root / path).is_file()]


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    findings = check(root, files_of_git(root))
    for finding in findings:
        print(finding)
    if findings:
        print(f"documents: {len(findings)} names of what is not there", file=sys.stderr)
        return 1
    print("documents: every file and symbol they name is there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
