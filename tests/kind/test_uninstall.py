"""The definition of the Rollout is deleted, as docs/uninstall.md warns of: who was to go on serving goes on."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_kind import KindCluster

from bench import demo, manifests, operator_pods
from bench.kube import Kube, Object, collection, wait_for
from bench.watch import Watch

# Alone: while there is no definition, there are no Rollouts anywhere.
pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.serial]

CRDS = Path(__file__).parents[2] / "crds"
DEFINITION, NAME = "CustomResourceDefinition", "rollouts.crossfade.dev"
PATH = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{NAME}"
WITHIN_S = 300
GOING_ON = ("kept", "adopted", "orphaned")
SPEC: dict[str, Object] = {
    "plain": {},
    "kept": {"onDelete": "GiveBack"},
    "adopted": {"service": {"name": "adopted", "adopt": True, "ports": [{"port": 80, "targetPort": 8080}]}},
    "orphaned": {},
}


@pytest.fixture
def definition(kube: Kube, cluster: KindCluster) -> Iterator[None]:
    """It is there again afterwards, and an operator that knows it; refused where a Rollout of somebody would go with it.

    The shop of the last demo goes: each demo begins with a new one.
    """
    if kube.get("Namespace", "", demo.NAMESPACE):
        kube.delete("Namespace", "", demo.NAMESPACE)
    everywhere = "/apis/crossfade.dev/v1alpha1/rollouts"
    wait_for("all other Rollouts to be gone", lambda: not kube.request("GET", everywhere)["items"], WITHIN_S)
    yield
    wait_for("the end of the definition", lambda: is_whole_or_gone(kube), WITHIN_S)
    kubectl = [str(cluster.kubectl_path), "--kubeconfig", str(cluster.kubeconfig_path)]
    subprocess.run([*kubectl, "annotate", "crd", NAME, "crossfade.dev/deletion-"], check=False)
    subprocess.run([*kubectl, "apply", "--server-side", "--force-conflicts", "-f", CRDS], check=True)
    subprocess.run(
        [*kubectl, "wait", "--for=condition=Established", "--timeout=180s", "-f", CRDS], check=True
    )
    for pod in operator_pods.pods(kube):  # it may wait long before it starts again by itself
        kube.delete("Pod", operator_pods.NAMESPACE, pod["metadata"]["name"], grace_s=0)
    operator_pods.wait_available(kube, WITHIN_S)


def is_whole_or_gone(kube: Kube) -> bool:
    found = kube.get(DEFINITION, "", NAME)
    return found is None or "deletionTimestamp" not in found["metadata"]


@pytest.fixture
def fleet(kube: Kube, namespace: str, definition: None) -> str:
    """A namespace in which each of the four serves with one pod, and nobody else does."""
    kube.create({**manifests.service(namespace), "metadata": {"name": "adopted", "namespace": namespace}})
    for name, spec in SPEC.items():
        template = manifests.template("v1", name=name)
        kube.apply(
            manifests.rollout(
                namespace, manifests.strategy("bigBang"), template, name=name, replicas=1, **spec
            )
        )
    wait_for("all of them to be Healthy", lambda: phases(kube, namespace) == {"Healthy"}, WITHIN_S)
    return namespace


def phases(kube: Kube, namespace: str) -> set[str]:
    return {each.get("status", {}).get("phase", "") for each in kube.list("Rollout", namespace)}


def test_what_is_to_go_on_serves_at_every_moment_while_the_definition_goes(kube: Kube, fleet: str) -> None:
    path = f"{collection('Rollout', fleet)}/orphaned"
    kube.request("DELETE", path, {"propagationPolicy": "Orphan"})
    wait_for("the Rollout to be gone", lambda: kube.get("Rollout", fleet, "orphaned") is None, WITHIN_S)
    wait_for("their endpoints", lambda: with_endpoints(kube, fleet) >= set(GOING_ON), WITHIN_S)
    with Watch(kube, "EndpointSlice", fleet) as slices:
        allowed = {"metadata": {"annotations": {"crossfade.dev/deletion": "allowed"}}}
        kube.request("PATCH", PATH, allowed, "application/merge-patch+json")
        kube.delete(DEFINITION, "", NAME)
        wait_for("its end", lambda: kube.get(DEFINITION, "", NAME) is None, WITHIN_S)
        wait_for("the garbage collector", lambda: serving(kube, fleet) == set(GOING_ON), WITHIN_S)
        silent = [seen.object for seen in list(slices.history) if of(seen.object) in GOING_ON]
    assert silent
    assert [each for each in silent if not has_ready(each)] == []
    assert kube.get("Service", fleet, "plain") is None


def serving(kube: Kube, namespace: str) -> set[str]:
    """The names of those whose Deployments have a pod."""
    found = kube.list("Deployment", namespace)
    return {
        each["metadata"]["name"].partition("-")[0] for each in found if each["status"].get("readyReplicas")
    }


def with_endpoints(kube: Kube, namespace: str) -> set[str]:
    """The names of the Services that have a ready endpoint."""
    return {of(each) for each in kube.list("EndpointSlice", namespace) if has_ready(each)}


def of(one: Object) -> str:
    return str(one["metadata"]["labels"].get("kubernetes.io/service-name", ""))


def has_ready(one: Object) -> bool:
    endpoints: list[Any] = one.get("endpoints") or []
    return any(each["conditions"]["ready"] for each in endpoints)
