#!/usr/bin/env python3
"""What container.py and pod.py play of kubelet, tried on small manifests whose image has nothing but a shell and `sleep`."""
import asyncio
import os
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

import namespace

TESTS = pathlib.Path(__file__).resolve().parent.parent
# Ends with 7 when it is told to, and writes what happened to the container's log.
SERVE = "trap 'echo told to end; exit 7' TERM; echo serving; while :; do sleep 0.05; done"
RESTRICTED = {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532}
CONTEXT = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


def shell(script):
    return ["sh", "-c", script]


def status(field, value):
    """That a line of /proc/self/status says so."""
    return f'while read name first rest; do test "$name" != {field}: || test "$first" = {value} || exit 1; done < /proc/self/status'


def deployment(grace=5, **more):
    """One Pod with one container; more: of the container."""
    container = {"name": "main", "image": "shell:1", "command": shell(SERVE), "securityContext": CONTEXT,
                 "env": [{"name": "GREETING", "value": "good morning"}]} | more
    return {"kind": "Deployment", "metadata": {"name": "main"}, "spec": {
        "replicas": 1, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}, "template": {
            "metadata": {"annotations": {}},
            "spec": {"containers": [container], "volumes": [], "securityContext": RESTRICTED, "terminationGracePeriodSeconds": grace}}}}


class KubeletTest(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="kubelet-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        os.chmod(cls.folder, 0o755)
        root = os.path.join(cls.folder, "root")
        for program in ("sh", "sleep"):
            add_program(shutil.which(program), root)
        for name in ("proc", "dev"):
            os.makedirs(os.path.join(root, name))
        cls.roots = {"shell": root}

    async def start(self, manifest):
        """Runs the Deployment's Pod; its container, once it is as the Deployment asks for."""
        self.cluster = Cluster(os.path.join(self.folder, self.id()), self.roots, lambda addresses: None, delay=0)
        os.makedirs(self.cluster.folder)
        self.cluster.apply(manifest)
        self.controller = asyncio.create_task(self.cluster.run())
        self.addAsyncCleanup(self.end)
        async with asyncio.timeout(60):
            while not self.cluster.pods or not self.cluster.pods[0].gateway.pid or "serving" not in self.written():
                await asyncio.sleep(0.02)
        return self.cluster.pods[0].gateway

    async def end(self):
        if self.cluster.pods:
            await self.cluster.end()
        self.controller.cancel()

    def written(self):
        """The log of the container."""
        return "".join(path.read_text(encoding="utf-8") for path in pathlib.Path(self.cluster.folder).glob("*.main.log"))

    async def until(self, holds):
        async with asyncio.timeout(60):
            while not holds():
                await asyncio.sleep(0.02)

    async def test_a_command_runs_in_the_container(self):
        container = await self.start(deployment())
        claims = {
            "its root, which has no more programs than the image": "test -x /usr/bin/sleep && ! test -e /usr/bin/python3",
            "its root, read-only": "! echo text > /new",
            "its table of processes": 'read -r line < /proc/1/cmdline; test "${line#sh-c}" != "$line"',
            "its name of the machine": f'read name < /proc/sys/kernel/hostname; test "$name" = {container.pod.name}',
            "its environment": 'test "$GREETING" = "good morning" && test "$HOSTNAME" = ' + container.pod.name,
            "its user": status("Uid", 65532) + " && " + status("Gid", 65532),
            "no capabilities": status("CapEff", "0" * 16) + " && " + status("CapPrm", "0" * 16),
            "no new privileges": status("NoNewPrivs", 1)}
        for claim, script in claims.items():
            with self.subTest(claim):
                self.assertEqual(await container.execute(shell(script), 20), 0)

    async def test_a_command_that_fails_or_takes_too_long_says_so(self):
        container = await self.start(deployment())
        self.assertEqual(await container.execute(shell("exit 3"), 20), 3)
        self.assertNotEqual(await container.execute(["no-such-program"], 20), 0)
        self.assertIsNone(await container.execute(shell("echo $$ >> /proc/1/fd/1; sleep 600"), 0.5))
        number = self.written().split()[-1]
        self.assertEqual(await container.execute(shell(f"test -e /proc/{number}"), 20), 1, "it still runs")

    async def test_a_pod_is_ready_when_the_command_of_its_probe_succeeds(self):
        probe = {"exec": {"command": shell("test -e /tmp/is-ready")}, "periodSeconds": 0.1, "timeoutSeconds": 20}
        manifest = deployment(readinessProbe=probe)
        os.makedirs(os.path.join(self.roots["shell"], "tmp"), exist_ok=True)
        flag = pathlib.Path(self.roots["shell"], "tmp/is-ready")
        container = await self.start(manifest)
        self.assertFalse(container.is_ready)
        flag.touch()
        await self.until(lambda: container.is_ready)
        flag.unlink()
        await self.until(lambda: not container.is_ready)

    async def test_variables_in_a_probes_command_are_replaced(self):
        greeting = {"exec": {"command": shell('test "$(GREETING)" = "good morning"')}, "timeoutSeconds": 20}
        container = await self.start(deployment(startupProbe=greeting))
        await self.until(lambda: container.is_started)

    async def test_a_container_whose_liveness_command_fails_is_started_again(self):
        alive = {"exec": {"command": shell("exit 1")}, "periodSeconds": 0.1, "failureThreshold": 2, "timeoutSeconds": 20}
        container = await self.start(deployment(livenessProbe=alive))
        await self.until(lambda: self.written().count("serving") == 2)
        self.assertEqual(container.starts, 2)

    async def test_the_command_of_pre_stop_runs_before_the_container_is_told_to_end(self):
        hook = {"preStop": {"exec": {"command": shell("echo leaving >> /proc/1/fd/1")}}}
        container = await self.start(deployment(lifecycle=hook))
        self.assertEqual(await container.stop(20), 7)
        self.assertEqual(self.written().splitlines(), ["serving", "leaving", "told to end"])
        self.assertEqual(container.pre_stop_code, 0)

    async def test_a_pre_stop_that_fails_keeps_no_container_from_its_end(self):
        container = await self.start(deployment(lifecycle={"preStop": {"exec": {"command": shell("exit 4")}}}))
        self.assertEqual(await container.stop(20), 7)
        self.assertEqual(container.pre_stop_code, 4)

    async def test_pre_stop_takes_its_time_from_the_grace_period(self):
        for hook in {"exec": {"command": shell("sleep 600")}}, {"sleep": {"seconds": 600}}:
            with self.subTest(hook=hook):
                container = await self.start(deployment(lifecycle={"preStop": hook}))
                began = time.monotonic()
                self.assertEqual(await container.stop(1), 7, "it is told to end when the grace period is over, and has two seconds then")
                self.assertGreaterEqual(time.monotonic() - began, 1)
                await self.end()
                shutil.rmtree(self.cluster.folder)

    async def test_a_hook_that_is_not_played_ends_the_run(self):
        for hook in {"postStart": {"exec": {"command": ["sh"]}}}, {"preStop": {"httpGet": {"port": 80}}}:
            with self.subTest(hook=hook), self.assertRaisesRegex(NotImplementedError, "only preStop"):
                Container(deployment(lifecycle=hook)["spec"]["template"]["spec"]["containers"][0], None, "/", [], "")


if __name__ == "__main__":
    namespace.enter()
    sys.path[1:1] = [str(TESTS / "chaos")]
    from cluster import Cluster
    from container import Container
    from roots import add_program
    unittest.main(argv=sys.argv[:1], verbosity=2)
