"""The operator's next version injects other things into new pods, and its API has other defaults: no pod notices."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_kind import KindCluster

from bench import manifests, operator_pods
from bench.kube import Kube, Object, wait_for

# Alone: it replaces the operator.
pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.serial]

CRDS = Path(__file__).parents[2] / "crds"
UNDER_WAY = ("canary-0", "bluegreen-0")
READY_WITHIN_S = 300
DRAIN_NOW_S, DRAIN_NEXT_S = 5, 8
NEXT_LABEL = "crossfade.dev/next"

# The next version: another drain, another label on the pods, another annotation; the rest is as it is.
NEXT = f"""
from dataclasses import replace

from crossfade.controller.__main__ import main
from crossfade.core import manifests

now = manifests.pod_template

def pod_template(s, revision, template, added):
    made = now(s, revision, template, replace(added, drain_s=added.drain_s and {DRAIN_NEXT_S}))
    meta = made["metadata"]
    labels, annotations = meta["labels"] | {{"{NEXT_LABEL}": "yes"}}, meta.get("annotations", {{}})
    return made | {{"metadata": meta | {{"labels": labels, "annotations": annotations | {{"{NEXT_LABEL}": "yes"}}}}}}

manifests.pod_template = pod_template
main()
"""


def with_other_defaults(definition: Object) -> Object:
    """The next version of the Rollout's definition: other defaults, and a field that is new."""
    changed: Object = json.loads(json.dumps(definition))
    spec = changed["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    spec["drainSeconds"]["default"] = DRAIN_NEXT_S
    spec["bakeSeconds"]["default"] += 1
    spec["nextOfAll"] = {"type": "string", "default": "new", "maxLength": 10}
    return changed


@contextmanager
def next_version(kube: Kube, cluster: KindCluster, folder: Path) -> Iterator[None]:
    """The definitions applied anew and the operator replaced pod by pod, as an upgrade does; and back at the end."""
    definition = yaml.safe_load((CRDS / "rollouts.yaml").read_text())
    changed = folder / "rollouts.yaml"
    changed.write_text(yaml.safe_dump(with_other_defaults(definition)))
    command = {
        "op": "add",
        "path": "/spec/template/spec/containers/0/command",
        "value": ["python3", "-c", NEXT],
    }
    try:
        applied(cluster, "-f", changed)
        applied(
            cluster,
            *(part for name in ("releases", "rolloutactions") for part in ("-f", CRDS / f"{name}.yaml")),
        )
        replaced(kube, command)
        yield
    finally:
        applied(cluster, "-f", CRDS / "rollouts.yaml")
        replaced(kube, {"op": "remove", "path": command["path"]})


def applied(cluster: KindCluster, *arguments: object) -> None:
    """What `cluster/up` does with the definitions."""
    command = [cluster.kubectl_path, "--kubeconfig", cluster.kubeconfig_path, "apply"]
    subprocess.run(
        [*command, "--server-side", "--force-conflicts", *arguments], check=True, capture_output=True
    )


def replaced(kube: Kube, change: Object) -> None:
    """Change the operator's pods and wait until all of them are new and available."""
    path = f"/apis/apps/v1/namespaces/{operator_pods.NAMESPACE}/deployments/{operator_pods.DEPLOYMENT}"
    before = {pod["metadata"]["uid"] for pod in operator_pods.pods(kube)}
    kube.request("PATCH", path, [change], "application/json-patch+json")

    def new() -> bool:
        now = {pod["metadata"]["uid"] for pod in operator_pods.pods(kube)}
        return len(now) == len(before) and not now & before

    wait_for("the operator's pods to be new", new, READY_WITHIN_S, every_s=0.5)
    operator_pods.wait_available(kube)


def strategy_of(name: str) -> Object:
    """By the name of the Rollout; those that are to be under way wait for a person."""
    chosen = next(each for each in manifests.STRATEGIES if each.lower() == name.partition("-")[0])
    waiting = {
        "canary-0": {"steps": [{"weight": 50, "pause": "Manual"}]},
        "bluegreen-0": {"promote": "Manual"},
    }
    return manifests.strategy(chosen, **waiting.get(name, {}))


class Fleet:
    """Rollouts of one pod each in one namespace, so many of each strategy."""

    def __init__(self, kube: Kube, namespace: str, of_each: int) -> None:
        self.names = [f"{strategy.lower()}-{i}" for strategy in manifests.STRATEGIES for i in range(of_each)]
        self.kube = kube
        self.namespace = namespace
        self.spec: dict[str, Any] = {"replicas": 1, "bakeSeconds": 1}
        self.versions = dict.fromkeys(self.names, "v1")

    def apply(self, name: str) -> None:
        """Apply it at the version and with the fields that it is to have now."""
        pod_template = manifests.template(self.versions[name], name=name)
        self.kube.apply(
            manifests.rollout(self.namespace, strategy_of(name), pod_template, name=name, **self.spec)
        )

    def release(self, *names: str) -> None:
        """Bring them to v2."""
        for name in names:
            self.versions[name] = "v2"
            self.apply(name)

    def wait_phase(self, phase: str, *names: str) -> None:
        """Wait until the operator has seen the present spec of each, and says so."""

        def reached() -> bool:
            rollouts = {each["metadata"]["name"]: each for each in self.kube.list("Rollout", self.namespace)}
            return all(told(rollouts[name]) == phase for name in names)

        wait_for(f"{', '.join(names)} to be {phase}", reached, READY_WITHIN_S, every_s=0.5)

    def wait_pods(self, count: int) -> None:
        """Wait until there are so many pods, none of them on its way out."""

        def there() -> bool:
            pods = self.kube.list("Pod", self.namespace)
            return len(pods) == count and not any("deletionTimestamp" in pod["metadata"] for pod in pods)

        wait_for(f"{count} pods", there, READY_WITHIN_S, every_s=0.5)

    def standing(self) -> Object:
        """All that must not change: pods and their restarts, the templates of the Deployments, the Releases."""
        pods = self.kube.list("Pod", self.namespace)
        return {
            "pods": {pod["metadata"]["name"]: (pod["metadata"]["uid"], restarts(pod)) for pod in pods},
            "templates": {
                each["metadata"]["name"]: (each["metadata"]["uid"], each["spec"]["template"])
                for each in self.kube.list("Deployment", self.namespace)
            },
            "releases": sorted(
                each["metadata"]["name"] for each in self.kube.list("Release", self.namespace)
            ),
        }


def told(rollout: Object) -> str:
    """The phase, "" while it speaks of an older spec."""
    status = rollout.get("status", {})
    current = status.get("observedGeneration") == rollout["metadata"]["generation"]
    return str(status.get("phase", "")) if current else ""


def restarts(pod: Object) -> list[int]:
    return [each["restartCount"] for each in pod["status"].get("containerStatuses", [])]


@pytest.mark.parametrize("of_each", [1, pytest.param(4, marks=pytest.mark.deep)])
def test_an_upgrade_restarts_no_pod_of_any_rollout_and_goes_on_with_those_under_way(
    kube: Kube, namespace: str, cluster: KindCluster, tmp_path: Path, of_each: int
) -> None:
    fleet = Fleet(kube, namespace, of_each)
    for name in fleet.names:
        fleet.apply(name)
    fleet.wait_phase("Healthy", *fleet.names)
    fleet.release(*UNDER_WAY)
    fleet.wait_phase("Paused", *UNDER_WAY)
    before = fleet.standing()
    with next_version(kube, cluster, tmp_path):
        assert_every_rollout_is_looked_at(fleet, "Paused", revisionHistoryLimit=9)
        assert fleet.standing() == before
        assert_what_is_new_is_made_the_new_way(fleet)
        assert_those_under_way_are_promoted(fleet)
        fleet.wait_pods(len(fleet.names))
        left = fleet.standing()
    assert_every_rollout_is_looked_at(fleet, "Healthy", revisionHistoryLimit=8)
    assert fleet.standing() == left, "the way back to this version restarts nothing either"


def assert_every_rollout_is_looked_at(fleet: Fleet, under_way: str, **spec: Any) -> None:
    """A change that concerns no pod is seen by the new operator in each of them."""
    fleet.spec |= spec
    for name in fleet.names:
        fleet.apply(name)
    fleet.wait_phase("Healthy", *(name for name in fleet.names if name not in UNDER_WAY))
    fleet.wait_phase(under_way, *UNDER_WAY)


def assert_what_is_new_is_made_the_new_way(fleet: Fleet) -> None:
    """Else it would be the old operator that has restarted nothing."""
    name = fleet.names[-1]
    fleet.release(name)
    fleet.wait_phase("Healthy", name)
    pods = fleet.kube.list("Pod", fleet.namespace, f"crossfade.dev/rollout={name},version=v2")
    drains = [pod["spec"]["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] for pod in pods]
    assert drains == [DRAIN_NEXT_S]
    assert pods[0]["metadata"]["labels"][NEXT_LABEL] == "yes"


def assert_those_under_way_are_promoted(fleet: Fleet) -> None:
    for name in UNDER_WAY:
        fleet.kube.create(manifests.action(fleet.namespace, "Promote", name=name))
    fleet.wait_phase("Healthy", *UNDER_WAY)
    for name in UNDER_WAY:
        (pod,) = fleet.kube.list("Pod", fleet.namespace, f"crossfade.dev/rollout={name},version=v2")
        assert pod["spec"]["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] == DRAIN_NOW_S
        assert restarts(pod) == [0]
