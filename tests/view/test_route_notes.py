"""What a plan says of a route: what it means for clients, and what is written for one and does nothing."""

from __future__ import annotations

from typing import Any

import pytest

from view.test_forecast import canary, planned

HTTP = {"httpRoute": {"name": "shop"}}
OWNED = {"gateway": {"parentRefs": [{"name": "public"}]}}
BETA = [{"header": {"name": "x-group", "exact": "beta"}, "cookie": {"name": "group", "regex": "b.*"}}]


def notes(strategy: dict[str, Any], traffic: dict[str, Any] | None = None, **spec: Any) -> str:
    return "\n".join(planned(strategy, traffic=traffic or HTTP, **spec).notes)


def concerns(strategy: dict[str, Any], **spec: Any) -> str:
    return "\n".join(planned(strategy, traffic=HTTP, **spec).concerns)


def test_with_a_route_the_share_is_exact_and_no_number_of_pods_is_complained_about() -> None:
    plan = planned(canary(0.5, 5), traffic=HTTP)
    assert [(stage.wanted_share, stage.real_share) for stage in plan.stages[:2]] == [(0.5, 0.5), (5, 5)]
    assert plan.concerns == ()
    assert plan.route == "HTTPRoute shop"


def test_a_service_that_prefers_near_pods_is_no_concern_with_a_route() -> None:
    near = {"metadata": {"name": "shop"}, "spec": {"trafficDistribution": "PreferClose", "ports": []}}
    told = planned(canary(5), traffic=HTTP, near=near).concerns
    assert not any("trafficDistribution" in each for each in told)


@pytest.mark.parametrize(
    ("strategy", "traffic", "told"),
    [
        (canary(5), HTTP, "HTTPRoute shop (every rule that names Service shop) shares the requests exactly"),
        (
            canary(5),
            {"httpRoute": {"name": "a", "rule": "b"}},
            "HTTPRoute a (rule b) shares the requests exactly",
        ),
        (canary(5), {"tcpRoute": {"name": "db"}}, "shares the connections exactly by its weights"),
        (canary(5), OWNED, "HTTPRoute shop, which the operator makes, shares the requests exactly"),
        ({"blueGreen": {}}, HTTP, "All requests move at once, by one write of HTTPRoute shop (every rule"),
        ({"bigBang": {}}, OWNED, "by one write of HTTPRoute shop, which the operator makes."),
        (
            {"canary": {"steps": [{"match": BETA}]}},
            HTTP,
            "the new revision gets all requests with header x-group: beta and cookie group matching b.*.",
        ),
        ({"canary": {"sticky": True, "steps": [{"weight": 5}]}}, HTTP, "Cookie crossfade-shop keeps a user"),
        (canary(5), HTTP, "call Service shop itself do not pass the route: they meet the old revision until"),
        (canary(5), HTTP, "All 4 old pods stay until the bake ends"),
        (
            {"canary": {"dynamicStable": True, "steps": [{"weight": 5}]}},
            HTTP,
            "a way back waits until enough of them are there again",
        ),
        (canary(5), HTTP, "and 5 s (drainSeconds) later the connection ends: clients must connect again."),
        (canary(5), {"tlsRoute": {"name": "web"}}, "An open connection stays with its pod: only new ones"),
        (canary(5), {"udpRoute": {"name": "dns"}}, "A flow that is open while the weight changes may lose"),
    ],
)
def test_what_a_route_means_for_clients_is_told(
    strategy: dict[str, Any], traffic: dict[str, Any], told: str
) -> None:
    assert told in notes(strategy, traffic)


def test_without_a_drain_a_connection_ends_with_its_container() -> None:
    told = notes(canary(5), drainSeconds=0)
    assert "and its containers are stopped at once, and the connection ends: clients must" in told


@pytest.mark.parametrize("strategy", [{"rolling": {}}, {"recreate": {}}])
def test_a_strategy_that_moves_nothing_by_a_route_says_so_and_nothing_else_of_it(
    strategy: dict[str, Any],
) -> None:
    plan = planned(strategy, traffic=HTTP)
    assert plan.notes == ()
    assert plan.route == ""
    assert f"Strategy {next(iter(strategy))} goes as without a route" in "\n".join(plan.concerns)


def test_without_a_route_there_are_no_notes() -> None:
    assert planned(canary(50)).notes == ()
    assert planned(canary(50), traffic=HTTP, replicas=0).notes == ()


def test_a_surge_that_does_nothing_is_told_where_it_was_written() -> None:
    assert "maxSurge does nothing with a route" not in concerns(canary(5))
    told = concerns({"canary": {"steps": [{"weight": 5}], "maxSurge": 1}})
    assert "maxSurge does nothing with a route" in told


def test_too_few_pods_for_their_share_are_told() -> None:
    steps = [{"weight": 25, "candidateReplicas": 1}, {"weight": 50, "candidateReplicas": 1}]
    told = concerns({"canary": {"steps": steps}})
    assert "Stage '50 %' gives 50 % of the requests to 1 of 4 pods: candidateReplicas: 2" in told
    assert "Stage '25 %'" not in told


def test_a_mirror_copies_writes_too() -> None:
    told = concerns({"canary": {"steps": [{"mirror": "10%"}]}})
    assert "'mirror 10%': requests that write are copied too. Mirror only what may happen twice." in told
