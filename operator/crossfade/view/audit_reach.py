"""How far back the records of each Rollout reach, and which are missing: a record that is not there says nothing.

A Rollout keeps its last `revisionHistoryLimit` Releases and the one that brought what serves, so an old one may be kept
behind a gap. Numbers rise by one, so a gap shows. The records of a Rollout that was deleted went with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Object = Mapping[str, Any]
Whose = tuple[str, str, str]
"""Namespace, name and UID of a Rollout; the UID is empty where a record has lost its owner."""

Begun = Mapping[int, datetime | None]
"""The releases that are kept of one Rollout, by their number: when each began."""

LIMIT = 5
"""`spec.revisionHistoryLimit` where a Rollout says nothing."""


@dataclass(frozen=True)
class Gap:
    """Releases of which no record is kept, by their first and last number."""

    first: int
    last: int


@dataclass(frozen=True)
class Reach:
    """From `oldest_release` on, which began `from_time`, no record of this Rollout is missing; 0 and None where the newest is.

    `whole`: no release of the time that was asked for is missing. `history_limit` is 0 where the Rollout is gone.
    """

    namespace: str
    rollout: str
    rollout_uid: str
    whole: bool
    oldest_release: int
    from_time: datetime | None
    missing: tuple[Gap, ...]
    history_limit: int


def reaches(kept: Mapping[Whose, Begun], rollouts: Iterable[Object], since: datetime) -> Iterator[Reach]:
    """Say it of each Rollout that is there, and of each that has left records, by namespace and name."""
    living = {identity(rollout): rollout for rollout in rollouts}
    for whose in sorted({*kept, *living}):
        yield _reach(whose, kept.get(whose, {}), living.get(whose), since)


def identity(rollout: Object) -> Whose:
    """Which Rollout it is."""
    meta = rollout.get("metadata", {})
    return meta.get("namespace", ""), meta.get("name", ""), meta.get("uid", "")


def _reach(whose: Whose, begun: Begun, rollout: Object | None, since: datetime) -> Reach:
    newest = ((rollout or {}).get("status") or {}).get("release", 0)
    limit = 0 if rollout is None else (rollout.get("spec") or {}).get("revisionHistoryLimit", LIMIT)
    last = max((newest, *begun), default=0)
    oldest = _without_gap(begun, last)
    at = begun.get(oldest)
    whole = not last or oldest == 1 or (at is not None and at <= since)
    return Reach(*whose, whole, oldest, at, tuple(_gaps(sorted(begun), last)), limit)


def _without_gap(begun: Begun, last: int) -> int:
    """The oldest number behind which all are kept, up to the newest; 0 where that one is not."""
    number = last
    while number in begun:
        number -= 1
    return number + 1 if number < last else 0


def _gaps(numbers: Sequence[int], last: int) -> Iterator[Gap]:
    for before, after in zip([0, *numbers], [*numbers, last + 1], strict=True):
        if after - before > 1:
            yield Gap(before + 1, after - 1)
