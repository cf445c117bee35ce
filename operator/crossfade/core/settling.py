"""How long after the endpoints are right every node sends requests by them."""

from __future__ import annotations

from typing import Final

from crossfade.core.moments import later, moment_of, seconds_since
from crossfade.core.situation import Situation

SETTLE_S: Final = 2.0
"""From the endpoints being right to the removal of pods: kube-proxy takes up to 1 s to follow, measured."""


def has_settled(s: Situation) -> bool:
    """Whether no node can send a request to the side that was left any more."""
    moved = s.progress.moved_at
    return not s.service_name or (moved is not None and seconds_since(moved, s.now) >= SETTLE_S)


def settling(s: Situation) -> bool:
    """Whether only time is missing until it has settled."""
    return s.progress.moved_at is not None and not has_settled(s)


def settled_at(s: Situation) -> str | None:
    """When it will have settled; None while the endpoints are not right."""
    return later(s.progress.moved_at, SETTLE_S) if s.progress.moved_at else None


def settle_left_s(s: Situation) -> float:
    """Seconds until the endpoints have been right for long enough."""
    moved = s.progress.moved_at
    return max(0.05, SETTLE_S - (s.now - moment_of(moved)).total_seconds()) if moved else SETTLE_S
