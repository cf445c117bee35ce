"""A Rollout, or its whole namespace, is deleted in the middle of a release: nothing is left, and nothing is held up."""

from collections.abc import Callable

import pytest

from bench.kube import Kube, wait_for
from bench.scenarios.shop import Shop
from kind.deleting import GONE_WITHIN_S, HALF, PREVIEWED, deleted

pytestmark = pytest.mark.usefixtures("running_operator")


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
