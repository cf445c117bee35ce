"""Which pod of the candidate has the bad requests: a name for the sentence, nothing is decided by it."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Final

from crossfade.judge.bets import gains, log_mean
from crossfade.judge.counts import NO_REQUESTS, Counts, Pod

ODDS: Final = (3.0, 10.0, 100.0)
"""Bets that a bad request is so much likelier on this pod than its part of the requests makes it."""

MAX_PODS: Final = 20
"""Of more pods, those with the most bad requests are kept: only these can be named. The others are one, without a name."""

OTHERS: Final = ""
"""The name of what is no single pod: the others, and counts that came without a pod's name."""

SURE: Final = log(100)
"""All pods being alike, one is named in 1 of 100 cases at most: each has its part of the bet."""


def culprit(pods: Sequence[Pod]) -> Pod | None:
    """The pod that has more than half of the bad requests and far more than its part; None where they are spread, or few.

    Among alike pods a bad request falls on each by its part of the requests, so the bets of `bets` apply. Each pod may be
    the one, so the limit grows with their number; where not all are known by name, 1/part is how many alike ones there are.
    """
    total = sum((pod.counts for pod in pods), NO_REQUESTS)
    named = [pod for pod in pods if pod.name != OTHERS]
    if len(pods) < 2 or not named or not total.bad:
        return None
    worst = max(named, key=lambda pod: pod.counts.bad)
    part = worst.counts.total / total.total
    if 2 * worst.counts.bad <= total.bad:
        return None
    won = log_mean(gains(worst.counts.bad, total.bad - worst.counts.bad, part, ODDS))
    return worst if won - log(max(len(pods), 1 / part)) >= SURE else None


def added(known: Sequence[Pod], more: Sequence[Pod]) -> tuple[Pod, ...]:
    """Sums by pod, the most bad requests first, the others last: bounded, so which are kept may change with what comes."""
    sums = _sums((*known, *more))
    others = sums.pop(OTHERS, NO_REQUESTS)
    worst = sorted(sums.items(), key=lambda item: (-item[1].bad, item[0]))
    others = sum((counts for _, counts in worst[MAX_PODS:]), others)
    kept = tuple(Pod(name, counts) for name, counts in worst[:MAX_PODS])
    return (*kept, Pod(OTHERS, others)) if others.total else kept


def _sums(pods: Sequence[Pod]) -> dict[str, Counts]:
    sums: dict[str, Counts] = {}
    for pod in pods:
        sums[pod.name] = sums.get(pod.name, NO_REQUESTS) + pod.counts
    return sums
