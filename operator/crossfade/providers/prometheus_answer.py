"""What Prometheus's answers mean: vector, scalar and matrix, as numbers or as what keeps them from being one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from crossfade.api.printable import one_line
from crossfade.providers.outcome import (
    Failed,
    Labels,
    NoData,
    Number,
    Numbers,
    Outcome,
    Refused,
    SourceError,
    Table,
    number,
)
from crossfade.providers.said import shortened

NOTES: Final = 5
BESIDE: Final = ("warnings", "infos")
"""Where it says something beside the data."""
SERIES: Final = 10_000
"""Series of a table at most: as many as a Rollout may have pods. The longest answer that is read has about so many."""

Document = Mapping[str, Any]


def outcome_of(document: Document, origin: str) -> Outcome:
    """The number of an instant query's answer."""
    if partial := _partial(document, origin):
        return partial
    match document.get("data"):
        case {"resultType": "scalar", "result": sample}:
            return _sample(sample, origin, _notes(document))
        case {"resultType": "vector", "result": []}:
            return NoData(
                "the query gives no series: either nothing was counted yet, or no series has these names and labels"
            )
        case {"resultType": "vector", "result": [{"value": sample}]}:
            return _sample(sample, origin, _notes(document))
        case {"resultType": "vector", "result": [{"histogram": _}]}:
            return Refused(
                "the query gives a histogram, and no number: write histogram_quantile(…) or histogram_count(…) around it"
            )
        case {"resultType": "vector", "result": [_, _, *_] as series}:
            return Refused(_too_many(len(series)))
        case {"resultType": "matrix"}:
            return Refused(
                "the query gives a range, and no number: write rate(…), increase(…) or avg_over_time(…) around it"
            )
        case {"resultType": "string"}:
            return Refused("the query gives a text, and no number")
    return _strange(origin)


def table_of(document: Document, origin: str, labels: Labels) -> Table | Failed:
    """The numbers of an instant query's answer, by the values of these labels."""
    match document.get("data"):
        case {"resultType": "vector", "result": [_, *_] as series}:
            return _partial(document, origin) or _table(series, origin, labels)
        case {"resultType": "scalar"}:
            return Refused(f"the query gives one number without labels: write {_by(labels)}")
    told = outcome_of(document, origin)
    return told if isinstance(told, Failed) else _strange(origin)


def range_of(document: Document, origin: str, points: int) -> Outcome:
    """The numbers of a range query's answer that was to have so many points."""
    if partial := _partial(document, origin):
        return partial
    match document.get("data"):
        case {"resultType": "matrix", "result": []}:
            return NoData(
                "the query gives no series: either nothing was counted yet, or no series has these names and labels"
            )
        case {"resultType": "matrix", "result": [{"values": [*samples]}]}:
            return _samples(samples, origin, points, _notes(document))
        case {"resultType": "matrix", "result": [{"histograms": _}]}:
            return Refused(
                "the query gives histograms, and no numbers: write histogram_quantile(…) around it"
            )
        case {"resultType": "matrix", "result": [_, _, *_] as series}:
            return Refused(_too_many(len(series)))
    return _strange(origin)


def said(document: Document) -> str:
    """What a refusal says of itself."""
    told = document.get("error")
    return told if isinstance(told, str) else ""


def _table(series: Sequence[Any], origin: str, labels: Labels) -> Table | Failed:
    if len(series) > SERIES:
        return Refused(f"the query gives {len(series)} series, more than {SERIES}: write {_by(labels)}")
    found: dict[Labels, Number | NoData] = {}
    for each in series:
        key, told = _row(each, origin, labels)
        if not isinstance(told, Number | NoData):
            return told
        if key in found:
            where = ", ".join(f"{name}={value!r}" for name, value in zip(labels, key, strict=True))
            return Refused(f"the query gives several series with {where}: write {_by(labels)}")
        found[key] = told
    values = {key: told.value for key, told in found.items() if isinstance(told, Number)}
    empty = frozenset(found.keys() - values.keys())
    return Table(values, empty) if values else NoData("every number of the answer is NaN or infinite")


def _row(each: Any, origin: str, labels: Labels) -> tuple[Labels, Number | Failed]:
    """The values of its labels, and its number. A text of others may stand in a message: it stays in its line."""
    match each:
        case {"metric": dict(metric), "value": sample}:
            values = [metric.get(name, "") for name in labels]
            texts = tuple(one_line(value) for value in values if isinstance(value, str))
            return texts, _sample(sample, origin, ()) if len(texts) == len(values) else _strange(origin)
        case {"histogram": _}:
            return (), Refused(
                "the query gives histograms, and no numbers: write histogram_count(…) around it"
            )
    return (), _strange(origin)


def _by(labels: Labels) -> str:
    return f"sum by ({', '.join(labels)}) (…) around it"


def _samples(samples: Sequence[Any], origin: str, points: int, notes: tuple[str, ...]) -> Outcome:
    read = [_sample(each, origin, ()) for each in samples]
    broken = next((each for each in read if isinstance(each, SourceError)), None)
    if broken is not None:
        return broken
    values = tuple(each.value for each in read if isinstance(each, Number))
    if len(values) * 2 < points or not values:
        return NoData(f"only {len(values)} of {points} points of the range have a number, fewer than half")
    return Numbers(values, max(points - len(values), 0), notes)


def _sample(sample: Any, origin: str, notes: tuple[str, ...]) -> Number | NoData | SourceError:
    match sample:
        case [int() | float(), str() as text]:
            try:
                return number(float(text), "the answer", notes)
            except ValueError:
                return _strange(origin)
    return _strange(origin)


def _partial(document: Document, origin: str) -> SourceError | None:
    """VictoriaMetrics says so when a part of its storage did not answer."""
    if document.get("isPartial") is True:
        return SourceError(f"{origin} had only a part of its data at hand: wait until all of it answers")
    return None


def _notes(document: Document) -> tuple[str, ...]:
    told = [each for name in BESIDE for each in _list(document.get(name))]
    return tuple(shortened(each) for each in told[:NOTES] if isinstance(each, str))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _too_many(count: int) -> str:
    return f"the query gives {count} series where one is needed: write sum(…), avg(…) or max(…) around it, without `by`"


def _strange(origin: str) -> SourceError:
    return SourceError(f"{origin} answers with JSON that is not Prometheus's: is the URL right?")
