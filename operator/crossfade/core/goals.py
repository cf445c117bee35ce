"""Where a Rollout is to go: the same kind of goal for a stage, the way back, a pause, rest, and a deletion.

A goal says what is wanted, and never how it is come to: that is the stepper's. A new situation that moves pods or requests is a
function here that gives a `Goal`, and its place in `goal_of`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from crossfade.api.base import Weight
from crossfade.api.conditions import Reason
from crossfade.core import manifests, routing
from crossfade.core.goal import POLL_S, Goal, Unmet, divided, order_of
from crossfade.core.observed import Side
from crossfade.core.pods_left import are_left, none_left
from crossfade.core.policy.holds import in_flight
from crossfade.core.restarts import left_to_replace
from crossfade.core.rollback import FEW, back, kept_failed
from crossfade.core.situation import SOURCE, Situation
from crossfade.core.stages import GROW_FIRST, Exchange, Exclusive, Stage
from crossfade.core.traffic import Share, traffic_of
from crossfade.core.traffic.selector import selector_before
from crossfade.core.wanted import paused


def goal_of(s: Situation) -> Goal:
    """What the memory asks of pods and requests."""
    if not s.under_way:
        return at_rest(s)
    if s.progress.rollback_reason:
        return back(s)
    return frozen(s) if stopped(s) else stage(s)


def stopped(s: Situation) -> bool:
    """Whether a release stands still on its way to a stage: failed and frozen, or paused by a person or a policy.

    Not on its way back to where it stood before it was scaled to nothing.
    """
    if s.progress.rollback_reason:
        return False
    halted = halts(s) and s.progress.reached_at is None and s.n > 0 and not s.progress.emptied
    frozen_ = bool(s.progress.frozen or s.seen.spec_error)
    return bool(s.stable_revision) and (frozen_ or halted)


def halts(s: Situation) -> bool:
    """Whether somebody wants it to go no further than it is: a person, or a policy while pods are exchanged."""
    return paused(s) or not s.once(in_flight).is_open


def at_rest(s: Situation) -> Goal:
    """Nothing under way: stable has all pods and all requests, every other track none."""
    left, beside = left_to_replace(s), any(are_left(s.side(track)) for track in s.others)
    replaced = f"{left} old pods of stable to be replaced by new ones"
    return Goal(
        pods={s.stable_revision: s.n, **kept_failed(s)},
        share={s.stable_revision: 100},
        order=order_of(s) if beside else GROW_FIRST,
        enough=s.floor,
        widens=True,
        awaits={s.stable_revision: s.n},
        missing=Unmet(Reason.RESTARTING, replaced, suspect=s.stable_revision) if left else None,
    )


def stage(s: Situation) -> Goal:
    """Towards the stage that the release is in."""
    now, new = s.stage, s.progress.revision
    old = {s.stable_revision: now.stable} if s.stable_revision else {}
    share = share_at(s, now)
    beside = bool(s.stable_revision) and not now.reaches and not now.counted
    nobody = (
        s.routed and bool(s.stable_revision) and not s.n
    )  # a route keeps what it has until there are pods again
    return Goal(
        pods={**old, SOURCE: _left_of_source(s), new: now.candidate},
        share=None if nobody else share,
        order=order_of(s, now.order),
        enough=s.floor if beside else now.candidate,
        sides={} if beside else _sides(s),
        widens=beside,
        awaits={new: now.candidate},
        proves=not beside,
        empties=frozenset({s.stable_revision} if now.stops_old else ()),
        missing=_not_pulled(s) or _not_counted(s),
    )


def _sides(s: Situation) -> Mapping[str, int]:
    """Every side has pods before a route sends requests to it: the candidate all of the stage's, stable enough to return.

    What may be the cure waits for no pod of a stable that was down before it.
    """
    if not s.routed or not s.stable_revision:
        return {}
    now = s.stage
    alone = now.weight == 100 or s.progress.stable_was_down
    left = {} if alone else {s.stable_revision: min(now.stable, math.ceil(s.n / FEW))}
    return {s.progress.revision: now.candidate, **left}


def share_at(s: Situation, stage: Stage) -> Share:
    """A stage's weight as a share of each track. Where pods are counted, both have one until the old ones are gone."""
    if s.stable_revision and not stage.reaches and not stage.counted:
        return {s.stable_revision: 100}
    shown = min(stage.weight, 99) if stage.counted and stage.stable else stage.weight
    if not s.stable_revision or shown == 100:  # whom a share names gets requests, and nobody else does
        return {s.progress.revision: 100}
    return divided(s, shown)


def _left_of_source(s: Situation) -> int:
    """The Deployment of `workloadRef` keeps its pods until a release has completed beside it."""
    return 0 if s.stable_revision else s.side(SOURCE).desired


def _not_pulled(s: Situation) -> Unmet | None:
    pulled = any(pod.pulled for pod in manifests.pull_pods(s))
    if not s.stage.pull_check or pulled:
        return None
    return Unmet(Reason.PULLING, "the images to be pulled", again_s=POLL_S)


def _not_counted(s: Situation) -> Unmet | None:
    """Scaled to nothing and back, a Deployment may still count pods that are about to go, for seconds.

    What counts its pods has seen the newest size, and the pods that are there were not told to go: then they stay.
    """
    revision = s.progress.revision
    if not s.progress.emptied or not s.n:
        return None
    staying = sum(pod.ready and not pod.leaving for pod in s.pods(revision) or ())
    if s.seen.found.counted.get(revision) and staying >= s.stage.candidate:
        return None
    return Unmet(
        Reason.SCALING_UP, "the pods to be counted anew, after there were to be none", again_s=POLL_S
    )


def frozen(s: Situation) -> Goal:
    """Nothing moves: pods and requests stay as they are. What is gone or was edited comes back, and what serves may be scaled up."""
    sides = [side for side in (s.stable, s.candidate) if side.revision]
    stood, shares = _stood(s), _shares(s)
    pods = {track: count for track, count in stood.items() if count and not s.side(track).identity.uid}
    serving = [*pods, *(side.revision for side in _serving(s, sides))]
    pods |= {side.revision: side.desired for side in sides}
    if s.routed:
        pods |= {track: max(pods.get(track, 0), count) for track, count in stood.items()}
    elif serving:
        pods[serving[0]] += max(0, s.n - sum(pods[track] for track in serving))
    kept = any(map(traffic_of(s).gives, shares)) if s.knows_plan else _reaches_somebody(s)
    return Goal(
        pods={**pods, SOURCE: _left_of_source(s)},
        share=None if kept else shares[0],
        order=order_of(s),
        still=True,
    )


def _reaches_somebody(s: Situation) -> bool:
    """Whether requests come to a side of the release, shared where they were: nobody knows what else its stage asked for."""
    weight = s.progress.reached_weight
    shared = not s.routed or weight in (0, 100) or routing.is_split(s)
    return shared and any(map(traffic_of(s).live, (s.stable_revision, s.progress.revision)))


def _serving(s: Situation, sides: list[Side]) -> list[Side]:
    if s.exclusive:
        return [s.candidate if s.candidate.desired else s.stable]
    traffic = traffic_of(s)
    return [side for side in sides if traffic.live(side.revision)] or sides


def _stood(s: Situation) -> Mapping[str, int]:
    """How many pods each side has at the last point that the release has stood at."""
    if not s.knows_plan:
        weight = s.progress.reached_weight
        new = math.ceil(s.n * weight / 100)
        shares = {s.stable_revision: s.n if weight < 100 else 0, s.progress.revision: new}
        return {track: count for track, count in shares.items() if not s.side(track).identity.uid}
    last = _last_reached(s)
    return (
        {s.stable_revision: last.stable, s.progress.revision: last.candidate}
        if last
        else {s.stable_revision: s.n}
    )


def _last_reached(s: Situation) -> Stage | None:
    """The last stage that was reached; None on the way to the first one, and where the strategy was edited since."""
    p = s.progress
    if p.reached_at is not None:
        return s.stage
    last = s.plan[p.stage - 1] if p.stage else None
    return last if last is not None and last.weight == p.reached_weight else None


def _shares(s: Situation) -> list[Share]:
    """The shares that it may have as it stands still: the one that it has stood at, and the one that it was on its way to.

    On its way there by the number of pods, both sides have one.
    """
    last, weight = _last_reached(s), s.progress.reached_weight
    reached = share_at(s, last) if last else _share_of(s, weight)
    divided = s.stage.counted or 0 < weight < 100
    both: list[Share] = [{s.stable_revision: 1, s.progress.revision: 99}] if divided and not s.routed else []
    return [reached, share_at(s, s.stage), *both]


def _share_of(s: Situation, weight: Weight) -> Share:
    """The candidate's weight as a share of each track."""
    if weight in (0, 100):
        return {s.progress.revision if weight else s.stable_revision: 100}
    return divided(s, weight)


def given_back(s: Situation, survivor: str) -> Goal:
    """A deletion: one track goes on alone, with all its pods and all requests.

    Where no selector can tell its pods from the others', they are exchanged behind the one that there is. What an adopted
    Service selected before is left to it.
    """
    others = [t for t in (s.stable_revision, s.progress.revision, *s.others) if t and t != survivor]
    runs = s.spec_revision if survivor == SOURCE else survivor
    rivals = [track for track in others if track not in {runs, SOURCE} and not none_left(s, track)]
    alone = s.exclusive and s.side(survivor).desired < s.n and rivals
    stays = s.production is None or dict(s.production.selector) == selector_before(s.production)
    stays = stays and not routing.is_split(s)
    apart = not s.service_name or (not stays and traffic_of(s).separates(survivor, others))
    exchange = Exchange(s.n, s.n - s.floor)
    return Goal(
        pods={survivor: s.n},
        share=None if stays else {survivor: 100},
        order=Exclusive() if alone else GROW_FIRST if apart else exchange,
        enough=s.floor,
        by_ready=True,
        widens=True,
        awaits={survivor: 0},
        keeps={runs: "the other revision to go"} if alone and runs != survivor else {},
        alike=frozenset({runs}),
    )
