"""Whom a metric may ask for a value, or for a word: one model for each kind of source, as a user writes it."""

from typing import Annotated, Final, Literal

from pydantic import Field

from crossfade.api.base import Model, Rule, list_map
from crossfade.api.traffic import OBJECT_NAME

POINTS: Final = 1000
"""Points of a range, at most."""

Query = Annotated[str, Field(min_length=1, max_length=4096)]
TemplateName = Annotated[str, Field(min_length=1, max_length=253, pattern=OBJECT_NAME)]
Address = Annotated[str, Field(min_length=8, max_length=1024, pattern=r"^https?://[^\s]+$")]
Timeout = Annotated[int, Field(ge=1, le=60)]


class SecretKey(Model):
    """One value of a Secret in the Rollout's namespace. The operator reads it with a right that the namespace grants."""

    name: TemplateName
    """Name of the Secret. Example: `prometheus`."""

    key: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")]
    """Key in its `data`. Example: `token`."""


class Range(Model):
    """The time that a range query looks back on, and the time between two of its points."""

    rules = (
        Rule(
            cel=f"self.stepSeconds <= self.seconds && self.seconds / self.stepSeconds < {POINTS}",
            message=f"a range has between 2 and {POINTS} points: let stepSeconds be at most seconds, and at least a "
            "thousandth of them, for example `{seconds: 300, stepSeconds: 15}`",
            holds=lambda self: (
                self.step_seconds <= self.seconds and self.seconds // self.step_seconds < POINTS
            ),
        ),
    )

    seconds: Annotated[int, Field(ge=1, le=86_400)]
    """How far it looks back from the end of the interval, in seconds, 1 to 86400. Longer than `intervalSeconds`, the same
    points are looked at several times. Example: `300`."""

    step_seconds: Annotated[int, Field(ge=1, le=86_400)]
    """The time between two points, in seconds, from 1 to `seconds`; both ends of the range are points. A step shorter than
    the time between two scrapes shows the same sample twice. Example: `15`."""


class Prometheus(Model):
    """A query to a server that speaks Prometheus' HTTP API, asked for one moment: the end of the interval."""

    query: Query
    """PromQL that gives one number. `{{candidate}}` and `{{stable}}` are the revisions, `{{service}}` and `{{namespace}}`
    the Service, `{{window}}` the interval. Example:
    `sum(rate(errors_total{revision="{{candidate}}"}[{{window}}]))`."""

    address: Address | None = None
    """Where the server is, at most 1024 characters. Default: the operator's own setting (`--prometheus`). Another address
    must be on the operator's list (`--allow-source`). Example: `http://prometheus.monitoring:9090`."""

    bearer_token: SecretKey | None = None
    """A Secret's value that is sent as a bearer token. Default: none. Example: `{name: prometheus, key: token}`."""

    range: Range | None = None
    """Asks for the points of a time instead of one moment; `result` is then the list of their values, oldest first. Points
    without a value are left out; with fewer than half of them there is no data. Default: one moment. Example:
    `{seconds: 300, stepSeconds: 15}`."""

    timeout_seconds: Timeout = 10
    """For how long an answer is waited for, in seconds, 1 to 60, by default 10. Then the source counts as down. Example:
    `30`."""


class Header(Model):
    """A header of a request: its value is written here, or is in a Secret."""

    rules = (
        Rule(
            cel="has(self.value) != has(self.secret)",
            message="give a header exactly one of value and secret, for example `{name: Accept-Language, value: en}`",
            holds=lambda self: (self.value is None) != (self.secret is None),
        ),
    )

    name: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[a-zA-Z0-9][-_a-zA-Z0-9]*$")]
    """Its name: letters, digits, `-` and `_`, at most 128 characters. `Host`, `Content-Length` and others that say how the
    request is sent are the operator's own, and refused. Example: `X-Scope-OrgID`."""

    value: Annotated[str, Field(max_length=1024, pattern=r"^[ -~]*$")] | None = None
    """Its value, at most 1024 characters of ASCII, as it is: no placeholder is filled in. Example: `team-a`."""

    secret: SecretKey | None = None
    """A Secret's value instead. It is shown nowhere. Example: `{name: metrics, key: api-key}`."""


class Web(Model):
    """Any service that answers with JSON: a number, or several, where a JSONPath leads to."""

    rules = (
        Rule(
            cel="!has(self.body) || self.method == 'POST'",
            message="a body is sent by POST: add `method: POST`",
            holds=lambda self: self.body is None or self.method == "POST",
        ),
    )

    url: Address
    """What is asked, at most 1024 characters; it must be on the operator's list (`--allow-source`). Placeholders, as
    `{{candidate}}` or an argument's name, may stand in its path and its query, and are escaped. Redirects are not
    followed. Example: `https://checks.example.com/api/errors?revision={{candidate}}`."""

    method: Literal["GET", "POST"] = "GET"
    """How it is asked: `GET` (default) or `POST`."""

    headers: Annotated[list[Header], Field(max_length=16)] = Field(
        default_factory=list, json_schema_extra=list_map("name")
    )
    """Headers that are added, at most 16. Default: none but `Accept: application/json`. Example:
    `[{name: X-API-Key, secret: {name: checks, key: api-key}}]`."""

    body: Annotated[str, Field(min_length=1, max_length=8192)] | None = None
    """What is sent by `POST`, as JSON, at most 8192 characters; placeholders are escaped as JSON's strings are. Default:
    nothing. Example: `{"revision": "{{candidate}}"}`."""

    json_path: Annotated[str, Field(min_length=1, max_length=512, pattern=r"^\$")]
    """Where the number is in the answer, as a JSONPath of RFC 9535, at most 512 characters. A path that may lead to several
    values (`[*]`, a filter, `..`) or leads to an array gives a list as `result`. A text that is a number counts as one,
    null is no data, true and false are refused. Example: `$.data.errorRatio`."""

    bearer_token: SecretKey | None = None
    """A Secret's value that is sent as a bearer token. Default: none. Example: `{name: checks, key: token}`."""

    timeout_seconds: Timeout = 10
    """For how long an answer is waited for, in seconds, 1 to 60, by default 10. Then the source counts as down. Example:
    `30`."""


class Webhook(Model):
    """A gate that somebody else keeps: it is told by `POST` what is at stake, signed, and says yes, no, or not yet.

    204, or 200 with `{"answer": "yes"}`, is yes; 409 or `"no"` is no; 202 or `"notYet"` is not yet. Anything else is an
    error of the source. `message` beside `answer` is shown to people.
    """

    url: Address
    """Whom to ask, at most 1024 characters; it must be on the operator's list (`--allow-source`). No placeholders: what is
    at stake is in the body. Example: `https://gates.example.com/crossfade`."""

    secret: SecretKey
    """The key that requests are signed with, as Standard Webhooks has it: 24 to 64 random bytes, or `whsec_` and their
    base64. Example: `{name: gate, key: signing-key}`."""

    timeout_seconds: Timeout = 10
    """For how long an answer is waited for, in seconds, 1 to 60, by default 10. Then the source counts as down; one that
    needs longer says not yet. Example: `30`."""


class DatadogQuery(Model):
    """A query, and what the formula calls it."""

    name: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
    """Its name: small letters, digits and `_`, at most 40 characters. Example: `bad`."""

    query: Query
    """A query of metrics. Placeholders may stand where a part of a tag or of a name does. Without `by {…}`, which gives
    several numbers. Example: `sum:trace.http.request.errors{service:shop,version:{{candidate}}}.as_count()`."""


class Datadog(Model):
    """One number of Datadog, by its scalar query over the interval."""

    rules = (
        Rule(
            cel="size(self.queries) == 1 || has(self.formula)",
            message="several queries need a formula that makes one number of them, for example `formula: bad / total`",
            holds=lambda self: len(self.queries) == 1 or self.formula is not None,
        ),
    )

    queries: Annotated[list[DatadogQuery], Field(min_length=1, max_length=8)] = Field(
        json_schema_extra=list_map("name")
    )
    """What is asked, 1 to 8 queries. Example: `[{name: bad, query: "sum:errors{service:shop}.as_count()"}]`."""

    formula: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """What makes one number of them, by their names, at most 1024 characters. Default: the number of the one query.
    Example: `bad / total`."""

    aggregator: Literal["avg", "sum", "min", "max", "last", "mean", "percentile", "l2norm", "area"] = "avg"
    """What becomes of the points of the interval: one number, by default their average. Counts want `sum`."""

    api_key: SecretKey
    """The organisation's API key. Example: `{name: datadog, key: api-key}`."""

    application_key: SecretKey
    """An application key that may read time series (`timeseries_query`). Example:
    `{name: datadog, key: application-key}`."""

    address: Address = "https://api.datadoghq.com"
    """The API of the site that has the organisation, by default `https://api.datadoghq.com`. It must be on the operator's
    list (`--allow-source`). Example: `https://api.datadoghq.eu`."""

    timeout_seconds: Timeout = 10
    """For how long an answer is waited for, in seconds, 1 to 60, by default 10. Then the source counts as down. Example:
    `30`."""


class NewRelic(Model):
    """A number of New Relic, by an NRQL query over the interval, asked through NerdGraph."""

    account: Annotated[int, Field(ge=1, le=9_999_999_999)]
    """The account's number. Example: `1234567`."""

    query: Query
    """NRQL that selects one function, without `SINCE` and `UNTIL`, which are written behind it. With `TIMESERIES` `result`
    is the list of its points; `FACET` is refused. Placeholders stand within single quotes. Example:
    `SELECT percentage(count(*), WHERE error IS true) FROM Transaction WHERE revision = '{{candidate}}'`."""

    user_key: SecretKey
    """A user key. Example: `{name: newrelic, key: user-key}`."""

    address: Address = "https://api.newrelic.com"
    """Where NerdGraph is, by default `https://api.newrelic.com`. It must be on the operator's list (`--allow-source`).
    Example: `https://api.eu.newrelic.com`, for accounts in Europe."""

    timeout_seconds: Timeout = 10
    """For how long an answer is waited for, in seconds, 1 to 60, by default 10. Then the source counts as down. Example:
    `30`."""


class InfluxDB(Model):
    """A number of InfluxDB 2 or Cloud, by a Flux query. InfluxDB 3 has no Flux."""

    address: Address
    """Where the server is, at most 1024 characters; it must be on the operator's list (`--allow-source`). Example:
    `https://influxdb.monitoring:8086`."""

    organization: Annotated[str, Field(min_length=1, max_length=253)]
    """Name or ID of the organisation, at most 253 characters. Example: `shop`."""

    query: Query
    """Flux that gives one table. With one row `result` is the number in its `_value`, with several the list of them. It says
    its range itself; placeholders stand within double quotes, `{{window}}` also elsewhere. Example:
    `from(bucket: "web") |> range(start: -{{window}}) |> filter(fn: (r) => r.revision == "{{candidate}}") |> sum()`."""

    token: SecretKey
    """An API token that may read the bucket. Example: `{name: influxdb, key: token}`."""

    timeout_seconds: Timeout = 10
    """For how long an answer is waited for, in seconds, 1 to 60, by default 10. Then the source counts as down. Example:
    `30`."""


class Dimension(Model):
    """A dimension of a metric, with its value."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    """Its name, at most 255 characters. Example: `Revision`."""

    value: Annotated[str, Field(min_length=1, max_length=1024)]
    """Its value, at most 1024 characters; placeholders may stand in it. Example: `{{candidate}}`."""


class CloudWatchMetric(Model):
    """A metric of CloudWatch, and what becomes of its samples in a period."""

    id: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z][a-zA-Z0-9_]*$")] = "metric"
    """What the expression calls it: letters, digits and `_`, beginning with a small letter, at most 40 characters, by
    default `metric`. Example: `errors`."""

    namespace: Annotated[str, Field(min_length=1, max_length=255)]
    """Its namespace, at most 255 characters; placeholders may stand in it. Example: `AWS/ApplicationELB`."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    """Its name, at most 255 characters; placeholders may stand in it. Example: `HTTPCode_Target_5XX_Count`."""

    statistic: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-zA-Z0-9.:%()]+$")]
    """What becomes of the samples in a period, at most 64 characters: `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount`,
    or a percentile or another one that CloudWatch knows. Example: `p99`."""

    dimensions: Annotated[list[Dimension], Field(max_length=30)] = Field(
        default_factory=list, json_schema_extra=list_map("name")
    )
    """All of its dimensions, at most 30: with fewer of them it is another metric, which may have no data. Default: none.
    Example: `[{name: Revision, value: "{{candidate}}"}]`."""


class CloudWatch(Model):
    """A number of Amazon CloudWatch: the newest datapoint of the interval, of one metric or of an expression.

    Only periods that begin and end within the interval count. Services of AWS publish minutes late: with periods of 60 s an
    interval of 300 s is a good one.
    """

    rules = (
        Rule(
            cel="size(self.metrics) == 1 || has(self.expression)",
            message="name one metric, or write an expression that gives one series, for example "
            "`expression: errors / requests`",
            holds=lambda self: len(self.metrics) == 1 or self.expression is not None,
        ),
        Rule(
            cel="self.periodSeconds % 60 == 0 || self.periodSeconds in [1, 5, 10, 20, 30]",
            message="a period is 1, 5, 10, 20 or 30 seconds or whole minutes, for example `periodSeconds: 60`",
            holds=lambda self: self.period_seconds % 60 == 0 or self.period_seconds in {1, 5, 10, 20, 30},
        ),
    )

    region: Annotated[str, Field(max_length=40, pattern=r"^[a-z]{2,4}(-[a-z]{2,16}){1,3}-[0-9]{1,2}$")]
    """The region that has the metrics. Example: `eu-central-1`."""

    metrics: Annotated[list[CloudWatchMetric], Field(max_length=10)] = Field(
        default_factory=list, json_schema_extra=list_map("id")
    )
    """The metrics, at most 10; with an expression that names its own, as `SELECT` does, none. Example:
    `[{namespace: Shop, name: Errors, statistic: Sum, dimensions: [{name: Revision, value: "{{candidate}}"}]}]`."""

    expression: Annotated[str, Field(min_length=1, max_length=2048)] | None = None
    """Metric math over the metrics by their ids, or a `SELECT` of Metrics Insights; it must give one series. At most 2048
    characters; placeholders stand within quotes. Do not fill gaps with zeros: what is not published yet would count as
    zero. Default: the one metric. Example: `errors / requests`."""

    period_seconds: Annotated[int, Field(ge=1, le=43_200)] = 60
    """The length of a period, in seconds: 1, 5, 10, 20, 30, or whole minutes up to 43200, by default 60. Shorter than 60 is
    for metrics that are stored so. `intervalSeconds` must be at least twice as long. Example: `300`."""

    all_periods: bool = False
    """Whether `result` is the list of the values of all periods, oldest first, instead of the newest value, by default
    false. With fewer than half of the periods there is no data."""

    access_key_id: SecretKey
    """The id of an access key whose owner may do `cloudwatch:GetMetricData`. Keys of the machine or the pod are not taken.
    Example: `{name: aws, key: access-key-id}`."""

    secret_access_key: SecretKey
    """The secret of that key. Example: `{name: aws, key: secret-access-key}`."""

    session_token: SecretKey | None = None
    """The token that came with a temporary key; whoever renews the key writes the new ones into the Secret. Default: none.
    Example: `{name: aws, key: session-token}`."""

    address: Address | None = None
    """The endpoint, at most 1024 characters, by default AWS's own for the region
    (`https://monitoring.REGION.amazonaws.com`). It must be on the operator's list (`--allow-source`). Example:
    `https://monitoring-fips.us-east-1.amazonaws.com`."""

    timeout_seconds: Timeout = 10
    """For how long an answer is waited for, in seconds, 1 to 60, by default 10. Then the source counts as down. Example:
    `30`."""
