"""A Rollout is deleted under load, in whichever way and moment: what it leaves goes on serving, and nothing is lost."""

import time
from collections.abc import Callable, Iterator

import pytest

from bench import analysis
from bench.kube import Kube, Object, collection, wait_for
from bench.load_pod import Load, Rates
from bench.scenarios.shop import LONG_DRAIN_S, Shop

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet]

PODS = 2
RATES = Rates(per_s=50, kept=0)
HALF = {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}
PREVIEWED = {"blueGreen": {"promote": "Manual"}}
SWITCHED = {"blueGreen": {}}
GONE_WITHIN_S = 300
LONG_S = 600

Stands = Callable[[Object], object]


def at_rest(status: Object) -> bool:
    return bool(status.get("phase") == "Healthy")


def waits_for_a_person(status: Object) -> bool:
    return bool(status.get("phase") == "Paused")


def bakes(status: Object) -> bool:
    return any(each["reason"] == "Baking" for each in status.get("conditions", ()))


def deleted(shop: Shop, cascade: str) -> float:
    """Delete it as `kubectl delete --cascade` does, and wait until it is gone; how long that took."""
    path = f"{collection('Rollout', shop.namespace)}/{shop.name}"
    began = time.monotonic()
    shop.kube.request("DELETE", path, {"propagationPolicy": cascade})
    wait_for("the Rollout to be gone", lambda: not rollout(shop), GONE_WITHIN_S)
    return time.monotonic() - began


def rollout(shop: Shop) -> Object | None:
    return shop.kube.get("Rollout", shop.namespace, shop.name)


@pytest.fixture
def loaded(kube: Kube, namespace: str) -> Iterator[Callable[..., Shop]]:
    """Makes a shop at v1 under load; with `stands`, v2 is released until its status stands so."""
    shops: list[Shop] = []

    def make(strategy: Object, stands: Stands, **spec: object) -> Shop:
        shop = Shop(kube, namespace, strategy, replicas=PODS, drainSeconds=LONG_DRAIN_S, **spec)
        shops.append(shop)
        shop.__enter__()
        shop.created("v1", RATES)
        if stands is not at_rest:
            shop.apply("v2")
            shop.wait_status(stands.__name__, stands)
        return shop

    yield make
    for shop in shops:
        shop.__exit__(None, None, None)


def losses(shop: Shop) -> dict[str, int]:
    """What was lost, with three more seconds of load; the last answers are v1's alone."""
    load = shop.load
    assert isinstance(load, Load)
    shop.served_for(3)
    records = analysis.new(load.stop())
    last = [each for each in records if each.at > records[-1].at - 1]
    assert {each.version for each in last if not each.lost} == {"v1"}
    return analysis.losses_by_outcome(records)


@pytest.mark.parametrize(
    ("strategy", "stands", "cascade"),
    [
        (HALF, at_rest, "Background"),
        (HALF, waits_for_a_person, "Foreground"),
        (PREVIEWED, waits_for_a_person, "Orphan"),
        (SWITCHED, bakes, "Foreground"),
    ],
    ids=["canary at rest", "canary at 50 %", "blue/green previewed", "blue/green switched"],
)
def test_give_back_leaves_a_plain_deployment_and_the_service_serving(
    loaded: Callable[..., Shop], strategy: Object, stands: Stands, cascade: str
) -> None:
    shop = loaded(strategy, stands, onDelete="GiveBack", bakeSeconds=LONG_S)
    deleted(shop, cascade)
    wait_for("v2 to be gone", lambda: not shop.pods_of("v2"), GONE_WITHIN_S)
    assert losses(shop) == {}
    (deployment,) = shop.kube.list("Deployment", shop.namespace)
    service = shop.kube.get("Service", shop.namespace, shop.name)
    assert service
    for left in (deployment, service):
        meta = left["metadata"]
        ours = [key for key in meta.get("labels", {}) if key.startswith("crossfade.dev/")]
        assert (ours, meta.get("ownerReferences"), meta.get("finalizers")) == ([], None, None)
    assert deployment["spec"]["replicas"] == PODS
    assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()


def test_an_orphaning_deletion_leaves_all_as_it_is_and_a_new_rollout_takes_it_back(
    loaded: Callable[..., Shop],
) -> None:
    shop = loaded(HALF, at_rest)
    deleted(shop, "Orphan")
    wait_for("the owners to be gone", lambda: not owned(shop))
    before = {pod["metadata"]["name"] for pod in shop.pods_of("v1")}
    shop.apply("v1")
    shop.wait_phase("Healthy")
    assert {pod["metadata"]["name"] for pod in shop.pods_of("v1")} == before
    assert losses(shop) == {}
    assert len(owned(shop)) == 2


def owned(shop: Shop) -> list[str]:
    """The Deployments and Services that have an owner."""
    there = [each for kind in ("Deployment", "Service") for each in shop.kube.list(kind, shop.namespace)]
    return [each["metadata"]["name"] for each in there if each["metadata"].get("ownerReferences")]


@pytest.mark.parametrize("cascade", ["Background", "Foreground"])
def test_without_give_back_nothing_is_left_of_a_release_in_the_middle(
    kube: Kube, namespace: str, cascade: str
) -> None:
    with Shop(kube, namespace, PREVIEWED, replicas=1, drainSeconds=0) as shop:
        shop.created("v1")
        shop.apply("v2")
        shop.wait_phase("Paused")
        deleted(shop, cascade)
        wait_for("all to be gone", lambda: not left(shop), GONE_WITHIN_S)


def left(shop: Shop) -> list[str]:
    kinds = ("Deployment", "ReplicaSet", "Pod", "Service", "Release")
    there = [(kind, each) for kind in kinds for each in shop.kube.list(kind, shop.namespace)]
    return [f"{kind} {each['metadata']['name']}" for kind, each in there]


def test_a_namespace_that_goes_is_never_held_up(kube: Kube, new_namespace: Callable[[], str]) -> None:
    """With our finalizer on a Rollout at rest, and on one in the middle of its release."""
    namespace = new_namespace()
    spec = {"replicas": 1, "drainSeconds": 0, "onDelete": "GiveBack"}
    with Shop(kube, namespace, HALF, **spec) as middle, Shop(kube, namespace, HALF, "calm", **spec) as calm:
        middle.created("v1")
        calm.created("v1")
        middle.apply("v2")
        middle.wait_phase("Paused")
        assert all(each.rollout["metadata"]["finalizers"] for each in (middle, calm))
        kube.delete("Namespace", "", namespace)
        wait_for(
            "the namespace to be gone", lambda: kube.get("Namespace", "", namespace) is None, GONE_WITHIN_S
        )
