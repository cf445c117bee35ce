"""An operator of one namespace carries releases out with its Role there alone, installed as the docs say."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from pytest_kind import KindCluster

from bench import manifests
from bench.kube import Kube, Object, wait_for

ROOT = Path(__file__).parents[2]
NAME = "crossfade-operator"
WITHIN_S = 300
# Between them they use every right: a pod that pulls, a finalizer, two Services, Deployments that come and go.
STRATEGIES: dict[str, Object] = {
    "canary": {"canary": {"steps": [{"weight": 50}]}},
    "recreate": {"recreate": {"pullFirst": True}},
}
SPEC = {"replicas": 1, "bakeSeconds": 0, "drainSeconds": 0, "revisionHistoryLimit": 1}

pytestmark = [pytest.mark.own_operator, pytest.mark.usefixtures("running_operator")]


@pytest.fixture
def kubectl(cluster: KindCluster) -> list[str]:
    return [str(cluster.kubectl_path), "--kubeconfig", str(cluster.kubeconfig_path)]


@pytest.fixture
def operator(kube: Kube, namespace: str, kubectl: list[str], tmp_path: Path) -> list[str]:
    """The pods of an operator for this namespace: the folder of manifests, and the namespace's name."""
    folder = os.path.relpath(ROOT / "manifests" / "one-namespace", tmp_path.resolve())
    overlay = {"namespace": namespace, "resources": [folder]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    subprocess.run(
        [*kubectl, "apply", "--server-side", "-k", tmp_path], check=True, capture_output=True, text=True
    )

    def available() -> bool:
        seen = kube.get("Deployment", namespace, NAME) or {}
        return bool(seen.get("status", {}).get("availableReplicas") == seen["spec"]["replicas"])

    wait_for("the operator of the namespace to be available", available, WITHIN_S)
    pods = kube.list("Pod", namespace, f"app.kubernetes.io/name={NAME}")
    return [pod["metadata"]["name"] for pod in pods]


def test_an_operator_of_one_namespace_carries_releases_out_with_its_role_alone(
    kube: Kube, namespace: str, operator: list[str], kubectl: list[str]
) -> None:
    assert_it_may_nothing_elsewhere(kubectl, namespace)
    for version in ("v1", "v2", "v3"):
        released(kube, namespace, version)
    for name in STRATEGIES:
        kube.delete("Rollout", namespace, name)
        wait_for(
            f"the end of {name}", lambda name=name: kube.get("Rollout", namespace, name) is None, WITHIN_S
        )

    def only_what_is_given_back_is_left() -> bool:
        names = [each["metadata"]["name"] for each in kube.list("Deployment", namespace)]
        return [name.partition("-")[0] for name in names if name != NAME] == ["canary"]

    wait_for("the others' Deployments to be collected", only_what_is_given_back_is_left, WITHIN_S)
    assert_it_was_this_one_and_nothing_was_refused(kube, namespace, operator)


def assert_it_may_nothing_elsewhere(kubectl: list[str], namespace: str) -> None:
    """By the API server's word: it may what the operator of the cluster may, in its namespace and in no other."""
    account = f"--as=system:serviceaccount:{namespace}:{NAME}"
    asked = [*kubectl, "auth", "can-i", account, "patch", "deployments.apps", "-n"]
    answers = [
        subprocess.run([*asked, where], capture_output=True, text=True, check=False).stdout.strip()
        for where in (namespace, "default")
    ]
    assert answers == ["yes", "no"]


def released(kube: Kube, namespace: str, version: str) -> None:
    """Apply a version of each, and wait until it is stable and told to be."""
    generations = {}
    for name, strategy in STRATEGIES.items():
        template = manifests.template(version, name=name)
        spec = {**SPEC, "onDelete": "GiveBack"} if name == "canary" else SPEC
        applied = kube.apply(manifests.rollout(namespace, strategy, template, name=name, **spec))
        generations[name] = applied["metadata"]["generation"]

    def healthy(name: str) -> bool:
        status = (kube.get("Rollout", namespace, name) or {}).get("status", {})
        return bool(status.get("observedGeneration") == generations[name] and status["phase"] == "Healthy")

    wait_for(f"all to be Healthy with {version}", lambda: all(map(healthy, STRATEGIES)), WITHIN_S)


def assert_it_was_this_one_and_nothing_was_refused(kube: Kube, namespace: str, operator: list[str]) -> None:
    posted = kube.request("GET", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events")["items"]
    told = {each["reportingInstance"] for each in posted if each["regarding"]["kind"] == "Rollout"}
    assert told, "neither told anything"
    assert told <= set(operator), (
        "somebody else works here"
    )  # a leader whose node stands may hand over to the other
    logs = "\n".join(kube.logs(namespace, pod) for pod in operator)
    assert "forbidden" not in logs
    assert f"works in the namespace {namespace}" in logs
