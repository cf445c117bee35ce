"""The operator's metrics at one moment, how they grew between two, and quantiles of what grew. Pure."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

Series = tuple[str, frozenset[tuple[str, str]]]
"""The name of a sample and its labels."""

CUMULATIVE = frozenset({"counter", "histogram", "summary"})
STARTED = "process_start_time_seconds"


class RestartedError(Exception):
    """The process was another one before: its counters cannot be compared."""


@dataclass(frozen=True)
class Reading:
    """All samples of one process: `growing` only ever grow, `standing` go up and down."""

    growing: Mapping[Series, float]
    standing: Mapping[Series, float]

    def total(self, name: str, **labels: str) -> float:
        """The sum over all series of `name` that carry `labels`; 0 where there is none."""
        return sum(self._each(name, labels).values())

    def by_label(self, name: str, *keys: str) -> dict[tuple[str, ...], float]:
        """The sums of `name` by the values of some labels; a label that is not there has the value ""."""
        sums: dict[tuple[str, ...], float] = {}
        for (_, labels), value in self._each(name, {}).items():
            place = tuple(dict(labels).get(key, "") for key in keys)
            sums[place] = sums.get(place, 0.0) + value
        return sums

    def quantile(self, histogram: str, share: float) -> float:
        """The value that `share` of the observations do not exceed, evenly spread within each bucket.

        NaN where nothing was observed; infinite where it lies above the last finite bound.
        """
        buckets = sorted(
            (float(bound), count) for (bound,), count in self.by_label(f"{histogram}_bucket", "le").items()
        )
        if not buckets or not buckets[-1][1]:
            return math.nan
        return _within([(0.0, 0.0), *buckets], share * buckets[-1][1])

    def _each(self, name: str, labels: Mapping[str, str]) -> dict[Series, float]:
        wanted = frozenset(labels.items())
        return {
            series: value
            for series, value in (*self.growing.items(), *self.standing.items())
            if series[0] == name and wanted <= series[1]
        }


def parsed(text: str) -> Reading:
    """Read the text that /metrics answers with."""
    growing: dict[Series, float] = {}
    standing: dict[Series, float] = {}
    for family in text_string_to_metric_families(text):
        kept = growing if family.type in CUMULATIVE else standing
        for sample in family.samples:
            kept[sample.name, frozenset(sample.labels.items())] = sample.value
    return Reading(growing, standing)


def grown(before: Reading, after: Reading) -> Reading:
    """By how much everything cumulative grew; the rest as it was `after`.

    Raises RestartedError where the two are of different processes.
    """
    if before.total(STARTED) != after.total(STARTED):
        raise RestartedError("the operator was restarted while it was measured: run the bench again, alone")
    growth = {series: value - before.growing.get(series, 0.0) for series, value in after.growing.items()}
    return Reading(growth, after.standing)


def _within(buckets: list[tuple[float, float]], rank: float) -> float:
    """The value of the observation number `rank`, counted from the smallest; buckets are cumulative."""
    for (low, below), (high, up_to) in itertools.pairwise(buckets):
        if up_to >= rank and up_to > below:
            return high if math.isinf(high) else low + (high - low) * (rank - below) / (up_to - below)
    return math.inf
