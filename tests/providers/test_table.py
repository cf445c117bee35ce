"""What Prometheus answers for each value of a label becomes a table of counts, or a sentence that says what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from crossfade.providers.outcome import Counts, CountsTable, NoData, Refused, SourceError, Table
from crossfade.providers.prometheus import Prometheus
from crossfade.providers.prometheus_answer import SERIES
from providers.served import Handler, answers, asking

AT = 1_790_000_000.25
Series = tuple[Mapping[str, str], str]


def vector(*series: Series) -> str:
    result = [{"metric": dict(labels), "value": [AT, value]} for labels, value in series]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})


def zone(name: str, value: str) -> Series:
    return {"zone": name}, value


def success(kind: str, result: Any, **more: Any) -> str:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}, **more})


async def table(body: str, *labels: str) -> Table | NoData | SourceError | Refused:
    async with asking(answers(body)) as (fetch, url):
        return await Prometheus(url).table(fetch, "up", AT, labels or ("zone",))


def by_query(**bodies: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        query = parse_qs(await request.text())["query"][0]
        return web.Response(text=bodies[query], content_type="application/json")

    return handler


async def counted(bad: str, total: str, *labels: str) -> CountsTable | NoData | SourceError | Refused:
    async with asking(by_query(bad=bad, total=total)) as (fetch, url):
        return await Prometheus(url).counts_by(fetch, "bad", "total", AT, labels or ("zone",))


async def test_each_series_is_a_number_by_the_values_of_its_labels() -> None:
    told = await table(vector(({"zone": "a", "pod": "p"}, "3"), ({"pod": "q"}, "0.5")), "zone", "pod")
    assert told == Table({("a", "p"): 3.0, ("", "q"): 0.5})


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf"])
async def test_a_series_without_a_number_has_no_data_and_others_keep_theirs(value: str) -> None:
    assert await table(vector(zone("a", value), zone("b", "7"))) == Table({("b",): 7.0}, frozenset({("a",)}))
    assert isinstance(await table(vector(zone("a", value))), NoData)


async def test_no_series_is_no_data() -> None:
    assert isinstance(await table(vector()), NoData)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            vector(({"zone": "a", "code": "500"}, "1"), ({"zone": "a", "code": "503"}, "2")),
            "the query gives several series with zone='a': write sum by (zone) (…) around it",
        ),
        (
            vector(zone("a\n", "1"), zone("a\\n", "2")),
            "the query gives several series with zone=",
        ),
        (
            vector(*(zone(f"{n}", "1") for n in range(SERIES + 1))),
            "the query gives 10001 series, more than 10000: write sum by (zone) (…) around it",
        ),
        (success("scalar", [AT, "3"]), "the query gives one number without labels: write sum by (zone) (…)"),
        (success("string", [AT, "a"]), "the query gives a text, and no number"),
        (success("matrix", []), "the query gives a range, and no number"),
        (
            success("vector", [{"metric": {"zone": "a"}, "histogram": [AT, {}]}]),
            "the query gives histograms, and no numbers",
        ),
    ],
)
async def test_what_is_no_table_says_what_to_write(body: str, says: str) -> None:
    told = await table(body)
    assert isinstance(told, Refused)
    assert told.why.startswith(says)


@pytest.mark.parametrize(
    "body",
    [
        success("vector", [{"metric": {"zone": 1}, "value": [AT, "1"]}]),
        success("vector", [{"metric": [], "value": [AT, "1"]}]),
        success("vector", [{"value": [AT, "1"]}]),
        success("vector", [{"metric": {"zone": "a"}, "value": [AT, 1]}]),
        success("vector", [1]),
        success("vector", [{"metric": {"zone": "a"}, "value": [AT, "1"]}], isPartial=True),
        success("table", []),
        "{}",
    ],
)
async def test_what_cannot_be_read_is_the_sources_error(body: str) -> None:
    assert isinstance(await table(body), SourceError)


async def test_as_many_series_as_are_allowed_are_read() -> None:
    told = await table(vector(*(zone(f"{n}", "1") for n in range(SERIES))))
    assert isinstance(told, Table)
    assert len(told.values) == SERIES


async def test_the_text_of_a_label_stays_in_its_line() -> None:
    assert await table(vector(zone("a\x1b[2J\n\ud800", "1"))) == Table({("a\\x1b[2J\\n\\ud800",): 1.0})


async def test_bad_and_total_are_put_together_by_their_labels() -> None:
    told = await counted(vector(zone("b", "2"), zone("a", "1")), vector(zone("a", "10"), zone("b", "20")))
    assert told == CountsTable({("a",): Counts(1, 10), ("b",): Counts(2, 20)})


async def test_a_value_that_bad_has_not_had_none_as_in_a_sum_over_all() -> None:
    told = await counted(vector(zone("a", "1")), vector(zone("a", "10"), zone("b", "20")))
    assert told == CountsTable({("a",): Counts(1, 10), ("b",): Counts(0, 20)})


@pytest.mark.parametrize(
    ("bad", "total"),
    [
        ((zone("a", "1"), zone("b", "NaN")), (zone("a", "10"), zone("b", "20"))),
        ((zone("a", "1"), zone("b", "2")), (zone("a", "10"), zone("b", "NaN"))),
        ((zone("a", "1"), zone("b", "0")), (zone("a", "10"), zone("b", "0"))),
    ],
)
async def test_a_value_without_data_or_events_is_left_out(
    bad: tuple[Series, ...], total: tuple[Series, ...]
) -> None:
    assert await counted(vector(*bad), vector(*total)) == CountsTable({("a",): Counts(1, 10)})


@pytest.mark.parametrize(
    ("bad", "total"),
    [((), (zone("a", "10"),)), ((zone("a", "0"),), ()), ((zone("a", "0"),), (zone("a", "0"),))],
)
async def test_where_one_of_both_gives_nothing_there_is_no_data(
    bad: tuple[Series, ...], total: tuple[Series, ...]
) -> None:
    assert isinstance(await counted(vector(*bad), vector(*total)), NoData)


async def test_labels_that_are_not_the_same_are_refused_and_no_total_is_without_bad_ones() -> None:
    told = await counted(vector(zone("a", "3")), vector(({"az": "a"}, "10")))
    assert told == Refused("bad has a number for a and total has none: give both the same labels")


@pytest.mark.parametrize(
    ("bad", "total", "kind", "says"),
    [
        ("11", "10", Refused, "b: 11 bad of 10: more bad ones than all"),
        ("-1", "10", SourceError, "b: -1 bad of 10: a count is below zero"),
        (
            "1",
            "2e12",
            Refused,
            "b: 2e+12 events in one window are none that can be: does total count events?",
        ),
    ],
)
async def test_counts_that_cannot_be_say_of_which_value_they_are(
    bad: str, total: str, kind: type, says: str
) -> None:
    told = await counted(vector(zone("a", "1"), zone("b", bad)), vector(zone("a", "5"), zone("b", total)))
    assert isinstance(told, kind)
    assert told.why.startswith(says)  # type: ignore[union-attr]


async def test_a_source_that_is_down_is_told_before_no_data() -> None:
    async with asking(answers("", status=503)) as (fetch, url):
        told = await Prometheus(url).counts_by(fetch, "bad", "total", AT, ("zone",))
    assert isinstance(told, SourceError)
