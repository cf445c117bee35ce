"""Verdicts with their windows as tables, and the evidence over time as a line of blocks. Imports rich."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

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


def _table(points: Sequence[Point]) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    for title in ("until", "candidate", "stable", "share", "e: worse", "e: fine"):
        table.add_column(title, justify="right")
    for each in points:
        table.add_row(
            f"{each.at:.0f} s",
            f"{each.candidate.bad:,} of {each.candidate.total:,}",
            f"{each.stable.bad:,} of {each.stable.total:,}",
            f"{100 * each.share:.1f} %",
            f"{each.e_worse:.3g}",
            f"{each.e_fine:.3g}",
        )
    return table


def _line(evidence: Sequence[float], limit: float) -> str:
    """A block a window: the lowest for no evidence, the highest from the limit on."""
    return "".join(BLOCKS[_height(e, limit)] for e in evidence)


def _height(e: float, limit: float) -> int:
    if e <= 1:
        return 0
    return min(len(BLOCKS) - 1, int((len(BLOCKS) - 1) * log(e) / log(limit)))
