"""When to look again although nothing changes: the nearest moment at which time alone changes what is decided."""

from __future__ import annotations

from collections.abc import Iterator

from crossfade.api.conditions import Reason
from crossfade.core import deadline, downtime, records, starts
from crossfade.core.analysis import windows
from crossfade.core.gates.answer import Answer
from crossfade.core.goal import POLL_S
from crossfade.core.holds import hold
from crossfade.core.moments import moment_of
from crossfade.core.policy import approvals, bypasses
from crossfade.core.policy.holds import in_flight
from crossfade.core.propagation import learning_left_s
from crossfade.core.reads import PATIENCE_S
from crossfade.core.rollback import kept_failed, kept_failed_s
from crossfade.core.situation import Situation
from crossfade.core.stepper import Step
from crossfade.core.traffic import canary_service
from crossfade.core.transitions import wakes
from crossfade.core.wanted import paused, target

LATE_S = 30.0
"""Where a deadline has passed and pods are waited for without end, what they lack is read again so often."""

EVIDENCE_S = 0.3
"""After a drop of serving pods their exit codes are awaited: look again so often, while the drop is fresh."""

FRESH_S = 3.0
"""The kubelet's relist (1 s) and its status update (up to 1 s more on a busy node), with room."""

SOONEST_S = 0.05


def wake_after_s(s: Situation, at: Step) -> float | None:
    """Seconds until the next look; None where only a change brings one."""
    ends = (bypasses.next_end_s(s), approvals.next_expiry_s(s))
    waits = [
        at.again_s,
        records.next_expiry_s(s),
        *ends,
        *(_under_way(s, at) if s.under_way else _at_rest(s, at)),
    ]
    known = [wait for wait in waits if wait is not None]
    return max(SOONEST_S, min(known)) if known else None


def _at_rest(s: Situation, at: Step) -> Iterator[float | None]:
    yield windows.next_due_s(s)
    yield kept_failed_s(s) if kept_failed(s) else None
    if at.unmet is not None:
        yield at.unmet.again_s or PATIENCE_S
    if (target(s) != s.stable_revision or wakes(s)) and not paused(s):
        held = starts.waits(s)
        yield from _waiting(s, held)


def _waiting(s: Situation, held: Answer) -> Iterator[float | None]:
    """A release that is wanted: until what holds it ends; what somebody has to end is told by a change."""
    if held.until is not None:
        yield (moment_of(held.until) - s.now).total_seconds()
    yield held.again_s
    yield POLL_S if held.why is not Reason.HELD_BY_POLICY and held.until is None else None


def _under_way(s: Situation, at: Step) -> Iterator[float | None]:
    p = s.progress
    yield POLL_S if canary_service.turns(s) else None
    yield learning_left_s(s) if learning_left_s(s) > 0 else None
    yield windows.next_due_s(s)
    age_s = s.seen.dropped.get(p.revision) if p.serving_since and not p.rollback_reason else None
    if age_s is not None:
        yield EVIDENCE_S if age_s <= FRESH_S else PATIENCE_S
        return
    yield downtime.left_s(s) if not s.progress.rollback_reason else None
    if at.unmet is None or not s.once(in_flight).is_open:
        yield from _held(s, hold(s))
        return
    yield at.unmet.again_s
    yield from _waited(s, at)


def _held(s: Situation, held: Answer) -> Iterator[float | None]:
    """A stage that is ready: until its gates open."""
    if held.is_open:
        yield SOONEST_S
    yield (moment_of(held.until) - s.now).total_seconds() if held.until else None
    yield held.again_s


def _waited(s: Situation, at: Step) -> Iterator[float | None]:
    """Something is missing: until its pods are looked at, and until the deadline."""
    left_s = deadline.left_s(s, at)
    if left_s is None or at.unmet is None:
        return
    waited_s = s.spec.progress_deadline_seconds - left_s
    if at.unmet.suspect:
        yield LATE_S if left_s <= 0 else PATIENCE_S if waited_s >= PATIENCE_S else PATIENCE_S - waited_s
    if left_s > 0:
        yield left_s
