#!/usr/bin/env python3
"""Checks that includes follow the arrows of docs/architecture.md.

    rules <- base, tls <- auth <- config, event, h2, telemetry, redis <- http <- lane, listen, upstream <- limits <- call <- records <- rpc
      <- front, grpc_transport, admin <- app

Prints one line `path:line: rule` for each include or vendor's name that is where it must not be, and for each arrow that no
include uses, and fails if there is any. Reads the sources only, so it takes no build; tests/contract/layers_test.py shows that each rule bites.
"""

import fnmatch
import pathlib
import re
import sys
from typing import Iterator, NamedTuple

# What the files of a room may include from this repository, besides their own room. Rooms that are not named here may
# not be included by anyone but the tests.
ARROWS = {
    "rules": (),
    "server/base": ("rules",),
    "server/auth": ("server/base",),
    "server/config": ("server/auth", "server/base"),
    "server/http": ("server/base", "server/event", "server/tls"),
    "server/telemetry": ("server/base",),
    "server/tls": (),
    "server/redis": ("server/base", "server/telemetry", "server/tls"),
    "server/event": ("server/base",),
    "server/h2": ("server/base",),
    "server/admin": ("server/base", "server/listen", "server/telemetry"),
    "server/lane": ("server/base", "server/event", "server/http", "server/telemetry"),
    "server/upstream": ("rules", "server/base", "server/http"),
    "server/upstream/*": ("rules", "server/base", "server/http", "server/upstream"),
    "server/limits": ("server/base", "server/event", "server/telemetry", "server/redis", "server/lane"),
    "server/call": ("server/auth", "server/base", "server/event", "server/http", "server/telemetry", "server/lane", "server/upstream",
                    "server/limits"),
    "server/records": ("server/base", "server/telemetry", "server/redis", "server/lane", "server/upstream", "server/call"),
    "server/rpc": ("rules", "server/auth", "server/base", "server/event", "server/telemetry", "server/lane", "server/upstream", "server/limits",
                   "server/call", "server/records"),
    "server/listen": ("server/base", "server/telemetry"),
    "server/front": ("server/auth", "server/base", "server/event", "server/h2", "server/lane", "server/limits", "server/listen", "server/rpc",
                     "server/telemetry", "server/tls"),
    "server/grpc_transport": ("server/auth", "server/base", "server/telemetry", "server/listen", "server/lane", "server/rpc"),
    "server/app": ("server/*", "version"),
    "client": ("rules", "version"),
    "sandbox": ("version",),
    "version": (),
    "tests": ("*",),
}

# Which files may include a library, by the start of the header's name; the longest that fits counts.
LIBRARIES = {
    "curl/": ("server/http/*.cc", "server/http/curl_*.h", "tests/*"),
    "http_parser.h": ("server/http/*.cc",),
    "cjose/": ("server/auth/token_verifier.cc", "tests/*"),
    "openssl/": ("server/tls/*", "server/admin/pages.cc", "server/auth/api_keys.cc", "server/records/digest.*", "server/redis/script.cc", "client/tls_files.cc", "client/new_request_id.cc",
                 "client/cli/import/row_identity.cc", "client/cli/import/caller.cc", "tests/*"),
    "csv.h": ("client/cli/import/csv_reader.*",),
    "sqlite3.h": ("client/cli/import/database.*", "tests/*"),
    "microhttpd.h": ("server/admin/http_server.cc", "sandbox/*"),
    "systemd/": ("server/app/service_manager.cc",),
    "prometheus/": ("server/telemetry/exposition.cc",),
    "nghttp2/": ("server/h2/*.cc", "tests/*"),
    "zlib.h": ("server/h2/*", "tests/*"),
    "hiredis/": ("server/redis/*.cc", "tests/*"),
    "grpc/": ("server/grpc_transport/*", "client/*", "tests/*"),
    "grpc/health/": ("server/rpc/*", "client/*", "tests/*"),  # generated
    "grpc/reflection/": ("server/rpc/*", "tests/*"),
    "grpcpp/": ("server/grpc_transport/*", "client/*", "tests/*"),
    "interaction/v1/": ("rules/requests.*", "server/upstream/*/*", "server/rpc/*", "server/app/*", "client/*", "sandbox/*", "tests/*"),
}

# Where in server/ a vendor may be named at all, besides its own room.
VENDOR_NAMES_ALLOWED = ("server/config/*", "server/app/*", "server/rpc/interaction_service*")

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
TOP_FOLDERS = ("rules", "server", "client", "sandbox", "version", "tests")


class Violation(NamedTuple):
    path: str
    line: int
    rule: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}"


def room_of(path: str) -> str:
    """The room a path belongs to: "server/call", "server/upstream/acme", "client"; server/main.cc counts as app."""
    parts = path.split("/")
    if parts[0] != "server":
        return parts[0]
    if len(parts) == 2:
        return "server/app"
    if parts[1] == "upstream" and len(parts) > 3:
        return "/".join(parts[:3])
    return "/".join(parts[:2])


def matches(name: str, patterns: tuple) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def arrow_rule(room: str, header: str) -> str | None:
    """The rule that including `header` from `room` breaks, if it breaks one."""
    target = room_of(header)
    if target == room:
        return None
    is_vendor_room = target.startswith("server/upstream/")
    if room.startswith("server/upstream/") and is_vendor_room:
        return f"rooms of vendors never include each other ({header})"
    key = "server/upstream/*" if room.startswith("server/upstream/") else room
    allowed = ARROWS.get(key)
    if allowed is None:
        return f"{room} has no row in the table of arrows (tools/check_layers.py)"
    # A row allows a folder's own files; rooms below it need a row of their own.
    if any(fnmatch.fnmatch(target, pattern) for pattern in allowed):
        return None
    may = ", ".join(allowed) or "nothing of another room"
    return f"{room} may include {may}, not {header}"


def include_rules(path: str, quote: str, header: str) -> Iterator[str]:
    room = room_of(path)
    if quote == '"' and ("/" not in header or ".." in header.split("/")):
        yield f'"{header}" is not written from the root of the repository'
    if header.split("/")[0] in TOP_FOLDERS:
        rule = arrow_rule(room, header)
        if rule:
            yield rule
    elif room == "server/base" and "/" in header and not header.startswith(("absl/", "sys/")):
        yield f"server/base needs the standard library and abseil only, not {header}"
    prefix = max((prefix for prefix in LIBRARIES if header.startswith(prefix)), key=len, default=None)
    if prefix and not matches(path, LIBRARIES[prefix]):
        yield f"<{prefix}> may be included by {', '.join(LIBRARIES[prefix])} only"


def vendor_rules(path: str, line: str, vendors: list) -> Iterator[str]:
    if not path.startswith("server/") or matches(path, VENDOR_NAMES_ALLOWED):
        return
    for vendor in vendors:
        if vendor in line.lower() and not path.startswith(f"server/upstream/{vendor}/"):
            yield f"names the vendor {vendor} outside its room"


def unused_arrows(used: set) -> Iterator[Violation]:
    """Arrows that are allowed although nobody goes along them."""
    for room, targets in ARROWS.items():
        for target in targets:
            if "*" not in target and (room, target) not in used:
                yield Violation("tools/check_layers.py", 0, f"no file of {room} includes {target}: take the arrow away")


def row_of(room: str) -> str:
    return "server/upstream/*" if room.startswith("server/upstream/") else room


def sources(root: pathlib.Path) -> Iterator[pathlib.Path]:
    for folder in TOP_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cc"):
                yield path


def check(root: pathlib.Path) -> tuple:
    """The violations in the repository at `root`, in the order of the files; of a line, the first. And the arrows used."""
    upstream = root / "server" / "upstream"
    vendors = sorted(folder.name for folder in upstream.iterdir() if folder.is_dir()) if upstream.is_dir() else []
    violations, used = [], set()
    for file in sources(root):
        path = file.relative_to(root).as_posix()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            include = INCLUDE.match(line)
            rules = list(include_rules(path, *include.groups())) if include else []
            if include and include.group(2).split("/")[0] in TOP_FOLDERS:
                used.add((row_of(room_of(path)), row_of(room_of(include.group(2)))))
            rules += vendor_rules(path, line, vendors)
            violations += [Violation(path, number, rule) for rule in rules[:1]]
    return violations, used


def check_all(root: pathlib.Path) -> list:
    """The violations, and the arrows that the repository at `root` does not use."""
    violations, used = check(root)
    return violations + list(unused_arrows(used))


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    violations = check_all(root)
    for violation in violations:
        print(violation)
    if violations:
        print(f"layers: {len(violations)} against the arrows of docs/architecture.md", file=sys.stderr)
        return 1
    print(f"layers: {sum(1 for _ in sources(root))} files, all as the arrows say")
    return 0


if __name__ == "__main__":
    sys.exit(main())
