"""Delivery figures as a table. Imports rich, so it is imported only where a table is drawn."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crossfade.view.delivery import FEWEST_CHANGES, Figures, Report
from crossfade.view.text import duration

TITLES = ("observed for", "deployments", "lead time", "failed changes", "time to restore")
DAY_S = 24 * 3600


def drawn(report: Report, namespace: str | None) -> RenderableType:
    """Give a row per Rollout and one for all, then what should be known to read them."""
    place = f"namespace {namespace}" if namespace else "all namespaces"
    window = _long((report.until - report.since).total_seconds())
    head = Text(
        f"Delivery in {place}, the last {window} until {report.until:%Y-%m-%d %H:%M} UTC", style="bold"
    )
    if not report.rollouts:
        return Group(head, Text("  No release is kept there."))
    return Group(head, _table(report, with_namespace=namespace is None), *_notes(report))


def _table(report: Report, *, with_namespace: bool) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    for title in ("Rollout", *TITLES):
        table.add_column(title, overflow="fold")
    for each in report.rollouts:
        name = f"{each.namespace}/{each.rollout}" if with_namespace else each.rollout
        table.add_row(name, _observed(each, report), *_cells(each))
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


def _notes(report: Report) -> Iterator[Text]:
    if any(each.cut for each in report.rollouts):
        yield Text("  * earlier releases are not kept: spec.revisionHistoryLimit says how many are")
    if report.overall.failure_percent is None:
        yield Text(
            f"  Fewer than {FEWEST_CHANGES} changes give no rate: one more would move it by 20 points."
        )
    yield Text(
        "  Lead time is from the start of a release to its end: what comes before, from the commit on,"
    )
    yield Text(
        "  is not seen from here. docs/operations.md says what counts as a change, failed, and restored."
    )
