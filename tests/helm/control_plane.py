#!/usr/bin/env python3
"""Installs every set of values of the chart into a real Kubernetes control plane on this machine: etcd, kube-apiserver,
kube-controller-manager and kube-scheduler, with nodes that KWOK plays. Namespaces enforce the Pod security standard "restricted".

usage: tests/helm/control_plane.py [SET]...

Needs root or what Debian's packages etcd-server and kubernetes-client bring, and the tools of tools/install-dependencies --all; Kubernetes' own
programs are built from their modules in Go into build/tools/kube, which takes some ten minutes the first time.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import yaml

import chart

TOOLS = os.path.join(chart.ROOT, "build/tools")
KUBE = os.path.join(TOOLS, "kube")
VERSION, STAGING, KWOK = "v1.34.4", "v0.34.4", "v0.7.0"
TOKEN = "control-plane-test"
# What a cluster's owner has made before; names as in the sets of values.
SECRET_FILES = ["seethepro-app-access-key", "wolkvox-token-0042", "wolkvox-token", "redis-password", "redis-digest-key"]


def say(text):
    print(f"==> {text}", flush=True)


class Failed(Exception):
    """A command ended with an error; the text is what it said."""


def run(*command, **options):
    result = subprocess.run(command, text=True, capture_output=True, **options)
    if result.returncode != 0:
        raise Failed(f"{' '.join(command[:6])}: {result.stderr}")
    return result.stdout


def build_tools():
    """Kubernetes' programs, which are no module that `go install` takes: its go.mod replaces its parts by folders."""
    wanted = [os.path.join(KUBE, name) for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")]
    if all(os.path.exists(path) for path in wanted):
        return
    say("Building kube-apiserver, kube-controller-manager, kube-scheduler and kwok")
    source = os.path.join(KUBE, "source")
    os.makedirs(source, exist_ok=True)
    environment = os.environ | {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    folder = json.loads(run("go", "mod", "download", "-json", f"k8s.io/kubernetes@{VERSION}", env=environment))["Dir"]
    with open(os.path.join(folder, "go.mod"), encoding="utf-8") as file:
        parts = re.findall(r"^\s*(\S+) => \./staging/", file.read(), re.M)
    with open(os.path.join(source, "go.mod"), "w", encoding="utf-8") as file:
        file.write(f"module tools\n\ngo 1.24.0\n\nrequire k8s.io/kubernetes {VERSION}\n\nreplace (\n")
        file.writelines(f"\t{part} => {part} {STAGING}\n" for part in parts)
        file.write(")\n")
    flags = f"-s -w -X k8s.io/component-base/version.gitVersion={VERSION}"
    for name in wanted[:3]:
        subprocess.run(["go", "build", "-trimpath", "-ldflags", flags, "-o", name, f"k8s.io/kubernetes/cmd/{os.path.basename(name)}"],
                       check=True, cwd=source, env=environment)
    subprocess.run(["go", "install", f"sigs.k8s.io/kwok/cmd/kwok@{KWOK}"], check=True, env=environment | {"GOBIN": KUBE})


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class ControlPlane:
    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.url = f"https://127.0.0.1:{free_port()}"
        self.config = os.path.join(folder, "kubeconfig")
        # Debian's etcd is too old for lists that are streamed by a watch; without this, clients find out slowly, again and again.
        self.environment = os.environ | {"KUBECONFIG": self.config, "KUBE_FEATURE_WatchListClient": "false"}

    def __enter__(self):
        self.write("tokens.csv", f'{TOKEN},admin,admin,"system:masters"\n')
        self.write("kubeconfig", yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.url, "insecure-skip-tls-verify": True}}],
            "users": [{"name": "admin", "user": {"token": TOKEN}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}]}))
        run("openssl", "genrsa", "-out", self.path("accounts.key"), "2048")
        etcd = f"http://127.0.0.1:{free_port()}"
        self.start("etcd", f"--data-dir={self.path('etcd')}", f"--listen-client-urls={etcd}", f"--advertise-client-urls={etcd}",
                   f"--listen-peer-urls=http://127.0.0.1:{free_port()}")
        self.start(os.path.join(KUBE, "kube-apiserver"), f"--etcd-servers={etcd}", "--bind-address=127.0.0.1",
                   f"--secure-port={self.url.rsplit(':', 1)[1]}", f"--cert-dir={self.path('certificates')}",
                   f"--token-auth-file={self.path('tokens.csv')}", "--authorization-mode=RBAC", "--feature-gates=WatchList=false", "--service-cluster-ip-range=10.96.0.0/16",
                   "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={self.path('accounts.key')}",
                   f"--service-account-signing-key-file={self.path('accounts.key')}")
        self.wait_for("the API server", lambda: "ok" in self.kubectl("get", "--raw", "/readyz"))
        common = [f"--kubeconfig={self.config}", "--leader-elect=false", "--secure-port=0"]
        self.start(os.path.join(KUBE, "kube-controller-manager"), *common, f"--service-account-private-key-file={self.path('accounts.key')}")
        self.start(os.path.join(KUBE, "kube-scheduler"), *common)
        self.start(os.path.join(KUBE, "kwok"), f"--kubeconfig={self.config}", "--manage-all-nodes=true", "--node-lease-duration-seconds=40")
        for number in range(3):
            self.apply({"apiVersion": "v1", "kind": "Node", "metadata": {
                "name": f"node-{number}", "labels": {"kubernetes.io/hostname": f"node-{number}", "type": "kwok"}}, "status": {
                    "allocatable": {"cpu": "8", "memory": "32Gi", "pods": "110"}, "capacity": {"cpu": "8", "memory": "32Gi", "pods": "110"}}})
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, *command):
        log = open(self.path(os.path.basename(command[0]) + ".log"), "w", encoding="utf-8")
        self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, env=self.environment))

    def wait_for(self, what, holds, seconds=90):
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            try:
                if holds():
                    return
            except Failed:
                pass
            time.sleep(0.3)
        sys.exit(f"control_plane.py: {what} is not ready after {seconds} s; logs are in {self.folder}")

    def kubectl(self, *arguments, text=None):
        return run("kubectl", *arguments, env=self.environment, input=text)

    def helm(self, *arguments):
        return run(os.path.join(TOOLS, "bin/helm"), *arguments, env=self.environment)

    def apply(self, *documents):
        self.kubectl("apply", "--server-side", "-f", "-", text=yaml.safe_dump_all(documents))


def custom_resources():
    """Their definitions. Some have labels that are templates of a chart."""
    for document in chart.definitions(os.path.join(TOOLS, "crds")):
        document["metadata"].pop("labels", None)
        document.pop("status", None)
        yield document


def prepare(plane, namespace):
    """A namespace as a cluster's owner has it, with what the sets of values refer to."""
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    metadata = {"namespace": namespace}
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}})
    plane.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "interaction-gateway", **metadata},
                 "stringData": {name: "x" * 40 for name in SECRET_FILES}},
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "clients-ca", **metadata}, "data": {"ca.crt": "-"}})


def left_over(plane, namespace):
    kinds = "deployments,services,configmaps,secrets,serviceaccounts,poddisruptionbudgets,horizontalpodautoscalers,networkpolicies,pods"
    custom = [line.split()[0] for line in plane.kubectl("get", "crd", "--no-headers").splitlines()]
    return plane.kubectl("get", ",".join([kinds, *custom]), "-n", namespace, "-l", "app.kubernetes.io/instance=trial",
                         "-o", "name", "--ignore-not-found").split()


def generation(plane, namespace):
    return int(plane.kubectl("get", "deployment", "-n", namespace, "-l", "app.kubernetes.io/component=gateway",
                             "-o", "jsonpath={.items[0].metadata.generation}"))


def install(plane, name):
    namespace = f"set-{name}"
    prepare(plane, namespace)
    # Nobody drains in a Pod that is played, so it ends when its grace period does.
    arguments = ["-n", namespace, "-f", chart.values_file(name), "--set", "shutdown.terminationGracePeriodSeconds=1",
                 "--set", "shutdown.preStopSleepSeconds=0"]
    rendered = plane.helm("template", "trial", chart.CHART, "--kube-version", VERSION, "--skip-tests", *arguments)
    plane.kubectl("apply", "--server-side", "--dry-run=server", "-n", namespace, "-f", "-", text=rendered)
    started = time.monotonic()
    plane.helm("install", "trial", chart.CHART, "--wait", "--timeout", "180s", *arguments)
    seconds = time.monotonic() - started
    objects = plane.kubectl("get", "-n", namespace, "-f", "-", "-o", "name", text=rendered).split()
    warnings = [event for event in json.loads(plane.kubectl("get", "events", "-n", namespace, "-o", "json"))["items"]
                if event["type"] == "Warning" and "violates PodSecurity" in event["message"]]
    assert not warnings, warnings
    before = generation(plane, namespace)
    plane.helm("upgrade", "trial", chart.CHART, "--wait", "--timeout", "180s", *arguments, "--set", "config.log.level=debug", "--set", "podLabels.round=two")
    assert generation(plane, namespace) > before, "the upgrade rolled nothing"
    plane.helm("rollback", "trial", "1", "-n", namespace, "--wait", "--timeout", "180s")
    assert "debug" not in plane.kubectl("get", "configmaps", "-n", namespace, "-l", "app.kubernetes.io/instance=trial", "-o", "yaml").split("annotations")[0]
    plane.helm("uninstall", "trial", "-n", namespace, "--wait", "--timeout", "180s")
    plane.wait_for(f"{name}: the end of its Pods", lambda: not left_over(plane, namespace))
    kinds = sorted({entry.split("/")[0].split(".")[0] for entry in objects})
    print(f"ok  {name}: {len(objects)} objects in {seconds:.0f} s: {', '.join(kinds)}", flush=True)


def refuse_root(plane):
    """That the namespaces enforce something: a Pod as root is not let in."""
    prepare(plane, "set-root")
    result = subprocess.run([os.path.join(TOOLS, "bin/helm"), "install", "trial", chart.CHART, "-n", "set-root", "-f", chart.values_file("sandbox"),
                             "--set", "podSecurityContext.runAsNonRoot=false", "--wait", "--timeout", "10s"],
                            env=plane.environment, capture_output=True, text=True)
    events = plane.kubectl("get", "events", "-n", "set-root")
    assert result.returncode != 0 and "violates PodSecurity" in events, "a Pod as root was let in"
    print("ok  a Pod that may run as root is refused", flush=True)


def main():
    for program in ("etcd", "kubectl", "go", "openssl"):
        if shutil.which(program) is None:
            sys.exit(f"control_plane.py: {program} is missing; Debian's etcd-server and kubernetes-client, and go, are needed")
    build_tools()
    with tempfile.TemporaryDirectory() as folder, ControlPlane(folder) as plane:
        plane.apply(*custom_resources())
        plane.wait_for("the custom resources", lambda: plane.kubectl("get", "servicemonitors", "-A") is not None)
        say(f"Kubernetes {VERSION}, with the custom resources of {TOOLS}/crds")
        for name in sys.argv[1:] or chart.VALUE_SETS:
            try:
                install(plane, name)
            except Failed:
                print(plane.kubectl("get", "deployments,replicasets,pods,events", "-n", f"set-{name}"), file=sys.stderr)
                raise
        refuse_root(plane)


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        sys.exit(f"control_plane.py: {failed}")
