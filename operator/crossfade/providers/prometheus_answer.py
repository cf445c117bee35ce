"""What Prometheus's answers mean: vector, scalar and matrix, as numbers or as what keeps them from being one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from crossfade.providers.outcome import NoData, Number, Numbers, Outcome, Refused, SourceError, number
from crossfade.providers.said import shortened

NOTES: Final = 5
BESIDE: Final = ("warnings", "infos")
"""Where it says something beside the data."""

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
