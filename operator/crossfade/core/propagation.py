"""How long after the endpoints are right every node sends requests by them."""

from __future__ import annotations

from crossfade.core.moments import later, moment_of, seconds_since
from crossfade.core.situation import Situation

LEARNS_S = 1.0
"""A router follows routes and endpoints by different watches: one that got both at once answered 30 of 4,246 requests with 503
(Envoy Gateway, measured), since the route was read first."""


def has_propagated(s: Situation) -> bool:
    """Whether no node can send a request to the side that was left any more.

    kube-proxy takes up to 1 s to follow the endpoints (measured); it tells nobody when it has. So this is a time: 2 s, or
    what the operator's option `--settle-seconds` says.
    """
    moved = s.memory.moved_at
    return not s.service_name or (moved is not None and seconds_since(moved, s.now) >= s.seen.settle_s)


def propagated_at(s: Situation) -> str | None:
    """When that will be so; None while the endpoints are not right."""
    return later(s.memory.moved_at, s.seen.settle_s) if s.memory.moved_at else None


def propagation_left_s(s: Situation) -> float:
    """Seconds until the endpoints have been right for long enough."""
    moved, whole_s = s.memory.moved_at, s.seen.settle_s
    return max(0.05, whole_s - (s.now - moment_of(moved)).total_seconds()) if moved else whole_s


def has_been_learned(s: Situation) -> bool:
    """Whether the router has had the time to learn of the candidate's pods behind the canary Service."""
    return s.progress.listed_at is not None and learning_left_s(s) <= 0


def learning_left_s(s: Situation) -> float:
    """Seconds until that is so, where they are listed; 0 or less afterwards, and where none are."""
    return LEARNS_S - seconds_since(s.progress.listed_at, s.now) if s.progress.listed_at else 0
