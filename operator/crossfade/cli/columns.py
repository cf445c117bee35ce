"""Text that fits: how wide the screen is, and long text in few lines. Imports rich, as all that draws."""

from __future__ import annotations

import sys

from rich.console import Console, RenderableType
from rich.text import Text

PIPED_WIDTH = 160
"""Where nobody looks at a screen, lines are not cut at its 80 columns."""


def console() -> Console:
    """What is printed on: the terminal as wide as it is, anything else as wide as a table needs."""
    return Console() if sys.stdout.isatty() else Console(width=PIPED_WIDTH)


def needed(drawn: RenderableType) -> int:
    """How many columns it takes where nothing of it is wrapped."""
    endless = Console(width=10_000)
    return endless.measure(drawn).maximum


def wrapped(text: str, width: int, most: int) -> list[str]:
    """Give the text in at most so many lines of that width; `…` at the end of the last one says that there is more."""
    lines: list[Text] = list(Text(text).wrap(Console(width=width), width)) if text else []
    kept = lines[:most]
    if len(lines) > most:
        kept[-1] = Text(f"{_shortened(kept[-1], width - 2)} …")
    return [line.plain.rstrip() for line in kept]


def _shortened(line: Text, width: int) -> str:
    """Cut it between two words where it can: `exit code 4` is not `exit code 42`."""
    line.rstrip()
    if line.cell_len <= width:
        return line.plain
    whole, space, _ = line.plain.rpartition(" ")
    if not space:
        line.truncate(width)
    return whole or line.plain


def one_line(text: str, width: int) -> str:
    """Give the text in one line of that width at most."""
    return next(iter(wrapped(text, width, 1)), "")
