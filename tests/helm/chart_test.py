"""The chart of helm/interaction-gateway: that it renders what Kubernetes and the meshes take, that the gateway accepts the configuration
in it, and that wrong values are refused with a message that names them. No cluster is needed.

usage: chart_test.py HELM CRDS KUBE_SCORE SERVER SANDBOX CLI
"""
import copy
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

import chart
from process import Process

HELM = chart.Helm(sys.argv[1])
SCHEMAS = chart.Schemas(sys.argv[2])
KUBE_SCORE, SERVER, SANDBOX, CLI = (os.path.abspath(path) for path in sys.argv[3:7])
UPDATE = bool(os.environ.get("UPDATE_GOLDENS"))
GOLDENS = os.path.join(chart.ROOT, "tests/helm/golden")
ETC = "/etc/interaction-gateway"


def render(name, *arguments):
    return HELM.objects("-f", chart.values_file(name), *arguments)


def compare_or_update(test, path, text):
    if UPDATE:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    with open(path, encoding="utf-8") as file:
        test.assertEqual(text, file.read(), f"{path} is not what the chart renders; UPDATE_GOLDENS=1 writes it anew")


class Mounted:
    """The files of a Pod in a folder, as kubelet would mount them: with made-up secrets of the right names."""

    def __init__(self, text, folder, certificate):
        self.text, self.folder, self.certificate = text, folder, certificate
        self.objects = objects = chart.parse(text)
        pod = chart.gateway(objects)["spec"]["template"]["spec"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for mount in pod["containers"][0]["volumeMounts"]:
            self.write(mount["mountPath"].replace(ETC, folder), volumes[mount["name"]])

    def write(self, path, volume):
        os.makedirs(path)
        for name, text in self.files(volume):
            with open(os.path.join(path, name), "w", encoding="utf-8") as file:
                file.write(text.replace(ETC, self.folder))

    def files(self, volume):
        if volume["name"] == "config":
            return chart.find(self.objects, "ConfigMap", volume["configMap"]["name"])["data"].items()
        if volume["name"] == "tls":
            return [("tls.crt", self.certificate[0]), ("tls.key", self.certificate[1])]
        if volume["name"] == "client-ca":
            return [("ca.crt", self.certificate[0])]
        if volume["name"] == "admin":
            return [("token", "t" * 40)]
        if volume["name"] == "redis":
            return [("digest-key", "d" * 64)]
        named = re.findall(rf"{ETC}/secrets/([-._a-zA-Z0-9]+)", self.text)
        return [(name, "s" * 64) for name in sorted(set(named))]


def make_certificate():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=gateway", "-keyout", f"{folder}/key", "-out", f"{folder}/crt"], check=True, capture_output=True)
        return [pathlib.Path(folder, name).read_text(encoding="utf-8") for name in ("crt", "key")]


class ChartTest(unittest.TestCase):
    def test_helm_lints_every_set_of_values(self):
        for name in chart.VALUE_SETS:
            with self.subTest(name):
                result = HELM.run("lint", chart.CHART, "--strict", "-f", chart.values_file(name))
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_every_object_is_what_its_api_takes(self):
        checked = set()
        for name in chart.VALUE_SETS:
            for document in render(name):
                with self.subTest(f"{name}: {document['kind']} {document['metadata']['name']}"):
                    SCHEMAS.check(document)
                    checked.add(document["kind"])
        self.assertGreaterEqual(checked, {
            "AuthorizationPolicy", "Certificate", "DestinationRule", "ExternalSecret", "GRPCRoute", "HorizontalPodAutoscaler",
            "MeshTLSAuthentication", "NetworkPolicy", "PodMonitor", "PrometheusRule", "ScaledObject", "Server", "ServiceEntry", "ServiceMonitor",
            "VirtualService"})

    def test_a_field_that_the_api_does_not_know_would_be_noticed(self):
        for name, kind, path in [("production", "Deployment", ["spec", "template", "spec"]), ("production", "ServiceMonitor", ["spec"]),
                                 ("production", "Certificate", ["spec"]), ("linkerd", "MeshTLSAuthentication", ["spec"])]:
            document = copy.deepcopy(next(document for document in render(name) if document["kind"] == kind))
            inner = document
            for key in path:
                inner = inner[key]
            inner["nonsense"] = True
            with self.subTest(kind), self.assertRaises(Exception):
                SCHEMAS.check(document)

    def test_what_is_rendered_has_not_changed_unnoticed(self):
        for name in chart.VALUE_SETS:
            with self.subTest(name):
                text = HELM.template("-f", chart.values_file(name))
                text = re.sub(r"^(  (?:token|digest-key): )\S+$", r"\1RANDOM", text, flags=re.M)
                text = re.sub(r"^# Source: \S+/dashboard.*?(?=^---)", "", text, flags=re.M | re.S)
                text = re.sub(r"(  interaction-gateway\.json: \|\n)(?:    .*\n|\n)+", r"\1    DASHBOARD\n", text)
                text = re.sub(r"(^spec:\n)  # Rules for Prometheus\.(?:.*\n)+?(?=---|\Z)", r"\1  ALERTS\n", text, flags=re.M)
                compare_or_update(self, os.path.join(GOLDENS, f"{name}.yaml"), text)

    def test_wrong_values_are_refused_with_a_message_that_names_them(self):
        with open(os.path.join(chart.ROOT, "tests/helm/refused.yaml"), encoding="utf-8") as file:
            cases = yaml.safe_load(file)
        self.assertGreaterEqual(len(cases), 25)
        for case in cases:
            with self.subTest(case["set"]):
                refusal = HELM.refusal(*[argument for value in case["set"] for argument in ("--set", value)])
                self.assertIsNotNone(refusal, "helm renders it")
                self.assertIn(case["says"], refusal)

    def test_kube_score_finds_nothing_critical(self):
        # A trial has one replica and its own image policy; what a cluster's owner decides is not the chart's.
        ignored = ["pod-networkpolicy", "container-image-pull-policy", "container-ephemeral-storage-request-and-limit",
                   "container-resources", "deployment-has-host-podantiaffinity", "deployment-replicas", "label-values"]
        text = HELM.template("-f", chart.values_file("production"))
        result = subprocess.run([KUBE_SCORE, "score", "--output-format", "ci", *[f"--ignore-test={name}" for name in ignored], "-"],
                                input=text, capture_output=True, text=True)
        critical = [line for line in result.stdout.splitlines() if line.startswith("[CRITICAL]")]
        self.assertEqual(critical, [])
        self.assertIn("[OK]", result.stdout)

    def test_the_readme_lists_every_value(self):
        path = os.path.join(chart.CHART, "README.md")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        head = text.split("## Values\n")[0]
        compare_or_update(self, path, head + "## Values\n\n" + chart.values_table())


class PodTest(unittest.TestCase):
    def pods(self, name):
        for document in render(name):
            if document["kind"] in ("Deployment", "Pod"):
                yield document, document["spec"].get("template", document)["spec"]

    def test_every_pod_passes_the_standard_restricted(self):
        for name in chart.VALUE_SETS:
            for document, pod in self.pods(name):
                with self.subTest(f"{name}: {document['metadata']['name']}"):
                    self.assertTrue(pod["securityContext"]["runAsNonRoot"])
                    self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
                    self.assertFalse(pod["automountServiceAccountToken"])
                    for container in pod.get("initContainers", []) + pod["containers"]:
                        context = container["securityContext"]
                        self.assertFalse(context["allowPrivilegeEscalation"])
                        self.assertTrue(context["readOnlyRootFilesystem"])
                        self.assertEqual(context["capabilities"], {"drop": ["ALL"]})
                    self.assertFalse([volume for volume in pod.get("volumes", []) if "hostPath" in volume])

    def grace(self, *settings):
        objects = HELM.objects("--set", "sandbox.enabled=true", *[a for setting in settings for a in ("--set", setting)])
        return chart.gateway(objects)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]

    def test_a_pod_gets_the_time_that_its_drain_takes(self):
        self.assertEqual(self.grace(), 5 + 65 + 10)
        self.assertEqual(self.grace("config.calls.drain_delay=1500ms", "config.calls.drain_timeout=1h2m"), 2 + 3720 + 10)
        self.assertEqual(self.grace("shutdown.preStopSleepSeconds=20"), 20 + 5 + 65 + 10)
        self.assertEqual(self.grace("shutdown.terminationGracePeriodSeconds=7"), 7)

    def test_two_pods_never_serve_at_once_while_records_are_in_memory(self):
        self.assertEqual(chart.gateway(render("sandbox"))["spec"]["strategy"], {"type": "Recreate"})
        self.assertEqual(chart.gateway(render("production"))["spec"]["strategy"]["rollingUpdate"], {"maxSurge": 1, "maxUnavailable": 0})

    def test_the_gateway_knows_how_many_replicas_share_a_limit(self):
        self.assertEqual(chart.config(render("production"))["redis"]["replicas"], 9 + 1)
        self.assertEqual(chart.config(render("trial-redis"))["redis"]["replicas"], 3 + 1)
        self.assertEqual(chart.config(render("gateway-api"))["redis"]["replicas"], 6 + 1)

    def test_a_change_of_the_configuration_restarts_pods_or_does_not_as_chosen(self):
        def checksum(*arguments):
            annotations = chart.gateway(HELM.objects("--set", "sandbox.enabled=true", *arguments))["spec"]["template"]["metadata"]["annotations"]
            return annotations.get("checksum/config")

        self.assertNotEqual(checksum(), checksum("--set", "config.log.level=debug"))
        self.assertIsNone(checksum("--set", "configChange=reload"))

    def annotations(self, mesh, *settings):
        """Of the gateway's Pod, those that the mesh reads."""
        objects = HELM.objects("--set", f"sandbox.enabled=true,{mesh}.enabled=true", *[a for setting in settings for a in ("--set", setting)])
        found = chart.gateway(objects)["spec"]["template"]["metadata"]["annotations"]
        return {name: value for name, value in found.items() if mesh in name}

    def test_istios_proxy_starts_first_and_ends_last(self):
        end = {"terminationDrainDuration": "80s", "proxyMetadata": {"EXIT_ON_ZERO_ACTIVE_CONNECTIONS": "true"}}
        hold = {"holdApplicationUntilProxyStarts": True}
        for value, config, native in ("", hold | end, None), ("true", end, "true"), ("false", hold | end, "false"):
            with self.subTest(nativeSidecar=value):
                found = self.annotations("istio", *([f"istio.nativeSidecar={value}"] if value else []))
                self.assertEqual(yaml.safe_load(found["proxy.istio.io/config"]), config)
                self.assertEqual(found.get("sidecar.istio.io/nativeSidecar"), native)

    def test_linkerds_proxy_starts_first_and_ends_last(self):
        wait, native = "config.alpha.linkerd.io/proxy-wait-before-exit-seconds", "config.beta.linkerd.io/proxy-enable-native-sidecar"
        for value, expected in ("", {wait: "80"}), ("true", {native: "true"}), ("false", {wait: "80", native: "false"}):
            with self.subTest(nativeSidecar=value):
                found = self.annotations("linkerd", *([f"linkerd.nativeSidecar={value}"] if value else []))
                self.assertEqual(found, {"linkerd.io/inject": "enabled", "config.linkerd.io/proxy-await": "enabled"} | expected)

    def test_linkerd_lets_in_who_is_named_at_each_port(self):
        objects = render("linkerd")
        by_name = {(document["kind"], document["metadata"]["name"]): document.get("spec") for document in objects}
        ports = {port["name"] for port in chart.gateway(objects)["spec"]["template"]["spec"]["containers"][0]["ports"]}
        values = yaml.safe_load(pathlib.Path(chart.values_file("linkerd")).read_text(encoding="utf-8"))["linkerd"]
        policies = [document["spec"] for document in objects if document["kind"] == "AuthorizationPolicy"]
        let_in = {}
        for policy in policies:
            server = by_name[policy["targetRef"]["kind"], policy["targetRef"]["name"]]
            who, = policy["requiredAuthenticationRefs"]
            let_in[server["port"]] = by_name[who["kind"], who["name"]]["identities"]
        self.assertEqual(let_in, {"grpc": values["authorizedIdentities"], "admin": values["monitoringIdentities"]})
        self.assertGreaterEqual(ports, let_in.keys())

    def test_the_mesh_repeats_nothing(self):
        routes = chart.find(render("istio"), "VirtualService")["spec"]["http"]
        self.assertEqual([route["retries"] for route in routes], [{"attempts": 0}])


class ServerTest(unittest.TestCase):
    """What the chart says is what the programs take."""

    def test_the_gateway_accepts_the_configuration_of_every_set(self):
        certificate = make_certificate()
        for name in chart.VALUE_SETS:
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                Mounted(HELM.template("-f", chart.values_file(name)), folder + "/etc", certificate)
                result = subprocess.run([SERVER, "--config", f"{folder}/etc/config/interaction-server.yaml", "--check-config"],
                                        capture_output=True, text=True)
                self.assertEqual(result.returncode, 0, result.stderr)

    def test_the_sandbox_and_helm_test_work_as_rendered(self):
        text = HELM.template("-f", chart.values_file("sandbox"))
        sandbox = Process([SANDBOX, "--listen=127.0.0.1:0"], r"http://(\S+:\d+)")
        self.addCleanup(sandbox.kill)
        with tempfile.TemporaryDirectory() as folder:
            objects = Mounted(text, folder + "/etc", None).objects
            path = f"{folder}/etc/config/interaction-server.yaml"
            with open(path, encoding="utf-8") as file:
                config = file.read().replace("trial-interaction-gateway-sandbox:8080", sandbox.address)
            with open(path, "w", encoding="utf-8") as file:
                file.write(config)
            server = Process([SERVER, "--config", path, "--set", "server.listen=127.0.0.1:0", "--set", "admin.listen=127.0.0.1:0",
                              "--set", "egress.allow_loopback=true"], r'"msg":"serving".*?"address":"([^"]+)"')
            self.addCleanup(server.kill)
            pod = chart.find(objects, "Pod", "-test")["spec"]
            containers = pod["initContainers"] + pod["containers"]
            self.assertEqual(len(containers), 3)
            for container in containers:
                arguments = [server.address if a == "trial-interaction-gateway:50051" else a for a in container["args"]]
                self.assertEqual(container["command"], ["interactionctl"])
                result = subprocess.run([CLI, *arguments], capture_output=True, text=True)
                self.assertEqual(result.returncode, 0, f"{container['name']}: {result.stdout}{result.stderr}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
