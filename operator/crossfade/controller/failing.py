"""Which Rollouts failed lately, for what others make of it: kept by time, so that a pass looks at the newest alone.

Fed by every change of a stored status, and so filled again when a process starts and lists what there is. A Rollout is in it
once, with its newest failure, for `KEPT_S`.
"""

from __future__ import annotations

import logging
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

from crossfade.controller.store import Key, Raw
from crossfade.core.observed import OTHERS_SHOWN, Failure
from crossfade.core.others import BY_PEOPLE, SEVERAL, WITHIN_S

log = logging.getLogger(__name__)

WITHIN: Final = timedelta(seconds=WITHIN_S)
KEPT: Final = 2 * WITHIN
"""The newest failure counts for a minute, together with those of the minute before it."""


class _Entry(NamedTuple):
    """What failed when; entries are in the order of time."""

    at: datetime
    key: Key
    reason: str


class Failing:
    """One for the operator. `wake`: queue a Rollout, since it has something to tell."""

    def __init__(self, now: Callable[[], datetime], wake: Callable[[Key], None]) -> None:
        self._now = now
        self._wake = wake
        self._entries: list[_Entry] = []
        self._of: dict[Key, _Entry] = {}
        self._woken: set[Key] = set()

    def note(self, kind: str, key: Key, old: Raw | None, new: Raw | None) -> None:
        """Compare a Rollout with its former self; a listener of the store."""
        if kind != "Rollout":
            return
        if new is None:
            self._forget(key)
            return
        failed = failure_of(new)
        if failed is not None and failed != failure_of(old):
            self._add(_Entry(failed.at, key, failed.reason))

    def others(self, key: Key) -> tuple[Failure, ...]:
        """Those that failed in the last `KEPT` but `key`, the newest first, at most `OTHERS_SHOWN`."""
        if not self._entries:
            return ()
        found = (each for each in self._newest(KEPT) if each.key != key)
        shown = islice(found, OTHERS_SHOWN)
        return tuple(Failure(e.key.namespace, e.key.name, e.at, e.reason) for e in shown)

    def _newest(self, within: timedelta) -> Iterator[_Entry]:
        """Those of the time up to now, newest first. What is said to have failed later than now counts when that has come."""
        now = self._now()
        for entry in reversed(self._entries):
            if entry.at <= now - within:
                return
            if entry.at <= now:
                yield entry

    def _add(self, entry: _Entry) -> None:
        oldest = self._now() - KEPT
        for past in self._entries[: bisect_right(self._entries, oldest, key=lambda each: each.at)]:
            self._forget(past.key)
        if entry.at <= oldest:
            return
        self._forget(entry.key)
        self._of[entry.key] = entry
        insort(self._entries, entry)
        self._tell()

    def _forget(self, key: Key) -> None:
        entry = self._of.pop(key, None)
        self._woken.discard(key)
        if entry is not None:
            self._entries.remove(entry)

    def _tell(self) -> None:
        """Once several have failed within a minute, each of them is looked at once more, so that it tells: once for each."""
        lately = list(self._newest(WITHIN))
        if len(lately) <= SEVERAL:
            return
        news = [each for each in lately if each.key not in self._woken]
        names = ", ".join(f"{each.key.namespace}/{each.key.name} ({each.reason})" for each in news)
        log.warning("%d Rollouts failed within a minute, a shared cause is likely: %s", len(lately), names)
        for each in news:
            self._woken.add(each.key)
            self._wake(each.key)


class Failed(NamedTuple):
    """When a Rollout failed, by its own status, and why in one word."""

    at: datetime
    reason: str


def failure_of(rollout: Raw | None) -> Failed | None:
    """Its last failure that nobody has forgiven; None where there is none, or a person decided. Raises nothing."""
    status: Any = (rollout or {}).get("status") or {}
    told = (status.get("progress") or {}).get("failure") or status.get("failed") or {}
    at, reason = _moment(told.get("at")), str(told.get("reason", ""))
    return Failed(at, reason) if at is not None and reason and reason not in BY_PEOPLE else None


def _moment(text: object) -> datetime | None:
    """A time with its zone; None for what is none, whoever wrote it."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
