"""The Maven artifact: built, installed into an empty repository of Maven's, and used from an empty project.

usage: java_package_test.py SERVER SANDBOX FOLDER_OF_TOOLS
"""
import pathlib
import re
import shutil
import sys
import tempfile
import unittest
import zipfile

import interop_matrix
from package import ROOT, against, environment, run, snippets, stale_files
from world import World

SERVER, SANDBOX, TOOLS = (pathlib.Path(path).resolve() for path in sys.argv[1:4])
SOURCE = ROOT / "client/java"
VERSION = re.search(r"^  <version>(.*)</version>$", (SOURCE / "pom.xml").read_text(encoding="utf-8"), re.MULTILINE)[1]


def setUpModule():
    global folder, project, repository, world
    interop_matrix.begin("Java")
    folder = pathlib.Path(unittest.enterModuleContext(tempfile.TemporaryDirectory(prefix="java-package-")))
    repository = folder / "repository"
    shutil.copytree(TOOLS / "maven-repository", repository)
    shutil.copytree(SOURCE, folder / "source", ignore=shutil.ignore_patterns("target"))
    maven("install", cwd=folder / "source")
    world = unittest.enterModuleContext(World(SERVER, SANDBOX))
    project = folder / "first-call"
    for source, name in (("pom.xml", "pom.xml"), ("ClientTest.java", "src/test/java/ClientTest.java")):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests/packages/java" / source, project / name)


def maven(*arguments, cwd=None):
    return run("mvn", "--offline", "--batch-mode", "--no-transfer-progress", f"-Dmaven.repo.local={repository}",
               f"-Dgateway.version={VERSION}", *arguments, cwd=cwd or project, env=environment(globals().get("world")))


class PackageTest(unittest.TestCase):

    def test_generated_code_is_what_the_generator_writes(self):
        self.assertEqual(stale_files("java"), [])

    def test_the_artifact_holds_messages_and_retries_and_its_sources(self):
        folder = repository / "com/interactiongateway/interaction-gateway" / VERSION
        classes, sources = (
            set(zipfile.ZipFile(folder / f"interaction-gateway-{VERSION}{kind}.jar").namelist()) for kind in ("", "-sources"))
        self.assertLessEqual({"com/interactiongateway/client/Client.class", "com/interactiongateway/client/service_config.json",
                              "com/interactiongateway/interaction/v1/CreateVspInteractionRequest.class"}, classes)
        self.assertIn("com/interactiongateway/client/Client.java", sources)

    def test_the_installed_artifact_does_what_it_says(self):
        output = maven("test")
        print(output)
        self.assertRegex(output, r"Tests run: [1-9]\d*, Failures: 0, Errors: 0, Skipped: 0")

    def test_the_way_of_the_readme_runs(self):
        first_call = folder / "readme"
        for kind, name in (("xml", "pom.xml"), ("java", "src/main/java/FirstCall.java")):
            (snippet,) = snippets("java", kind)
            (first_call / name).parent.mkdir(parents=True, exist_ok=True)
            (first_call / name).write_text(snippet if kind == "xml" else against(snippet, world), encoding="utf-8")
        output = maven("--quiet", "compile", "exec:java", "-Dexec.mainClass=FirstCall", cwd=first_call)
        self.assertRegex(output, "opened [0-9a-f-]{36}")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
