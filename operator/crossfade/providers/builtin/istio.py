"""Istio: proxies count what reaches a workload, and each side's Deployment is one.

By the pages of Istio on its standard metrics: `reporter="destination"` is the receiving side's proxy, which each request passes once;
`response_code` is HTTP's; times are in milliseconds, in Envoy's default buckets. Not tried on a cluster.
"""

from __future__ import annotations

from typing import Final

from crossfade.providers.builtin.counting import edge, equal, events, or_none
from crossfade.providers.builtin.wanted import Errors, Latency, Pair, Side, Sides, Target, bucket_refusal
from crossfade.providers.outcome import Refused

CONTROLLER: Final = "istio.io/gateway-controller"
"""What Istio calls itself in the status of a Gateway API route, by its own source."""
BUCKETS_MS: Final = (0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000)
_REQUESTS: Final = "istio_requests_total"
_DURATION: Final = "istio_request_duration_milliseconds"


def sides(target: Target, wanted: Errors | Latency, window_s: int) -> Sides | Refused:
    """The queries of both sides."""
    if isinstance(wanted, Latency) and (why := bucket_refusal(wanted, BUCKETS_MS, "Istio")):
        return Refused(why)
    if not target.candidate.workload or not target.stable.workload:
        return Refused("Istio counts by Deployment: name both sides'")
    return Sides(
        *(_pair(target.namespace, side, wanted, window_s) for side in (target.candidate, target.stable))
    )


def _pair(namespace: str, side: Side, wanted: Errors | Latency, window_s: int) -> Pair:
    mine = ",".join(
        (
            equal("reporter", "destination"),
            equal("destination_workload_namespace", namespace),
            equal("destination_workload", side.workload),
        )
    )
    if isinstance(wanted, Errors):
        total = events(_REQUESTS, mine, window_s)
        return Pair(or_none(events(_REQUESTS, f'{mine},response_code=~"5.."', window_s), total), total)
    total = events(f"{_DURATION}_count", mine, window_s)
    return Pair(f"{total} - {events(f'{_DURATION}_bucket', f'{mine},{edge(wanted.ms)}', window_s)}", total)
