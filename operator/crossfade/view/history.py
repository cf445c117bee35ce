"""The releases of one Rollout, newest first, with what they are to it now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crossfade.view.attempts import Act, Attempt, attempts, previous, said
from crossfade.view.model import Step
from crossfade.view.nearness import service_name

Object = Mapping[str, Any]

UNDER_WAY = "UnderWay"
RETURNING = "Returning"


@dataclass(frozen=True)
class ReleaseView:
    """One release. `mark` is `stable` or `candidate` where it is that now, `undone` where an Undo left it, else empty.

    `outcome` is the Release's, or `UnderWay` or `Returning` before it has one. `seconds` runs on while it is under way;
    None where it is not known. `acted` says who asked for what, and why; `acts` has the same in parts, and
    `undone` the Undo. `changed_by` is the field manager that had changed the template, which is a client and no person. A
    `worker` has no Service, so no requests either.
    """

    number: int
    revision: str
    images: tuple[str, ...]
    outcome: str
    mark: str
    started_at: datetime | None
    seconds: float | None
    why: str
    acted: tuple[str, ...]
    acts: tuple[Act, ...] = ()
    undone: Act | None = None
    changed_by: str = ""
    served_at: datetime | None = None
    turned_back_at: datetime | None = None
    last_lines: tuple[str, ...] = ()
    worker: bool = False

    @property
    def met_s(self) -> float | None:
        """For how long users had met it when it was decided to go back; None where they had not, or it never was."""
        if self.served_at is None or self.turned_back_at is None:
            return None
        return max((self.turned_back_at - self.served_at).total_seconds(), 0)

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.outcome not in {UNDER_WAY, RETURNING}


@dataclass(frozen=True)
class HistoryView:
    """What is kept of a Rollout's releases, newest first. `missing` is how many earlier ones are not kept any more."""

    name: str
    namespace: str
    releases: tuple[ReleaseView, ...]
    missing: int
    next_steps: tuple[Step, ...]


def history(rollout: Object, releases: Iterable[Object], now: datetime, *, scope: str = "") -> HistoryView:
    """Give the releases as people want to see them.

    `releases` are the raw Releases of this Rollout in any order; `scope` is what the commands to type next need in
    addition, such as `-n shop`.
    """
    known, status = attempts(releases), rollout.get("status") or {}
    stable = stable_release(status, known)
    worker = not service_name(rollout)
    rows = tuple(replace(_row(each, status, stable, now), worker=worker) for each in known)
    meta = rollout.get("metadata", {})
    return HistoryView(
        name=meta.get("name", ""),
        namespace=meta.get("namespace", ""),
        releases=rows,
        missing=max(status.get("release", 0), known[0].number if known else 0) - len(known),
        next_steps=tuple(_next_steps(meta.get("name", ""), known, stable, status, scope)),
    )


def stable_release(status: Object, known: Iterable[Attempt]) -> int:
    """Give the number of the release that brought the stable revision, 0 where none did or it is not kept."""
    stable = status.get("stable") or {}
    bringing = [a for a in known if a.completed and a.revision == stable.get("revision")]
    named = [a.number for a in bringing if a.number == stable.get("release")]
    return next(iter(named), max((a.number for a in bringing), default=0))


def is_under_way(attempt: Attempt, status: Object) -> bool:
    """Whether this is the release that the status speaks of."""
    progress = status.get("progress") or {}
    return (
        not attempt.outcome
        and attempt.number == status.get("release")
        and attempt.revision == progress.get("revision")
    )


def _row(attempt: Attempt, status: Object, stable: int, now: datetime) -> ReleaseView:
    current = is_under_way(attempt, status)
    undone = attempt.undone is not None
    marks = {"stable": attempt.number == stable, "candidate": current, "undone": undone}
    return ReleaseView(
        number=attempt.number,
        revision=attempt.revision,
        images=attempt.images,
        outcome=attempt.outcome or _not_ended(status if current else {}),
        mark=next((word for word, holds in marks.items() if holds), ""),
        started_at=attempt.started_at,
        seconds=_so_far(attempt, now) if current else attempt.seconds,
        why=attempt.why or (status.get("message", "") if current else ""),
        acted=tuple(map(said, attempt.acts)),
        acts=attempt.acts,
        undone=attempt.undone,
        changed_by=attempt.changed_by,
        served_at=attempt.served_at,
        turned_back_at=attempt.judged_at,
        last_lines=attempt.last_lines,
    )


def _not_ended(status: Object) -> str:
    return RETURNING if (status.get("progress") or {}).get("rollbackReason") else UNDER_WAY


def _so_far(attempt: Attempt, now: datetime) -> float | None:
    return max((now - attempt.started_at).total_seconds(), 0) if attempt.started_at else None


def _next_steps(name: str, known: list[Attempt], stable: int, status: Object, scope: str) -> list[Step]:
    steps = []
    if status.get("progress"):
        steps.append(Step(f"crossfade status {name} --watch", "to follow the release under way"))
    else:
        steps.extend(_way_back(name, known, stable))
    steps.extend(_compared(name, known, stable))
    return [Step(f"{step.command} {scope}".rstrip(), step.purpose) for step in steps]


def _compared(name: str, known: list[Attempt], stable: int) -> list[Step]:
    """Compare what serves with the newest, and where that is the newest with what served before it."""
    if len(known) < 2:
        return []
    newest = known[0]
    if 0 < stable < newest.number:
        return [Step(f"crossfade diff {name} {stable} {newest.number}", "to see what the newest one changed")]
    before = previous(known, newest) or known[1]
    words = "to see what changed between two releases"
    return [Step(f"crossfade diff {name} {before.number} {newest.number}", words)]


def _way_back(name: str, known: list[Attempt], stable: int) -> list[Step]:
    """Offer the last completed release whose revision does not serve, and that nobody has undone."""
    serving = next((a.revision for a in known if a.number == stable), "")
    earlier = [
        a.number
        for a in known
        if a.completed and a.undone is None and a.revision != serving and a.number < stable
    ]
    return [
        Step(f"crossfade undo {name} --to {number}", f"to go back to release {number}")
        for number in earlier[:1]
    ]
