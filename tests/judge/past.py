"""The part of the study about candidates with nothing beside them: compared with the counts of the last release."""

from __future__ import annotations

from functools import cache

import numpy as np

from crossfade.judge import claims, limits
from crossfade.judge.counts import Counts, Past
from crossfade.judge.settings import Settings
from judge import many
from judge.streams import Real, World

RELEASES, WINDOWS, REQUESTS, BASE = 1000, 60, 200, 0.005
SIZES = (2000, 20_000, 200_000)


@cache
def fails(size: int, ratio: float) -> Real:
    """Whether a candidate `ratio` times as bad as the past is taken back at each look; the past has `size` requests."""
    settings, rng = Settings(), np.random.default_rng([31, size])
    seen = World(REQUESTS, BASE, ratio).streams(RELEASES, WINDOWS, 32)
    pasts = [Past(Counts(int(bad), size), "release 7") for bad in rng.binomial(size, BASE, RELEASES)]
    highest = np.array([_highest(settings, each) for each in pasts])[:, None]
    won = many.gains(seen.candidate, REQUESTS - seen.candidate, highest, claims.WORSE)
    return many.added(won, settings.cap) >= limits.compared(settings, pasts[0], endless=False)


def _highest(settings: Settings, past: Past) -> float:
    base = claims.baseline(settings, past)
    assert base
    return settings.tolerance * base.at_most


def table() -> tuple[str, str, tuple[str, ...], list[tuple[str, ...]]]:
    """Title, text, head and rows."""
    beside = many.fails(World(REQUESTS, BASE, 5).streams(RELEASES, WINDOWS, 32), Settings())
    good = many.fails(World(REQUESTS, BASE).streams(RELEASES, WINDOWS, 32), Settings())
    rows = [("stable beside it", *_cells(good, None, beside))]
    rows += [
        (f"a past of {size:,} requests", *_cells(fails(size, 1), fails(size, 2), fails(size, 5)))
        for size in SIZES
    ]
    text = (
        f"{REQUESTS} requests a window, base rate 0.5 %, {WINDOWS} windows. The third column is what the past cannot know: stable "
        "itself would fail twice as often today, and a candidate that is just as good is taken for worse."
    )
    head = (
        "compared with",
        "good ones taken back",
        "good ones, all twice as bad today",
        "5x caught in 3 windows",
        "in 6",
    )
    return "Against the past", text, head, rows


def _cells(good: Real, drifted: Real | None, bad: Real) -> tuple[str, ...]:
    told = "–" if drifted is None else _percent(drifted)
    return _percent(good), told, _percent(bad[:, :3]), _percent(bad[:, :6])


def _percent(looks: Real) -> str:
    return f"{100 * looks.any(axis=1).mean():.1f} %"
