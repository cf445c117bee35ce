"""What scripts do with kubectl alone: wait for a Rollout, ask for its phase, scale it."""

import re
from pathlib import Path

import pytest

from bench import manifests
from bench.kube import Kube, wait_for
from bench.scenarios.shop import Shop
from fixtures import Kubectl

pytestmark = pytest.mark.usefixtures("running_operator")

ACTIONS = (Path(__file__).parents[2] / "docs" / "actions.md").read_text()
ROLLOUT = f"rollout/{manifests.NAME}"
READY = ("wait", "--for=condition=Ready", ROLLOUT, "--timeout=300s")


def test_an_action_is_made_and_answered_by_kubectl_alone(
    kube: Kube, namespace: str, kubectl: Kubectl, tmp_path: Path
) -> None:
    """As docs/actions.md has it."""
    block = re.findall(r"```yaml\n(.*?)```", ACTIONS, re.DOTALL)[0]
    (tmp_path / "abort.yaml").write_text(block)
    half = manifests.strategy("canary", steps=[{"weight": 50, "pause": "Manual"}])
    with Shop(kube, namespace, half, replicas=2, bakeSeconds=0) as shop:
        shop.created("v1")
        shop.apply("v2")
        shop.wait_phase("Paused")
        name = kubectl("create", "-f", str(tmp_path / "abort.yaml"), "-o", "name").strip()
        kubectl("wait", name, "--for=jsonpath={.status.state}", "--timeout=300s")
        told = kubectl("get", name, "-o", "jsonpath={.status.state}: {.status.message}")
        assert told.startswith("Done: ")
        assert shop.wait_outcome(2)["outcome"] == "RolledBack"
        entry = shop.release(2)["actions"][0]
        assert (entry["action"], entry["reason"]) == ("Abort", "error rate in the checkout")


def test_kubectl_waits_for_what_was_applied_and_scales(kube: Kube, namespace: str, kubectl: Kubectl) -> None:
    blue_green = manifests.strategy("blueGreen", promote="Manual")
    with Shop(kube, namespace, blue_green, replicas=1, bakeSeconds=1) as shop:
        shop.apply("v1")
        kubectl(*READY)
        assert shop.wait_phase("Healthy")["availableReplicas"] == 1
        assert_it_waits_for_a_person_and_for_the_new_version(shop, kubectl)
        assert_it_scales(shop, kubectl)


def assert_it_waits_for_a_person_and_for_the_new_version(shop: Shop, kubectl: Kubectl) -> None:
    """Ready of before is not taken for Ready: kubectl is asked right behind the change."""
    shop.apply("v2")
    kubectl("wait", "--for=jsonpath={.status.phase}=Paused", ROLLOUT, "--timeout=300s")
    shop.act("Promote")
    kubectl(*READY)
    assert shop.wait_outcome(2)["outcome"] == "Completed"
    assert len(shop.pods_of("v2")) == 1
    kubectl("wait", "--for=jsonpath={.status.phase}=Healthy", ROLLOUT, "--timeout=300s")


def assert_it_scales(shop: Shop, kubectl: Kubectl) -> None:
    assert "scaled" in kubectl("scale", ROLLOUT, "--replicas=3", "--current-replicas=1")
    kubectl("wait", "--for=jsonpath={.status.availableReplicas}=3", ROLLOUT, "--timeout=300s")
    kubectl(*READY)
    wait_for("three pods", lambda: len(shop.pods_of("v2")) == 3)
    kubectl("scale", ROLLOUT, "--replicas=0")
    kubectl("wait", "--for=jsonpath={.status.replicas}=0", ROLLOUT, "--timeout=300s")
