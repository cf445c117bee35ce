"""Drawing on a terminal. Imports rich, so it is imported only where there is one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import IntEnum

from rich.console import Group
from rich.live import Live
from rich.text import Text

from crossfade.api.conditions import ALSO, Phase
from crossfade.cli.columns import ENDLESS, console, lines, one_line
from crossfade.cli.next_steps import as_text, label
from crossfade.view import text
from crossfade.view.model import RolloutView

COLOURS = {
    Phase.HEALTHY: "green",
    Phase.PROGRESSING: "cyan",
    Phase.PAUSED: "yellow",
    Phase.WAITING: "yellow",
    Phase.ROLLING_BACK: "red",
    Phase.ROLLED_BACK: "red",
    Phase.DEGRADED: "red",
    Phase.INVALID: "red",
}
OF_A_CONTAINER = {text.LAST_LINE, ""}
"""Labels of what a container wrote: the last line, and those below it."""
SHORT_MESSAGE = 2
"""Lines of the message, where the screen is too low for all."""


class Urgency(IntEnum):
    """What comes first where the screen is too low for all."""

    HEAD = 0
    AWAITED = 1
    NEXT = 2
    MESSAGE = 3
    OTHER = 4


@dataclass(frozen=True)
class Block:
    """Lines that are shown together or not at all; of the message, as many as there are or `SHORT_MESSAGE`."""

    lines: tuple[Text, ...]
    urgency: Urgency


def print_view(view: RolloutView) -> None:
    """Print one state."""
    screen = console()
    screen.print(drawn(view, datetime.now(UTC), screen.width))


@contextlib.contextmanager
def live() -> Iterator[Callable[[RolloutView], None]]:
    """Give what shows the latest state in place; count-downs go on between states."""
    latest: list[RolloutView] = []
    screen = console()

    def draw() -> Group:
        """The newest view, with its times counted to now; nothing before the first."""
        size = screen.size
        return drawn(latest[-1], datetime.now(UTC), size.width, size.height) if latest else Group()

    def show(view: RolloutView) -> None:
        """Take a new view, without the advice to do what is being done."""
        others = tuple(step for step in view.next_steps if "--watch" not in step.command)
        latest[:] = [replace(view, next_steps=others)]

    with Live(get_renderable=draw, refresh_per_second=4, console=screen):
        yield show


def drawn(view: RolloutView, now: datetime, width: int, height: int = ENDLESS) -> Group:
    """Give a state as coloured lines, none of them wider than the screen and no more than it has.

    Where it is too low, the phase, what is awaited and what to type come first, and of the rest what has room.
    """
    blocks = list(_blocks(view, now, width))
    if sum(len(block.lines) for block in blocks) > height:
        blocks = _fitting(sorted(blocks, key=lambda block: block.urgency), height)
    return Group(*(line for block in blocks for line in block.lines))


def _fitting(blocks: list[Block], height: int) -> list[Block]:
    kept: list[Block] = []
    for block in blocks:
        shown = block.lines[:SHORT_MESSAGE] if block.urgency is Urgency.MESSAGE else block.lines
        if len(shown) <= height:
            kept.append(replace(block, lines=shown))
            height -= len(shown)
    return kept


def _blocks(view: RolloutView, now: datetime, width: int) -> Iterator[Block]:
    yield Block((_head(view, width),), Urgency.HEAD)
    told = lines(text.sentence(view).replace(ALSO, "\nalso "), width - 2)
    yield Block(tuple(Text.assemble("  ", line) for line in told), Urgency.MESSAGE)
    rows = text.facts(view, now)
    indent = max([len(name) for name, _ in rows] + [4 if view.next_steps else 0]) + 4
    for name, words in rows:
        shown = _cut(words, width - indent) if name in OF_A_CONTAINER else lines(words, width - indent)
        urgency = Urgency.AWAITED if name == text.AWAITED else Urgency.OTHER
        yield Block(_labelled(name, shown, indent), urgency)
    for i, step in enumerate(view.next_steps):
        shown = lines(as_text(step, width - indent), width - indent)
        yield Block(_labelled(label(i), shown, indent), Urgency.OTHER if i else Urgency.NEXT)


def _head(view: RolloutView, width: int) -> Text:
    head = Text(one_line(text.headline(view), width))
    head.stylize("bold", 0, len(view.name))
    colour = COLOURS.get(Phase(view.phase), "white") if view.phase in set(Phase) else "white"
    head.highlight_words([view.phase], style=f"bold {colour}")
    return head


def _cut(words: str, width: int) -> list[Text]:
    """What a container wrote is cut rather than wrapped: the lines stay apart."""
    return [Text(one_line(words, width), style="red")]


def _labelled(name: str, shown: list[Text], indent: int) -> tuple[Text, ...]:
    first, *more = shown or [Text("")]
    head = Text.assemble((f"  {name}".ljust(indent), "dim"), first)
    return (head, *(Text.assemble(" " * indent, line) for line in more))
