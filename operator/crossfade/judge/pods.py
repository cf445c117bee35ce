"""Which pod of the candidate has the bad requests: a name for the sentence, nothing is decided by it."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Final

from crossfade.judge.bets import gains, log_mean
from crossfade.judge.counts import NO_REQUESTS, Pod

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

    Among alike pods a bad request falls on each by its part of the requests, so the bets of `bets` apply. In strata it is the
    part of the stratum in which it fell; the mean of these stands for them, since 1 + p * (f - 1) has a concave logarithm.
    Each pod may be the one, so the limit grows with their number; where not all are known by name, 1/part is how many alike
    ones there are.
    """
    total = sum((pod.counts for pod in pods), NO_REQUESTS)
    named = [pod for pod in pods if pod.name != OTHERS]
    if len(pods) < 2 or not named or not total.bad:
        return None
    worst = max(named, key=lambda pod: pod.counts.bad)
    part = _part(worst, pods)
    if 2 * worst.counts.bad <= total.bad or not part:
        return None
    won = log_mean(gains(worst.counts.bad, total.bad - worst.counts.bad, part, ODDS))
    return worst if won - log(max(len(pods), 1 / part)) >= SURE else None


def _part(worst: Pod, pods: Sequence[Pod]) -> float:
    """The part of all bad requests that would be its own."""
    expected = [pod.expected for pod in pods if pod.expected is not None]
    if worst.expected is None or len(expected) < len(pods):
        return worst.counts.total / sum(pod.counts.total for pod in pods)
    return worst.expected / sum(expected) if sum(expected) else 0.0


def added(known: Sequence[Pod], more: Sequence[Pod]) -> tuple[Pod, ...]:
    """Sums by pod, the most bad requests first, the others last: bounded, so which are kept may change with what comes."""
    sums: dict[str, Pod] = {}
    for pod in (*known, *more):
        sums[pod.name] = sums[pod.name] + pod if pod.name in sums else pod
    others = sums.pop(OTHERS, None)
    worst = sorted(sums.values(), key=lambda pod: (-pod.counts.bad, pod.name))
    for pod in worst[MAX_PODS:]:
        others = (others or Pod(OTHERS, NO_REQUESTS, 0.0)) + pod
    kept = tuple(worst[:MAX_PODS])
    return (*kept, others) if others is not None and others.counts.total else kept
