"""Datadog by a stand-in that keeps to its API reference: what it checks of a request, and what it answers."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from crossfade.providers.datadog import Datadog, Queries, read
from crossfade.providers.outcome import NoData, Number, Outcome, Refused, SourceError
from crossfade.providers.secret import Secret
from providers.served import Handler, answers, asking

SPAN = (1_790_000_000.0, 1_790_000_060.0)
VALUES = {"candidate": "shop-canary", "namespace": "web", "odd": "a} by {host", "stable": "shop"}


class StandIn:
    """Answers as the reference says: 403 without both keys, 400 for what is no scalar request, 429 beyond its rate."""

    def __init__(self, columns: list[dict[str, Any]], remaining: int = 100) -> None:
        self.columns, self.remaining, self.asked = columns, remaining, list[dict[str, Any]]()

    async def __call__(self, request: web.Request) -> web.Response:
        if request.path != "/api/v2/query/scalar" or request.method != "POST":
            return web.json_response({"errors": ["Not found"]}, status=404)
        keys = request.headers.get("DD-API-KEY"), request.headers.get("DD-APPLICATION-KEY")
        if keys != ("an-api-key", "an-app-key"):
            return web.json_response({"errors": ["Forbidden"]}, status=403)
        self.remaining -= 1
        if self.remaining < 0:
            limits = {
                "X-RateLimit-Limit": "100",
                "X-RateLimit-Period": "60",
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": "13",
            }
            return web.json_response({"errors": ["Too many requests"]}, status=429, headers=limits)
        return self._answer(await request.json())

    def _answer(self, body: dict[str, Any]) -> web.Response:
        attributes = body["data"]["attributes"]
        self.asked.append(attributes)
        if body["data"]["type"] != "scalar_request" or attributes["from"] >= attributes["to"]:
            return web.json_response(
                {"errors": ["input_validation_error: from must be before to"]}, status=400
            )
        data = {"type": "scalar_response", "attributes": {"columns": self.columns}}
        return web.json_response({"data": data, "errors": ""})


def column(*values: float | None, kind: str = "number", name: str = "a") -> dict[str, Any]:
    return {"name": name, "type": kind, "values": list(values), "meta": {"unit": None}}


async def measured(handler: Handler, span: tuple[float, float] = SPAN, key: str = "an-api-key") -> Outcome:
    async with asking(handler) as (fetch, url):
        source = Datadog(Secret(key), Secret("an-app-key"), url)
        outcome = await source.scalar(fetch, {"a": "sum:errors{service:shop}"}, "a", span, "sum")
        if isinstance(outcome, SourceError):
            return SourceError(outcome.why.replace(url, "…"), outcome.retry_after_s)
        return Refused(outcome.why.replace(url, "…")) if isinstance(outcome, Refused) else outcome


@pytest.mark.parametrize(
    ("columns", "outcome"),
    [
        ([column(0.25)], Number(0.25)),
        ([column(3)], Number(3)),
        (
            [column(None)],
            NoData(
                "the query gives nothing for this window: either nothing was counted yet, or no metric has these names and tags"
            ),
        ),
        (
            [column()],
            NoData(
                "the query gives nothing for this window: either nothing was counted yet, or no metric has these names and tags"
            ),
        ),
        (
            [],
            NoData(
                "the query gives nothing for this window: either nothing was counted yet, or no metric has these names and tags"
            ),
        ),
        (
            [{"name": "host", "type": "group", "values": [["a"], ["b"]]}, column(1, 2)],
            Refused("the query gives 2 groups where one number is needed: take out `by {…}`"),
        ),
        (
            [column(1), column(2, name="b")],
            Refused("the query gives several columns where one number is needed: write one formula"),
        ),
        (
            [{"type": "number"}],
            SourceError("… answers with JSON that is not that of a scalar query: is the URL right?"),
        ),
    ],
)
async def test_one_column_with_one_value_is_a_number(columns: list[dict[str, Any]], outcome: Outcome) -> None:
    assert await measured(StandIn(columns)) == outcome


async def test_what_is_asked_is_a_scalar_request_in_milliseconds() -> None:
    server = StandIn([column(1)])
    assert await measured(server) == Number(1)
    assert server.asked == [
        {
            "from": 1_790_000_000_000,
            "to": 1_790_000_060_000,
            "queries": [
                {
                    "data_source": "metrics",
                    "name": "a",
                    "query": "sum:errors{service:shop}",
                    "aggregator": "sum",
                }
            ],
            "formulas": [{"formula": "a"}],
        }
    ]


async def test_beyond_its_rate_it_says_when_to_ask_again() -> None:
    assert await measured(StandIn([column(1)], remaining=0)) == SourceError(
        "… answers with 429 (Too many requests): it is asked too often; make the interval longer", 13.0
    )


async def test_wrong_keys_are_told_and_never_shown() -> None:
    assert await measured(StandIn([column(1)]), key="another-key") == SourceError(
        "… answers with 403 (Forbidden): the keys may not ask, or are those of another site (datadoghq.eu, us3 …)"
    )
    echo = answers('{"errors": ["no another-key"]}', 401)
    assert await measured(echo, key="another-key") == SourceError(
        "… answers with 401 (no ***): give an API key by a Secret, and that of its site"
    )
    assert "another-key" not in repr(Datadog(Secret("another-key"), Secret("another-key")))


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        (
            answers('{"errors": ["bad query"]}', 400),
            Refused("… answers with 400 (bad query): look at the query"),
        ),
        (answers("upstream", 502, kind="text/plain"), SourceError("… answers with 502")),
        (answers('{"data": {}, "errors": "timed out"}'), SourceError("… answers with errors (timed out)")),
        (
            answers("[]"),
            SourceError("… answers with JSON that is not that of a scalar query: is the URL right?"),
        ),
        (answers('{"data": {"attributes"'), SourceError("… sends what is no JSON, or breaks off in it")),
        (
            answers('{"data":{"attributes":{"columns":[{"type":"number","values":[NaN]}]}}}'),
            NoData("the answer is NaN: nothing divided by nothing, most often no requests in the window"),
        ),
    ],
)
async def test_what_fails_is_told(handler: Handler, outcome: Outcome) -> None:
    assert await measured(handler) == outcome


async def test_a_window_without_length_is_refused_by_it() -> None:
    assert isinstance(await measured(StandIn([column(1)]), span=(SPAN[1], SPAN[0])), Refused)


def test_placeholders_are_filled_into_tags_and_can_be_nothing_else() -> None:
    queries = read({"a": "sum:errors{service:{{candidate}},namespace:{{namespace}}}.as_count()"})
    assert isinstance(queries, Queries)
    assert queries.formula == "a"
    assert queries.filled(VALUES) == {"a": "sum:errors{service:shop-canary,namespace:web}.as_count()"}
    odd = read({"a": "sum:errors{service:{{odd}}}"}, arguments=("odd",))
    assert isinstance(odd, Queries)
    assert odd.filled(VALUES) == Refused(
        "the value of {{odd}} is none that a tag can have: letters, digits, _ . : / and -"
    )
    assert isinstance(odd.filled({}), Refused)


@pytest.mark.parametrize(
    ("queries", "formula", "says"),
    [
        ({}, "", "several queries need a formula"),
        ({"a": "x{*}", "b": "y{*}"}, "", "several queries need a formula"),
        ({"a": " "}, "", "between 1 and 8192 characters"),
        ({"a": "x{service:{{canary}}}"}, "", "the query a, at character 11: {{canary}} is neither"),
    ],
)
def test_what_is_wrong_is_told_when_the_template_is_read(
    queries: dict[str, str], formula: str, says: str
) -> None:
    refused = read(queries, formula)
    assert isinstance(refused, Refused)
    assert says in refused.why
