"""Drawing on a terminal. Imports rich, so it is imported only where there is one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from crossfade.api.conditions import Phase
from crossfade.cli.terminal import terminal
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
LABELS_OF_COMMANDS = {"Next", "or"}


def print_view(view: RolloutView) -> None:
    """Print one state."""
    terminal().print(drawn(view, datetime.now(UTC)))


@contextlib.contextmanager
def live() -> Iterator[Callable[[RolloutView], None]]:
    """Give what shows the latest state in place; count-downs go on between states."""
    latest: list[RolloutView] = []

    def draw() -> RenderableType:
        """The newest view, with its times counted to now; nothing before the first."""
        return drawn(latest[-1], datetime.now(UTC)) if latest else Text("")

    def show(view: RolloutView) -> None:
        """Take a new view, without the advice to do what is being done."""
        others = tuple(step for step in view.next_steps if "--watch" not in step.command)
        latest[:] = [replace(view, next_steps=others)]

    with Live(get_renderable=draw, refresh_per_second=4, console=terminal()):
        yield show


def drawn(view: RolloutView, now: datetime) -> RenderableType:
    """Give a state as coloured rows."""
    colour = COLOURS.get(Phase(view.phase), "white") if view.phase in set(Phase) else "white"
    head = Text(text.headline(view))
    head.stylize("bold", 0, len(view.name))
    head.highlight_words([view.phase], style=f"bold {colour}")
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for label, words in text.rows(view, now):
        table.add_row(f"  {label}", Text(words, style="cyan" if label in LABELS_OF_COMMANDS else ""))
    told = text.sentence(view)
    return Group(head, Text(f"  {told}"), table) if told else Group(head, table)
