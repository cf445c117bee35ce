"""Envoy Gateway: Envoy counts by cluster, and with `mergeBackends` each Service has one of its own.

Names and labels as seen on Envoy Gateway 1.9 with Envoy 1.40: `envoy_cluster_name` is `service/<namespace>/<Service>/<port>/http`, times
are in milliseconds. Without `mergeBackends` one cluster has both sides; a backendRef with filters (sticky users) has a cluster of
its own again, under another name. What Envoy answers itself counts for no side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from crossfade.providers.builtin.counting import edge, events, like, or_none, plain
from crossfade.providers.builtin.wanted import Errors, Latency, Pair, Side, Sides, Target, bucket_refusal
from crossfade.providers.outcome import Refused

BUCKETS_MS: Final = (0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000)
"""Envoy's default, up to a minute."""
_TIME: Final = "envoy_cluster_upstream_rq_time"


@dataclass(frozen=True)
class Envoy:
    """How this Gateway is set up: whether its EnvoyProxy has `mergeBackends`, whether the route's backendRefs have filters."""

    merges_backends: bool
    has_filters: bool = False


def sides(target: Target, wanted: Errors | Latency, window_s: int, envoy: Envoy) -> Sides | Refused:
    """The queries of both sides, where Envoy can tell them apart."""
    if why := _one_for_both(envoy):
        return Refused(why)
    if isinstance(wanted, Latency) and (why := bucket_refusal(wanted, BUCKETS_MS, "Envoy")):
        return Refused(why)
    return Sides(
        *(_pair(target.namespace, side, wanted, window_s) for side in (target.candidate, target.stable))
    )


def _one_for_both(envoy: Envoy) -> str:
    if not envoy.merges_backends:
        return (
            "Envoy Gateway counts both sides as one: write `mergeBackends: {}` into the Gateway's EnvoyProxy, "
            "or queries of your own, by the app's metrics"
        )
    if envoy.has_filters:
        return (
            "Envoy Gateway counts backends with filters by rule and place, not by Service: keep no users by cookies here, "
            "or write queries of your own, by the app's metrics"
        )
    return ""


def _pair(namespace: str, side: Side, wanted: Errors | Latency, window_s: int) -> Pair:
    mine = like("envoy_cluster_name", f"service/{plain(namespace)}/{plain(side.service)}/[0-9]+/http")
    if isinstance(wanted, Errors):
        metric = "envoy_cluster_upstream_rq"
        total = events(metric, mine, window_s)
        return Pair(or_none(events(metric, f'{mine},envoy_response_code=~"5.."', window_s), total), total)
    total = events(f"{_TIME}_count", mine, window_s)
    return Pair(f"{total} - {events(f'{_TIME}_bucket', f'{mine},{edge(wanted.ms)}', window_s)}", total)
