"""A story that is played through a router reaches its shop by a route, and no other does."""

from pathlib import Path

import pytest
import yaml

from bench import load_pod, manifests, routes
from bench.__main__ import chosen_of
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


def test_retries_of_traefik_are_a_gateways_and_those_of_envoy_a_policy_of_the_route() -> None:
    with routes.with_retries():
        made = []
        for router in routes.ROUTERS:
            with routes.through(router):
                made.append(routes.to("team", "shop"))
    traefik, envoy = made
    assert traefik
    assert envoy
    assert (traefik.gateway, traefik.address) == ("traefik-retries", "traefik.crossfade-gateway:81")
    assert (envoy.gateway, envoy.address) == ("envoy", "envoy.crossfade-gateway")
    assert [each["kind"] for each in traefik.policies() + envoy.policies()] == ["BackendTrafficPolicy"]


def test_routes_have_no_retries_unless_a_story_asks_for_them() -> None:
    assert Route("envoy", "team", "shop").policies() == []
    assert ROUTE.gateway == "traefik"


def test_the_policy_of_retries_is_the_one_of_the_docs() -> None:
    text = (CLUSTER.parent / "docs/traffic.md").read_text()
    (policy,) = Route("envoy", "team", "shop", retries=True).policies()
    written = [yaml.safe_load(each.partition("```")[0]) for each in text.split("```yaml")[1:]]
    (shown,) = [each for each in written if each.get("kind") == "BackendTrafficPolicy"]
    assert shown["spec"] == policy["spec"]


def test_the_file_of_retries_is_the_one_of_the_docs() -> None:
    text = (CLUSTER.parent / "docs/traffic.md").read_text()
    written = [yaml.safe_load(each.partition("```")[0]) for each in text.split("```yaml")[1:]]
    (shown,) = [each for each in written if "middlewares" in each.get("http", {})]
    (stored,) = [
        yaml.safe_load(each["data"]["retry.yaml"])
        for each in yaml.safe_load_all((CLUSTER / "gateway/traefik.yaml").read_text())
        if each["kind"] == "ConfigMap"
    ]
    assert shown == stored


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


@pytest.mark.parametrize("router", routes.ROUTERS)
def test_every_router_has_a_gateway_of_its_name_in_the_cluster_scripts(router: str) -> None:
    text = (CLUSTER / "gateway" / f"{router}.yaml").read_text()
    named = {(each["kind"], each["metadata"]["name"]) for each in yaml.safe_load_all(text)}
    assert {("GatewayClass", router), ("Gateway", router)} <= named


def test_a_story_about_a_router_is_left_out_where_there_is_none() -> None:
    names = {router: {story.name for story in chosen_of([], router)} for router in routes.CHOICES}
    assert names["traefik"] - names["none"] == {"crash-retries"}
    assert names["none"] < names["envoy"] == names["traefik"]
