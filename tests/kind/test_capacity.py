"""Without a failure the ready pods behind the Service never fall below what is wanted, whatever makes the release turn back."""

from collections.abc import Callable

import pytest

from bench import manifests
from bench.kube import Kube
from bench.scenarios.shop import Shop

pytestmark = [pytest.mark.usefixtures("running_operator")]

REPLICAS = 4
THREE_QUARTERS = {"steps": [{"weight": 75, "pause": "Manual"}]}


def _aborted(shop: Shop) -> str:
    shop.act("Abort", reason="somebody asked for it")
    return "RolledBack"


def _superseded(shop: Shop) -> str:
    shop.strategy = manifests.strategy("bigBang")
    shop.spec["bakeSeconds"] = 1
    shop.apply("v3")
    return "Healthy"


@pytest.mark.parametrize(
    "turned_back", [_aborted, _superseded], ids=["an abort", "another template and strategy"]
)
def test_a_healthy_candidate_serves_beside_stable_until_stable_has_enough_pods(
    kube: Kube, namespace: str, turned_back: Callable[[Shop], str]
) -> None:
    strategy = manifests.strategy("canary", **THREE_QUARTERS)
    with Shop(kube, namespace, strategy, replicas=REPLICAS) as shop:
        shop.created("v1")
        shop.apply("v2")
        shop.wait_phase("Paused")
        assert _ready(kube, namespace) >= REPLICAS
        ends = turned_back(shop)
        fewest = REPLICAS
        while shop.status.get("phase") != ends:
            fewest = min(fewest, _ready(kube, namespace))
        assert fewest >= REPLICAS, f"{fewest} pods were ready behind the Service; {shop.told()}"


def _ready(kube: Kube, namespace: str) -> int:
    """Ready endpoints of the production Service now."""
    slices = kube.list("EndpointSlice", namespace, labels="kubernetes.io/service-name=shop")
    endpoints = [endpoint for each in slices for endpoint in each.get("endpoints") or ()]
    return sum(bool((each.get("conditions") or {}).get("ready")) for each in endpoints)
