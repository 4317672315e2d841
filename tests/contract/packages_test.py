#!/usr/bin/env python3
"""The client packages have the repository's version and service config, and tools/check_packages.py sees it when they do not."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

import check_packages  # noqa: E402


class PackagesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ("CMakeLists.txt", check_packages.SERVICE_CONFIG, *check_packages.MANIFESTS, *check_packages.COPIES):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_bytes((ROOT / name).read_bytes())

    def test_the_packages_of_this_repository_agree(self):
        self.assertEqual(check_packages.findings(ROOT), [])

    def test_another_version_is_found_in_each_package(self):
        main = self.root / "CMakeLists.txt"
        main.write_text(check_packages.VERSION.sub("project(interaction-gateway VERSION 7.8.9", main.read_text()))
        found = check_packages.findings(self.root)
        self.assertEqual([line.partition(":")[0] for line in found], list(check_packages.MANIFESTS))
        self.assertTrue(all("7.8.9" in line for line in found), found)

    def test_a_package_without_a_version_is_found(self):
        for name in check_packages.MANIFESTS:
            (self.root / name).write_text("")
        self.assertEqual(len(check_packages.findings(self.root)), len(check_packages.MANIFESTS))

    def test_another_service_config_is_found(self):
        for name in check_packages.COPIES:
            (self.root / name).write_text("{}")
        found = check_packages.findings(self.root)
        self.assertEqual([line.partition(":")[0] for line in found], list(check_packages.COPIES))


if __name__ == "__main__":
    unittest.main()
