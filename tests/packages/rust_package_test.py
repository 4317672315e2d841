"""The Rust crate: packaged, and the packaged file used from an empty project.

usage: rust_package_test.py SERVER SANDBOX FOLDER_OF_TOOLS
"""
import pathlib
import re
import shutil
import sys
import tarfile
import tempfile
import unittest

import interop_matrix
from package import ROOT, against, environment, run, snippets, stale_files
from world import World

SERVER, SANDBOX, TOOLS = (pathlib.Path(path).resolve() for path in sys.argv[1:4])
SOURCE = ROOT / "client/rust"
TARGET = ROOT / "build/rust"

PROJECT = """[package]
name = "first-call"
version = "0.0.0"
edition = "2024"

[dependencies]
interaction-gateway = {{ path = "{crate}" }}
serde_json = "1"
tokio = {{ version = "1", features = ["macros", "rt-multi-thread"] }}
tonic = {{ version = "0.14", default-features = false }}

# So that the crate's own tests can be run, with what the project has compiled.
[workspace]
members = ["{crate}"]
"""


def setUpModule():
    global project, cargo_environment, crate, world
    interop_matrix.begin("Rust")
    folder = pathlib.Path(unittest.enterModuleContext(tempfile.TemporaryDirectory(prefix="rust-package-")))
    world = unittest.enterModuleContext(World(SERVER, SANDBOX))
    cargo_environment = environment(world, CARGO_TARGET_DIR=str(TARGET), CARGO_NET_OFFLINE="true", CARGO_INCREMENTAL="0",
                                    CARGO_PROFILE_DEV_DEBUG="0", CARGO_PROFILE_TEST_DEBUG="0")
    cargo("package", "--package", "interaction-gateway", "--no-verify", "--allow-dirty", "--locked", cwd=SOURCE)
    (packaged,) = (TARGET / "package").glob("interaction-gateway-*.crate")
    with tarfile.open(packaged) as archive:
        archive.extractall(folder / "first-call", filter="data")
    project = folder / "first-call"
    crate = project / packaged.stem
    for path in crate.rglob("*"):
        path.touch()  # the packaged files are dated 2006, by which cargo would take an older build for one of them
    (project / "src").mkdir()
    (project / "tests").mkdir()
    (project / "Cargo.toml").write_text(PROJECT.format(crate=crate.name), encoding="utf-8")
    shutil.copy(SOURCE / "Cargo.lock", project)
    shutil.copy(ROOT / "tests/packages/rust/client_test.rs", project / "tests")
    (snippet,) = snippets("rust", "rust,no_run")
    (project / "src/main.rs").write_text(against(snippet, world), encoding="utf-8")


def cargo(*arguments, cwd=None):
    return run("cargo", *arguments, cwd=cwd or project, env=cargo_environment)


class PackageTest(unittest.TestCase):

    def test_generated_code_is_what_the_generator_writes(self):
        self.assertEqual(stale_files("rust"), [])

    def test_the_crate_holds_generated_code_and_retries_and_no_generator(self):
        names = {str(path.relative_to(crate)) for path in crate.rglob("*") if path.is_file()}
        self.assertLessEqual({"src/generated/interaction.v1.rs", "src/service_config.json", "README.md", "LICENSE"}, names)
        self.assertFalse([name for name in names if name.startswith("generator")])

    def test_the_packaged_crate_does_what_it_says(self):
        output = cargo("test", "--quiet", "--workspace", "--tests")
        print(output)
        self.assertEqual(len(re.findall(r"test result: ok\. [1-9]", output)), 2, "the project's tests, and the crate's own")

    def test_the_snippet_of_the_readme_runs(self):
        self.assertRegex(cargo("run", "--quiet"), "^opened ")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
