"""Delivery figures as a table where there is room for one, else as three lines each. Imports rich."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crossfade.cli.columns import needed, wrapped
from crossfade.view.delivery import FEWEST_CHANGES, Figures, Report
from crossfade.view.times import duration

TITLES = ("observed for", "deployments", "lead time", "failed changes", "time to restore")
DAY_S = 24 * 3600


def drawn(report: Report, namespace: str | None, width: int) -> RenderableType:
    """Give what each Rollout has and what all have together, then what should be known to read it."""
    place = f"namespace {namespace}" if namespace else "all namespaces"
    window = _long((report.until - report.since).total_seconds())
    head = Text(
        f"Delivery in {place}, the last {window} until {report.until:%Y-%m-%d %H:%M} UTC", style="bold"
    )
    if not report.rollouts:
        return Group(head, Text("  No release is kept there."))
    table = _table(report, with_namespace=namespace is None)
    shown = [table] if needed(table) <= width else list(_stacked(report, width, in_all=namespace is None))
    notes = (Text("\n".join(wrapped(note, width - 2, len(note)))) for note in _notes(report))
    return Group(head, *shown, *(Text("  ") + line for note in notes for line in note.split("\n")))


def _stacked(report: Report, width: int, *, in_all: bool) -> Iterator[Text]:
    """Three lines for each Rollout: its name, what went well, and what did not."""
    for each in report.rollouts:
        yield _named(_name(each, in_all=in_all), f", observed for {_observed(each, report)}", width)
        yield from _in_words(each, width)
    if len(report.rollouts) > 1:
        yield _named("all", "", width)
        yield from _in_words(report.overall, width)


def _named(name: str, rest: str, width: int) -> Text:
    line = Text.assemble((name, "bold"), rest)
    line.truncate(width, overflow="ellipsis")
    return line


def _in_words(figures: Figures, width: int) -> Iterator[Text]:
    rate, lead, failed, restored = _cells(figures)
    went_well = f"deployments {rate}" + (f", lead time {lead}" if figures.leads else "")
    back = f", restored in {restored}" if figures.restores else ""
    went_wrong = f"failed changes {failed}{back}" if figures.changes else "no change was judged yet"
    for words in (went_well, went_wrong):
        line = Text(f"  {words}")
        line.truncate(width, overflow="ellipsis")
        yield line


def _name(figures: Figures, *, in_all: bool) -> str:
    return f"{figures.namespace}/{figures.rollout}" if in_all else figures.rollout


def _table(report: Report, *, with_namespace: bool) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    for title in ("Rollout", *TITLES):
        table.add_column(title, overflow="fold")
    for each in report.rollouts:
        table.add_row(_name(each, in_all=with_namespace), _observed(each, report), *_cells(each))
    if len(report.rollouts) > 1:
        table.add_row("all", "", *_cells(report.overall), style="bold")
    return table


def _observed(figures: Figures, report: Report) -> str:
    if figures.observed_from is None:
        return ""
    return _long((report.until - figures.observed_from).total_seconds()) + (" *" if figures.cut else "")


def _cells(figures: Figures) -> Iterator[str]:
    rate = "too short for a rate" if figures.per_day is None else _rate(figures.per_day)
    yield f"{figures.deployments} ({rate})"
    yield _median(figures.lead_s, figures.leads)
    yield _share(figures)
    yield _median(figures.restore_s, figures.restores)


def _share(figures: Figures) -> str:
    if not figures.changes:
        return "no change"
    percent = figures.failure_percent
    rate = "too few for a rate" if percent is None else f"{percent:.0f} %"
    return f"{figures.failed} of {figures.changes} ({rate})"


def _median(seconds: float | None, count: int) -> str:
    if seconds is None:
        return "–"
    shown = f"{seconds:.1f} s" if seconds < 10 else duration(seconds)
    return shown if count == 1 else f"{shown} (median of {count})"


def _rate(per_day: float) -> str:
    return f"{per_day:.1f} a day" if per_day >= 1 else f"{7 * per_day:.1f} a week"


def _long(seconds: float) -> str:
    """Say a long time in days, a shorter one in hours and minutes."""
    return f"{seconds / DAY_S:.0f} d" if seconds >= 2 * DAY_S else duration(60 * round(seconds / 60))


def _notes(report: Report) -> Iterator[str]:
    if any(each.cut for each in report.rollouts):
        yield "* earlier releases are not kept: spec.revisionHistoryLimit says how many are"
    if report.overall.failure_percent is None:
        yield f"Fewer than {FEWEST_CHANGES} changes give no rate: one more would move it by 20 points."
    yield (
        "Lead time is from the start of a release to its end: what comes before, from the commit on, is not seen from "
        "here. docs/operations.md says what counts as a change, failed, and restored."
    )
