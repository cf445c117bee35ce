"""Everything that may hold a Rollout at a stage that is ready: one function each, most urgent first.

A new reason to hold (a policy, a queue, a window) is a function here, or in a file of its own, and its place in `HOLDS`. What a
stage itself asks for is in `gates/`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from crossfade.api.conditions import ConditionType, Phase, Reason
from crossfade.core import gates, manifests, others
from crossfade.core.gates.answer import OPEN, Answer
from crossfade.core.moments import moment_of
from crossfade.core.policy.holds import before_next, in_flight
from crossfade.core.propagation import has_propagated, propagated_at, propagation_left_s
from crossfade.core.situation import Situation

SHORT_S = 10.0
"""Fewer available pods than wanted are news for so long, then the phase is Degraded: pods start in seconds."""

LOOK_S = 5.0
"""Stable pods that are waited for are looked at so often."""


def hold(s: Situation) -> Answer:
    """What keeps the Rollout from its next stage; open where nothing does."""
    return next((answer for ask in HOLDS if not (answer := ask(s)).is_open), OPEN)


def _frozen_after_failure(s: Situation) -> Answer:
    if not s.progress.frozen:
        return OPEN
    why = others.in_full(s.progress.failure) if s.progress.failure is not None else s.progress.frozen
    failed = f"a person: release {s.memory.release} failed: {why.rstrip('.')}"
    what = f"{failed}. Frozen by onFailure: Pause. Abort to return, Retry to go on"
    return Answer(Reason.PAUSED_BY_FAILURE, what, person=True)


def _paused(s: Situation) -> Answer:
    if s.spec.paused:
        return Answer(Reason.PAUSED_BY_SPEC, "spec.paused to become false", person=True)
    if s.memory.paused_by is not None:
        return Answer(Reason.PAUSED_BY_ACTION, f"a Resume{who_paused(s)}", person=True)
    return OPEN


def who_paused(s: Situation) -> str:
    """Who asked for the Pause, and why, in brackets. Example: ` (paused by ann: lunch)`; "" where no action did."""
    by = s.memory.paused_by
    if by is None or not (by.actor or by.action):
        return ""
    why = f": {by.reason}" if by.reason else ""
    return f" (paused by {by.actor or by.action}{why})"


def _scaled_to_zero(s: Situation) -> Answer:
    why = "replicas above 0: no gate passes without pods"
    return OPEN if s.n else Answer(Reason.SCALED_TO_ZERO, why)


def _stable_unavailable(s: Situation) -> Answer:
    """An accident of stable never promotes a candidate whose gates have not passed.

    Unless stable has been down since before the release began: then the release may be the cure.
    """
    before_traffic = not s.stage.weight and not s.stage.stops_old
    gated = bool(s.stage.gates) and (s.stage.counted or s.stage.weight < 100)
    guarded = before_traffic or (gated and not s.progress.promoted_full)
    short = s.stable.available < s.stable.desired
    if not guarded or not short or s.progress.promoted or s.progress.stable_was_down:
        return OPEN
    have = f"{s.stable.available} of {s.stable.desired} pods of stable are available"
    if not is_lost(s):
        return Answer(Reason.SCALING_UP, f"stable to grow: {have}", again_s=LOOK_S)
    waits = f"stable to recover: {have}, and the candidate is not promoted by that"
    return Answer(Reason.STABLE_UNAVAILABLE, waits, again_s=_until_late_s(s))


def is_lost(s: Situation) -> bool:
    """Whether stable has lost pods, and was not just asked for more: an autoscaler's way up is nobody's trouble.

    What was told last says which: fewer are available than then, though no fewer are asked for. What is called a loss
    stays one until all are back, and pods that do not come within `SHORT_S` are one too.
    """
    told = s.memory.stable
    fewer = told is not None and s.stable.available < told.available and s.stable.desired >= told.replicas
    known = s.memory.phase is Phase.DEGRADED
    return known or fewer or not s.stable.ready or unavailable_s(s) >= SHORT_S


def is_down(s: Situation) -> bool:
    """Whether stable lacks pods that it has lost: what is released then may be the cure."""
    return s.stable.available < s.stable.desired and is_lost(s)


def unavailable_s(s: Situation) -> float:
    """For how long too few pods have been available, in seconds: the Available condition remembers since when."""
    since = _unavailable_since(s)
    return (s.now - since).total_seconds() if since is not None else 0


def _unavailable_since(s: Situation) -> datetime | None:
    known = (c for c in s.memory.conditions if c.type == ConditionType.AVAILABLE and c.status == "False")
    since = next((c.last_transition_time for c in known), None)
    return moment_of(since) if since else None


def _until_late_s(s: Situation) -> float | None:
    """Seconds until a person is told that stable does not recover by itself; None where that is told, or no time runs."""
    left_s = s.spec.progress_deadline_seconds - unavailable_s(s)
    return left_s if _unavailable_since(s) is not None and left_s > 0 else None


def is_last(s: Situation) -> bool:
    """Whether the release is complete when this stage's gates open: what is left of the plan removes the old side."""
    index = s.progress.stage + 1
    return index >= len(s.plan) or (index == len(s.plan) - 1 and s.plan[index].only_retires)


def _others_fail(s: Situation) -> Answer:
    """No stage is passed while other Rollouts fail, where the spec asks for that.

    A stage in which nothing serves is left as soon as it can be; so is one of a way back, of what may be the cure, and one
    that a person has promoted.
    """
    p, way = s.progress, s.memory.going_back
    back = (
        bool(p.rollback_reason) or p.begun_as == "Return" or (way is not None and way.revision == p.revision)
    )
    guards = s.spec.hold_when_others_fail and bool(s.stable_revision) and not s.stage.stops_old
    return others.failing(s) if guards and not (back or s.promoted or p.stable_was_down) else OPEN


def _propagating(s: Situation) -> Answer:
    """A release that is complete loses its old pods, ours or an adopted Service's: not while a node may reach them.

    Behind a route they stay anyway, until production has come home and the route is as it was.
    """
    moved = s.stage.weight == 100 and not s.exclusive and not s.routed and not manifests.is_first(s)
    if not moved or not is_last(s) or has_propagated(s):
        return OPEN
    waits = "every node to follow the endpoints"
    left_s = propagation_left_s(s) if s.memory.moved_at else None
    return Answer(Reason.SETTLING, waits, propagated_at(s), again_s=left_s)


HOLDS: tuple[Callable[[Situation], Answer], ...] = (
    _frozen_after_failure,
    _paused,
    _scaled_to_zero,
    in_flight,
    _stable_unavailable,
    gates.asked,
    before_next,
    _others_fail,
    _propagating,
)
