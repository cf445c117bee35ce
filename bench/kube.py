"""A cluster's API server, spoken to in plain JSON.

kubectl as a subprocess costs 50 ms of a core each time; on two cores that poll from several tests
at once, it would be the load.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import urllib3
from kubernetes import client, config

Object = dict[str, Any]
T = TypeVar("T")

FIELD_MANAGER = "bench"
GROUP = "/apis/crossfade.dev/v1alpha1"
COLLECTIONS = {
    "BackendTrafficPolicy": ("/apis/gateway.envoyproxy.io/v1alpha1", "backendtrafficpolicies"),
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles"),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "Event": ("/api/v1", "events"),
    "GRPCRoute": ("/apis/gateway.networking.k8s.io/v1", "grpcroutes"),
    "Gateway": ("/apis/gateway.networking.k8s.io/v1", "gateways"),
    "GatewayClass": ("/apis/gateway.networking.k8s.io/v1", "gatewayclasses"),
    "HTTPRoute": ("/apis/gateway.networking.k8s.io/v1", "httproutes"),
    "HorizontalPodAutoscaler": ("/apis/autoscaling/v2", "horizontalpodautoscalers"),
    "Lease": ("/apis/coordination.k8s.io/v1", "leases"),
    "MutatingAdmissionPolicy": ("/apis/admissionregistration.k8s.io/v1", "mutatingadmissionpolicies"),
    "MutatingAdmissionPolicyBinding": (
        "/apis/admissionregistration.k8s.io/v1",
        "mutatingadmissionpolicybindings",
    ),
    "Namespace": ("/api/v1", "namespaces"),
    "Pod": ("/api/v1", "pods"),
    "Job": ("/apis/batch/v1", "jobs"),
    "PodDisruptionBudget": ("/apis/policy/v1", "poddisruptionbudgets"),
    "PodMetrics": ("/apis/metrics.k8s.io/v1beta1", "pods"),
    "Release": (GROUP, "releases"),
    "ReplicaSet": ("/apis/apps/v1", "replicasets"),
    "ResourceQuota": ("/api/v1", "resourcequotas"),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
    "Rollout": (GROUP, "rollouts"),
    "RolloutAction": (GROUP, "rolloutactions"),
    "AnalysisTemplate": (GROUP, "analysistemplates"),
    "ClusterAnalysisTemplate": (GROUP, "clusteranalysistemplates"),
    "RolloutPolicy": (GROUP, "rolloutpolicies"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "Service": ("/api/v1", "services"),
    "ValidatingAdmissionPolicy": ("/apis/admissionregistration.k8s.io/v1", "validatingadmissionpolicies"),
    "ValidatingAdmissionPolicyBinding": (
        "/apis/admissionregistration.k8s.io/v1",
        "validatingadmissionpolicybindings",
    ),
}
CLUSTER_WIDE = frozenset(
    {
        "ClusterAnalysisTemplate",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "GatewayClass",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "Namespace",
        "RolloutPolicy",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    }
)


class ApiError(Exception):
    """An answer of the API server that is not a success; `status` is its HTTP code."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class NeverHappenedError(AssertionError):
    """What was waited for did not come; the message says what was seen last."""


def collection(kind: str, namespace: str) -> str:
    """The path of all objects of a kind in a namespace, or in the cluster where the kind has none."""
    prefix, plural = COLLECTIONS[kind]
    return f"{prefix}/{plural}" if kind in CLUSTER_WIDE else f"{prefix}/namespaces/{namespace}/{plural}"


# A connection that the API server closed while it was idle fails at its next request. Every patch here says what is to
# be, not what is to change: it may be asked twice.
REPEATABLE = urllib3.Retry.DEFAULT_ALLOWED_METHODS | {"PATCH"}
# A create may not, so it has a connection of its own.
CLOSED = {"Connection": "close"}
# What an API server says that starts, or has too much to do.
AGAIN = urllib3.Retry(
    4,
    allowed_methods=REPEATABLE,
    status_forcelist=(429, 500, 503, 504),
    backoff_factor=0.3,
    raise_on_status=False,
)


class Kube:
    """Requests to one API server, with the client certificate of a kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        configuration = client.Configuration()
        config.load_kube_config(str(kubeconfig), client_configuration=configuration)  # type: ignore[no-untyped-call]
        configuration.connection_pool_maxsize = 32
        self.kubeconfig = kubeconfig
        self.host = configuration.host
        self.pool = client.ApiClient(configuration).rest_client.pool_manager
        self.fresh = client.ApiClient(configuration).rest_client.pool_manager

    def request(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json"
    ) -> Object:
        """One request; raises ApiError for an answer that is not a success."""
        data = None if body is None else json.dumps(body).encode()
        pool = self.pool if method in REPEATABLE else self.fresh
        answer = pool.request(
            method,
            self.host + path,
            body=data,
            headers={"Content-Type": content_type, **(CLOSED if pool is self.fresh else {})},
            timeout=30,
            retries=AGAIN,
        )
        if answer.status >= 300:
            raise ApiError(answer.status, message_of(answer.data))
        return parsed(answer.data)

    def stream(self, path: str, read_timeout_s: float = 300) -> urllib3.BaseHTTPResponse:
        """An answer that is still being written: a watch, or a log that is followed."""
        timeout = urllib3.Timeout(connect=10, read=read_timeout_s)
        answer: urllib3.BaseHTTPResponse = self.pool.request(
            "GET", self.host + path, preload_content=False, timeout=timeout, retries=2
        )
        if answer.status >= 300:
            raise ApiError(answer.status, message_of(answer.read()))
        return answer

    def text(self, path: str) -> str:
        """An answer that is not JSON: logs, metrics."""
        answer = self.pool.request("GET", self.host + path, timeout=30, retries=2)
        if answer.status >= 300:
            raise ApiError(answer.status, message_of(answer.data))
        return str(answer.data.decode(errors="replace"))

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object, or None where there is none."""
        try:
            return self.request("GET", f"{collection(kind, namespace)}/{name}")
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, kind: str, namespace: str, labels: str = "") -> list[Object]:
        """The objects of a kind in a namespace, narrowed by a label selector."""
        query = f"?labelSelector={labels.replace('=', '%3D').replace(',', '%2C')}" if labels else ""
        items: list[Object] = self.request("GET", collection(kind, namespace) + query)["items"]
        return items

    def create(self, manifest: Object) -> Object:
        """Make an object in the namespace that it names."""
        namespace = manifest["metadata"].get("namespace", "")
        return self.request("POST", collection(manifest["kind"], namespace), manifest)

    def apply(self, manifest: Object, manager: str = FIELD_MANAGER, *, force: bool = True) -> Object:
        """Server-side apply, as `kubectl apply --server-side` does it with `--force-conflicts`, or without."""
        meta = manifest["metadata"]
        path = f"{collection(manifest['kind'], meta.get('namespace', ''))}/{meta['name']}"
        query = f"?fieldManager={manager}&force={str(force).lower()}"
        return self.request("PATCH", path + query, manifest, "application/apply-patch+yaml")

    def scale(self, kind: str, namespace: str, name: str, replicas: int) -> None:
        """Set the replicas through the scale subresource, as an HPA or `kubectl scale` does."""
        path = f"{collection(kind, namespace)}/{name}/scale"
        self.request("PATCH", path, {"spec": {"replicas": replicas}}, "application/merge-patch+json")

    def delete(self, kind: str, namespace: str, name: str, grace_s: int | None = None) -> None:
        """Delete an object without waiting for its end; one that is not there is fine."""
        query = "" if grace_s is None else f"?gracePeriodSeconds={grace_s}"
        try:
            self.request("DELETE", f"{collection(kind, namespace)}/{name}{query}")
        except ApiError as error:
            if error.status != 404:
                raise

    def evict(self, namespace: str, pod: str) -> None:
        """Remove a pod the way a node drain does."""
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": namespace},
        }
        self.request("POST", f"{collection('Pod', namespace)}/{pod}/eviction", body)

    def ask_pod(self, method: str, namespace: str, pod: str, target: str, port: int = 8080) -> None:
        """One HTTP request to a pod, through the API server: it reaches that pod and no other."""
        path = f"{collection('Pod', namespace)}/{pod}:{port}/proxy{target}"
        answer = self.fresh.request(method, self.host + path, headers=CLOSED, timeout=10, retries=False)
        if answer.status >= 300:
            raise ApiError(answer.status, message_of(answer.data))

    def logs(self, namespace: str, pod: str, container: str = "", *, previous: bool = False) -> str:
        """What a container wrote so far."""
        query = f"?container={container}&previous={str(previous).lower()}"
        return self.text(f"{collection('Pod', namespace)}/{pod}/log{query}")


def parsed(data: bytes) -> Object:
    document: Object = json.loads(data)
    return document


def message_of(data: bytes) -> str:
    """The message in the API server's Status, or its whole answer."""
    try:
        return str(parsed(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data.decode(errors="replace")


def lines_of(answer: urllib3.BaseHTTPResponse) -> Iterator[str]:
    """The whole lines of a stream, each as soon as it is there."""
    rest = b""
    for chunk in answer.stream(amt=None, decode_content=False):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)


PATIENCE_S = 180.0
"""No promise: what has not happened by then is taken for what never happens."""


def wait_for(
    what: str, condition: Callable[[], T | None], timeout_s: float = PATIENCE_S, every_s: float = 0.1
) -> T:
    """The first true answer of `condition`, asked every `every_s`; NeverHappenedError after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        seen = condition()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise NeverHappenedError(f"waited {timeout_s:.0f} s in vain for {what}; last seen: {seen!r}")
        time.sleep(every_s)
