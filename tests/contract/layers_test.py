#!/usr/bin/env python3
"""The arrows between the rooms hold, and tools/check_layers.py sees it when one does not."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

import check_layers  # noqa: E402


class LayersTest(unittest.TestCase):
    def violations(self, path: str, line: str) -> list:
        """What is found in a repository of two vendors, `acme` and `zenith`, and one file at `path`: a comment and `line`."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for vendor in ("acme", "zenith"):
                (root / "server" / "upstream" / vendor).mkdir(parents=True)
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"// A file.\n{line}\n", encoding="utf-8")
            violations, _ = check_layers.check(root)
            return violations

    def test_this_repository_follows_the_arrows(self):
        self.assertEqual([str(violation) for violation in check_layers.check_all(ROOT)], [])

    def test_a_violation_names_file_line_and_rule(self):
        (violation,) = self.violations("server/base/guid.cc", '#include "server/http/client.h"')
        self.assertEqual(
            str(violation),
            "server/base/guid.cc:2: server/base may include rules, not server/http/client.h")

    def test_what_is_against_an_arrow_is_found(self):
        cases = {
            "base includes http": ("server/base/a.h", '#include "server/http/message.h"'),
            "rules include base": ("rules/a.h", '#include "server/base/errors.h"'),
            "base includes gRPC": ("server/base/a.h", "#include <grpcpp/support/status.h>"),
            "base includes Protobuf": ("server/base/a.h", "#include <google/protobuf/message.h>"),
            "config includes http": ("server/config/a.cc", '#include "server/http/client.h"'),
            "http includes telemetry": ("server/http/a.cc", '#include "server/telemetry/metrics.h"'),
            "lane includes call": ("server/lane/a.cc", '#include "server/call/call.h"'),
            "limits include call": ("server/limits/a.cc", '#include "server/call/call.h"'),
            "call includes records": ("server/call/a.cc", '#include "server/records/once.h"'),
            "call includes a vendor": ("server/call/a.cc", '#include "server/upstream/acme/translator.h"'),
            "call includes gRPC": ("server/call/a.cc", "#include <grpcpp/server.h>"),
            "rpc includes gRPC": ("server/rpc/a.cc", "#include <grpc/grpc.h>"),
            "call includes the messages": ("server/call/a.h", '#include "interaction/v1/interaction_service.pb.h"'),
            "upstream includes a lane": ("server/upstream/acme/a.cc", '#include "server/lane/lane.h"'),
            "one vendor includes the other": ("server/upstream/acme/a.cc", '#include "server/upstream/zenith/options.h"'),
            "rpc includes app": ("server/rpc/a.cc", '#include "server/app/app.h"'),
            "client includes the server": ("client/client.cc", '#include "server/base/guid.h"'),
            "sandbox includes the server": ("sandbox/main.cc", '#include "server/base/guid.h"'),
            "the server includes the sandbox": ("server/app/app.cc", '#include "sandbox/acme.h"'),
            "a room of the server includes version": ("server/call/a.cc", '#include "version/version.h"'),
            "version includes the server": ("version/version.cc", '#include "server/base/guid.h"'),
            "the server includes a test": ("server/app/app.cc", '#include "tests/support/matchers.h"'),
            "libcurl in a header of http": ("server/http/client.h", "#include <curl/curl.h>"),
            "libcurl outside http": ("server/lane/lane.cc", "#include <curl/curl.h>"),
            "redis includes http": ("server/redis/a.cc", '#include "server/http/client.h"'),
            "hiredis in a header of redis": ("server/redis/client.h", "#include <hiredis/hiredis.h>"),
            "hiredis outside redis": ("server/call/a.cc", "#include <hiredis/hiredis.h>"),
            "spaces around the hash": ("server/lane/lane.cc", "  #  include <curl/curl.h>"),
            "a path that is not from the root": ("server/http/a.cc", '#include "../base/guid.h"'),
            "a room nobody knows": ("server/misc/a.cc", '#include "server/base/guid.h"'),
            "a vendor's name in a common room": ("server/call/a.cc", "constexpr char kHost[] = \"Acme\";"),
            "a vendor's name in a comment": ("server/rpc/status.cc", "// zenith answers otherwise"),
            "a vendor's name in the other's room": ("server/upstream/acme/a.cc", "// as Zenith does"),
        }
        for name, (path, line) in cases.items():
            with self.subTest(name):
                self.assertEqual([violation.line for violation in self.violations(path, line)], [2])

    def test_an_arrow_that_nobody_uses_is_found(self):
        used = {(room, target) for room, targets in check_layers.ARROWS.items() for target in targets}
        used.remove(("server/redis", "server/telemetry"))
        (violation,) = check_layers.unused_arrows(used)
        self.assertIn("no file of server/redis includes server/telemetry", str(violation))

    def test_what_follows_the_arrows_is_let_through(self):
        cases = {
            "base includes abseil": ("server/base/a.h", '#include "absl/status/status.h"'),
            "base includes a system header": ("server/base/a.cc", "#include <sys/stat.h>"),
            "a room includes itself": ("server/call/a.cc", '#include "server/call/work.h"'),
            "http includes libcurl in its sources": ("server/http/a.cc", "#include <curl/curl.h>"),
            "http includes libcurl in an internal header": ("server/http/curl_handle.h", "#include <curl/curl.h>"),
            "redis includes hiredis in its sources": ("server/redis/a.cc", "#include <hiredis/hiredis.h>"),
            "records include redis": ("server/records/a.cc", '#include "server/redis/client.h"'),
            "a vendor includes http": ("server/upstream/acme/a.cc", '#include "server/http/message.h"'),
            "a vendor names itself": ("server/upstream/acme/a.cc", "// Acme's page"),
            "the service names a vendor": ("server/rpc/interaction_service.cc", "// Acme's RPC"),
            "app includes everything": ("server/app/app.cc", '#include "server/upstream/zenith/translator.h"'),
            "app includes version": ("server/app/a.cc", '#include "version/version.h"'),
            "the client includes rules": ("client/cli/a.cc", '#include "rules/requests.h"'),
            "the client includes version": ("client/cli/a.cc", '#include "version/version.h"'),
            "the sandbox includes version": ("sandbox/main.cc", '#include "version/version.h"'),
            "main includes app": ("server/main.cc", '#include "server/app/app.h"'),
            "a test includes everything": ("tests/unit/call/a_test.cc", '#include "server/upstream/acme/translator.h"'),
            "the client includes gRPC": ("client/client.cc", "#include <grpcpp/channel.h>"),
        }
        for name, (path, line) in cases.items():
            with self.subTest(name):
                self.assertEqual(self.violations(path, line), [])


if __name__ == "__main__":
    unittest.main()
