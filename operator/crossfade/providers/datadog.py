"""Datadog: one number for a window, by its scalar query (`POST /api/v2/query/scalar`).

Source of the shapes: its API reference, of scalar queries, of rate limits (`X-RateLimit-Reset`, in seconds), and of errors
(`{"errors": [...]}`). Tried against a stand-in that keeps to them, and not against Datadog itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from crossfade.providers.body import UnreadableError
from crossfade.providers.fetch import USUAL, Answer, Fetch, Limits, Request, wait_s
from crossfade.providers.outcome import NoData, Outcome, Refused, SourceError, number
from crossfade.providers.place import Place
from crossfade.providers.placeholders import OURS, Piece, missing, pieces
from crossfade.providers.secret import Secret

Aggregator = Literal["avg", "sum", "min", "max", "last", "mean", "percentile", "l2norm", "area"]

LONGEST: Final = 8 * 1024
_PATH: Final = "/api/v2/query/scalar"
_TAG: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,200}")
_HINTS: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: ": look at the query",
        401: ": give an API key by a Secret, and that of its site",
        403: ": the keys may not ask, or are those of another site (datadoghq.eu, us3 …)",
        429: ": it is asked too often; make the interval longer",
    }
)


@dataclass(frozen=True)
class Queries:
    """Queries by the names that the formula has for them, read."""

    named: Mapping[str, tuple[Piece, ...]]
    formula: str

    def filled(self, values: Mapping[str, str]) -> Mapping[str, str] | Refused:
        """The queries to send; what is filled in can only be a part of a tag or a name."""
        filled = {}
        for name, parts in self.named.items():
            if (lacks := missing(parts, values)) is not None:
                return lacks
            used = {each.name for each in parts if not isinstance(each, str)}
            if wrong := sorted(each for each in used if not _TAG.fullmatch(values[each])):
                return Refused(
                    f"the value of {{{{{wrong[0]}}}}} is none that a tag can have: letters, digits, _ . : / and -"
                )
            filled[name] = "".join(each if isinstance(each, str) else values[each.name] for each in parts)
        return filled


def read(queries: Mapping[str, str], formula: str = "", arguments: Collection[str] = ()) -> Queries | Refused:
    """Read what a template has. One query needs no formula."""
    if not queries or (len(queries) > 1 and not formula):
        return Refused(
            "several queries need a formula that makes one number of them: write one, as bad / total"
        )
    if any(len(text) > LONGEST or not text.strip() for text in (*queries.values(), formula or "x")):
        return Refused(f"a query has between 1 and {LONGEST} characters")
    named = {}
    for name, text in queries.items():
        found = pieces(text, {*OURS, *arguments})
        if isinstance(found, Refused):
            return Refused(f"the query {name}, {found.why}")
        named[name] = found
    return Queries(named, formula or next(iter(queries)))


@dataclass(frozen=True)
class Datadog:
    """One organisation. `url`: of its site's API; `start`, `end`: seconds since 1970."""

    api_key: Secret
    application_key: Secret
    url: str = "https://api.datadoghq.com"
    limits: Limits = USUAL

    async def scalar(
        self,
        fetch: Fetch,
        queries: Mapping[str, str],
        formula: str,
        span: tuple[float, float],
        aggregator: Aggregator = "avg",
    ) -> Outcome:
        """The number that the formula gives for the window."""
        place = fetch.place(self.url)
        if isinstance(place, Refused):
            return place
        request = self._request(place, _asked(queries, formula, span, aggregator))
        answer = await fetch(request)
        return answer if not isinstance(answer, Answer) else _outcome(answer, request)

    def _request(self, place: Place, asked: Mapping[str, Any]) -> Request:
        headers = {
            "DD-API-KEY": self.api_key,
            "DD-APPLICATION-KEY": self.application_key,
            "Content-Type": Secret("application/json"),
            "Accept": Secret("application/json"),
        }
        asked_at = replace(place, path=f"{place.path.rstrip('/')}{_PATH}")
        return Request(asked_at, "POST", headers, json.dumps(asked).encode(), self.limits)


def _asked(
    queries: Mapping[str, str], formula: str, span: tuple[float, float], aggregator: str
) -> dict[str, Any]:
    listed = [
        {"data_source": "metrics", "name": name, "query": text, "aggregator": aggregator}
        for name, text in queries.items()
    ]
    attributes = {
        "from": round(span[0] * 1000),
        "to": round(span[1] * 1000),
        "queries": listed,
        "formulas": [{"formula": formula}],
    }
    return {"data": {"type": "scalar_request", "attributes": attributes}}


def _outcome(answer: Answer, request: Request) -> Outcome:
    origin = request.place.origin
    try:
        document = answer.document()
    except UnreadableError as error:
        if answer.status == 200:
            return SourceError(f"{origin} {error}")
        document = None
    said = request.told(_said(document))
    if answer.status != 200:
        sentence = f"{origin} answers with {answer.status}{f' ({said})' if said else ''}{_HINTS.get(answer.status, '')}"
        reset_s = wait_s(answer.headers.get("X-RateLimit-Reset", ""))
        return (
            Refused(sentence)
            if answer.status == 400
            else SourceError(sentence, answer.retry_after_s or reset_s)
        )
    if said:
        return SourceError(f"{origin} answers with errors ({said})")
    return _number(document, origin)


def _number(document: Any, origin: str) -> Outcome:
    match document:
        case {"data": {"attributes": {"columns": [*columns]}}}:
            return _of_columns(columns, origin)
    return SourceError(f"{origin} answers with JSON that is not that of a scalar query: is the URL right?")


def _of_columns(columns: list[Any], origin: str) -> Outcome:
    numbers = [each for each in columns if isinstance(each, dict) and each.get("type") == "number"]
    match [each.get("values") for each in numbers]:
        case [] | [[]] | [[None]]:
            return NoData(
                "the query gives nothing for this window: either nothing was counted yet, or no metric has these names and tags"
            )
        case [[int() | float() as value]]:
            return number(float(value), "the answer")
        case [[_, _, *_] as values]:
            return Refused(
                f"the query gives {len(values)} groups where one number is needed: take out `by {{…}}`"
            )
        case [_, _, *_]:
            return Refused("the query gives several columns where one number is needed: write one formula")
    return SourceError(f"{origin} answers with JSON that is not that of a scalar query: is the URL right?")


def _said(document: Any) -> str:
    """What it says of errors: a list of texts where it refuses, one text beside data."""
    match document:
        case {"errors": str() as text}:
            told = text
        case {"errors": [*texts]}:
            told = "; ".join(each for each in texts if isinstance(each, str))
        case _:
            told = ""
    return told
