"""ingress-nginx: it counts by Ingress and Service, and names in `canary` the backend that a canary Ingress put in the other's place.

By its page on monitoring and the collector's own labels: `namespace`, `service`, `canary`, `status`. `canary` is empty, or
`<namespace>-<Service>-<port>` of the canary's backend, while `service` stays the production one. Prometheus keeps these labels only where
the scrape honors them (`honorLabels: true`). With `--report-status-classes` a status is `5xx`. Not tried on a cluster.
"""

from __future__ import annotations

from typing import Final

from crossfade.providers.builtin.counting import edge, equal, events, like, or_none, plain
from crossfade.providers.builtin.wanted import Errors, Latency, Pair, Sides, Target, bucket_refusal
from crossfade.providers.outcome import Refused

BUCKETS_MS: Final = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)
"""Its default, `--time-buckets`."""
_REQUESTS: Final = "nginx_ingress_controller_requests"
_DURATION: Final = "nginx_ingress_controller_request_duration_seconds"


def sides(target: Target, wanted: Errors | Latency, window_s: int) -> Sides | Refused:
    """The queries of both sides."""
    if isinstance(wanted, Latency) and (why := bucket_refusal(wanted, BUCKETS_MS, "ingress-nginx")):
        return Refused(why)
    space = target.namespace
    canary = like("canary", f"{plain(space)}-{plain(target.candidate.service)}-[a-z0-9-]+")
    production = f"{equal('namespace', space)},{equal('service', target.stable.service)}"
    return Sides(
        _pair(f"{production},{canary}", wanted, window_s), _pair(f'{production},canary=""', wanted, window_s)
    )


def _pair(mine: str, wanted: Errors | Latency, window_s: int) -> Pair:
    if isinstance(wanted, Errors):
        total = events(_REQUESTS, mine, window_s)
        return Pair(or_none(events(_REQUESTS, f'{mine},status=~"5.."', window_s), total), total)
    total = events(f"{_DURATION}_count", mine, window_s)
    return Pair(
        f"{total} - {events(f'{_DURATION}_bucket', f'{mine},{edge(wanted.ms / 1000)}', window_s)}", total
    )
