"""A container of a manifest as a process in the root of its image, started and ended as kubelet and its runtime do."""
import asyncio
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import probes

# What of a container is played here; anything else ends the run, so that nothing of the chart is left out unnoticed.
PLAYED = {"name", "image", "command", "args", "env", "ports", "startupProbe", "readinessProbe", "livenessProbe", "lifecycle", "securityContext",
          "volumeMounts", "restartPolicy"}
NOT_PLAYED = {"imagePullPolicy", "resources"}
SEARCH_PATH = "/usr/bin"
PRE_STOP = {"sleep", "exec"}
LEAST_GRACE = 2  # seconds that a process has after SIGTERM, however long preStop took


def expand(text, variables):
    """$(NAME) as Kubernetes replaces it in environment, command and arguments."""
    return re.sub(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)", lambda match: variables.get(match[1], match[0]), text)


class Container:
    """One of a Pod. `changed` is called when `started` or `ready` is another; it is started again when its process ends, unless it was told to."""

    def __init__(self, spec, pod, root, mounts, log):
        unknown = spec.keys() - PLAYED - NOT_PLAYED
        if unknown:
            raise NotImplementedError(f"container {spec['name']}: {', '.join(sorted(unknown))} is not played")
        lifecycle = spec.get("lifecycle", {})
        if lifecycle.keys() - {"preStop"} or lifecycle.get("preStop", {}).keys() - PRE_STOP:
            raise NotImplementedError(f"container {spec['name']}: of lifecycle, only preStop.sleep and preStop.exec are played")
        self.spec, self.pod, self.root, self.mounts, self.log = spec, pod, root, mounts, log
        self.name = spec["name"]
        self.ports = {port["name"]: port["containerPort"] for port in spec.get("ports", [])}
        self.is_started = self.is_ready = False
        self.starts = 0
        self.pre_stop_code = 0  # of preStop.exec; None if it took longer than the grace period
        self._process, self._pid, self._status, self._stopping = None, None, None, False
        self._tasks = []

    def environment(self):
        variables = {}
        for entry in self.spec.get("env", []):
            if "valueFrom" in entry:
                variables[entry["name"]] = self.pod.field(entry["valueFrom"]["fieldRef"]["fieldPath"])
            else:
                variables[entry["name"]] = expand(entry["value"], variables)
        return variables

    def command(self, status):
        """As bubblewrap's: the image's root read-only, as the manifest's user, without capabilities, the program as process 1."""
        context = self.pod.security_context | self.spec.get("securityContext", {})
        if not (context["readOnlyRootFilesystem"] and context["runAsNonRoot"] and context["capabilities"] == {"drop": ["ALL"]}
                and not context["allowPrivilegeEscalation"]):
            raise NotImplementedError(f"container {self.name}: only the Pod security standard restricted with a read-only root is played")
        variables = self.environment()
        arguments = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", self.pod.name, "--as-pid-1",
                     "--uid", str(context["runAsUser"]), "--gid", str(context["runAsGroup"]), "--cap-drop", "ALL", "--ro-bind", self.root, "/",
                     "--proc", "/proc", "--dev", "/dev", "--die-with-parent", "--json-status-fd", str(status), "--clearenv",
                     "--setenv", "PATH", SEARCH_PATH, "--setenv", "HOSTNAME", self.pod.name]
        for mount, folder in self.mounts:
            arguments += ["--ro-bind", folder, mount["mountPath"]]
        for name, value in variables.items():
            arguments += ["--setenv", name, value]
        return arguments + [expand(word, variables) for word in [*self.spec["command"], *self.spec.get("args", [])]]

    async def start(self):
        self._stopping = False
        self.starts += 1
        reading, writing = os.pipe()
        with open(self.log, "ab") as log:
            self._process = await asyncio.create_subprocess_exec(*self.command(writing), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                                 pass_fds=[writing])
        os.close(writing)
        self._status = os.fdopen(reading, "rb")  # bubblewrap writes there until it ends
        line = await asyncio.to_thread(self._status.readline)
        if not line:
            raise RuntimeError(f"{self.pod.name}: container {self.name} did not start, see {self.log}")
        self._pid = await self._await_program(json.loads(line)["child-pid"])
        self._tasks = [asyncio.create_task(self._probe()), asyncio.create_task(self._await_end())]

    @staticmethod
    async def _await_program(pid):
        """The process, when it is bubblewrap's no more but the program's, with the container around it."""
        with contextlib.suppress(FileNotFoundError):  # it has ended already
            while pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="utf-8") == "bwrap\n":
                await asyncio.sleep(0.005)
        return pid

    @property
    def pid(self):
        return self._pid

    def kill(self):
        """As if the kernel had killed it; it is started again."""
        os.kill(self._pid, signal.SIGKILL)

    async def execute(self, command, seconds):
        """Runs a command in the container, as `kubectl exec` does: in its root and namespaces, as its user, with its environment. Its exit
        code, or None if it was killed because it took longer. What it writes is in a file beside the container's log."""
        process = None
        try:
            with open(f"{self.log}.exec", "ab") as log:
                process = await asyncio.create_subprocess_exec(
                    shutil.which("setpriv"), "--no-new-privs", shutil.which("nsenter"), "--target", str(self._pid), "--preserve-credentials", "--user", "--mount", "--pid",
                    "--ipc", "--uts", "--", *command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                    env={"PATH": SEARCH_PATH, "HOSTNAME": self.pod.name} | self.environment())
            async with asyncio.timeout(seconds):
                return await process.wait()
        except TimeoutError:
            return None
        finally:
            if process and process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
                await self._reap(process.pid)

    @staticmethod
    async def _reap(group):
        """The command itself has lost its parent, nsenter. It counts among the container's processes until it is reaped, by process 1 of the
        namespace that nsenter was in: this one. The container could not end before."""
        with contextlib.suppress(ChildProcessError):
            while True:
                if os.waitpid(-group, os.WNOHANG) == (0, 0):
                    await asyncio.sleep(0.005)

    async def stop(self, grace):
        """preStop, SIGTERM, and SIGKILL when the grace period is over, in seconds; returns its exit code."""
        self._stopping = True
        if self._process is None:
            return 0
        self._tasks[0].cancel()
        started = time.monotonic()
        await self._pre_stop(grace)
        if self._process.returncode is None:
            os.kill(self._pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(max(grace - (time.monotonic() - started), LEAST_GRACE)):
                await self._process.wait()
        except TimeoutError:
            os.kill(self._pid, signal.SIGKILL)
            await self._process.wait()
        self._status.close()
        return self._process.returncode

    async def _pre_stop(self, grace):
        """In the grace period, of which it takes its part. The container ends whatever comes of it."""
        hook = self.spec.get("lifecycle", {}).get("preStop", {})
        if "sleep" in hook:
            await asyncio.sleep(min(hook["sleep"]["seconds"], grace))
        if "exec" in hook:
            self.pre_stop_code = await self.execute(hook["exec"]["command"], grace)

    async def _await_end(self):
        process = self._process
        await process.wait()
        if self._stopping:
            return
        self._status.close()
        self._tasks[0].cancel()
        self._set(started=False, ready=False)
        # kubelet's first restart is at once, the next after 10 s, 20 s and so on.
        await asyncio.sleep(0 if self.starts == 1 else min(10 * 2 ** (self.starts - 2), 300))
        if not self._stopping:
            await self.start()

    async def _probe(self):
        if not await self._succeeds("startupProbe"):
            return
        self._set(started=True, ready="readinessProbe" not in self.spec)
        await asyncio.gather(self._watch_readiness(), self._watch_liveness())

    async def _ask(self, probe):
        return await probes.ask(probe, self.pod.address, self.ports, self._execute_expanded)

    async def _execute_expanded(self, command, seconds):
        """A probe's command, in which $(NAME) is replaced; in a hook's it is not."""
        variables = self.environment()
        return await self.execute([expand(word, variables) for word in command], seconds)

    async def _succeeds(self, name):
        """Asks until it succeeds; kills the container where it fails too often."""
        probe = self.spec.get(name)
        failures = 0
        while probe and not await self._ask(probe):
            failures += 1
            if failures >= probe.get("failureThreshold", 3):
                self.kill()
                return False
            await asyncio.sleep(probe.get("periodSeconds", 10))
        return True

    async def _watch_readiness(self):
        probe, failures = self.spec.get("readinessProbe"), 0
        while probe:
            succeeds = await self._ask(probe)
            failures = 0 if succeeds else failures + 1
            if succeeds or failures >= probe.get("failureThreshold", 3):
                self._set(started=True, ready=succeeds)
            await asyncio.sleep(probe.get("periodSeconds", 10))

    async def _watch_liveness(self):
        probe, failures = self.spec.get("livenessProbe"), 0
        while probe:
            failures = 0 if await self._ask(probe) else failures + 1
            if failures >= probe.get("failureThreshold", 3):
                self.kill()
                return
            await asyncio.sleep(probe.get("periodSeconds", 10))

    def _set(self, started, ready):
        if (started, ready) != (self.is_started, self.is_ready):
            self.is_started, self.is_ready = started, ready
            self.pod.changed()
