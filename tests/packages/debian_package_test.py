"""The Debian packages: lintian, then installed, upgraded and purged in a clean Debian.

usage: debian_package_test.py BUILD_FOLDER DEBIAN_ROOT

BUILD_FOLDER is one of CMake with everything built. DEBIAN_ROOT is the archive that tools/install-dependencies --all makes.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD, DEBIAN_ROOT = (os.path.abspath(path) for path in sys.argv[1:3])
OLD, NEW = "0.0.1", "99.0.0"
PROGRAMS = ("interaction-server", "interactionctl", "interaction-sandbox")
SUDO = [] if os.geteuid() == 0 else ["sudo"]


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def setUpModule():
    global folder, root
    temporary = tempfile.TemporaryDirectory(prefix="debian-package-")
    folder = pathlib.Path(temporary.name)
    unittest.addModuleCleanup(temporary.cleanup)
    for version in (OLD, NEW):
        run(ROOT / "tools/package", BUILD, folder / version, version)
    root = folder / "root"
    root.mkdir()
    unittest.addModuleCleanup(run, *SUDO, "rm", "-rf", "--one-file-system", root)
    run(*SUDO, "tar", "-C", root, "--exclude=./dev/*", "-xf", DEBIAN_ROOT)
    run(*SUDO, "touch", root / "dev/null")
    run(*SUDO, "cp", "-r", folder / OLD, folder / NEW, root / "srv")


def inside(*command):
    return run(*SUDO, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
               "chroot", root, *command)


def names(version):
    """The packages' files, as the clean Debian sees them: all but the one whose compilers and headers it does not have."""
    return [f"/srv/{version}/{file.name}" for file in sorted((folder / version).glob("*.deb"))
            if not file.name.startswith("libinteraction-client-dev_")]


class DebianPackageTest(unittest.TestCase):
    def test_lintian_finds_no_errors(self):
        packages = sorted((folder / NEW).glob("*.deb"))
        self.assertEqual(len(packages), 4)
        print(run("lintian", "--fail-on", "error", "--allow-root", "--tag-display-limit", "0", *packages))

    def test_the_unit_is_exposed_to_little(self):
        unit = ROOT / "deploy/systemd/interaction-server.service"
        report = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", unit)
        print(report.strip().splitlines()[-1])

    def test_the_packages_are_installed_upgraded_and_purged(self):
        settings = root / "etc/interaction-gateway/server.yaml"

        with self.subTest("installed"):
            inside("dpkg", "-i", *names(OLD))
            for program in PROGRAMS:
                self.assertIn("0.", inside(program, "--version"))
            self.assertIn("interaction-gateway", inside("getent", "passwd", "interaction-gateway"))
            self.assertTrue((root / "lib/systemd/system/interaction-server.service").is_file()
                            or (root / "usr/lib/systemd/system/interaction-server.service").is_file())
            self.assertIn("/etc/interaction-gateway/server.yaml",
                          inside("dpkg-query", "-W", "-f", "${Conffiles}", "interaction-server"))

        with self.subTest("the settings that it brings are good, and the server's user can read them"):
            inside("setpriv", "--reuid=interaction-gateway", "--regid=interaction-gateway", "--clear-groups",
                   "interaction-server", "--check-config", "--config", "/etc/interaction-gateway/server.yaml")

        with self.subTest("upgraded, with the operator's settings kept"):
            changed = settings.read_text(encoding="utf-8") + "# the operator's\n"
            run(*SUDO, "tee", settings, input=changed)
            inside("dpkg", "-i", *names(NEW))
            self.assertEqual(inside("dpkg-query", "-W", "-f", "${Version}", "interaction-server"), NEW)
            self.assertEqual(settings.read_text(encoding="utf-8"), changed)

        with self.subTest("purged, with nothing left"):
            inside("dpkg", "--purge", *PROGRAMS)
            left = run(*SUDO, "find", root, "-path", root / "srv", "-prune", "-o", "-path", root / "proc", "-prune", "-o",
                       "(", "-name", "*interaction-*", "-o", "-name", "interactionctl*", ")", "-print")
            self.assertEqual(left, "")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
