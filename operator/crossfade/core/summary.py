"""What the status tells: phase, message and conditions, recomputed in each pass from what is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from crossfade.api.base import Weight, whole
from crossfade.api.conditions import ConditionType, Phase, Reason
from crossfade.api.labels import LABEL_REVISION, LABEL_ROLLOUT
from crossfade.api.status import Condition, Failed, RevisionStatus, RolloutStatus
from crossfade.core import columns, deadline, port_check, routing, starts
from crossfade.core.analysis.outcome import left_undone
from crossfade.core.analysis.runs import gone
from crossfade.core.conflicts import Conflict
from crossfade.core.evidence import Cause
from crossfade.core.gates.answer import Answer
from crossfade.core.goals import halts
from crossfade.core.holds import SHORT_S, hold, unavailable_s, who_paused
from crossfade.core.moments import moment_of, text_of
from crossfade.core.observed import Side
from crossfade.core.others import BY_PEOPLE, in_full
from crossfade.core.outside import OUTSIDE
from crossfade.core.policy.compliance import compliance
from crossfade.core.restarts import replaced_for_s
from crossfade.core.situation import Situation
from crossfade.core.stepper import Step
from crossfade.core.strangers import rogues
from crossfade.core.traffic import traffic_of
from crossfade.core.traffic.route import ANSWERS_S
from crossfade.core.transitions import GIVEN_UP
from crossfade.core.verdicts import first_unavailable
from crossfade.core.wanted import condemned, paused, target
from crossfade.core.ways_back import in_words
from crossfade.core.words import pods, serves

Holds = Literal["True", "False"]


@dataclass(frozen=True)
class State:
    """The state in the words of the API: one phase, one reason, one sentence."""

    phase: Phase
    reason: Reason
    message: str


def status(s: Situation, at: Step, why: Cause) -> RolloutStatus:
    """The whole status. `why`: what is wrong with pods, where they were looked at."""
    cause, at = why.sentence, _as_it_stood(s, at)
    state = _with_refusals(s, _state(s, at, cause))
    late = _is_late(s, at, state)
    if late and state.phase in {Phase.PROGRESSING, Phase.ROLLING_BACK}:
        state = State(Phase.DEGRADED, state.reason, state.message)
    progress = s.memory.progress
    if progress is not None:
        held = hold(s) if at.unmet is None and not progress.rollback_reason else Answer()
        waits = held.waiting_for if at.unmet is None else _with(at.unmet.waiting_for, cause)
        progress = progress.model_copy(update={"waiting_for": waits, "until": held.until})
    replicas, selector = _scale(s)
    told = s.memory.model_copy(
        update={
            "observed_generation": s.rollout.metadata.generation,
            "strategy": s.spec.strategy.name,
            "phase": state.phase,
            "since": columns.since(s.memory, state.phase, s.now),
            "message": state.message,
            "last_lines": _last_lines(s, why, state.message),
            "replicas": replicas,
            "available_replicas": s.stable.available + s.candidate.available,
            "ready": columns.ready(s),
            "selector": selector,
            "stage": f"{s.progress.stage + 1}/{len(s.plan)}" if s.under_way else "",
            "weight": (0 if s.progress.rollback_reason else s.stage.weight) if s.under_way else None,
            "real_weight": _real_weight(s),
            "stable": _side(s, s.stable_revision),
            "candidate": _side(s, s.progress.revision),
            "progress": progress,
        }
    )
    return told.model_copy(update={"conditions": _conditions(s, state, late=late)})


def _as_it_stood(s: Situation, at: Step) -> Step:
    """A stage that stood is told as it stood while its route is put right, which takes a moment: an event tells of that."""
    stood = s.routed and s.under_way and s.progress.reached_at and not s.progress.rollback_reason
    fresh = s.awaited_s < ANSWERS_S
    put_right = stood and fresh and at.unmet is not None and at.unmet.why is Reason.MOVING_TRAFFIC
    return replace(at, unmet=None) if put_right else at


def _last_lines(s: Situation, why: Cause, message: str) -> list[str]:
    """Those of the container that the message speaks of: of what is awaited now, else of the failure that it names."""
    if why.last_lines and why.sentence in message:
        return list(why.last_lines)
    told = (s.progress.failure, s.memory.failed, s.memory.undone)
    return next(
        (each.last_lines for each in told if each and each.last_lines and each.message in message), []
    )


def _with_refusals(s: Situation, state: State) -> State:
    """What the API server refuses to make or to change is told with its own words, whatever else is going on."""
    if not s.seen.refused:
        return state
    words = "; ".join(f"the API server refuses {what}: {why}" for what, why in sorted(s.seen.refused.items()))
    phase, reason = state.phase, state.reason
    if phase in {Phase.HEALTHY, Phase.PROGRESSING}:
        phase, reason = (phase if s.under_way else Phase.DEGRADED), Reason.WRITE_REFUSED
    return State(phase, reason, _with(state.message, words))


def _is_late(s: Situation, at: Step, state: State) -> bool:
    """Whether what is waited for has not come within `progressDeadlineSeconds`: then a person should look."""
    limit_s = s.spec.progress_deadline_seconds
    if state.reason in {Reason.CANDIDATE_UNAVAILABLE, Reason.WRITE_REFUSED} and state.phase is Phase.DEGRADED:
        return True
    if state.reason is Reason.STABLE_UNAVAILABLE:
        return unavailable_s(s) >= limit_s
    return deadline.is_late(s, at) if s.under_way else replaced_for_s(s) >= limit_s


def blocked(s: Situation, told: RolloutStatus, by: Conflict) -> RolloutStatus:
    """The status of a Rollout that goes on as far as it can, although something is in its way."""
    state = State(by.phase, by.reason, by.message)
    return told.model_copy(update={**_said(s.memory, state, s.now), "conditions": _conditions(s, state)})


def _said(memory: RolloutStatus, state: State, now: datetime) -> dict[str, object]:
    """What a status says of a state that is not about pods: they wrote nothing that belongs to it."""
    since = columns.since(memory, state.phase, now)
    return {"phase": state.phase, "since": since, "message": state.message, "last_lines": []}


def going(s: Situation, message: str) -> RolloutStatus:
    """The status of a Rollout that is deleted and has something to give back: its memory, and what is waited for."""
    state = State(Phase.PROGRESSING, Reason.GIVING_BACK, message)
    seen = {"observed_generation": s.rollout.metadata.generation}
    told = s.memory.model_copy(update={**seen, **_said(s.memory, state, s.now)})
    return told.model_copy(update={"conditions": _conditions(s, state)})


def _state(s: Situation, at: Step, cause: str) -> State:
    if not s.under_way:
        return _state_at_rest(s, at, cause)
    if s.progress.rollback_reason:
        return _state_on_the_way_back(s, at, cause)
    late = first_unavailable(s)
    if late is not None:
        return State(Phase.DEGRADED, late.reason, late.message)
    held, unmet = hold(s), at.unmet
    frozen = s.progress.frozen or (halts(s) and unmet is not None)
    if held.why is not None and (frozen or unmet is None or held.why is Reason.STABLE_UNAVAILABLE):
        return State(_phase_of(held), held.why, _sentence(s, held.waiting_for))
    if unmet is None:  # its gates have just opened
        return State(Phase.PROGRESSING, Reason.SCALING_UP, _sentence(s, ""))
    phase = Phase.WAITING if unmet.why in OUTSIDE else Phase.PROGRESSING
    return State(phase, unmet.why, _sentence(s, _with(unmet.waiting_for, cause)))


def _state_on_the_way_back(s: Situation, at: Step, cause: str) -> State:
    given_up = GIVEN_UP.get(s.progress.rollback_reason)
    failure = _taken_back(s.memory.failed) if s.memory.failed else s.progress.rollback_reason
    why, phase = failure, Phase.ROLLING_BACK
    if given_up is not None:
        why, phase = s.progress.taken_back_by or given_up[1], Phase.PROGRESSING
    new = "" if cause in why else cause
    waits = f": waits for {_with(at.unmet.waiting_for, new)}" if at.unmet is not None else ""
    return State(phase, Reason.ROLLING_BACK, f"{why}; returning to {s.stable_revision}{waits}")


def _phase_of(held: Answer) -> Phase:
    if held.why is Reason.STABLE_UNAVAILABLE:
        return Phase.DEGRADED
    if held.why in {Reason.OTHERS_FAILED, Reason.HELD_BY_POLICY}:
        return Phase.WAITING
    return Phase.PAUSED if held.person else Phase.PROGRESSING


def _sentence(s: Situation, waiting_for: str) -> str:
    where = f"{_way(s)}stage {s.progress.stage + 1} of {len(s.plan)} ({s.stage.name})"
    told = f"{where} waits for {waiting_for}" if waiting_for else where
    return _with(told, gone(s))


def _way(s: Situation) -> str:
    """The Undo that is under way or about to begin, before all else."""
    way = s.memory.going_back
    return f"{in_words(way)}; " if way is not None and way.revision == target(s) else ""


def _with(waiting_for: str, cause: str) -> str:
    return f"{waiting_for}; {cause}" if cause else waiting_for


def _state_at_rest(s: Situation, at: Step, cause: str) -> State:
    unmet, degraded = at.unmet, at.unmet is not None and unavailable_s(s) >= SHORT_S
    lacks = _with(unmet.waiting_for, cause) if unmet is not None else ""
    if paused(s) and target(s) != s.stable_revision:
        waits = f"{s.spec_revision} waits: resume to release it{'' if s.spec.paused else who_paused(s)}"
        if degraded:  # what fails now is more urgent than what waits
            return State(Phase.DEGRADED, Reason.STABLE_UNAVAILABLE, _with(lacks, waits))
        return State(Phase.PAUSED, _paused_reason(s), waits)
    if target(s) != s.stable_revision:
        before = _state_before_its_release(s)
        if degraded and s.stable_revision and before.phase is Phase.WAITING:
            return State(Phase.DEGRADED, Reason.STABLE_UNAVAILABLE, _with(lacks, before.message))
        return before
    if unmet is not None and unmet.why is Reason.RESTARTING:
        overdue = replaced_for_s(s) >= s.spec.progress_deadline_seconds
        return State(Phase.DEGRADED if overdue else Phase.PROGRESSING, unmet.why, lacks)
    if degraded:
        return State(Phase.DEGRADED, Reason.STABLE_UNAVAILABLE, lacks)
    if s.spec_revision in condemned(
        s
    ):  # also while stable grows: its requests are back, and nothing else begins
        grows = f", and waits for {lacks}" if unmet is not None else ""
        back = f"{s.stable_revision} {serves(s)}{grows}. Change the template, or Retry{left_undone(s)}"
        return State(Phase.ROLLED_BACK, Reason.QUARANTINED, f"{_verdicts(s)}. {back}")
    if unmet is not None:
        return State(Phase.PROGRESSING, unmet.why, lacks)
    missing = routing.trouble_of_rules(s)
    if missing is not None:
        return State(
            Phase.WAITING, missing.reason, f"{s.stable_revision} {serves(s)}, and waits for {missing.message}"
        )
    if not s.n:
        return State(Phase.HEALTHY, Reason.SCALED_TO_ZERO, "replicas is 0: nothing runs")
    verb = "runs" if port_check.is_doubted(s) else serves(s)
    serving = f"{s.stable_revision} {verb} with {pods(s.n)}{left_undone(s)}"
    return State(Phase.HEALTHY, Reason.COMPLETED, _with(_with(serving, port_check.unchecked(s)), rogues(s)))


def _state_before_its_release(s: Situation) -> State:
    """It begins in the next pass, or when nothing holds it any more: Ready would be a lie until then."""
    held = starts.waits(s)
    if held.why is Reason.HELD_BY_POLICY:
        return State(
            Phase.WAITING, held.why, f"{_way(s)}the release of {target(s)} waits: {held.waiting_for}"
        )
    if held.why is not None and held.until is not None:
        begins = f"It begins at {moment_of(held.until):%H:%M:%S} UTC, where no other one fails until then"
        waits = f"the release of {target(s)} waits for {held.waiting_for}. {begins}"
        return State(Phase.WAITING, held.why, waits)
    return State(Phase.PROGRESSING, Reason.CREATING, f"{_way(s)}the release of {target(s)} is about to begin")


def _verdicts(s: Situation) -> str:
    """Why neither the spec's revision serves, nor the one that an Undo went to, where that has failed as well."""
    return "; ".join(map(_taken_back, condemned(s).values()))


def _taken_back(one: Failed) -> str:
    """Which release, by its number, and why; and who sent it back, where that is not the reason itself, or kept it from beginning.

    Example: `release 2 (7c9f4b8d51) was taken back: 1 of 4 pods crashed while it served …; Abort by ann: too slow`.
    """
    if one.reason == Reason.ABORTED_BY_USER and not one.release:
        return f"{one.revision} did not begin: {in_full(one)}"
    which = f"release {one.release} ({one.revision})" if one.release else one.revision
    act = one.act if one.reason not in BY_PEOPLE else None
    if act is None:
        return f"{which} was taken back: {in_full(one)}"
    why = f": {act.reason}" if act.reason else ""
    return f"{which} was taken back: {in_full(one)}; {act.action} by {act.actor or act.name}{why}"


def _paused_reason(s: Situation) -> Reason:
    return Reason.PAUSED_BY_SPEC if s.spec.paused else Reason.PAUSED_BY_ACTION


def unreadable(
    memory: RolloutStatus, rollout: Mapping[str, Any], message: str, now: datetime
) -> RolloutStatus:
    """The status of a Rollout whose spec does not parse."""
    generation = rollout.get("metadata", {}).get("generation", 0)
    kinds: tuple[tuple[ConditionType, Holds], ...] = (
        (ConditionType.READY, "False"),
        (ConditionType.STALLED, "True"),
    )
    state = State(Phase.INVALID, Reason.INVALID_SPEC, message)
    made = [_made(memory, kind, holds, state, generation, now) for kind, holds in kinds]
    told = {**_said(memory, state, now), "observed_generation": generation, "conditions": made}
    return memory.model_copy(update=told)


def _available(s: Situation) -> bool:
    """Whether users are served: as many available pods that requests may reach as the strategy leaves, and one at least."""
    traffic, tracks = traffic_of(s), {s.stable_revision, s.progress.revision} - {""}
    serving = sum(s.side(track).available for track in tracks if traffic.live(track))
    return serving >= max(s.floor, min(1, s.n))


def _conditions(s: Situation, state: State, *, late: bool = False) -> list[Condition]:
    """Kstatus's three, and ours. Reconciling, Stalled, Paused and RolledBack are absent when they do not hold."""
    stalled = state.phase in {Phase.INVALID, Phase.ROLLED_BACK} or late
    ready = state.phase is Phase.HEALTHY
    still = state.phase in {Phase.HEALTHY, Phase.DEGRADED} and paused(s)
    held = [ConditionType.PAUSED] if state.phase is Phase.PAUSED or still else []
    moving = [] if ready or stalled else [ConditionType.RECONCILING]
    extra = [ConditionType.STALLED] if stalled else []
    back = [ConditionType.ROLLED_BACK] if state.phase is Phase.ROLLED_BACK else []
    made = [_condition(s, kind, "True", state) for kind in (*moving, *extra, *held, *back)]
    available: Holds = "True" if _available(s) else "False"
    return [
        _condition(s, ConditionType.READY, "True" if ready else "False", state),
        _condition(s, ConditionType.AVAILABLE, available, state),
        *made,
        *_compliant(s, state),
        *_doubts(s, state),
    ]


def _doubts(s: Situation, state: State) -> list[Condition]:
    """What makes it doubtful that users get what the rest of the status says, each in words of its own."""
    doubts: tuple[tuple[ConditionType, Holds, Reason, str], ...] = (
        (ConditionType.PORTS_CHECKED, "False", Reason.PORT_NOT_CHECKED, port_check.unchecked(s)),
        (ConditionType.FOREIGN_PODS, "True", Reason.FOREIGN_PODS, rogues(s)),
    )
    return [
        _condition(s, kind, holds, State(state.phase, reason, told))
        for kind, holds, reason, told in doubts
        if told
    ]


def _compliant(s: Situation, state: State) -> list[Condition]:
    """Whether the policies are kept, in words of its own: what else is going on is no part of that."""
    waits = starts.waits(s)  # told also where what serves has lost pods, which is more urgent
    before = waits.waiting_for if waits.why is Reason.HELD_BY_POLICY else ""
    said = compliance(s, held=state.message if state.reason is Reason.HELD_BY_POLICY else before)
    if said is None:
        return []
    own = State(state.phase, said.reason, said.message)
    return [_condition(s, ConditionType.POLICY_COMPLIANT, said.holds, own)]


def _condition(s: Situation, kind: ConditionType, holds: Holds, state: State) -> Condition:
    return _made(s.memory, kind, holds, state, s.rollout.metadata.generation, s.now)


def _made(
    memory: RolloutStatus, kind: ConditionType, holds: Holds, state: State, generation: int, now: datetime
) -> Condition:
    """A condition that keeps the time of its last transition while its status stays."""
    before = next((c for c in memory.conditions if c.type == kind), None)
    since = before.last_transition_time if before is not None and before.status == holds else None
    return Condition(
        type=kind,
        status=holds,
        reason=state.reason,
        message=state.message,
        observed_generation=generation,
        last_transition_time=since or text_of(now),
    )


def _side(s: Situation, revision: str) -> RevisionStatus | None:
    if not revision:
        return None
    side: Side = s.side(revision)
    known = s.memory.stable if s.memory.stable and s.memory.stable.revision == revision else None
    return RevisionStatus(
        revision=revision,
        image=_images(s, revision),
        replicas=side.replicas,
        ready=side.ready,
        available=side.available,
        release=known.release if known else s.memory.release,
    )


def _images(s: Situation, revision: str) -> str:
    template = s.template_of(revision) or {}
    return ",".join(c["image"] for c in template.get("spec", {}).get("containers", []))[:1024]


def _real_weight(s: Situation) -> Weight | None:
    """The candidate's share by the route; else of ready endpoints; for a worker, of available pods."""
    if not s.under_way:
        return None
    routed = traffic_of(s).real_percent(s.progress.revision)
    if routed is not None:
        return whole(routed)
    ready = (
        s.production.ready
        if s.production
        else {r: s.side(r).available for r in (s.stable_revision, s.progress.revision)}
    )
    total = sum(ready.values())
    return round(100 * ready.get(s.progress.revision, 0) / total) if total else 0


def _scale(s: Situation) -> tuple[int, str]:
    """What an autoscaler measures: the serving side where both are full, both where they share the replicas."""
    shared = s.spec.strategy.canary is not None or s.spec.strategy.rolling is not None
    if shared or not s.stable_revision:
        return s.stable.replicas + s.candidate.replicas, f"{LABEL_ROLLOUT}={s.name}"
    traffic = traffic_of(s)
    whole = traffic.real_percent(s.progress.revision) in {None, 100}
    alone = s.under_way and whole and traffic.depends_on(s.progress.revision)
    moved = alone and s.stage.weight == 100 and not s.progress.rollback_reason
    revision = s.progress.revision if moved and s.memory.moved_at else s.stable_revision
    return s.side(revision).replicas, f"{LABEL_ROLLOUT}={s.name},{LABEL_REVISION}={revision}"
