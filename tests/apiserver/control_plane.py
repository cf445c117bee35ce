"""A Kubernetes control plane as processes of this machine, on 127.0.0.1: what needs an API server and no pod runs on it.

etcd, kube-apiserver, kube-controller-manager and kube-scheduler are Kubernetes' own; kwok plays the one node, on which
pods are ready at once and run nothing; Traefik answers for routes; Crossfade's operator is this checkout's, with the rights
of its service account. All of it is there in some ten seconds, and ends with the process that started it.
"""

import base64
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Self

import urllib3
import yaml

from bench.kube import ApiError, Kube, NeverHappenedError, Object, wait_for
from bench.scale.fake_node import LABELS, ROOM, running, stage_files
from faults.operator_process import Revived

ROOT = Path(__file__).parents[2]
SYSTEM = "crossfade-system"
ACCOUNT = "crossfade-operator"
NODE = "crossfade-played"
PROGRAMS_S = 1800
IMAGE = "- image: {{ .image | Quote }}"
RUN_BY_THE_NODE = {"Deployment", "PodDisruptionBudget", "NetworkPolicy", "Service"}
"""What of the manifests is not applied: the operator is a process here."""
IDENTITIES = {
    "admin": "/O=system:masters/CN=kubernetes-admin",
    "controllers": "/CN=system:kube-controller-manager",
    "scheduler": "/CN=system:kube-scheduler",
}
UNUSED = (
    "endpoints-controller",
    "endpointslice-mirroring-controller",
    "root-ca-certificate-publisher-controller",
    "legacy-serviceaccount-token-cleaner-controller",
    "ttl-controller",
    "node-ipam-controller",
)
"""Controllers that make what nobody reads: endpoints are read as slices, and no pod runs."""
SELDOM_GC = ("GOGC=400",)
"""Programs in Go collect garbage less often: there is memory enough, and processors are what a test run lacks."""
OPERATOR = ("--skip-namespaces", "own-*", "--settle-seconds", "0.5", "--log-format", "text")


@cache
def programs() -> dict[str, Path]:
    """Where the programs and the definitions are; built where they are not in the cache."""
    done = subprocess.run(
        [ROOT / "cluster" / "control-plane"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=PROGRAMS_S,
    )
    return {name: Path(path) for name, _, path in (line.partition("=") for line in done.stdout.splitlines())}


def free_ports(count: int) -> list[int]:
    """So many ports of 127.0.0.1 that nobody listens on, no two of them the same."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


class Authority:
    """A certificate authority in a folder: the API server trusts whom it names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate, self.key = folder / "ca.crt", folder / "ca.key"
        self.accounts = folder / "accounts.key"
        self._run("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", self.accounts)
        self._run(
            "req", "-x509", *self._new(self.key), "-days", "2", "-subj", "/CN=ca", "-out", self.certificate
        )

    def signed(self, name: str, subject: str, extension: str) -> tuple[Path, Path]:
        """The certificate and the key of somebody; `extension` as openssl writes it."""
        certificate, key, request = (self.folder / f"{name}.{end}" for end in ("crt", "key", "csr"))
        self._run("req", *self._new(key), "-subj", subject, "-out", request)
        (self.folder / f"{name}.ext").write_text(extension)
        by = ("-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", "2")
        self._run(
            "x509", "-req", "-in", request, *by, "-extfile", self.folder / f"{name}.ext", "-out", certificate
        )
        return certificate, key

    @staticmethod
    def _new(key: Path) -> tuple[Any, ...]:
        return ("-new", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", key)

    @staticmethod
    def _run(*arguments: Any) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class ControlPlane:
    """Enter it to have it started and installed; its logs are in `folder`/*.log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kubeconfig_path = folder / "admin.kubeconfig"
        self.kubectl_path = folder / "kubectl"
        self._stack = contextlib.ExitStack()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._stack = stack
            self._start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def kube(self) -> Kube:
        """Its API server, as an admin."""
        return Kube(self.kubeconfig_path)

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kubectl_path.symlink_to(programs()["kubernetes"] / "kubectl")
        authority = Authority(self.folder)
        self._serve(authority)
        kube = self.kube
        self._wait_for("the API server", lambda: _answers(kube))
        for name in ("kube-controller-manager", "kube-scheduler"):
            self._run(name, programs()["kubernetes"] / name, *self._arguments_of(name, authority))
        self._node(kube)
        install(kube, self.kubectl_path)
        self._gateway(kube)
        self._operator(kube)

    def _serve(self, authority: Authority) -> None:
        etcd, peer, port = free_ports(3)
        store, others = f"http://127.0.0.1:{etcd}", f"http://127.0.0.1:{peer}"
        listens = ("--listen-client-urls", store, "--advertise-client-urls", store)
        peers = (
            "--listen-peer-urls",
            others,
            "--initial-advertise-peer-urls",
            others,
            "--initial-cluster",
            f"default={others}",
        )
        data = ("--data-dir", self.folder / "etcd", "--unsafe-no-fsync")
        self._run("etcd", programs()["etcd"] / "etcd", *listens, *peers, *data)
        extension = "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc\nextendedKeyUsage=serverAuth"
        certificate, key = authority.signed("server", "/CN=kube-apiserver", extension)
        flags = {
            "etcd-servers": store,
            "secure-port": port,
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "endpoint-reconciler-type": "none",
            "tls-cert-file": certificate,
            "tls-private-key-file": key,
            "client-ca-file": authority.certificate,
            "authorization-mode": "Node,RBAC",
            "enable-admission-plugins": "NodeRestriction",
            "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
            "service-account-key-file": authority.accounts,
            "service-account-signing-key-file": authority.accounts,
            "service-cluster-ip-range": "10.96.0.0/16",
            "v": 0,
        }
        self._run("kube-apiserver", programs()["kubernetes"] / "kube-apiserver", *_flags(flags))
        for name, subject in IDENTITIES.items():
            pair = authority.signed(name, subject, "extendedKeyUsage=clientAuth")
            text = kubeconfig(f"https://127.0.0.1:{port}", authority.certificate, *pair)
            (self.folder / f"{name}.kubeconfig").write_text(text)

    def _arguments_of(self, name: str, authority: Authority) -> list[str]:
        """Without an election: each is alone. Their usual 20 requests a second are for clusters that others use too."""
        who = "scheduler" if name == "kube-scheduler" else "controllers"
        flags: dict[str, Any] = {
            "kubeconfig": self.folder / f"{who}.kubeconfig",
            "leader-elect": "false",
            "secure-port": 0,
        }
        flags |= {"kube-api-qps": 500, "kube-api-burst": 1000}
        if who == "controllers":
            flags |= {
                "use-service-account-credentials": "true",
                "horizontal-pod-autoscaler-sync-period": "2s",
                "controllers": ",".join(["*", *(f"-{each}" for each in UNUSED)]),
                "root-ca-file": authority.certificate,
                "service-account-private-key-file": authority.accounts,
                "cluster-signing-cert-file": authority.certificate,
                "cluster-signing-key-file": authority.key,
            }
        return _flags(flags)

    def _node(self, kube: Kube) -> None:
        texts = [file.read_text() for file in stage_files()]
        config = self.folder / "stages.yaml"
        # A pod that only pulls is done once its images have ids.
        config.write_text(
            "\n---\n".join(texts).replace(IMAGE, f"{IMAGE}\n        imageID: {{{{ .image | Quote }}}}")
        )
        flags = {"kubeconfig": self.kubeconfig_path, "config": config, "manage-all-nodes": "true"}
        self._run("kwok", programs()["kwok"] / "kwok", *_flags({**flags, "node-lease-duration-seconds": 40}))
        meta = {
            "name": NODE,
            "labels": {**LABELS, "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux"},
        }
        status = {"allocatable": ROOM, "capacity": ROOM}
        kube.request("POST", "/api/v1/nodes", {"metadata": meta, "status": status})

    def _gateway(self, kube: Kube) -> None:
        """Traefik says of routes what it would do with them; nobody sends it a request."""
        web, retries, ping = free_ports(3)
        token = self.folder / "traefik.token"
        documents = [
            each for each in yaml.safe_load_all((ROOT / "cluster/gateway/traefik.yaml").read_text()) if each
        ]
        for each in documents:
            if each["kind"] in {"Deployment", "Service", "ConfigMap"}:
                continue
            if each["kind"] == "Gateway":
                (listener,) = each["spec"]["listeners"]
                listener["port"] = web if listener["port"] == 8000 else retries
            kube.apply(each, "kubectl")
        token.write_text(token_of(kube, "crossfade-gateway", "traefik"))
        flags = {
            "global.checknewversion": "false",
            "global.sendanonymoususage": "false",
            "entrypoints.web.address": f"127.0.0.1:{web}",
            "entrypoints.retries.address": f"127.0.0.1:{retries}",
            "entrypoints.traefik.address": f"127.0.0.1:{ping}",
            "providers.kubernetesgateway.endpoint": kube.host,
            "providers.kubernetesgateway.token": token,
            "providers.kubernetesgateway.certauthfilepath": self.folder / "ca.crt",
            "providers.providersthrottleduration": "100ms",
        }
        self._run(
            "traefik", programs()["traefik"] / "traefik", "--providers.kubernetesgateway=true", *_flags(flags)
        )

    def _operator(self, kube: Kube) -> None:
        health, metrics = free_ports(2)
        path = self.folder / "operator.kubeconfig"
        text = kubeconfig(kube.host, self.folder / "ca.crt", token=token_of(kube, SYSTEM, ACCOUNT))
        path.write_text(text)
        probes = ("--health-port", str(health), "--metrics-port", str(metrics))
        command = [
            sys.executable,
            "-m",
            "crossfade.controller",
            "--kubeconfig",
            path,
            "--lease-namespace",
            SYSTEM,
        ]
        self.operator = Revived([*map(str, command), *probes, *OPERATOR], self.folder / "operator.log")
        self._stack.enter_context(self.operator)
        self._wait_for("the operator to be ready", lambda: _is_ready(health))

    def _run(self, name: str, program: Any, *arguments: Any) -> None:
        """A process that ends with this one."""
        command = ["env", *SELDOM_GC, str(program), *map(str, arguments)]
        log = self.folder / f"{name}.log"
        self._processes[name] = self._stack.enter_context(running(command, log, "KILL"))

    def _wait_for(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait for it, as long as every process runs."""

        def seen() -> bool:
            for name, process in self._processes.items():
                if process.poll() is not None:
                    log = (self.folder / f"{name}.log").read_text()[-2000:]
                    raise NeverHappenedError(f"{name} ended with exit code {process.returncode}:\n{log}")
            return condition()

        wait_for(what, seen)


def kubeconfig(
    server: str, authority: Path, certificate: Path | None = None, key: Path | None = None, token: str = ""
) -> str:
    """One cluster and one user, whose certificate is embedded as kind does it, or whose token."""

    def data(path: Path) -> str:
        return base64.b64encode(path.read_bytes()).decode()

    user: Object = {"token": token}
    if certificate and key:
        user = {"client-certificate-data": data(certificate), "client-key-data": data(key)}
    cluster = {"server": server, "certificate-authority-data": data(authority)}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "tier",
            "contexts": [{"name": "tier", "context": {"cluster": "tier", "user": "tier"}}],
            "clusters": [{"name": "tier", "cluster": cluster}],
            "users": [{"name": "tier", "user": user}],
        }
    )


def install(kube: Kube, kubectl: Path) -> None:
    """The definitions of Crossfade and of Gateway API, and manifests/ as the kind cluster has them, without the pods."""
    crds = [*(ROOT / "crds").glob("*.yaml"), *programs()["gateway_api"].glob("*.yaml")]
    names = []
    for path in crds:
        for each in filter(None, yaml.safe_load_all(path.read_text())):
            if each.get("kind") == "CustomResourceDefinition":
                names.append(each["metadata"]["name"])
                kube.apply(each)
    wait_for("the definitions to be served", lambda: all(_is_established(kube, name) for name in names))
    build = [str(kubectl), "kustomize", str(ROOT / "cluster" / "operator")]
    built = subprocess.run(build, capture_output=True, text=True, check=True).stdout
    for each in yaml.safe_load_all(built):
        if each["kind"] not in {*RUN_BY_THE_NODE, "CustomResourceDefinition"}:
            kube.apply(each, "kubectl")


def token_of(kube: Kube, namespace: str, account: str) -> str:
    """A token of a service account, for half a day."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    made = kube.request("POST", path, {"spec": {"expirationSeconds": 43_200}})
    return str(made["status"]["token"])


def _flags(values: dict[str, Any]) -> list[str]:
    return [f"--{name}={value}" for name, value in values.items()]


def _answers(kube: Kube) -> bool:
    try:
        return kube.text("/readyz") == "ok"
    except (ApiError, urllib3.exceptions.HTTPError):
        return False


def _is_established(kube: Kube, name: str) -> bool:
    found = kube.get("CustomResourceDefinition", "", name) or {}
    conditions = found.get("status", {}).get("conditions", [])
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def _is_ready(port: int) -> bool:
    try:
        answer = urllib3.request("GET", f"http://127.0.0.1:{port}/readyz", retries=False, timeout=5)
    except urllib3.exceptions.HTTPError:
        return False
    return answer.status == 200
