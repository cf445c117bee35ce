"""New Relic by a stand-in that keeps to its pages: what NerdGraph checks of a request, and what it answers."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from crossfade.providers.new_relic import NewRelic, read
from crossfade.providers.outcome import NoData, Number, Numbers, Outcome, Refused, SourceError
from crossfade.providers.quoted import Query
from crossfade.providers.secret import Secret
from providers.served import Handler, answers, asking

START, END = 1_790_000_000.0, 1_790_000_060.0
ERRORS = "SELECT percentage(count(*), WHERE error IS true) FROM Transaction WHERE appName = 'shop'"
VALUES = {"candidate": "shop-canary", "odd": "a' OR 1 = 1 \\"}


class StandIn:
    """NerdGraph: 401 without a key, 404 off its path, else 200 with `data`, and `errors` where it has some."""

    def __init__(self, results: list[Any]) -> None:
        self.results, self.asked = results, list[dict[str, Any]]()

    async def __call__(self, request: web.Request) -> web.Response:
        if request.path != "/graphql" or request.method != "POST":
            return web.Response(status=404)
        if request.headers.get("API-Key") != "NRAK-USER-KEY":
            return web.json_response({"errors": [{"message": "Invalid API key"}]}, status=401)
        body = await request.json()
        variables = body["variables"]
        self.asked.append(variables)
        for name, kind in (("account", "Int!"), ("nrql", "Nrql!"), ("timeout", "Seconds")):
            assert f"${name}: {kind}" in body["query"]
        if " FROM " not in variables["nrql"]:
            error = {
                "message": "NRQL Syntax Error: Error at line 1 position 8, unexpected 'SINCE'",
                "extensions": {"errorClass": "SERVER_ERROR"},
            }
            return web.json_response({"data": {"actor": {"account": {"nrql": None}}}, "errors": [error]})
        return web.json_response({"data": {"actor": {"account": {"nrql": {"results": self.results}}}}})


async def measured(handler: Handler, query: str = ERRORS, key: str = "NRAK-USER-KEY") -> Outcome:
    async with asking(handler) as (fetch, url):
        outcome = await NewRelic(1234, Secret(key), url).measure(fetch, query, START, END)
        if isinstance(outcome, SourceError):
            return SourceError(outcome.why.replace(url, "…"), outcome.retry_after_s)
        return outcome


def points(*values: float | None) -> list[dict[str, Any]]:
    return [
        {"beginTimeSeconds": n, "endTimeSeconds": n + 1, "percentage": each} for n, each in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("results", "outcome"),
    [
        ([{"count": 1000}], Number(1000)),
        ([{"percentage": 0.25}], Number(0.25)),
        ([{"percentile.duration": {"95": 0.4}}], Number(0.4)),
        ([{"average.duration": None}], NoData("the query gives null: nothing was counted in this window")),
        (
            [],
            NoData(
                "the query gives nothing for this window: either nothing was counted yet, or no events have these attributes"
            ),
        ),
        (points(3), Numbers((3.0,))),
        (points(1, 2, None), Numbers((1.0, 2.0), missing=1)),
        (points(1, None, None), NoData("only 1 of 3 points of the range have a number, fewer than half")),
        (
            [{"facet": "a", "count": 1}, {"facet": "b", "count": 2}],
            Refused("the query gives 2 facets where one number is needed: take out FACET"),
        ),
        (
            [{"count": 1, "average.duration": 2}],
            Refused("the query gives 2 values where one is needed: select one function"),
        ),
        (
            [{"percentile.duration": {"50": 0.1, "95": 0.4}}],
            Refused("the query gives 2 values where one is needed: select one function"),
        ),
        ([{"latest.appName": "shop"}], Refused("the query gives a text, where a number is needed")),
        ([{"latest.error": True}], Refused("the query gives true or false, where a number is needed")),
        (
            [{"duration": 1}, {"duration": 2}],
            Refused(
                "the query gives 2 rows where one number is needed: write a function, as count(*) or percentage(…)"
            ),
        ),
        ([7], SourceError("… answers with JSON that is not NerdGraph's: is the URL right?")),
    ],
)
async def test_one_value_is_a_number_and_a_series_a_range(results: list[Any], outcome: Outcome) -> None:
    assert await measured(StandIn(results)) == outcome


async def test_the_window_stands_behind_the_query_and_goes_as_a_variable() -> None:
    server = StandIn([{"count": 1}])
    assert await measured(server) == Number(1)
    nrql = f"{ERRORS} SINCE 1790000000000 UNTIL 1790000060000"
    assert server.asked == [{"account": 1234, "nrql": nrql, "timeout": 10}]


async def test_a_query_that_it_cannot_read_is_told_as_wrong() -> None:
    assert await measured(StandIn([]), "SELECT") == Refused(
        "the query is wrong: NRQL Syntax Error: Error at line 1 position 8, unexpected 'SINCE'"
    )


async def test_a_wrong_key_is_told_and_never_shown() -> None:
    assert await measured(StandIn([]), key="NRAK-OTHER") == SourceError(
        "… answers with 401: give a user key by a Secret"
    )
    echo = answers('{"errors": [{"message": "no account for NRAK-OTHER"}]}')
    assert await measured(echo, key="NRAK-OTHER") == SourceError("… answers with errors (no account for ***)")


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        (answers("", 429, Retry_After="20"), SourceError("… answers with 429: it is asked too often", 20.0)),
        (answers("<html>", 502, kind="text/html"), SourceError("… answers with 502")),
        (
            answers('{"errors": [{"message": "NRDB:1101001 Query timed out"}], "data": {"actor": null}}'),
            SourceError("… answers with errors (NRDB:1101001 Query timed out)"),
        ),
        (
            answers(
                '{"errors": [{}], "data": {"actor": {"account": {"nrql": {"results": [{"count": 1}]}}}}}'
            ),
            SourceError("… answers with errors (no message)"),
        ),
        (
            answers('{"data": {"actor": {"account": null}}}'),
            SourceError("… answers with JSON that is not NerdGraph's: is the URL right?"),
        ),
        (answers("[]"), SourceError("… answers with JSON that is not NerdGraph's: is the URL right?")),
        (answers("{"), SourceError("… sends what is no JSON, or breaks off in it")),
        (
            answers('{"data": {"actor": {"account": {"nrql": {"results": [{"a": NaN}]}}}}}'),
            NoData("the answer is NaN: nothing divided by nothing, most often no requests in the window"),
        ),
    ],
)
async def test_what_fails_is_told(handler: Handler, outcome: Outcome) -> None:
    assert await measured(handler) == outcome


def test_placeholders_stay_within_their_quotes() -> None:
    query = read("SELECT count(*) FROM T WHERE a = '{{candidate}}' AND b = 'x-{{odd}}'", ("odd",))
    assert isinstance(query, Query)
    assert (
        query.filled(VALUES)
        == "SELECT count(*) FROM T WHERE a = 'shop-canary' AND b = 'x-a\\' OR 1 = 1 \\\\'"
    )
    assert isinstance(query.filled({}), Refused)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "SELECT count(*) FROM T WHERE a = {{candidate}}",
            "a placeholder stands outside of single quotes: write '{{name}}'",
        ),
        (
            "SELECT count(*) FROM T WHERE a = 'b' AND c = {{candidate}} AND d = 'e'",
            "a placeholder stands outside of single quotes",
        ),
        ("SELECT count(*) FROM T since 1 hour ago", "take out SINCE: the window is written behind the query"),
        ("SELECT count(*) FROM T COMPARE WITH 1 day ago", "take out COMPARE WITH"),
        ("SELECT count(*) FROM T WHERE a = '{{canary}}'", "at character 35: {{canary}} is neither"),
        ("", "between 1 and 4096 characters"),
    ],
)
def test_what_is_wrong_is_told_when_the_template_is_read(text: str, says: str) -> None:
    refused = read(text)
    assert isinstance(refused, Refused)
    assert says in refused.why


def test_a_word_within_quotes_is_no_window() -> None:
    assert isinstance(read("SELECT count(*) FROM T WHERE a = 'since'"), Query)
