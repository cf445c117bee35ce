"""`decide`: one Rollout, what is seen of it, and the time, in; a Plan, out. Nothing else in the core is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from crossfade.api.conditions import Reason
from crossfade.api.events import EventReason
from crossfade.api.rollout import Rollout
from crossfade.api.status import RolloutStatus
from crossfade.core import conflicts, deletion, layout, manifests, port_check, records, summary
from crossfade.core.actions import pending
from crossfade.core.analysis.taken import taken
from crossfade.core.analysis.windows import asks
from crossfade.core.conflicts import Conflict
from crossfade.core.evidence import NO_CAUSE, Cause, main_cause, not_pulled
from crossfade.core.ladder import next_transition
from crossfade.core.memory import validated
from crossfade.core.observed import Identity, Observed
from crossfade.core.plan import Plan, ReadRequest
from crossfade.core.policy.bypasses import left_s, standing_at, without_ended
from crossfade.core.reads import before_pods_go, before_serving, failed_log
from crossfade.core.repairs import repaired
from crossfade.core.situation import Situation
from crossfade.core.status_events import events_of
from crossfade.core.stepper import Step, next_step
from crossfade.core.transition import Transition, warning
from crossfade.core.wake_ups import wake_after_s
from crossfade.core.wanted import target

INVALID_AGAIN_S = 30.0
"""What the API server refuses may be accepted later (a quota, an admission rule): ask again so often."""


def decide(rollout: Rollout, seen: Observed, now: datetime) -> Plan:
    """The next pass for `rollout`. Deterministic, and nothing is written where everything is as it should be."""
    s = without_ended(taken(validated(Situation(rollout, seen, now, rollout.status or RolloutStatus()))))
    if rollout.metadata.deletion_timestamp or seen.namespace_terminating:
        return deletion.plan(s)
    read = conflicts.first_read(s)
    if read is not None:
        return Plan(reason="Reading", read=read)
    conflict = _wrong_spec(s) or (conflicts.conflict(s) if not s.under_way else None)
    transition = _not_taken(s) or next_transition(replace(s, blocked=conflict is not None))
    if transition.read is not None:
        return Plan(reason="Reading", read=transition.read)
    if transition.refusal:
        why = f"the API server refuses the pod template: {transition.refusal}"
        conflict = Conflict(Reason.INVALID_TEMPLATE, why)
    return _carried_out(transition, conflict)


def _wrong_spec(s: Situation) -> Conflict | None:
    """A spec that breaks a rule holds everything but the way back and the care for what serves."""
    return Conflict(Reason.INVALID_SPEC, s.seen.spec_error) if s.seen.spec_error else None


def _not_taken(s: Situation) -> Transition | None:
    """The Deployment of a release that has begun was refused, though nothing was said against it before.

    That is how a first release learns of it: there is nothing yet that asking beforehand would protect. From then on
    the API server is asked first.
    """
    p, refusal = s.progress, s.seen.found.refusal
    missing = s.under_way and not p.rollback_reason and p.revision not in s.seen.sides
    if not missing or target(s) != p.revision or pending(s) is not None:
        return None
    template = s.template_of(p.revision)
    known = any(c.reason == Reason.INVALID_TEMPLATE for c in s.memory.conditions)
    if refusal is None and known and template is not None:
        manifest, strict = manifests.deployment(s, p.revision, template, 0), manifests.is_new(s, p.revision)
        return Transition(s, read=ReadRequest(dry_run=manifest, strict=strict))
    return Transition(s, refusal=refusal) if refusal else None


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
    standing = standing_at(memory.bypasses, now)
    status = summary.unreadable(memory.model_copy(update={"bypasses": standing}), rollout, message, now)
    return Plan(
        reason=Reason.INVALID_SPEC,
        status=status.to_wire(),
        events=events_of(memory, status),
        wake_after_s=left_s(standing, now),
    )


def _carried_out(transition: Transition, conflict: Conflict | None) -> Plan:
    """What serves is kept and repaired, whatever stands in the way of what is to come: `conflict`."""
    s = transition.s
    at = s.once(next_step)
    tried = port_check.request(s) if at.tries_ports else None
    read = at.read or tried or before_serving(s) or before_pods_go(s) or _unseen(s) or failed_log(s)
    if read is not None:
        return Plan(reason="Reading", read=read)
    blocked = conflict or (conflicts.blocking(s) if s.under_way else None)
    status = summary.status(s, at, _cause(s, at))
    if blocked is not None:
        status = summary.blocked(s, status, blocked)
    made = layout.writes(s, at, without=s.progress.revision if transition.refusal else "")
    repairs = tuple(e for told in repaired(s, made) for e in warning(EventReason.CHILD_REPAIRED, told))
    waits = [wake_after_s(s, at), INVALID_AGAIN_S if blocked else None]
    return Plan(
        reason=str(status.conditions[0].reason),
        status=status.to_wire(),
        writes=(*records.begun(s), *made, *records.writes(s), *transition.writes),
        events=(*transition.events, *repairs, *events_of(s.rollout.status, status)),
        wake_after_s=min((each for each in waits if each is not None), default=None),
        asks=asks(s),
    )


def _unseen(s: Situation) -> ReadRequest | None:
    """The pod that pulls images, in the pass in which its stage begins."""
    pulls = s.under_way and bool(s.stable_revision) and s.stage.pull_check
    return ReadRequest(pull_pods=True) if pulls and s.seen.found.pull_pods is None else None


def _cause(s: Situation, at: Step) -> Cause:
    """What is wrong with the pods that are waited for, where they were looked at; a frozen release has said it."""
    if at.unmet is None or s.progress.frozen:
        return NO_CAUSE
    suspect = at.unmet.suspect or s.progress.revision
    pulling = s.under_way and s.stage.pull_check and not s.progress.rollback_reason
    cause = main_cause(s.pods(suspect) or ())
    return cause if cause.sentence or not pulling else Cause(not_pulled(manifests.pull_pods(s)))
