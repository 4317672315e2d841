"""The image: what hadolint says of the Dockerfile, and the programs in the root that collect_root.py makes, run as the Pod security
standard "restricted" demands: user 65532, a read-only root, no capabilities, no new privileges.

usage: image_test.py HADOLINT SERVER SANDBOX CLI
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

from process import Process, flags

REPOSITORY = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
HADOLINT, *PROGRAMS = (os.path.abspath(path) for path in sys.argv[1:5])


def collect(root, *programs):
    return subprocess.run([os.path.join(REPOSITORY, "deploy/image/collect_root.py"), "--root", root, "--name", "interaction-gateway",
                           "--commit", "0123456789ab", "--static", "libc6-dev", *programs], capture_output=True, text=True)


class DockerfileTest(unittest.TestCase):
    def test_hadolint_has_nothing_to_say(self):
        result = subprocess.run([HADOLINT, os.path.join(REPOSITORY, "Dockerfile")], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout), (0, ""), result.stderr)

    def test_collecting_names_what_is_wrong(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("exists; name a folder that does not", collect(folder, *PROGRAMS).stderr)


class ImageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = os.path.join(folder.name, "root")
        os.chmod(folder.name, 0o755)
        result = collect(cls.root, *PROGRAMS)
        assert result.returncode == 0, result.stderr

    def command(self, *arguments):
        """The command line that runs a program in the image."""
        return ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--uid", "65532", "--gid", "65532",
                "--cap-drop", "ALL", "--ro-bind", self.root, "/", "--tmpfs", "/run", "--remount-ro", "/", "--proc", "/proc", "--dev", "/dev", "--die-with-parent",
                "--clearenv", "--setenv", "PATH", "/usr/bin", *arguments]

    def run_in_image(self, *arguments):
        return subprocess.run(self.command(*arguments), capture_output=True, text=True)

    def test_it_has_no_shell_and_nothing_that_belongs_to_nobody_known(self):
        for name in ("sh", "bash", "dash", "dpkg", "apt-get", "perl"):
            self.assertFalse(os.path.lexists(f"{self.root}/usr/bin/{name}"), name)
        links = [os.path.join(folder, name) for folder, _, names in os.walk(self.root) for name in names]
        broken = [path for path in links if os.path.islink(path) and not os.path.lexists(self.resolve(path))]
        self.assertEqual(broken, [])

    def resolve(self, path):
        target = os.readlink(path)
        return self.root + target if target.startswith("/") else os.path.join(os.path.dirname(path), target)

    def test_every_program_runs_without_a_writable_root_and_without_capabilities(self):
        for name in ("interaction-server", "interaction-sandbox", "interactionctl"):
            result = self.run_in_image(name, "--version")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(name, result.stdout)

    def test_it_opens_an_interaction_and_knows_its_health(self):
        sandbox = Process(self.command("interaction-sandbox", "--listen", "127.0.0.1:0"), r"listening on (http:\S+)")
        self.addCleanup(sandbox.kill)
        settings = {"server.listen": "127.0.0.1:0", "admin.listen": "127.0.0.1:0", "egress.allow_plaintext": "true",
                    "egress.allow_loopback": "true", "seethepro.base_url": sandbox.address, "wolkvox.base_url": sandbox.address}
        server = Process(self.command("interaction-server", *flags(settings)), r'"serving","address":"([^"]+)"')
        self.addCleanup(server.kill)
        health = self.run_in_image("interaction-server", "--health", "--set", f"admin.listen={server.admin_address()}")
        self.assertEqual(health.returncode, 0, health.stderr)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as message:
            json.dump({"app_access_key": "key", "interaction_identity": "+573001234567", "interaction_name": "Claim 1138",
                       "account_id": "6925ebd4-125d-4338-a736-99f4b5bcb3d7", "contact_id": "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0"}, message)
            message.flush()
            os.chmod(message.name, 0o644)
            result = subprocess.run(self.command("--ro-bind", message.name, "/run/message.json", "interactionctl", "--address", server.address,
                                                 "create-vsp", "--json", "/run/message.json"), capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("CMP-", result.stdout)

    def test_nothing_in_it_belongs_to_the_user_who_runs_it(self):
        for folder, _, names in os.walk(self.root):
            for path in [folder, *(os.path.join(folder, name) for name in names)]:
                self.assertNotEqual(os.lstat(path).st_uid, 65532, path)

    def test_the_bill_of_materials_has_every_library(self):
        with open(f"{self.root}/usr/share/sbom/interaction-gateway.spdx.json", encoding="utf-8") as file:
            bill = json.load(file)
        self.assertEqual(bill["spdxVersion"], "SPDX-2.3")
        names = {package["name"] for package in bill["packages"]}
        self.assertGreaterEqual(names, {"libc6", "libssl3", "libstdc++6", "libcurl4", "libnghttp2-14", "ca-certificates"})
        described = {relation["relatedSpdxElement"] for relation in bill["relationships"]}
        self.assertEqual(described, {package["SPDXID"] for package in bill["packages"]})
        linked = [relation for relation in bill["relationships"] if relation["relationshipType"] == "STATIC_LINK"]
        self.assertEqual(len(linked), 1)
        for package in bill["packages"][1:]:
            self.assertRegex(package["externalRefs"][0]["referenceLocator"], r"^pkg:deb/debian/\S+@\S+\?arch=")

    def test_it_can_read_an_answer_in_utf_16(self):
        converters = [name for folder, _, names in os.walk(self.root) for name in names if name == "UTF-16.so"]
        self.assertEqual(converters, ["UTF-16.so"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
