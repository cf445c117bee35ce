"""What the status tells: phase, message and conditions, recomputed in each pass from what is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from crossfade.api.conditions import ConditionType, Phase, Reason
from crossfade.api.labels import LABEL_REVISION, LABEL_ROLLOUT
from crossfade.api.rollout import RolloutSpec
from crossfade.api.status import Condition, RevisionStatus, RolloutStatus
from crossfade.core import manifests
from crossfade.core.gates import SHORT_S, Hold, hold, paused, unavailable_s
from crossfade.core.moments import text_of
from crossfade.core.observed import Side
from crossfade.core.reach import Wanted
from crossfade.core.restarts import replaced_for_s
from crossfade.core.situation import Situation
from crossfade.core.stages import Route, pods_of
from crossfade.core.transitions import GIVEN_UP, target
from crossfade.core.verdicts import first_unavailable

Holds = Literal["True", "False"]

OVERDUE = frozenset({Reason.CANDIDATE_UNAVAILABLE, Reason.RESTARTING})
"""Why what is Degraded is stalled as well: a deadline has passed, and nothing more is done about it."""


@dataclass(frozen=True)
class Tale:
    """The state in the words of the API: one phase, one reason, one sentence."""

    phase: Phase
    reason: Reason
    message: str


def status(s: Situation, wanted: Wanted, cause: str) -> RolloutStatus:
    """The whole status. `cause`: what is wrong with pods, where they were looked at."""
    tale = _tale(s, wanted, cause)
    held = hold(s) if s.under_way and wanted.standing and not s.progress.returning else None
    progress = s.memory.progress
    if progress is not None:
        waits = held.waiting_for if held else _with(wanted.waiting_for, cause)
        progress = progress.model_copy(update={"waiting_for": waits, "until": held.until if held else None})
    replicas, selector = _scale(s)
    told = s.memory.model_copy(
        update={
            "observed_generation": s.rollout.metadata.generation,
            "strategy": s.spec.strategy.name,
            "phase": tale.phase,
            "message": tale.message,
            "replicas": replicas,
            "available_replicas": s.stable.available + s.candidate.available,
            "selector": selector,
            "stage": f"{s.progress.stage + 1}/{len(s.plan)}" if s.under_way else "",
            "weight": (0 if s.progress.returning else s.stage.weight) if s.under_way else None,
            "real_weight": _real_weight(s),
            "stable": _side(s, s.stable_revision),
            "candidate": _side(s, s.progress.revision),
            "progress": progress,
        }
    )
    return told.model_copy(update={"conditions": _conditions(s, tale)})


def blocked(s: Situation, told: RolloutStatus, reason: Reason, message: str) -> RolloutStatus:
    """The status of a release that goes on as far as it can, although something in its way is somebody else's."""
    tale = Tale(Phase.INVALID, reason, message)
    return told.model_copy(
        update={"phase": tale.phase, "message": message, "conditions": _conditions(s, tale)}
    )


def refused(s: Situation, reason: Reason, message: str) -> RolloutStatus:
    """The status where the spec cannot be carried out: production is as it was, and so is the memory."""
    replicas, selector = _scale(s)
    told = s.memory.model_copy(
        update={
            "observed_generation": s.rollout.metadata.generation,
            "phase": Phase.INVALID,
            "message": message,
            "replicas": replicas,
            "available_replicas": s.stable.available + s.candidate.available,
            "selector": selector,
            "stable": _side(s, s.stable_revision),
        }
    )
    return told.model_copy(update={"conditions": _conditions(s, Tale(Phase.INVALID, reason, message))})


def _tale(s: Situation, wanted: Wanted, cause: str) -> Tale:
    if not s.under_way:
        return _tale_at_rest(s, wanted, cause)
    if s.progress.returning:
        phase = Phase.PROGRESSING if s.progress.returning in GIVEN_UP else Phase.ROLLING_BACK
        why = (
            s.memory.failed.message
            if s.memory.failed and phase is Phase.ROLLING_BACK
            else s.progress.returning
        )
        return Tale(
            phase,
            Reason.ROLLING_BACK,
            f"{why}; returning to {s.stable_revision}: waits for {wanted.waiting_for}",
        )
    late = first_unavailable(s)
    if late is not None:
        return Tale(Phase.DEGRADED, late.reason, late.message)
    held = hold(s)
    frozen = s.progress.held or (paused(s) and not wanted.standing)
    if held is not None and (frozen or wanted.standing or held.why is Reason.STABLE_UNAVAILABLE):
        return Tale(_phase_of(held), held.why, _sentence(s, held.waiting_for))
    phase = Phase.WAITING if wanted.why is Reason.NOT_SOLE_OWNER else Phase.PROGRESSING
    return Tale(phase, wanted.why, _sentence(s, _with(wanted.waiting_for, cause)))


def _phase_of(held: Hold) -> Phase:
    if held.why is Reason.STABLE_UNAVAILABLE:
        return Phase.DEGRADED
    return Phase.PAUSED if held.person else Phase.PROGRESSING


def _sentence(s: Situation, waiting_for: str) -> str:
    where = f"stage {s.progress.stage + 1} of {len(s.plan)} ({s.stage.name})"
    return f"{where} waits for {waiting_for}" if waiting_for else where


def _with(waiting_for: str, cause: str) -> str:
    return f"{waiting_for}; {cause}" if cause else waiting_for


def _tale_at_rest(s: Situation, wanted: Wanted, cause: str) -> Tale:
    failed, degraded = s.memory.failed, not wanted.standing and unavailable_s(s) >= SHORT_S
    if paused(s) and target(s) != s.stable_revision:
        waits = f"{s.spec_revision} waits: resume to release it"
        if degraded:  # what fails now is more urgent than what waits
            lacks = _with(wanted.waiting_for, cause)
            return Tale(Phase.DEGRADED, Reason.STABLE_UNAVAILABLE, _with(lacks, waits))
        return Tale(Phase.PAUSED, _paused_reason(s), waits)
    if target(s) != s.stable_revision:  # its release begins in the next pass: Ready would be a lie until then
        return Tale(Phase.PROGRESSING, Reason.CREATING, f"the release of {target(s)} is about to begin")
    if wanted.why is Reason.RESTARTING:
        overdue = replaced_for_s(s) >= s.spec.progress_deadline_seconds
        phase = Phase.DEGRADED if overdue else Phase.PROGRESSING
        return Tale(phase, wanted.why, _with(wanted.waiting_for, cause))
    if not wanted.standing:
        phase = Phase.DEGRADED if degraded else Phase.PROGRESSING
        reason = Reason.STABLE_UNAVAILABLE if degraded else wanted.why
        return Tale(phase, reason, _with(wanted.waiting_for, cause))
    if failed is not None and failed.revision == s.spec_revision:
        back = f"{s.stable_revision} serves. Change the template, or Retry"
        return Tale(
            Phase.ROLLED_BACK,
            Reason.QUARANTINED,
            f"{failed.revision} was taken back: {failed.message}. {back}",
        )
    if not s.n:
        return Tale(Phase.HEALTHY, Reason.SCALED_TO_ZERO, "replicas is 0: nothing runs")
    return Tale(Phase.HEALTHY, Reason.COMPLETED, f"{s.stable_revision} serves with {s.n} pods")


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
    made = [
        _made(memory, kind, holds, Tale(Phase.INVALID, Reason.INVALID_SPEC, message), generation, now)
        for kind, holds in kinds
    ]
    told = {"observed_generation": generation, "phase": Phase.INVALID, "message": message, "conditions": made}
    return memory.model_copy(update=told)


def _available(s: Situation) -> bool:
    """Whether users are served: as many available pods, of revisions that may serve, as the strategy leaves."""
    serving = s.stable.available + (s.candidate.available if s.progress.serving_since else 0)
    return serving >= s.n - _may_be_missing(s.spec)


def _may_be_missing(spec: RolloutSpec) -> int:
    """Never all of them: with no pod nobody is served, whatever may be missing on the way."""
    rolling = spec.strategy.rolling
    missing = pods_of(rolling.max_unavailable, spec.replicas, up=False) if rolling else 0
    return min(missing, max(0, spec.replicas - 1))


def _conditions(s: Situation, tale: Tale) -> list[Condition]:
    """Kstatus's three, and ours. Reconciling, Stalled, Paused and RolledBack are absent when they do not hold."""
    overdue = tale.phase is Phase.DEGRADED and tale.reason in OVERDUE
    stalled = tale.phase in {Phase.INVALID, Phase.ROLLED_BACK} or overdue
    ready = tale.phase is Phase.HEALTHY
    still = tale.phase in {Phase.HEALTHY, Phase.DEGRADED} and paused(s)
    held = [ConditionType.PAUSED] if tale.phase is Phase.PAUSED or still else []
    moving = [] if ready or stalled else [ConditionType.RECONCILING]
    extra = [ConditionType.STALLED] if stalled else []
    back = [ConditionType.ROLLED_BACK] if tale.phase is Phase.ROLLED_BACK else []
    made = [_condition(s, kind, "True", tale) for kind in (*moving, *extra, *held, *back)]
    available: Holds = "True" if _available(s) else "False"
    return [
        _condition(s, ConditionType.READY, "True" if ready else "False", tale),
        _condition(s, ConditionType.AVAILABLE, available, tale),
        *made,
    ]


def _condition(s: Situation, kind: ConditionType, holds: Holds, tale: Tale) -> Condition:
    return _made(s.memory, kind, holds, tale, s.rollout.metadata.generation, s.now)


def _made(
    memory: RolloutStatus, kind: ConditionType, holds: Holds, tale: Tale, generation: int, now: datetime
) -> Condition:
    """A condition that keeps the time of its last transition while its status stays."""
    before = next((c for c in memory.conditions if c.type == kind), None)
    since = before.last_transition_time if before is not None and before.status == holds else None
    return Condition(
        type=kind,
        status=holds,
        reason=tale.reason,
        message=tale.message,
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
    template = manifests.template_of(s, revision) or {}
    return ",".join(c["image"] for c in template.get("spec", {}).get("containers", []))[:1024]


def _real_weight(s: Situation) -> int | None:
    """The candidate's share of ready endpoints; for a worker, of available pods."""
    if not s.under_way:
        return None
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
    forward_ = s.under_way and not s.progress.returning and s.stage.route is Route.CANDIDATE
    revision = s.progress.revision if forward_ and s.progress.moved_at else s.stable_revision
    return s.side(revision).replicas, f"{LABEL_ROLLOUT}={s.name},{LABEL_REVISION}={revision}"
