"""What CloudWatch's answers mean: datapoints of whole periods, or what keeps them from being that.

A series that is not `Complete` is never taken for all of it, nor is one of which CloudWatch says that a limit cut it off.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crossfade.providers.body import UnreadableError
from crossfade.providers.cloudwatch_failure import POLICY
from crossfade.providers.fetch import Answer, Request
from crossfade.providers.outcome import NoData, Refused, SourceError

NOTES: Final = 5


@dataclass(frozen=True)
class Periods:
    """Whole periods: the first begins at `start`, the last ends at `end`, in seconds since 1970."""

    start: int
    end: int
    length_s: int

    @property
    def count(self) -> int:
        return (self.end - self.start) // self.length_s

    def holds(self, at: float) -> bool:
        """Whether the period that begins then is one of them."""
        return self.start <= at <= self.end - self.length_s


@dataclass(frozen=True)
class Points:
    """The values of a series, oldest first, at least one, and what was said beside them."""

    values: tuple[float, ...]
    notes: tuple[str, ...] = ()


def points_of(answer: Answer, request: Request, periods: Periods) -> Points | NoData | SourceError | Refused:
    """The datapoints of the one series, within the periods."""
    origin = request.place.origin
    try:
        document = answer.document()
    except UnreadableError as error:
        return SourceError(f"{origin} {error}")
    match document:
        case {"MetricDataResults": [*results]}:
            cut_off = _cut_off(document, request)
            return cut_off or _of_results(results, request, periods)
    return _strange(origin)


def _of_results(
    results: Sequence[Any], request: Request, periods: Periods
) -> Points | NoData | SourceError | Refused:
    match results:
        case []:
            return _nothing()
        case [dict() as result]:
            told = "; ".join(_messages(result, request))
            return _incomplete(result, told, request) or _of_series(result, request, periods)
        case [_]:
            return _strange(request.place.origin)
    return Refused(
        f"the query gives {len(results)} series where one is needed: write SUM(…) or AVG(…) around it, without GROUP BY"
    )


def _incomplete(result: Mapping[str, Any], told: str, request: Request) -> SourceError | Refused | None:
    status = result.get("StatusCode")
    said = f" ({told})" if told else ""
    match status:
        case "Complete":
            return None
        case "Forbidden":
            return Refused(f"{request.place.origin} keeps the metric from these keys{said}: {POLICY}")
        case "PartialData" | "InternalError":
            return SourceError(f"{request.place.origin} gives only a part of the data, {status}{said}")
    return _strange(request.place.origin)


def _of_series(
    result: Mapping[str, Any], request: Request, periods: Periods
) -> Points | NoData | SourceError:
    times, values = result.get("Timestamps", []), result.get("Values", [])
    if not _are_numbers(times) or not _are_numbers(values) or len(times) != len(values):
        return _strange(request.place.origin)
    whole = [value for at, value in sorted(zip(times, values, strict=True)) if periods.holds(at)]
    kept = tuple(float(each) for each in whole if math.isfinite(each))
    return Points(kept, _messages(result, request)) if kept else _nothing()


def _cut_off(document: Mapping[str, Any], request: Request) -> SourceError | Refused | None:
    """Whether there is more, or a limit was met: then the same question gets a part again."""
    if document.get("NextToken"):
        return SourceError(f"{request.place.origin} gives only a part of the data: make the interval shorter")
    if told := _messages(document, request):
        return Refused(f"the query meets a limit of CloudWatch ({'; '.join(told)}): ask for less")
    return None


def _messages(of: Mapping[str, Any], request: Request) -> tuple[str, ...]:
    listed = of.get("Messages")
    texts = [
        f"{each.get('Code', '')}: {each.get('Value', '')}"
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict)
    ]
    return tuple(request.told(each) for each in texts[:NOTES])


def _are_numbers(listed: Any) -> bool:
    return isinstance(listed, list) and all(
        isinstance(each, int | float) and not isinstance(each, bool) for each in listed
    )


def _nothing() -> NoData:
    return NoData(
        "there is no datapoint of a whole period in this window: nothing was counted yet, it is published minutes later "
        "(make the interval longer), or no metric has just this namespace, name and these dimensions"
    )


def _strange(origin: str) -> SourceError:
    return SourceError(f"{origin} answers with JSON that is not that of GetMetricData: is the URL right?")
