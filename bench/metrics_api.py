"""Stands in for metrics-server: the CPU of the shops' pods, as an autoscaler reads it.

The controller manager lists `pods` of `metrics.k8s.io/v1beta1` by label and cannot tell who answers. Here they are
custom resources, written by a thread: no image, no certificate, and no API of the cluster that could fail with a pod.
"""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bench.background import Background
from bench.kube import ApiError, Kube, Object, wait_for
from bench.scenarios.seen import is_ready, version_of
from bench.scenarios.shop import Shop
from bench.watch import Watch

NAME = "pods.metrics.k8s.io"
DEFINITION: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": NAME,
        "annotations": {"api-approved.kubernetes.io": "unapproved: stands in for metrics-server in a test"},
    },
    "spec": {
        "group": "metrics.k8s.io",
        "scope": "Namespaced",
        "names": {
            "plural": "pods",
            "singular": "podmetrics",
            "kind": "PodMetrics",
            "listKind": "PodMetricsList",
        },
        "versions": [
            {
                "name": "v1beta1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                },
            }
        ],
    },
}
LOOK_EVERY_S = 0.2


@contextlib.contextmanager
def installed(kube: Kube) -> Iterator[None]:
    """Serve the metrics API for the length of the block."""
    kube.apply(DEFINITION)
    try:
        wait_for("the metrics API", lambda: _served(kube))
        yield
    finally:
        kube.delete("CustomResourceDefinition", "", NAME)


def _served(kube: Kube) -> bool:
    try:
        kube.list("PodMetrics", "default")
    except ApiError:
        return False
    return True


class Measured(Background):
    """While entered, the pods that serve a shop share its load evenly, to the millicore; its others idle.

    `load_m` is the load in millicores: change it at will. Which pods serve is what the endpoints say, so a switch of
    the traffic is in the metrics at once.
    """

    def __init__(self, kube: Kube, shop: Shop, load_m: int) -> None:
        super().__init__("metrics")
        self.kube = kube
        self.shop = shop
        self.load_m = load_m
        self.slices = Watch(kube, "EndpointSlice", shop.namespace)
        self.written: dict[str, tuple[int, bool]] = {}

    def go_on(self) -> None:
        with self.slices:
            while not self.stopping.wait(LOOK_EVERY_S):
                with contextlib.suppress(ApiError):
                    self._write()

    def _write(self) -> None:
        """Write what changed. A pod that has become ready is measured anew: what is older counts for nothing."""
        used = shared(self.load_m, sorted(self._serving()))
        for pod in list(self.shop.pods.latest.values()):
            name, now = pod["metadata"]["name"], (used.get(pod["metadata"]["name"], 0), is_ready(pod))
            if version_of(pod) and self.written.get(name) != now:
                self.kube.apply(usage(pod, now[0]))
                self.written[name] = now

    def _serving(self) -> set[str]:
        """The pods that the Service's endpoints list as ready."""
        slices = [
            each
            for each in list(self.slices.latest.values())
            if each["metadata"]["labels"].get("kubernetes.io/service-name") == self.shop.name
        ]
        endpoints = [one for each in slices for one in each.get("endpoints") or ()]
        return {one["targetRef"]["name"] for one in endpoints if one["conditions"].get("ready")}


def shared(load_m: int, pods: Sequence[str]) -> dict[str, int]:
    """Each pod's part in whole millicores, which add up: the autoscaler rounds each part up to a millicore."""
    each, rest = divmod(load_m, len(pods)) if pods else (0, 0)
    return {pod: each + (i < rest) for i, pod in enumerate(pods)}


def usage(pod: Object, cpu_m: int) -> Object:
    """What metrics-server would answer about a pod."""
    meta = pod["metadata"]
    return {
        "apiVersion": "metrics.k8s.io/v1beta1",
        "kind": "PodMetrics",
        "metadata": {"name": meta["name"], "namespace": meta["namespace"], "labels": meta["labels"]},
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "window": "0s",
        "containers": [{"name": "shop", "usage": {"cpu": f"{cpu_m}m", "memory": "20Mi"}}],
    }
