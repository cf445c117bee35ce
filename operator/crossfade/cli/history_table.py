"""A history as one table, where the screen is wide enough. Imports rich, so it is imported only where one is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crossfade.cli.columns import needed, wrapped
from crossfade.cli.history_stack import COLOURS, MARKS, acted, stacked, why
from crossfade.cli.next_steps import lines
from crossfade.view.history import HistoryView, ReleaseView
from crossfade.view.times import duration

ROOM_FOR_WHY = 48
"""With fewer columns left for the sentences, a row grows taller than the release would be without a table."""
MOST_LINES = 3
"""Lines of one release, at most; all of it is in its Release."""


def drawn(view: HistoryView, width: int, now: datetime) -> RenderableType:
    """Give the releases in that width: one table, or one below the other; then what is not kept, and what to type next."""
    head = Text(f"{view.name} in {view.namespace}: {_kept(view)}", overflow="fold")
    head.stylize("bold", 0, len(view.name))
    room = width - needed(_table(view, 0, now)) if view.releases else 0
    if room >= ROOM_FOR_WHY:
        return Group(head, _table(view, room, now), *lines(view.next_steps, width))
    return Group(head, *stacked(view, width, now), *lines(view.next_steps, width))


def _kept(view: HistoryView) -> str:
    count = len(view.releases)
    if not count:
        return "nothing was released yet"
    kept = f"{count} release{'s' if count > 1 else ''}"
    earlier = f" kept; {view.missing} earlier ones are not (spec.revisionHistoryLimit)"
    return kept + (earlier if view.missing > 0 else "")


def _table(view: HistoryView, room: int, now: datetime) -> Table:
    """The table, with so many columns for the sentences; for none, it is as wide as the rest of it needs."""
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    table.add_column("#", justify="right", no_wrap=True)
    for title in ("now", "revision", "image", "outcome", "started (UTC)"):
        table.add_column(title, no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("why, and who acted" if room else "", width=room)
    for release in view.releases:
        table.add_row(*_cells(release, room, now))
    return table


def _cells(release: ReleaseView, room: int, now: datetime) -> Iterator[Text]:
    started = f"{release.started_at:%Y-%m-%d %H:%M:%S}" if release.started_at else ""
    took = "" if release.seconds is None else duration(release.seconds)
    yield Text(str(release.number))
    yield Text(release.mark, style=MARKS.get(release.mark, ""))
    yield Text(release.revision)
    yield Text("\n".join(_few(release.images)))
    yield Text(release.outcome, style=COLOURS.get(release.outcome, ""))
    yield from (Text(started), Text(took))
    last = (f"last line: {line}" for line in release.last_lines[:1])
    told = "\n".join(filter(None, (why(release), *last, *acted(release, now))))
    yield Text("\n".join(wrapped(told, room, MOST_LINES)) if room else "")


def _few(images: tuple[str, ...]) -> tuple[str, ...]:
    """As many as a row has lines for."""
    return images if len(images) <= MOST_LINES else (*images[: MOST_LINES - 1], "…")
