"""What scripts do with kubectl alone: wait for a Rollout, ask for its phase, scale it."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_kind import KindCluster

from bench import manifests
from bench.kube import Kube, wait_for
from bench.scenarios.shop import Shop

pytestmark = pytest.mark.usefixtures("running_operator")

Kubectl = Callable[..., str]

ACTIONS = (Path(__file__).parents[2] / "docs" / "actions.md").read_text()
ROLLOUT = f"rollout/{manifests.NAME}"
READY = ("wait", "--for=condition=Ready", ROLLOUT, "--timeout=300s")


@pytest.fixture
def kubectl(cluster: KindCluster, namespace: str) -> Kubectl:
    """Run a kubectl command in the test's namespace; what it printed."""

    def run(*arguments: str) -> str:
        command = [cluster.kubectl_path, "--kubeconfig", cluster.kubeconfig_path, "-n", namespace]
        answer = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        assert answer.returncode == 0, f"kubectl {' '.join(arguments)}: {answer.stderr}"
        return answer.stdout

    return run


# As docs/kubectl.md has them: what kubectl does to any kind, and what it does to those only that it knows itself.
WORKS = (
    ("logs", "-l", "crossfade.dev/rollout=shop", "--prefix"),
    ("get", "cf", "-o", "wide"),
    ("describe", "cf/shop"),
    ("explain", "cf.spec.strategy"),
    ("label", "cf/shop", "team=web"),
    ("patch", "cf/shop", "--type=merge", "-p", '{"spec": {"bakeSeconds": 2}}'),
    ("scale", "cf/shop", "--replicas=2"),
    ("autoscale", "cf/shop", "--max=3"),
    ("get", "releases.crossfade.dev", "-l", "crossfade.dev/rollout=shop"),
    ("delete", "cf/shop"),
)
REFUSED = (
    ("set", "image", "cf/shop", "shop=crossfade-shop:v2"),
    ("rollout", "status", "cf/shop"),
    ("rollout", "history", "cf/shop"),
    ("rollout", "undo", "cf/shop"),
    ("rollout", "restart", "cf/shop"),
    ("rollout", "pause", "cf/shop"),
    ("rollout", "resume", "cf/shop"),
    ("logs", "cf/shop"),
    ("expose", "cf/shop", "--port=80"),
    ("exec", "cf/shop", "--", "true"),
)


def test_kubectl_works_on_a_rollout_as_the_page_says(
    kube: Kube, namespace: str, kubectl: Kubectl, cluster: KindCluster
) -> None:
    with Shop(kube, namespace, manifests.strategy("rolling"), replicas=1) as shop:
        shop.apply("v1")
        kubectl(*READY)
        generation = shop.rollout["metadata"]["generation"]
        for command in REFUSED:
            with pytest.raises(AssertionError, match=r"no kind .* is registered"):
                kubectl(*command)
        assert (kube.get("Rollout", namespace, "shop") or {})["metadata"]["generation"] == generation
        for command in WORKS:
            kubectl(*command)


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
