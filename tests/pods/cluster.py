"""As much of a control plane as a Deployment needs: its objects, its Pods, its endpoints."""
import asyncio
import base64
import contextlib
import copy
import hashlib
import json
import os
import shutil
import time

from pod import Pod

RESTARTED = "kubectl.kubernetes.io/restartedAt"


def hash_of(template):
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]


def share(value, replicas, round_up):
    """A number of Pods, or a percentage of the replicas."""
    if isinstance(value, int):
        return value
    product = int(value.rstrip("%")) * replicas
    return -(-product // 100) if round_up else product // 100


class Cluster:
    """`roots` are the roots of images by the name of their repository. Endpoints are told to `publish` so many seconds after they changed as
    `delay` says: in a cluster they take their way over the API server, the mesh's control plane or the name server's cache."""

    def __init__(self, folder, roots, publish, delay, namespace="interactions"):
        self.folder, self.roots, self.publish, self.delay, self.namespace = folder, roots, publish, delay, namespace
        self.objects = {}
        self.pods = []
        self.replicas = 0
        self.template = None
        self.killed_late = []  # Pods whose containers did not end by themselves in their grace period
        self._number = 0
        self._change = asyncio.Event()
        self._tasks = set()
        self._announced, self._published = None, None

    # Objects

    def apply(self, *documents):
        """As `kubectl apply`: files in Pods that are there follow, and a Deployment whose template is another one rolls."""
        for document in documents:
            self.objects[document["kind"], document["metadata"]["name"]] = document
            if document["kind"] == "Deployment":
                self._take(document)
        for pod in self.pods:
            pod.refresh()
        self.changed()

    def _take(self, deployment):
        spec = deployment["spec"]
        if spec["strategy"]["type"] != "RollingUpdate":
            raise NotImplementedError("only rolling updates are played")
        self.rolling = spec["strategy"]["rollingUpdate"]
        self.min_ready = spec.get("minReadySeconds", 0)
        restarted = (self.template or {}).get("metadata", {}).get("annotations", {}).get(RESTARTED)
        self.template = spec["template"]
        if restarted:  # it is not helm's, so helm leaves it
            self.template["metadata"]["annotations"][RESTARTED] = restarted
        self.replicas = spec.get("replicas", self.replicas)

    def files_of(self, volume):
        """The files of a volume of a Pod: text by name."""
        if "configMap" in volume:
            return self.objects["ConfigMap", volume["configMap"]["name"]]["data"]
        source = volume["secret"]
        secret = self.objects["Secret", source["secretName"]]
        texts = {name: base64.b64decode(value).decode() for name, value in secret.get("data", {}).items()} | secret.get("stringData", {})
        return {item["path"]: texts[item["key"]] for item in source["items"]} if "items" in source else texts

    def root_of(self, image, mount_points):
        """The root of an image; folders for the mounts are made in it, as a container's runtime does."""
        root = self.roots[image.split(":")[0]]
        for path in mount_points:
            os.makedirs(root + path, exist_ok=True)
        return root

    def secret(self, name, **texts):
        return {"kind": "Secret", "metadata": {"name": name}, "stringData": {key.replace("_", "-"): text for key, text in texts.items()}}

    # What is done to the Deployment

    def scale(self, replicas):
        self.replicas = replicas
        self.changed()

    def restart(self):
        """As `kubectl rollout restart`."""
        self.template = copy.deepcopy(self.template)
        self.template["metadata"].setdefault("annotations", {})[RESTARTED] = f"{time.time()}"
        self.changed()

    # Its controller

    def changed(self):
        self._change.set()

    async def wait_for_change(self):
        self._change.clear()
        await self._change.wait()

    async def run(self):
        """Brings about what the Deployment asks for, for good."""
        while True:
            self._reconcile()
            self._announce()
            await self._wait_a_second()

    async def settle(self, seconds=300):
        """Waits until everything is as the Deployment asks for, endpoints included, and no Pod is ending."""
        async with asyncio.timeout(seconds):
            while not self._is_settled():
                await self._wait_a_second()
                self._raise_failures()

    async def _wait_a_second(self):
        """At most so long for a change: Pods also become available by the passing of time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self.wait_for_change()

    def _raise_failures(self):
        for task in [task for task in self._tasks if task.done()]:
            self._tasks.discard(task)
            task.result()

    def _is_settled(self):
        present = hash_of(self.template)
        return (len(self.pods) == self.replicas and all(self._is_available(pod) and pod.hash == present for pod in self.pods)
                and self._published == self._ready_addresses())

    def _ready_addresses(self):
        return sorted(pod.address for pod in self.pods if pod.is_ready)

    def _is_available(self, pod):
        if not pod.is_ready:
            pod.ready_since = None
            return False
        pod.ready_since = pod.ready_since or time.monotonic()
        return time.monotonic() - pod.ready_since >= self.min_ready

    def _reconcile(self):
        present = hash_of(self.template)
        staying = [pod for pod in self.pods if not pod.is_terminating]
        new = [pod for pod in staying if pod.hash == present]
        most = self.replicas + share(self.rolling["maxSurge"], self.replicas, True)
        least = self.replicas - share(self.rolling["maxUnavailable"], self.replicas, False)
        if len(new) == len(staying):  # no rollout: only the number may be another
            most, least = self.replicas, min(len(staying), self.replicas)
        for _ in range(min(self.replicas - len(new), most - len(staying))):
            self._create(present)
        for pod in self._may_end(staying, new, least):
            pod.is_terminating = True
            self._do(self._end(pod))

    def _may_end(self, staying, new, least):
        """The Pods that are not needed any more: first those that are not available."""
        if len(new) == len(staying):
            return sorted(reversed(new), key=self._is_available)[:max(len(new) - self.replicas, 0)]
        old = sorted((pod for pod in staying if pod not in new), key=self._is_available)
        unavailable = [pod for pod in old if not self._is_available(pod)]
        # As many may end as are more than the least; of those that are available, as many as are not needed.
        spare = max(len(staying) - least - sum(not self._is_available(pod) for pod in new), 0)
        not_needed = max(sum(map(self._is_available, staying)) - least, 0)
        return old[:min(spare, len(unavailable) + not_needed)]

    def _create(self, present):
        self._number += 1
        address = f"127.1.{self._number // 250}.{self._number % 250 + 1}"
        pod = Pod(f"gateway-{present}-{self._number}", address, self.template, self, self.changed)
        pod.hash, pod.ready_since = present, None
        self.pods.append(pod)
        self._do(pod.run())

    async def _end(self, pod):
        await pod.end()
        if not pod.ended_in_time:
            self.killed_late.append(pod.name)
        self.pods.remove(pod)
        shutil.rmtree(pod.folder)
        self.changed()

    def _do(self, work):
        self._tasks.add(asyncio.create_task(work))

    def _announce(self):
        addresses = self._ready_addresses()
        if addresses != self._announced:
            self._announced = addresses
            asyncio.get_running_loop().call_later(self.delay, self._tell, addresses)

    def _tell(self, addresses):
        self._published = addresses
        self.publish(addresses)
        self.changed()

    async def end(self):
        """Ends all Pods."""
        self.scale(0)
        await self.settle()
