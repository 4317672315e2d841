"""The commands of client/README.md, word for word: they install the library, and build a program with it in two ways.

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
sys.path.insert(0, str(ROOT / "tests/interop"))
sys.dont_write_bytecode = True

from process import Process, start_gateway  # noqa: E402

SERVER, SANDBOX = (os.path.abspath(path) for path in sys.argv[1:3])


def commands(title):
    """The first block of shell commands below a title of client/README.md."""
    page = (ROOT / "client/README.md").read_text(encoding="utf-8")
    match = re.search(rf"^#+ {re.escape(title)}\n.*?^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    if match is None:
        raise AssertionError(f"client/README.md has no commands below '{title}'")
    return match.group(1)


def cmake_lines():
    page = (ROOT / "client/README.md").read_text(encoding="utf-8")
    return re.search(r"^```cmake\n(.*?)^```", page, re.MULTILINE | re.DOTALL).group(1)


class ConsumerTest(unittest.TestCase):
    def run_commands(self, script, folder):
        # HOME is where the commands install.
        done = subprocess.run(["bash", "-euxc", script], cwd=folder, env=os.environ | {"HOME": self.home},
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-8000:])

    def assert_opens(self, program):
        done = subprocess.run([program, self.server.address], capture_output=True, text=True, timeout=60)
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
        self.sandbox = Process([SANDBOX, "--listen", "127.0.0.1:0"], r"listening on (http:\S+)")
        self.addCleanup(self.sandbox.end)
        self.server = start_gateway(SERVER, {
            "server.listen": "127.0.0.1:0", "admin.listen": "off", "egress.allow_plaintext": "true", "egress.allow_loopback": "true",
            "calls.drain_delay": "0s", "seethepro.base_url": self.sandbox.address, "wolkvox.base_url": self.sandbox.address})
        self.addCleanup(self.server.end)

        self.run_commands(commands("Install"), ROOT)
        installed = pathlib.Path(self.home, "interaction")
        self.assertTrue((installed / "share/interaction/interaction.binpb").is_file())
        self.assertFalse((installed / "bin").exists(), "the library alone")

        project = pathlib.Path(self.home, "project")
        project.mkdir()
        (project / "main.cc").write_bytes((ROOT / "tests/consumer/main.cc").read_bytes())
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(my_program CXX)\nadd_executable(my_program main.cc)\n" + cmake_lines(),
            encoding="utf-8")
        self.run_commands(commands("With CMake"), project)
        self.assert_opens(project / "build/my_program")

        self.run_commands(commands("With pkg-config"), project)
        self.assert_opens(project / "my_program")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
