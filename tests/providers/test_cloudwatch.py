"""CloudWatch by moto's server, which checks signatures and rights, and by answers as its reference has them, which moto never gives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from botocore.serialize import create_serializer
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from crossfade.providers.allowed import allow_list
from crossfade.providers.cloudwatch import POINTS, CloudWatch, endpoint, whole_periods
from crossfade.providers.cloudwatch_answer import Periods
from crossfade.providers.cloudwatch_query import Metric, Queries, read
from crossfade.providers.fetch import Fetch
from crossfade.providers.outcome import NoData, Number, Numbers, Outcome, Refused, SourceError
from crossfade.providers.secret import Secret
from crossfade.providers.sigv4 import Keys
from providers.moto_served import REGION, Aws, moto_served
from providers.served import Handler, answers, asking

NOW = 1_790_000_400.0
FIRST = 1_790_000_040
"""The beginning of a minute."""
KEYS = Keys(Secret("AKIAIOSFODNN7EXAMPLE"), Secret("wJalrXUtnFEMI/K7MDENG"), Secret("a-session-token"))
VALUES = {"candidate": "6d5f", "stable": "1a2b", "service": "shop", "namespace": "web", "window": "300s"}
NOTHING = NoData(
    "there is no datapoint of a whole period in this window: nothing was counted yet, it is published minutes later "
    "(make the interval longer), or no metric has just this namespace, name and these dimensions"
)


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    with moto_served() as server:
        yield server


def errors(namespace: str = "Shop", **dimensions: str) -> Metric:
    return Metric(namespace, "Errors", "Sum", dimensions or {"Revision": "{{candidate}}"})


def queries(expression: str = "", **metrics: Metric) -> list[dict[str, Any]]:
    found = read(metrics or {"errors": errors()}, expression)
    assert isinstance(found, Queries)
    filled = found.filled(VALUES, 60)
    assert not isinstance(filled, Refused)
    return filled


def minutes(count: int = 5, start: int = FIRST) -> Periods:
    return Periods(start, start + count * 60, 60)


def told(outcome: Outcome, url: str) -> Outcome:
    """With … for the origin."""
    if isinstance(outcome, SourceError):
        return SourceError(outcome.why.replace(url, "…"), outcome.retry_after_s)
    return Refused(outcome.why.replace(url, "…")) if isinstance(outcome, Refused) else outcome


async def newest(
    aws: Aws, asked: list[dict[str, Any]], periods: Periods, keys: Keys | None = None
) -> Outcome:
    async with Fetch(allow_list([aws.url])) as fetch:
        source = CloudWatch(REGION, keys or aws.reader, aws.url)
        return told(await source.newest(fetch, asked, periods, NOW), aws.url)


# --- moto ---------------------------------------------------------------------------------------------------


async def test_the_newest_whole_period_is_the_number(aws: Aws) -> None:
    aws.put({FIRST + 70: 2, FIRST + 80: 3, FIRST + 130: 7}, Case="newest")
    asked = queries(errors=errors(Case="newest"))
    assert await newest(aws, asked, minutes(2)) == Number(5)
    assert await newest(aws, asked, minutes(3)) == Number(7)


def side(revision: str) -> list[dict[str, Any]]:
    return queries(errors=errors(Case="sides", Revision=revision))


async def test_a_metric_with_other_dimensions_is_another(aws: Aws) -> None:
    aws.put({FIRST: 2}, Case="sides", Revision="6d5f")
    aws.put({FIRST: 9}, Case="sides", Revision="1a2b")
    assert await newest(aws, side("{{candidate}}"), minutes()) == Number(2)
    assert await newest(aws, side("{{stable}}"), minutes()) == Number(9)
    assert await newest(aws, side("none"), minutes()) == NOTHING


async def test_an_expression_over_a_metric_gives_its_series_alone(aws: Aws) -> None:
    aws.put({FIRST: 4}, Case="math")
    assert await newest(aws, queries("errors", errors=errors(Case="math")), minutes()) == Number(4)


async def test_a_range_gives_all_whole_periods_and_how_many_are_missing(aws: Aws) -> None:
    aws.put({FIRST: 1, FIRST + 60: 2, FIRST + 180: 4, FIRST + 300: 6}, Case="range")
    async with Fetch(allow_list([aws.url])) as fetch:
        source = CloudWatch(REGION, aws.reader, aws.url)
        asked = queries(errors=errors(Case="range"))
        assert await source.all_of(fetch, asked, minutes(5), NOW) == Numbers((1, 2, 4), missing=2)
        assert await source.all_of(fetch, asked, minutes(5, FIRST + 180), NOW) == NoData(
            "only 2 of 5 points of the range have a number, fewer than half"
        )
        assert await source.all_of(fetch, asked, minutes(5, FIRST - 3600), NOW) == NOTHING


async def test_temporary_keys_come_with_their_token(aws: Aws) -> None:
    aws.put({FIRST: 3}, Case="temporary")
    asked = queries(errors=errors(Case="temporary"))
    assert await newest(aws, asked, minutes(), aws.temporary) == Number(3)
    for token in (Secret("another-token"), None):
        other = replace(aws.temporary, session_token=token)
        assert isinstance(await newest(aws, asked, minutes(), other), Refused)


@pytest.mark.parametrize("case", ["another secret", "an unknown id", "without a right"])
async def test_keys_that_may_not_ask_are_refused_and_not_shown(case: str, aws: Aws) -> None:
    keys = {
        "another secret": replace(aws.reader, secret_access_key=KEYS.secret_access_key),
        "an unknown id": KEYS,
        "without a right": aws.stranger,
    }[case]
    outcome = await newest(aws, queries(), minutes(), keys)
    assert outcome == Refused(
        "… answers with 403: the keys are not good or may not ask: look at the Secret, at the region, "
        "and at who may do cloudwatch:GetMetricData"
    )


async def test_what_cloudwatch_cannot_read_is_refused_in_its_words(aws: Aws) -> None:
    assert await newest(aws, [{"Id": "errors"}], minutes()) == Refused(
        "… answers with 400 (ValidationException: The parameter MetricDataQueries.member.1.MetricStat is required.): "
        "look at the metrics, the expression and the period"
    )


# --- what is sent -------------------------------------------------------------------------------------------


async def test_what_is_asked_is_what_botocore_would_ask() -> None:
    seen: list[tuple[dict[str, str], Any]] = []

    async def server(request: web.Request) -> web.Response:
        seen.append((dict(request.headers), await request.json()))
        return web.json_response({"MetricDataResults": []})

    asked = queries("errors / total", errors=errors(), total=replace(errors(), name="Requests"))
    await measured(server, asked)
    model = get_session().get_service_model("cloudwatch")
    wanted = create_serializer("json").serialize_to_request(
        {
            "StartTime": datetime.fromtimestamp(FIRST, UTC),
            "EndTime": datetime.fromtimestamp(FIRST + 300, UTC),
            "ScanBy": "TimestampAscending",
            "MetricDataQueries": asked,
        },
        model.operation_model("GetMetricData"),
    )
    [(headers, body)] = seen
    assert body == json.loads(wanted["body"])
    assert {name: headers[name] for name in ("X-Amz-Target", "Content-Type")} == {
        name: wanted["headers"][name] for name in ("X-Amz-Target", "Content-Type")
    }
    assert [each["Id"] for each in body["MetricDataQueries"] if each["ReturnData"]] == ["result"]


def test_a_metric_may_have_the_id_that_results_have() -> None:
    asked = queries("result / result_", result=errors(), result_=errors())
    assert [each["Id"] for each in asked] == ["result", "result_", "result__"]


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-central-1", "https://monitoring.eu-central-1.amazonaws.com"),
        ("us-gov-west-1", "https://monitoring.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "https://monitoring.cn-north-1.amazonaws.com.cn"),
    ],
)
async def test_aws_itself_is_asked_only_where_the_operator_allows_it(region: str, url: str) -> None:
    assert endpoint(region) == url
    async with Fetch(allow_list(["prometheus:9090"])) as fetch:
        outcome = await CloudWatch(region, KEYS).newest(fetch, queries(), minutes(), NOW)
    assert outcome == Refused(
        f"{url} is not among the sources that the operator may ask: whoever runs the operator can add {url}/ to its list of sources"
    )


@pytest.mark.parametrize("region", ["", "eu", "eu-central-1.evil.example", "EU-CENTRAL-1", "eu-central-1\n"])
async def test_a_region_that_is_none_makes_no_name_of_a_host(region: str) -> None:
    async with Fetch(allow_list([])) as fetch:
        outcome = await CloudWatch(region, KEYS).newest(fetch, queries(), minutes(), NOW)
    assert outcome == Refused("the region is none: write one as eu-central-1")


# --- what moto never answers --------------------------------------------------------------------------------


async def measured(handler: Handler, asked: list[dict[str, Any]] | None = None) -> Outcome:
    async with asking(handler) as (fetch, url):
        source = CloudWatch(REGION, KEYS, url)
        return told(await source.newest(fetch, asked or queries(), minutes(), NOW), url)


def series(*values: float, status: str = "Complete", **more: Any) -> dict[str, Any]:
    times = [FIRST + 60 * each for each in range(len(values))]
    return {
        "Id": "errors",
        "Label": "Errors",
        "Timestamps": times,
        "Values": list(values),
        "StatusCode": status,
        **more,
    }


def result(*found: Any, **more: Any) -> Handler:
    return answers(json.dumps({"MetricDataResults": list(found), **more}), kind="application/x-amz-json-1.0")


def failing(status: int, error: str, message: str = "no", **headers: str) -> Handler:
    body = json.dumps({"__type": error, "message": message})
    return answers(body, status, "application/x-amz-json-1.0", **headers)


PART = {"Code": "InternalError", "Value": "try again"}


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        (
            result(series(1, 2, status="PartialData")),
            SourceError("… gives only a part of the data, PartialData"),
        ),
        (
            result(series(1, status="InternalError", Messages=[PART])),
            SourceError("… gives only a part of the data, InternalError (InternalError: try again)"),
        ),
        (result(series(status="PartialData")), SourceError("… gives only a part of the data, PartialData")),
        (
            result(series(1), NextToken="more"),
            SourceError("… gives only a part of the data: make the interval shorter"),
        ),
        (
            result(series(1), Messages=[{"Code": "MaxMetricsExceeded", "Value": "Your search was limited"}]),
            Refused(
                "the query meets a limit of CloudWatch (MaxMetricsExceeded: Your search was limited): ask for less"
            ),
        ),
        (
            result(series(status="Forbidden", Messages=[{"Code": "Forbidden", "Value": "other account"}])),
            Refused(
                "… keeps the metric from these keys (Forbidden: other account): "
                "the keys may not ask: allow cloudwatch:GetMetricData to whom they belong"
            ),
        ),
        (
            result(series(1, status="Better")),
            SourceError("… answers with JSON that is not that of GetMetricData: is the URL right?"),
        ),
    ],
)
async def test_a_part_of_the_data_never_looks_like_all_of_it(handler: Handler, outcome: Outcome) -> None:
    assert await measured(handler) == outcome


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        (result(series(1, 2.5)), Number(2.5)),
        (result({**series(1, 2, 3), "Timestamps": [FIRST + 120, FIRST, FIRST + 60]}), Number(1)),
        (result({**series(1, 2), "Timestamps": [FIRST - 60, FIRST + 300]}), NOTHING),
        (result({**series(1, 2), "Timestamps": [FIRST + 240.0, FIRST + 241]}), Number(1)),
        (result(series()), NOTHING),
        (result(), NOTHING),
        (answers('{"MetricDataResults": [{"StatusCode": "Complete"}]}'), NOTHING),
        (result(series(3, float("nan"))), Number(3)),
        (
            result(series(4, Messages=[{"Code": "ArithmeticError", "Value": "points were dropped"}])),
            Number(4, ("ArithmeticError: points were dropped",)),
        ),
        (
            result(series(1), series(2)),
            Refused(
                "the query gives 2 series where one is needed: write SUM(…) or AVG(…) around it, without GROUP BY"
            ),
        ),
    ],
)
async def test_one_series_gives_its_newest_whole_period(handler: Handler, outcome: Outcome) -> None:
    assert await measured(handler) == outcome


STRANGE = SourceError("… answers with JSON that is not that of GetMetricData: is the URL right?")


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{}",
        '{"MetricDataResults": {}}',
        '{"MetricDataResults": [1]}',
        json.dumps({"MetricDataResults": [{**series(1, 2), "Values": [1]}]}),
        json.dumps({"MetricDataResults": [{**series(1), "Values": ["1"]}]}),
        json.dumps({"MetricDataResults": [{**series(1), "Values": [True]}]}),
        json.dumps({"MetricDataResults": [{**series(1), "Timestamps": None}]}),
    ],
)
async def test_what_is_no_answer_of_cloudwatch_is_told_as_that(body: str) -> None:
    assert await measured(answers(body)) == STRANGE


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        (
            failing(400, "com.amazonaws.cloudwatch#ThrottlingException", "Rate exceeded", Retry_After="7"),
            SourceError(
                "… answers with 400 (ThrottlingException: Rate exceeded): it is asked too often; make the interval longer",
                7,
            ),
        ),
        (
            failing(400, "Throttling"),
            SourceError(
                "… answers with 400 (Throttling: no): it is asked too often; make the interval longer"
            ),
        ),
        (
            answers("slow down", 429, "text/plain"),
            SourceError("… answers with 429: it is asked too often; make the interval longer"),
        ),
        (answers("upstream", 502, "text/plain"), SourceError("… answers with 502: it failed itself")),
        (
            failing(500, "InternalServiceFault#InternalServiceError"),
            SourceError("… answers with 500 (InternalServiceError: no): it failed itself"),
        ),
        (
            failing(400, "ExpiredTokenException", "The security token is expired"),
            SourceError(
                "… answers with 400 (ExpiredTokenException: The security token is expired): "
                "the session token has expired: write new keys into the Secret"
            ),
        ),
        (
            failing(400, "AccessDeniedException:https://example.com/"),
            Refused(
                "… answers with 400 (AccessDeniedException: no): "
                "the keys may not ask: allow cloudwatch:GetMetricData to whom they belong"
            ),
        ),
        (
            failing(400, "UnrecognizedClientException"),
            Refused(
                "… answers with 400 (UnrecognizedClientException: no): "
                "the access key id or the session token is not known there: look at the Secret, and at the region"
            ),
        ),
        (
            failing(400, "InvalidSignatureException", "Signature expired"),
            Refused(
                "… answers with 400 (InvalidSignatureException: Signature expired): the signature is not good: "
                "look at the secret access key in the Secret, at the region, and at the operator's clock"
            ),
        ),
        (
            failing(400, "InvalidParameterValueException", "Period must be 60"),
            Refused(
                "… answers with 400 (InvalidParameterValueException: Period must be 60): "
                "look at the metrics, the expression and the period"
            ),
        ),
        (
            answers("bad", 400, "text/plain"),
            SourceError("… answers with 400: is the URL that of CloudWatch?"),
        ),
        (
            answers("none", 404, "text/plain"),
            SourceError("… answers with 404: is the URL that of CloudWatch?"),
        ),
        (answers('{"MetricData'), SourceError("… sends what is no JSON, or breaks off in it")),
        (
            answers("<html>login", kind="text/html"),
            SourceError(
                "… answers with a page for people: write the URL of its API, and see that no login stands before it"
            ),
        ),
    ],
)
async def test_what_fails_is_told_with_what_to_do(handler: Handler, outcome: Outcome) -> None:
    assert await measured(handler) == outcome


@pytest.mark.parametrize("before", [0, 100, 140, 150, 190])
async def test_nothing_of_the_keys_is_shown_wherever_a_message_is_cut(before: int) -> None:
    """AWS quotes the request that it expected, with the token in it."""

    async def echo(request: web.Request) -> web.Response:
        said = " ".join(
            [KEYS.access_key_id.reveal(), *request.headers.values(), KEYS.secret_access_key.reveal()]
        )
        body = {"__type": "InvalidSignatureException", "message": "x" * before + said}
        return web.json_response(body, status=400)

    outcome = await measured(echo)
    assert isinstance(outcome, Refused)
    for each in KEYS.hidden:
        assert each.reveal()[:6] not in outcome.why
    assert "Signature=" not in outcome.why
    assert not any(each.reveal() in repr(CloudWatch(REGION, KEYS)) for each in KEYS.hidden)


# --- windows and queries ------------------------------------------------------------------------------------


@given(st.integers(10**9, 2**31), st.floats(0, 0.999), st.sampled_from([1, 5, 60, 300]), st.integers(2, 40))
def test_periods_lie_within_their_window_and_there_is_at_least_one(
    second: int, part: float, period_s: int, count: int
) -> None:
    end, window_s = second + part, count * period_s
    found = whole_periods(end, window_s, period_s)
    assert isinstance(found, Periods)
    assert end - window_s <= found.start < found.end <= end
    assert (found.start % period_s, found.end % period_s) == (0, 0)
    assert count - 1 <= found.count <= count


def test_a_window_that_may_hold_no_whole_period_is_refused() -> None:
    assert whole_periods(NOW, 119, 60) == Refused(
        "a window of 119 s may hold no whole period of 60 s: make the interval 120 s or longer"
    )


def test_of_a_very_long_window_the_newest_periods_are_looked_at() -> None:
    end = FIRST + 60
    assert whole_periods(end, 60 * (POINTS + 7), 60) == Periods(end - 60 * POINTS, end, 60)


def test_placeholders_stand_in_names_and_within_quotes_of_an_expression() -> None:
    metric = Metric("Apps/{{namespace}}", "{{service}} errors", "Sum", {"Revision": "{{candidate}}"})
    found = read({"errors": metric}, "errors / FILL(SEARCH('{Apps,Side} {{stable}}', 'Sum'), 1)")
    assert isinstance(found, Queries)
    filled = found.filled(VALUES, 60)
    assert not isinstance(filled, Refused)
    assert filled[0]["MetricStat"]["Metric"] == {
        "Namespace": "Apps/web",
        "MetricName": "shop errors",
        "Dimensions": [{"Name": "Revision", "Value": "6d5f"}],
    }
    assert filled[1]["Expression"] == "errors / FILL(SEARCH('{Apps,Side} 1a2b', 'Sum'), 1)"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"kind": "a' OR 'b"}, "the value of {{kind}} cannot stand in an expression"),
        ({"kind": ""}, "the value of {{kind}} cannot stand in an expression"),
        ({}, "there is no value for {{kind}}"),
    ],
)
def test_what_is_filled_into_an_expression_can_end_no_quotes(values: Mapping[str, str], says: str) -> None:
    found = read({}, "SELECT SUM(Errors) FROM Shop WHERE Kind = '{{kind}}'", ("kind",))
    assert isinstance(found, Queries)
    refused = found.filled(values, 60)
    assert isinstance(refused, Refused)
    assert says in refused.why


@pytest.mark.parametrize("value", ["", "ä", "a\nb", "x" * 1025])
def test_what_no_metric_can_have_is_refused_before_anybody_is_asked(value: str) -> None:
    found = read({"errors": errors(Kind="{{kind}}")}, arguments=("kind",))
    assert isinstance(found, Queries)
    assert found.filled({"kind": value}, 60) == Refused(
        "the value of {{kind}} is none that a metric can have: it may have ASCII characters, and is not empty"
    )


@pytest.mark.parametrize(
    ("metrics", "expression", "says"),
    [
        ({}, " ", "name a metric, or write an expression"),
        ({"a": errors(), "b": errors()}, "", "several metrics need an expression"),
        ({"Errors": errors()}, "", "begins with a small letter"),
        ({f"m{each}": errors() for each in range(11)}, "m1", "at most 10 metrics"),
        ({"a": errors()}, "a" * 2049, "at most 2048 characters"),
        ({"a": errors()}, "a * {{candidate}}", "outside of quotes"),
        ({"a": errors()}, "'{{canary}}'", "the expression, at character 2: {{canary}} is neither"),
        ({"a": errors(Kind="{{canary}}")}, "", "the metric a, its dimension Kind, at character 1"),
        ({"a": errors("{{canary}}")}, "", "the metric a, its namespace, at character 1"),
        ({"a": replace(errors(), name="{{canary}}")}, "", "the metric a, its name, at character 1"),
    ],
)
def test_what_is_wrong_is_told_when_the_template_is_read(
    metrics: Mapping[str, Metric], expression: str, says: str
) -> None:
    refused = read(metrics, expression)
    assert isinstance(refused, Refused)
    assert says in refused.why
