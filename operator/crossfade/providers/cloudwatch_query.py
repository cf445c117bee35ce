"""What CloudWatch is asked: metrics by their ids, and an expression over them that gives one series.

Source: `MetricDataQuery` of its API reference, and its pages on metric math and on Metrics Insights.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crossfade.providers.outcome import Refused
from crossfade.providers.placeholders import OURS, Piece, missing, pieces

LONGEST: Final = 2048
"""Characters of an expression, as CloudWatch has it."""
MOST_METRICS: Final = 10
_ID: Final = re.compile(r"[a-z][A-Za-z0-9_]{0,39}")
_TEXTS: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORD: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,255}")
_NAME: Final = re.compile(r"[\x20-\x7e]{1,1024}")

Pieces = tuple[Piece, ...]


@dataclass(frozen=True)
class Metric:
    """One metric, and what becomes of its samples in a period: `Sum`, `Average`, `p99`. All of its dimensions are named, or it is another."""

    namespace: str
    name: str
    statistic: str
    dimensions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Read:
    """A metric whose texts are cut at their placeholders."""

    namespace: Pieces
    name: Pieces
    statistic: str
    dimensions: Mapping[str, Pieces]

    def filled(self, values: Mapping[str, str], period_s: int) -> dict[str, Any] | Refused:
        texts = [
            _filled(each, values, _NAME) for each in (self.namespace, self.name, *self.dimensions.values())
        ]
        for each in texts:
            if isinstance(each, Refused):
                return each
        namespace, name, *of_dimensions = texts
        named = zip(self.dimensions, of_dimensions, strict=True)
        metric = {
            "Namespace": namespace,
            "MetricName": name,
            "Dimensions": [{"Name": each, "Value": value} for each, value in named],
        }
        return {"Metric": metric, "Period": period_s, "Stat": self.statistic}


@dataclass(frozen=True)
class Queries:
    """Metrics by the ids that the expression has for them, read. Without an expression the one metric is the result."""

    metrics: Mapping[str, _Read]
    expression: Pieces = ()

    def filled(self, values: Mapping[str, str], period_s: int) -> list[dict[str, Any]] | Refused:
        """The queries to send. In names what is filled in means itself; in an expression it is a word within quotes."""
        asked: list[dict[str, Any]] = []
        for each, metric in self.metrics.items():
            stat = metric.filled(values, period_s)
            if isinstance(stat, Refused):
                return stat
            asked.append({"Id": each, "MetricStat": stat, "ReturnData": not self.expression})
        if not self.expression:
            return asked
        text = _filled(self.expression, values, _WORD)
        if isinstance(text, Refused):
            return text
        return [
            *asked,
            {"Id": _free(self.metrics), "Expression": text, "Period": period_s, "ReturnData": True},
        ]


def read(
    metrics: Mapping[str, Metric], expression: str = "", arguments: Collection[str] = ()
) -> Queries | Refused:
    """Read what a template has, or say what is wrong with it. One metric needs no expression."""
    if wrong := _wrong(metrics, expression):
        return Refused(wrong)
    names = {*OURS, *arguments}
    found = {}
    for each, metric in metrics.items():
        cut = _cut(metric, names)
        if isinstance(cut, Refused):
            return Refused(f"the metric {each}, {cut.why}")
        found[each] = cut
    parts = pieces(expression, names)
    if isinstance(parts, Refused):
        return Refused(f"the expression, {parts.why}")
    plain = "".join(each if isinstance(each, str) else "\0" for each in parts)
    if "\0" in _TEXTS.sub("", plain):
        return Refused("a placeholder stands outside of quotes in the expression: write '{{name}}'")
    return Queries(found, parts)


def _wrong(metrics: Mapping[str, Metric], expression: str) -> str:
    if not metrics and not expression.strip():
        return "nothing is asked: name a metric, or write an expression"
    if len(metrics) > 1 and not expression.strip():
        return (
            "several metrics need an expression that makes one series of them: write one, as errors / total"
        )
    if len(metrics) > MOST_METRICS or len(expression) > LONGEST:
        return (
            f"at most {MOST_METRICS} metrics are asked for, by an expression of at most {LONGEST} characters"
        )
    if not all(map(_ID.fullmatch, metrics)):
        return "a metric's id has letters, digits and _, at most 40, and begins with a small letter: write another"
    return ""


def _free(metrics: Collection[str]) -> str:
    """An id for what the expression gives."""
    return next(each for n in range(len(metrics) + 1) if (each := "result" + "_" * n) not in metrics)


def _cut(metric: Metric, names: Collection[str]) -> _Read | Refused:
    namespace, name = pieces(metric.namespace, names), pieces(metric.name, names)
    if isinstance(namespace, Refused):
        return Refused(f"its namespace, {namespace.why}")
    if isinstance(name, Refused):
        return Refused(f"its name, {name.why}")
    dimensions = {}
    for each, value in metric.dimensions.items():
        found = pieces(value, names)
        if isinstance(found, Refused):
            return Refused(f"its dimension {each}, {found.why}")
        dimensions[each] = found
    return _Read(namespace, name, metric.statistic, dimensions)


def _filled(parts: Pieces, values: Mapping[str, str], allowed: re.Pattern[str]) -> str | Refused:
    if (lacks := missing(parts, values)) is not None:
        return lacks
    for each in parts:
        if not isinstance(each, str) and not allowed.fullmatch(values[each.name]):
            return Refused(f"the value of {{{{{each.name}}}}} {_CANNOT[allowed]}")
    return "".join(each if isinstance(each, str) else values[each.name] for each in parts)


_CANNOT: Final = {
    _WORD: "cannot stand in an expression: it may have letters, digits, _ . : / and -",
    _NAME: "is none that a metric can have: it may have ASCII characters, and is not empty",
}
