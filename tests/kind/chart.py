"""A Rollout over a Deployment that a chart owns, and that is synced again and again, under load."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from urllib3.exceptions import HTTPError

from bench import analysis, manifests
from bench.kube import ApiError, Kube, Object, wait_for
from bench.load_pod import Load, Rates
from bench.scenarios.plain import rolled_out
from bench.scenarios.shop import LONG_DRAIN_S
from bench.watch import Watch

PODS = 2
RATES = Rates(per_s=50, kept=0)
SYNC_S = 2
WITHIN_S = 300


class Chart:
    """What a chart's release holds: a Deployment at some version, applied as a whole each time."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self.kube = kube
        self.namespace = namespace
        self.version = "v1"
        self.syncs = 0

    def sync(self) -> None:
        pod_template = manifests.template(self.version)
        self.kube.apply(manifests.deployment(self.namespace, pod_template, replicas=PODS))
        self.syncs += 1

    @contextmanager
    def synced(self) -> Iterator[None]:
        """Synced every two seconds, for the length of the block."""
        ended = threading.Event()

        def sync() -> None:
            while not ended.wait(SYNC_S):
                with suppress(ApiError, HTTPError):  # the next one comes in two seconds
                    self.sync()

        thread = threading.Thread(target=sync, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def deployment(self) -> Object | None:
        return self.kube.get("Deployment", self.namespace, manifests.NAME)

    def has_pods(self) -> bool:
        """Whether it asks for pods, or has some."""
        seen: Object = self.deployment() or {"spec": {"replicas": 0}}
        return bool(seen["spec"]["replicas"] or seen.get("status", {}).get("replicas"))

    def serves(self) -> bool:
        seen: Object = self.deployment() or {}
        return bool(seen.get("status", {}).get("readyReplicas") == PODS)


def installed(kube: Kube, namespace: str) -> Chart:
    """The shop as a chart installs it, with its Service."""
    chart = Chart(kube, namespace)
    chart.sync()
    kube.create(manifests.service(namespace))  # made once: nobody applies its selector again
    wait_for("the chart's pods", lambda: rolled_out(kube, namespace))
    return chart


def take_over(kube: Kube, namespace: str) -> None:
    strategy = {"canary": {"steps": [{"weight": 50, "pauseSeconds": 1}]}}
    service = {"name": manifests.NAME, "adopt": True, "ports": [{"port": 80, "targetPort": manifests.PORT}]}
    manifest = manifests.rollout(
        namespace, strategy, {}, replicas=PODS, service=service, bakeSeconds=1, drainSeconds=LONG_DRAIN_S
    )
    spec = {key: value for key, value in manifest["spec"].items() if key != "template"}
    kube.apply({**manifest, "spec": {**spec, "workloadRef": {"name": manifests.NAME}}})


def status(kube: Kube, namespace: str) -> Object:
    seen: Object = kube.get("Rollout", namespace, manifests.NAME) or {}
    return dict(seen.get("status", {}))


def wait_serving(kube: Kube, namespace: str, version: str, release: int) -> Object:
    """Wait until that version is stable, by the release of that number."""

    def healthy() -> Object | None:
        seen = status(kube, namespace)
        right = seen.get("phase") == "Healthy" and seen.get("release") == release
        return seen if right else None

    wait_for(f"{version} by release {release}", healthy, WITHIN_S)
    return status(kube, namespace)


def chart_pods_listed(slices: Watch, since: int) -> set[str]:
    """Pods of the chart's own Deployment that production listed as ready, from the `since`-th state on."""
    listed = set()
    for seen in list(slices.history)[since:]:
        if seen.object["metadata"]["labels"].get("kubernetes.io/service-name") != manifests.NAME:
            continue
        for endpoint in seen.object.get("endpoints") or ():
            if endpoint["conditions"].get("ready"):
                listed.add(endpoint["targetRef"]["name"])
    return {
        name for name in listed if len(name.split("-")) == 3
    }  # shop-<ReplicaSet>-<pod>; ours have a revision


def had(kube: Kube, namespace: str) -> dict[str, int]:
    """Taken over, synced, released, missed and given back; what was lost."""
    chart = installed(kube, namespace)
    load = Load(kube, namespace, manifests.NAME, RATES)
    load.start()
    with Watch(kube, "EndpointSlice", namespace) as slices:
        take_over(kube, namespace)
        wait_serving(kube, namespace, "v1", 1)
        wait_for("the chart's Deployment to be empty", lambda: not chart.has_pods(), WITHIN_S)
        ours_since = len(slices.history)
        synced_and_released(kube, namespace, chart)
        assert chart_pods_listed(slices, ours_since) == set(), "pods that a sync restores get no traffic"
        missed(kube, namespace, chart)
        given_back(kube, namespace, chart)
    until = load.arrived[-1].at + 3
    wait_for("three more seconds of load", lambda: load.arrived[-1].at > until)
    records = analysis.new(load.stop())
    assert analysis.versions_in_order(records) == ["v1", "v2"]
    return analysis.losses_by_outcome(records)


def synced_and_released(kube: Kube, namespace: str, chart: Chart) -> None:
    """Every sync restores its replicas, and is answered; a sync with another template is a release."""
    with chart.synced():
        for _ in range(2):
            before = chart.syncs
            wait_for("a sync", lambda b=before: chart.syncs > b)
            wait_for("its answer", lambda: not asks_for_pods(chart), every_s=0.05)
        chart.version = "v2"
        wait_serving(kube, namespace, "v2", 2)
    wait_for("the last answer", lambda: not chart.has_pods())


def asks_for_pods(chart: Chart) -> int:
    seen: dict[str, Any] = chart.deployment() or {"spec": {"replicas": PODS}}
    return int(seen["spec"]["replicas"])


def missed(kube: Kube, namespace: str, chart: Chart) -> None:
    """Deleted, it is told of, and what serves is left alone; made again, all is well."""
    wait_for("the old pods to be told to go", lambda: len(staying_pods(kube, namespace)) == PODS)
    served = staying_pods(kube, namespace)
    kube.delete("Deployment", namespace, manifests.NAME)
    wait_for("it to be missed", lambda: status(kube, namespace).get("phase") == "Invalid")
    told = status(kube, namespace)
    assert {c["type"]: c["reason"] for c in told["conditions"]}["Stalled"] == "WorkloadMissing"
    assert "Deployment shop, which workloadRef names, does not exist" in told["message"]
    assert staying_pods(kube, namespace) == served
    chart.sync()
    wait_serving(kube, namespace, "v2", 2)
    wait_for("it to be empty again", lambda: not chart.has_pods(), WITHIN_S)
    assert staying_pods(kube, namespace) == served


def staying_pods(kube: Kube, namespace: str) -> set[str]:
    pods = kube.list("Pod", namespace, "crossfade.dev/rollout=shop")
    return {pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}


def given_back(kube: Kube, namespace: str, chart: Chart) -> None:
    """Deleted, the Rollout leaves the chart's Deployment with its pods, and the Service with its selector."""
    kube.delete("Rollout", namespace, manifests.NAME)
    wait_for("its end", lambda: kube.get("Rollout", namespace, manifests.NAME) is None, WITHIN_S)
    wait_for("the chart's pods", chart.serves, WITHIN_S)
    wait_for("our pods to be gone", lambda: not staying_pods(kube, namespace), WITHIN_S)
    service = kube.get("Service", namespace, manifests.NAME)
    assert service
    assert service["spec"]["selector"] == {"app": manifests.NAME}
    assert not [key for key in service["metadata"].get("labels", {}) if key.startswith("crossfade.dev/")]
