"""grpc-health-probe, and Envoy as a proxy in front: in plaintext and over TLS, against the gateway's own transport. Other clients and
tools, in plaintext and over TLS, are in tests/packages and tests/consumer.

usage: probe_and_envoy_test.py SERVER SANDBOX FOLDER_OF_TOOLS
"""
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.request
import uuid

import grpc
import grpc_tools.protoc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
for folder in ("packages", "chaos"):
    sys.path.insert(0, f"{ROOT}/tests/{folder}")
sys.dont_write_bytecode = True

from envoy import STARTS_WORKERS, TYPES, find_envoy, wait_until_it_listens  # noqa: E402
from world import World  # noqa: E402

SERVER, SANDBOX, TOOLS = (os.path.abspath(path) for path in sys.argv[1:4])
PROTO = "interaction/v1/interaction_service.proto"
SERVICE = "interaction.v1.InteractionService"
VSP = {"interaction_identity": "+573001234567", "interaction_name": "Ñandú 日本語", "account_id": "6925ebd4-125d-4338-a736-99f4b5bcb3d7",
       "contact_id": "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0"}

# grpc.health.v1 in bytes: a request about the whole server, and answers with status SERVING and NOT_SERVING.
WHOLE_SERVER, SERVING, NOT_SERVING = b"", b"\x08\x01", b"\x08\x02"

# Exit codes of grpc-health-probe.
HEALTHY, NOT_CONNECTED, NOT_ANSWERED = 0, 2, 3
SOON = ["-connect-timeout", "1s"]  # where it tries to connect until then


def setUpModule():
    global world, messages
    stubs = unittest.enterModuleContext(tempfile.TemporaryDirectory(prefix="probe-and-envoy-"))
    if grpc_tools.protoc.main(["", f"-I{ROOT}/proto", f"--python_out={stubs}", PROTO]) != 0:
        raise RuntimeError("protoc failed")
    sys.path.insert(0, stubs)
    from interaction.v1 import interaction_service_pb2 as messages
    world = unittest.enterModuleContext(World(SERVER, SANDBOX))


class Envoy:
    """Envoy with the gateway behind it, whose health it asks for by itself. It listens on a Unix socket."""

    def __init__(self, folder, gateway, transport_socket):
        self.target = f"unix:{folder}/proxy.sock"
        router = {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{TYPES}.filters.http.router.v3.Router"}}
        manager = {"@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "proxy",
                   "http_filters": [router], "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                       {"match": {"prefix": "/"}, "route": {"cluster": "gateway", "timeout": "0s"}}]}]}}
        host, port = gateway.split(":")
        cluster = {"name": "gateway", "type": "STATIC", "load_assignment": {"cluster_name": "gateway", "endpoints": [{"lb_endpoints": [
                       {"endpoint": {"address": {"socket_address": {"address": host, "port_value": int(port)}}}}]}]},
                   "health_checks": [{"timeout": "5s", "interval": "1s", "unhealthy_threshold": 1, "healthy_threshold": 1,
                                      "grpc_health_check": {"service_name": SERVICE}}],
                   "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                       "@type": f"{TYPES}.upstreams.http.v3.HttpProtocolOptions",
                       "explicit_http_config": {"http2_protocol_options": {}}}}} | transport_socket
        config = {"admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
                  "static_resources": {"clusters": [cluster], "listeners": [{
                      "name": "proxy", "address": {"pipe": {"path": f"{folder}/proxy.sock"}}, "filter_chains": [{"filters": [
                          {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}]}]}}
        with open(f"{folder}/envoy.json", "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.admin_file = f"{folder}/admin"
        self.process = world.start([find_envoy(), "-c", f"{folder}/envoy.json", "--concurrency", "1", "--disable-hot-restart",
                                    "--admin-address-path", self.admin_file], STARTS_WORKERS)
        asyncio.run(wait_until_it_listens(self.target))

    def stat(self, name):
        with open(self.admin_file, encoding="ascii") as file:
            address = file.read()
        with urllib.request.urlopen(f"http://{address}/stats?filter=^cluster.gateway.{name}$") as reply:
            return int(re.search(r": (\d+)", reply.read().decode())[1])


class Clients:
    settings = {}  # of the gateway
    probe_flags = []
    transport_socket = {}  # of Envoy

    @classmethod
    def setUpClass(cls):
        cls.prepare()
        cls.gateway, cls.envoy, cls.channel = cls.start(cls.enterClassContext)

    @classmethod
    def start(cls, enter):
        """A gateway, Envoy in front of it, and a channel to that."""
        gateway = world.start_gateway(cls.settings)
        envoy = Envoy(enter(tempfile.TemporaryDirectory(prefix="envoy-")), gateway.address, cls.transport_socket)
        return gateway, envoy, enter(grpc.insecure_channel(envoy.target, options=[("grpc.use_local_subchannel_pool", 1)]))

    @classmethod
    def prepare(cls):
        pass

    def probe(self, *flags):
        return subprocess.run([f"{TOOLS}/bin/grpc-health-probe", "-addr", self.gateway.address, "-connect-timeout", "10s", "-rpc-timeout",
                               "10s", *flags], capture_output=True, text=True, timeout=60)

    def test_grpc_health_probe_finds_the_gateway_its_service_and_its_upstreams_healthy(self):
        for flags in ([], ["-service", SERVICE], ["-service", "upstream.seethepro"], ["-gzip"]):
            with self.subTest(flags):
                done = self.probe(*self.probe_flags, *flags)
                self.assertEqual(done.returncode, HEALTHY, done.stderr)
                self.assertIn("status: SERVING", done.stdout + done.stderr)

    def test_grpc_health_probe_is_told_what_is_not_there(self):
        done = self.probe(*self.probe_flags, "-service", "no.such.Service")
        self.assertEqual(done.returncode, NOT_ANSWERED, done.stderr)
        self.assertIn("NotFound", done.stderr)

    def call(self, request, **options):
        method = self.channel.unary_unary(f"/{SERVICE}/CreateVspInteraction", messages.CreateVspInteractionRequest.SerializeToString,
                                          messages.CreateVspInteractionResponse.FromString)
        return method.with_call(messages.CreateVspInteractionRequest(**request), timeout=30, **options)

    def test_calls_go_through_envoy_plain_and_compressed_and_a_repeated_one_says_so(self):
        request = VSP | {"request_id": str(uuid.uuid4())}
        reply, _ = self.call(request)
        self.assertTrue(reply.interaction_id)
        again, call = self.call(request, compression=grpc.Compression.Gzip)
        self.assertEqual(again.interaction_id, reply.interaction_id)
        self.assertIn(("idempotent-replayed", "true"), [tuple(entry) for entry in call.trailing_metadata()])

    def test_an_error_comes_through_envoy_with_its_details(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.call(VSP | {"account_id": "12"})
        self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        info = error_details_pb2.ErrorInfo()
        self.assertTrue(rpc_status.from_call(caught.exception).details[0].Unpack(info))
        self.assertEqual((info.reason, info.metadata["outcome"]), ("INVALID_REQUEST", "not_applied"))

    def test_many_calls_at_a_time_go_over_the_few_connections_of_envoy(self):
        method = self.channel.unary_unary(f"/{SERVICE}/CreateVspInteraction", messages.CreateVspInteractionRequest.SerializeToString,
                                          messages.CreateVspInteractionResponse.FromString)
        calls = [method.future(messages.CreateVspInteractionRequest(**VSP), timeout=60) for _ in range(200)]
        self.assertEqual(len({call.result().interaction_id for call in calls}), 200)
        self.assertEqual(self.envoy.stat("upstream_rq_pending_overflow"), 0)

    def test_envoy_finds_the_gateway_healthy_by_itself(self):
        self.assertGreaterEqual(self.envoy.stat("health_check.success"), 1)
        self.assertEqual(self.envoy.stat("health_check.failure"), 0)
        self.assertEqual(self.envoy.stat("membership_healthy"), 1)

    def test_whoever_watches_health_through_envoy_is_told_when_the_gateway_ends(self):
        gateway, _, channel = self.start(self.enterContext)
        answers = channel.unary_stream("/grpc.health.v1.Health/Watch")(WHOLE_SERVER, timeout=60)
        self.assertEqual(next(answers), SERVING)
        self.assertEqual(gateway.end(), 0, "it ends in good order")
        self.assertEqual(next(answers), NOT_SERVING)


class PlaintextTest(Clients, unittest.TestCase):

    def test_a_probe_that_speaks_tls_is_refused(self):
        self.assertEqual(self.probe("-tls", "-tls-no-verify", *SOON).returncode, NOT_CONNECTED)


class TlsTest(Clients, unittest.TestCase):

    @classmethod
    def prepare(cls):
        file = world.material.file
        cls.settings = {"server.tls_cert_file": file("server.pem"), "server.tls_key_file": file("server.key"),
                        "server.tls_client_ca_file": file("ca.pem"), "server.tls_client_certificates": "required",
                        "callers.policy_file": file("policy.yaml")}
        cls.probe_flags = ["-tls", "-tls-ca-cert", file("ca.pem"), "-tls-client-cert", file("billing.pem"), "-tls-client-key",
                           file("billing.key"), "-tls-server-name", "localhost"]
        cls.transport_socket = {"transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": {
            "@type": f"{TYPES}.transport_sockets.tls.v3.UpstreamTlsContext", "sni": "localhost",
            "common_tls_context": {
                "alpn_protocols": ["h2"],
                "validation_context": {"trusted_ca": {"filename": file("ca.pem")},
                                       "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": "localhost"}}]},
                "tls_certificates": [{"certificate_chain": {"filename": file("billing.pem")},
                                      "private_key": {"filename": file("billing.key")}}]}}}}

    def test_a_probe_without_a_certificate_or_without_tls_is_refused(self):
        authority = ["-tls", "-tls-ca-cert", world.material.file("ca.pem"), "-tls-server-name", "localhost"]
        for flags in ([], authority):
            self.assertEqual(self.probe(*flags, *SOON).returncode, NOT_CONNECTED)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
