"""RolloutPolicies as values, from stored objects or from files: what cannot be read holds, here as in the operator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crossfade.api.policy import RolloutPolicySpec
from crossfade.core.policy.closed_windows import closed_windows
from crossfade.core.policy.closures import Calendar
from crossfade.core.policy.matched import Closed
from crossfade.core.policy.stored import stored_spec
from crossfade.core.policy.window_status import statuses

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Known:
    """A policy at one moment. `spec`: None where it cannot be read, and `problem` says why. `queued`: how many wait for its slots.

    `closed`: its windows that are closed; `next_close`: when the first one closes next, None where none does within a year.
    """

    name: str
    spec: RolloutPolicySpec | None = None
    problem: str = ""
    queued: int = 0
    closed: tuple[Closed, ...] = ()
    next_close: str | None = None

    def closed_at(self, moment: datetime) -> tuple[Closed, ...]:
        """Give the windows that are closed at a moment."""
        windows = tuple(self.spec.windows) if self.spec is not None else ()
        return closed_windows(Calendar(self.name, windows, None), moment)


def known(policies: Iterable[Object], now: datetime) -> list[Known]:
    """Give stored policies by name."""
    found = (_with_windows(_known(each), now) for each in policies)
    return sorted(found, key=lambda each: each.name)


def _with_windows(policy: Known, now: datetime) -> Known:
    if policy.spec is None or not policy.spec.windows:
        return policy
    told, _ = statuses(Calendar(policy.name, tuple(policy.spec.windows), None), now)
    closes = min((each.next_close for each in told if each.next_close), default=None)
    return replace(policy, closed=policy.closed_at(now), next_close=closes)


def _known(policy: Object) -> Known:
    spec, problem = stored_spec(policy.get("spec"))
    queued = len((policy.get("status") or {}).get("queued") or ())
    return Known(policy["metadata"]["name"], spec, problem, queued)
