"""Who did what, and how long ago, in words."""

from __future__ import annotations

from datetime import datetime

from crossfade.api.conditions import Phase
from crossfade.view.model import Asked, Change, Course, Down, RolloutView, Undoing
from crossfade.view.times import ago, duration

ENDED = {
    "Completed": "completed",
    "RolledBack": "rolled back",
    "Superseded": "given up for another template",
    "Cancelled": "cancelled",
}
SINCE = frozenset({Phase.DEGRADED, Phase.INVALID, Phase.WAITING, Phase.PAUSED})
SAME_MOMENT_S = 60
"""A template that was changed so shortly before its release began is what began it."""


def by(asked: Asked, now: datetime) -> str:
    """Say who asked, when and why. Example: `by ann 3 min ago: lunch`."""
    who = f"by {asked.actor}" if asked.actor else "by a RolloutAction"
    when = f" {ago(asked.at, now)}" if asked.at else ""
    return f"{who}{when}" + (f": {asked.reason}" if asked.reason else "")


def paused(view: RolloutView, now: datetime) -> str:
    """Say who holds it; empty where a pause at rest says so already."""
    return by(view.paused, now) if view.paused and not view.held else ""


def restarted(view: RolloutView, now: datetime) -> str:
    """Say who asked for the Restart that goes on."""
    return by(view.restarted, now) if view.restarted else ""


def since(view: RolloutView, now: datetime) -> str:
    """Say since when somebody is needed, or something is wrong; where no other row says it."""
    told = view.phase in SINCE and not (view.phase == Phase.PAUSED and view.paused)
    return f"{ago(view.since, now)}, {view.since:%Y-%m-%d %H:%M:%S} UTC" if view.since and told else ""


def held(view: RolloutView, now: datetime) -> str:
    """Say what the next change waits for, and who paused it when and why."""
    if view.held is None:
        return ""
    return f"{view.held.what}; paused {by(view.paused, now)}" if view.paused else view.held.what


def asked(view: RolloutView, now: datetime) -> str:
    """Say when an Undo was asked for: who asked for what, and why, is the message."""
    return ago(view.undoing.asked.at, now) if view.undoing and view.undoing.asked.at else ""


def started(view: RolloutView, now: datetime) -> str:
    """Say since when it goes forward, and which client had changed the template."""
    course = view.course
    if course is None or course.started_at is None or course.turned_back_at or view.undoing:
        return ""
    return ago(course.started_at, now) + _after(view.changed_by, course.started_at, now)


def _after(change: Change | None, started_at: datetime, now: datetime) -> str:
    if change is None:
        return ""
    if change.at is None or (started_at - change.at).total_seconds() <= SAME_MOMENT_S:
        return f", by field manager {change.manager}"
    return f"; field manager {change.manager} had changed the template {ago(change.at, now)}"


def turned_back(view: RolloutView, now: datetime) -> str:
    """Say since when it goes back, and how long users had met it. Example: `3 s ago, 8 s after its first request`."""
    course = view.course
    if course is None or course.turned_back_at is None or course.ended_at is not None:
        return ""
    return ago(course.turned_back_at, now) + _after_first(course, worker=view.worker)


def ended(view: RolloutView, now: datetime) -> str:
    """Say how the last release ended, at rest. Example: `release 2 rolled back 12 min ago, 8 s after its first request`."""
    course = view.course
    if course is None or course.ended_at is None:
        return ""
    if view.went_back is not None:
        return f"{_undone(view.went_back)} {ago(course.ended_at, now)}; asked {by(view.went_back.asked, now)}"
    how = ENDED.get(course.outcome, course.outcome)
    told = f"release {course.number} {how} {ago(course.ended_at, now)}"
    if course.outcome == "Completed":
        change = view.changed_by
        return told + (f"; its template came by field manager {change.manager}" if change else "")
    return told + _after_first(course, worker=view.worker)


def _undone(undo: Undoing) -> str:
    return f"went back from release {undo.from_release} to release {undo.to_release}"


def _after_first(course: Course, *, worker: bool) -> str:
    """How long users had met it when it was decided to go back; or that they never had."""
    if course.turned_back_at is None:
        return ""
    if course.served_at is None:
        return ", before any of its pods worked" if worker else ", before its first request"
    seconds = max((course.turned_back_at - course.served_at).total_seconds(), 0)
    return f", {duration(seconds)} after its first {'pod was ready' if worker else 'request'}"


def down(view: RolloutView, now: datetime) -> str:
    """Say how long nothing serves by now, of how long at most; or how long it lasted."""
    known = view.down
    if known is None:
        return ""
    if known.since is None:
        which = "the last" if view.course is None or view.course.ended_at else "this"
        return "" if known.seconds is None else f"{known.seconds:g} s in {which} release"
    so_far = duration(max((now - known.since).total_seconds(), 0))
    return f"down for {so_far}{_limit(known)}"


def _limit(known: Down) -> str:
    return f" of at most {duration(known.limit_s)}" if known.limit_s is not None else ""
