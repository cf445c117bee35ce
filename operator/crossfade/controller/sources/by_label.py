"""From counts by labels to what the judge compares: sums of each side, its strata, and the candidate's pods. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from crossfade.core.measured import Compared
from crossfade.judge.counts import NO_REQUESTS, Counts, Pod, Stratum
from crossfade.providers.builtin.wanted import By
from crossfade.providers.outcome import Counts as Told
from crossfade.providers.outcome import CountsTable, NoData


def compared(candidate: CountsTable | NoData, stable: CountsTable | NoData, by: By) -> Compared:
    """Both sides; one without data had no requests. The strata with the most requests come first, whatever failed of them.

    Each stratum is made whole numbers of by itself, and a side is their sum, so that they fit together.
    """
    ours, theirs = _by_label(candidate, by, by.stratum), _by_label(stable, by, by.stratum)
    strata = [
        Stratum(name, ours.get(name, NO_REQUESTS), theirs.get(name, NO_REQUESTS))
        for name in sorted(ours.keys() | theirs.keys())
    ]
    strata.sort(key=lambda each: -(each.candidate.total + each.stable.total))
    pods = [Pod(name, counts) for name, counts in sorted(_by_label(candidate, by, by.pod).items())]
    return Compared(
        sum(ours.values(), NO_REQUESTS),
        sum(theirs.values(), NO_REQUESTS),
        tuple(strata) if by.stratum else (),
        tuple(pods) if by.pod and any(each.name for each in pods) else (),
    )


def _by_label(told: CountsTable | NoData, by: By, label: str) -> dict[str, Counts]:
    """Sums over all other labels, by the values of this one; all together under "" where there is no such label."""
    if isinstance(told, NoData):
        return {}
    at = by.labels().index(label) if label else None
    found: dict[str, list[Told]] = {}
    for key, counts in told.values.items():
        found.setdefault("" if at is None else key[at], []).append(counts)
    return {value: _whole(each) for value, each in found.items()}


def _whole(told: Iterable[Told]) -> Counts:
    each = tuple(told)
    total = round(sum(counts.total for counts in each))
    return Counts(min(round(sum(counts.bad for counts in each)), total), total)
