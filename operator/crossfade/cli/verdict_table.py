"""Verdicts with their windows as tables, and the evidence over time as a line of blocks. Imports rich."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import log

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from crossfade.judge.counts import Counts, Stratum
from crossfade.judge.trail import Point
from crossfade.view.verdicts import MetricVerdict

BLOCKS = "▁▂▃▄▅▆▇█"


def drawn(found: Sequence[MetricVerdict], release: str) -> RenderableType:
    """Give each metric: its sentence, its windows, and how the evidence grew."""
    if not found:
        return Text(f"Nothing was measured of {release}.")
    return Group(*(part for each in found for part in _metric(each)))


def _metric(each: MetricVerdict) -> Iterator[RenderableType]:
    ended = each.outcome or "not decided"
    yield Text.assemble((f"{each.metric}, {each.run}: ", "bold"), ended)
    yield Text(f"  {each.again or each.message}")
    if not each.agrees:
        yield Text("  This is not what was stored: the counts, or the settings, were changed.", style="red")
    if not each.points:
        return
    if each.earlier:
        yield Text(f"  {each.earlier} earlier windows are kept as their sum.")
    yield _table(each.points)
    yield Text(f"  worse {_line([p.e_worse for p in each.points], each.limit)}  decided at {each.limit:g}")
    yield Text(f"  fine  {_line([p.e_fine for p in each.points], each.limit)}")
    if each.strata:
        yield _grid(("stratum", "candidate", "stable"), map(_stratum, each.strata))
    failing = [pod for pod in each.pods if pod.counts.bad]
    if failing:
        rows = ((pod.name or "others", _counts(pod.counts)) for pod in failing)
        yield _grid(("pod", "candidate"), rows)


def _table(points: Sequence[Point]) -> Table:
    return _grid(("until", "candidate", "stable", "share", "e: worse", "e: fine"), map(_point, points))


def _point(each: Point) -> tuple[str, ...]:
    share, worse, fine = f"{100 * each.share:.1f} %", f"{each.e_worse:.3g}", f"{each.e_fine:.3g}"
    return f"{each.at:.0f} s", _counts(each.candidate), _counts(each.stable), share, worse, fine


def _stratum(each: Stratum) -> tuple[str, ...]:
    return each.name or "without", _counts(each.candidate), _counts(each.stable)


def _counts(counts: Counts) -> str:
    return f"{counts.bad:,} of {counts.total:,}"


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    for title in head:
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _line(evidence: Sequence[float], limit: float) -> str:
    """A block a window: the lowest for no evidence, the highest from the limit on."""
    return "".join(BLOCKS[_height(e, limit)] for e in evidence)


def _height(e: float, limit: float) -> int:
    if e <= 1:
        return 0
    return min(len(BLOCKS) - 1, int((len(BLOCKS) - 1) * log(e) / log(limit)))
