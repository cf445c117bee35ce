"""A history as a table. Imports rich, so it is imported only where a table is drawn."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crossfade.view.history import UNDER_WAY, HistoryView, ReleaseView
from crossfade.view.text import duration

COLOURS = {"Completed": "green", "RolledBack": "red", UNDER_WAY: "cyan", "Returning": "red"}


def drawn(view: HistoryView) -> RenderableType:
    """Give the releases as rows, then what is not kept, then what to type next."""
    head = Text(f"{view.name} in {view.namespace}: {_kept(view)}")
    head.stylize("bold", 0, len(view.name))
    return Group(head, *([_table(view)] if view.releases else []), *_steps(view))


def _kept(view: HistoryView) -> str:
    count = len(view.releases)
    if not count:
        return "nothing was released yet"
    kept = f"{count} release{'s' if count > 1 else ''}"
    earlier = f" kept; {view.missing} earlier ones are not (spec.revisionHistoryLimit)"
    return kept + (earlier if view.missing > 0 else "")


def _table(view: HistoryView) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    table.add_column("#", justify="right", no_wrap=True)
    for title in ("now", "revision", "image", "outcome", "started (UTC)"):
        table.add_column(title, no_wrap=title != "image", overflow="fold")
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("why, and who acted", overflow="fold", min_width=24)
    for release in view.releases:
        table.add_row(*_cells(release))
    return table


def _cells(release: ReleaseView) -> Iterator[Text]:
    outcome = Text(release.outcome, style=COLOURS.get(release.outcome, ""))
    started = f"{release.started_at:%Y-%m-%d %H:%M:%S}" if release.started_at else ""
    took = "" if release.seconds is None else duration(release.seconds)
    told = "\n".join(filter(None, (release.why, *release.acted)))
    yield Text(str(release.number))
    yield Text(release.mark, style="bold")
    yield Text(release.revision)
    yield Text("\n".join(release.images))
    yield outcome
    yield from (Text(started), Text(took), Text(told))


def _steps(view: HistoryView) -> Iterator[Text]:
    for i, step in enumerate(view.next_steps):
        label = "Next" if i == 0 else "or"
        yield Text.assemble((f"  {label:<5}", "dim"), (step.command, "cyan"), f"   {step.purpose}")
