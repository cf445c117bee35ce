"""A story that is played through a router reaches its shop by a route, and no other does."""

from pathlib import Path

import pytest
import yaml

from bench import load_pod, manifests, routes
from bench.load_pod import Rates
from bench.routes import Route

CLUSTER = Path(__file__).parents[2] / "cluster"
ROUTE = Route("traefik", "team", "shop")


def test_shops_have_a_route_only_while_a_story_is_played_through_a_router() -> None:
    assert routes.to("team", "shop") is None
    with routes.through("traefik"):
        assert routes.to("team", "shop") == ROUTE
    assert routes.to("team", "shop") is None


def test_through_none_there_is_no_route() -> None:
    with routes.through(routes.NONE):
        assert routes.to("team", "shop") is None


def test_tests_run_with_traefik_unless_they_are_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROSSFADE_ROUTERS", raising=False)
    assert routes.asked_for() == ["traefik"]
    monkeypatch.setenv("CROSSFADE_ROUTERS", "traefik,envoy")
    assert routes.asked_for() == ["traefik", "envoy"]


def test_the_route_is_a_users_one_with_a_rule_to_the_service_and_no_weight() -> None:
    spec = ROUTE.manifest()["spec"]
    assert spec["parentRefs"] == [{"name": "traefik", "namespace": "crossfade-gateway"}]
    assert spec["hostnames"] == ["shop.team.example"]
    assert spec["rules"] == [{"name": "main", "backendRefs": [{"name": manifests.NAME, "port": 80}]}]


def test_the_load_of_a_route_goes_to_the_gateway_by_the_routes_host_and_speaks_http2_too() -> None:
    arguments = load_pod.arguments("shop", Rates(), ROUTE, ())
    assert arguments[0] == "traefik.crossfade-gateway"
    assert {"--host=shop.team.example", "--h2-rate=40"} <= set(arguments)


def test_the_load_of_a_service_speaks_no_http2() -> None:
    arguments = load_pod.arguments("shop", Rates(), None, ())
    assert arguments[0] == "shop"
    assert not any(each.startswith(("--h2", "--host")) for each in arguments)


@pytest.mark.parametrize("router", routes.ROUTERS[:1])
def test_every_router_has_a_gateway_of_its_name_in_the_cluster_scripts(router: str) -> None:
    text = (CLUSTER / "gateway" / f"{router}.yaml").read_text()
    named = {(each["kind"], each["metadata"]["name"]) for each in yaml.safe_load_all(text)}
    assert {("GatewayClass", router), ("Gateway", router)} <= named
