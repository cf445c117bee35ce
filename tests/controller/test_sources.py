"""What is asked to be measured reaches Prometheus as it should, and what it answers decides no more than it says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from controller.source_asked import BOTH, TOKEN, WINDOW, Reads, answer
from crossfade.api.analysis import SOURCES, Metric
from crossfade.controller.options import parse
from crossfade.controller.sources import measuring_by
from crossfade.controller.sources.registered import REGISTERED
from crossfade.core.measured import Ask, Both, Compared, Down, Nothing, Valued, Wrong
from crossfade.judge.counts import Counts, Pod, Stratum

ENVOY = "gateway.envoyproxy.io/gatewayclass-controller"
OTHER = "example.com/router"


def carried_out_by(*controllers: str) -> Both:
    return replace(BOTH, controllers=controllers)


Series = list[tuple[dict[str, str], str]]


@dataclass
class Prometheus:
    """Answers each query by the first text that is in it: a number, or series by their labels. Keeps what it was asked."""

    numbers: Mapping[str, str | Series] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    async def __call__(self, request: web.Request) -> web.Response:
        query = parse_qs(await request.text())["query"][0]
        self.asked.append(query)
        self.tokens.append(request.headers.get("Authorization", ""))
        value = next((number for text, number in self.numbers.items() if text in query), None)
        series = value if isinstance(value, list) else [({}, value)] if value is not None else []
        result = [{"metric": labels, "value": [0, number]} for labels, number in series]
        body = {
            "status": "success",
            "data": {"resultType": "vector", "result": result},
            "warnings": self.warnings,
        }
        return web.Response(text=json.dumps(body), content_type="application/json")


def number(**more: Any) -> dict[str, Any]:
    return {"name": "limit", "prometheus": {"query": 'errors{rev="{{candidate}}"}'}, **more}


def test_every_source_that_can_be_written_is_measured() -> None:
    assert set(REGISTERED) == set(SOURCES)
    assert set(SOURCES) <= set(Metric.model_fields)


@pytest.mark.parametrize(
    ("value", "conditions", "good"),
    [
        ("0.5", {"success": "result < 1.0"}, True),
        ("2", {"success": "result < 1.0"}, False),
        ("2", {"failure": "result > 1.0"}, False),
        ("0.5", {"failure": "result > 1.0"}, True),
        ("2", {"success": "result < 1.0", "failure": "result > 5.0"}, None),
        ("9", {"success": "result < 10.0", "failure": "result > 5.0"}, False),
    ],
)
async def test_conditions_make_a_number_good_bad_or_neither(
    value: str, conditions: dict[str, str], good: bool | None
) -> None:
    found = await answer(number(**conditions), Prometheus({"errors": value}))
    assert found == Valued(float(value), good)


async def test_a_query_is_filled_in_with_both_sides_and_its_arguments() -> None:
    server = Prometheus({"errors": "0"})
    query = (
        'errors{a="{{candidate}}",b="{{stable}}",s="{{service}}",n="{{namespace}}",x="{{zone}}"}[{{window}}]'
    )
    metric = number(prometheus={"query": query}, success="result < 1.0")
    await answer(metric, server, zone="eu-1")
    assert server.asked == ['errors{a="v2hash",b="v1hash",s="shop",n="demo",x="eu-1"}[10s]']


async def test_what_the_server_says_beside_a_number_is_told_with_it() -> None:
    server = Prometheus({"errors": "0.5"}, warnings=["no series at one of 2 stores", "and another"])
    found = await answer(number(success="result < 1.0"), server)
    assert found == Valued(0.5, good=True, told="0.5 (no series at one of 2 stores)")


@pytest.mark.parametrize("value", ["NaN", "+Inf"])
async def test_what_is_no_number_is_no_data(value: str) -> None:
    assert isinstance(await answer(number(success="result < 1.0"), Prometheus({"errors": value})), Nothing)


async def test_no_series_is_no_data() -> None:
    assert isinstance(await answer(number(success="result < 1.0"), Prometheus()), Nothing)


async def test_a_condition_that_is_none_is_told_as_wrong() -> None:
    found = await answer(number(success="result <"), Prometheus({"errors": "1"}))
    assert isinstance(found, Wrong)
    assert "the condition" in found.why


async def test_a_placeholder_that_means_nothing_is_told_as_wrong() -> None:
    found = await answer(number(prometheus={"query": "up{{zone}}"}, success="result < 1.0"), Prometheus())
    assert isinstance(found, Wrong)
    assert "{{zone}} is neither one of ours nor an argument" in found.why


async def test_own_counts_are_asked_for_each_side() -> None:
    compare = {
        "bad": 'increase(bad{rev="{{revision}}"}[{{window}}])',
        "total": 'increase(all{rev="{{revision}}",side="{{side}}"}[{{window}}])',
    }
    numbers = {'bad{rev="v2hash"': "3", 'bad{rev="v1hash"': "9", 'all{rev="v2hash"': "412", "all": "3710.4"}
    server = Prometheus(numbers)
    found = await answer({"name": "jobs", "compare": compare}, server)
    assert found == Compared(Counts(3, 412), Counts(9, 3710))
    assert 'increase(all{rev="v1hash",side="stable"}[10s])' in server.asked


def by_zone_and_pod(*numbers: tuple[str, str, str]) -> Series:
    return [({"zone": zone, "pod": pod}, number) for zone, pod, number in numbers]


def apart(**by: str) -> dict[str, Any]:
    compare = {
        "bad": 'increase(bad{rev="{{revision}}"}[{{window}}])',
        "total": 'increase(all{rev="{{revision}}"}[{{window}}])',
        "by": by,
    }
    return {"name": "jobs", "compare": compare}


TWO_ZONES: dict[str, str | Series] = {
    'bad{rev="v2hash"': by_zone_and_pod(("a", "p", "3"), ("b", "q", "1")),
    'all{rev="v2hash"': by_zone_and_pod(("a", "p", "10"), ("a", "q", "20"), ("b", "q", "400")),
    'bad{rev="v1hash"': by_zone_and_pod(("a", "r", "2")),
    'all{rev="v1hash"': by_zone_and_pod(("a", "r", "100"), ("c", "s", "7")),
}


async def test_own_counts_come_by_stratum_and_by_pod() -> None:
    """The stratum with the most requests first; the candidate's pods only."""
    found = await answer(apart(stratum="zone", pod="pod"), Prometheus(TWO_ZONES))
    assert found == Compared(
        Counts(4, 430),
        Counts(2, 107),
        (
            Stratum("b", Counts(1, 400), Counts()),
            Stratum("a", Counts(3, 30), Counts(2, 100)),
            Stratum("c", Counts(), Counts(0, 7)),
        ),
        (Pod("p", Counts(3, 10), 1.0), Pod("q", Counts(1, 420), 3.0)),
    )


async def test_own_counts_by_pod_alone_are_compared_as_one() -> None:
    numbers = {text: [({"pod": labels["pod"]}, number)] for text, ((labels, number), *_) in TWO_ZONES.items()}
    found = await answer(apart(pod="pod"), Prometheus(numbers))
    assert found == Compared(Counts(3, 10), Counts(2, 100), pods=(Pod("p", Counts(3, 10), 3.0),))


async def test_labels_that_are_not_told_apart_are_wrong_with_what_to_write() -> None:
    found = await answer(apart(stratum="zone"), Prometheus(TWO_ZONES))
    assert isinstance(found, Wrong)
    assert found.why == "the query gives several series with zone='a': write sum by (zone) (…) around it"


async def test_by_labels_a_side_without_data_has_no_requests_and_both_without_are_no_data() -> None:
    mine = {text: series for text, series in TWO_ZONES.items() if "v2hash" in text}
    found = await answer(apart(stratum="zone", pod="pod"), Prometheus(mine))
    assert isinstance(found, Compared)
    assert (found.candidate, found.stable) == (Counts(4, 430), Counts())
    assert isinstance(await answer(apart(stratum="zone"), Prometheus()), Nothing)


async def test_fractions_of_events_add_up_to_what_their_strata_have() -> None:
    """`increase` gives fractions: 0.5 of each of three zones are none of any."""
    zones = by_zone_and_pod(("a", "p", "10.4"), ("b", "p", "10.4"), ("c", "p", "10.4"))
    few = by_zone_and_pod(("a", "p", "0.4"), ("b", "p", "0.4"), ("c", "p", "0.4"))
    found = await answer(apart(stratum="zone", pod="pod"), Prometheus({"bad": few, "all": zones}))
    assert isinstance(found, Compared)
    assert found.candidate == Counts(0, 30)
    assert [(pod.name, pod.counts) for pod in found.pods] == [("p", Counts(1, 31))]


async def test_the_apps_own_names_tell_pods_apart_unasked() -> None:
    server = Prometheus({"http_requests_total": [({"pod": "p"}, "5"), ({"pod": "q"}, "7")]})
    both = Both("demo", BOTH.candidate, BOTH.stable)
    found = await answer({"name": "errors", "builtIn": {"errors": {}}}, server, both=both)
    assert found == Compared(
        Counts(12, 12), Counts(12, 12), pods=(Pod("p", Counts(5, 5), 5.0), Pod("q", Counts(7, 7), 7.0))
    )


async def test_the_apps_own_names_without_a_pods_label_are_counted_all_the_same() -> None:
    both = Both("demo", BOTH.candidate, BOTH.stable)
    found = await answer(
        {"name": "errors", "builtIn": {"errors": {}}}, Prometheus({"http_requests_total": "5"}), both=both
    )
    assert found == Compared(Counts(5, 5), Counts(5, 5))


async def test_built_in_errors_are_asked_for_by_the_routers_own_counters() -> None:
    server = Prometheus({"shop-canary": "7", "traefik": "70"})
    found = await answer({"name": "errors", "builtIn": {"errors": {}}}, server)
    assert found == Compared(Counts(7, 7), Counts(70, 70))
    assert all("traefik_service_requests_total" in each for each in server.asked)


async def test_a_side_without_requests_has_none_and_both_without_are_no_data() -> None:
    metric = {"name": "errors", "builtIn": {"errors": {}}}
    found = await answer(metric, Prometheus({"shop-canary": "0", "traefik": "70"}))
    assert found == Compared(Counts(0, 0), Counts(70, 70))
    assert isinstance(await answer(metric, Prometheus()), Nothing)


async def test_without_a_route_the_apps_own_names_are_asked_for() -> None:
    server = Prometheus({"http_requests_total": "5"})
    await answer(
        {"name": "errors", "builtIn": {"errors": {}}}, server, both=Both("demo", BOTH.candidate, BOTH.stable)
    )
    assert 'crossfade_dev_revision="v2hash"' in server.asked[0]


async def test_behind_istio_the_proxies_of_both_deployments_are_asked() -> None:
    server = Prometheus({'"shop-v2hash"': "1", '"shop-v1hash"': "2"})
    both = carried_out_by("istio.io/gateway-controller")
    await answer({"name": "errors", "builtIn": {"errors": {}}}, server, both=both)
    assert all("istio_requests_total" in each for each in server.asked)
    assert any('destination_workload="shop-v2hash"' in each for each in server.asked)


async def test_a_router_whose_metrics_are_not_known_is_told_by_name() -> None:
    found = await answer(
        {"name": "errors", "builtIn": {"errors": {}}}, Prometheus(), both=carried_out_by(OTHER)
    )
    assert isinstance(found, Wrong)
    assert "example.com/router" in found.why


async def test_a_route_that_nobody_has_answered_to_is_asked_of_again() -> None:
    found = await answer({"name": "errors", "builtIn": {"errors": {}}}, Prometheus(), both=carried_out_by())
    assert isinstance(found, Down)
    assert "no Gateway has answered to the route yet" in found.why


async def test_envoy_gateway_is_refused_while_it_counts_both_sides_as_one() -> None:
    found = await answer(
        {"name": "errors", "builtIn": {"errors": {}}}, Prometheus(), both=carried_out_by(ENVOY)
    )
    assert isinstance(found, Wrong)
    assert "mergeBackends" in found.why


def with_token(name: str = "prometheus", key: str = "token") -> dict[str, Any]:
    source = {"query": "errors", "bearerToken": {"name": name, "key": key}}
    return number(prometheus=source, success="result < 1.0")


async def test_a_token_is_read_from_the_secret_and_sent() -> None:
    server = Prometheus({"errors": "0"})
    assert isinstance(await answer(with_token(), server), Valued)
    assert server.tokens == [f"Bearer {TOKEN}"]


async def test_a_secret_that_may_not_be_read_is_told_with_what_to_grant() -> None:
    found = await answer(with_token(), Prometheus({"errors": "0"}), Reads(may_read=False))
    assert isinstance(found, Wrong)
    assert "the operator may not read Secret prometheus" in found.why


async def test_a_key_that_is_not_there_is_told() -> None:
    found = await answer(with_token(key="password"), Prometheus({"errors": "0"}))
    assert found == Wrong("Secret prometheus has no key password: create it, or name another")


async def test_an_address_that_is_not_on_the_list_is_not_asked() -> None:
    source = {"query": "errors", "address": "http://169.254.169.254/latest"}
    found = await answer(number(prometheus=source, success="result < 1.0"), Prometheus())
    assert isinstance(found, Wrong)


async def test_without_a_prometheus_that_is_told() -> None:
    async with measuring_by(parse([]), Reads()) as source:
        found = await source(Ask(WINDOW, Metric.model_validate(number(success="result < 1.0")), BOTH))
    assert isinstance(found, Wrong)
    assert "--prometheus URL" in found.why


async def test_a_server_that_is_not_there_is_down() -> None:
    async with measuring_by(parse(["--prometheus", "http://127.0.0.1:9"]), Reads()) as source:
        found = await source(Ask(WINDOW, Metric.model_validate(number(success="result < 1.0")), BOTH))
    assert isinstance(found, Down)
