"""CloudWatch, by a stand-in that keeps to its reference: a metric's queries reach it filled in and signed with the Secret's keys."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, Final

import pytest
from aiohttp import web

from controller.source_asked import URL, Reads, answer
from crossfade.api.analysis import Metric
from crossfade.core.measured import Answer, Down, Nothing, Valued, Window, Wrong

ENDED: Final = 1_769_860_810
"""12:00:10: the minutes that are whole end at 12:00."""
WINDOW: Final = Window("step 1", "limit", 1, "2026-01-31T12:00:10Z", 300)
SECRETS: Final = Reads(
    secrets={
        "aws": {"id": b"AKIAIOSFODNN7EXAMPLE\n", "secret": b"wJalrXUtnFEMI", "token": b"a-session-token"}
    }
)


class StandIn:
    """Gives a series with these values, the newest in the newest whole minute."""

    def __init__(self, *values: float, status: str = "Complete") -> None:
        self.values, self.status = values, status
        self.asked, self.headers = list[dict[str, Any]](), list[dict[str, str]]()

    async def __call__(self, request: web.Request) -> web.Response:
        self.headers.append(dict(request.headers))
        self.asked.append(await request.json())
        end = self.asked[-1]["EndTime"]
        times = [end - 60 * (len(self.values) - each) for each in range(len(self.values))]
        series = {"Id": "metric", "StatusCode": self.status, "Timestamps": times, "Values": self.values}
        return web.json_response({"MetricDataResults": [series]})


def cloudwatch(success: str = "result < limit", **more: Any) -> dict[str, Any]:
    source = {
        "region": "eu-central-1",
        "metrics": [metric()],
        "accessKeyId": {"name": "aws", "key": "id"},
        "secretAccessKey": {"name": "aws", "key": "secret"},
        "address": URL,
        **more,
    }
    return {"name": "limit", "cloudWatch": source, "success": success, "intervalSeconds": 300}


def metric(**more: Any) -> dict[str, Any]:
    dimensions = [{"name": "Revision", "value": "{{candidate}}"}]
    return {"namespace": "Shop", "name": "Errors", "statistic": "Sum", "dimensions": dimensions, **more}


async def measured(server: StandIn, written: dict[str, Any], reads: Reads = SECRETS) -> Answer:
    return await answer(written, server, reads, window=WINDOW, limit="5")


async def test_the_newest_whole_minute_of_the_window_is_the_number() -> None:
    server = StandIn(7, 3)
    assert await measured(server, cloudwatch()) == Valued(3, good=True)
    (asked,) = server.asked
    assert (asked["StartTime"], asked["EndTime"]) == (ENDED - 250, ENDED - 10)
    (query,) = asked["MetricDataQueries"]
    assert query["MetricStat"]["Metric"] == {
        "Namespace": "Shop",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "Revision", "Value": "v2hash"}],
    }


async def test_all_minutes_of_the_window_are_a_list() -> None:
    written = cloudwatch("result.all(x, x < limit)", allPeriods=True)
    assert await measured(StandIn(4, 7, 3), written) == Valued(3, False, "3, the last of 3,")
    assert isinstance(await measured(StandIn(4), written), Nothing)


async def test_an_expression_is_asked_for_over_its_metrics() -> None:
    server = StandIn(0.5)
    both = [metric(id="errors"), metric(id="requests", name="Requests")]
    assert await measured(server, cloudwatch(metrics=both, expression="errors / requests")) == Valued(
        0.5, True
    )
    queries = server.asked[0]["MetricDataQueries"]
    assert [(each["Id"], each["ReturnData"]) for each in queries] == [
        ("errors", False),
        ("requests", False),
        ("result", True),
    ]
    assert queries[2]["Expression"] == "errors / requests"


async def test_it_is_signed_with_the_keys_of_the_secret() -> None:
    server = StandIn(1)
    token = {"name": "aws", "key": "token"}
    assert await measured(server, cloudwatch(sessionToken=token)) == Valued(1, good=True)
    (headers,) = server.headers
    assert "Credential=AKIAIOSFODNN7EXAMPLE/" in headers["Authorization"]
    assert "/eu-central-1/monitoring/aws4_request," in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "a-session-token"
    signed_at = datetime.strptime(f"{headers['X-Amz-Date']}+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
    assert abs(signed_at - time.time()) < 60, "not the end of the window, which may be long ago"


@pytest.mark.parametrize("key", ["accessKeyId", "secretAccessKey", "sessionToken"])
async def test_a_key_that_the_secret_does_not_have_is_named(key: str) -> None:
    server = StandIn(1)
    written = cloudwatch(**{key: {"name": "aws", "key": "of-last-year"}})
    assert await measured(server, written) == Wrong(
        "Secret aws has no key of-last-year: create it, or name another"
    )
    assert not server.asked


async def test_a_part_of_the_data_is_its_sources_failure_and_no_value() -> None:
    assert await measured(StandIn(0, status="PartialData"), cloudwatch()) == Down(
        f"{URL} gives only a part of the data, PartialData"
    )


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"expression": "errors + {{candidate}}"}, "outside of quotes"),
        ({"metrics": [metric(namespace="{{team}}")]}, "the metric metric, its namespace, at character 1"),
        ({"address": "http://10.0.0.9:9"}, "is not among the sources that the operator may ask"),
        ({"address": None}, "https://monitoring.eu-central-1.amazonaws.com is not among the sources"),
    ],
)
async def test_what_is_wrong_or_not_allowed_is_told(more: dict[str, Any], says: str) -> None:
    found = await measured(StandIn(1), cloudwatch(**more))
    assert isinstance(found, Wrong)
    assert says in found.why


@pytest.mark.parametrize(
    ("interval_s", "more", "says"),
    [
        (119, {}, "at least twice and at most a thousand times periodSeconds"),
        (2001, {"periodSeconds": 1}, "at least twice and at most a thousand times periodSeconds"),
        (300, {"periodSeconds": 90}, "whole minutes"),
        (300, {"metrics": []}, "name one metric, or write an expression"),
        (300, {"metrics": [metric(id="a"), metric(id="b")]}, "name one metric, or write an expression"),
        (300, {"region": "eu-central-1.evil.example"}, "region"),
    ],
)
def test_what_cannot_be_asked_is_refused_when_it_is_applied(
    interval_s: int, more: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        Metric.model_validate({**cloudwatch(**more), "intervalSeconds": interval_s})
    Metric.model_validate({**cloudwatch(), "intervalSeconds": 120})
