"""Drawing the list of Rollouts on a terminal, in place. Imports rich, so it is imported only where there is one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from crossfade.cli.terminal import terminal
from crossfade.view.listing import listing, table


@contextlib.contextmanager
def live(*, namespaces: bool) -> Iterator[Callable[[list[dict[str, Any]]], None]]:
    """Give what shows the latest states in place; ages go on between states."""
    latest: list[list[dict[str, Any]]] = []
    console = terminal()

    def draw() -> RenderableType:
        """Give the newest states, as many as the screen has lines for."""
        return drawn(latest[-1], console.size, namespaces=namespaces) if latest else Text("")

    def show(rollouts: list[dict[str, Any]]) -> None:
        """Take new states."""
        latest[:] = [rollouts]

    with Live(get_renderable=draw, console=console, refresh_per_second=4):
        yield show


def drawn(rollouts: list[dict[str, Any]], size: tuple[int, int], *, namespaces: bool) -> Text:
    """Give the table within so many columns and lines; those that do not fit are counted."""
    width, height = size
    if not rollouts:
        return Text("There is no Rollout yet.")
    head, *lines = table(listing(rollouts), datetime.now(UTC), namespaces=namespaces, width=width)
    room = max(height - 2, 1)
    if len(lines) > room:
        lines = [*lines[: room - 1], f"… and {len(lines) - room + 1} more"]
    text = Text("\n".join([head, *lines]), no_wrap=True)
    text.stylize("bold", 0, len(head))
    return text
