"""The record: Releases and the answers to actions, kept as far as the memory says. Each write repeats safely."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from crossfade.api.action import ActionEntry, RolloutAction, RolloutActionSpec
from crossfade.api.release import ACTIONS_LENGTH, Release, ReleaseStatus
from crossfade.api.status import Bypass, Failed, HeldBy, LastAction
from crossfade.core import flood, manifests
from crossfade.core.actions import unwritten
from crossfade.core.analysis.runs import copies
from crossfade.core.holds import hold
from crossfade.core.moments import moment_of, text_of
from crossfade.core.observed import Identity
from crossfade.core.plan import Verb, Write
from crossfade.core.policy import recorded
from crossfade.core.situation import Situation

ACTION_KEPT = timedelta(days=1)

MANY = 200
"""Answered actions of one Rollout that are kept so long: of more, the oldest go."""

READ_WITHIN = timedelta(minutes=1)
"""Who has asked reads the answer by then: it is kept so long, however many there are."""


def writes(s: Situation) -> tuple[Write, ...]:
    """Answers to actions, the current Release, the ends of earlier ones, and what has grown too old."""
    return (*_answers(s), *_marked(s), *_kept(s), *_too_old(s))


def _answers(s: Situation) -> Iterator[Write]:
    action, last = unwritten(s), s.memory.last_action
    if action is not None and last is not None:
        body = {"status": {"state": last.state, "message": last.message, "at": last.at}}
        yield Write(Verb.STATUS, "RolloutAction", action.metadata.name, body, _identity(action))
    for each, answer in flood.answered_at_once(s):
        state = "Done" if answer.done else "Refused"
        body = {"status": {"state": state, "message": answer.message, "at": text_of(s.now)}}
        yield Write(Verb.STATUS, "RolloutAction", each.metadata.name, body, _identity(each))


def begun(s: Situation) -> Iterator[Write]:
    """The Release of the last number, where it was not made yet: before any pod, so that none ends without a record."""
    number, known = s.memory.release, {r.spec.number for r in s.seen.releases}
    revision = _introduced(s)
    template = s.template_of(revision)
    if number and number not in known and revision and template is not None:
        body = manifests.release(s, number, revision, template)
        body["spec"] |= {"analysisTemplates": kept} if (kept := copies(s)) else {}
        yield Write(Verb.CREATE, "Release", body["metadata"]["name"], body, needed=True)


def _introduced(s: Situation) -> str:
    """The revision of the last release; "" where its end was stored before its record could be made."""
    stable, failed, last = s.memory.stable, s.memory.failed, s.memory.last
    if s.under_way:
        return s.progress.revision
    if stable is not None and stable.release == s.memory.release:
        return stable.revision
    rolled_back = last is not None and last.number == s.memory.release and last.outcome == "RolledBack"
    return failed.revision if failed is not None and rolled_back else ""


def _marked(s: Situation) -> Iterator[Write]:
    """Labels and owner of each record, where somebody took them away; one that has another owner only gets its labels."""
    for release in s.seen.releases:
        meta, wanted = release.metadata, manifests.marks_of_release(s, release.spec.revision)
        if meta.owner_references:
            del wanted["ownerReferences"]
        if wanted["labels"].items() <= meta.labels.items() and "ownerReferences" not in wanted:
            continue
        yield Write(Verb.APPLY, "Release", meta.name, {"metadata": wanted}, _identity(release))


def _kept(s: Situation) -> Iterator[Write]:
    for release in s.seen.releases:
        before = release.status or ReleaseStatus()
        after = _with_log(s, release, _status_of(s, release, before))
        if after != before:
            body = {"status": after.to_wire()}
            yield Write(Verb.STATUS, "Release", release.metadata.name, body, _identity(release))


def failure_without_log(s: Situation) -> Failed | None:
    """The last failure, where it was a container's and its Release has no log of that yet."""
    failed = s.progress.failure or s.memory.failed
    if failed is None or not failed.container:
        return None
    mine = [each for each in s.seen.releases if each.spec.number == failed.release]
    return failed if any((each.status or ReleaseStatus()).failed_log is None for each in mine) else None


def _with_log(s: Situation, release: Release, after: ReleaseStatus) -> ReleaseStatus:
    failed = failure_without_log(s)
    if failed is None or failed.release != release.spec.number:
        return after
    log = s.seen.found.logs.get((failed.pod, failed.container))
    return after.model_copy(update={"failed_log": log}) if log is not None else after


def _status_of(s: Situation, release: Release, before: ReleaseStatus) -> ReleaseStatus:
    if before.outcome:
        return _since(s, release, before)
    if s.under_way and release.spec.number == s.memory.release:
        return _under_way(s, release, before)
    return _ended(s, release, before)


def _since(s: Situation, release: Release, before: ReleaseStatus) -> ReleaseStatus:
    """What comes after its end: a Restart of what serves, the hooks after it, and the Undo that took it back. Its end is never changed."""
    number, last, acted = release.spec.number, s.memory.last, s.memory.last_action
    changes: dict[str, object] = {}
    if s.memory.afterwards is not None and number == s.memory.release and not s.under_way:
        changes["measurements"] = s.memory.measurements
    if acted is not None and acted.action == "Restart":
        changes["actions"] = _actions(s, before, number)
    way = last.went_back if last is not None and last.outcome == "Completed" else None
    if way is not None and way.from_release == number and before.undone is None:
        by, why = way.actor or None, way.reason
        changes["undone"] = ActionEntry(at=way.at, action="Undo", actor=by, name=way.action, reason=why)
    return before.model_copy(update=changes) if changes else before


def _under_way(s: Situation, release: Release, before: ReleaseStatus) -> ReleaseStatus:
    """Written when somebody acted and while a person is waited for; else the end brings everything at once."""
    acts = {"actions": _actions(s, before, s.memory.release), **_policies(s, release, before, None)}
    waits = hold(s).person and bool(s.progress.reached_at or s.progress.frozen)
    if all(getattr(before, name) == entries for name, entries in acts.items()) and not waits:
        return before
    return before.model_copy(update={**_so_far(s, before), **acts})


def _policies(
    s: Situation, release: Release, before: ReleaseStatus, ended: str | None
) -> dict[str, list[ActionEntry]]:
    """Who approved it, and who had a policy passed meanwhile."""
    began = _began(s, before) or release.metadata.creation_timestamp
    return {
        "approvals": recorded.approvals(before.approvals, s.memory.approvals, release.spec.revision),
        "bypasses": recorded.bypasses(before.bypasses, _bypasses(s), began=began, ended=ended),
    }


def _bypasses(s: Situation) -> list[Bypass]:
    """Those of policies that are about it: what no policy rules any more is passed by nobody."""
    about = {each.name for each in s.seen.policies}
    return [each for each in s.memory.bypasses if each.policy in about]


def _so_far(s: Situation, before: ReleaseStatus) -> dict[str, object]:
    changes: dict[str, object] = {
        "started_at": _began(s, before),
        "timeline": s.memory.timeline,
        "measurements": s.memory.measurements,
        "held_by": _held_by(s, before),
    }
    if s.progress.served_at is not None:
        changes["served_at"] = s.progress.served_at
    if s.memory.downtime is not None:
        changes["downtime_seconds"] = s.memory.downtime.seconds
    return changes


def _held_by(s: Situation, before: ReleaseStatus) -> list[HeldBy]:
    """Which policies held it; what holds the next one since is not of it."""
    ended = s.memory.last.at if s.memory.last is not None and not s.under_way else None
    return recorded.up_to(s.memory.held_by, ended) or before.held_by


def _ended(s: Situation, release: Release, before: ReleaseStatus) -> ReleaseStatus:
    """Its outcome as remembered; a release whose end was overwritten by a later one was superseded."""
    last = s.memory.last
    end: dict[str, object] = {
        "outcome": "Superseded",
        "why": "a later release took its place",
        "ended_at": text_of(s.now),
    }
    if last is not None and last.number == release.spec.number:
        end = {
            "outcome": last.outcome,
            "why": last.why,
            "last_lines": last.last_lines,
            "served_at": last.served_at,
            "turned_back_at": last.turned_back_at,
            "ended_at": last.at,
        }
        if not s.under_way:
            end |= _so_far(s, before)
        end |= _policies(s, release, before, last.at)
    end["actions"] = _actions(s, before, release.spec.number)
    end["started_at"] = (
        end.get("started_at") or before.started_at or release.metadata.creation_timestamp or None
    )
    return before.model_copy(update=end)


def _began(s: Situation, before: ReleaseStatus) -> str | None:
    """When the release under way, or the last one, began: its timeline begins then."""
    first = s.memory.timeline[0].at if s.memory.timeline else None
    return before.started_at or s.progress.release_started_at or first


def _actions(s: Situation, before: ReleaseStatus, number: int) -> list[ActionEntry]:
    """What was done about this release: while it was under way, or by which it came about."""
    last = s.memory.last_action
    if last is None or last.state != "Done" or last.release != number:
        return before.actions
    if any(entry.at == last.at for entry in before.actions):
        return before.actions
    asked = next((action.spec for action in s.seen.actions if action.metadata.uid == last.uid), None)
    return [*before.actions, _entry(last, asked)][-ACTIONS_LENGTH:]


def _entry(last: LastAction, asked: RolloutActionSpec | None) -> ActionEntry:
    """What was done; of an action that is gone no more than its name is known."""
    if asked is None:
        return ActionEntry(at=last.at, action=last.action, name=last.name)
    return ActionEntry(
        at=last.at,
        action=last.action,
        actor=asked.actor,
        name=last.name,
        reason=asked.reason or "",
        policy=asked.policy,
        step=None if asked.step is None else str(asked.step),
    )


def _too_old(s: Situation) -> Iterator[Write]:
    """Answered actions after a day, and a few in a pass; Releases beyond the limit, but never stable's: it holds its template."""
    over = (action for action, until in _ends_of_actions(s) if s.now >= until)
    for action in islice(over, flood.AT_ONCE):
        yield Write(Verb.DELETE, "RolloutAction", action.metadata.name, None, _identity(action))
    if s.seen.spec_error:  # nobody knows how many are to be kept
        return
    ended = [r for r in s.seen.releases if r.status and r.status.outcome and not _needed(s, r)]
    for release in ended[: max(0, len(ended) - s.spec.revision_history_limit)]:
        yield Write(Verb.DELETE, "Release", release.metadata.name, None, _identity(release))


def _needed(s: Situation, release: Release) -> bool:
    return release.spec.number == s.memory.release or release.spec.revision in {
        s.stable_revision,
        s.memory.undo_to,
    }


def next_expiry_s(s: Situation) -> float | None:
    """Seconds until the first answered action is a day old."""
    ends = [until for _, until in _ends_of_actions(s)]
    return max(1.0, (min(ends) - s.now).total_seconds()) if ends else None


def left_over(actions: Sequence[RolloutAction], now: datetime) -> tuple[tuple[Write, ...], float | None]:
    """What goes of the actions of a Rollout that is not there, a few in a pass, and when to look again; None: never.

    One that was made before its Rollout waits a day for it; an answered one is kept a day, as ever.
    """
    ends = [(action, moment_of(at) + ACTION_KEPT) for action in actions if (at := _answered_at(action))]
    over = [action for action, until in ends if now >= until][: flood.AT_ONCE]
    writes = (Write(Verb.DELETE, "RolloutAction", each.metadata.name, None, _identity(each)) for each in over)
    waits = min((until for _, until in ends), default=None)
    return tuple(writes), None if waits is None else max(1.0, (waits - now).total_seconds())


def _answered_at(action: RolloutAction) -> str:
    """When it was answered; one that was not counts from when it was made."""
    return (action.status.at if action.status else None) or action.metadata.creation_timestamp


def _ends_of_actions(s: Situation) -> Iterator[tuple[RolloutAction, datetime]]:
    """Each answered action, oldest first, and until when it is kept. While too many wait, none goes for being one of many:

    an Abort among them says what came before it.
    """
    told = [(a, moment_of(a.status.at)) for a in s.seen.actions if a.status and a.status.at]
    beyond = 0 if flood.too_many(s) else len(told) - MANY
    for number, (action, at) in enumerate(told):
        yield action, at + (READ_WITHIN if number < beyond else ACTION_KEPT)


def _identity(stored: Release | RolloutAction) -> Identity:
    return Identity(stored.metadata.uid, stored.metadata.resource_version)
