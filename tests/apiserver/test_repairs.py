"""What people do by hand to the children of a Rollout is put right, and told; the children of others are left alone."""

from collections.abc import Callable

import pytest

from bench import manifests
from bench.kube import Kube, Object, collection, wait_for
from bench.scenarios.shop import Shop

pytestmark = pytest.mark.usefixtures("running_operator")

BY_HAND = "by-hand"


def test_edits_by_hand_are_put_right_and_told_and_strangers_are_left_alone(
    kube: Kube, namespace: str
) -> None:
    """Somebody else's Deployment and Service look alike: the same labels of the application, and our names nearly.

    They come later: what selects our pods before the first one is made keeps it from being made.
    """
    strangers = [stranger(namespace, "shop-x"), stranger_service(namespace, "shop-x")]
    with Shop(kube, namespace, manifests.strategy("rolling"), replicas=2, drainSeconds=0) as shop:
        shop.created("v1")
        before = [versioned(kube.create(each)) for each in strangers]
        deployment = kube.list("Deployment", namespace, "crossfade.dev/rollout=shop")[0]
        name, expected = deployment["metadata"]["name"], spec_of(deployment)
        repaired(shop, "Deployment", name, {"replicas": 5}, expected, f"{name} was scaled to 5 by {BY_HAND}")
        env = {
            "template": {"spec": {"containers": [{"name": "shop", "env": [{"name": "HAND", "value": "1"}]}]}}
        }
        repaired(
            shop, "Deployment", name, env, expected, f"the pod template of {name} was edited by {BY_HAND}"
        )
        service = kube.get("Service", namespace, "shop")
        assert service
        selector, ports = (
            {"selector": {"app": "shop"}},
            {"ports": [{"name": "http", "port": 80, "targetPort": 1}]},
        )
        repaired(
            shop, "Service", "shop", selector, spec_of(service), f"of Service shop was edited by {BY_HAND}"
        )
        repaired(shop, "Service", "shop", ports, spec_of(service), "")
        shop.wait_phase("Healthy")
    after = [kube.get(each["kind"], namespace, each["metadata"]["name"]) for each in strangers]
    assert [versioned(each) for each in after if each] == before


def repaired(shop: Shop, kind: str, name: str, change: Object, expected: Object, told: str) -> None:
    """Edit by another field manager, and wait until the spec is as it was, and the Event is there."""
    path = f"{collection(kind, shop.namespace)}/{name}?fieldManager={BY_HAND}"
    shop.kube.request("PATCH", path, {"spec": change}, "application/strategic-merge-patch+json")
    wait_for(f"{kind} {name} to be as it was", is_again(shop, kind, name, expected))
    if told:
        wait_for(f"an Event that says: {told}", lambda: any(told in note for note in notes(shop)))


def is_again(shop: Shop, kind: str, name: str, expected: Object) -> Callable[[], bool]:
    return lambda: spec_of(shop.kube.get(kind, shop.namespace, name) or {"spec": {}}) == expected


def notes(shop: Shop) -> list[str]:
    events = shop.kube.list("Event", shop.namespace)
    return [each.get("message", "") for each in events if each.get("reason") == "ChildRepaired"]


def spec_of(obj: Object) -> Object:
    return dict(obj["spec"])


def versioned(obj: Object) -> tuple[str, str]:
    """Its name and its spec: a status that follows pods is nobody's edit."""
    return str(obj["metadata"]["name"]), str(sorted(obj["spec"].items(), key=str)) + str(
        obj["metadata"].get("labels")
    )


def stranger(namespace: str, name: str) -> Object:
    made = manifests.deployment(namespace, manifests.template("v9"), replicas=1)
    spec = {**made["spec"], "selector": {"matchLabels": {"app": "shop", "version": "v9"}}}
    return {**made, "metadata": {**made["metadata"], "name": name}, "spec": spec}


def stranger_service(namespace: str, name: str) -> Object:
    made = manifests.service(namespace)
    return {**made, "metadata": {**made["metadata"], "name": name}}
