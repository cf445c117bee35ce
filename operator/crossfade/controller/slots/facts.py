"""What a Rollout's own object says of its turn: whether a release is under way, whether it waits, and how urgently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from crossfade.api.conditions import Phase
from crossfade.view.times import time_of

Raw = dict[str, Any]


class Facts(NamedTuple):
    """One Rollout, as far as its turn goes.

    `since`: it waits for policies since then. `may_begin`: no release of what is paused or being deleted begins. `refused`: it cannot
    begin as it is, whatever its turn. `bypasses`: policies that are passed, each since when (None: nobody knows) and until when.
    """

    under_way: bool = False
    since: datetime | None = None
    may_begin: bool = False
    refused: bool = False
    priority: int = 0
    created: str = ""
    labels: Mapping[str, str] = {}
    bypasses: tuple[tuple[str, datetime | None, datetime], ...] = ()


def facts_of(rollout: Raw) -> Facts:
    """Read a stored Rollout; whatever somebody wrote there, nothing is raised."""
    meta, spec, status = rollout["metadata"], rollout.get("spec") or {}, rollout.get("status") or {}
    going, priority = bool(meta.get("deletionTimestamp")), spec.get("priority")
    return Facts(
        under_way=bool(status.get("progress")) and not going,
        since=_moment(status.get("waitingSince")),
        may_begin=not (going or spec.get("paused") or status.get("pausedBy")),
        refused=status.get("phase") == Phase.INVALID,
        priority=priority if isinstance(priority, int) else 0,
        created=str(meta.get("creationTimestamp") or ""),
        labels=meta.get("labels") or {},
        bypasses=tuple(_bypasses(status.get("bypasses") or ())),
    )


def _bypasses(told: Iterable[Raw]) -> Iterator[tuple[str, datetime | None, datetime]]:
    """Those that say until when: one without an end passes nothing."""
    for each in told:
        until = _moment(each.get("until"))
        if until is not None:
            yield str(each.get("policy")), _moment(each.get("at")), until


def _moment(text: object) -> datetime | None:
    """A time with its zone; None for what is none."""
    moment = time_of(text) if isinstance(text, str) else None
    return moment if moment is not None and moment.tzinfo is not None else None
