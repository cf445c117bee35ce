"""A pod that its node has evicted stays as an object in phase Failed. It runs no more, and nobody waits for it."""

import pytest

from bench import manifests
from bench.kube import Kube, collection
from bench.scenarios.seen import is_ready
from bench.scenarios.shop import Shop

pytestmark = pytest.mark.usefixtures("running_operator")

EVICTED = {
    "phase": "Failed",
    "reason": "Evicted",
    "message": "Usage of EmptyDir volume exceeds the limit",
    "conditions": [{"type": "Ready", "status": "False"}],
}
"""What a kubelet says of it (tests/kind/test_evicted.py sees one do so)."""


def test_recreate_waits_for_no_pod_that_was_evicted(kube: Kube, namespace: str) -> None:
    strategy = manifests.strategy("recreate", pullFirst=False)
    with Shop(kube, namespace, strategy, replicas=1, bakeSeconds=1, drainSeconds=0) as shop:
        shop.created("v1")
        (pod,) = shop.pods_of("v1")
        path = f"{collection('Pod', namespace)}/{pod['metadata']['name']}"
        kube.request("PATCH", f"{path}/status", {"status": EVICTED}, "application/merge-patch+json")
        shop.pods.wait_until("another pod", lambda _: sum(map(is_ready, shop.pods_of("v1"))) == 1, 60)
        shop.wait_phase("Healthy")
        shop.apply("v2")
        assert shop.wait_phase("Healthy", "RolledBack")["phase"] == "Healthy", shop.told()
        assert kube.request("GET", path)["status"]["reason"] == "Evicted", (
            "it is there, and nobody waited for it"
        )
