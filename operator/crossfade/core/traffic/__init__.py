"""How requests are shared among tracks: one file for each way, all with the same face (`port.Traffic`).

A new way (a route) is a file here that keeps the promises of `port.Traffic`, and a line in `traffic_of`. The stepper asks a port
what is so, and tells it the share that is to be; it knows nothing of selectors and routes. What does not belong here: how
many pods there are, and when requests may move (that is the stepper's).
"""

from __future__ import annotations

from crossfade.core.situation import Situation
from crossfade.core.traffic.none import NoTraffic
from crossfade.core.traffic.port import Obstacle, Share, Traffic
from crossfade.core.traffic.route import Route
from crossfade.core.traffic.selector import Selector

__all__ = ["Obstacle", "Share", "Traffic", "traffic_of"]


def traffic_of(s: Situation) -> Traffic:
    """The port of this Rollout: none for a worker without a Service; a route's also where one is left to be given back."""
    if not s.service_name:
        return NoTraffic(s)
    return s.once(Route) if s.spec.traffic is not None or s.canary is not None else s.once(Selector)
