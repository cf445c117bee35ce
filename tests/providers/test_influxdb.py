"""InfluxDB by a stand-in that keeps to its pages: what it checks of a request, and the annotated CSV that it answers."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from crossfade.providers.influxdb import InfluxDB, read
from crossfade.providers.outcome import NoData, Number, Numbers, Outcome, Refused, SourceError
from crossfade.providers.quoted import Query
from crossfade.providers.secret import Secret
from providers.served import Handler, answers, asking

FLUX = 'from(bucket: "web") |> range(start: -60s) |> sum()'
TOKEN = Secret("a-token-of-today")
VALUES = {"candidate": "shop-canary", "window": "60s", "odd": 'a" or true ${x} \\'}


def table(*values: str, kind: str = "double", number: int = 0, host: str = "a") -> str:
    """A table as InfluxDB writes it, with line ends of CSV."""
    rows = [
        f",_result,{number},2026-11-29T00:00:00Z,2026-11-29T00:01:00Z,{each},errors,{host}" for each in values
    ]
    head = [
        f"#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,{kind},string,string",
        ",result,table,_start,_stop,_value,_field,host",
    ]
    return "\r\n".join([*head, *rows, "", ""])


FAILED = '#datatype,string,string\r\n,error,reference\r\n,"runtime error: division, by zero",897\r\n\r\n'


class StandIn:
    """401 without the token, 404 for another organisation, 400 for what is no Flux, else CSV."""

    def __init__(self, text: str) -> None:
        self.text, self.asked = text, list[dict[str, Any]]()

    async def __call__(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Token a-token-of-today":
            return web.json_response({"code": "unauthorized", "message": "unauthorized access"}, status=401)
        if request.path != "/api/v2/query" or request.query.get("org") != "our org":
            return web.json_response(
                {"code": "not found", "message": "organization name not found"}, status=404
            )
        body = await request.json()
        self.asked.append(body)
        if "from(" not in body["query"]:
            message = "compilation failed: error @1:1-1:4: undefined identifier"
            return web.json_response({"code": "invalid", "message": message}, status=400)
        return web.Response(body=self.text.encode(), headers={"Content-Type": "text/csv; charset=utf-8"})


async def measured(
    handler: Handler, query: str = FLUX, token: Secret = TOKEN, organisation: str = "our org"
) -> Outcome:
    async with asking(handler) as (fetch, url):
        outcome = await InfluxDB(url, organisation, token).measure(fetch, query)
        if isinstance(outcome, SourceError):
            return SourceError(outcome.why.replace(url, "…"), outcome.retry_after_s)
        return Refused(outcome.why.replace(url, "…")) if isinstance(outcome, Refused) else outcome


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (table("0.25"), Number(0.25)),
        (table("17", kind="long"), Number(17)),
        (table("1", "2.5", "4"), Numbers((1.0, 2.5, 4.0))),
        (table("1", "", "4"), Numbers((1.0, 4.0), missing=1)),
        (table("1", "NaN", "+Inf"), NoData("only 1 of 3 points of the range have a number, fewer than half")),
        (
            table("NaN"),
            NoData("the answer is NaN: nothing divided by nothing, most often no requests in the window"),
        ),
        (table(""), NoData("the query gives an empty value")),
        (
            "",
            NoData(
                "the query gives no table: either nothing was counted yet, or no series has these names and tags"
            ),
        ),
        (
            "\r\n",
            NoData(
                "the query gives no table: either nothing was counted yet, or no series has these names and tags"
            ),
        ),
        (
            table("1") + table("2", number=1, host="b"),
            Refused(
                "the query gives 2 tables where one is needed: write |> group() |> sum(), or another function"
            ),
        ),
        (
            table("a", kind="string"),
            Refused("the query gives values of the type string, where numbers are needed"),
        ),
        (
            table("true", kind="boolean"),
            Refused("the query gives values of the type boolean, where numbers are needed"),
        ),
        (
            table(*["1"] * 1001),
            Refused(
                "the query gives more than 1000 rows: write |> aggregateWindow(…), or one function of all"
            ),
        ),
        (FAILED, SourceError("… answers with an error (runtime error: division, by zero)")),
        (table("1") + FAILED, SourceError("… answers with an error (runtime error: division, by zero)")),
        (
            "#datatype,string,long\r\n,result,table\r\n,_result,0\r\n",
            SourceError("… answers with CSV without _value: keep that column, or is it no InfluxDB 2?"),
        ),
        ('a,"b', SourceError("… answers with what is no CSV: is the URL that of an InfluxDB 2?")),
        (
            "a,b\r\n1,2\r\n",
            SourceError("… answers with CSV without _value: keep that column, or is it no InfluxDB 2?"),
        ),
        (table("one"), SourceError("… answers with CSV whose _value is no number")),
    ],
)
async def test_one_table_is_a_number_or_a_range(text: str, outcome: Outcome) -> None:
    assert await measured(StandIn(text)) == outcome


async def test_what_is_asked_is_flux_and_wants_the_types() -> None:
    server = StandIn(table("1"))
    assert await measured(server) == Number(1)
    dialect = {"annotations": ["datatype"], "header": True, "delimiter": ",", "commentPrefix": "#"}
    assert server.asked == [{"query": FLUX, "type": "flux", "dialect": dialect}]


async def test_what_it_refuses_is_told_in_its_words_and_without_the_token() -> None:
    assert await measured(StandIn(""), query="nonsense") == Refused(
        "… answers with 400 (compilation failed: error @1:1-1:4: undefined identifier)"
    )
    assert await measured(StandIn(""), token=Secret("another-token")) == SourceError(
        "… answers with 401 (unauthorized access): give a token by a Secret"
    )
    assert await measured(StandIn(""), organisation="other") == SourceError(
        "… answers with 404 (organization name not found): is the organisation written right, and is the URL that of an InfluxDB 2?"
    )
    echo = answers('{"code": "internal", "message": "bad a-token-of-today"}', 500)
    assert await measured(echo) == SourceError("… answers with 500 (bad ***)")


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        (
            answers("", 429, Retry_After="11"),
            SourceError("… answers with 429: it is asked too often; make the interval longer", 11.0),
        ),
        (
            answers("<html>", kind="text/html"),
            SourceError(
                "… answers with a page for people: write the URL of its API, and see that no login stands before it"
            ),
        ),
        (
            answers(b"\xff\xfe", kind="text/csv"),
            SourceError("… answers with what is no CSV: is the URL that of an InfluxDB 2?"),
        ),
        (
            answers("{}", kind="application/json"),
            SourceError("… answers with what is no CSV: is the URL that of an InfluxDB 2?"),
        ),
    ],
)
async def test_what_fails_is_told(handler: Handler, outcome: Outcome) -> None:
    assert await measured(handler) == outcome


def test_placeholders_stay_within_their_quotes() -> None:
    query = read(
        'range(start: -{{window}}) |> filter(fn: (r) => r.a == "{{candidate}}" and r.b == "{{odd}}")',
        ("odd",),
    )
    assert isinstance(query, Query)
    assert query.filled(VALUES) == (
        'range(start: -60s) |> filter(fn: (r) => r.a == "shop-canary" and r.b == "a\\" or true \\${x} \\\\")'
    )
    assert isinstance(query.filled({}), Refused)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("filter(fn: (r) => r.a == {{candidate}})", "a placeholder stands outside of quotes"),
        (
            'filter(fn: (r) => r.a == "a" and r.b == {{candidate}} and r.c == "c")',
            "a placeholder stands outside of quotes",
        ),
        ('r.a == "{{canary}}"', "at character 9: {{canary}} is neither"),
        ("", "between 1 and 8192 characters"),
    ],
)
def test_what_is_wrong_is_told_when_the_template_is_read(text: str, says: str) -> None:
    refused = read(text)
    assert isinstance(refused, Refused)
    assert says in refused.why
