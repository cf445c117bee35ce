"""What to type next, as lines: a command stays in one piece as long as the screen has room for it. Imports rich."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from crossfade.view.model import Step


def label(i: int) -> str:
    """How the step of that place is announced."""
    return "or" if i else "Next"


def as_text(step: Step, room: int) -> Text:
    """The command, and what for: beside it where both fit in so many columns, else below it."""
    beside = len(step.command) + 3 + len(step.purpose) <= room
    return Text.assemble((step.command, "cyan"), "   " if beside else "\n  ", step.purpose)


def lines(steps: Sequence[Step], width: int) -> Iterator[Text]:
    """Give them one below the other, each with its label."""
    for i, step in enumerate(steps):
        first, *more = as_text(step, width - 8).split("\n")
        yield Text.assemble((f"  {label(i):<5} ", "dim"), first)
        yield from (Text.assemble(" " * 8, line) for line in more)
