"""What a candidate is compared with once stable gets no requests: chosen once, so that the evidence stays what it says.

The nearest in time: stable's own counts in this release, while it still had requests; else what was counted of the last
release that completed, which serves since then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from crossfade.api.measurements import EVENTS_MOST, MetricStatus, PastStatus, WindowStatus
from crossfade.core.situation import Situation
from crossfade.judge.counts import NO_REQUESTS, Counts, Past
from crossfade.judge.settings import Settings

BEFORE = "stable before"
LEAST_TOLERANCE = 2.0
"""Days may lie between two releases, and everything may be worse today: only what is twice as bad is held against it."""


def past_of(s: Situation, metric: str) -> PastStatus | None:
    """The counts to compare with from now on; None where nothing was counted."""
    mine = (_stable(each) for each in s.memory.measurements if each.metric == metric)
    stable = max(
        mine, key=lambda each: each.total, default=NO_REQUESTS
    )  # runs of one name count the same requests
    if stable.total:
        return _past(stable, BEFORE)
    for release in reversed(s.seen.releases):
        told = release.status
        if told is None or told.outcome != "Completed" or release.spec.revision != s.stable_revision:
            continue
        own = (each for each in told.measurements if each.metric == metric)
        counts = sum((_candidate(each) for each in own), NO_REQUESTS)
        if counts.total:
            return _past(counts, f"release {release.spec.number}")
    return None


def as_judged(past: PastStatus | None) -> Past | None:
    """As the judge takes it."""
    if past is None or not past.total:
        return None
    return Past(Counts(min(past.bad, past.total), past.total), past.told)


def with_past(settings: Settings, past: Past | None) -> Settings:
    """The settings where the past is that of another release."""
    if past is None or past.told == BEFORE:
        return settings
    tolerance = max(settings.tolerance, LEAST_TOLERANCE)
    return replace(settings, tolerance=tolerance, certify=max(settings.certify, 2 * tolerance))


def _past(counts: Counts, told: str) -> PastStatus:
    return PastStatus(bad=min(counts.bad, EVENTS_MOST), total=min(counts.total, EVENTS_MOST), told=told)


def _stable(each: MetricStatus) -> Counts:
    return sum((Counts(min(w.stable_bad, w.stable_total), w.stable_total) for w in _all(each)), NO_REQUESTS)


def _candidate(each: MetricStatus) -> Counts:
    counted = (Counts(min(w.candidate_bad, w.candidate_total), w.candidate_total) for w in _all(each))
    return sum(counted, NO_REQUESTS)


def _all(each: MetricStatus) -> Iterable[WindowStatus]:
    sums = each.earlier.sums if each.earlier is not None else None
    return (*([sums] if sums is not None else []), *each.kept)
