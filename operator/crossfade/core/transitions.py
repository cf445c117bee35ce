"""The moves of a release: start, fail, return, cancel, pass a stage, complete. Each from memory to memory."""

from __future__ import annotations

from crossfade.api.conditions import Reason
from crossfade.api.events import EventReason
from crossfade.api.release import Outcome
from crossfade.api.status import Failed, LastRelease, Progress, RevisionStatus
from crossfade.core.gates import last_gate
from crossfade.core.moments import text_of
from crossfade.core.situation import Situation
from crossfade.core.stages import GateKind
from crossfade.core.timeline import noted
from crossfade.core.turn import Turn, normal, warning
from crossfade.core.verdicts import Verdict

COMPLETED_KEPT = 50

GIVEN_UP: dict[str, tuple[Outcome, str]] = {
    Reason.SUPERSEDED: ("Superseded", "the template changed before the release was complete"),
    Reason.CANCELLED: ("Cancelled", "the template went back to the stable revision"),
    Reason.WORKLOAD_MISSING: ("Cancelled", "its template was lost with the Deployment that held it"),
}
"""How a release ends that has not failed, by the reason for its way back; and why."""


def target(s: Situation) -> str:
    """The revision that is wanted: the spec's, unless it failed or was undone; then the one to be at instead."""
    failed = s.memory.failed
    if failed is not None and failed.revision == s.spec_revision:
        return s.memory.undo_to or s.stable_revision or s.spec_revision
    return s.spec_revision


def started(s: Situation, revision: str) -> Turn:
    """A release of `revision` begins."""
    known = s.memory.completed[: s.spec.rollback_revisions + 1]
    now = text_of(s.now)
    progress = Progress(
        revision=revision,
        plan=s.plan_hash,
        started_at=now,
        short_since=now,
        release_started_at=now,
        fast=bool(s.stable_revision) and revision in known,
        stable_was_down=s.stable.available < s.stable.desired,
    )
    number = s.memory.release + 1
    begun = s.remember(progress=progress, release=number, downtime=None, timeline=[])
    begun = noted(begun, now, begun.stage.name)
    return Turn(
        begun,
        normal(
            EventReason.RELEASE_STARTED, f"release {number}: {s.stable_revision or 'nothing'} → {revision}"
        ),
    )


def failed(s: Situation, why: Verdict) -> Turn:
    """The release has failed: its revision is quarantined, and traffic goes back (or all is frozen)."""
    if s.spec.on_failure == "Pause" and why.reason is not Reason.ABORTED_BY_USER:
        frozen = s.progress_with(held=f"{why.reason}: {why.message}")
        return Turn(
            frozen, warning(EventReason.RELEASE_FROZEN, f"{why.message}. Abort to return, Retry to go on")
        )
    verdict = Failed(revision=s.progress.revision, reason=why.reason, message=why.message, at=text_of(s.now))
    return Turn(_turned_back(s.remember(failed=verdict), why.reason), warning(why.reason, why.message))


def turned_back(s: Situation, reason: Reason, note: str) -> Turn:
    """The release is given up without a failure: the template changed, or went back."""
    return Turn(_turned_back(s, reason), normal(reason, note))


def template_lost(s: Situation) -> Turn:
    """Nothing holds the release's template any more: it is given up, and begins anew once the template is there again."""
    note = f"the template of {s.progress.revision} was in a Deployment that is gone, and nowhere else yet"
    told = warning(Reason.WORKLOAD_MISSING, note)
    if not s.stable_revision:
        return Turn(_dropped(s, Reason.WORKLOAD_MISSING), told)
    return Turn(_turned_back(s, Reason.WORKLOAD_MISSING), told)


def _turned_back(s: Situation, reason: Reason) -> Situation:
    now = text_of(s.now)
    after = s.progress_with(returning=str(reason), held="", moved_at=None, reached_at=None, short_since=now)
    return noted(after, now, f"back: {reason}")


def returned(s: Situation) -> Turn:
    """Stable serves alone again, and the candidate is gone."""
    reason = s.progress.returning
    failure = s.memory.failed.message if s.memory.failed else reason
    done = _ended(s, *GIVEN_UP.get(reason, ("RolledBack", failure))).remember(progress=None, candidate=None)
    return Turn(done, normal(EventReason.RELEASE_RETURNED, f"{s.stable_revision} serves alone again"))


def dropped(s: Situation) -> Turn:
    """A first release is given up for another template: there is nothing to return to."""
    told = normal(Reason.SUPERSEDED, "another template came before anything served")
    return Turn(_dropped(s, Reason.SUPERSEDED), told)


def _dropped(s: Situation, reason: Reason) -> Situation:
    return _ended(s, *GIVEN_UP[reason]).remember(progress=None, candidate=None)


def passed(s: Situation) -> Turn:
    """The stage's gate is open: the next stage begins, or the release is complete.

    An Event is for a stage at which the plan rests; those on the way show in the timeline.
    """
    if last_gate(s):
        return completed(s)
    index, now = s.progress.stage + 1, text_of(s.now)
    fresh = {"reached_at": None, "short_since": now, "started_at": now, "promoted": False, "until": None}
    note = f"stage {index + 1} of {len(s.plan)}: {s.plan[index].name}"
    rests = s.plan[index].gate.kind in {GateKind.PAUSE, GateKind.MANUAL}
    after = noted(s.progress_with(stage=index, **fresh), now, s.plan[index].name)
    return Turn(after, normal(EventReason.STAGE_STARTED, note) if rests else ())


def completed(s: Situation) -> Turn:
    """The candidate is the stable revision now."""
    revision = s.progress.revision
    others = [known for known in s.memory.completed if known != revision]
    done = _ended(s, "Completed", f"{revision} serves alone").remember(
        stable=RevisionStatus(revision=revision, release=s.memory.release),
        completed=[revision, *others][:COMPLETED_KEPT],
        progress=None,
        candidate=None,
        undo_to="",
    )
    return Turn(
        done, normal(Reason.COMPLETED, f"release {s.memory.release} is complete: {revision} serves alone")
    )


def _ended(s: Situation, outcome: Outcome, why: str) -> Situation:
    last = LastRelease(number=s.memory.release, outcome=outcome, why=why, at=text_of(s.now))
    return s.remember(last=last)
