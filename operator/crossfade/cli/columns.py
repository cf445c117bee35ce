"""Text that fits: how wide the screen is, and long text in few lines. Imports rich, as all that draws."""

from __future__ import annotations

import sys
from functools import cache

from rich.console import Console, RenderableType
from rich.text import Text

from crossfade.cli.terminal import terminal

ENDLESS = 10_000
PIPED_WIDTH = 160
"""Where nobody looks at a screen, lines are not cut at its 80 columns."""


def console(width: int | None = None) -> Console:
    """What is printed on: the terminal as wide as it is, anything else as wide as a table needs; or `width`, to measure by."""
    return terminal(width if width or sys.stdout.isatty() else PIPED_WIDTH)


@cache
def _ruler(width: int) -> Console:
    return console(width)


def needed(drawn: RenderableType) -> int:
    """How many columns it takes where nothing of it is wrapped."""
    return _ruler(ENDLESS).measure(drawn).maximum


def lines(text: str | Text, width: int) -> list[Text]:
    """Give the text in lines of that width, between words, without blanks at their ends."""
    whole = Text(text) if isinstance(text, str) else text
    found: list[Text] = list(whole.wrap(_ruler(width), width)) if whole else []
    for line in found:
        line.rstrip()
    return found


def wrapped(text: str, width: int, most: int) -> list[str]:
    """Give the text in at most so many lines of that width; `…` at the end of the last one says that there is more."""
    found = lines(text, width)
    kept = [line.plain for line in found[:most]]
    return kept if len(found) <= most else [*kept[:-1], f"{_shortened(found[most - 1], width - 2)} …"]


def _shortened(line: Text, width: int) -> str:
    """Cut it between two words where it can: `exit code 4` is not `exit code 42`."""
    if line.cell_len <= width:
        return line.plain
    whole, space, _ = line.plain.rpartition(" ")
    if not space:
        line.truncate(width)
    return whole or line.plain


def one_line(text: str, width: int) -> str:
    """Give the text in one line of that width at most."""
    return next(iter(wrapped(text, width, 1)), "")
