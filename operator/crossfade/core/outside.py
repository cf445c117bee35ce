"""What a release waits for that neither its pods nor a person who promotes can bring about: no deadline runs meanwhile."""

from __future__ import annotations

from crossfade.api.conditions import Reason
from crossfade.core.situation import Situation

OUTSIDE = frozenset({Reason.NOT_SOLE_OWNER, Reason.ROUTE_MISSING, Reason.ROUTE_NOT_ACCEPTED})
"""A Service that somebody else writes, a route that is not there, a Gateway that does not take it."""


def waited_outside(s: Situation) -> bool:
    """Whether it was this that the last pass waited for."""
    return any(condition.reason in OUTSIDE for condition in s.memory.conditions)
