"""The Go module: zipped as a proxy serves it, fetched into an empty project, and used there.

usage: go_package_test.py SERVER SANDBOX FOLDER_OF_TOOLS
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

import interop_matrix
from package import ROOT, against, environment, run, snippets, stale_files
from world import World

SERVER, SANDBOX, TOOLS = (pathlib.Path(path).resolve() for path in sys.argv[1:4])
GO = TOOLS / "bin/go"
MODULE = "github.com/interaction-gateway/interaction-gateway/client/go"
SOURCE = ROOT / "client/go"


def serve_module(proxy, version):
    """Lays the module's files out as a module proxy does: info, mod and zip."""
    folder = proxy / MODULE / "@v"
    folder.mkdir(parents=True)
    (folder / "list").write_text(f"{version}\n", encoding="ascii")
    (folder / f"{version}.info").write_text(json.dumps({"Version": version}), encoding="ascii")
    shutil.copy(SOURCE / "go.mod", folder / f"{version}.mod")
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=SOURCE, check=True,
                           capture_output=True, text=True).stdout.split()
    with zipfile.ZipFile(folder / f"{version}.zip", "w") as archive:
        for name in names:
            archive.write(SOURCE / name, f"{MODULE}@{version}/{name}")


def setUpModule():
    global folder, go_environment, world
    interop_matrix.begin("Go")
    folder = pathlib.Path(unittest.enterModuleContext(tempfile.TemporaryDirectory(prefix="go-package-")))
    version = "v" + re.search(r'^const Version = "(.*)"$', (SOURCE / "interaction/client.go").read_text(), re.MULTILINE)[1]
    serve_module(folder / "proxy", version)
    world = unittest.enterModuleContext(World(SERVER, SANDBOX))
    go_environment = environment(
        world, GOPROXY=f"file://{folder}/proxy,file://{TOOLS}/go-modules/cache/download", GOSUMDB="off", GOTOOLCHAIN="local",
        GOMODCACHE=str(folder / "modules"), GOFLAGS="-modcacherw -trimpath", GOWORK="off", CGO_ENABLED="0")
    project = folder / "project"
    project.mkdir()
    shutil.copy(ROOT / "tests/packages/go/client_test.go", project)
    go("mod", "init", "example.org/project")
    go("get", f"{MODULE}@{version}")
    go("get", "-t", ".")


def go(*arguments, folder_of_project="project"):
    return run(GO, *arguments, cwd=folder / folder_of_project, env=go_environment)


def path_with_go():
    return f"{GO.parent}{os.pathsep}{os.environ['PATH']}"


class PackageTest(unittest.TestCase):

    def test_generated_code_is_what_the_generator_writes(self):
        self.assertEqual(stale_files("go"), [])

    def test_the_fetched_module_does_what_it_says(self):
        print(go("test", "-count=1", "-vet=all", "."))

    def test_the_snippet_of_the_readme_runs_with_the_fetched_module(self):
        (snippet,) = snippets("go", "go")
        snippet = against(snippet, world)
        main = folder / "project/snippet/main.go"
        main.parent.mkdir()
        main.write_text(snippet, encoding="utf-8")
        self.assertRegex(go("run", "./snippet"), "^opened ")

    def test_the_way_of_the_readme_from_a_checkout_runs(self):
        (folder / "interaction-gateway/client").mkdir(parents=True)
        (folder / "interaction-gateway/client/go").symlink_to(SOURCE)
        (folder / "first-call").mkdir()
        commands = snippets("go", "sh")[1]
        self.assertIn("-replace", commands)
        run("bash", "-ec", commands, cwd=folder / "first-call", env=go_environment | {"PATH": path_with_go()})
        (folder / "first-call/main.go").write_text(against(snippets("go", "go")[0], world), encoding="utf-8")
        go("get", ".", folder_of_project="first-call")
        self.assertRegex(go("run", ".", folder_of_project="first-call"), "^opened ")

    def test_the_snippet_of_the_readme_is_formatted(self):
        (snippet,) = snippets("go", "go")
        done = subprocess.run([GO, "run", "cmd/gofmt"], input=snippet, capture_output=True, text=True, timeout=600)
        self.assertEqual(done.stdout, snippet, done.stderr)

    def test_the_source_is_formatted_and_vetted(self):
        self.assertEqual(run(GO, "run", "cmd/gofmt", "-l", SOURCE, ROOT / "tests/packages/go"), "")
        offline = go_environment | {"GOMODCACHE": str(TOOLS / "go-modules"), "GOFLAGS": "-mod=readonly -modcacherw -trimpath"}
        self.assertEqual(run(GO, "vet", "./...", cwd=SOURCE, env=offline), "")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
