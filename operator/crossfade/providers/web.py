"""Any service that answers with JSON: a number, or several, where a JSONPath (RFC 9535) leads to.

Placeholders may stand in the path and the query of the URL, where they are percent-encoded, and in the body, where they are escaped as
JSON's strings are; never in the scheme, the host or the port: what is asked is decided when the template is read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from crossfade.providers.expressions.paths import Found, Paths
from crossfade.providers.fetch import USUAL, Answer, Fetch, Limits, Request
from crossfade.providers.outcome import NoData, Numbers, Outcome, Refused, SourceError, number
from crossfade.providers.place import Place, place_of
from crossfade.providers.placeholders import OURS, Hole, Piece, missing, pieces
from crossfade.providers.secret import Secret

_SENTINEL: Final = "x"
"""Stands for a placeholder while the URL around it is looked at."""


@dataclass(frozen=True)
class Web:
    """What to ask, and where the number is in the answer. `body` is sent as JSON."""

    url: tuple[Piece, ...]
    path: str
    body: tuple[Piece, ...] = ()
    method: str = "GET"
    limits: Limits = USUAL

    async def measure(
        self,
        fetch: Fetch,
        paths: Paths,
        values: Mapping[str, str],
        headers: Mapping[str, Secret] | None = None,
    ) -> Outcome:
        """Ask, and follow the path."""
        request = self._request(fetch, values, headers or {})
        if isinstance(request, Refused):
            return request
        answer = await fetch(request)
        return answer if not isinstance(answer, Answer) else await self._found(answer, request.place, paths)

    def _request(
        self, fetch: Fetch, values: Mapping[str, str], headers: Mapping[str, Secret]
    ) -> Request | Refused:
        if (lacks := missing((*self.url, *self.body), values)) is not None:
            return lacks
        place = fetch.place(_filled(self.url, values, _in_url))
        if isinstance(place, Refused):
            return place
        body = _filled(self.body, values, _in_json).encode()
        kinds = {"Content-Type": Secret("application/json")} if body else {}
        return Request(
            place, self.method, {"Accept": Secret("application/json"), **kinds, **headers}, body, self.limits
        )

    async def _found(self, answer: Answer, place: Place, paths: Paths) -> Outcome:
        if not 200 <= answer.status < 300:
            return SourceError(
                f"{place.origin} answers with {answer.status}, and so with no number", answer.retry_after_s
            )
        if answer.is_html:
            return SourceError(
                f"{place.origin} answers with a page for people: write the URL of its API, and see that no login stands before it"
            )
        found = await paths.find(self.path, answer.body)
        match found:
            case SourceError(why):
                return SourceError(f"{place.origin} {why}")
            case Refused():
                return found
        return numbers_of(found)


def read(
    url: str, path: str, body: str = "", method: str = "GET", arguments: Collection[str] = ()
) -> Web | Refused:
    """Read what a template has, or say what is wrong with it. Whether `path` is one is said by `Paths.refusal`."""
    names = {*OURS, *arguments}
    in_url, in_body = pieces(url, names), pieces(body, names)
    if isinstance(in_url, Refused):
        return Refused(f"the URL, {in_url.why}")
    if isinstance(in_body, Refused):
        return Refused(f"the body, {in_body.why}")
    if why := _misplaced(in_url) or (
        "a body is sent by POST: write that method" if body and method != "POST" else ""
    ):
        return Refused(why)
    looked = place_of("".join(_SENTINEL if isinstance(each, Hole) else each for each in in_url))
    return looked if isinstance(looked, Refused) else Web(in_url, path, in_body, method)


def numbers_of(found: Found) -> Outcome:
    """What the values that a path leads to come to: one number, or several where several are meant."""
    if not found.values:
        return NoData("the path leads to nothing in the answer")
    strange = next((each for each in found.values if _number(each) is None), None)
    if strange is not None:
        return Refused(f"the path leads to {_kind(strange)}, where a number is needed")
    values = [float(_number(each) or 0.0) for each in found.values]
    if not found.several:
        return (
            NoData("the path leads to null") if found.values[0] is None else number(values[0], "the answer")
        )
    kept = tuple(each for each in values if math.isfinite(each))
    if len(kept) * 2 < len(values):
        return NoData(f"only {len(kept)} of {len(values)} values are numbers, fewer than half")
    return Numbers(kept, len(values) - len(kept))


def _number(value: Any) -> float | None:
    """The number that is meant; NaN for null; None where it is none. Text counts where it is a number: many write counts so."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return str(value[0])
    return "true or false" if isinstance(value, bool) else "a text"


def _misplaced(url: tuple[Piece, ...]) -> str:
    """A placeholder before the path would let a value say whom to ask."""
    first = url[0] if url else ""
    _, _, rest = first.partition("://") if isinstance(first, str) else ("", "", "")
    has_hole = any(isinstance(each, Hole) for each in url)
    if has_hole and "/" not in rest and "?" not in rest:
        return "the URL has a placeholder before its path: write scheme, host and port as they are"
    return ""


def _filled(parts: tuple[Piece, ...], values: Mapping[str, str], escaped: Any) -> str:
    return "".join(each if isinstance(each, str) else escaped(values[each.name]) for each in parts)


def _in_url(value: str) -> str:
    return quote(value, safe="")


def _in_json(value: str) -> str:
    return json.dumps(value)[1:-1]
