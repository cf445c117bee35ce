"""Delivery figures from Releases: the four that the DORA research program measures, as far as a cluster sees them.

What counts, said once for all that shows them:

- A *change* is a release that reached a verdict: `Completed` or `RolledBack`. No change are a Rollout's first release
  (nothing served before it), a `Superseded` or `Cancelled` one (replaced before it was judged), and a *way back*: a
  completed release of a revision that had completed before.
- *Deployment frequency* (DORA: how often code is deployed to production): completed releases a day, ways back
  included, first releases not. Over the time that was observed, see below; None for less than a day of it.
- *Lead time for changes* (DORA: from the commit to running in production): the part that a cluster sees, from the start
  of the Release to `Completed`, the bake included. Median over the completed changes.
- *Change failure rate* (DORA: the share of deployments that need remediation: a rollback or a fix): changes that were
  rolled back, by the operator or by an abort, and completed ones that a way back replaced, among all changes. Also those
  that no user met count: a Release does not tell them apart. None for fewer than 5 changes: one more would move it by
  20 points.
- *Time to restore* (DORA: recovery from a failed deployment): for a rolled back change from the verdict, which is when
  the release turned back, to stable serving alone again; for a completed one from the start of the way back to its
  `Completed`, since when it began to fail was not measured. Median.

Releases are bounded by `revisionHistoryLimit`, so a window can be longer than what is kept of it. A Rollout is observed
from the start of the oldest of its newest releases without a gap in their numbers, or from the window's start, whichever
is later: older ones that happen to be kept are not counted, since those between them are unknown. That favours short
times between releases by at most one release.

Everything here is pure: raw Releases in, values out, for the command line and for metrics alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, groupby
from statistics import median
from typing import Any

from crossfade.view.attempts import Attempt, attempts

Object = Mapping[str, Any]

FEWEST_CHANGES = 5
"""Fewer changes give no rate: a single one more or less would move it by more than 20 points."""

SHORTEST_S = 24 * 3600
"""A shorter time gives no frequency: three releases within ten minutes are not 432 a day."""

JUDGED = frozenset({"Completed", "RolledBack"})


@dataclass(frozen=True)
class Figures:
    """The figures of one Rollout, or of all (`rollout` empty); definitions are above.

    `observed_from` is when counting begins; `cut` tells that the window is longer but earlier releases are not kept.
    `per_day`, `lead_s`, `failure_percent` and `restore_s` are None where there is too little to tell; the counts beside
    them say how little.
    """

    namespace: str
    rollout: str
    observed_from: datetime | None
    cut: bool
    deployments: int
    per_day: float | None
    changes: int
    failed: int
    failure_percent: float | None
    leads: int
    lead_s: float | None
    restores: int
    restore_s: float | None


@dataclass(frozen=True)
class Report:
    """The figures of each Rollout and of all together, between two moments.

    In `overall` the frequency is the sum of those Rollouts that have one, and the medians are over all releases.
    """

    since: datetime
    until: datetime
    overall: Figures
    rollouts: tuple[Figures, ...]


@dataclass(frozen=True)
class _Seen:
    """What one Rollout adds, or all together."""

    namespace: str
    rollout: str
    observed_from: datetime | None
    cut: bool
    deployments: int
    changes: int
    failed: int
    leads: tuple[float, ...]
    restores: tuple[float, ...]
    per_day: float | None


def report(releases: Iterable[Object], now: datetime, since_s: float) -> Report:
    """Give the figures of the last `since_s` seconds from the raw Releases of any number of Rollouts."""
    begin = now - timedelta(seconds=since_s)
    known = sorted(attempts(releases), key=_whose)  # stable: newest first within each Rollout
    histories = [list(group) for _, group in groupby(known, key=_whose)]
    each = [seen for history in histories if (seen := _seen(history, begin, now)) is not None]
    return Report(begin, now, _figures(_together(each)), tuple(_figures(seen) for seen in each))


def _whose(attempt: Attempt) -> tuple[str, str]:
    return attempt.namespace, attempt.rollout


def _seen(history: Sequence[Attempt], begin: datetime, now: datetime) -> _Seen | None:
    """Count one Rollout's releases; None where none is kept with its times. `history` is newest first."""
    tail = _without_gap(history)
    oldest = tail[-1].started_at if tail else None
    if oldest is None:
        return None
    start = max(begin, oldest)
    ended = [each for each in tail if each.ended_at is not None and start <= each.ended_at <= now]
    back = _ways_back(history)
    undone = _undone(history, back)
    changes = [each for each in ended if _is_change(each, back)]
    deployments = [each for each in ended if each.completed and each.from_revision]
    observed_s = (now - start).total_seconds()
    return _Seen(
        namespace=tail[0].namespace,
        rollout=tail[0].rollout,
        observed_from=start,
        cut=tail[-1].number > 1 and oldest > begin,
        deployments=len(deployments),
        changes=len(changes),
        failed=sum(not each.completed or each.number in undone for each in changes),
        leads=tuple(_times(each.seconds for each in changes if each.completed)),
        restores=tuple(_times(_restoring_s(each, set(undone.values())) for each in ended)),
        per_day=len(deployments) / observed_s * 86400 if observed_s >= SHORTEST_S else None,
    )


def _without_gap(history: Sequence[Attempt]) -> list[Attempt]:
    """Give the newest releases as far back as their numbers follow each other."""
    first = history[0].number
    return [each for i, each in enumerate(history) if each.number == first - i and each.started_at]


def _ways_back(history: Sequence[Attempt]) -> frozenset[int]:
    """Give the numbers of the completed releases of a revision that had completed before."""
    met: set[str] = set()
    found: set[int] = set()
    for each in reversed(history):
        if each.completed and each.revision in met:
            found.add(each.number)
        if each.completed:
            met.add(each.revision)
    return frozenset(found)


def _undone(history: Sequence[Attempt], back: frozenset[int]) -> dict[int, int]:
    """Give the changes that a way back replaced, with the number of that way back."""
    found: dict[int, int] = {}
    for way in (each for each in history if each.number in back):
        replaced = (e for e in history if e.number < way.number and e.revision == way.from_revision)
        change = next((each for each in replaced if each.completed), None)
        if change is not None and _is_change(change, back):
            found[change.number] = way.number
    return found


def _is_change(attempt: Attempt, back: frozenset[int]) -> bool:
    return attempt.outcome in JUDGED and bool(attempt.from_revision) and attempt.number not in back


def _restoring_s(attempt: Attempt, restoring: set[int]) -> float | None:
    """Give the seconds that a release took to restore what served before; None where it restored nothing."""
    if attempt.number in restoring:
        return attempt.seconds
    if attempt.outcome != "RolledBack" or attempt.judged_at is None or attempt.ended_at is None:
        return None
    return max((attempt.ended_at - attempt.judged_at).total_seconds(), 0)


def _times(seconds: Iterable[float | None]) -> list[float]:
    return [each for each in seconds if each is not None]


def _figures(seen: _Seen) -> Figures:
    return Figures(
        namespace=seen.namespace,
        rollout=seen.rollout,
        observed_from=seen.observed_from,
        cut=seen.cut,
        deployments=seen.deployments,
        per_day=seen.per_day,
        changes=seen.changes,
        failed=seen.failed,
        failure_percent=_percent(seen.failed, seen.changes),
        leads=len(seen.leads),
        lead_s=_median(seen.leads),
        restores=len(seen.restores),
        restore_s=_median(seen.restores),
    )


def _together(each: Sequence[_Seen]) -> _Seen:
    rates = [seen.per_day for seen in each if seen.per_day is not None]
    return _Seen(
        namespace="",
        rollout="",
        observed_from=min((seen.observed_from for seen in each if seen.observed_from), default=None),
        cut=any(seen.cut for seen in each),
        deployments=sum(seen.deployments for seen in each),
        changes=sum(seen.changes for seen in each),
        failed=sum(seen.failed for seen in each),
        leads=tuple(chain.from_iterable(seen.leads for seen in each)),
        restores=tuple(chain.from_iterable(seen.restores for seen in each)),
        per_day=sum(rates) if rates else None,
    )


def _percent(failed: int, changes: int) -> float | None:
    return 100 * failed / changes if changes >= FEWEST_CHANGES else None


def _median(seconds: Sequence[float]) -> float | None:
    return median(seconds) if seconds else None
