"""The moves of a release: start, fail, return, cancel, pass a stage, complete. Each from memory to memory."""

from __future__ import annotations

from dataclasses import replace

from crossfade.api.action import ActionEntry
from crossfade.api.conditions import Reason
from crossfade.api.events import EventReason
from crossfade.api.release import Outcome
from crossfade.api.status import Afterwards, Failed, LastRelease, Progress, Requester, RevisionStatus
from crossfade.core.holds import is_down, is_last
from crossfade.core.hooks import PROMOTE, ROLLBACK, after
from crossfade.core.moments import text_of
from crossfade.core.others import in_full
from crossfade.core.plan import Event
from crossfade.core.policy import recorded
from crossfade.core.policy.approvals import is_of_this_release
from crossfade.core.policy.audited import audited
from crossfade.core.policy.begun import with_start
from crossfade.core.policy.ungated import comes_at_once
from crossfade.core.requester import requester
from crossfade.core.situation import Situation
from crossfade.core.timeline import noted
from crossfade.core.transition import Transition, normal, warning
from crossfade.core.verdicts import Verdict
from crossfade.core.wanted import is_going_back, is_way_back
from crossfade.core.ways_back import served_before
from crossfade.core.words import served, serves

COMPLETED_KEPT = 50

GIVEN_UP: dict[str, tuple[Outcome, str]] = {
    Reason.SUPERSEDED: ("Superseded", "the template changed before the release was complete"),
    Reason.CANCELLED: ("Cancelled", "the template went back to the stable revision"),
    Reason.WINDOW_CLOSED: ("Cancelled", "a policy closed, and takes back what is under way"),
    Reason.HELD_BY_POLICY: (
        "Cancelled",
        "its strategy was edited, and a policy holds where that would go on",
    ),
    Reason.WORKLOAD_MISSING: ("Cancelled", "its template was lost with the Deployment that held it"),
    Reason.NODE_LOST: ("Cancelled", "its pods were taken by their nodes, and it is tried once more"),
}
"""How a release ends that has not failed, by the reason for its way back; and why."""


def anew(s: Situation) -> dict[str, object]:
    """The clocks of a stage that begins now."""
    now = text_of(s.now)
    clocks = {"started_at": now, "short_since": now, "asked_at": now, "reached_at": None}
    return {**clocks, "most_available": 0, "seen_in": ""}


def wakes(s: Situation) -> bool:
    """Whether stable is to run for the first time: it completed while there were to be no pods."""
    return bool(s.n) and bool(served_before(s))


def woken(s: Situation) -> Transition:
    """A release that lets stable run for the first time, watched like any other; what served before is its way back."""
    revision, before = s.stable_revision, served_before(s)
    earlier = s.remember(stable=RevisionStatus(revision=before), downtime=None)
    transition = started(earlier, revision)
    return replace(transition, s=transition.s.progress_with(begun_as="WakeUp", stable_was_down=True))


def forgiven(s: Situation) -> Situation:
    """The memory without any verdict, and without the way back that an Undo began."""
    return s.remember(failed=None, undone=None, undo_to="", going_back=None)


def started(s: Situation, revision: str) -> Transition:
    """A release of `revision` begins."""
    now = text_of(s.now)
    progress = Progress(
        revision=revision,
        started_at=now,
        short_since=now,
        asked_at=now,
        release_started_at=now,
        begun_as="Return" if comes_at_once(s, revision) else "New",
        stable_was_down=is_down(s),
        attempts=2 if s.memory.last is not None and s.memory.last.node_took == revision else 1,
    )
    number = s.memory.release + 1
    way = s.memory.going_back if is_going_back(s, revision) else None
    starts = with_start(s, revision, back=is_way_back(s, revision))
    approvals = [each for each in s.memory.approvals if is_of_this_release(s, each)]
    fresh: dict[str, object] = {
        "requester": requested(s, revision),
        "approvals": approvals,
        "starts": starts,
        "waiting_since": None,
        "downtime": None,
        "timeline": [],
        "measurements": [],
        "afterwards": None,
        "held_by": recorded.after(s.memory.held_by, s.memory.last.at if s.memory.last else None),
    }
    begun = s.remember(progress=progress, release=number, going_back=way, **fresh)
    begun = begun.progress_with(plan=begun.plan_hash)
    begun = noted(begun, now, begun.stage.name)
    return Transition(
        begun,
        normal(
            EventReason.RELEASE_STARTED, f"release {number}: {s.stable_revision or 'nothing'} → {revision}"
        ),
    )


def requested(s: Situation, revision: str) -> Requester | None:
    """Who asked for it; None where nobody knows, and of an Undo: its record names the action."""
    asked = requester(s.rollout, s.seen.template_change)
    return asked if asked.name and revision == s.spec_revision else None


def failed(s: Situation, why: Verdict) -> Transition:
    """The release has failed: its revision is quarantined, and traffic goes back (or all is frozen)."""
    verdict, told = _judged(s, why), _numbered(s, why.message)
    if s.spec.on_failure == "Pause":
        frozen = s.progress_with(frozen=f"{why.reason}: {why.message}", failure=verdict)
        return Transition(
            frozen, warning(EventReason.RELEASE_FROZEN, f"{told}. Abort to return, Retry to go on")
        )
    return Transition(_condemning(s, verdict, why.reason, urgent=True), warning(why.reason, told))


def aborted(s: Situation, act: ActionEntry, note: str, *, urgent: bool) -> Transition:
    """A person sends it back. Where it had failed before, and was frozen, that stays the cause."""
    verdict = s.progress.failure or _judged(s, Verdict(Reason.ABORTED_BY_USER, note))
    back = _condemning(s, verdict.model_copy(update={"act": act}), Reason.ABORTED_BY_USER, urgent=urgent)
    return Transition(back, warning(Reason.ABORTED_BY_USER, _numbered(s, note)))


def explained(s: Situation, why: Verdict) -> Transition:
    """What the pods of a release that is on its way back say at last takes the place of its verdict."""
    before, after = s.memory.failed, _judged(s, why)
    names = ("at", "act", "shared_cause")
    kept = {name: getattr(before, name) for name in names} if before is not None else {}
    return Transition(
        s.remember(failed=after.model_copy(update=kept)), warning(why.reason, _numbered(s, why.message))
    )


def _judged(s: Situation, why: Verdict) -> Failed:
    return Failed(
        revision=s.progress.revision,
        release=s.memory.release,
        reason=why.reason,
        message=why.message,
        last_lines=list(why.cause.last_lines),
        pod=why.cause.pod,
        container=why.cause.container,
        at=text_of(s.now),
    )


def _numbered(s: Situation, message: str) -> str:
    """Told with its number, the same end of the next attempt is news."""
    return f"release {s.memory.release}: {message}"


def _condemning(s: Situation, verdict: Failed, reason: Reason, *, urgent: bool) -> Situation:
    undone = s.memory.failed if s.memory.undo_to == s.progress.revision else s.memory.undone
    return _turned_back(s.remember(failed=verdict, undone=undone, undo_to=""), reason, urgent=urgent)


def turned_back(s: Situation, reason: Reason, note: str) -> Transition:
    """The release is given up: the template changed, or went back. What had failed, and was frozen, goes back at once, and stays failed."""
    failure = s.progress.failure
    known = s.remember(failed=failure) if failure is not None else s
    return Transition(_turned_back(known, reason, urgent=failure is not None), normal(reason, note))


def node_lost(s: Situation, note: str) -> Transition:
    """The candidate's pods were taken by their nodes: requests go back, and nobody is condemned."""
    return Transition(_turned_back(s, Reason.NODE_LOST, urgent=True), warning(Reason.NODE_LOST, note))


def template_lost(s: Situation) -> Transition:
    """Nothing holds the release's template any more: it is given up, and begins anew once the template is there again."""
    note = f"the template of {s.progress.revision} was in a Deployment that is gone, and nowhere else yet"
    told = warning(Reason.WORKLOAD_MISSING, note)
    if not s.stable_revision:
        return Transition(_dropped(s, Reason.WORKLOAD_MISSING), told)
    return Transition(_turned_back(s, Reason.WORKLOAD_MISSING, urgent=False), told)


def _turned_back(s: Situation, reason: Reason, *, urgent: bool) -> Situation:
    now = text_of(s.now)
    fresh = {**anew(s), "started_at": s.progress.started_at, "frozen": "", "turned_back_at": now}
    return noted(s.progress_with(rollback_reason=str(reason), urgent=urgent, **fresh), now, f"back: {reason}")


def closed(s: Situation, why: str) -> Transition:
    """A policy has closed that takes back what is under way: nobody is condemned, and it begins anew once that opens.

    But for what had failed before, and was frozen: nobody has forgiven that, and it does not begin anew by itself.
    """
    told = s.progress_with(taken_back_by=why)
    return _taken_back(
        told, Reason.WINDOW_CLOSED, f"{why}: {s.progress.revision} is taken back", "until it opens"
    )


def replanned(s: Situation, why: str) -> Transition:
    """The strategy was edited, and a policy holds the stage that the new one goes on with: it begins anew once that opens."""
    edited = (
        f"the strategy was edited, and would go on with {s.stage.name}: {s.progress.revision} is taken back"
    )
    told = s.progress_with(taken_back_by=f"the strategy was edited: {why}")
    return _taken_back(told, Reason.HELD_BY_POLICY, edited, f"and begins anew. It waits for {why}")


def _taken_back(s: Situation, reason: Reason, note: str, then: str) -> Transition:
    failure = s.progress.failure
    if failure is None:
        return turned_back(s, reason, f"{note} {then}")
    return turned_back(s, reason, f"{note}, and had failed before")


def returned(s: Situation) -> Transition:
    """Stable serves alone again, and the candidate is gone."""
    reason = s.progress.rollback_reason
    outcome, why = GIVEN_UP.get(reason, ("RolledBack", reason))
    why = s.progress.taken_back_by or why
    cause = s.memory.failed if outcome == "RolledBack" else s.progress.failure
    why = in_full(cause) if cause is not None and outcome == "RolledBack" else _and_failed(why, cause)
    done = _ended(s, outcome, why, cause).remember(progress=None, candidate=None)
    return Transition(
        done, normal(EventReason.RELEASE_RETURNED, f"{s.stable_revision} {serves(s)} alone again")
    )


def _and_failed(why: str, cause: Failed | None) -> str:
    return why if cause is None else f"{why}; before that it failed: {in_full(cause)}"


def given_up(s: Situation) -> Situation:
    """What has failed and was frozen with all requests serves on as stable, and stays failed, until another one has taken over."""
    (outcome, why), cause = GIVEN_UP[Reason.SUPERSEDED], s.progress.failure
    ended = _ended(s, outcome, _and_failed(why, cause), cause)
    serving = RevisionStatus(revision=s.progress.revision, release=s.memory.release)
    return ended.remember(stable=serving, failed=cause, progress=None, candidate=None)


def dropped(s: Situation) -> Transition:
    """A first release is given up for another template: there is nothing to return to."""
    told = normal(Reason.SUPERSEDED, f"another template came before anything {served(s)}")
    return Transition(_dropped(s, Reason.SUPERSEDED), told)


def _dropped(s: Situation, reason: Reason) -> Situation:
    return _ended(s, *GIVEN_UP[reason]).remember(progress=None, candidate=None)


def passed(s: Situation) -> Transition:
    """The stage's gate is open: the next stage begins, or the release is complete.

    An Event is for a stage at which the plan rests; those on the way show in the timeline.
    """
    if is_last(s):
        return completed(s)
    index, now = s.progress.stage + 1, text_of(s.now)
    fresh = {**anew(s), "promoted": False, "until": None}
    note, rests = f"stage {index + 1} of {len(s.plan)}: {s.plan[index].name}", s.plan[index].rests
    rests = rests and not s.progress.promoted_full
    after = noted(s.progress_with(stage=index, **fresh), now, s.plan[index].name)
    told = normal(EventReason.STAGE_STARTED, note) if rests else ()
    return Transition(after, (*told, *would_be_held(s)))


def would_be_held(s: Situation) -> tuple[Event, ...]:
    """What rules in mode Audit would hold of what is due: told as it happens."""
    return tuple(event for told in audited(s) for event in normal(EventReason.POLICY_AUDITED, told))


def completed(s: Situation) -> Transition:
    """The candidate is the stable revision now."""
    revision = s.progress.revision
    others = [known for known in s.memory.completed if known != revision]
    unserved = [known for known in s.memory.unserved if known != revision]
    if not s.progress.serving_since:
        unserved = [revision, *unserved][:COMPLETED_KEPT]
    done = _ended(s, "Completed", f"{revision} {serves(s)} alone").remember(
        stable=RevisionStatus(revision=revision, release=s.memory.release),
        completed=[revision, *others][:COMPLETED_KEPT],
        unserved=unserved,
        progress=None,
        candidate=None,
        undo_to="",
        undone=None if s.memory.undo_to == revision else s.memory.undone,
    )
    return Transition(
        done,
        normal(Reason.COMPLETED, f"release {s.memory.release} is complete: {revision} {serves(s)} alone"),
    )


def _ended(s: Situation, outcome: Outcome, why: str, cause: Failed | None = None) -> Situation:
    p = s.progress
    last = LastRelease(
        number=s.memory.release,
        outcome=outcome,
        why=why,
        last_lines=list(cause.last_lines) if cause is not None else [],
        at=text_of(s.now),
        served_at=p.served_at,
        turned_back_at=p.turned_back_at,
        went_back=s.memory.going_back if is_going_back(s, p.revision) else None,
        node_took=p.revision if p.rollback_reason == Reason.NODE_LOST else "",
        window_took=p.revision if p.rollback_reason == Reason.WINDOW_CLOSED and p.failure is None else "",
    )
    return s.remember(last=last, going_back=None, afterwards=_afterwards(s, last))


def _afterwards(s: Situation, last: LastRelease) -> Afterwards | None:
    """What the hooks after the release are about; None where it has none."""
    moment = PROMOTE if last.outcome == "Completed" and last.went_back is None else ROLLBACK
    if (not s.stable_revision and moment == ROLLBACK) or not after(s.spec.hooks, moment):
        return None
    return Afterwards(moment=moment, at=last.at, candidate=s.progress.revision, stable=s.stable_revision)
