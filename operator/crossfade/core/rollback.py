"""The rollback: it ends, or says who alone can end it, and `--now` waits for nothing.

No rule of the way forward applies: no obstacle, no growth rule, no pause, no block, no plan. All that it waits for is enough ready
pods of stable for its requests; how many are enough follows from the reason for the rollback.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from crossfade.api.conditions import Reason
from crossfade.core.evidence import crashed, have_no_room
from crossfade.core.goal import POLL_S, Goal, Unmet, divided, order_of
from crossfade.core.moments import seconds_since
from crossfade.core.pods_left import may_run
from crossfade.core.situation import Situation
from crossfade.core.stages import GROW_FIRST, Exchange, Order
from crossfade.core.traffic import Share, traffic_of
from crossfade.core.verdicts import loses_pods
from crossfade.core.wanted import target
from crossfade.core.words import pods

FEW = 4
"""After a failure requests return where at least 1 in 4 of stable's pods is ready: it is rolling's default warm share."""

SOME = 2
"""Where 1 in 10 of the candidate's pods crashed at most, and both revisions can serve by the number of their pods, they do until
1 in 2 is ready: of 20 pods rolling keeps 5 warm, which would not stand all requests because of one that crashed."""

WELL = 0.9
"""The part of the candidate's pods that has not crashed then."""

CAUSE_S = 10.0
"""An exit code comes up to 2 s after the endpoints have lost the pod (the kubelet's relist and status update), on a busy
node later than 3. Users are back on stable by then: all that waits is the end of the candidate's pods."""


def back(s: Situation) -> Goal:
    """Towards stable, from anywhere: requests first, and the candidate's pods only when they have left them."""
    candidate, urgent = s.progress.revision, is_urgent(s)
    waits = awaits_cause(s) and s.n and not s.exclusive
    why = "the pods to say why they failed" if waits else ""
    answers = s.exclusive and target(s) == s.stable_revision
    return Goal(
        pods={s.stable_revision: s.n, candidate: 0, **kept_failed(s)},
        share=_share(s),
        order=_order(s),
        within_surge=not urgent and not s.once(has_no_room),
        enough=enough(s),
        by_ready=True,
        hurried=urgent,
        widens=True,
        awaits={s.stable_revision: min(1, s.n)} if answers else {},
        empties=frozenset({candidate} if s.exclusive and not s.n else ()),
        keeps={candidate: why} if why else {},
        missing=_not_gone(s),
    )


def kept_failed(s: Situation) -> Mapping[str, int]:
    """One pod of the revision that failed, for those who look for the cause (`keepFailedSeconds`).

    Never two revisions at once under recreate, none where it takes the room of stable's pods, and none that is not there any more.
    """
    failed, order = s.memory.failed, _exchanged(s) if s.under_way else None
    if failed is None or failed.reason == Reason.ABORTED_BY_USER or failed.revision == s.stable_revision:
        return {}
    crowds = s.once(has_no_room) or (order is not None and not order.surge)
    if s.exclusive or not s.n or crowds or not kept_failed_s(s):
        return {}
    return {failed.revision: 1} if s.side(failed.revision).desired else {}


def kept_failed_s(s: Situation) -> float:
    """For how many seconds more; the time counts from the end of the rollback."""
    failed, last = s.memory.failed, s.memory.last
    if failed is None or not failed.release:
        return 0.0
    ended = last is not None and last.number == failed.release and not s.under_way
    passed_s = seconds_since(last.at, s.now) if ended and last is not None else 0.0
    return max(0.0, s.spec.keep_failed_seconds - passed_s)


def is_urgent(s: Situation) -> bool:
    """Whether requests must leave the candidate at once, though few pods of stable are ready.

    It failed, or fails now; or somebody asked for it; or stable's pods were waited for as long as anything may take.
    """
    return s.progress.urgent or waits_for_nothing(s) or loses_pods(s)


def waits_for_nothing(s: Situation) -> bool:
    """Whether one ready pod of stable is enough: somebody asked for that (`now`), or the way back lasts too long."""
    lasts_s = seconds_since(s.progress.turned_back_at, s.now) if s.progress.turned_back_at else 0.0
    return s.progress.now or lasts_s >= s.spec.progress_deadline_seconds


def enough(s: Situation) -> int:
    """How many ready pods of stable are enough for all requests.

    Where the cluster has no room for more of them, and no pod of the candidate can be spared for one, those that are there.
    """
    if waits_for_nothing(s):
        return min(1, s.n)
    needed = math.ceil(s.n / (SOME if _can_both_serve(s) else FEW)) if is_urgent(s) else s.floor
    return min(needed, max(1, s.stable.ready)) if s.once(has_no_room) and not _spare(s) else needed


def _can_both_serve(s: Situation) -> bool:
    """Whether the candidate, though some of it crashed, still answers well enough until more of stable's pods are up."""
    verdict, side, looked = s.memory.failed, s.candidate, s.pods(s.progress.revision)
    crash = verdict is not None and verdict.reason == Reason.CANDIDATE_CRASHED
    if not crash or _exchanged(s) is None:
        return False
    well = side.ready - len(crashed(looked or (), s.progress.ends_before))
    return well >= WELL * max(1, side.desired)


def has_no_room(s: Situation) -> bool:
    """Whether the pods that stable lacks cannot be scheduled, or made: then the candidate's pods make room for them."""
    side = s.stable
    if s.exclusive or side.available >= side.desired:
        return False
    return have_no_room(side, s.pods(s.stable_revision))


def _spare(s: Situation) -> int:
    """How many pods can go, one at a time, so that as many serve as must."""
    traffic, order = traffic_of(s), _order(s)
    missing = order.unavailable if isinstance(order, Exchange) else 0
    return max(0, sum(map(traffic.serving, (s.stable_revision, s.progress.revision))) - s.n + missing)


def _exchanged(s: Situation) -> Exchange | None:
    """How the strategy exchanges pods, where it does: then both revisions can serve by the number of their pods."""
    return next((stage.order for stage in s.plan if isinstance(stage.order, Exchange)), None)


def _order(s: Situation) -> Order:
    """Pods that were exchanged are exchanged back, with the same surge; others where the cluster has no room for both."""
    exchanged = _exchanged(s)
    if s.once(has_no_room):
        surge, missing = (exchanged.surge, exchanged.unavailable) if exchanged else (0, 0)
        return Exchange(surge, max(1, missing))
    return order_of(s, exchanged or GROW_FIRST)


def _share(s: Situation) -> Share:
    """All to stable; by a route, where pods make room for each other, as much as it has of the pods that serve."""
    alone = {s.stable_revision: 100}
    traffic, candidate = traffic_of(s), s.progress.revision
    if not s.routed or not s.once(has_no_room) or not _spare(s) or s.stable.ready >= enough(s):
        return alone
    now, there = traffic.real_percent(candidate), s.stable.ready + s.candidate.ready
    if now is None or not there:
        return alone
    weight = min(now, math.floor(1000 * s.candidate.ready / there) / 10)
    return divided(s, weight) if weight else alone


def awaits_cause(s: Situation) -> bool:
    """Whether the rollback began before the pods said why: they stay until they do, but not for long."""
    verdict, p = s.memory.failed, s.progress
    if verdict is None or verdict.reason != Reason.CANDIDATE_UNAVAILABLE or not p.rollback_reason:
        return False
    unknown = not verdict.pod and not s.candidate.refusal
    return bool(p.serving_since or unknown) and seconds_since(verdict.at, s.now) < CAUSE_S


def _not_gone(s: Situation) -> Unmet | None:
    """What is left of the candidate once nothing of it is wanted, but for the pod that is kept."""
    kept, side = kept_failed(s).get(s.progress.revision, 0), s.candidate
    if side.replicas > kept if kept else may_run(side):
        return Unmet(Reason.SHRINKING, f"{pods(side.replicas - kept)} of the candidate to go", again_s=POLL_S)
    if s.seen.found.pull_pods:
        return Unmet(Reason.SHRINKING, "the pod that pulled the images to go", again_s=POLL_S)
    return None
