"""The memory, held against the world: a status that was edited, restored or cut must harm nobody.

The record of the release under way is written once and never changed, so it says what the memory should; times are
never to come; and a revision that nothing knows is nobody's to serve.
"""

from __future__ import annotations

from dataclasses import replace

from crossfade.api.release import Release
from crossfade.api.status import Failed, LastRelease, RevisionStatus
from crossfade.core.moments import text_of
from crossfade.core.situation import Situation
from crossfade.core.stored_times import in_the_past


def validated(s: Situation) -> Situation:
    """The same with a memory that can be true of what is seen."""
    past = in_the_past(s.memory, s.now)
    s = s if past is s.memory else replace(s, memory=past)
    return _within_its_plan(_as_completed(_known(_as_recorded(s))))


def _as_completed(s: Situation) -> Situation:
    """What the records say has completed is known to have, and at rest stable is the revision that the last one left."""
    if not s.stable_revision:
        return s
    known = s.memory.completed
    missing = [revision for revision in _completed(s) if revision not in known]
    if missing:
        s = s.remember(completed=list(dict.fromkeys([*_completed(s), *known])))
    record = next((r for r in s.seen.releases if r.spec.number == s.memory.release), None)
    if s.under_way or record is None or record.status is None or not record.status.outcome:
        return s
    left = record.spec.revision if record.status.outcome == "Completed" else record.spec.from_revision
    if not left or left == s.stable_revision:
        return s
    return s.remember(stable=RevisionStatus(revision=left, release=_introduced(s, left)))


def _as_recorded(s: Situation) -> Situation:
    """The two revisions of the release under way are those of its record."""
    if s.memory.release or s.under_way or s.stable_revision:  # else all of it is lost, and recovered
        s = s.remember(release=max(s.memory.release, *(r.spec.number for r in s.seen.releases), 0))
    record = next((r.spec for r in s.seen.releases if r.spec.number == s.memory.release), None)
    if record is None or not s.under_way or _ended(s, record.number):
        return s
    if s.stable_revision != record.from_revision and record.from_revision:
        s = s.remember(
            stable=RevisionStatus(revision=record.from_revision, release=_introduced(s, record.from_revision))
        )
    return s if s.progress.revision == record.revision else s.progress_with(revision=record.revision)


def _within_its_plan(s: Situation) -> Situation:
    """A stage that the plan does not have is the last one, which is what it is taken for."""
    return s.progress_with(stage=min(s.progress.stage, len(s.plan) - 1)) if s.under_way else s


def _ended(s: Situation, number: int) -> bool:
    return any(r.spec.number == number and r.status and r.status.outcome for r in s.seen.releases)


def _introduced(s: Situation, revision: str) -> int:
    return max((r.spec.number for r in s.seen.releases if r.spec.revision == revision), default=0)


def _known(s: Situation) -> Situation:
    """Without a release of a revision that nothing knows; and a stable one that nothing knows is a lost memory."""
    if s.under_way and not _exists(s, s.progress.revision):
        s = s.remember(progress=None, candidate=None)
    if s.stable_revision and not _exists(s, s.stable_revision) and serving_revision(s):
        s = s.remember(stable=None, progress=None, candidate=None)
    return s


def _exists(s: Situation, revision: str) -> bool:
    recorded = any(r.spec.revision == revision for r in s.seen.releases)
    return bool(revision) and (revision in s.seen.sides or recorded or revision == s.spec_revision)


def recovered(s: Situation) -> Situation | None:
    """The memory anew, where there is none although something completed or serves; else None."""
    revision = _left_warm(s) or serving_revision(s)
    if s.under_way or s.stable_revision or not revision:
        return None
    number = max((r.spec.number for r in s.seen.releases), default=0)
    return _ended_by_it(s, revision).remember(
        stable=RevisionStatus(revision=revision, release=_introduced(s, revision) or number),
        release=max(number, s.memory.release),
        completed=list(dict.fromkeys([revision, *_completed(s)])),
        failed=s.memory.failed or _quarantined(s),
    )


def _open(s: Situation) -> Release | None:
    """The newest record, where it has no outcome."""
    newest = s.seen.releases[-1] if s.seen.releases else None
    return newest if newest and not (newest.status and newest.status.outcome) else None


def _left_warm(s: Situation) -> str:
    """The revision that the release under way leaves, while its pods are kept: a lost status opens no gate."""
    record = _open(s)
    before = record.spec.from_revision if record is not None else ""
    return before if before and s.side(before).ours and s.side(before).desired else ""


def _ended_by_it(s: Situation, revision: str) -> Situation:
    """With the end of a release whose revision is stable from now on, so that its record says the same."""
    record = _open(s)
    if record is None or record.spec.revision != revision:
        return s
    why = f"the status was lost while {revision} served alone"
    last = LastRelease(number=record.spec.number, outcome="Completed", why=why, at=text_of(s.now))
    return s.remember(last=last)


def serving_revision(s: Situation) -> str:
    """The revision that serves, else the one that completed last; "" where neither has a Deployment of ours.

    While the memory has a number, a first release may have been given up: what production selects proves nothing.
    """
    done = _completed(s)
    serving = [rev for rev, side in s.seen.sides.items() if side.ours and _selects(s, rev)]
    proved = [rev for rev in serving if rev in done or not s.memory.release]
    ours = {
        rev for rev, side in s.seen.sides.items() if side.ours
    }  # a Rollout of the same name may have been here before
    return next((rev for rev in (*proved, *done) if rev in ours), "")


def _completed(s: Situation) -> list[str]:
    """Newest first."""
    ended = (r for r in reversed(s.seen.releases) if r.status and r.status.outcome == "Completed")
    return list(dict.fromkeys(release.spec.revision for release in ended))


def _quarantined(s: Situation) -> Failed | None:
    """What failed last stays condemned, unless it was followed by another release."""
    newest: Release | None = s.seen.releases[-1] if s.seen.releases else None
    if newest is None or newest.status is None or newest.status.outcome != "RolledBack":
        return None
    told = newest.status
    return Failed(
        revision=newest.spec.revision,
        release=newest.spec.number,
        reason="RolledBack",
        message=told.why,
        last_lines=told.last_lines,
        at=told.ended_at,
    )


def _selects(s: Situation, revision: str) -> bool:
    return s.production is not None and revision in s.production.selector.values()
