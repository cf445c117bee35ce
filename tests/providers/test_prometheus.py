"""What Prometheus answers becomes a number, or a sentence that says what to do; nothing else becomes a success."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from crossfade.providers.fetch import Fetch, Limits
from crossfade.providers.outcome import Counts, NoData, Number, Numbers, Outcome, Refused, SourceError
from crossfade.providers.prometheus import Prometheus
from crossfade.providers.secret import Basic, Bearer, Secret
from providers.served import BRIEF, Handler, answers, asking

AT = 1_790_000_000.25


def success(kind: str, result: Any, **more: Any) -> str:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}, **more})


def vector(*values: str) -> str:
    return success(
        "vector", [{"metric": {"zone": f"{n}"}, "value": [AT, each]} for n, each in enumerate(values)]
    )


def matrix(*values: str) -> str:
    samples = [[AT + n, each] for n, each in enumerate(values)]
    return success("matrix", [{"metric": {}, "values": samples}])


async def instant(handler: Handler, **more: Any) -> Outcome:
    async with asking(handler) as (fetch, url):
        return without_place(await Prometheus(url, **more).instant(fetch, "up", AT), url)


async def span(handler: Handler, points: int) -> Outcome:
    async with asking(handler) as (fetch, url):
        return without_place(await Prometheus(url).span(fetch, "up", AT, AT + points - 1, 1), url)


def without_place(outcome: Outcome, url: str) -> Outcome:
    if isinstance(outcome, Refused | SourceError | NoData):
        object.__setattr__(outcome, "why", outcome.why.replace(url, "…"))
    return outcome


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (vector("0.25"), Number(0.25)),
        (vector("-1e-3"), Number(-0.001)),
        (success("scalar", [AT, "17"]), Number(17)),
        (
            success(
                "vector", [{"metric": {}, "value": [AT, "1"]}], warnings=["w" * 300, "b\nc"], infos=["i"]
            ),
            Number(1, ("w" * 200 + "…", "b\\nc", "i")),
        ),
    ],
)
async def test_one_series_is_a_number(body: str, outcome: Outcome) -> None:
    assert await instant(answers(body)) == outcome


@pytest.mark.parametrize(
    "body", [vector("NaN"), vector("+Inf"), vector("-Inf"), success("scalar", [AT, "NaN"]), vector()]
)
async def test_nan_infinity_and_nothing_are_no_data(body: str) -> None:
    assert isinstance(await instant(answers(body)), NoData)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            vector("1", "2", "3"),
            "the query gives 3 series where one is needed: write sum(…), avg(…) or max(…) around it, without `by`",
        ),
        (
            matrix("1"),
            "the query gives a range, and no number: write rate(…), increase(…) or avg_over_time(…) around it",
        ),
        (success("string", [AT, "a"]), "the query gives a text, and no number"),
        (
            success("vector", [{"metric": {}, "histogram": [AT, {"count": "1"}]}]),
            "the query gives a histogram, and no number",
        ),
    ],
)
async def test_what_is_not_one_number_says_what_to_write(body: str, says: str) -> None:
    outcome = await instant(answers(body))
    assert isinstance(outcome, Refused)
    assert outcome.why.startswith(says)


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{}",
        "null",
        '{"status": "success"}',
        '{"status": "success", "data": []}',
        '{"status": "success", "data": {"resultType": "vector"}}',
        '{"status": "success", "data": {"resultType": "vector", "result": {}}}',
        '{"status": "success", "data": {"resultType": "vector", "result": [1]}}',
        success("vector", [{"metric": {}, "value": [AT, 1]}]),
        success("vector", [{"metric": {}, "value": [AT, "one"]}]),
        success("vector", [{"metric": {}, "value": [AT]}]),
        success("table", []),
    ],
)
async def test_json_of_another_shape_is_the_sources_error(body: str) -> None:
    outcome = await instant(answers(body))
    assert isinstance(outcome, SourceError)
    assert outcome.why.startswith("… answers with")


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        (
            answers("<html>", kind="text/html"),
            SourceError(
                "… answers with a page for people: write the URL of its API, and see that no login stands before it"
            ),
        ),
        (answers(vector("1")[:-3]), SourceError("… sends what is no JSON, or breaks off in it")),
        (answers("gone", 502, kind="text/plain"), SourceError("… answers with 502")),
        (
            answers("<html>", 401, kind="text/html"),
            SourceError("… answers with 401: give credentials by a Secret, or newer ones"),
        ),
        (
            answers("404 page not found", 404, kind="text/plain"),
            SourceError("… answers with 404: is the URL that of a Prometheus, without /api/v1?"),
        ),
        (
            answers("slow down", 429, kind="text/plain", Retry_After="7"),
            SourceError("… answers with 429: it is asked too often; make the interval longer", 7.0),
        ),
        (
            answers(
                '{"status":"error","errorType":"bad_data","error":"1:4: parse error: unexpected end"}', 400
            ),
            Refused("… answers with 400 (1:4: parse error: unexpected end): look at the query"),
        ),
        (
            answers('{"status":"error","errorType":"execution","error":"many-to-many"}', 422),
            SourceError(
                "… answers with 422 (many-to-many): the query can be read, and not carried out on these series"
            ),
        ),
        (
            answers('{"status":"error","errorType":"timeout","error":"query timed out"}', 503),
            SourceError("… answers with 503 (query timed out)"),
        ),
        (
            answers(success("vector", [{"metric": {}, "value": [AT, "1"]}], isPartial=True)),
            SourceError("… had only a part of its data at hand: wait until all of it answers"),
        ),
        (
            answers("", 302, Location="/login"),
            Refused(
                "… answers with 302 and sends elsewhere, which is not followed: write the URL that answers"
            ),
        ),
    ],
)
async def test_a_source_that_fails_is_told_as_such(handler: Handler, outcome: Outcome) -> None:
    assert await instant(handler) == outcome


async def test_a_number_that_comes_with_an_error_status_is_none() -> None:
    assert isinstance(await instant(answers(vector("1"), 500)), SourceError)


async def test_a_source_that_is_slow_is_told() -> None:
    async def handler(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    assert await instant(handler, limits=BRIEF) == SourceError(
        "… has not answered within 0.2 s: ask for something that takes less, or give it more time"
    )


async def test_what_is_sent_stands_in_the_body_and_says_how_long_it_may_take() -> None:
    seen: list[tuple[str, str, dict[str, str]]] = []

    async def handler(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        seen.append((request.method, request.path_qs, form))
        return web.Response(text=vector("1"), content_type="application/json")

    async with asking(handler) as (fetch, url):
        source = Prometheus(f"{url}/prometheus/", limits=Limits(within_s=5))
        assert await source.instant(fetch, 'a{b="c&d"}', AT) == Number(1)
        await source.span(fetch, "a", AT, AT + 60, 15)
    usual = {"timeout": "5s", "partial_response": "false"}
    assert seen == [
        ("POST", "/prometheus/api/v1/query", {"query": 'a{b="c&d"}', "time": "1790000000.250", **usual}),
        (
            "POST",
            "/prometheus/api/v1/query_range",
            {"query": "a", "start": "1790000000.250", "end": "1790000060.250", "step": "15", **usual},
        ),
    ]


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        (Bearer(Secret("tok-of-today\n")), "Bearer tok-of-today"),
        (Basic("bob", Secret("tok-of-today")), "Basic Ym9iOnRvay1vZi10b2RheQ=="),
    ],
)
async def test_credentials_are_sent_and_never_shown_even_where_the_source_sends_them_back(
    credentials: Bearer | Basic, header: str
) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        error = f"no {seen[0]}, tok-of-today, {request.headers['X-Scope-OrgID']}"
        return web.json_response({"status": "error", "errorType": "internal", "error": error}, status=500)

    outcome = await instant(handler, credentials=credentials, headers={"X-Scope-OrgID": Secret("tenant-one")})
    assert seen == [header]
    assert outcome == SourceError("… answers with 500 (no ***, ***, ***)")
    assert "tok-of-today" not in repr(Prometheus("http://a/", credentials))


@pytest.mark.parametrize(
    ("values", "points", "outcome"),
    [
        (("1", "2.5", "3"), 3, Numbers((1.0, 2.5, 3.0))),
        (("1", "NaN", "3"), 3, Numbers((1.0, 3.0), missing=1)),
        (("1", "2"), 4, Numbers((1.0, 2.0), missing=2)),
        (("1",), 3, NoData("only 1 of 3 points of the range have a number, fewer than half")),
        (("NaN", "NaN"), 2, NoData("only 0 of 2 points of the range have a number, fewer than half")),
        (("+Inf",), 1, NoData("only 0 of 1 points of the range have a number, fewer than half")),
    ],
)
async def test_a_range_is_its_numbers_where_at_least_half_are_there(
    values: tuple[str, ...], points: int, outcome: Outcome
) -> None:
    assert await span(answers(matrix(*values)), points) == outcome


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (success("matrix", []), NoData),
        (success("matrix", [{"values": [[AT, "1"]]}, {"values": [[AT, "1"]]}]), Refused),
        (success("matrix", [{"values": [[AT, "one"]]}]), SourceError),
        (success("matrix", [{"values": 7}]), SourceError),
        (vector("1"), SourceError),
        (success("matrix", [{"histograms": []}]), Refused),
    ],
)
async def test_a_range_of_another_shape_is_none(body: str, kind: type) -> None:
    assert isinstance(await span(answers(body), 1), kind)


@pytest.mark.parametrize(("end", "step"), [(AT + 10_000, 1.0), (AT - 1, 1.0), (AT + 1, 0.0)])
async def test_a_range_without_bounds_is_not_asked(end: float, step: float) -> None:
    async with asking(answers(matrix("1"))) as (fetch, url):
        assert isinstance(await Prometheus(url).span(fetch, "a", AT, end, step), Refused)


async def test_bad_and_total_are_asked_for_the_same_moment() -> None:
    times: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        form = await request.post()
        times.append(str(form["time"]))
        return web.Response(
            text=vector("3" if form["query"] == "bad" else "412"), content_type="application/json"
        )

    async with asking(handler) as (fetch, url):
        assert await Prometheus(url).counts(fetch, "bad", "total", AT) == Counts(3, 412)
    assert times == ["1790000000.250"] * 2


@pytest.mark.parametrize("url", ["http://b.example:9090", "http://u:p@a/", "ftp://a/"])
async def test_a_url_that_may_not_be_asked_is_refused(url: str) -> None:
    async with asking(answers(vector("1"))) as (fetch, _):
        assert isinstance(await Prometheus(url).instant(fetch, "up", AT), Refused)


async def test_a_url_with_a_question_mark_is_refused() -> None:
    async with asking(answers(vector("1"))) as (fetch, url):
        outcome = await Prometheus(f"{url}/?tenant=a").instant(fetch, "up", AT)
    assert outcome == Refused("the URL of a Prometheus ends with its path: take out the ? and what follows")


async def test_many_ask_at_once_and_each_gets_its_own() -> None:
    async def handler(request: web.Request) -> web.Response:
        form = await request.post()
        return web.Response(text=vector(str(form["query"])), content_type="application/json")

    async def one(fetch: Fetch, url: str, number: int) -> bool:
        return await Prometheus(url).instant(fetch, str(number), AT) == Number(number)

    async with asking(handler) as (fetch, url):
        assert all(await asyncio.gather(*(one(fetch, url, number) for number in range(100))))
