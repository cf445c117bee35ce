"""InfluxDB 2 and Cloud: the numbers that a Flux query gives in `_value`, in one table.

Source of the shapes: its pages on `/api/v2/query` and on annotated CSV. An error after the first bytes comes as a table with the columns
`error` and `reference`. Tried against a stand-in that keeps to them, and not against InfluxDB itself. InfluxDB 3 has no Flux.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from crossfade.providers.body import UnreadableError
from crossfade.providers.fetch import USUAL, Answer, Fetch, Limits, Request
from crossfade.providers.outcome import NoData, Numbers, Outcome, Refused, SourceError, number
from crossfade.providers.place import Place
from crossfade.providers.quoted import Query, Quoting
from crossfade.providers.said import shortened
from crossfade.providers.secret import Secret

LONGEST: Final = 8 * 1024
MOST_ROWS: Final = 1000
_PATH: Final = "/api/v2/query"
_TEXTS: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_WINDOW: Final = re.compile(r"[0-9]+(?:ms|[smhd])")
_NUMERIC: Final = frozenset({"double", "long", "unsignedLong"})
_DIALECT: Final = {"annotations": ["datatype"], "header": True, "delimiter": ",", "commentPrefix": "#"}
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "$": "\\$"}
_HINTS: Final = {
    401: ": give a token by a Secret",
    404: ": is the organisation written right, and is the URL that of an InfluxDB 2?",
    429: ": it is asked too often; make the interval longer",
}

Row = Mapping[str, str]


def _escaped(value: str) -> str:
    if _WINDOW.fullmatch(value):
        return value
    return "".join(_ESCAPES.get(each, each) for each in value)


_FLUX: Final = Quoting(
    LONGEST,
    _TEXTS,
    _escaped,
    'a placeholder stands outside of quotes: write "{{name}}"; {{window}} alone may stand there',
    bare=frozenset({"window"}),
)


def read(text: str, arguments: Collection[str] = ()) -> Query | Refused:
    """Read a query, or say what is wrong with it."""
    return _FLUX.read(text, arguments)


@dataclass(frozen=True)
class InfluxDB:
    """One organisation on one server."""

    url: str
    organisation: str
    token: Secret
    limits: Limits = USUAL

    async def measure(self, fetch: Fetch, query: str) -> Outcome:
        """The number of a query, or its numbers where it gives several rows."""
        place = fetch.place(self.url)
        if isinstance(place, Refused):
            return place
        request = self._request(place, query)
        answer = await fetch(request)
        return answer if not isinstance(answer, Answer) else _outcome(answer, request)

    def _request(self, place: Place, query: str) -> Request:
        headers = {
            "Authorization": Secret(f"Token {self.token.reveal().strip()}"),
            "Content-Type": Secret("application/json"),
            "Accept": Secret("application/csv"),
        }
        body = json.dumps({"query": query, "type": "flux", "dialect": _DIALECT}).encode()
        path = f"{place.path.rstrip('/')}{_PATH}"
        return Request(
            replace(place, path=path, query=urlencode({"org": self.organisation})),
            "POST",
            headers,
            body,
            self.limits,
        )


def _outcome(answer: Answer, request: Request) -> Outcome:
    origin = request.place.origin
    if answer.status != 200:
        said = request.told(_said(answer))
        sentence = f"{origin} answers with {answer.status}{f' ({said})' if said else ''}{_HINTS.get(answer.status, '')}"
        return Refused(sentence) if answer.status == 400 else SourceError(sentence, answer.retry_after_s)
    if answer.is_html:
        return SourceError(
            f"{origin} answers with a page for people: write the URL of its API, and see that no login stands before it"
        )
    rows = _read(answer)
    if rows is None:
        return SourceError(f"{origin} answers with what is no CSV: is the URL that of an InfluxDB 2?")
    failed = next((row["error"] for row in rows if row.get("error")), None)
    if failed is not None:
        return SourceError(f"{origin} answers with an error ({request.told(failed)})")
    return _of_rows(rows, origin)


def _read(answer: Answer) -> list[Row] | None:
    """Its records; None where it is no CSV. A line of JSON would be read as a header without records."""
    if "json" in answer.kind:
        return None
    try:
        return list(_rows(answer.body.decode()))
    except (UnicodeDecodeError, csv.Error):
        return None


def _rows(text: str) -> Iterator[Row]:
    """Each record by the labels of its table; `#datatype` of `_value` stands under that name."""
    labels: list[str] = []
    types: list[str] = []
    is_header = True
    for line in csv.reader(io.StringIO(text), strict=True):
        if not line or line == [""]:
            is_header = True
        elif line[0].startswith("#"):
            types, is_header = line, True
        elif is_header:
            labels, is_header = line, False
        else:
            kinds = dict(zip(labels, types, strict=False))
            yield {**dict(zip(labels, line, strict=False)), "#datatype": kinds.get("_value", "")}


def _of_rows(rows: list[Row], origin: str) -> Outcome:
    if not rows:
        return NoData(
            "the query gives no table: either nothing was counted yet, or no series has these names and tags"
        )
    if any("_value" not in row or "table" not in row for row in rows):
        return SourceError(
            f"{origin} answers with CSV without _value: keep that column, or is it no InfluxDB 2?"
        )
    tables = {(row.get("result", ""), row["table"]) for row in rows}
    if len(tables) > 1:
        return Refused(
            f"the query gives {len(tables)} tables where one is needed: write |> group() |> sum(), or another function"
        )
    if wrong := {row["#datatype"] for row in rows} - _NUMERIC:
        return Refused(
            f"the query gives values of the type {shortened(min(wrong))}, where numbers are needed"
        )
    if len(rows) > MOST_ROWS:
        return Refused(
            f"the query gives more than {MOST_ROWS} rows: write |> aggregateWindow(…), or one function of all"
        )
    return _numbers([row["_value"] for row in rows], origin)


def _numbers(texts: list[str], origin: str) -> Outcome:
    try:
        values = [float(each) if each else math.nan for each in texts]
    except ValueError:
        return SourceError(f"{origin} answers with CSV whose _value is no number")
    if len(values) == 1:
        return NoData("the query gives an empty value") if not texts[0] else number(values[0], "the answer")
    kept = tuple(each for each in values if math.isfinite(each))
    if len(kept) * 2 < len(values):
        return NoData(f"only {len(kept)} of {len(values)} points of the range have a number, fewer than half")
    return Numbers(kept, len(values) - len(kept))


def _said(answer: Answer) -> str:
    try:
        document: Any = answer.document()
    except UnreadableError:
        return ""
    match document:
        case {"message": str() as text}:
            return text
    return ""
