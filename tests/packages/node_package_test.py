"""The npm package: packed, installed from the packed file into an empty project, and used there.

usage: node_package_test.py SERVER SANDBOX FOLDER_OF_TOOLS
"""
import json
import pathlib
import shutil
import sys
import tarfile
import tempfile
import unittest

import interop_matrix
from package import ROOT, against, environment, run, snippets, stale_files
from world import World

SERVER, SANDBOX, TOOLS = (pathlib.Path(path).resolve() for path in sys.argv[1:4])
SOURCE = ROOT / "client/node"


def pinned():
    """The versions of package-lock.json, so that the empty project gets those that the machine has without a network."""
    packages = json.loads((SOURCE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return {path.removeprefix("node_modules/"): package["version"] for path, package in packages.items() if path}


def install_packed(folder, project):
    """Packs the package and installs the file into an empty project. Returns the file."""
    source = folder / "source"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (source / "node_modules").symlink_to(TOOLS / "node/node_modules")
    npm("pack", "--silent", "--pack-destination", folder, cwd=source)
    (packed,) = folder.glob("interaction-gateway-*.tgz")
    versions = pinned()
    project.mkdir()
    (project / "package.json").write_text(json.dumps({
        "private": True, "overrides": versions,
        "devDependencies": {name: versions[name] for name in ("typescript", "@types/node")}}), encoding="utf-8")
    npm("install", "--offline", "--no-audit", "--no-fund", packed, cwd=project)
    return packed


def npm(*arguments, cwd):
    return run("npm", *arguments, cwd=cwd, env=environment(npm_config_cache=str(TOOLS / "npm-cache")))


def setUpModule():
    global folder, project, packed, world
    interop_matrix.begin("Node.js")
    folder = pathlib.Path(unittest.enterModuleContext(tempfile.TemporaryDirectory(prefix="node-package-")))
    project = folder / "first-call"
    packed = install_packed(folder, project)
    world = unittest.enterModuleContext(World(SERVER, SANDBOX))


def tsc(path):
    return run(project / "node_modules/.bin/tsc", "--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", path,
               cwd=project)


class PackageTest(unittest.TestCase):

    def test_generated_code_is_what_the_generator_writes(self):
        self.assertEqual(stale_files("node"), [])

    def test_the_packed_file_holds_types_messages_and_retries_and_no_source(self):
        with tarfile.open(packed) as archive:
            names = {name.removeprefix("package/") for name in archive.getnames()}
        self.assertLessEqual({"dist/index.js", "dist/index.d.ts", "dist/service_config.json", "README.md", "LICENSE",
                              "dist/generated/interaction/v1/interaction_service.d.ts"}, names)
        self.assertFalse([name for name in names if name.startswith(("src", "node_modules"))])

    def test_the_installed_package_does_what_it_says(self):
        shutil.copy(ROOT / "tests/packages/node/client.test.mjs", project)
        print(run("node", "--test", "client.test.mjs", cwd=project, env=environment(world)))

    def test_the_snippet_of_the_readme_runs_and_is_typed(self):
        (snippet,) = snippets("node", "ts")
        for name in ("snippet.mjs", "snippet.mts"):
            (project / name).write_text(against(snippet, world), encoding="utf-8")
        self.assertRegex(run("node", "snippet.mjs", cwd=project), "^opened ")
        self.assertEqual(tsc("snippet.mts"), "")

    def test_types_find_mistakes_of_the_caller(self):
        (project / "mistakes.mts").write_text(
            "import { Client } from 'interaction-gateway';\n"
            "const client = Client.connect(1);\n"
            "await client.createVspInteraction({ noSuchField: 'x' });\n"
            "(await client.createVspInteraction({})).message.noSuchField;\n", encoding="utf-8")
        with self.assertRaises(AssertionError) as caught:
            tsc("mistakes.mts")
        for expected in ("mistakes.mts(2,31): error TS2345", "mistakes.mts(3,37): error TS2353",
                         "mistakes.mts(4,49): error TS2339"):
            self.assertIn(expected, str(caught.exception))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
