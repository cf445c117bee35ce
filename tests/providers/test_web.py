"""A number, or several, from any service that answers with JSON; what is no number is no success."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from crossfade.providers.allowed import AllowList
from crossfade.providers.expressions.paths import Found, Paths
from crossfade.providers.expressions.process import Evaluator
from crossfade.providers.fetch import Fetch
from crossfade.providers.outcome import NoData, Number, Numbers, Outcome, Refused, SourceError
from crossfade.providers.secret import Secret
from crossfade.providers.web import Web, numbers_of, read
from providers.served import Handler, answers, asking

VALUES = {"candidate": "shop-canary", "namespace": "web", "odd": 'a/../"}?&b=é\n'}


@pytest.fixture
async def paths() -> AsyncIterator[Paths]:
    evaluator = Evaluator()
    yield Paths(evaluator)
    await evaluator.close()


async def measured(handler: Handler, paths: Paths, path: str = "$.rate") -> Outcome:
    async with asking(handler) as (fetch, url):
        source = read(url, path)
        assert isinstance(source, Web)
        outcome = await source.measure(fetch, paths, {})
        if isinstance(outcome, SourceError | Refused):
            return type(outcome)(outcome.why.replace(url, "…"))
        return outcome


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (Found((0.25,)), Number(0.25)),
        (Found((3,)), Number(3)),
        (Found(("7.5",)), Number(7.5)),
        (Found((1, "2", 3.5), True), Numbers((1.0, 2.0, 3.5))),
        (Found((1, None, 3), True), Numbers((1.0, 3.0), missing=1)),
        (Found(()), NoData("the path leads to nothing in the answer")),
        (Found((None,)), NoData("the path leads to null")),
        (Found((1, None, None), True), NoData("only 1 of 3 values are numbers, fewer than half")),
        (Found((True,)), Refused("the path leads to true or false, where a number is needed")),
        (Found(("ok",)), Refused("the path leads to a text, where a number is needed")),
        (Found((1, "ok"), True), Refused("the path leads to a text, where a number is needed")),
        (Found((["an object"],)), Refused("the path leads to an object, where a number is needed")),
    ],
)
def test_what_a_path_leads_to_is_a_number_or_none(found: Found, outcome: Outcome) -> None:
    assert numbers_of(found) == outcome


@pytest.mark.parametrize("found", ["NaN", "Infinity", float("nan"), float("inf"), "-inf", "1e999"])
def test_nan_and_infinity_are_no_data(found: list[Any]) -> None:
    assert isinstance(numbers_of(Found((found,))), NoData)


def test_a_number_too_large_for_one_is_refused() -> None:
    assert isinstance(numbers_of(Found((10**400,))), Refused)


@pytest.mark.parametrize(
    ("handler", "path", "outcome"),
    [
        (answers('{"rate": 0.25}'), "$.rate", Number(0.25)),
        (answers('{"zones": [{"bad": 1}, {"bad": 2}]}'), "$.zones[*].bad", Numbers((1.0, 2.0))),
        (answers('{"zones": [{"bad": 1}]}'), "$.zones[*].bad", Numbers((1.0,))),
        (
            answers('{"rate": NaN}'),
            "$.rate",
            NoData("the answer is NaN: nothing divided by nothing, most often no requests in the window"),
        ),
        (answers('{"other": 1}'), "$.rate", NoData("the path leads to nothing in the answer")),
        (answers('{"rate": 0.2'), "$.rate", SourceError("… sends what is no JSON, or breaks off in it")),
        (
            answers("[" * 100 + "]" * 100),
            "$.rate",
            SourceError("… sends JSON with more than 64 levels: ask for less of it"),
        ),
        (
            answers("<p>hello", kind="text/html"),
            "$.rate",
            SourceError(
                "… answers with a page for people: write the URL of its API, and see that no login stands before it"
            ),
        ),
        (answers('{"rate": 0}', 503), "$.rate", SourceError("… answers with 503, and so with no number")),
        (answers('{"rate": 0}', 404), "$.rate", SourceError("… answers with 404, and so with no number")),
        (answers("", 204), "$.rate", SourceError("… sends what is no JSON, or breaks off in it")),
        (
            answers("", 301, Location="/x"),
            "$.rate",
            Refused(
                "… answers with 301 and sends elsewhere, which is not followed: write the URL that answers"
            ),
        ),
        (answers("{}"), "$.a[", Refused("the path is no JSONPath at character 5: unbalanced brackets")),
    ],
)
async def test_an_answer_is_a_number_or_a_sentence(
    handler: Handler, path: str, outcome: Outcome, paths: Paths
) -> None:
    assert await measured(handler, paths, path) == outcome


async def test_placeholders_are_escaped_for_where_they_stand(paths: Paths) -> None:
    seen: list[tuple[str, str, str, str]] = []

    async def handler(request: web.Request) -> web.Response:
        body = (await request.json())["side"] if request.can_read_body else ""
        seen.append((request.method, request.raw_path, body, request.headers["X-Key"]))
        return web.json_response({"rate": 1})

    async with asking(handler) as (fetch, url):
        for text, body, method in (
            ("/api/{{namespace}}/x?of={{candidate}}&x={{odd}}", "", "GET"),
            ("?of={{candidate}}", '{"side": "{{odd}}"}', "POST"),
        ):
            source = read(f"{url}{text}", "$.rate", body, method, ("odd",))
            assert isinstance(source, Web)
            headers = {"X-Key": Secret("k")}
            assert await source.measure(fetch, paths, VALUES, headers) == Number(1)
    odd = "a%2F..%2F%22%7D%3F%26b%3D%C3%A9%0A"
    assert seen[0] == ("GET", f"/api/web/x?of=shop-canary&x={odd}", "", "k")
    assert seen[1] == ("POST", "/?of=shop-canary", VALUES["odd"], "k")


@pytest.mark.parametrize("value", ["..", "a/b", "..%2f", "a\\b", "%2e%2e"])
async def test_a_value_cannot_lead_to_another_path(value: str, paths: Paths) -> None:
    async with asking(answers('{"rate": 1}')) as (fetch, url):
        source = read(f"{url}/api/{{{{candidate}}}}/rate", "$.rate")
        assert isinstance(source, Web)
        outcome = await source.measure(fetch, paths, {"candidate": value})
    if "%" in value:
        assert outcome == Number(1), "it was escaped, and is a name like any other"
    else:
        assert isinstance(outcome, Refused)
        assert "lead elsewhere" in outcome.why


@pytest.mark.parametrize(
    ("url", "body", "method", "says"),
    [
        ("http://{{candidate}}.web/", "", "GET", "the URL has a placeholder before its path"),
        ("{{candidate}}", "", "GET", "the URL has a placeholder before its path"),
        ("http://a.example:{{candidate}}/", "", "GET", "the URL has a placeholder before its path"),
        ("http://a.example/{{canary}}", "", "GET", "the URL, at character 18: {{canary}} is neither"),
        ("http://a.example/", "{{canary}}", "POST", "the body, at character 1: {{canary}} is neither"),
        ("http://a.example/", "{}", "GET", "a body is sent by POST"),
        ("ftp://a.example/", "", "GET", "the URL begins with neither"),
        ("http://u:p@a.example/{{candidate}}", "", "GET", "name a Secret"),
    ],
)
def test_what_is_wrong_is_told_when_the_template_is_read(url: str, body: str, method: str, says: str) -> None:
    refused = read(url, "$.rate", body, method)
    assert isinstance(refused, Refused)
    assert says in refused.why


async def test_a_placeholder_without_a_value_is_told_and_nothing_asked(paths: Paths) -> None:
    async with Fetch(AllowList()) as fetch:
        source = read("http://a.example/{{limit}}", "$.rate", arguments=("limit",))
        assert isinstance(source, Web)
        assert await source.measure(fetch, paths, {}) == Refused(
            "there is no value for {{limit}}: give the argument one"
        )


async def test_whom_the_operator_does_not_allow_is_not_asked(paths: Paths) -> None:
    async with Fetch(AllowList()) as fetch:
        source = read("http://a.example/", "$.rate")
        assert isinstance(source, Web)
        outcome = await source.measure(fetch, paths, {})
    assert isinstance(outcome, Refused)
    assert "is not among the sources that the operator may ask" in outcome.why


async def test_a_path_that_takes_long_over_a_large_answer_is_ended(paths: Paths) -> None:
    body = "[" * 40 + ",".join(["[1,[2,[3]]]"] * 20_000) + "]" * 40
    told = await measured(answers(body), paths, "$..*..*..*..*..*")
    assert isinstance(told, Refused)
    assert told.why.startswith("the path ")
