"""A Rollout is deleted under load, in whichever way and moment: what it leaves goes on serving, and nothing is lost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench import analysis
from bench.kube import Kube, Object, collection, wait_for
from bench.load_pod import Load, Rates
from bench.scenarios.shop import LONG_DRAIN_S, Shop

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


def deleted(shop: Shop, cascade: str) -> None:
    """Delete it as `kubectl delete --cascade` does, and wait until it is gone."""
    path = f"{collection('Rollout', shop.namespace)}/{shop.name}"
    shop.kube.request("DELETE", path, {"propagationPolicy": cascade})
    wait_for("the Rollout to be gone", lambda: not rollout(shop), GONE_WITHIN_S)


def rollout(shop: Shop) -> Object | None:
    return shop.kube.get("Rollout", shop.namespace, shop.name)


@contextmanager
def loaded(kube: Kube, namespace: str, strategy: Object, stands: Stands, **spec: object) -> Iterator[Shop]:
    """A shop at v1 under load; v2 is released until its status stands so."""
    with Shop(kube, namespace, strategy, replicas=PODS, drainSeconds=LONG_DRAIN_S, **spec) as shop:
        shop.created("v1", RATES)
        if stands is not at_rest:
            shop.apply("v2")
            shop.wait_status(stands.__name__, stands)
        yield shop


def losses(shop: Shop) -> dict[str, int]:
    """What was lost, with three more seconds of load; the last answers are v1's alone."""
    load = shop.load
    assert isinstance(load, Load)
    shop.served_for(3)
    records = analysis.new(load.stop())
    last = [each for each in records if each.at > records[-1].at - 1]
    assert {each.version for each in last if not each.lost} == {"v1"}
    return analysis.losses_by_outcome(records)


def given_back(kube: Kube, namespace: str, strategy: Object, stands: Stands, cascade: str) -> dict[str, int]:
    """It leaves a plain Deployment, and the Service as it was; what was lost."""
    with loaded(kube, namespace, strategy, stands, onDelete="GiveBack", bakeSeconds=LONG_S) as shop:
        deleted(shop, cascade)
        wait_for("v2 to be gone", lambda: not shop.pods_of("v2"), GONE_WITHIN_S)
        lost = losses(shop)
    (deployment,) = kube.list("Deployment", namespace)
    service = kube.get("Service", namespace, shop.name)
    assert service
    for left in (deployment, service):
        meta = left["metadata"]
        ours = [key for key in meta.get("labels", {}) if key.startswith("crossfade.dev/")]
        assert (ours, meta.get("ownerReferences"), meta.get("finalizers")) == ([], None, None)
    assert deployment["spec"]["replicas"] == PODS
    assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    return lost


def orphaned(kube: Kube, namespace: str) -> dict[str, int]:
    """All stays as it is, and a new Rollout takes it back; what was lost."""
    with loaded(kube, namespace, HALF, at_rest) as shop:
        deleted(shop, "Orphan")
        wait_for("the owners to be gone", lambda: not owned(shop))
        before = {pod["metadata"]["name"] for pod in shop.pods_of("v1")}
        shop.apply("v1")
        shop.wait_phase("Healthy")
        assert {pod["metadata"]["name"] for pod in shop.pods_of("v1")} == before
        lost = losses(shop)
        assert len(owned(shop)) == 2
        return lost


def owned(shop: Shop) -> list[str]:
    """The Deployments and Services that have an owner."""
    there = [each for kind in ("Deployment", "Service") for each in shop.kube.list(kind, shop.namespace)]
    return [each["metadata"]["name"] for each in there if each["metadata"].get("ownerReferences")]
