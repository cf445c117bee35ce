"""Routes without a request: what is wrong with one is told by name, and every way out of a release gives its rules back."""

import copy
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from bench import routes
from bench.kube import Kube, Object, wait_for
from kind.routers import (
    ARCHIVE,
    RoutedShop,
    as_a_user_writes,
    as_text,
    at,
    canary,
    delete,
    make_archive,
    percent_of,
)

pytestmark = pytest.mark.usefixtures("running_operator", "router")


@pytest.fixture
def router() -> Iterator[None]:
    """Routes are Traefik's."""
    with routes.through("traefik"):
        yield


# Each cascade of `kubectl delete`, with and without GiveBack.
DELETED = {
    "gone": ("Background", "Delete"),
    "gone-at-last": ("Foreground", "Delete"),
    "given-back": ("Foreground", "GiveBack"),
}


@pytest.mark.parametrize("name", DELETED)
def test_a_deletion_at_half_of_a_release_gives_the_rules_back_byte_for_byte(
    kube: Kube, namespace: str, name: str
) -> None:
    """The other ways out are shown under load."""
    cascade, on_delete = DELETED[name]
    make_archive(kube, namespace)
    fields = {"replicas": 2, "bakeSeconds": 1, "drainSeconds": 0, "onDelete": on_delete}
    with RoutedShop(kube, namespace, canary(at(50)), name, as_a_user_writes(name), **fields) as shop:
        shop.created("v1")
        shop.apply("v2")
        shop.wait_phase("Paused")
        assert percent_of({"spec": {"rules": shop.rules}}, shop.name) == 50
        delete(shop, cascade)
        shop.assert_rules_are_back()


@dataclass(frozen=True)
class Wrong:
    """A mistake: what is said of it, in which phase, and how a user puts it right."""

    says: str
    phase: str
    mend: Callable[[RoutedShop], object]
    rules: list[Object] = field(default_factory=list)
    route: str = ""
    rule: str = routes.RULE
    gateway: str = ""


def elsewhere(name: str, **more: Any) -> list[Object]:
    return [{"name": routes.RULE, "backendRefs": [{"name": name, "port": 80, **more}]}]


def write_rules_right(shop: RoutedShop) -> None:
    shop.kube.apply({**shop.manifest, "spec": {**shop.manifest["spec"], "rules": elsewhere(shop.name)}})


def write_parent_right(shop: RoutedShop) -> None:
    assert shop.route
    shop.kube.apply(shop.route.manifest())


def name_the_rule_right(shop: RoutedShop) -> None:
    shop.spec["traffic"] = {"httpRoute": {"name": shop.name, "rule": routes.RULE}}
    shop.apply("v2")


def make_it(shop: RoutedShop) -> None:
    made = copy.deepcopy(shop.manifest)
    made["metadata"]["name"] = "nowhere"
    shop.kube.create(made)


WRONG = {
    "missing": Wrong("HTTPRoute nowhere to be made: it does not exist", "Waiting", make_it, route="nowhere"),
    "no-rule": Wrong(
        "HTTPRoute no-rule has no rule named nowhere: write one of main in spec.traffic.httpRoute.rule",
        "Invalid",
        name_the_rule_right,
        rule="nowhere",
    ),
    "not-among": Wrong(
        "rule main of HTTPRoute not-among does not have Service not-among among its backendRefs: "
        "add it, for example {name: not-among, port: 80}, or name another route or rule",
        "Invalid",
        write_rules_right,
        rules=elsewhere(ARCHIVE),
    ),
    "no-grant": Wrong(
        "says ResolvedRefs=False of HTTPRoute no-grant: RefNotPermitted",
        "Waiting",
        write_rules_right,
        rules=[
            {
                "name": routes.RULE,
                "backendRefs": [
                    {"name": "no-grant", "port": 80},
                    {"name": "traefik", "namespace": routes.GATEWAY_NAMESPACE, "port": 80, "weight": 0},
                ],
            }
        ],
    ),
    "no-gateway": Wrong(
        "Gateway crossfade-gateway/nowhere has not answered yet about generation 1 of HTTPRoute no-gateway: "
        "is it there, and does its controller run?",
        "Waiting",
        write_parent_right,
        gateway="nowhere",
    ),
}


def test_what_is_wrong_with_a_route_is_told_by_name_moves_nothing_and_goes_on_once_it_is_right(
    kube: Kube, namespace: str
) -> None:
    make_archive(kube, namespace)
    with ExitStack() as stack, ThreadPoolExecutor(len(WRONG)) as pool:
        shops = {name: stack.enter_context(wrong(kube, namespace, name)) for name in WRONG}
        outcomes = {name: pool.submit(refused, shop, WRONG[name]) for name, shop in shops.items()}
        problems = {name: repr(each.exception()) for name, each in outcomes.items() if each.exception()}
        assert problems == {}


def wrong(kube: Kube, namespace: str, name: str) -> RoutedShop:
    case = WRONG[name]
    traffic = {"httpRoute": {"name": case.route or name, "rule": case.rule}}
    spec = {"replicas": 1, "bakeSeconds": 0, "drainSeconds": 0, "traffic": traffic}
    shop = RoutedShop(kube, namespace, canary({"weight": 50}), name, rules=case.rules or None, **spec)
    if case.gateway:
        shop.manifest["spec"]["parentRefs"][0]["name"] = case.gateway
    return shop


def refused(shop: RoutedShop, case: Wrong) -> None:
    """At v1 where that needs no route; then v2, which waits or is refused, and goes on."""
    shop.put_route()
    shop.apply("v1")
    shop.wait_phase("Healthy", "Waiting", "Invalid")
    shop.apply("v2")
    shop.wait_status(case.says, lambda status: case.says in status.get("message", ""))
    assert shop.status["phase"] == case.phase
    assert as_text(shop.rules) == as_text(shop.original)
    case.mend(shop)
    shop.wait_phase("Healthy")
    assert shop.pods_of("v2")


def test_the_second_rollout_on_a_rule_is_invalid_names_the_first_and_goes_on_without_it(
    kube: Kube, namespace: str
) -> None:
    refs = [{"name": "first", "port": 80}, {"name": "second", "port": 80}]
    both = [{"name": routes.RULE, "backendRefs": refs}]
    traffic = {"httpRoute": {"name": "first", "rule": routes.RULE}}
    spec = {"replicas": 1, "bakeSeconds": 0, "drainSeconds": 0, "onDelete": "GiveBack"}
    with (
        RoutedShop(kube, namespace, canary(at(50)), "first", rules=both, traffic=traffic, **spec) as first,
        RoutedShop(kube, namespace, canary({"weight": 50}), "second", traffic=None, **spec) as second,
    ):
        first.created("v1")
        second.apply("v1")
        second.wait_phase("Healthy")
        second.spec["traffic"] = traffic
        second.apply("v2")
        said = "rule main of HTTPRoute first belongs to Rollout first: name another rule or route"
        second.wait_status(said, lambda status: said in status.get("message", ""))
        assert second.status["phase"] == "Invalid"
        first.apply("v2")
        first.wait_phase("Paused")
        assert second.status["phase"] == "Invalid"
        deleted_at = time.time()
        delete(first, "Background")
        wait_for("the rules to be seen back", lambda: first.back_at() > deleted_at)
        second.wait_phase("Healthy")
        assert second.pods_of("v2")
        assert as_text(first.rules) == as_text(first.original)
