"""The way back and the care for what serves, where the rules of the way forward would stand in their way: under load, on real pods."""

import time
from collections.abc import Callable, Iterator

import pytest

from bench import analysis, manifests, routes
from bench.kube import Kube, Object, wait_for
from bench.load_pod import Rates
from bench.scenarios.abort import held
from bench.scenarios.shop import LONG_DRAIN_S, Shop
from kind.routers import RoutedShop, everything

# Quiet: what is promised is 0 lost, and seconds.
pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet]

Tell = Callable[[str], None]
RATES = Rates(per_s=60, kept=2)
GONE_WITHIN_S = 1.0
BACK_WITHIN_S = 2.0
ROOM_S = 1.0
"""Beyond what is promised, for a machine that others keep busy; the figures are printed."""
FIELDS = {"replicas": 2, "bakeSeconds": 3, "drainSeconds": LONG_DRAIN_S}


def ports(target: int | str) -> Object:
    return {"ports": [{"name": "http", "port": 80, "targetPort": target}]}


def last_answer_s(shop: Shop, version: str, since: float) -> float:
    """Seconds from then to the last answer of a version."""
    return (analysis.last_answer(shop.asked(), version) or since) - since


def assert_it_is_gone_at_once(shop: Shop, acted_at: float, tell: Tell, what: str) -> None:
    """Nothing was lost, and v2 answered for no longer than is promised.

    Without a gateway only new connections count: a kept one stays with its pod, and the shop, which stops in the middle
    of what it does, answers no request that arrives in its last moment.
    """
    gone_s = last_answer_s(shop, "v2", acted_at)
    tell(f"{what}: v2's last answer {gone_s:.2f} s after the abort; lost {everything(shop.asked())}")
    records = shop.asked() if isinstance(shop, RoutedShop) else analysis.new(shop.asked())
    assert analysis.lost(records) == []
    assert gone_s < GONE_WITHIN_S + ROOM_S


@pytest.fixture
def traefik() -> Iterator[None]:
    """Shops are reached through Traefik."""
    with routes.through("traefik"):
        yield


@pytest.mark.usefixtures("traefik")
def test_an_abort_of_a_release_that_changes_the_port_too_loses_nothing(
    kube: Kube, namespace: str, tell: Tell
) -> None:
    """One edit changes the template and the numeric targetPort, and half of the requests come to the new port."""
    with RoutedShop(kube, namespace, held(50), service=ports(manifests.PORT), **FIELDS) as shop:
        shop.created("v1", RATES)
        shop.spec["service"] = ports(9090)
        shop.apply("v2", PORT="9090")
        shop.wait_phase("Paused")
        shop.served_for(3)
        acted_at = shop.act("Abort", now=True)
        shop.wait_phase("RolledBack")
        shop.served_for(3)
        assert_it_is_gone_at_once(shop, acted_at, tell, "the port changes with the template")
        live = kube.get("Service", namespace, shop.name) or {}
        assert live["spec"]["ports"][0]["targetPort"] == manifests.PORT


def test_an_abort_takes_the_selector_from_whoever_wrote_it_in_mid_release(
    kube: Kube, namespace: str, tell: Tell
) -> None:
    """Git applies the Service of before again, while half of the pods behind it are v2's."""
    meta = {"name": manifests.NAME, "namespace": namespace}
    old = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta,
        "spec": {"selector": {"app": manifests.NAME}, **ports(manifests.PORT)},
    }
    kube.create(old)
    adopted = {"name": manifests.NAME, "adopt": True, **ports(manifests.PORT)}
    with Shop(kube, namespace, held(50), service=adopted, **FIELDS) as shop:
        shop.created("v1", RATES)
        shop.apply("v2")
        shop.wait_phase("Paused")
        shop.served_for(2)
        kube.apply(old)
        shop.wait_status(
            "the other writer",
            lambda status: "leave the selector" in status.get("message", "") or status["phase"] == "Paused",
        )
        shop.served_for(2)
        acted_at = shop.act("Abort", now=True)
        shop.wait_gone("v2")
        shop.served_for(2)
        assert_it_is_gone_at_once(shop, acted_at, tell, "a co-owner of the selector")


def test_the_production_service_comes_back_while_the_next_release_is_invalid(
    kube: Kube, namespace: str, tell: Tell
) -> None:
    with Shop(kube, namespace, manifests.strategy("canary"), service=ports(manifests.PORT), **FIELDS) as shop:
        shop.created("v1", RATES)
        shop.spec["service"] = ports("nowhere")
        shop.apply("v2")
        shop.wait_phase("Invalid")
        before = kube.get("Service", namespace, shop.name) or {}
        kube.delete("Service", namespace, shop.name)
        deleted_at = time.time()

        def again() -> bool:
            live = kube.get("Service", namespace, shop.name)
            return live is not None and live["metadata"]["uid"] != before["metadata"]["uid"]

        wait_for("the Service to be there again", again, 30, every_s=0.05)
        back_s = time.time() - deleted_at
        shop.served_for(5)
        tell(f"the Service of an Invalid Rollout is back {back_s:.2f} s after it was deleted")
        assert back_s < BACK_WITHIN_S + ROOM_S
        live = kube.get("Service", namespace, shop.name) or {}
        assert live["spec"]["ports"][0]["targetPort"] == manifests.PORT
