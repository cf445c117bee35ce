"""`decide`: one Rollout, what is seen of it, and the time, in; a Plan, out. Nothing else in the core is called."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crossfade.api.conditions import Reason
from crossfade.api.events import EventReason
from crossfade.api.rollout import Rollout
from crossfade.api.status import RolloutStatus
from crossfade.core import conflicts, deletion, layout, manifests, records, summary
from crossfade.core.actions import pending
from crossfade.core.emptied import counts_late_for_s
from crossfade.core.evidence import not_pulled, told
from crossfade.core.gates import hold, paused, unavailable_s
from crossfade.core.memory import sane
from crossfade.core.moments import moment_of, seconds_since
from crossfade.core.news import news
from crossfade.core.observed import Identity, Observed
from crossfade.core.plan import Look, Plan
from crossfade.core.progress import PATIENCE_S, asked, next_turn, stopped, wanted_now
from crossfade.core.reach import Wanted, waits_for_the_last_pod
from crossfade.core.repairs import repaired
from crossfade.core.restarts import replaced_for_s
from crossfade.core.settling import settle_left_s, settling
from crossfade.core.situation import Situation
from crossfade.core.transitions import target
from crossfade.core.turn import Turn, warning
from crossfade.core.verdicts import first_unavailable

INVALID_AGAIN_S = 30.0
"""What the API server refuses may be accepted later (a quota, an admission rule): ask again so often."""

LATE_S = 30.0
"""A first release that missed its deadline is waited for without end: what its pods lack is read again so often."""

EVIDENCE_S = 0.3
"""After a drop of serving pods their exit codes are awaited: look again so often, while the drop is told."""

POLL_S = 1.0
"""Pods that have to be gone are not watched: look again so often."""


def decide(rollout: Rollout, seen: Observed, now: datetime) -> Plan:
    """The next pass for `rollout`. Deterministic, and nothing is written where everything is as it should be."""
    s = sane(Situation(rollout, seen, now, rollout.status or RolloutStatus()))
    if rollout.metadata.deletion_timestamp or seen.namespace_terminating:
        return deletion.plan(s)
    look = conflicts.look(s)
    if look is not None:
        return Plan(reason="Looking", look=look)
    conflict = conflicts.conflict(s)
    if conflict is not None and not s.under_way:  # people are answered whatever is in the way
        return _refused(asked(s) or Turn(s), conflict.reason, conflict.message)
    turn = _not_taken(s) or next_turn(s)
    if turn.look is not None:
        return Plan(reason="Looking", look=turn.look)
    if turn.refusal:
        why = f"the API server refuses the pod template: {turn.refusal}"
        return _refused(turn, Reason.INVALID_TEMPLATE, why)
    return _carried_out(turn)


def _not_taken(s: Situation) -> Turn | None:
    """The Deployment of a release that has begun was refused, though nothing was said against it before.

    That is how a first release learns of it: there is nothing yet that asking beforehand would protect. From then on
    the API server is asked first.
    """
    p, refusal = s.progress, s.seen.found.refusal
    missing = s.under_way and not p.returning and p.revision not in s.seen.sides
    if not missing or target(s) != p.revision or pending(s) is not None:
        return None
    template = manifests.template_of(s, p.revision)
    known = any(c.reason == Reason.INVALID_TEMPLATE for c in s.memory.conditions)
    if refusal is None and known and template is not None:
        return Turn(s, look=Look(dry_run=manifests.deployment(s, p.revision, template, 0)))
    return Turn(s, refusal=refusal) if refusal else None


def unreadable(
    rollout: Mapping[str, Any], message: str, now: datetime, *, namespace_terminating: bool = False
) -> Plan:
    """The plan for a stored Rollout whose spec does not parse: say so, and touch nothing.

    One that is being deleted stays until its spec is put right, since what it took is to be given back; with its
    whole namespace it goes at once.
    """
    memory, meta = RolloutStatus.readable(rollout.get("status") or {}), rollout["metadata"]
    if namespace_terminating and meta.get("deletionTimestamp") and meta.get("finalizers"):
        seen = Identity(meta["uid"], meta["resourceVersion"])
        return Plan(reason="Deleted", writes=(deletion.let_go(meta["name"], seen),))
    status = summary.unreadable(memory, rollout, message, now)
    return Plan(reason=Reason.INVALID_SPEC, status=status.to_wire(), events=news(memory, status))


def _refused(turn: Turn, reason: Reason, message: str) -> Plan:
    s = turn.s
    status = summary.refused(s, reason, message)
    return Plan(
        reason=reason,
        status=status.to_wire(),
        writes=(*layout.kept_at_size(s), *records.writes(s)),
        events=(*turn.events, *news(s.rollout.status, status)),
        wake_after_s=INVALID_AGAIN_S,
    )


def _carried_out(turn: Turn) -> Plan:
    s = turn.s
    wanted = wanted_now(s)
    look = _unseen(s, wanted)
    if look is not None:
        return Plan(reason="Looking", look=look)
    blocked = conflicts.taken(s) if s.under_way else None
    status = summary.status(s, wanted, _cause(s, wanted))
    if blocked is not None:
        status = summary.blocked(s, status, blocked.reason, blocked.message)
    made = layout.writes(s, wanted)
    repairs = tuple(e for told in repaired(s, made) for e in warning(EventReason.CHILD_REPAIRED, told))
    return Plan(
        reason=str(status.conditions[0].reason),
        status=status.to_wire(),
        writes=(*records.begun(s), *made, *records.writes(s), *turn.writes),
        events=(*turn.events, *repairs, *news(s.rollout.status, status)),
        wake_after_s=_sooner(_wake_after_s(s, wanted), INVALID_AGAIN_S if blocked else None),
    )


def _sooner(one: float | None, other: float | None) -> float | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _unseen(s: Situation, wanted: Wanted) -> Look | None:
    """What is to be told, or made, and was not looked at: the pods that pull images, and stable's where some lack."""
    if s.under_way:
        pulls = s.exclusive and s.stage.pull_check and s.seen.found.pull_pods is None
        return Look(pull_pods=True) if pulls else None
    lacking = not wanted.standing and max(unavailable_s(s), replaced_for_s(s)) >= PATIENCE_S
    if not lacking or s.pods(s.stable_revision) is not None:
        return None
    return Look(pods=frozenset({s.stable_revision}), warnings=True)


def _cause(s: Situation, wanted: Wanted) -> str:
    """What is wrong with the pods that are waited for, where they were looked at; a frozen release has said it."""
    if wanted.standing or s.progress.held:
        return ""
    if not s.under_way:
        return told(s.pods(s.stable_revision) or ())
    pulling = s.stage.pull_check and not s.progress.returning
    return told(s.pods(s.progress.revision) or ()) or (
        not_pulled(s.seen.found.pull_pods or ()) if pulling else ""
    )


def _wake_after_s(s: Situation, wanted: Wanted) -> float | None:
    """The nearest moment at which time alone changes what is decided."""
    waits = [records.next_expiry_s(s)]
    if not s.under_way:
        waits.append(PATIENCE_S if not wanted.standing else None)
        waits.append(POLL_S if target(s) != s.stable_revision and not paused(s) else None)
    elif s.progress.returning:
        waits.append(settle_left_s(s) if wanted.settles else POLL_S)
    else:
        waits.extend(_forward_waits(s, wanted))
    known = [wait for wait in waits if wait is not None]
    return max(0.05, min(known)) if known else None


def _forward_waits(s: Situation, wanted: Wanted) -> list[float | None]:
    if s.progress.revision in s.seen.dropped and s.progress.serving_since:
        return [EVIDENCE_S]
    if stopped(s):
        return [_downtime_left_s(s), POLL_S if waits_for_the_last_pod(s) else None]
    held = hold(s)
    growing = PATIENCE_S if held is not None and held.why is Reason.SCALING_UP else None
    if wanted.standing and held is None:
        return [0.05]
    if wanted.standing and held is not None:
        until = (moment_of(held.until) - s.now).total_seconds() if held.until else None
        return [until, growing, settle_left_s(s) if settling(s) else None]
    quick = s.stage.old_gone or s.stage.pull_check
    waited = seconds_since(s.progress.short_since, s.now)
    late = first_unavailable(s) is not None
    patience = PATIENCE_S - waited if waited < PATIENCE_S else LATE_S if late else PATIENCE_S
    deadline = s.spec.progress_deadline_seconds - waited if s.progress.short_since and not late else None
    return [
        POLL_S if quick else None,
        growing,
        settle_left_s(s) if wanted.settles else None,
        counts_late_for_s(s) or None,
        patience if s.candidate.available < s.candidate.desired else None,
        deadline if deadline is None or deadline > 0 else POLL_S,
        _downtime_left_s(s),
    ]


def _downtime_left_s(s: Situation) -> float | None:
    recreate, down = s.spec.strategy.recreate, s.memory.downtime
    if recreate is None or down is None or down.ended_at:
        return None
    return recreate.max_downtime_seconds - seconds_since(down.started_at, s.now)
