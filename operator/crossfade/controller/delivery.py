"""The delivery figures of each Rollout for Prometheus: what `crossfade report` prints, over the same Releases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from crossfade.controller.store import Key, Store
from crossfade.view.attempts import owned_by
from crossfade.view.delivery import Figures, report

WINDOW_S: Final = 30 * 24 * 3600
"""How far back is counted: as `crossfade report` does unless it is told otherwise."""

GAUGES: Final = {
    "crossfade_delivery_observed_seconds": "Seconds of the last 30 days that the figures are about.",
    "crossfade_delivery_deployments": "Completed releases, first ones of a Rollout not counted.",
    "crossfade_delivery_deployments_per_day": "Deployment frequency: completed releases a day.",
    "crossfade_delivery_lead_time_seconds": "Lead time: median seconds from a release's start to its completion.",
    "crossfade_delivery_changes": "Changes that were judged: completed or rolled back.",
    "crossfade_delivery_failed_changes": "Changes that were rolled back, or replaced by a way back.",
    "crossfade_delivery_change_failure_ratio": "Change failure rate, from 0 to 1.",
    "crossfade_delivery_restore_seconds": "Time to restore: median seconds from the verdict to stable alone.",
}
"""Each metric with its help. What cannot be told yet (too few releases, too short a time) has no series."""


class Delivery(Collector):
    """Counted anew at each reading, so there is nothing to keep up to date. Labels: namespace and rollout."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def collect(self) -> Iterable[Metric]:
        """Give every gauge, with a series for each Rollout that has a value for it.

        Runs beside the event loop (2,000 Rollouts take 0.3 s), so it works on copies of the store's lists; the
        objects in them are never changed, only replaced.
        """
        families = {
            name: GaugeMetricFamily(name, told, labels=["namespace", "rollout"])
            for name, told in GAUGES.items()
        }
        now = self._now()
        for figures in report(self._releases(), now, WINDOW_S).rollouts:
            for name, value in _values(figures, now).items():
                if value is not None:
                    families[name].add_metric([figures.namespace, figures.rollout], value)
        return families.values()

    def _releases(self) -> Iterator[Mapping[str, Any]]:
        """Those of the Rollouts that there are: not of an earlier one of the same name."""
        for rollout in list(self._store.all("Rollout")):
            key = Key(rollout["metadata"]["namespace"], rollout["metadata"]["name"])
            yield from owned_by(rollout, self._store.children("Release", key))


def _values(figures: Figures, now: datetime) -> dict[str, float | None]:
    """The figures by the name of their metric, in base units; None where there is too little to tell."""
    since, percent = figures.observed_from, figures.failure_percent
    values = (
        (now - since).total_seconds() if since else None,
        figures.deployments,
        figures.per_day,
        figures.lead_s,
        figures.changes,
        figures.failed,
        percent / 100 if percent is not None else None,
        figures.restore_s,
    )
    return dict(zip(GAUGES, values, strict=True))
