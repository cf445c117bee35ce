"""What is around phase and pods: who asked for what, when things happened, and where a candidate can be looked at.

Reads raw objects, and takes any part of them to be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossfade.api.conditions import Phase, Reason
from crossfade.view.model import Asked, Change, Course, Down, Preview, Undoing
from crossfade.view.nearness import service_name
from crossfade.view.times import time_of

Object = Mapping[str, Any]


def paused(status: Object) -> Asked | None:
    """Give who holds it by an action."""
    by = status.get("pausedBy")
    return asked(by) if by is not None else None


def restarted(status: Object, reason: str) -> Asked | None:
    """Give who asked for the Restart that goes on."""
    last = status.get("restarted")
    return asked(last) if last and reason == Reason.RESTARTING and last.get("at") else None


def has_earlier(status: Object) -> bool:
    """Whether there is a revision that an Undo could go to."""
    stable = (status.get("stable") or {}).get("revision")
    return any(revision != stable for revision in status.get("completed") or ())


def asked(entry: Object) -> Asked:
    """Give who asked, when and why."""
    return Asked(entry.get("actor") or "", entry.get("reason") or "", time_of(entry.get("at")))


def undoing(status: Object) -> Undoing | None:
    """Give the Undo that is under way or about to begin; not one that has turned back itself."""
    if (status.get("progress") or {}).get("rollbackReason"):
        return None
    return _undo(status.get("goingBack"))


def went_back(status: Object) -> Undoing | None:
    """Give the Undo that the last release was, once it has ended."""
    last = status.get("last") or {}
    ended = not status.get("progress") and last.get("number") == status.get("release")
    return _undo(last.get("wentBack")) if ended and last.get("outcome") == "Completed" else None


def _undo(going: Object | None) -> Undoing | None:
    return Undoing(going.get("fromRelease", 0), going.get("toRelease", 0), asked(going)) if going else None


def coming(rollout: Object) -> str:
    """Give the images of a release that waits to begin, as a status has them; empty where the template is elsewhere, or is no release."""
    spec, status = rollout.get("spec") or {}, rollout.get("status") or {}
    if status.get("phase") != Phase.WAITING or status.get("progress") or status.get("goingBack"):
        return ""
    containers = ((spec.get("template") or {}).get("spec") or {}).get("containers") or ()
    return ",".join(str(each.get("image", "")) for each in containers)


def changed_by(release: Object | None) -> Change | None:
    """Give the field manager that had changed the template when the release began."""
    change = ((release or {}).get("spec") or {}).get("changedBy") or {}
    return Change(change["manager"], time_of(change.get("at"))) if change.get("manager") else None


def course(status: Object) -> Course | None:
    """Give the times of the release under way, else of the last one."""
    progress, last = status.get("progress"), status.get("last")
    if progress:
        return Course(
            started_at=time_of(progress.get("releaseStartedAt")),
            served_at=time_of(progress.get("servedAt")),
            turned_back_at=time_of(progress.get("turnedBackAt")),
        )
    if not last or last.get("number") != status.get("release"):
        return None
    return Course(
        number=last.get("number", 0),
        outcome=last.get("outcome", ""),
        served_at=time_of(last.get("servedAt")),
        turned_back_at=time_of(last.get("turnedBackAt")),
        ended_at=time_of(last.get("at")),
    )


def down(rollout: Object) -> Down | None:
    """Give how long nothing served in the last recreate, or since when nothing does."""
    told = (rollout.get("status") or {}).get("downtime")
    if not told:
        return None
    recreate = (rollout.get("spec", {}).get("strategy") or {}).get("recreate") or {}
    since = None if told.get("endedAt") else time_of(told.get("startedAt"))
    return Down(since, recreate.get("maxDowntimeSeconds"), told.get("seconds"))


def preview(rollout: Object) -> Preview | None:
    """Give the preview's Service while it reaches a candidate that users do not meet yet."""
    spec, status = rollout.get("spec") or {}, rollout.get("status") or {}
    progress, ports = status.get("progress") or {}, (spec.get("service") or {}).get("ports") or ()
    hidden = progress and not progress.get("rollbackReason") and not status.get("weight")
    there = (status.get("candidate") or {}).get("ready")
    if (spec.get("strategy") or {}).get("blueGreen") is None or not (hidden and there and ports):
        return None
    return Preview(f"{service_name(rollout)}-preview", ports[0].get("port", 0))


def waits_for_owner(status: Object, reason: str) -> bool:
    """Whether somebody has to hand over the selector of a Service before it goes on."""
    return status.get("phase") == Phase.WAITING and reason == Reason.NOT_SOLE_OWNER
