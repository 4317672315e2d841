"""A Pod of a Deployment, from its volumes to its end."""
import asyncio
import os
import time

from container import Container
from volumes import Volume

PLAYED = {"containers", "initContainers", "volumes", "securityContext", "terminationGracePeriodSeconds"}
NOT_PLAYED = {"serviceAccountName", "automountServiceAccountToken", "enableServiceLinks", "topologySpreadConstraints"}


class Pod:
    def __init__(self, name, address, template, cluster, changed):
        spec = template["spec"]
        unknown = spec.keys() - PLAYED - NOT_PLAYED
        if unknown:
            raise NotImplementedError(f"Pod: {', '.join(sorted(unknown))} is not played")
        self.name, self.address, self.template, self.cluster, self.changed = name, address, template, cluster, changed
        self.security_context = spec["securityContext"]
        self.grace = spec["terminationGracePeriodSeconds"]
        self.folder = os.path.join(cluster.folder, name)
        os.makedirs(self.folder)
        self.is_terminating = False
        self.ended_in_time = True
        self._volumes = {volume["name"]: (volume, Volume(os.path.join(self.folder, volume["name"]), self._mode(volume))) for volume in spec["volumes"]}
        self.refresh()
        self._sidecars = [self._container(container) for container in spec.get("initContainers", [])]
        if not all(sidecar.spec.get("restartPolicy") == "Always" for sidecar in self._sidecars):
            raise NotImplementedError("initContainers that are no sidecars are not played")
        self._containers = [self._container(container) for container in spec["containers"]]

    @staticmethod
    def _mode(volume):
        return volume.get("secret", volume.get("configMap", {})).get("defaultMode", 0o644)

    def _container(self, spec):
        mounts = [(mount, self._volumes[mount["name"]][1].folder) for mount in spec.get("volumeMounts", [])]
        root = self.cluster.root_of(spec["image"], [mount["mountPath"] for mount, _ in mounts])
        return Container(spec, self, root, mounts, os.path.join(self.cluster.folder, f"{self.name}.{spec['name']}.log"))

    def field(self, path):
        """Of the downward API."""
        return {"status.podIP": self.address, "metadata.name": self.name, "metadata.namespace": self.cluster.namespace}[path]

    def refresh(self):
        """Brings its volumes up to date with the ConfigMaps and Secrets."""
        for volume, files in self._volumes.values():
            files.write(self.cluster.files_of(volume))

    @property
    def is_ready(self):
        return not self.is_terminating and all(container.is_ready for container in [*self._sidecars, *self._containers])

    @property
    def gateway(self):
        return self._containers[0]

    async def run(self):
        """Sidecars first, each until it has started; then the containers."""
        for container in [*self._sidecars, *self._containers]:
            await container.start()
            while container in self._sidecars and not container.is_started:
                await self.cluster.wait_for_change()
        return self

    async def end(self):
        """As a deleted Pod ends: the containers, then the sidecars in what is left of the grace period."""
        self.is_terminating = True
        self.changed()
        started = time.monotonic()
        codes = await asyncio.gather(*(container.stop(self.grace) for container in self._containers))
        for sidecar in reversed(self._sidecars):
            await sidecar.stop(max(1.0, self.grace - (time.monotonic() - started)))
        self.ended_in_time = all(code == 0 for code in codes)
        return self
