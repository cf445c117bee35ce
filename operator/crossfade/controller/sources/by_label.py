"""From counts by labels to what the judge compares: sums of each side, its strata, and the candidate's pods. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from crossfade.core.measured import Compared
from crossfade.judge.counts import NO_REQUESTS, Counts, Pod, Stratum
from crossfade.providers.builtin.wanted import By
from crossfade.providers.outcome import Counts as Told
from crossfade.providers.outcome import CountsTable, Labels, NoData


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
    return Compared(
        sum(ours.values(), NO_REQUESTS),
        sum(theirs.values(), NO_REQUESTS),
        tuple(strata) if by.stratum else (),
        _pods(candidate, by) if by.pod else (),
    )


def _pods(told: CountsTable | NoData, by: By) -> tuple[Pod, ...]:
    """By name; none where no series has one."""
    counts, expected = _by_label(told, by, by.pod), _expected(told, by)
    return tuple(Pod(name, counts[name], expected[name]) for name in sorted(counts)) if any(counts) else ()


def _expected(told: CountsTable | NoData, by: By) -> dict[str, float]:
    """By pod: the bad ones of each stratum, shared out by the requests in it."""
    cells = told.values if isinstance(told, CountsTable) else {}
    bad: dict[str, float] = defaultdict(float)
    total: dict[str, float] = defaultdict(float)
    for key, counts in cells.items():
        bad[_value(key, by, by.stratum)] += counts.bad
        total[_value(key, by, by.stratum)] += counts.total
    found: dict[str, float] = defaultdict(float)
    for key, counts in cells.items():
        stratum = _value(key, by, by.stratum)
        found[_value(key, by, by.pod)] += bad[stratum] * counts.total / total[stratum]
    return found


def _by_label(told: CountsTable | NoData, by: By, label: str) -> dict[str, Counts]:
    """Sums over all other labels, by the values of this one; all together under "" where there is no such label."""
    found: dict[str, list[Told]] = defaultdict(list)
    for key, counts in (told.values if isinstance(told, CountsTable) else {}).items():
        found[_value(key, by, label)].append(counts)
    return {value: _whole(each) for value, each in found.items()}


def _value(key: Labels, by: By, label: str) -> str:
    """What a series has for one of its labels."""
    return key[by.labels().index(label)] if label else ""


def _whole(told: Iterable[Told]) -> Counts:
    each = tuple(told)
    total = round(sum(counts.total for counts in each))
    return Counts(min(round(sum(counts.bad for counts in each)), total), total)
