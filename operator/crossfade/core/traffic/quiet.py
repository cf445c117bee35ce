"""Whether the routers were seen to have left the candidate: by their own metrics, where those are known.

Endpoints, a status and a settle time say that no request should come any more; the counters say that none does. They only ever
keep pods, and never requests: what they say is asked for once the requests have been moved, and nobody's silence holds
anything up. Only the canary Service is asked about: by it the routers reach a candidate. When the production Service takes
another revision over, the routers have sent it nothing for a whole stage.
"""

from __future__ import annotations

from crossfade.core.moments import seconds_since
from crossfade.core.propagation import has_propagated, propagation_left_s
from crossfade.core.situation import Situation
from crossfade.core.traffic import canary_service

EVERY_S = 1.0
"""The metrics are read once a second at most."""

LONGEST_S = 60.0
"""Requests that go on for so long come by a route of somebody else's, and not by an older form of ours: they get stable."""


def is_behind(s: Situation, track: str) -> bool:
    """Whether requests to the canary Service come to the track, or did until just now."""
    return s.canary is not None and (canary_service.has(s, track) or bool(s.canary.ready.get(track)))


def is_asked(s: Situation, track: str) -> bool:
    """Whether the metrics have a say: nothing but the end of that track's pods is left to wait for."""
    return s.seen.asks_router and s.memory.moved_at is not None and is_behind(s, track)


def is_quiet(s: Situation) -> bool:
    """Whether no request was seen to be sent to the canary Service for the settle time; where nobody knows, time alone counts."""
    quiet_s = s.seen.found.quiet_s.get(s.canary_name)
    return quiet_s is None or quiet_s >= s.seen.settle_s


def is_overdue(s: Situation) -> bool:
    """Whether requests have been seen for so long that the canary Service is to send them to stable."""
    return not is_quiet(s) and seconds_since(s.memory.moved_at, s.now) >= s.seen.settle_s + LONGEST_S


def again_s(s: Situation) -> float:
    """Seconds until pods may go that wait for nothing but time, or until the metrics can say something new."""
    return propagation_left_s(s) if s.seen.found.quiet_s.get(s.canary_name) is None else EVERY_S


def waits_for(s: Situation) -> str:
    """What pods are kept for that are to go."""
    if has_propagated(s) and not is_quiet(s):
        return f"the router to stop sending requests to Service {s.canary_name} (its metrics still show some)"
    return "every node to follow the endpoints"
