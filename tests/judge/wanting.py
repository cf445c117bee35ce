"""The part of the study about the estimate: how many requests are needed, and how many it was."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from crossfade.judge.counts import Counts, Window
from crossfade.judge.needed import needed
from crossfade.judge.progress import Progress, fold, folded
from crossfade.judge.settings import Settings

RELEASES = 400
STEPS = 20
"""Windows that the estimate is cut into."""

STATES = [
    (Counts(0, 412), Counts(9, 3710)),
    (Counts(3, 412), Counts(9, 3710)),
    (Counts(4, 800), Counts(36, 7200)),
    (Counts(5, 200), Counts(9, 1800)),
    (Counts(5, 100), Counts(45, 900)),
    (Counts(0, 500), Counts(0, 4500)),
]


@dataclass(frozen=True)
class Compared:
    """The estimate, and the median and the quartiles of how many more requests it took; and whether it is right which way."""

    estimate: int
    quartile: int
    median: int
    three_quarters: int
    as_told: float
    fails: bool


@cache
def compared(candidate: Counts, stable: Counts) -> Compared:
    """From this state on, releases at its own rates."""
    settings = Settings()
    done = folded([Window(60.0, candidate, stable)], settings)
    told = needed(done, settings)
    assert told
    rng = np.random.default_rng([41, candidate.total, candidate.bad])
    results = [_until(done, told.requests, settings, rng) for _ in range(RELEASES)]
    took = np.array([requests for requests, _ in results])
    quarter, half, most = (int(each) for each in np.percentile(took, [25, 50, 75]))
    same = np.mean([failed == told.fails for _, failed in results])
    return Compared(told.requests, quarter, half, most, float(same), told.fails)


def _until(done: Progress, requests: int, settings: Settings, rng: np.random.Generator) -> tuple[int, bool]:
    """How many requests it took, and whether it failed; 6 times the estimate at most."""
    size = max(1, requests // STEPS)
    beside = round(size * done.last.stable.total / done.last.candidate.total)
    ours, theirs = done.candidate.rate, done.stable.rate
    for step in range(1, 6 * STEPS + 1):
        bad, ill = int(rng.binomial(size, ours)), int(rng.binomial(beside, theirs))
        done = fold(done, Window(60.0 + step, Counts(bad, size), Counts(ill, beside)), settings)
        if done.failed_by or done.passed_by:
            return step * size, bool(done.failed_by)
    return 6 * requests, False


def table() -> tuple[str, str, tuple[str, ...], list[tuple[str, ...]]]:
    """Title, text, head and rows."""
    rows = []
    for candidate, stable in STATES:
        each = compared(candidate, stable)
        way = "is taken back" if each.fails else "passes"
        took = f"{each.median:,} ({each.quartile:,} to {each.three_quarters:,})"
        seen = f"candidate {candidate.bad} of {candidate.total:,}, stable {stable.bad} of {stable.total:,}"
        rows.append((seen, way, f"{each.estimate:,}", took, f"{100 * each.as_told:.0f} %"))
    text = (
        f"{RELEASES} releases from each state, which go on at the state's own rates, looked at {STEPS} times in the estimated time. "
        "Requests to the candidate; the median and the middle half of what it took."
    )
    return "How many more requests", text, ("so far", "then it", "estimate", "it took", "ended as told"), rows
