"""Releases as values: what history, undo, diff and the delivery figures are read from.

Reads raw objects, and takes any part of them to be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crossfade.view.times import ago, time_of

Object = Mapping[str, Any]

BACK_NOTE = "back: "
"""How the timeline's entry begins that is made when a release turns back."""


@dataclass(frozen=True)
class Act:
    """What somebody asked of a release while it was under way; `actor` is empty where it is not known."""

    action: str
    actor: str = ""
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Attempt:
    """One release, from the first to the last thing that is known of it.

    `outcome` is empty until it has ended. `judged_at`: when it turned back, where it did. `from_revision` is empty
    for the first release of a Rollout. `changed_by`: the field manager that had changed the template. `served_at`: when
    it could first get a request. `undone`: the Undo that took it back after it had completed.
    """

    namespace: str
    rollout: str
    number: int
    revision: str
    from_revision: str = ""
    images: tuple[str, ...] = ()
    outcome: str = ""
    why: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    judged_at: datetime | None = None
    acts: tuple[Act, ...] = ()
    template: Object = field(default_factory=dict)
    changed_by: str = ""
    served_at: datetime | None = None
    last_lines: tuple[str, ...] = ()
    undone: Act | None = None

    @property
    def completed(self) -> bool:
        """Whether its revision came to serve everything."""
        return self.outcome == "Completed"

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it is under way, and where a time is missing."""
        if self.started_at is None or self.ended_at is None:
            return None
        return max((self.ended_at - self.started_at).total_seconds(), 0)


def attempts(releases: Iterable[Object]) -> list[Attempt]:
    """Give the Releases as values, newest first; those of several Rollouts together, by number."""
    return sorted(map(_attempt, releases), key=lambda each: each.number, reverse=True)


def owned_by(rollout: Object, releases: Iterable[Object]) -> list[Object]:
    """Leave out Releases of an earlier Rollout of the same name, which the garbage collector has not removed yet."""
    uid = rollout.get("metadata", {}).get("uid")
    return [each for each in releases if uid is None or uid in _owners(each)]


def _owners(release: Object) -> set[str | None]:
    return {ref.get("uid") for ref in release.get("metadata", {}).get("ownerReferences") or ()}


def previous(known: Sequence[Attempt], attempt: Attempt) -> Attempt | None:
    """Give the release whose revision served when `attempt` began; where it is not kept, the one before.

    `known` is newest first. None where nothing older is kept.
    """
    older = [each for each in known if each.number < attempt.number]
    served = (each for each in older if each.revision == attempt.from_revision and each.completed)
    return next(served, next(iter(older), None))


def _attempt(release: Object) -> Attempt:
    meta, spec, status = release.get("metadata", {}), release.get("spec", {}), release.get("status") or {}
    return Attempt(
        namespace=meta.get("namespace", ""),
        rollout=spec.get("rollout", ""),
        number=spec.get("number", 0),
        revision=spec.get("revision", ""),
        from_revision=spec.get("fromRevision", ""),
        images=tuple(images(spec.get("template") or {})),
        outcome=status.get("outcome", ""),
        why=status.get("why", ""),
        started_at=time_of(status.get("startedAt") or meta.get("creationTimestamp")),
        ended_at=time_of(status.get("endedAt")),
        judged_at=_judged_at(status),
        acts=tuple(_act(entry) for entry in status.get("actions") or ()),
        template=spec.get("template") or {},
        changed_by=(spec.get("changedBy") or {}).get("manager", ""),
        served_at=time_of(status.get("servedAt")),
        last_lines=tuple(status.get("lastLines") or ()),
        undone=_act(status["undone"]) if status.get("undone") else None,
    )


def images(template: Object) -> list[str]:
    """Give the images of the containers, by container where there are several."""
    containers: list[Object] = (template.get("spec") or {}).get("containers") or []
    if len(containers) == 1:
        return [containers[0].get("image", "")]
    return [f"{each.get('name', '')}={each.get('image', '')}" for each in containers]


def _judged_at(status: Object) -> datetime | None:
    entries: list[Object] = status.get("timeline") or []
    moments = [entry.get("at") for entry in entries if str(entry.get("note", "")).startswith(BACK_NOTE)]
    return time_of(status.get("turnedBackAt")) or time_of(next(iter(moments), None))


def _act(entry: Object) -> Act:
    return Act(
        entry.get("action", ""),
        entry.get("actor") or "",
        entry.get("reason", ""),
        time_of(entry.get("at")),
    )


def said(act: Act, now: datetime | None = None) -> str:
    """Say who asked for what, and why; with `now` also when. Example: `Abort by ann 3 min ago: too slow`."""
    who = f" by {act.actor}" if act.actor else ""
    when = f" {ago(act.at, now)}" if act.at and now else ""
    return f"{act.action}{who}{when}" + (f": {act.reason}" if act.reason else "")
