"""The commands of client/README.md, word for word: they install the library, and build the README's program with it in two ways. With
the first, two more programs are built that try what the installed library can do: main.cc and client_test.cc.

usage: consumer_test.py SERVER SANDBOX
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/packages"))
sys.dont_write_bytecode = True

import interop_matrix  # noqa: E402
from package import against  # noqa: E402
from world import World  # noqa: E402

SERVER, SANDBOX = (os.path.abspath(path) for path in sys.argv[1:3])

PROJECT = """{of_the_readme}
find_package(CURL REQUIRED)
find_package(GTest REQUIRED)
find_package(nlohmann_json REQUIRED)
add_executable(all_ways all_ways.cc)
target_link_libraries(all_ways PRIVATE interaction::client)
add_executable(client_test client_test.cc)
target_link_libraries(client_test PRIVATE interaction::client CURL::libcurl GTest::gtest_main nlohmann_json::nlohmann_json)
"""


def commands(title):
    """The first block of shell commands below a title of client/README.md."""
    page = (ROOT / "client/README.md").read_text(encoding="utf-8")
    match = re.search(rf"^#+ {re.escape(title)}\n.*?^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    if match is None:
        raise AssertionError(f"client/README.md has no commands below '{title}'")
    return match.group(1)


def block(language):
    """The first block of code in a language."""
    page = (ROOT / "client/README.md").read_text(encoding="utf-8")
    return re.search(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL).group(1)


class ConsumerTest(unittest.TestCase):
    def run_commands(self, script, folder):
        # HOME is where the commands install.
        done = subprocess.run(["bash", "-euxc", script], cwd=folder, env=os.environ | {"HOME": self.home},
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-8000:])

    def assert_opens(self, program):
        """The program of the README."""
        done = subprocess.run([program], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^opened [0-9a-f-]{36}\n$")

    def assert_opens_in_all_ways(self, program):
        done = subprocess.run([program, self.world.plain.address], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = dict(line.split(": ", 1) for line in done.stdout.splitlines())
        guid = r"^[0-9a-f-]{36}$"
        for how in ("blocking", "callback", "coroutine"):
            self.assertRegex(lines[how], guid)
        self.assertEqual(len({lines[how] for how in ("blocking", "callback", "coroutine")}), 3, "each opened its own")
        self.assertEqual(lines["error"], "INVALID_REQUEST validate account_id")

    def test_the_library_alone_is_installed_and_used_by_cmake_and_by_pkg_config(self):
        folder = tempfile.TemporaryDirectory(prefix="consumer-")
        self.addCleanup(folder.cleanup)
        self.home = folder.name
        interop_matrix.begin("C++")
        self.world = self.enterContext(World(SERVER, SANDBOX))

        self.run_commands(commands("Install"), ROOT)
        installed = pathlib.Path(self.home, "interaction")
        self.assertTrue((installed / "share/interaction/interaction.binpb").is_file())
        self.assertFalse((installed / "bin").exists(), "the library alone")

        project = pathlib.Path(self.home, "project")
        project.mkdir()
        (project / "main.cc").write_text(against(block("cpp"), self.world), encoding="utf-8")
        (project / "all_ways.cc").write_bytes((ROOT / "tests/consumer/main.cc").read_bytes())
        (project / "client_test.cc").write_bytes((ROOT / "tests/consumer/client_test.cc").read_bytes())
        (project / "CMakeLists.txt").write_text(PROJECT.format(of_the_readme=block("cmake")), encoding="utf-8")
        self.run_commands(commands("With CMake"), project)
        self.assert_opens(project / "build/my_program")
        self.assert_opens_in_all_ways(project / "build/all_ways")
        done = subprocess.run([project / "build/client_test"], env=os.environ | self.world.environment(), capture_output=True,
                              text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        print(done.stdout)

        self.run_commands(commands("With pkg-config"), project)
        self.assert_opens(project / "my_program")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
