"""`{{name}}` in what a template asks: found when the template is read, filled in when it is asked. Nothing else is meant by braces."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from crossfade.providers.outcome import Refused

OURS: Final = ("candidate", "stable", "service", "namespace", "window")
"""What is filled in by us; a template's own arguments have other names."""
RESULT: Final = "result"
"""What conditions call the measurement."""

_HOLE: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True)
class Hole:
    """A placeholder, and where it stands in the text, from 0."""

    name: str
    at: int


Piece = str | Hole


def pieces(text: str, names: Collection[str]) -> tuple[Piece, ...] | Refused:
    """Cut a text at its placeholders, or say which is none of `names`, and where it is."""
    found = tuple(_cut(text))
    for piece in found:
        if isinstance(piece, Hole) and (why := _wrong(piece, names)):
            return Refused(f"at character {piece.at + 1}: {why}")
        if isinstance(piece, str) and "{{" in piece:
            return Refused("a {{ has no }} behind it: write {{name}}")
    return found


def missing(found: Collection[Piece], values: Mapping[str, str]) -> Refused | None:
    """Say which placeholder has no value."""
    names = sorted({each.name for each in found if isinstance(each, Hole)} - values.keys())
    return Refused(f"there is no value for {{{{{names[0]}}}}}: give the argument one") if names else None


def argument_refusal(name: str) -> str:
    """Say why an argument cannot have this name; "" where it can."""
    if name in OURS or name == RESULT:
        return f"{name} is filled in by the operator: give the argument another name"
    if _NAME.fullmatch(name):
        return ""
    return "an argument's name has letters, digits and _, and begins with none of the digits"


def _wrong(hole: Hole, names: Collection[str]) -> str:
    if hole.name in names:
        return ""
    known = ", ".join(sorted(names))
    shown = hole.name if _NAME.fullmatch(hole.name) else "…"
    return f"{{{{{shown}}}}} is neither one of ours nor an argument of the template; there are {known}"


def _cut(text: str) -> Iterator[Piece]:
    end = 0
    for match in _HOLE.finditer(text):
        if match.start() > end:
            yield text[end : match.start()]
        yield Hole(match[1].strip(), match.start())
        end = match.end()
    if end < len(text):
        yield text[end:]
