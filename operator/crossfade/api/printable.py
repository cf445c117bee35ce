"""Text of others, made harmless to read: in a terminal, a log, an event, a status.

The API server takes any character in a message, a reason or an image. Some of them command a terminal (clear the screen, set
the title, write into the clipboard), end a line where none ends, or turn the order of what follows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_COMMANDS: Final = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and newline, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # which way text runs
    "\u2028\u2029"  # ends of lines to some
    "\u200b\u2060\ufeff\U000e0000-\U000e007f"  # not to be seen
    "\ud800-\udfff"  # no characters at all: they cannot be written out
)
_HARMFUL: Final = re.compile(f"[{_COMMANDS}]")
_IN_A_LINE: Final = re.compile(f"[\t\n{_COMMANDS}]")


def printable(text: str) -> str:
    """The text with each character that commands anything written as its number (the escape as x1b); lines and tabs stay."""
    return _HARMFUL.sub(_named, text)


def one_line(text: str) -> str:
    """The same, and it stays in its line."""
    return _IN_A_LINE.sub(_named, text)


def all_printable(value: Any) -> Any:
    """The same for every text in a value of dicts and lists, keys included."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {all_printable(key): all_printable(inside) for key, inside in value.items()}
    return [all_printable(each) for each in value] if isinstance(value, list | tuple) else value


def _named(match: re.Match[str]) -> str:
    number = ord(match[0])
    known = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(match[0])
    return known or (
        f"\\x{number:02x}"
        if number < 0x100
        else f"\\u{number:04x}"
        if number < 0x10000
        else f"\\U{number:08x}"
    )
