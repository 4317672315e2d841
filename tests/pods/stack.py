"""Everything around the Pods: Redis, the sandbox, certificates, and what callers come through."""
import asyncio
import json
import os
import pathlib
import re
import subprocess
import urllib.request

import grpc
import yaml

import chart
import proxies
from cluster import Cluster
from envoy import ISTIO_RETRIES, STARTS_WORKERS, find_envoy, wait_until_it_listens
from material import Material
from nameserver import NameServer
from ports import bind_loopback
from processes import Program, Redis
from volumes import Volume

NAME = "gateway.interactions.svc"
MESH = "/etc/mesh"
CERTIFICATES = {"gateway": f"DNS:{NAME},URI:spiffe://example.org/gateway", "edge": "URI:spiffe://example.org/edge",
                "caller": "URI:spiffe://example.org/caller"}
COMMON = {
    "secrets": {"existingSecret": "credentials", "files": {
        "seetheproAppAccessKey": "seethepro-app-access-key", "wolkvoxTokens": {"": "wolkvox-token"}, "redisDigestKey": "redis-digest-key"}},
    "admin": {"existingSecret": "admin"},
    "image": {"repository": "interaction-gateway"},
    "autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 6},
    "service": {"headless": {"enabled": True}},
    # All Pods share a network here, so each listens on its own address only.
    "extraEnv": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                 {"name": "INTERACTION_SERVER__LISTEN", "value": "$(POD_IP):50051"},
                 {"name": "INTERACTION_ADMIN__LISTEN", "value": "$(POD_IP):9464"}],
    "config": {
        # Times that make a run quick; the rules between them are the defaults' own.
        "calls": {"drain_delay": "1s", "drain_timeout": "10s", "default_deadline": "10s", "max_in_flight_per_peer": 0},
        # A busy machine with a slow disk is not what is tried here.
        "redis": {"timeout": "1s"}, "idempotency": {"in_progress_wait": "2s"},
        "server": {"max_connection_age": "10s"}, "log": {"successes_percent": 1}, "egress": {"allow_plaintext": True, "allow_loopback": True}},
}
# The gateway ends TLS itself and knows its callers by their certificates.
TLS = {
    "tls": {"enabled": True, "secretName": "gateway-tls", "clientCaConfigMap": "clients-ca"},
    "callers": {"policy": {"callers": [{"name": "all", "rpcs": ["CreateVspInteraction", "AddWolkvoxInteraction"], "identities": [
        "certificate:spiffe://example.org/edge", "certificate:spiffe://example.org/caller"]}]}},
}
# Sidecars do so; Istio's objects say how they behave.
SIDECAR = {
    "callers": {"insecure": True}, "istio": {"enabled": True},
    "initContainers": [proxies.in_the_pod(MESH)],
    "extraVolumes": [{"name": "mesh", "secret": {"secretName": "mesh"}}],
}
RETRY_POLICY = {"maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}


def free_port():
    with bind_loopback() as holder:
        return holder.getsockname()[1]


def merge(one, other):
    return {key: merge(one[key], other[key]) if isinstance(one.get(key), dict) and isinstance(other.get(key), dict) else other.get(key, one.get(key))
            for key in one | other}


class Stack:
    """Pods of one Deployment and what they need. kind: TLS or SIDECAR; repeats: whether a caller's sidecar repeats calls as Istio does by
    default, whatever the chart says."""

    def __init__(self, folder, kind, helm, roots, delay=0.3, values=None, repeats=False):
        self.folder, self.helm, self.repeats = folder, helm, repeats
        self.values = merge(merge(COMMON, kind), values or {})
        self.is_mesh = kind is SIDECAR
        self.cluster = Cluster(os.path.join(folder, "pods"), roots, self._publish, delay)
        self.names = NameServer(NAME)
        self.programs, self.envoys = [], []
        self.controller = None
        self.keys = 0
        os.makedirs(self.cluster.folder)

    async def serve(self, vendors, replicas=3):
        """Starts everything, and the Pods. vendors: a program that plays them and says where it listens."""
        folder = pathlib.Path(self.folder)
        redis = Redis(folder)
        self.programs += [redis, vendors]
        await redis.serve()
        self.vendors = (await vendors.start(r"listening on (http://\S+)"))[1]
        self.values = merge(self.values, {"redis": {"address": f"127.0.0.1:{redis.port}"}, "config": {
            "seethepro": {"base_url": self.vendors}, "wolkvox": {"base_url": self.vendors}}})
        self.material = Material(self.folder)
        self.resolver = await self.names.serve()
        self.mesh = Volume(os.path.join(self.folder, "mesh"))
        await self.renew_certificates()
        self.renew_credentials()
        self.cluster.scale(replicas)
        await self.upgrade({})
        self.controller = asyncio.create_task(self.cluster.run())
        await self.cluster.settle()
        await self._start_front()

    # What is in the cluster's objects

    async def upgrade(self, values):
        """As `helm upgrade` with further values."""
        self.values = merge(self.values, values)
        path = os.path.join(self.folder, "values.yaml")
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(self.values, file)
        self.objects = await asyncio.to_thread(self.helm.objects, "-f", path)
        self.cluster.apply(*self.objects)

    def renew_credentials(self):
        self.keys += 1
        self.cluster.apply(self.cluster.secret("credentials", seethepro_app_access_key=self.key, wolkvox_token="token", redis_digest_key="d" * 64),
                           self.cluster.secret("admin", token="t" * 40))

    @property
    def key(self):
        return f"key-{self.keys}"

    async def renew_certificates(self):
        """Of the Pods and of who calls them."""
        for name, names in CERTIFICATES.items():
            await asyncio.to_thread(self.material.issue, name, names)
        authority = self._file("ca.pem")
        files = {"tls.crt": self._file("gateway.pem"), "tls.key": self._file("gateway.key")}
        self.cluster.apply({"kind": "Secret", "metadata": {"name": "gateway-tls"}, "stringData": files},
                           {"kind": "ConfigMap", "metadata": {"name": "clients-ca"}, "data": {"ca.crt": authority}},
                           {"kind": "Secret", "metadata": {"name": "mesh"}, "stringData": files | {"ca.crt": authority} | proxies.secrets_file(MESH)})
        self.mesh.write({"tls.crt": self._file("edge.pem"), "tls.key": self._file("edge.key"), "ca.crt": authority}
                        | proxies.secrets_file(self.mesh.folder))

    def _file(self, name):
        return self.material.read(name).decode()

    def serves_new_certificate(self, pod):
        """Whether a new connection to the Pod meets the present certificate."""
        port = 15006 if self.is_mesh else 50051
        shown = subprocess.run(["openssl", "s_client", "-connect", f"{pod.address}:{port}", "-alpn", "h2", "-cert", self.material.file("caller.pem"),
                                "-key", self.material.file("caller.key")], stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
        return self._file("gateway.pem").split("-----")[2] in shown

    # What callers come through

    def _publish(self, addresses):
        self.names.addresses = addresses
        path = os.path.join(self.folder, "endpoints.json")
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(proxies.endpoints_file(addresses, 15006 if self.is_mesh else 50051))
        os.rename(path + ".new", path)

    async def _start_front(self):
        """The Envoy in front of the Pods: an edge with Istio's default retries, or a caller's sidecar that does what the chart says."""
        self.port = free_port()
        objects = self.objects if self.is_mesh else self._istio_objects()
        await self._start_envoy("front", proxies.in_front(
            self.port, self.folder, self.mesh.folder, NAME, proxies.outliers(chart.find(objects, "DestinationRule")),
            self._chart_retries(objects) if self.is_mesh and not self.repeats else ISTIO_RETRIES, health=not self.is_mesh))

    async def put_sidecar_before_edge(self):
        """Callers come through a sidecar of their own to the edge, from now on."""
        edge, self.port = self.port, free_port()
        policy = ISTIO_RETRIES if self.repeats else self._chart_retries(self._istio_objects())
        await self._start_envoy("caller", proxies.beside_the_caller(self.port, self.folder, edge, policy))

    def _istio_objects(self):
        return self.helm.objects("-f", chart.values_file("istio"))

    @staticmethod
    def _chart_retries(objects):
        return proxies.retries(chart.find(objects, "VirtualService"))

    async def _start_envoy(self, name, config):
        path = os.path.join(self.folder, f"{name}.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        envoy = Program(name, [find_envoy(), "-c", path, "--concurrency", "1", "--disable-hot-restart"], pathlib.Path(self.folder))
        self.programs.append(envoy)
        await envoy.start(STARTS_WORKERS)
        await wait_until_it_listens(f"127.0.0.1:{self.port}")
        self.envoys.append(name)

    async def envoy_retries(self):
        """How many calls the Envoys before the Pods have repeated, by the name of the Envoy."""
        return {name: await self._retries_of(name) for name in self.envoys}

    async def _retries_of(self, name):
        reader, writer = await asyncio.open_unix_connection(os.path.join(self.folder, f"{name}.sock"))
        writer.write(b"GET /stats?filter=cluster.gateway.upstream_rq_retry HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n")
        answer = (await reader.read()).decode()
        writer.close()
        return int(re.search(r"upstream_rq_retry: (\d+)", answer)[1])

    def through_envoy(self, repeats=False, number=4):
        """Channels to the Envoy in front. repeats: whether the caller repeats what is UNAVAILABLE, as one may with a request_id."""
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.service_config", json.dumps({"methodConfig": [
            {"name": [{}], **({"retryPolicy": RETRY_POLICY} if repeats else {})}]}))]
        return [grpc.aio.insecure_channel(f"127.0.0.1:{self.port}", options=options) for _ in range(number)]

    def round_robin(self, resolve_every=1, number=2):
        """Channels to the headless Service, whose name leads to all Pods."""
        credentials = grpc.ssl_channel_credentials(*(self.material.read(name) for name in ("ca.pem", "caller.key", "caller.pem")))
        options = [("grpc.lb_policy_name", "round_robin"), ("grpc.ssl_target_name_override", NAME), ("grpc.use_local_subchannel_pool", 1),
                   ("grpc.dns_min_time_between_resolutions_ms", int(resolve_every * 1000))]
        return [grpc.aio.secure_channel(f"dns://{self.resolver}/{NAME}:50051", credentials, options=options) for _ in range(number)]

    # What came of it

    def ask_sandbox(self, path, method="GET", body=None):
        request = urllib.request.Request(f"{self.vendors}{path}", method=method, data=body.encode() if body else None)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def ask_admin(self, pod, path):
        request = urllib.request.Request(f"http://{pod.address}:9464{path}", headers={"Authorization": "Bearer " + "t" * 40})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    async def end(self, keeper=None):
        """Ends everything. keeper: of a book, which it finishes when it is told to."""
        try:
            if self.controller:
                await self.cluster.end()
                self.controller.cancel()
            if keeper:
                await keeper.finish()
        finally:
            for program in self.programs:
                await program.kill()
