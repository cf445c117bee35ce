"""Queries whose placeholders stand within quotes, where what is filled in is escaped: no value can change the query."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from crossfade.providers.outcome import Refused
from crossfade.providers.placeholders import OURS, Hole, Piece, missing, pieces


@dataclass(frozen=True)
class Query:
    """A query as its template has it, read."""

    parts: tuple[Piece, ...]
    escaped: Callable[[str], str]

    def filled(self, values: Mapping[str, str]) -> str | Refused:
        """The query to send."""
        lacks = missing(self.parts, values)
        return lacks or "".join(
            each if isinstance(each, str) else self.escaped(values[each.name]) for each in self.parts
        )


@dataclass(frozen=True)
class Quoting:
    """How a language quotes. `texts`: matches what stands within quotes, quotes included; `bare`: placeholders that may stand elsewhere.

    `escaped`: a value as it stands within quotes; `misplaced`: what to write where one stands outside of them.
    """

    longest: int
    texts: re.Pattern[str]
    escaped: Callable[[str], str]
    misplaced: str
    bare: frozenset[str] = frozenset()

    def read(self, text: str, arguments: Collection[str] = ()) -> Query | Refused:
        """Read a query, or say what is wrong with it."""
        if not text.strip() or len(text) > self.longest:
            return Refused(f"a query has between 1 and {self.longest} characters")
        found = pieces(text, {*OURS, *arguments})
        if isinstance(found, Refused):
            return found
        return Refused(self.misplaced) if "\0" in self.unquoted(found) else Query(found, self.escaped)

    def unquoted(self, parts: tuple[Piece, ...]) -> str:
        """The query without what stands within quotes; a placeholder is a NUL."""
        return self.texts.sub("", "".join(map(self._plain, parts)))

    def _plain(self, piece: Piece) -> str:
        if isinstance(piece, Hole):
            return "" if piece.name in self.bare else "\0"
        return piece
