"""What must hold before the next stage, once a stage stands."""

from __future__ import annotations

from dataclasses import dataclass

from crossfade.api.conditions import ConditionType, Phase, Reason
from crossfade.core import manifests
from crossfade.core.moments import later, moment_of
from crossfade.core.settling import has_settled, settled_at
from crossfade.core.situation import Situation
from crossfade.core.stages import GateKind, Route

SHORT_S = 10.0
"""Fewer available pods than wanted are news for so long, then the phase is Degraded: pods start in seconds."""


@dataclass(frozen=True)
class Hold:
    """Why a standing stage does not pass: a word, a sentence, and until when (None: until something happens).

    `person`: it is a person who must act.
    """

    why: Reason
    waiting_for: str
    until: str | None = None
    person: bool = False


def hold(s: Situation) -> Hold | None:
    """What holds the stage, most urgent first; None where the gate is open."""
    rungs = (_held_after_failure, _paused, _scaled_to_zero, _stable_unavailable, _gate, _nodes_follow)
    return next((found for rung in rungs if (found := rung(s)) is not None), None)


def paused(s: Situation) -> bool:
    """Whether a person holds the Rollout where it stands."""
    return s.spec.paused or s.memory.paused_by is not None


def _held_after_failure(s: Situation) -> Hold | None:
    if not s.progress.held:
        return None
    what = f"{s.progress.held}. Frozen by onFailure: Pause. Abort to return, Retry to go on"
    return Hold(Reason.PAUSED_BY_FAILURE, what, person=True)


def _paused(s: Situation) -> Hold | None:
    if s.spec.paused:
        return Hold(Reason.PAUSED_BY_SPEC, "spec.paused to become false", person=True)
    if (by := s.memory.paused_by) is not None:
        who = f" ({by.actor} paused it)" if by.actor else ""
        return Hold(Reason.PAUSED_BY_ACTION, f"a Resume{who}", person=True)
    return None


def _scaled_to_zero(s: Situation) -> Hold | None:
    return None if s.n else Hold(Reason.SCALED_TO_ZERO, "replicas above 0: no gate passes without pods")


def _stable_unavailable(s: Situation) -> Hold | None:
    """An accident of stable never promotes a candidate whose gate has not passed."""
    guarded = s.stage.route is Route.STABLE or (s.stage.counted and s.stage.gate.kind is not GateKind.READY)
    short = s.stable.available < s.stable.desired
    if not guarded or not short or s.progress.promoted or s.progress.stable_was_down:
        return None
    have = f"{s.stable.available} of {s.stable.desired} pods of stable are available"
    if not _lost(s):
        return Hold(Reason.SCALING_UP, f"stable to grow: {have}")
    return Hold(
        Reason.STABLE_UNAVAILABLE, f"stable to recover: {have}, and the candidate is not promoted by that"
    )


def _lost(s: Situation) -> bool:
    """Whether stable has lost pods, and was not just asked for more: an autoscaler's way up is nobody's trouble.

    What was told last says which: fewer are available than then, though no fewer are asked for. What is called a loss
    stays one until all are back, and pods that do not come within `SHORT_S` are one too.
    """
    told = s.memory.stable
    fewer = told is not None and s.stable.available < told.available and s.stable.desired >= told.replicas
    known = s.memory.phase is Phase.DEGRADED
    return known or fewer or not s.stable.ready or unavailable_s(s) >= SHORT_S


def unavailable_s(s: Situation) -> float:
    """For how long too few pods have been available, in seconds: the Available condition remembers since when."""
    since = next(
        (c for c in s.memory.conditions if c.type == ConditionType.AVAILABLE and c.status == "False"), None
    )
    if since is None or since.last_transition_time is None:
        return 0
    return (s.now - moment_of(since.last_transition_time)).total_seconds()


def _gate(s: Situation) -> Hold | None:
    gate, since = s.stage.gate, s.progress.reached_at
    if s.progress.promoted or gate.kind is GateKind.READY:
        return None
    if gate.kind is GateKind.MANUAL:
        return Hold(Reason.AWAITING_PROMOTION, "a Promote", person=True)
    until = later(since, gate.seconds) if since else None
    if until is not None and s.now >= moment_of(until):
        return None
    baking = gate.kind is GateKind.BAKE
    what = "the bake to end" if baking else "the pause to end"
    return Hold(Reason.BAKING if baking else Reason.PAUSED_FOR_TIME, what, until)


def last_gate(s: Situation) -> bool:
    """Whether the release is complete when this stage's gate opens: what is left of the plan removes the old side."""
    index = s.progress.stage + 1
    return index >= len(s.plan) or (index == len(s.plan) - 1 and s.plan[index].only_retires)


def _nodes_follow(s: Situation) -> Hold | None:
    """A release that is complete loses its old pods, ours or an adopted Service's: not while a node may reach them."""
    left = not manifests.is_first(s)
    if s.stage.route is not Route.CANDIDATE or not left or not last_gate(s) or has_settled(s):
        return None
    return Hold(Reason.SETTLING, "every node to follow the endpoints", settled_at(s))
