"""The expressions and queries of metrics, each with its place: what is to be checked before a release goes by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from crossfade.api.analysis import Metric
from crossfade.core.check import Check, Language, Result

LONGEST = 300
"""Characters of what is told of one text: the names that a compiler lists may be many."""

Arguments = Mapping[str, str | None]
"""By name; None where a value is not known yet."""


def texts(metric: Metric, arguments: Arguments) -> Iterator[tuple[str, Check]]:
    """Each expression and query of a metric, with the field that it stands in."""
    if metric.prometheus is not None:
        yield "prometheus.query", _query(metric.prometheus.query, arguments)
    if metric.compare is not None:
        names = (*arguments, "revision", "side")
        yield "compare.bad", _query(metric.compare.bad, names)
        yield "compare.total", _query(metric.compare.total, names)
    for field, condition in (("success", metric.success), ("failure", metric.failure)):
        if condition is not None:
            yield field, Check(Language.CEL, condition, tuple(sorted(arguments.items())), _result(metric))


def _query(text: str, names: Iterable[str]) -> Check:
    return Check(Language.PROMQL, text, tuple((name, None) for name in sorted(set(names))))


def _result(metric: Metric) -> Result:
    """What the source of a metric gives; ANY where only its answer shows whether it is one number or several."""
    if metric.prometheus is not None:
        return Result.NUMBERS if metric.prometheus.range is not None else Result.NUMBER
    return Result.NUMBER if metric.job is not None else Result.ANY


def shortened(why: str) -> str:
    """What is wrong with a text, no longer than a sentence can be."""
    return why if len(why) <= LONGEST else f"{why[: LONGEST - 1]}…"
