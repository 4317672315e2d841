"""The Python package: built, installed from the built file into an empty environment, and used there.

usage: python_package_test.py SERVER SANDBOX FOLDER_OF_TOOLS
"""
import pathlib
import sys
import tarfile
import tempfile
import unittest
import zipfile

import interop_matrix
from package import ROOT, against, environment, run, snippets, stale_files
from world import World

SERVER, SANDBOX, TOOLS = (pathlib.Path(path).resolve() for path in sys.argv[1:4])
TEST_PROGRAM = ROOT / "tests/packages/python/client_test.py"


def setUpModule():
    global python, dist, folder, world
    interop_matrix.begin("Python", "Python asyncio")
    folder = unittest.enterModuleContext(tempfile.TemporaryDirectory(prefix="python-package-"))
    dist = pathlib.Path(folder, "dist")
    # First the sdist, and from that the wheel.
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", dist, ROOT / "client/python")
    run(sys.executable, "-m", "venv", pathlib.Path(folder, "venv"))
    python = pathlib.Path(folder, "venv/bin/python")
    (wheel,) = dist.glob("*.whl")
    run(python, "-m", "pip", "install", "--no-index", "--find-links", TOOLS / "wheels", wheel, "mypy")
    world = unittest.enterModuleContext(World(SERVER, SANDBOX))


class PackageTest(unittest.TestCase):

    def test_generated_code_is_what_the_generator_writes(self):
        self.assertEqual(stale_files("python"), [])

    def test_wheel_and_sdist_hold_types_messages_and_retries(self):
        (wheel,) = dist.glob("interaction_gateway-*.whl")
        (sdist,) = dist.glob("interaction_gateway-*.tar.gz")
        with tarfile.open(sdist) as archive:
            in_sdist = archive.getnames()
        for name in ("py.typed", "service_config.json", "v1/interaction_service_pb2.pyi"):
            self.assertIn(f"interaction_gateway/{name}", zipfile.ZipFile(wheel).namelist())
            self.assertTrue(any(path.endswith(f"src/interaction_gateway/{name}") for path in in_sdist), name)

    def test_the_installed_package_does_what_it_says(self):
        print(run(python, TEST_PROGRAM, env=environment(world), cwd=folder))

    def test_snippets_of_the_readme_run_and_are_typed(self):
        blocking, awaited = snippets("python", "python")
        for snippet, expected in ((blocking, "opened "), (awaited, "accepted with 201")):
            path = pathlib.Path(folder, "snippet.py")
            path.write_text(against(snippet, world), encoding="utf-8")
            self.assertRegex(run(python, path), f"^{expected}")
            self.assertIn("Success", run(python, "-m", "mypy", "--strict", path, cwd=folder))

    def test_types_find_mistakes_of_the_caller(self):
        path = pathlib.Path(folder, "mistakes.py")
        path.write_text(
            "from interaction_gateway import Client, CreateVspInteractionRequest\n"
            "client = Client.connect(1)\n"
            "request = CreateVspInteractionRequest(no_such_field='x')\n"
            "client.create_vsp_interaction(request).message.no_such_field\n", encoding="utf-8")
        with self.assertRaises(AssertionError) as caught:
            run(python, "-m", "mypy", "--strict", path, cwd=folder)
        for expected in ("mistakes.py:2: error: Argument 1", "mistakes.py:3: error: Unexpected keyword argument",
                         "mistakes.py:4: error: \"CreateVspInteractionResponse\" has no attribute"):
            self.assertIn(expected, str(caught.exception))

    def test_the_source_is_typed_strictly(self):
        self.assertIn("Success", run(sys.executable, "-m", "mypy", "src", cwd=ROOT / "client/python"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
