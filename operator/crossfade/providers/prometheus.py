"""Prometheus, and what speaks its HTTP API (Thanos, Mimir, VictoriaMetrics): one number now, one for each value of a few
labels, or the numbers of a range.

A query must give one series, or by labels one for each of their values. Queries are sent by POST, so that they stand in no URL and in no access log. Source of the shapes:
Prometheus's documentation of its HTTP API; `partial_response` is Thanos's: half the data must not look like all of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from crossfade.providers.body import UnreadableError
from crossfade.providers.fetch import USUAL, Answer, Fetch, Limits, Request
from crossfade.providers.outcome import (
    CountsTable,
    Failed,
    Labels,
    NoData,
    Outcome,
    Refused,
    SourceError,
    Table,
    counts,
    counts_table,
)
from crossfade.providers.place import Place
from crossfade.providers.prometheus_answer import BESIDE, outcome_of, range_of, said, table_of
from crossfade.providers.secret import Credentials, Secret, hidden_of

POINTS: Final = 1000
"""Points of a range at most: what Prometheus gives by default is bounded by 11,000."""
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Prometheus:
    """One server. `url`: without /api/v1; `at`, `start`, `end`: seconds since 1970, of the caller's clock."""

    url: str
    credentials: Credentials | None = None
    limits: Limits = USUAL
    headers: Mapping[str, Secret] | None = None

    async def instant(self, fetch: Fetch, query: str, at: float) -> Outcome:
        """The number that a query gives at a moment."""
        answer = await self._ask(fetch, "query", {"query": query, "time": f"{at:.3f}"})
        return answer if not isinstance(answer, _Read) else outcome_of(answer.document, answer.origin)

    async def span(self, fetch: Fetch, query: str, start: float, end: float, step_s: float) -> Outcome:
        """The numbers of a range, a point every `step_s` seconds, both ends included."""
        if step_s <= 0 or end < start or (end - start) / step_s >= POINTS:
            return Refused(f"a range has between 1 and {POINTS} points: make it shorter, or its step longer")
        points = int((end - start) / step_s + 1e-9) + 1
        form = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step_s:g}"}
        answer = await self._ask(fetch, "query_range", form)
        return answer if not isinstance(answer, _Read) else range_of(answer.document, answer.origin, points)

    async def counts(self, fetch: Fetch, bad: str, total: str, at: float) -> Outcome:
        """Bad and total at one moment, so that they fit together."""
        both = await asyncio.gather(self.instant(fetch, bad, at), self.instant(fetch, total, at))
        return counts(*both)

    async def table(self, fetch: Fetch, query: str, at: float, labels: Labels) -> Table | Failed:
        """A number for each value of these labels at a moment."""
        answer = await self._ask(fetch, "query", {"query": query, "time": f"{at:.3f}"})
        return answer if not isinstance(answer, _Read) else table_of(answer.document, answer.origin, labels)

    async def counts_by(
        self, fetch: Fetch, bad: str, total: str, at: float, labels: Labels
    ) -> CountsTable | Failed:
        """Bad and total at one moment, for each value of these labels."""
        both = (self.table(fetch, bad, at, labels), self.table(fetch, total, at, labels))
        return counts_table(*await asyncio.gather(*both))

    async def _ask(
        self, fetch: Fetch, what: str, form: Mapping[str, str]
    ) -> _Read | NoData | SourceError | Refused:
        place = fetch.place(self.url)
        if isinstance(place, Refused):
            return place
        if place.query:
            return Refused("the URL of a Prometheus ends with its path: take out the ? and what follows")
        answer = await fetch(self._request(place, what, form))
        if not isinstance(answer, Answer):
            return answer
        return self._read(answer, place)

    def _request(self, place: Place, what: str, form: Mapping[str, str]) -> Request:
        full = {**form, "timeout": f"{self.limits.within_s:g}s", "partial_response": "false"}
        headers = {
            **(self.headers or {}),
            "Content-Type": Secret(_FORM),
            "Accept": Secret("application/json"),
        }
        if self.credentials is not None:
            headers["Authorization"] = self.credentials.header()
        return Request(
            replace(place, path=f"{place.path.rstrip('/')}/api/v1/{what}"),
            "POST",
            headers,
            urlencode(full).encode(),
            self.limits,
            hidden_of(self.credentials),
        )

    def _read(self, answer: Answer, place: Place) -> _Read | SourceError | Refused:
        hidden = Request(place, headers=self.headers or {}, hidden=hidden_of(self.credentials))
        try:
            document = answer.document()
        except UnreadableError as error:
            if answer.status != 200:
                return SourceError(
                    f"{place.origin} answers with {answer.status}{_hint(answer.status)}", answer.retry_after_s
                )
            return SourceError(f"{place.origin} {error}")
        if not isinstance(document, dict):
            return SourceError(
                f"{place.origin} answers with JSON that is not Prometheus's: is the URL right?"
            )
        if answer.status == 200 and document.get("status") == "success":
            return _Read(_scrubbed(document, hidden), place.origin)
        told = hidden.told(said(document))
        sentence = (
            f"{place.origin} answers with {answer.status}{f' ({told})' if told else ''}{_hint(answer.status)}"
        )
        is_wrong = document.get("errorType") == "bad_data"
        return Refused(sentence) if is_wrong else SourceError(sentence, answer.retry_after_s)


@dataclass(frozen=True)
class _Read:
    """A successful answer's document, and who gave it."""

    document: Mapping[str, object]
    origin: str


def _scrubbed(document: Mapping[str, Any], hidden: Request) -> Mapping[str, Any]:
    """Without secrets in what is told beside a number."""
    lists = {name: told for name in BESIDE if isinstance(told := document.get(name), list)}
    texts = {name: [each for each in told if isinstance(each, str)] for name, told in lists.items()}
    return {**document, **{name: [hidden.scrubbed(each) for each in told] for name, told in texts.items()}}


def _hint(status: int) -> str:
    known = {
        400: ": look at the query",
        401: ": give credentials by a Secret, or newer ones",
        403: ": these credentials may not ask",
        404: ": is the URL that of a Prometheus, without /api/v1?",
        422: ": the query can be read, and not carried out on these series",
        429: ": it is asked too often; make the interval longer",
    }
    return known.get(status, "")
