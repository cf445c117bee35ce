"""The queries that nobody has to write are those of the golden files in `cases`; a change of them is read, not slipped in.

To write them anew: `PYTHONPATH=operator:tests:. python tests/providers/test_builtin.py`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crossfade.controller.router_metrics import is_of
from crossfade.providers.builtin import app, envoy_gateway, istio, nginx, traefik
from crossfade.providers.builtin.app import Names
from crossfade.providers.builtin.envoy_gateway import Envoy
from crossfade.providers.builtin.registered import ROUTERS
from crossfade.providers.builtin.wanted import Errors, Latency, Side, Sides, Target
from crossfade.providers.outcome import Refused
from crossfade.providers.promql import Query, read
from providers.queries import LATENCY_MS, TARGET, WINDOW_S, asked, text

CASES = Path(__file__).parent / "cases"
LONGEST = 8 * 1024


@pytest.mark.parametrize("router", LATENCY_MS)
def test_the_queries_are_those_of_the_golden_file(router: str) -> None:
    assert text(router) == (CASES / f"{router}.promql").read_text()


def test_every_router_has_a_golden_file() -> None:
    assert {each.stem.partition("-")[0] for each in CASES.glob("*.promql")} == set(ROUTERS)


@pytest.mark.parametrize("router", LATENCY_MS)
def test_every_query_can_be_read_as_one_and_is_short_enough(router: str) -> None:
    for line in text(router).splitlines():
        assert line.startswith("#") or isinstance(read(line), Query)
        assert len(line) < LONGEST / 4


def matcher(query: str, label: str) -> re.Pattern[str]:
    found = re.search(rf'{label}=~"((?:[^"\\]|\\.)*)"', query)
    assert found is not None
    return re.compile(found[1].replace("\\\\", "\\"))


@pytest.mark.parametrize(
    ("backend", "side"),
    [
        (
            "httproute-web-shop-gw-gateways-traefik-ep-web-0-51d021ab6cbf0e66b27e-svc-web-shop-0@kubernetesgateway",
            "stable",
        ),
        (
            "httproute-web-shop-gw-gateways-traefik-ep-web-0-51d021ab6cbf0e66b27e-svc-web-shop-canary-1@kubernetesgateway",
            "candidate",
        ),
        ("httproute-web-shop-gw-gateways-traefik-ep-web-0-51d021ab6cbf0e66b27e-wrr@kubernetesgateway", ""),
        (
            "httproute-web-shop-gw-gateways-traefik-ep-web-0-51d021ab6cbf0e66b27e-svc-web-shop-preview-1@kubernetesgateway",
            "",
        ),
        (
            "httproute-web2-shop-gw-gateways-traefik-ep-web-0-51d021ab6cbf0e66b27e-svc-web2-shop-0@kubernetesgateway",
            "",
        ),
        (
            "grpcroute-web-shop-gw-gateways-traefik-ep-web-0-51d021ab6cbf0e66b27e-svc-web-shop-0@kubernetesgateway",
            "",
        ),
        ("shop@docker", ""),
    ],
)
def test_traefiks_backends_belong_to_the_side_whose_service_they_are(backend: str, side: str) -> None:
    sides = asked("traefik")["errors"]
    assert isinstance(sides, Sides)
    for name, service in (("stable", "shop"), ("candidate", "shop-canary")):
        is_mine = bool(matcher(getattr(sides, name).total, "service").fullmatch(backend))
        assert is_mine is (name == side)
        assert is_mine <= is_of(backend, "web", service), "as the operator itself reads Traefik's metrics"


def test_a_group_of_users_can_be_left_out_by_the_route() -> None:
    sides = traefik.sides(Target("web", Side("shop-canary"), Side("shop"), route="shop"), Errors(), 60)
    assert isinstance(sides, Sides)
    mine = matcher(sides.candidate.total, "service")
    assert mine.fullmatch(
        "httproute-web-shop-gw-g-traefik-ep-web-0-5-svc-web-shop-canary-1@kubernetesgateway"
    )
    assert not mine.fullmatch(
        "httproute-web-shop-canary-gw-g-traefik-ep-web-0-5-svc-web-shop-canary-0@kubernetesgateway"
    )


@pytest.mark.parametrize(
    ("cluster", "side"),
    [
        ("service/web/shop/80/http", "stable"),
        ("service/web/shop-canary/8080/http", "candidate"),
        ("service/web/shop-canary/80/grpc", ""),
        ("httproute/web/shop/rule/0", ""),
    ],
)
def test_envoys_clusters_belong_to_the_side_whose_service_they_are(cluster: str, side: str) -> None:
    sides = asked("envoyGateway")["errors"]
    assert isinstance(sides, Sides)
    for name in ("stable", "candidate"):
        mine = matcher(getattr(sides, name).total, "envoy_cluster_name")
        assert bool(mine.fullmatch(cluster)) is (name == side)


@pytest.mark.parametrize(
    ("envoy", "says"),
    [
        (Envoy(merges_backends=False), "Envoy Gateway counts both sides as one: write `mergeBackends: {}`"),
        (Envoy(merges_backends=True, has_filters=True), "counts backends with filters by rule and place"),
    ],
)
def test_where_envoy_cannot_tell_the_sides_apart_it_is_refused(envoy: Envoy, says: str) -> None:
    refused = envoy_gateway.sides(TARGET, Errors(), 60, envoy)
    assert isinstance(refused, Refused)
    assert says in refused.why


@pytest.mark.parametrize("queries", [traefik.sides, istio.sides, nginx.sides, app.sides])
def test_a_latency_within_a_bucket_is_refused_with_the_edges(queries: object) -> None:
    refused = queries(TARGET, Latency(275), 60)  # type: ignore[operator]
    assert isinstance(refused, Refused)
    assert refused.why.startswith("requests slower than 275 ms cannot be counted: ")
    assert " 5000" in refused.why


def test_a_router_with_buckets_of_its_own_counts_by_them() -> None:
    assert isinstance(traefik.sides(TARGET, Latency(250, buckets_ms=(50, 250, 1000)), 60), Sides)
    refused = traefik.sides(TARGET, Latency(300, buckets_ms=(50, 250, 1000)), 60)
    assert isinstance(refused, Refused)
    assert "by 50, 250, 1000 ms" in refused.why


@pytest.mark.parametrize(
    ("ms", "edges"),
    [(1000, ("1", "1.0")), (2500, ("2.5",)), (250, ("0.25",)), (10000, ("10", "10.0")), (5, ("0.005",))],
)
def test_a_buckets_edge_is_found_however_it_is_written(ms: float, edges: tuple[str, ...]) -> None:
    sides = app.sides(TARGET, Latency(ms), WINDOW_S)
    assert isinstance(sides, Sides)
    found = matcher(sides.candidate.bad, "le")
    for edge in edges:
        assert found.fullmatch(edge)
    assert not found.fullmatch(edges[0].replace(".", "x") + "0")


@pytest.mark.parametrize(
    "names",
    [
        Names("http requests", "code", "a"),
        Names("http_requests_total", 'code"}', "a"),
        Names("http_requests_total", "code", "a", revision="a-b"),
        Names("", "code", "a"),
    ],
)
def test_a_setting_that_is_no_name_is_refused(names: Names) -> None:
    refused = app.sides(TARGET, Errors(), WINDOW_S, names)
    assert isinstance(refused, Refused)
    assert "is no name of a metric or a label" in refused.why


def test_what_tells_the_sides_apart_must_be_there() -> None:
    bare = Target("web", Side("shop-canary"), Side("shop"))
    for queries in (istio.sides, app.sides):
        assert isinstance(queries(bare, Errors(), WINDOW_S), Refused)


if __name__ == "__main__":
    for each in LATENCY_MS:
        (CASES / f"{each}.promql").write_text(text(each))
