"""Which policies are about a Rollout, also where one cannot be read."""

from typing import Any

import pytest

from crossfade.controller.policies import Policies
from crossfade.controller.store import Key, Store, watched_in

PROD, DEV = {"env": "production"}, {"env": "dev"}


def policy(name: str = "prod", generation: int = 1, version: int = 1, **spec: Any) -> dict[str, Any]:
    meta = {"name": name, "uid": name, "generation": generation, "resourceVersion": str(version)}
    return {"metadata": meta, "spec": spec}


def obj(
    name: str, namespace: str = "", labels: dict[str, str] | None = None, version: int = 1
) -> dict[str, Any]:
    meta = {
        "name": name,
        "uid": f"{namespace}/{name}",
        "resourceVersion": str(version),
        "labels": labels or {},
    }
    return {"metadata": {**meta, **({"namespace": namespace} if namespace else {})}}


def about(labels: dict[str, str], *policies: dict[str, Any], own: dict[str, str] | None = None) -> list[str]:
    known = Policies()
    for each in policies:
        known.note(each, None)
    return [each.name for each in known.about(obj("shop", "a", own), obj("a", labels=labels))]


def test_a_policy_selects_by_the_labels_of_the_namespace_and_of_the_rollout() -> None:
    prod = policy(namespaceSelector={"matchLabels": PROD})
    web = policy("web", rolloutSelector={"matchExpressions": [{"key": "tier", "operator": "Exists"}]})
    assert about(PROD, prod, web) == ["prod"]
    assert about(DEV, prod, web, own={"tier": "web"}) == ["web"]
    assert about(DEV, policy()) == ["prod"], "without selectors it is about everybody"


def test_one_that_cannot_be_read_is_about_those_that_it_selects() -> None:
    newer = policy(namespaceSelector={"matchLabels": PROD}, moonPhase="full")
    assert about(PROD, newer) == ["prod"]
    assert about(DEV, newer) == []
    known = Policies()
    known.note(newer, None)
    assert [(each.spec, "moonPhase" in each.problem) for each in known.all()] == [(None, True)]


def test_one_whose_selector_cannot_be_read_is_about_everybody() -> None:
    assert about(DEV, policy(namespaceSelector={"matchMoon": "full"})) == ["prod"]


def test_before_a_namespace_is_seen_every_policy_may_be_about_what_is_in_it() -> None:
    known = Policies()
    known.note(policy(namespaceSelector={"matchLabels": PROD}), None)
    assert [each.name for each in known.about(obj("shop", "a"), None)] == ["prod"]


@pytest.fixture
def store() -> Store:
    store = Store(watched_in(None))
    for name, labels in (("a", PROD), ("b", DEV)):
        store.put("Namespace", obj(name, labels=labels))
        store.put("Rollout", obj("shop", name))
    return store


def test_a_policy_that_comes_changes_or_goes_wakes_those_that_it_is_or_was_about(store: Store) -> None:
    prod, dev = ({"namespaceSelector": {"matchLabels": each}} for each in (PROD, DEV))
    assert store.put("RolloutPolicy", policy(**prod)) == (Key("a", "shop"),)
    told = {**policy(version=2, **prod), "status": {"matching": 1}}
    assert store.put("RolloutPolicy", told) == (), "its status is news for nobody"
    assert set(store.put("RolloutPolicy", policy(generation=2, version=3, **dev))) == {
        Key("a", "shop"),
        Key("b", "shop"),
    }
    assert store.remove("RolloutPolicy", "", "prod", "prod") == (Key("b", "shop"),)


def test_other_labels_of_a_namespace_wake_what_is_in_it(store: Store) -> None:
    assert store.put("Namespace", obj("a", labels=DEV, version=2)) == (Key("a", "shop"),)
    assert store.put("Namespace", obj("a", labels=DEV, version=3)) == ()
