"""What people and pipelines ask for, and the answer. A new action is a function here and a line in ANSWERS.

An action is answered once: the answer is remembered with the same write that carries it out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from crossfade.api.action import ActionEntry, RolloutAction
from crossfade.api.conditions import Reason
from crossfade.api.events import EventReason
from crossfade.api.measurements import MetricStatus
from crossfade.api.status import Failed, GoingBack, LastAction, PausedBy, Restarted
from crossfade.core import starts
from crossfade.core.analysis import outcome
from crossfade.core.analysis.runs import BEFORE
from crossfade.core.holds import hold, is_last
from crossfade.core.moments import moment_of, seconds_since, text_of
from crossfade.core.plan import Event
from crossfade.core.policy.answers import Said, approve, bypass
from crossfade.core.policy.bypasses import forbidden
from crossfade.core.policy.holds import before_next
from crossfade.core.policy.ungated import refusal
from crossfade.core.restarts import left_to_replace
from crossfade.core.situation import Situation
from crossfade.core.transition import normal, warning
from crossfade.core.transitions import aborted, forgiven, passed
from crossfade.core.transitions import anew as clocks_anew
from crossfade.core.verdicts import is_failing
from crossfade.core.waiting import overtaken_by, unanswered, version_of
from crossfade.core.wanted import condemned, paused, target
from crossfade.core.ways_back import before, careful, in_words, known, newest_of
from crossfade.core.words import serves

RECORDED_WITHIN_S = 60.0
"""A release is shown by the status before its record is made, a moment later or, where the operator was killed between
the two, by the next one. What somebody asks for in that time is meant for the release that they see."""

TAKEN_BACK = frozenset({Reason.WINDOW_CLOSED, Reason.HELD_BY_POLICY})
"""Ways back after which it would begin anew by itself, so that an Abort on the way still has something to say."""


@dataclass(frozen=True)
class Answer:
    """Done (with the new memory in `s`) or refused; `message` says what was done, or why not."""

    s: Situation
    message: str
    done: bool = True
    events: tuple[Event, ...] = ()


def pending(s: Situation) -> RolloutAction | None:
    """The action that is to be answered next. None while the last answer is not written to its action yet."""
    waiting = s.once(unanswered)
    return waiting[0] if waiting and unwritten(s) is None else None


def unwritten(s: Situation) -> RolloutAction | None:
    """The action whose answer is remembered, but not in its status yet."""
    last = s.memory.last_action
    return next((a for a in s.once(unanswered) if last is not None and a.metadata.uid == last.uid), None)


def answered(s: Situation, action: RolloutAction) -> tuple[Situation, tuple[Event, ...]]:
    """The memory after `action`, answer included, and what to tell."""
    answer = answer_to(s, action)
    causes = not s.under_way and target(answer.s) != answer.s.stable_revision
    last = LastAction(
        uid=action.metadata.uid,
        name=action.metadata.name,
        action=action.spec.action,
        state="Done" if answer.done else "Refused",
        message=answer.message,
        at=text_of(s.now),
        release=_about(s, action) + (1 if causes else 0),
    )
    note = f"{action.spec.action} ({_title(action)}): {answer.message}"
    told = normal(EventReason.ACTION_DONE, note) if answer.done else warning(EventReason.ACTION_REFUSED, note)
    return answer.s.remember(last_action=last), (*told, *answer.events)


def _about(s: Situation, action: RolloutAction) -> int:
    """The release under way or the last one; a Restart is about the one that serves."""
    serving = s.memory.stable.release if s.memory.stable is not None else 0
    return serving if action.spec.action == "Restart" and not s.under_way else s.memory.release


def answer_to(s: Situation, action: RolloutAction) -> Answer:
    """What `action` is answered now; nothing is done by that."""
    return _refused_unseen(s, action) or ANSWERS[action.spec.action](s, action)


def _title(action: RolloutAction) -> str:
    """Name an action and, where it is known, who asked. Example: `shop-abort-x7k2p of ann`."""
    return f"{action.metadata.name} of {action.spec.actor}" if action.spec.actor else action.metadata.name


def _refused(s: Situation, message: str) -> Answer:
    return Answer(s, message, done=False)


def _refused_unseen(s: Situation, action: RolloutAction) -> Answer | None:
    later = overtaken_by(s, action)
    if later:
        return _refused(
            s, f"{later}, an Abort that was made after it, went first: make a new one where it is still meant"
        )
    named, made, begun = action.spec.revision, action.metadata.creation_timestamp, _recorded_at(s)
    if begun and made and seconds_since(made, moment_of(begun)) > RECORDED_WITHIN_S:
        return _refused(s, "the action is older than the release under way: make a new one")
    current = s.progress.revision or s.spec_revision
    if named and action.spec.action != "Undo" and named != current:
        return _refused(s, f"it is meant for revision {named}, and {current} is under way: nothing was done")
    return _refused_for_its_stage(s, action)


def _refused_for_its_stage(s: Situation, action: RolloutAction) -> Answer | None:
    """A Promote or a Skip is for the stage that its sender saw: of two people one lets it pass, and the other opens no further one."""
    if action.spec.action not in {"Promote", "Skip"} or not s.under_way or s.progress.rollback_reason:
        return None
    number, step = s.progress.stage + 1, action.spec.step
    now = f"stage {number} of {len(s.plan)} ({s.stage.name}) waits now: nothing was done"
    if step is not None and step not in (number, s.stage.name):
        return _refused(s, f"it is meant for stage {step}, and {now}")
    made, begun = (
        version_of(action.metadata.resource_version),
        version_of(s.progress.seen_in or s.rollout.metadata.resource_version),
    )
    if step is None and s.progress.stage and made < begun:
        return _refused(s, f"it was made before that stage began, so it was for another one: {now}")
    return None


def _recorded_at(s: Situation) -> str:
    """When the record of the release under way was made: by the clock that stamps the actions too."""
    mine = (r.metadata.creation_timestamp for r in s.seen.releases if r.spec.number == s.memory.release)
    return next(mine, "") or "" if s.under_way else ""


def _abort(s: Situation, action: RolloutAction) -> Answer:
    if not s.under_way and target(s) == s.stable_revision:
        return _refused(s, "nothing is under way: to go back to an earlier revision use Undo")
    if not s.stable_revision:
        return _refused(
            s, "this is the first release: there is nothing to return to. Change the template instead"
        )
    returns = s.progress.rollback_reason and s.progress.rollback_reason not in TAKEN_BACK
    if returns and action.spec.now and not s.progress.now:
        return Answer(s.progress_with(now=True), f"all requests return to {s.stable_revision} at once")
    if returns:
        return Answer(s, f"already returning to {s.stable_revision}")
    verb = "given up for an Undo" if action.spec.action == "Undo" else "aborted"
    note = f"{verb} by {_title(action)}: {action.spec.reason or 'no reason given'}"
    if not s.under_way:
        return _never_begun(s, action, note)
    urgent = action.spec.now or s.progress.urgent or is_failing(s)
    transition = aborted(s, _act(s, action), note, urgent=urgent)
    after = transition.s.progress_with(now=bool(action.spec.now))
    until = (
        ""
        if urgent
        else " as soon as it has enough pods (an Abort with now: true, or crossfade abort --now, does not wait)"
    )
    taken = f"{s.progress.revision} is taken back, {s.stable_revision} {serves(s)}{until}"
    return Answer(after, taken, events=transition.events)


def _act(s: Situation, action: RolloutAction) -> ActionEntry:
    asked = action.spec
    return ActionEntry(
        at=text_of(s.now),
        action=asked.action,
        actor=asked.actor,
        name=action.metadata.name,
        reason=asked.reason or "",
    )


def _by(s: Situation, action: RolloutAction) -> dict[str, Any]:
    """Who asked, when, why, and by which object, as the parts of the status have it."""
    asked = action.spec
    who = {"actor": asked.actor or "", "action": action.metadata.name}
    return {**who, "at": text_of(s.now), "reason": asked.reason or ""}


def _never_begun(s: Situation, action: RolloutAction, note: str) -> Answer:
    """The abort came before its release: the revision that was to begin does not."""
    verdict = Failed(
        revision=s.spec_revision,
        reason=Reason.ABORTED_BY_USER,
        message=note,
        at=text_of(s.now),
        act=_act(s, action),
    )
    return Answer(
        forgiven(s).remember(failed=verdict), f"{target(s)} does not begin, {s.stable_revision} {serves(s)}"
    )


def _promote(s: Situation, _action: RolloutAction) -> Answer:
    if not s.under_way or s.progress.rollback_reason:
        return _refused(s, _nothing_to_promote(s))
    if s.seen.spec_error:
        return _refused(
            s, f"the spec breaks a rule, so no stage is known to be promoted: {s.seen.spec_error}"
        )
    if s.progress.frozen:
        return _refused(s, "the release failed and is frozen: Retry to go on, Abort to return")
    if paused(s):
        return _refused(s, "the Rollout is paused: Resume it first (or set spec.paused to false)")
    failed = outcome.failure(s) if s.stable_revision else None
    if failed is not None:
        return _refused(
            s, f"what was measured has just failed, which nobody could know yet: {failed.message}"
        )
    kept = refusal(s, ended=outcome.ended(s).is_open)
    if kept:
        return _refused(s, kept)
    step = f"stage {s.progress.stage + 1} of {len(s.plan)} ({s.stage.name})"
    held = before_next(s)
    unless = "" if held.is_open else f", and no policy holds it; now one does: {held.waiting_for}"
    awaited = s.stage.asks_a_person or hold(s).person
    needed = "" if awaited else ". No person is awaited there: without a Promote it passes by itself, later"
    return Answer(
        s.progress_with(promoted=True), f"{step} passes as soon as its pods and traffic stand{unless}{needed}"
    )


def _nothing_to_promote(s: Situation) -> str:
    held = starts.waits(s)
    if held.is_open:
        return "no release goes forward: there is nothing to promote"
    begins = f"the release of {target(s)} has not begun, and no stage is there to promote"
    if held.why is Reason.HELD_BY_POLICY:
        return f"{begins}: {held.waiting_for}"
    return f"{begins}: it waits for {held.waiting_for}. To begin now set spec.holdWhenOthersFail to false"


def _promote_full(s: Situation, action: RolloutAction) -> Answer:
    answer = _promote(s, action)
    if not answer.done:
        return answer
    kept = refusal(s, ended=True, ahead=True)
    if kept:
        return _refused(s, kept)
    held = before_next(s)
    unless = "" if held.is_open else f"; now one does: {held.waiting_for}"
    return Answer(
        answer.s.progress_with(promoted_full=True),
        f"all stages pass as soon as their pods and traffic stand, and no policy holds them{unless}",
    )


def _skip(s: Situation, action: RolloutAction) -> Answer:
    """Leave the stage, although it does not stand; what the next one needs before traffic moves still holds."""
    answer = _promote(s, action)
    if not answer.done:
        return answer
    if s.stage.stops_old or is_last(s):
        return _refused(
            s, f"stage {s.progress.stage + 1} ({s.stage.name}) cannot be left early: Abort returns"
        )
    held = before_next(s)
    if not held.is_open:
        return _refused(s, f"a Skip goes past no policy: {held.waiting_for}")
    transition = passed(s)
    return Answer(
        transition.s, f"stage {s.progress.stage + 1} ({s.stage.name}) is left", events=transition.events
    )


def _restart(s: Situation, action: RolloutAction) -> Answer:
    if s.under_way:
        return _refused(s, "a release is under way: its pods are new anyway. Restart when it has ended")
    if not s.stable_revision:
        return _refused(s, "no release has completed yet: there are no pods to replace")
    again = Restarted(revision=s.stable_revision, **_by(s, action))
    return Answer(
        s.remember(restarted=again), f"the pods of {s.stable_revision} are replaced, a few at a time"
    )


def _approve(s: Situation, action: RolloutAction) -> Answer:
    return _said(s, approve(s, action))


def _bypass(s: Situation, action: RolloutAction) -> Answer:
    answer = _said(s, bypass(s, action))
    return (
        replace(answer, events=warning(EventReason.POLICY_BYPASSED, answer.message))
        if answer.done
        else answer
    )


def _said(s: Situation, said: Said) -> Answer:
    return Answer(said.after, said.message) if said.after is not None else _refused(s, said.message)


def _retry(s: Situation, _action: RolloutAction) -> Answer:
    if s.progress.frozen:
        fresh = {**clocks_anew(s), "started_at": s.progress.started_at, "frozen": "", "failure": None}
        counted_anew = s.progress_with(serving_since=None, ends_before={}, **fresh)
        anew = counted_anew.remember(measurements=_done_once(s))
        return Answer(anew, "the release goes on; what happened before is forgiven")
    if s.spec_revision not in condemned(s):
        return _refused(s, "no failed revision is in the spec: there is nothing to retry")
    return Answer(forgiven(s), f"{s.spec_revision} is tried again")


def _done_once(s: Situation) -> list[MetricStatus]:
    """Hooks that have succeeded: they are not run again. All else is measured anew."""
    hooks = (each for each in s.memory.measurements if each.run.startswith(BEFORE))
    return [each for each in hooks if each.outcome == "Passed"]


def _pause(s: Situation, action: RolloutAction) -> Answer:
    if not s.under_way and left_to_replace(s):
        return _refused(
            s,
            "a Restart is under way, and a Restart cannot be paused: its Deployment replaces the pods, a few at a time, and "
            "stops by itself where a new one is not ready. Pause again when it is over; spec.paused holds the next release",
        )
    return Answer(s.remember(paused_by=PausedBy(**_by(s, action))), "paused; Resume lets it go on")


def _resume(s: Situation, _action: RolloutAction) -> Answer:
    if s.spec.paused:
        return _refused(s, "spec.paused is true: set it to false, since the spec is yours to change")
    if s.memory.paused_by is None:
        return _refused(s, "it is not paused. A stage that waits for a person is passed by Promote")
    return Answer(s.remember(paused_by=None), "it goes on")


def _undo(s: Situation, action: RolloutAction) -> Answer:
    way = _way_there(s, action.spec.revision)
    if way is not None:
        return Answer(s, f"it is on its way already: {in_words(way)}")
    if s.under_way:
        other = action.spec.revision not in (None, s.stable_revision)
        first = f"a release is under way: Abort it first, then Undo to {action.spec.revision}"
        return _refused(s, first) if other else _abort(s, action)
    to = action.spec.revision or before(s)
    if not to or to not in s.memory.completed:
        return _refused(s, f"no such completed revision to go back to; known are: {known(s)}")
    if to == target(s):
        return Answer(s, f"{to} {serves(s)} already")
    record = newest_of(s, to)
    against = forbidden(s, record.spec.template) if record is not None and to != s.stable_revision else ""
    if against:
        return _refused(
            s, f"its pods would be made anew, and may not be: {against}. In an emergency: crossfade bypass"
        )
    done = f"going back to {to}{careful(s, to)}"
    if to == s.spec_revision:
        return Answer(_on_its_way(forgiven(s), action, to), f"{done}, which the manifest names already")
    if not any(release.spec.revision == to for release in s.seen.releases):
        return _refused(s, f"the Release that holds the template of {to} is gone (revisionHistoryLimit)")
    note = f"undone by {_title(action)}: put the template of {to} back into the manifest"
    verdict = Failed(
        revision=s.spec_revision,
        reason="Undone",
        message=note,
        at=text_of(s.now),
        act=_act(s, action),
    )
    left = s.remember(failed=verdict, undone=None, undo_to="" if to == s.stable_revision else to)
    return Answer(_on_its_way(left, action, to), done)


def _way_there(s: Situation, revision: str | None) -> GoingBack | None:
    """The way of an earlier Undo that goes there: asked twice in a hurry, it must not be taken for a wish to stay."""
    way = s.memory.going_back
    goes_on = way is not None and way.revision == target(s) and not s.progress.rollback_reason
    return way if way is not None and goes_on and revision in (None, way.revision) else None


def _on_its_way(s: Situation, action: RolloutAction, to: str) -> Situation:
    """The memory with the way of an Undo: none where it goes to what serves."""
    if to == s.stable_revision or s.memory.stable is None:
        return s.remember(going_back=None)
    brought = newest_of(s, to)
    way = GoingBack(
        revision=to,
        from_release=s.memory.stable.release,
        to_release=brought.spec.number if brought is not None else 0,
        **_by(s, action),
    )
    return s.remember(going_back=way)


ANSWERS: dict[str, Callable[[Situation, RolloutAction], Answer]] = {
    "Abort": _abort,
    "Promote": _promote,
    "PromoteFull": _promote_full,
    "Skip": _skip,
    "Retry": _retry,
    "Pause": _pause,
    "Resume": _resume,
    "Undo": _undo,
    "Restart": _restart,
    "Approve": _approve,
    "Bypass": _bypass,
}
