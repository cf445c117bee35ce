"""What auditors ask: who released what where, approved by whom, and which policies were passed and why. A row for each Release.

Only what Releases keep is told: nothing is inferred of a release that is not kept, and `audit_reach` says from when on none is
missing. Reads raw objects, and takes any part of them to be missing. The shape is documented in docs/audit.md; a field
that is added leaves `VERSION` as it is, one that changes its meaning or goes raises it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from crossfade.view.audit_reach import Reach, Whose, identity, reaches
from crossfade.view.audit_row import BYPASS, Deed, Row, deed_of, held_of, row_of, spec_of, whose
from crossfade.view.history import UNDER_WAY

Object = Mapping[str, Any]

VERSION: Final = 1


@dataclass(frozen=True)
class Unused:
    """A bypass that stands on a Rollout, and that no Release has recorded yet."""

    namespace: str
    rollout: str
    bypass: Deed


@dataclass(frozen=True)
class Asked:
    """What was asked for: releases with something of theirs between two moments, of all namespaces where `namespace` is empty,
    of all Rollouts where `rollout` is, all of them where `only` is.
    """

    since: datetime
    until: datetime
    namespace: str = ""
    rollout: str = ""
    only: str = ""


@dataclass(frozen=True)
class Audit:
    """The answer: releases, newest first, bypasses that no release has used, and how far back the records reach."""

    version: int
    made_at: datetime
    asked: Asked
    releases: tuple[Row, ...]
    unused_bypasses: tuple[Unused, ...]
    records: tuple[Reach, ...]


def _unapproved(row: Row) -> bool:
    """Whether nobody approved it but, at most, who asked for it."""
    return all(deed.actor == row.requested_by.name for deed in row.approvals)


ONLY: Final[Mapping[str, Callable[[Row], bool]]] = {
    "bypassed": lambda row: bool(row.bypasses),
    "failed": lambda row: row.outcome == "RolledBack" or row.undone is not None,
    "unapproved": _unapproved,
}
"""What may be asked for alone."""


def audit(releases: Iterable[Object], rollouts: Sequence[Object], asked: Asked, now: datetime) -> Audit:
    """Answer from the raw Releases and Rollouts of the namespaces that are asked for."""
    stored = [each for each in releases if asked.rollout in {"", spec_of(each).get("rollout", "")}]
    living = [each for each in rollouts if asked.rollout in {"", each.get("metadata", {}).get("name", "")}]
    known = {identity(each): each for each in living}
    rows = [_as_it_stands(row, known) for row in _rows(stored)]
    shown = [row for row in rows if _within(row, asked) and (not asked.only or ONLY[asked.only](row))]
    unused = tuple(_unused(living, rows)) if asked.only in {"", "bypassed"} else ()
    return Audit(VERSION, now, asked, tuple(shown), unused, tuple(reaches(_kept(rows), living, asked.since)))


def _rows(releases: Sequence[Object]) -> list[Row]:
    """All of them, newest first; those that began at one moment by namespace, name and number."""
    known = {(whose(each), spec_of(each).get("revision", "")): spec_of(each) for each in releases}
    served = (known.get((whose(each), spec_of(each).get("fromRevision", ""))) for each in releases)
    rows = sorted(map(row_of, releases, served), key=_place)
    return sorted(rows, key=lambda row: row.started_at or datetime.max.replace(tzinfo=UTC), reverse=True)


def _as_it_stands(row: Row, rollouts: Mapping[Whose, Object]) -> Row:
    """The Release of what is under way gets what holds it when it ends; until then its Rollout's status has that."""
    rollout = rollouts.get((row.namespace, row.rollout, row.rollout_uid)) or {}
    status = rollout.get("status") or {}
    if row.outcome != UNDER_WAY or status.get("release") != row.release:
        return row
    return replace(row, held_by=tuple(map(held_of, status.get("heldBy") or ())))


def _kept(rows: Iterable[Row]) -> dict[Whose, dict[int, datetime | None]]:
    kept: dict[Whose, dict[int, datetime | None]] = {}
    for row in rows:
        kept.setdefault((row.namespace, row.rollout, row.rollout_uid), {})[row.release] = row.started_at
    return kept


def _place(row: Row) -> tuple[str, str, int]:
    return row.namespace, row.rollout, -row.release


def _within(row: Row, asked: Asked) -> bool:
    """Whether it was under way between the two moments, or somebody did something about it then."""
    times = [row.started_at, row.ended_at, *(deed.at for deed in _deeds(row))]
    known = [at for at in times if at is not None]
    if not known or min(known) > asked.until:
        return not known
    return row.outcome == UNDER_WAY or max(known) >= asked.since


def _deeds(row: Row) -> Iterator[Deed]:
    yield from (*row.actions, *row.approvals, *row.bypasses)
    if row.undone is not None:
        yield row.undone


def _unused(rollouts: Iterable[Object], rows: Iterable[Row]) -> Iterator[Unused]:
    """What stands in a Rollout's status and in none of its Releases."""
    used = {(r.namespace, r.rollout, d.policy, d.actor, d.at) for r in rows for d in r.bypasses}
    for rollout in rollouts:
        meta, status = rollout.get("metadata", {}), rollout.get("status") or {}
        for entry in status.get("bypasses") or ():
            renamed = {"actor": entry.get("by", ""), "name": entry.get("action", ""), "action": BYPASS}
            deed = deed_of({**entry, **renamed})
            place = meta.get("namespace", ""), meta.get("name", "")
            if (*place, deed.policy, deed.actor, deed.at) not in used:
                yield Unused(*place, deed)
