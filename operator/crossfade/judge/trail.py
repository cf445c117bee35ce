"""The evidence window by window: what is stored beside the counts, and what a table or a plot shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from math import exp

from crossfade.judge.counts import Counts, Past, Window
from crossfade.judge.progress import Progress, fold, folded, start
from crossfade.judge.settings import Settings


@dataclass(frozen=True)
class Point:
    """One window: `share` is the candidate's part of its requests, 0 to 1; `e_worse`, `e_fine`: the evidence up to its end."""

    at: float
    candidate: Counts
    stable: Counts
    share: float
    e_worse: float
    e_fine: float


def trail(
    windows: Iterable[Window], settings: Settings, past: Past | None = None, since: Progress | None = None
) -> list[Point]:
    """A point for each window, computed again from the counts."""
    states = accumulate(
        windows, lambda done, window: fold(done, window, settings, past), initial=since or start()
    )
    return [_point(done) for done in states][1:]


def shortened(
    windows: tuple[Window, ...], settings: Settings, past: Past | None, since: Progress | None, keep: int
) -> tuple[Progress, tuple[Window, ...]]:
    """The newest `keep` windows, and what the older ones come to. No verdict changes by it."""
    cut = max(0, len(windows) - keep)
    return folded(windows[:cut], settings, past, since), windows[cut:]


def _point(done: Progress) -> Point:
    last = done.last
    total = last.candidate.total + last.stable.total
    share = last.candidate.total / total if total else 0.0
    return Point(
        last.at, last.candidate, last.stable, share, done.not_worse.e, exp(min(done.log_fine, 690.0))
    )
