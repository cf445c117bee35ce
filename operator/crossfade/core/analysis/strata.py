"""Strata and pods of a metric, between what came and what is stored: few names, and four numbers for each of them.

The strata of a metric are those that came first, the ones with most requests before others, as long as there is room. They stay
so, since which ones are compared by themselves must not follow from what fails in them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from crossfade.api.measurements import EVENTS_MOST, STRATA_KEPT, MetricStatus, PodStatus
from crossfade.judge.counts import NO_REQUESTS, Counts, Pod, Stratum

LONGEST = 64
"""Characters of a name in the status. A longer one is cut, and ends with its hash, so that two stay two."""


def names(known: Sequence[str], more: Iterable[Stratum]) -> list[str]:
    """The names of the strata with those that are new, in the order in which they came, as many as are kept."""
    came = dict.fromkeys([*known, *(short(each.name) for each in more)])
    return list(came)[:STRATA_KEPT]


def among(kept: Sequence[str], came: Iterable[Stratum]) -> tuple[Stratum, ...]:
    """The strata that are kept, each of them, with what came of it; the others are left to the rest."""
    found = {short(each.name): each for each in came}
    none = Stratum("", NO_REQUESTS, NO_REQUESTS)
    each_of = ((name, found.get(name, none)) for name in kept)
    return tuple(Stratum(name, each.candidate, each.stable) for name, each in each_of)


def stored(strata: Iterable[Stratum]) -> list[int] | None:
    """Four numbers each, in the order of the names; None for none."""
    sides = (side for each in strata for side in (each.candidate, each.stable))
    return [min(number, EVENTS_MOST) for side in sides for number in (side.bad, side.total)] or None


def read(kept: Sequence[str], stored_numbers: Sequence[int] | None) -> tuple[Stratum, ...]:
    """The strata of a window that was stored, which may have had fewer of them. Raises ValueError for what cannot be counts."""
    numbers = stored_numbers or ()
    fours = (numbers[start : start + 4] for start in range(0, len(numbers), 4))
    return tuple(
        Stratum(name, Counts(*four[:2]), Counts(*four[2:])) for name, four in zip(kept, fours, strict=False)
    )


def pods_of(state: MetricStatus) -> tuple[Pod, ...]:
    """The candidate's pods with their sums."""
    return tuple(
        Pod(each.name, Counts(min(each.bad, each.total), each.total), each.expected) for each in state.pods
    )


def stored_pods(pods: Iterable[Pod]) -> list[PodStatus]:
    """The same as they are stored."""
    return [
        PodStatus(
            name=each.name,
            bad=min(each.counts.bad, EVENTS_MOST),
            total=min(each.counts.total, EVENTS_MOST),
            expected=None if each.expected is None else min(each.expected, EVENTS_MOST),
        )
        for each in pods
    ]


def short_pods(pods: Iterable[Pod]) -> list[Pod]:
    """Pods by names that can be stored."""
    return [replace(each, name=short(each.name)) for each in pods]


def short(name: str) -> str:
    """The name, or what stands for a long one. Example: `/a/long/way…3f1c09ab`."""
    if len(name) <= LONGEST:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: LONGEST - len(mark) - 1]}…{mark}"
