"""What scripts do with kubectl alone: wait for a Rollout, ask for its phase, scale it."""

import subprocess
from collections.abc import Callable

import pytest
from pytest_kind import KindCluster

from bench import manifests
from bench.kube import Kube, wait_for
from bench.scenarios.shop import Shop

pytestmark = pytest.mark.usefixtures("running_operator")

Kubectl = Callable[..., str]

ROLLOUT = f"rollout/{manifests.NAME}"
READY = ("wait", "--for=condition=Ready", ROLLOUT, "--timeout=60s")


@pytest.fixture
def kubectl(cluster: KindCluster, namespace: str) -> Kubectl:
    """Run a kubectl command in the test's namespace; what it printed."""

    def run(*arguments: str) -> str:
        command = [cluster.kubectl_path, "--kubeconfig", cluster.kubeconfig_path, "-n", namespace]
        answer = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        assert answer.returncode == 0, f"kubectl {' '.join(arguments)}: {answer.stderr}"
        return answer.stdout

    return run


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
    kubectl("wait", "--for=jsonpath={.status.phase}=Paused", ROLLOUT, "--timeout=60s")
    shop.act("Promote")
    kubectl(*READY)
    assert shop.wait_outcome(2)["outcome"] == "Completed"
    assert len(shop.pods_of("v2")) == 1
    kubectl("wait", "--for=jsonpath={.status.phase}=Healthy", ROLLOUT, "--timeout=60s")


def assert_it_scales(shop: Shop, kubectl: Kubectl) -> None:
    assert "scaled" in kubectl("scale", ROLLOUT, "--replicas=3", "--current-replicas=1")
    kubectl("wait", "--for=jsonpath={.status.availableReplicas}=3", ROLLOUT, "--timeout=60s")
    kubectl(*READY)
    wait_for("three pods", lambda: len(shop.pods_of("v2")) == 3, 10)
    kubectl("scale", ROLLOUT, "--replicas=0")
    kubectl("wait", "--for=jsonpath={.status.replicas}=0", ROLLOUT, "--timeout=60s")
