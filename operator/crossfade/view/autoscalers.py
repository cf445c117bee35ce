"""Autoscalers: which one scales an object, and what would lead it astray."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]

SHARING = frozenset({"rolling", "canary"})
"""Strategies whose two revisions share the replicas: their scale subresource counts the pods of both."""


def scaling(kind: str, name: str, autoscalers: Sequence[Object]) -> list[Object]:
    """Give those that scale the object of that kind and name."""
    refs = [(each, each["spec"].get("scaleTargetRef") or {}) for each in autoscalers]
    return [each for each, ref in refs if (ref.get("kind"), ref.get("name")) == (kind, name)]


def misled(strategy: str, autoscalers: Sequence[Object]) -> Iterator[str]:
    """Give a sentence for each that would ask for too many pods in a release by that strategy.

    With a target of type Value it multiplies the ready pods that the scale subresource selects by how far the metric
    is off (getUsageRatioReplicaCount in its source): 4 new pods and 2 warm old ones at a ratio of 1.5 make 9, not 6.
    Averages over the pods come out right.
    """
    for each in autoscalers:
        if strategy in SHARING and "Value" in _targets(each):
            yield (
                f"HorizontalPodAutoscaler {each['metadata']['name']} has a metric with a target of type Value, which "
                "is multiplied by the pods of both revisions while a release is under way: use AverageValue."
            )


def _targets(autoscaler: Object) -> set[str]:
    metrics = autoscaler["spec"].get("metrics") or ()
    sources = (source for metric in metrics for source in metric.values() if isinstance(source, Mapping))
    return {(source.get("target") or {}).get("type", "") for source in sources}
