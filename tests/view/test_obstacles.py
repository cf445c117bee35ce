"""What is in the way of a route, told before a Rollout is applied."""

from __future__ import annotations

from typing import Any

import pytest

from crossfade.api.rollout import Rollout
from crossfade.api.strict import parse_strict
from crossfade.core.observed import SeenGateway
from crossfade.view.obstacles import Around, obstacles, parents
from view.stored import rollout

Object = dict[str, Any]

HTTP = {"httpRoute": {"name": "shop", "rule": "main"}}
OWNED = {"gateway": {"parentRefs": [{"name": "public"}, {"name": "inner", "namespace": "gateways"}]}}
TRAEFIK = SeenGateway("demo/public", "traefik.io/gateway-controller", frozenset({"HTTPRoute"}))
ENVOY = SeenGateway("demo/public", "gateway.envoyproxy.io/gatewayclass-controller")


def route(name: str = "shop", *, accepted: bool = True, **rule: Any) -> Object:
    """An HTTPRoute whose rule `main` sends everything to Service shop, as its Gateway took it."""
    parent = {"name": "public", "group": "gateway.networking.k8s.io", "kind": "Gateway"}
    said = {"status": "True" if accepted else "False", "observedGeneration": 1, "message": "no such listener"}
    conditions = [{**said, "type": kind, "reason": "R"} for kind in ("Accepted", "ResolvedRefs")]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": "demo", "generation": 1},
        "spec": {
            "parentRefs": [parent],
            "rules": [{"name": "main", "backendRefs": [{"name": "shop", "port": 80}], **rule}],
        },
        "status": {"parents": [{"parentRef": parent, "controllerName": "c", "conditions": conditions}]},
    }


def wanted(strategy: Object | None = None, traffic: Object | None = None) -> Rollout:
    steps = {"canary": {"steps": [{"weight": 5}]}}
    stored = rollout(spec={"strategy": strategy or steps, "traffic": traffic or HTTP})
    del stored["status"]
    return parse_strict(Rollout, stored)


def told(around: Around, strategy: Object | None = None, traffic: Object | None = None) -> list[str]:
    return list(obstacles(wanted(strategy, traffic), around))


def test_nothing_is_in_the_way_of_a_route_that_is_there_and_taken() -> None:
    assert told(Around("demo", route(), gateways={"demo/public": TRAEFIK})) == []


def test_a_route_that_does_not_exist_is_awaited() -> None:
    (said,) = told(Around("demo"))
    assert said.startswith("There is no HTTPRoute shop in namespace demo: the release waits until there is.")


def test_a_rule_that_does_not_exist_is_told_with_those_that_do() -> None:
    (said,) = told(Around("demo", route(name="shop")), traffic={"httpRoute": {"name": "shop", "rule": "man"}})
    assert "HTTPRoute shop has no rule named man" in said
    assert "main" in said


def test_a_route_that_leads_elsewhere_is_told() -> None:
    elsewhere = route(backendRefs=[{"name": "other", "port": 80}])
    (said,) = told(Around("demo", elsewhere))
    assert "does not have Service shop among its backendRefs" in said


def test_a_route_that_its_gateway_refused_is_told_but_one_of_a_file_has_no_status_yet() -> None:
    (said,) = told(Around("demo", route(accepted=False)))
    assert "no such listener" in said
    fresh = route()
    del fresh["status"]
    assert told(Around("demo", fresh, applied=False)) == []


def test_what_a_cluster_says_moves_no_cursor() -> None:
    hostile = route(accepted=False)
    hostile["status"]["parents"][0]["conditions"][0]["message"] = "a\x1b[2Jb"
    assert "\x1b" not in "".join(told(Around("demo", hostile)))


@pytest.mark.parametrize(
    ("strategy", "gateway", "lacks"),
    [
        ({"canary": {"steps": [{"mirror": "10%"}]}}, TRAEFIK, "RequestMirror"),
        ({"canary": {"steps": [{"mirror": "10%"}]}}, ENVOY, ""),
        ({"canary": {"steps": [{"weight": 5}]}}, TRAEFIK, ""),
    ],
)
def test_what_the_controller_lacks_is_told(strategy: Object, gateway: SeenGateway, lacks: str) -> None:
    said = "\n".join(told(Around("demo", route(), gateways={"demo/public": gateway}), strategy))
    assert (lacks in said) if lacks else said == ""


def test_a_mirror_beside_one_of_the_routes_own_is_asked_of_the_controller_too() -> None:
    mirrored = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "audit", "port": 80}}}
    claims = {"HTTPRoute", "HTTPRouteRequestMirror", "HTTPRouteRequestPercentageMirror"}
    one = SeenGateway("demo/public", "example.com/other", frozenset(claims))
    strategy = {"canary": {"steps": [{"mirror": "10%"}]}}
    assert told(Around("demo", route(), gateways={"demo/public": one}), strategy) == []
    (said,) = told(Around("demo", route(filters=[mirrored]), gateways={"demo/public": one}), strategy)
    assert "HTTPRouteRequestMultipleMirrors" in said


def test_a_rule_without_a_place_for_one_more_filter_is_told() -> None:
    full = [
        {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": [f"x-{i}"]}} for i in range(16)
    ]
    (said,) = told(Around("demo", route(filters=full)), {"canary": {"steps": [{"mirror": "10%"}]}})
    assert "has 16 filters, the most there may be, and mirror needs one more" in said


def test_a_gateway_that_is_missing_is_told() -> None:
    missing = SeenGateway(
        "demo/public", missing="there is no Gateway demo/public: create it, or name another"
    )
    assert told(Around("demo", route(), gateways={"demo/public": missing})) == [
        "There is no Gateway demo/public: create it, or name another."
    ]


@pytest.mark.parametrize(("rule", "taken"), [("main", True), (None, True), ("other", False)])
def test_another_rollout_on_the_same_rule_is_named(rule: str | None, taken: bool) -> None:
    other = rollout(spec={"traffic": {"httpRoute": {"name": "shop", **({"rule": rule} if rule else {})}}})
    other["metadata"]["name"] = "till"
    said = told(Around("demo", route(), others=[other, rollout(spec={"traffic": HTTP})]))
    assert [each.partition(":")[0] for each in said] == (
        ["Rollout till names rule main of HTTPRoute shop too"] if taken else []
    )


def test_a_route_that_is_to_be_made_must_not_be_somebody_elses() -> None:
    assert told(Around("demo"), traffic=OWNED) == []
    (said,) = told(Around("demo", route()), traffic=OWNED)
    assert said.startswith("HTTPRoute shop exists and is somebody else's: name it in traffic.httpRoute")
    ours = route()
    ours["metadata"]["ownerReferences"] = [{"apiVersion": "crossfade.dev/v1alpha1", "kind": "Rollout"}]
    assert told(Around("demo", ours), traffic=OWNED) == []


def test_a_strategy_that_moves_nothing_by_a_route_meets_no_obstacle() -> None:
    assert told(Around("demo"), {"rolling": {}}) == []


def test_the_gateways_are_those_of_the_route_or_of_the_spec() -> None:
    assert parents(wanted(), route(), "demo") == ["demo/public"]
    assert parents(wanted(), None, "demo") == []
    assert parents(wanted(traffic=OWNED), None, "demo") == ["demo/public", "gateways/inner"]
