"""Amazon CloudWatch: the newest whole period of a window, or all of them, by `GetMetricData`.

Source of the shapes: its API reference, in the JSON protocol (`X-Amz-Target`), which CloudWatch speaks beside others. Tried against moto's
server, which checks signatures and rights; what moto never says (a part of the data, too many requests) against a stand-in that keeps to the
reference. Not tried against CloudWatch itself.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crossfade.providers.cloudwatch_answer import Periods, Points, points_of
from crossfade.providers.cloudwatch_failure import failure_of
from crossfade.providers.fetch import USUAL, Answer, Fetch, Limits, Request
from crossfade.providers.outcome import NoData, Numbers, Outcome, Refused, SourceError, number
from crossfade.providers.place import Place
from crossfade.providers.secret import Secret
from crossfade.providers.sigv4 import Keys, Scope, signed

POINTS: Final = 1000
_SERVICE: Final = "monitoring"
_REGION: Final = re.compile(r"[a-z]{2,4}(-[a-z]{2,16}){1,3}-[0-9]{1,2}")
_HEADERS: Final[Mapping[str, str]] = {
    "X-Amz-Target": "GraniteServiceVersion20100801.GetMetricData",
    "Content-Type": "application/x-amz-json-1.0",
    "Accept": "application/x-amz-json-1.0",
}


@dataclass(frozen=True)
class CloudWatch:
    """One region of one account. `url`: its endpoint, by default AWS's own for the region; `now`, where it is asked for, is in seconds
    since 1970 and signed: an answer needs a clock that is right to five minutes.
    """

    region: str
    keys: Keys
    url: str = ""
    limits: Limits = USUAL

    async def newest(
        self, fetch: Fetch, queries: Sequence[Mapping[str, Any]], periods: Periods, now: float
    ) -> Outcome:
        """The value of the newest whole period that has one."""
        found = await self._points(fetch, queries, periods, now)
        return (
            number(found.values[-1], "the newest datapoint", found.notes)
            if isinstance(found, Points)
            else found
        )

    async def all_of(
        self, fetch: Fetch, queries: Sequence[Mapping[str, Any]], periods: Periods, now: float
    ) -> Outcome:
        """The values of all whole periods, where at least half of them have one."""
        found = await self._points(fetch, queries, periods, now)
        if not isinstance(found, Points):
            return found
        if len(found.values) * 2 < periods.count:
            return NoData(
                f"only {len(found.values)} of {periods.count} points of the range have a number, fewer than half"
            )
        return Numbers(found.values, max(0, periods.count - len(found.values)), found.notes)

    async def _points(
        self, fetch: Fetch, queries: Sequence[Mapping[str, Any]], periods: Periods, now: float
    ) -> Points | NoData | SourceError | Refused:
        if not _REGION.fullmatch(self.region):
            return Refused("the region is none: write one as eu-central-1")
        place = fetch.place(self.url or endpoint(self.region))
        if isinstance(place, Refused):
            return place
        request = self._request(place, _asked(queries, periods), now)
        answer = await fetch(request)
        if not isinstance(answer, Answer):
            return answer
        return points_of(answer, request, periods) if answer.status == 200 else failure_of(answer, request)

    def _request(self, place: Place, asked: Mapping[str, Any], now: float) -> Request:
        headers = {name: Secret(value) for name, value in _HEADERS.items()}
        request = Request(place, "POST", headers, json.dumps(asked).encode(), self.limits)
        return signed(request, self.keys, Scope(self.region, _SERVICE), now)


def endpoint(region: str) -> str:
    """AWS's own for a region."""
    return f"https://{_SERVICE}.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def whole_periods(end: float, window_s: int, period_s: int) -> Periods | Refused:
    """Those that begin and end within a window that ends at `end`, in seconds since 1970.

    None that began before it is among them: that was another step's time, or another revision's. 120 s hold a whole minute wherever they
    begin; 119 s may hold none. Of a window that a pause of the operator made very long, the newest 1000 are looked at.
    """
    if window_s < 2 * period_s:
        return Refused(
            f"a window of {window_s} s may hold no whole period of {period_s} s: make the interval {2 * period_s} s or longer"
        )
    first, last = math.ceil((end - window_s) / period_s), math.floor(end / period_s)
    return Periods(max(first, last - POINTS) * period_s, last * period_s, period_s)


def _asked(queries: Sequence[Mapping[str, Any]], periods: Periods) -> dict[str, Any]:
    return {
        "StartTime": periods.start,
        "EndTime": periods.end,
        "ScanBy": "TimestampAscending",
        "MetricDataQueries": list(queries),
    }
