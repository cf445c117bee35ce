"""The part of the study about the bake: how often a good candidate is alarmed, and how soon a bad one is found."""

from __future__ import annotations

from functools import cache

import numpy as np

from crossfade.judge.settings import Settings
from judge import many
from judge.streams import Real, World

LEAKS_AT = 30
"""The window from which on the candidate is 5x worse."""

LENGTHS = (20, 100, 1000)
RELEASES = 150


@cache
def run_length(length: int, requests: int, *, cusum: bool = False) -> float:
    """The mean number of windows until a good candidate is alarmed: all windows watched by all alarms.

    Each release is watched for ten times the length at most, and for 3,000 windows.
    """
    seen = World(requests, 0.005).streams(RELEASES, min(10 * length, 3000), 21)
    alarms = many.alarms(seen, Settings(run_length=length), cusum=cusum)
    found = alarms.any(axis=1)
    watched = np.where(found, alarms.argmax(axis=1) + 1, seen.shape[1])
    return float(watched.sum() / max(1, found.sum()))


@cache
def delay(length: int, *, cusum: bool = False) -> tuple[float, float]:
    """How many windows after the leak it is alarmed, in the mean; and how many were alarmed before it."""
    seen = World(200, 0.005, 5, since=LEAKS_AT).streams(2000, 2 * LEAKS_AT, 22)
    return _delay(many.alarms(seen, Settings(run_length=length), cusum=cusum))


@cache
def delay_of_a_verdict() -> tuple[float, float]:
    """The same for a verdict that was begun 30 windows before the leak."""
    seen = World(200, 0.005, 5, since=LEAKS_AT).streams(2000, 2 * LEAKS_AT, 22)
    return _delay(many.fails(seen, Settings()))


def _delay(alarms: Real) -> tuple[float, float]:
    early = alarms[:, :LEAKS_AT].any(axis=1)
    late = alarms[~early][:, LEAKS_AT:]
    windows = np.where(late.any(axis=1), late.argmax(axis=1) + 1, LEAKS_AT)
    return float(windows.mean()), float(early.mean())


def table() -> tuple[str, str, tuple[str, ...], list[tuple[str, ...]]]:
    """Title, text, head and rows."""
    rows = []
    for length in LENGTHS:
        for cusum in (False, True):
            name = f"{'CUSUM' if cusum else 'Shiryaev-Roberts'}, `runLength: {length}`"
            lengths = [run_length(length, requests, cusum=cusum) for requests in (20, 200, 2000)]
            late, early = delay(length, cusum=cusum)
            told = (f"{each:,.0f}" for each in lengths)
            rows.append((name, *told, f"{late:.1f}", f"{100 * early:.1f} %"))
    late, early = delay_of_a_verdict()
    rows.append(("a verdict (no detector)", "–", "–", "–", f"{late:.1f}", f"{100 * early:.1f} %"))
    text = (
        "Mean number of windows until a good candidate is alarmed (20, 200 and 2,000 requests a window, base rate 0.5 %); and windows "
        f"until a leak is found that begins after {LEAKS_AT} good windows of 200 requests (5x worse from then on). The product "
        f"takes Shiryaev-Roberts with `runLength: {Settings().run_length:g}`."
    )
    head = ("detector", "good, 20", "good, 200", "good, 2,000", "leak found after", "alarmed before the leak")
    return "In the bake", text, head, rows
