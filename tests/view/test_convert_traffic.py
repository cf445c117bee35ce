"""A route in front of the Service that is taken over becomes what requests are moved by."""

from __future__ import annotations

from typing import Any

import pytest

from crossfade.api.rollout import Rollout
from crossfade.api.strict import parse_strict
from crossfade.view.convert import Around, Wish, converted
from view.deployments import deployment, service
from view.test_obstacles import route

Object = dict[str, Any]


def made(*routes: Object, strategy: str | None = "canary") -> tuple[Object | None, str]:
    """`spec.traffic` of the Rollout, and all warnings."""
    conversion = converted(deployment(), Around([service()], routes=routes), Wish(strategy))
    parse_strict(Rollout, conversion.manifest)
    return conversion.manifest["spec"].get("traffic"), "\n".join(conversion.warnings)


@pytest.mark.parametrize("strategy", ["canary", "blueGreen", "bigBang"])
def test_the_one_route_of_the_service_is_taken_and_told_of(strategy: str) -> None:
    traffic, told = made(route("web"), route("other", backendRefs=[{"name": "x"}]), strategy=strategy)
    assert traffic == {"httpRoute": {"name": "web"}}
    assert "HTTPRoute web sends requests to Service shop: the Rollout moves them by its weights" in told
    assert "other" not in told


def test_a_grpc_route_is_taken_too() -> None:
    assert made({**route("calls"), "kind": "GRPCRoute"})[0] == {"grpcRoute": {"name": "calls"}}


@pytest.mark.parametrize("strategy", ["rolling", "recreate", None])
def test_a_strategy_that_moves_nothing_by_a_route_leaves_it_alone(strategy: str | None) -> None:
    traffic, told = made(route("web"), strategy=strategy)
    assert traffic is None
    assert "HTTPRoute" not in told


def test_of_several_routes_none_is_chosen_for_the_user() -> None:
    traffic, told = made(route("web"), route("api"))
    assert traffic is None
    assert (
        "HTTPRoute web, HTTPRoute api send requests to Service shop, and a Rollout moves them by one" in told
    )


def test_a_route_that_cannot_be_divided_is_told_with_why() -> None:
    traffic, told = made(route("web", backendRefs=[{"name": "shop", "port": 80, "weight": 0}]))
    assert traffic is None
    assert (
        "The Rollout moves no requests by HTTPRoute web: rule main of HTTPRoute web gives Service shop weight 0"
        in told
    )


def test_with_a_route_near_pods_are_no_worry() -> None:
    near = service(trafficDistribution="PreferClose")
    wish = Wish("canary")
    assert "trafficDistribution" in "".join(converted(deployment(), Around([near]), wish).warnings)
    assert "trafficDistribution" not in "".join(
        converted(deployment(), Around([near], routes=[route("web")]), wish).warnings
    )
