"""A range of Prometheus is a list for the conditions, and is told by its newest value."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from controller.source_asked import answer
from crossfade.api.analysis import Metric
from crossfade.core.measured import Answer, Nothing, Valued, Wrong

ALL_BELOW = {"success": "result.all(x, x < 1)"}


def ranging(**conditions: str) -> dict[str, Any]:
    source = {"query": 'errors{rev="{{candidate}}"}', "range": {"seconds": 60, "stepSeconds": 20}}
    return {"name": "limit", "prometheus": source, **conditions}


class Server:
    """Answers a range query with these values, one each step."""

    def __init__(self, *values: str) -> None:
        self.values, self.asked, self.paths = values, list[dict[str, str]](), list[str]()

    async def __call__(self, request: web.Request) -> web.Response:
        form = {name: each[0] for name, each in parse_qs(await request.text()).items()}
        self.asked.append(form)
        self.paths.append(request.path)
        points = [[float(form["start"]) + 20 * n, each] for n, each in enumerate(self.values)]
        series = [{"metric": {}, "values": points}] if points else []
        body = {"status": "success", "data": {"resultType": "matrix", "result": series}}
        return web.Response(text=json.dumps(body), content_type="application/json")


@pytest.mark.parametrize(
    ("values", "conditions", "found"),
    [
        (("0.5", "0.2", "0", "0.3"), ALL_BELOW, Valued(0.3, good=True, told="0.3, the last of 4,")),
        (("0.5", "2", "0", "0.3"), ALL_BELOW, Valued(0.3, good=False, told="0.3, the last of 4,")),
        (
            ("1", "2", "3", "4"),
            {"failure": "result[size(result) - 1] > result[0] * 2.0"},
            Valued(4, good=False, told="4, the last of 4,"),
        ),
        (("0.5", "NaN", "0.2", "+Inf"), ALL_BELOW, Valued(0.2, good=True, told="0.2, the last of 2,")),
        (
            ("0.5", "NaN"),
            ALL_BELOW,
            Nothing("only 1 of 4 points of the range have a number, fewer than half"),
        ),
    ],
)
async def test_its_values_are_a_list_for_the_conditions(
    values: tuple[str, ...], conditions: dict[str, str], found: Answer
) -> None:
    assert await answer(ranging(**conditions), Server(*values)) == found


async def test_no_series_is_no_data() -> None:
    assert isinstance(await answer(ranging(**ALL_BELOW), Server()), Nothing)


async def test_it_ends_where_the_window_ends() -> None:
    server = Server("0", "0", "0", "0")
    await answer(ranging(**ALL_BELOW), server)
    (form,) = server.asked
    assert server.paths == ["/api/v1/query_range"]
    assert float(form["end"]) - float(form["start"]) == 60
    assert (form["end"], form["step"]) == ("1769860810.000", "20")
    assert form["query"] == 'errors{rev="v2hash"}'


async def test_a_condition_for_one_number_is_told_as_wrong() -> None:
    found = await answer(ranging(success="result < 1"), Server("0", "0", "0", "0"))
    assert isinstance(found, Wrong)
    assert found.why.startswith("the condition is wrong")


@pytest.mark.parametrize(
    ("seconds", "step", "may"), [(60, 60, True), (60, 61, False), (9990, 10, True), (10_000, 10, False)]
)
def test_a_range_has_from_two_to_a_thousand_points(seconds: int, step: int, may: bool) -> None:
    metric = ranging(**ALL_BELOW)
    metric["prometheus"]["range"] = {"seconds": seconds, "stepSeconds": step}
    if may:
        Metric.model_validate(metric)
    else:
        with pytest.raises(ValueError, match="a range has between 2 and 1000 points"):
            Metric.model_validate(metric)
