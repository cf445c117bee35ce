"""The delivery figures that the working operator exports are those of its Rollouts."""

import pytest

from bench import manifests
from bench.kube import Kube, wait_for
from bench.scale.leader import Leader
from bench.scenarios.shop import Shop

pytestmark = pytest.mark.usefixtures("running_operator")

TOLD_WITHIN_S = 60


def test_a_completed_release_shows_in_the_metrics_and_a_deleted_rollout_does_not(
    kube: Kube, namespace: str
) -> None:
    with Shop(kube, namespace, manifests.strategy("bigBang"), replicas=1, bakeSeconds=1) as shop:
        shop.created("v1")
        shop.apply("v2")
        shop.wait_phase("Healthy")
        shop.wait_outcome(2)
        wait_for(
            "one deployment to be told",
            lambda: figure(kube, namespace, "deployments") == 1 or None,
            TOLD_WITHIN_S,
        )
        assert figure(kube, namespace, "changes") == 1
        assert figure(kube, namespace, "failed_changes") == 0
        assert 1 <= figure(kube, namespace, "lead_time_seconds") <= 600
        kube.delete("Rollout", namespace, manifests.NAME)
        wait_for(
            "its series to be gone",
            lambda: figure(kube, namespace, "observed_seconds") == 0 or None,
            TOLD_WITHIN_S,
        )


def figure(kube: Kube, namespace: str, name: str) -> float:
    """The figure of the Rollout of a namespace; 0 where there is no series of it."""
    reading = Leader.found(kube).read()
    return reading.total(f"crossfade_delivery_{name}", namespace=namespace, rollout=manifests.NAME)
