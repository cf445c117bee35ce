"""What the windows of each policy do now, worked out once until it may change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from crossfade.api.policy_windows import WindowStatus
from crossfade.controller.policies import Policy
from crossfade.core.policy.closed_windows import closed_windows
from crossfade.core.policy.closures import Calendar
from crossfade.core.policy.matched import Closed
from crossfade.core.policy.window_status import statuses


class Told(NamedTuple):
    """What the windows do, and until when that is right."""

    windows: tuple[WindowStatus, ...]
    closed: tuple[Closed, ...]
    valid_until: datetime


class Calendars:
    """One for the operator."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._told: dict[str, tuple[str, Told]] = {}

    def of(self, policy: Policy) -> Told:
        """What the windows of a policy do now."""
        version, told = self._told.get(policy.name, ("", None))
        now = self._now()
        if told is None or version != policy.version or now >= told.valid_until:
            told = _told(policy, now)
            self._told[policy.name] = (policy.version, told)
        return told

    def forget(self, name: str) -> None:
        """The policy is gone."""
        self._told.pop(name, None)


def _told(policy: Policy, now: datetime) -> Told:
    spec = policy.spec
    if spec is None:
        return Told((), (), datetime.max.replace(tzinfo=now.tzinfo))
    calendar = Calendar(policy.name, tuple(spec.windows), spec.freeze)
    found, valid_until = statuses(calendar, now)
    return Told(tuple(found), closed_windows(calendar, now), valid_until)
