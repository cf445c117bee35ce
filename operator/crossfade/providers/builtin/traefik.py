"""Traefik as a Gateway API controller: it counts by the backend that a request was sent to, and each side's Service is one.

Names and labels as seen on Traefik 3.7: `service` is `httproute-<namespace>-<route>-gw-…-svc-<namespace>-<Service>-<index>@kubernetesgateway`.
gRPC routes are left out: their `code` is gRPC's own. What Traefik answers itself (503 without endpoints) counts for no side.
"""

from __future__ import annotations

from typing import Final

from crossfade.providers.builtin.counting import edge, events, like, or_none, plain
from crossfade.providers.builtin.wanted import Errors, Latency, Pair, Side, Sides, Target, bucket_refusal
from crossfade.providers.outcome import Refused

BUCKETS_MS: Final = (100, 300, 1200, 5000)
"""Traefik's default, `--metrics.prometheus.buckets`."""
_DURATION: Final = "traefik_service_request_duration_seconds"


def sides(target: Target, wanted: Errors | Latency, window_s: int) -> Sides | Refused:
    """The queries of both sides."""
    if isinstance(wanted, Latency) and (why := bucket_refusal(wanted, BUCKETS_MS, "Traefik")):
        return Refused(why)
    return Sides(*(_pair(target, side, wanted, window_s) for side in (target.candidate, target.stable)))


def _pair(target: Target, side: Side, wanted: Errors | Latency, window_s: int) -> Pair:
    mine = _backend(target, side.service)
    if isinstance(wanted, Errors):
        metric = "traefik_service_requests_total"
        total = events(metric, mine, window_s)
        return Pair(or_none(events(metric, f'{mine},code=~"5.."', window_s), total), total)
    total = events(f"{_DURATION}_count", mine, window_s)
    return Pair(
        f"{total} - {events(f'{_DURATION}_bucket', f'{mine},{edge(wanted.ms / 1000)}', window_s)}", total
    )


def _backend(target: Target, service: str) -> str:
    """A group of users has a route of its own to the candidate: those chose their side, so `route` leaves them out."""
    space, name = plain(target.namespace), plain(service)
    route = f"{plain(target.route)}-gw-.+" if target.route else ".+"
    return like("service", f"httproute-{space}-{route}-svc-{space}-{name}-[0-9]+@kubernetesgateway")
