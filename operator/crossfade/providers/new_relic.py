"""New Relic: one number for a window, or a point for each part of it, by NRQL through NerdGraph (GraphQL).

Source of the shapes: its pages on NerdGraph and NRQL. Errors come with status 200 and a list `errors`; the window is written behind
the query by us (`SINCE … UNTIL …`, in milliseconds since 1970). Tried against a stand-in that keeps to them, and not against New
Relic itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from crossfade.providers.body import UnreadableError
from crossfade.providers.fetch import USUAL, Answer, Fetch, Limits, Request
from crossfade.providers.outcome import NoData, Number, Numbers, Outcome, Refused, SourceError, number
from crossfade.providers.place import Place
from crossfade.providers.quoted import Query, Quoting
from crossfade.providers.secret import Secret

LONGEST: Final = 4096
"""Characters of an NRQL query, as New Relic has it."""
_PATH: Final = "/graphql"
_GRAPHQL: Final = (
    "query($account: Int!, $nrql: Nrql!, $timeout: Seconds) "
    "{ actor { account(id: $account) { nrql(query: $nrql, timeout: $timeout) { results } } } }"
)
_WINDOWED: Final = re.compile(r"\b(since|until|compare\s+with)\b", re.IGNORECASE)
_TEXTS: Final = re.compile(r"'(?:[^'\\]|\\.)*'|`[^`]*`")
_TIMES: Final = frozenset({"beginTimeSeconds", "endTimeSeconds", "inspectedCount"})
_STRANGE: Final = "answers with JSON that is not NerdGraph's: is the URL right?"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", " ")


_NRQL: Final = Quoting(
    LONGEST, _TEXTS, _escaped, "a placeholder stands outside of single quotes: write '{{name}}'"
)


def read(text: str, arguments: Collection[str] = ()) -> Query | Refused:
    """Read a query, or say what is wrong with it."""
    found = _NRQL.read(text, arguments)
    if isinstance(found, Query) and (windowed := _WINDOWED.search(_NRQL.unquoted(found.parts))):
        return Refused(f"take out {windowed[1].upper()}: the window is written behind the query")
    return found


@dataclass(frozen=True)
class NewRelic:
    """One account. `key`: a user key; `url`: https://api.eu.newrelic.com for accounts in Europe."""

    account: int
    key: Secret
    url: str = "https://api.newrelic.com"
    limits: Limits = USUAL

    async def measure(self, fetch: Fetch, query: str, start: float, end: float) -> Outcome:
        """The number of a query for a window, or its numbers where the query has TIMESERIES; times in seconds since 1970."""
        place = fetch.place(self.url)
        if isinstance(place, Refused):
            return place
        request = self._request(place, f"{query} SINCE {round(start * 1000)} UNTIL {round(end * 1000)}")
        answer = await fetch(request)
        return answer if not isinstance(answer, Answer) else _outcome(answer, request)

    def _request(self, place: Place, nrql: str) -> Request:
        variables = {"account": self.account, "nrql": nrql, "timeout": max(1, round(self.limits.within_s))}
        body = json.dumps({"query": _GRAPHQL, "variables": variables}).encode()
        headers = {
            "API-Key": self.key,
            "Content-Type": Secret("application/json"),
            "Accept": Secret("application/json"),
        }
        return Request(
            replace(place, path=f"{place.path.rstrip('/')}{_PATH}"), "POST", headers, body, self.limits
        )


def _outcome(answer: Answer, request: Request) -> Outcome:
    origin = request.place.origin
    if answer.status != 200:
        hint = {
            401: ": give a user key by a Secret",
            403: ": the key may not ask",
            429: ": it is asked too often",
        }.get(answer.status, "")
        return SourceError(f"{origin} answers with {answer.status}{hint}", answer.retry_after_s)
    try:
        document = answer.document()
    except UnreadableError as error:
        return SourceError(f"{origin} {error}")
    if said := request.told(_said(document)):
        is_wrong = "syntax error" in said.lower()
        return (
            Refused(f"the query is wrong: {said}")
            if is_wrong
            else SourceError(f"{origin} answers with errors ({said})")
        )
    match document:
        case {"data": {"actor": {"account": {"nrql": {"results": [*rows]}}}}}:
            return _of_rows(rows, origin)
    return SourceError(f"{origin} {_STRANGE}")


def _of_rows(rows: list[Any], origin: str) -> Outcome:
    if not rows:
        return NoData(
            "the query gives nothing for this window: either nothing was counted yet, or no events have these attributes"
        )
    if not all(isinstance(row, dict) for row in rows):
        return SourceError(f"{origin} {_STRANGE}")
    if any("facet" in row for row in rows):
        return Refused(f"the query gives {len(rows)} facets where one number is needed: take out FACET")
    if len(rows) > 1 and not all("beginTimeSeconds" in row for row in rows):
        return Refused(
            f"the query gives {len(rows)} rows where one number is needed: write a function, as count(*) or percentage(…)"
        )
    read = [_of_row(row) for row in rows]
    wrong = next((each for each in read if isinstance(each, Refused)), None)
    return wrong or (_several(read) if "beginTimeSeconds" in rows[0] else read[0])


def _of_row(row: Mapping[str, Any]) -> Number | NoData | Refused:
    """The one value of a row; that of a percentile stands one level deeper, by its rank."""
    values = [value for name, value in row.items() if name not in _TIMES]
    flat = [inner for each in values for inner in (each.values() if isinstance(each, dict) else [each])]
    match flat:
        case [None] | []:
            return NoData("the query gives null: nothing was counted in this window")
        case [bool()]:
            return Refused("the query gives true or false, where a number is needed")
        case [int() | float() as value]:
            return number(float(value), "the answer")
        case [_]:
            return Refused("the query gives a text, where a number is needed")
    return Refused(f"the query gives {len(flat)} values where one is needed: select one function")


def _several(read: list[Number | NoData | Refused]) -> Outcome:
    values = tuple(each.value for each in read if isinstance(each, Number))
    if len(values) * 2 < len(read):
        return NoData(f"only {len(values)} of {len(read)} points of the range have a number, fewer than half")
    return Numbers(values, len(read) - len(values))


def _said(document: Any) -> str:
    match document:
        case {"errors": [*errors]}:
            texts = [each.get("message") for each in errors if isinstance(each, dict)]
            return "; ".join(each for each in texts if isinstance(each, str)) or "no message"
    return ""
