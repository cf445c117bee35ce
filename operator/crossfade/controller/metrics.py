"""The operator's figures for Prometheus."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from crossfade.cluster import Request
from crossfade.controller.delivery import Delivery
from crossfade.controller.failing import WITHIN, failure_of
from crossfade.controller.queue import KeyedQueue
from crossfade.controller.store import Key, Raw, Store

_SECONDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 15, 20, 30, 45, 60)


class Metrics:
    """Every figure, in a registry of its own, so that tests can make many."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, of no use here
        self.registry = CollectorRegistry()
        registry = self.registry
        ProcessCollector(registry=registry)  # CPU seconds and memory of the process
        self.reconciles = Counter("crossfade_reconciles", "Passes, by result.", ["result"], registry=registry)
        self.reconcile_seconds = Histogram(
            "crossfade_reconcile_seconds", "Seconds that a pass took.", buckets=_SECONDS, registry=registry
        )
        self.queue_wait = Histogram(
            "crossfade_queue_wait_seconds",
            "Seconds that a Rollout waited for a worker.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.writes = Counter(
            "crossfade_writes", "Writes to the cluster.", ["verb", "kind"], registry=registry
        )
        self.requests = Counter(
            "crossfade_api_requests",
            "Requests to the API server.",
            ["method", "kind", "code"],
            registry=registry,
        )
        self.request_seconds = Histogram(
            "crossfade_api_request_seconds",
            "Seconds until the API server's answer.",
            ["method"],
            registry=registry,
        )
        self.loop_lag = Histogram(
            "crossfade_loop_lag_seconds",
            "Seconds by which the event loop was late.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.leader = Gauge("crossfade_leader", "1 where this process holds the Lease.", registry=registry)

    def passed(self, result: str, seconds: float) -> None:
        """Count one pass, its result, and how long it took."""
        self.reconciles.labels(result).inc()
        self.reconcile_seconds.observe(seconds)

    def wrote(self, verb: str, kind: str) -> None:
        """Count one write to the cluster."""
        self.writes.labels(verb, kind).inc()

    def requested(self, request: Request) -> None:
        """Count one request; the observer of a Cluster."""
        self.requests.labels(request.method, request.kind, str(request.status or "none")).inc()
        self.request_seconds.labels(request.method).observe(request.seconds)

    def watch(self, store: Store, queue: KeyedQueue[Key], now: Callable[[], datetime]) -> None:
        """Count what there is at the moment of each reading."""
        self.registry.register(_Present(store, queue, now))
        self.registry.register(Delivery(store, now))


class _Present(Collector):
    """Rollouts by phase and the queue's length, counted when asked: nothing to keep up to date."""

    def __init__(self, store: Store, queue: KeyedQueue[Key], now: Callable[[], datetime]) -> None:
        self._store = store
        self._queue = queue
        self._now = now

    def collect(self) -> Iterable[Metric]:
        """The figures that are read from the store and the queue when Prometheus asks."""
        rollouts = GaugeMetricFamily("crossfade_rollouts", "Rollouts, by phase.", labels=["phase"])
        known = list(self._store.all("Rollout"))  # a copy: the event loop goes on beside this
        phases = Tally((raw.get("status") or {}).get("phase") or "New" for raw in known)
        for phase, number in sorted(phases.items()):
            rollouts.add_metric([phase], number)
        yield rollouts
        since = self._now() - WITHIN
        failed = sum(1 for raw in known if (told := failure_of(raw)) is not None and told.at > since)
        yield GaugeMetricFamily(
            "crossfade_rollouts_failed_lately", "Rollouts that failed within the last minute.", value=failed
        )
        yield _by_policy(
            "crossfade_policy_bypasses",
            "Rollouts that pass the policy now, by a bypass.",
            map(_passed, known),
        )
        yield _by_policy("crossfade_policy_holds", "Rollouts that the policy holds now.", map(_held, known))
        yield GaugeMetricFamily(
            "crossfade_queue_depth", "Rollouts that wait for a worker.", value=len(self._queue)
        )
        working = self._queue.working
        yield GaugeMetricFamily("crossfade_passes_running", "Passes that run now.", value=working)


def _by_policy(name: str, told: str, named: Iterable[set[str]]) -> Metric:
    """How many Rollouts name each policy."""
    figure = GaugeMetricFamily(name, told, labels=["policy"])
    for policy, number in sorted(Tally(each for names in named for each in names).items()):
        figure.add_metric([policy], number)
    return figure


def _passed(rollout: Raw) -> set[str]:
    """The policies that it passes by a bypass."""
    status = rollout.get("status") or {}
    return {each.get("policy", "") for each in status.get("bypasses") or ()}


def _held(rollout: Raw) -> set[str]:
    """The policies that hold it now."""
    status = rollout.get("status") or {}
    return {each.get("policy", "") for each in status.get("heldBy") or () if not each.get("until")}
