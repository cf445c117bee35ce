"""What is measured while a release is under way, and what the numbers decide, as a user writes it."""

from typing import Annotated, Final, Literal

from pydantic import Field
from pydantic.alias_generators import to_camel

from crossfade.api.base import Model, Rule, list_map
from crossfade.api.hooks import Job, MetricName
from crossfade.api.sources import (
    POINTS,
    CloudWatch,
    Datadog,
    InfluxDB,
    NewRelic,
    Prometheus,
    TemplateName,
    Web,
    Webhook,
)

ARGUMENT_NAME: Final = r"^[a-zA-Z][a-zA-Z0-9_-]*$"
METRICS_LENGTH: Final = 16

Expression = Annotated[str, Field(min_length=1, max_length=512)]
Limit = Annotated[int, Field(ge=0, le=1000)]
LabelName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]


class Argument(Model):
    """A value that queries and conditions of templates name as `{{name}}`."""

    name: Annotated[str, Field(min_length=1, max_length=40, pattern=ARGUMENT_NAME)]
    """Its name: letters, digits, `_` and `-`, at most 40 characters. Example: `status`."""

    value: Annotated[str, Field(max_length=1024)] | None = None
    """Its value, at most 1024 characters. In a template the default; a template's argument without one must be given by
    whoever names the template. Example: `5..`."""


class TemplateRef(Model):
    """A template whose metrics are taken over."""

    name: TemplateName
    """Name of an AnalysisTemplate in the namespace of the Rollout, or with `cluster` of a ClusterAnalysisTemplate.
    Example: `errors`."""

    cluster: bool = False
    """Whether it is a ClusterAnalysisTemplate, by default false."""


class Latency(Model):
    """A request that is answered later than this counts as bad."""

    milliseconds: Annotated[int, Field(ge=1, le=600_000)]
    """The time, in milliseconds, 1 to 600000. It counts as the next bound at or above it that the router's histogram has.
    Example: `250`."""


class Errors(Model):
    """A request that is answered with a 5xx status (gRPC: with an error of the server) counts as bad."""


class BuiltIn(Model):
    """Requests as the router itself counts them, for each side: exactly one of `errors` and `latency`.

    The operator writes the queries for the router that carries the Rollout's route out.
    """

    rules = (
        Rule(
            cel="has(self.errors) != has(self.latency)",
            message="choose exactly one of errors and latency, for example `builtIn: {errors: {}}`",
            holds=lambda self: (self.errors is None) != (self.latency is None),
        ),
    )

    errors: Errors | None = None
    """Requests that the router answers with a 5xx status. Example: `{}`."""

    latency: Latency | None = None
    """Requests that are answered too late. Example: `{milliseconds: 250}`."""


class By(Model):
    """The labels that tell the series of both queries apart: `stratum`, `pod`, or both.

    Each query then gives a number for each value of them, `sum by (zone) (…)`, and no two for the same, at most 10,000. A series
    without the label counts as a value of its own, and NaN as no data of that value. A value that `total` has and `bad` has not
    had no bad ones; but where `bad` gives nothing at all there is no data: write `… or 0 * …` to have zeros there.
    """

    rules = (
        Rule(
            cel="has(self.stratum) || has(self.pod)",
            message="name a label: stratum, pod or both, for example `by: {stratum: zone}`",
            holds=lambda self: bool(self.stratum or self.pod),
        ),
        Rule(
            cel="!has(self.stratum) || !has(self.pod) || self.stratum != self.pod",
            message="stratum and pod are two labels: pods of the candidate are none of stable's, so they cannot be compared "
            "one by one; leave stratum out, or name a zone or a route there",
            holds=lambda self: self.stratum is None or self.stratum != self.pod,
        ),
    )

    stratum: LabelName | None = None
    """The label in whose values both sides are compared one by one: a zone, a route. So a zone that fails more, and has more of
    the candidate's requests, is not held against the candidate. At most 16 values; the others count together as one more.
    Default: all is one. Example: `zone`."""

    pod: LabelName | None = None
    """The label that names the pod. It decides nothing: where the candidate's bad ones are one pod's, the message names it.
    The 20 worst are kept. Default: none is named. Example: `pod`."""


Counting = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"[{][{] *window *[}][}]")]
"""A query that counts what came in the window."""


class Compare(Model):
    """Bad and total of what users did, counted for each side by queries of your own.

    Each is asked twice: for the candidate and for stable, with `{{revision}}` and `{{side}}` (`candidate` or `stable`)
    replaced. Each gives the count of the window alone, so it has `{{window}}`: else the same events would count again in
    every window.
    """

    bad: Counting
    """PromQL that gives one number: the bad events of the window, so with `{{window}}`. Example:
    `sum(increase(jobs_failed_total{revision="{{revision}}"}[{{window}}]))`."""

    total: Counting
    """PromQL that gives one number: all events of the window, the bad ones included. Example:
    `sum(increase(jobs_total{revision="{{revision}}"}[{{window}}]))`."""

    by: By | None = None
    """The labels by which both queries give several numbers, one for each value (`sum by (zone) (…)`), at most 10,000. NaN is
    no data of that value alone; a value that only `total` has, had no bad ones. Default: each gives one. Example: `{stratum:
    zone, pod: pod}`."""


class Judge(Model):
    """How much worse the candidate may be, and how sure a verdict is to be."""

    rules = (
        Rule(
            cel="self.certify > self.tolerance",
            message="certify must be above tolerance: between the two no verdict is right or wrong, "
            "for example `{tolerance: 1, certify: 2}`",
            holds=lambda self: self.certify > self.tolerance,
        ),
    )

    tolerance: Annotated[float, Field(ge=0.5, le=100)] = 1
    """How many times as bad as stable the candidate may be, 0.5 to 100, by default 1: it is taken back when it is shown to
    be worse at all. A candidate that is only a little worse than this is found late. Example: `1.25`."""

    certify: Annotated[float, Field(gt=0.5, le=1000)] = 2
    """It passes when it is shown to be less than so many times as bad as stable, above `tolerance`, up to 1000, by default
    2. Nearer to `tolerance` needs more requests. Example: `3`."""

    alpha: Annotated[float, Field(ge=0.0001, le=0.5)] = 0.05
    """The risk of a wrong verdict, 0.0001 to 0.5, by default 0.05: of a hundred candidates that are within the tolerance
    at most five are taken back, however often it is looked. Example: `0.01`."""

    max_error_ratio: Annotated[float, Field(gt=0, lt=1)] | None = None
    """The part of its requests above which the candidate is plainly broken, whatever stable does, between 0 and 1. Default:
    0.25 for errors, none for latency. Example: `0.1`."""

    negligible: Annotated[float, Field(gt=0, lt=1)] = 0.001
    """A candidate also passes when less than this part of its requests is shown to be bad, between 0 and 1, by default
    0.001: two sides without errors could be compared for ever. Example: `0.0001`."""

    burst: Annotated[int, Field(ge=1, le=1000)] = 1
    """Bad requests come in runs of up to so many (one user who tries again), 1 to 1000, by default 1: so many count as
    one. Example: `3`."""

    min_requests: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    """Requests that the candidate must have had before it passes, whatever was shown before, 0 to 1000000000, by default 0. One
    that is shown to be worse is taken back before that. Where a step's time ends before, `inconclusive` counts. Example: `500`."""


COUNTED: Final = ("built_in", "compare")
"""Members of a metric that are counted for both sides and judged by `judge`."""
VALUED: Final = ("prometheus", "web", "datadog", "new_relic", "influxdb", "cloud_watch")
"""Members that give a value, of which `success` and `failure` are asked."""
SAID: Final = ("webhook", "job")
"""Members that say themselves whether it is good."""
ASKED: Final = (*VALUED, "job")
"""Members of whose value `success` and `failure` may be asked."""
SOURCES: Final = (*COUNTED, *VALUED, *SAID)


def _some(names: tuple[str, ...]) -> str:
    """That one of these members is written, in CEL."""
    return f"({' || '.join(f'has(self.{to_camel(name)})' for name in names)})"


def _listed(names: tuple[str, ...]) -> str:
    """Members in words, as `builtIn, compare and prometheus`."""
    *most, last = map(to_camel, names)
    return f"{', '.join(most)} and {last}" if most else last


class Metric(Model):
    """One thing that is measured, and what that decides. It has exactly one source: `builtIn` or `compare`, which are judged,
    `webhook` or `job`, which decide themselves, or one that gives a value, of which `success` and `failure` are asked.
    """

    rules = (
        Rule(
            cel=f"[{', '.join(f'has(self.{to_camel(name)})' for name in SOURCES)}].filter(chosen, chosen).size() == 1",
            message=f"choose exactly one of {_listed(SOURCES)}, for example `builtIn: {{errors: {{}}}}`",
            holds=lambda self: sum(map(self.has, SOURCES)) == 1,
        ),
        Rule(
            cel=f"!{_some(VALUED)} || has(self.success) || has(self.failure)",
            message="say what the number decides: success, failure or both, for example `success: result < 0.01`",
            holds=lambda self: not any(map(self.has, VALUED)) or bool(self.success or self.failure),
        ),
        Rule(
            cel=f"{_some(ASKED)} || !(has(self.success) || has(self.failure))",
            message=f"success and failure are for {_listed(ASKED)}: what is compared is judged by `judge`, and a "
            "webhook says itself",
            holds=lambda self: any(map(self.has, ASKED)) or not (self.success or self.failure),
        ),
        Rule(
            cel="!has(self.cloudWatch) || (self.intervalSeconds >= 2 * self.cloudWatch.periodSeconds && "
            f"self.intervalSeconds <= {POINTS} * self.cloudWatch.periodSeconds)",
            message="let intervalSeconds be at least twice and at most a thousand times periodSeconds of cloudWatch, so that "
            "a whole period is in it, for example `intervalSeconds: 300` with `periodSeconds: 60`",
            holds=lambda self: self._has_whole_periods(),
        ),
    )

    name: MetricName
    """Its name, told in messages: small letters, digits and `-`, at most 40 characters. Example: `errors`."""

    built_in: BuiltIn | None = None
    """Counts of the router, compared side by side. Example: `{errors: {}}`."""

    compare: Compare | None = None
    """Counts of your own, compared side by side."""

    prometheus: Prometheus | None = None
    """A number of your own, which `success` and `failure` are asked about."""

    web: Web | None = None
    """The same, from any service that answers with JSON."""

    datadog: Datadog | None = None
    """The same, from Datadog. Tried against a stand-in that keeps to its reference, not against Datadog itself."""

    new_relic: NewRelic | None = None
    """The same, from New Relic. Tried against a stand-in that keeps to its reference, not against New Relic itself."""

    influxdb: InfluxDB | None = None
    """The same, from InfluxDB 2. Tried against a stand-in that keeps to its reference, not against InfluxDB itself."""

    cloud_watch: CloudWatch | None = None
    """The same, from Amazon CloudWatch. Tried against moto's server, which checks signatures, not against CloudWatch itself."""

    webhook: Webhook | None = None
    """A gate that somebody else keeps: it says itself whether a measurement is good."""

    job: Job | None = None
    """A Job that is run for each measurement: its exit code decides, or with `success` or `failure` the line that it leaves."""

    judge: Judge = Field(default_factory=Judge)
    """How much worse the candidate may be, for `builtIn` and `compare`. Default: not worse, at a risk of 5 %."""

    success: Expression | None = None
    """CEL over `result`, a number or a list of numbers, and the arguments by their names: a measurement for which it is true
    is good, else bad. Without it, one for which `failure` is not true is good. An argument is a number where its value is
    written as one. At most 512 characters. Example: `result < most`, or for a list `result.all(x, x < most)`."""

    failure: Expression | None = None
    """CEL over the same: a measurement for which it is true is bad, whatever `success` says; with both, one for which
    neither is true decides nothing. Example: `result > 0.05`."""

    interval_seconds: Annotated[int, Field(ge=1, le=86_400)] = 10
    """Time between two measurements, in seconds, 1 to 86400, by default 10."""

    initial_delay_seconds: Annotated[int, Field(ge=0, le=86_400)] = 0
    """Time before the first interval begins, in seconds, 0 to 86400, by default 0: what pods do while they warm up is not
    counted. Example: `30`."""

    count: Limit = 0
    """Measurements after which the metric has passed, 0 to 1000, by default 0: in a step one, in the background and in the
    bake until they end. What is compared goes on until there is a verdict. Example: `5`."""

    failure_limit: Limit = 0
    """Bad measurements that are allowed, 0 to 1000, by default 0: one is too many. Example: `2`."""

    consecutive_failure_limit: Limit | None = None
    """Bad measurements in a row that are allowed. Default: only `failureLimit` counts. Example: `1`."""

    no_data_limit: Limit = 3
    """Measurements in a row that may give nothing (`NaN`, no series) before the metric ends undecided, 0 to 1000, by
    default 3. Nothing is never taken for good."""

    error_limit: Limit = 4
    """Times in a row that the source may not answer before the metric ends undecided, 0 to 1000, by default 4. A source
    that is down is never the candidate's failure."""

    max_seconds: Annotated[int, Field(ge=10, le=604_800)] = 600
    """For how long a step waits for this metric, in seconds from its first interval on, 10 to 604800, by default 600. Then
    `inconclusive` counts. In the background and in the bake nothing waits for it. Example: `1800`."""

    inconclusive: Literal["Pause", "Promote", "Abort"] = "Pause"
    """What follows in a step where nothing was shown by then, or the source gave too little: `Pause` (default) waits for a
    person, `Promote` goes on as if it had passed, `Abort` goes back. In the background and in the bake it is told."""

    dry_run: bool = False
    """Whether it only tells, and decides nothing, by default false: to try a metric on real releases."""

    def has(self, source: str) -> bool:
        """Whether that source is written."""
        return getattr(self, source) is not None

    def _has_whole_periods(self) -> bool:
        period_s = self.cloud_watch.period_seconds if self.cloud_watch is not None else 0
        return not period_s or 2 * period_s <= self.interval_seconds <= POINTS * period_s


class Analysis(Model):
    """What is measured for a while: metrics of its own, and those of templates. A name that comes twice counts once, the
    Rollout's own before a template's, and an earlier template's before a later one's.
    """

    rules = (
        Rule(
            cel="size(self.templates) > 0 || size(self.metrics) > 0",
            message="name a template or write a metric, for example "
            "`metrics: [{name: errors, builtIn: {errors: {}}}]`",
            holds=lambda self: bool(self.templates or self.metrics),
        ),
    )

    templates: Annotated[list[TemplateRef], Field(max_length=8)] = Field(
        default_factory=list, json_schema_extra=list_map("name", "cluster")
    )
    """Templates whose metrics are taken over, at most 8. Example: `[{name: errors, cluster: true}]`."""

    metrics: Annotated[list[Metric], Field(max_length=METRICS_LENGTH)] = Field(
        default_factory=list, json_schema_extra=list_map("name")
    )
    """Metrics of its own, at most 16. Example: `[{name: errors, builtIn: {errors: {}}}]`."""

    arguments: Annotated[list[Argument], Field(max_length=16)] = Field(
        default_factory=list, json_schema_extra=list_map("name")
    )
    """Values for the arguments of the templates and of its own metrics, at most 16. Example: `[{name: status, value:
    "5.."}]`."""
