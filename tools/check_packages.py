#!/usr/bin/env python3
"""Checks that the client packages have the version of the repository, CMakeLists.txt's, and that their copies of
client/service_config.json are equal to it.

Prints one line for each that differs, and fails if there is any. tests/contract/packages_test.py shows that each kind of
mistake is found.
"""

import pathlib
import re
import sys

VERSION = re.compile(r"^project\(\S+ VERSION (\S+)", re.MULTILINE)
SERVICE_CONFIG = "client/service_config.json"

# Where a package says its version.
MANIFESTS = {
    "client/go/interaction/client.go": re.compile(r'^const Version = "(.*)"$', re.MULTILINE),
    "client/go/README.md": re.compile(r"client/go@v(.*)$", re.MULTILINE),
    "client/java/pom.xml": re.compile(r"^  <version>(.*)</version>$", re.MULTILINE),
    "client/java/README.md": re.compile(r"<artifactId>interaction-gateway</artifactId>\n *<version>(.*)</version>$", re.MULTILINE),
    "client/node/package.json": re.compile(r'^  "version": "(.*)",$', re.MULTILINE),
    "client/node/package-lock.json": re.compile(r'^  "version": "(.*)",$', re.MULTILINE),
    "client/node/README.md": re.compile(r"interaction-gateway-(.*)\.tgz$", re.MULTILINE),
    "client/python/pyproject.toml": re.compile(r'^version = "(.*)"$', re.MULTILINE),
    "client/rust/Cargo.toml": re.compile(r'^version = "(.*)"$', re.MULTILINE),
}

COPIES = (
    "client/go/interaction/service_config.json",
    "client/java/src/main/resources/com/interactiongateway/client/service_config.json",
    "client/node/src/service_config.json",
    "client/python/src/interaction_gateway/service_config.json",
    "client/rust/src/service_config.json",
)


def findings(root: pathlib.Path) -> list:
    wanted = VERSION.search((root / "CMakeLists.txt").read_text(encoding="utf-8"))[1]
    found = []
    for path, pattern in MANIFESTS.items():
        version = pattern.search((root / path).read_text(encoding="utf-8"))
        if version is None or version[1] != wanted:
            found.append(f"{path}: its version is {version[1] if version else 'missing'}; CMakeLists.txt has {wanted}")
    for path in COPIES:
        if (root / path).read_bytes() != (root / SERVICE_CONFIG).read_bytes():
            found.append(f"{path}: is not equal to {SERVICE_CONFIG}; tools/generate-clients copies it")
    return found


def main() -> int:
    found = findings(pathlib.Path(__file__).resolve().parent.parent)
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
