"""PromQL with placeholders: each is filled in as what its place in the query can hold, so that no value can change the query.

Within quotes a value is escaped for them; behind `=~` and `!~` what the operator fills in is taken literally (a dot is a dot), while an
argument of the template may be a regular expression. Outside of quotes only numbers and durations may stand.
Source of the quoting rules: the documentation of PromQL's string literals, which are those of Go.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from crossfade.providers.outcome import Refused
from crossfade.providers.placeholders import OURS, Hole, missing, pieces

LONGEST: Final = 8 * 1024

_BARE: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|(?:[0-9]+(?:ms|[smhdwy]))+)")
_META: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")
_ESCAPES: Final = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True)
class Place:
    """Where a placeholder stands: within which quotes ("" for none), and whether they hold a regular expression."""

    quote: str
    is_regex: bool = False


@dataclass(frozen=True)
class Query:
    """A query as its template has it, read."""

    parts: tuple[str | tuple[Hole, Place], ...]

    def filled(self, values: Mapping[str, str]) -> str | Refused:
        """The query to send."""
        refused = missing([each[0] for each in self.parts if not isinstance(each, str)], values)
        if refused is not None:
            return refused
        filled = [
            each if isinstance(each, str) else _value(*each, values[each[0].name]) for each in self.parts
        ]
        wrong = next((each for each in filled if isinstance(each, Refused)), None)
        text = "".join(each for each in filled if isinstance(each, str))
        return wrong or (
            text if len(text) <= LONGEST else Refused(f"the query has more than {LONGEST} characters")
        )


def read(text: str, arguments: Collection[str] = ()) -> Query | Refused:
    """Read a query with the placeholders of ours and of these arguments, or say what is wrong, and where."""
    if not text.strip() or len(text) > LONGEST:
        return Refused(f"a query has between 1 and {LONGEST} characters")
    found = pieces(text, {*OURS, *arguments})
    if isinstance(found, Refused):
        return found
    scan = _Scan()
    parts: list[str | tuple[Hole, Place]] = []
    for piece in found:
        if isinstance(piece, str):
            scan.over(piece)
            parts.append(piece)
        elif why := _misplaced(piece, scan.place):
            return Refused(why)
        else:
            parts.append((piece, scan.place))
    return (
        Query(tuple(parts)) if not scan.place.quote else Refused("a quote in the query has no end: close it")
    )


def quoted(text: str, quote: str = '"') -> str:
    """The text as a string of PromQL holds it, without the quotes."""
    escapes = {**_ESCAPES, quote: f"\\{quote}"}
    return "".join(escapes.get(each, each) for each in text)


def literally(text: str) -> str:
    """A regular expression (RE2) that means just this text."""
    return _META.sub(lambda match: f"\\{match[0]}", text)


class _Scan:
    """Goes over a query and knows whether it is within quotes, and whether a regular expression stands there."""

    def __init__(self) -> None:
        self.place = Place("")
        self._before = ""
        self._escaped = self._in_comment = False

    def over(self, text: str) -> None:
        for each in text:
            if self.place.quote:
                self._inside(each)
            else:
                self._outside(each)

    def _inside(self, each: str) -> None:
        if self._escaped:
            self._escaped = False
        elif each == "\\" and self.place.quote != "`":
            self._escaped = True
        elif each == self.place.quote:
            self.place, self._before = Place(""), ""

    def _outside(self, each: str) -> None:
        if self._in_comment:
            self._in_comment = each != "\n"
        elif each == "#":
            self._in_comment = True
        elif each in "\"'`":
            self.place = Place(each, self._before in ("=~", "!~"))
        elif not each.isspace():
            self._before = (self._before + each)[-2:]


def _misplaced(hole: Hole, place: Place) -> str:
    if place.quote or hole.name == "window" or hole.name not in OURS:
        return ""
    return f'at character {hole.at + 1}: {{{{{hole.name}}}}} stands outside of quotes: write "{{{{{hole.name}}}}}"'


def _value(hole: Hole, place: Place, value: str) -> str | Refused:
    if not place.quote:
        return (
            value
            if _BARE.fullmatch(value)
            else Refused(
                f"at character {hole.at + 1}: {{{{{hole.name}}}}} stands outside of quotes, where only a number or a duration may: "
                "write it within quotes, or give such a value"
            )
        )
    text = literally(value) if place.is_regex and hole.name in OURS else value
    if place.quote != "`":
        return quoted(text, place.quote)
    return (
        text
        if "`" not in text
        else Refused(f"the value of {{{{{hole.name}}}}} has a ` in it: use other quotes in the query")
    )
