"""Datadog, New Relic and InfluxDB, by their stand-ins: a metric's query reaches them filled in, and its window with it."""

from __future__ import annotations

from typing import Any, Final

import pytest

from controller.source_asked import URL, Reads, answer
from crossfade.api.analysis import Metric
from crossfade.core.measured import Answer, Down, Nothing, Valued, Wrong
from providers import test_datadog, test_influxdb, test_new_relic
from providers.test_datadog import column
from providers.test_influxdb import table
from providers.test_new_relic import points

SECRETS: Final = Reads(
    secrets={
        "datadog": {"api-key": b"an-api-key", "application-key": b"an-app-key\n"},
        "newrelic": {"user-key": b"NRAK-USER-KEY"},
        "influxdb": {"token": b"a-token-of-today\n"},
        "old": {"key": b"of-last-year"},
    }
)
OLD: Final = {"name": "old", "key": "key"}
BELOW: Final = {"success": "result < limit"}
ALL_BELOW: Final = {"success": "result.all(x, x < limit)"}
BEGAN_MS, ENDED_MS = 1_769_860_800_000, 1_769_860_810_000


def datadog(*queries: str, **more: Any) -> dict[str, Any]:
    source = {
        "queries": [{"name": name, "query": query} for name, query in zip("ab", queries, strict=False)],
        "apiKey": {"name": "datadog", "key": "api-key"},
        "applicationKey": {"name": "datadog", "key": "application-key"},
        "address": URL,
        **more,
    }
    return {"name": "limit", "datadog": source, **BELOW}


def new_relic(query: str, conditions: dict[str, str] = BELOW, **more: Any) -> dict[str, Any]:
    key = {"name": "newrelic", "key": "user-key"}
    source = {"account": 1234, "query": query, "userKey": key, "address": URL, **more}
    return {"name": "limit", "newRelic": source, **conditions}


def influxdb(query: str, conditions: dict[str, str] = BELOW, **more: Any) -> dict[str, Any]:
    token = {"name": "influxdb", "key": "token"}
    source = {"address": URL, "organization": "our org", "query": query, "token": token, **more}
    return {"name": "limit", "influxdb": source, **conditions}


ERRORS: Final = "sum:errors{service:{{service}},version:{{candidate}}}.as_count()"
COUNT: Final = "SELECT count(*) FROM T WHERE revision = '{{candidate}}'"
FLUX: Final = (
    'from(bucket: "web") |> range(start: -{{window}}) |> filter(fn: (r) => r.rev == "{{candidate}}")'
)


async def test_datadog_gives_the_number_of_its_formula_for_the_window() -> None:
    server = test_datadog.StandIn([column(0.5)])
    metric = datadog(ERRORS, "sum:hits{service:{{service}}}.as_count()", formula="a / b", aggregator="sum")
    assert await answer(metric, server, SECRETS, limit="1") == Valued(0.5, good=True)
    (asked,) = server.asked
    assert (asked["from"], asked["to"]) == (BEGAN_MS, ENDED_MS)
    assert [each["query"] for each in asked["queries"]] == [
        "sum:errors{service:shop,version:v2hash}.as_count()",
        "sum:hits{service:shop}.as_count()",
    ]
    assert {each["aggregator"] for each in asked["queries"]} == {"sum"}
    assert asked["formulas"] == [{"formula": "a / b"}]


async def test_new_relic_gives_a_number_or_the_points_of_a_timeseries_for_the_window() -> None:
    server = test_new_relic.StandIn([{"count": 7}])
    assert await answer(new_relic(COUNT), server, SECRETS, limit="5") == Valued(7, good=False)
    (asked,) = server.asked
    assert asked["account"] == 1234
    assert asked["nrql"].endswith(f"WHERE revision = 'v2hash' SINCE {BEGAN_MS} UNTIL {ENDED_MS}")
    for values, told in (((1, 4), "4, the last of 2,"), ((4,), "")):
        found = await answer(
            new_relic(COUNT, ALL_BELOW), test_new_relic.StandIn(points(*values)), SECRETS, limit="5"
        )
        assert found == Valued(4, good=True, told=told)


async def test_influxdb_gives_the_number_of_one_row_or_those_of_several() -> None:
    server = test_influxdb.StandIn(table("7"))
    assert await answer(influxdb(FLUX), server, SECRETS, limit="5") == Valued(7, good=False)
    assert server.asked[0]["query"] == (
        'from(bucket: "web") |> range(start: -10s) |> filter(fn: (r) => r.rev == "v2hash")'
    )
    found = await answer(
        influxdb(FLUX, ALL_BELOW), test_influxdb.StandIn(table("1", "4")), SECRETS, limit="5"
    )
    assert found == Valued(4, good=True, told="4, the last of 2,")


@pytest.mark.parametrize(
    ("metric", "server"),
    [
        (datadog(ERRORS), test_datadog.StandIn([column(None)])),
        (new_relic(COUNT), test_new_relic.StandIn([])),
        (influxdb(FLUX), test_influxdb.StandIn(table())),
    ],
    ids=["datadog", "newRelic", "influxdb"],
)
async def test_nothing_is_no_data(metric: dict[str, Any], server: Any) -> None:
    assert isinstance(await answer(metric, server, SECRETS), Nothing)


@pytest.mark.parametrize(
    ("metric", "server", "says"),
    [
        (datadog(ERRORS, apiKey=OLD), test_datadog.StandIn([column(1)]), "403 (Forbidden)"),
        (new_relic(COUNT, userKey=OLD), test_new_relic.StandIn([{"count": 1}]), "401: give a user key"),
        (influxdb(FLUX, token=OLD), test_influxdb.StandIn(table("1")), "401 (unauthorized access)"),
    ],
    ids=["datadog", "newRelic", "influxdb"],
)
async def test_a_wrong_key_is_an_error_of_the_source(metric: dict[str, Any], server: Any, says: str) -> None:
    found = await answer(metric, server, SECRETS)
    assert isinstance(found, Down)
    assert says in found.why
    assert "of-last-year" not in found.why


@pytest.mark.parametrize(
    ("metric", "found"),
    [
        (
            datadog("sum:errors{version:{{zone}}}"),
            Wrong("the value of {{zone}} is none that a tag can have: letters, digits, _ . : / and -"),
        ),
        (
            new_relic("SELECT count(*) FROM T SINCE 1 hour ago"),
            Wrong("its query is wrong: take out SINCE: the window is written behind the query"),
        ),
        (
            influxdb("from(bucket: {{zone}})"),
            Wrong(
                'its query is wrong: a placeholder stands outside of quotes: write "{{name}}"; '
                "{{window}} alone may stand there"
            ),
        ),
    ],
    ids=["datadog", "newRelic", "influxdb"],
)
async def test_what_is_wrong_as_it_is_written_is_told(metric: dict[str, Any], found: Answer) -> None:
    assert await answer(metric, test_influxdb.StandIn(""), SECRETS, zone="eu} by {host") == found


def test_several_queries_of_datadog_need_a_formula() -> None:
    with pytest.raises(ValueError, match="several queries need a formula"):
        Metric.model_validate(datadog(ERRORS, ERRORS))
