"""The number of replicas changes in the middle of a canary."""

import math
import time

from bench import analysis
from bench.kube import Kube
from bench.load_pod import Rates
from bench.scenarios.abort import held
from bench.scenarios.seen import Result
from bench.scenarios.shop import LONG_DRAIN_S, Shop
from bench.scenarios.strategies import SETTLED_AFTER_S

MEASURED_S = 5
NEAR_PERCENT = 5
FOLLOWS_WITHIN_S = 60
"""A busy node follows the endpoints some seconds late; a share that is wrong stays so."""


def scaled_in_the_middle(
    kube: Kube, namespace: str, to: tuple[int, ...] = (8, 3), rates: Rates | None = None
) -> Result:
    """4 pods become 8, then 3, while a canary holds 50 %; then it goes on.

    Figure: `sizes`, one (replicas, pods of v1, pods of v2, percent answered by v2) per size.
    """
    with Shop(kube, namespace, held(50), bakeSeconds=3, drainSeconds=LONG_DRAIN_S) as shop:
        shop.created("v1", rates or Rates())
        changed_at = shop.apply("v2")
        shop.wait_phase("Paused")
        windows = [(replicas, *scaled(shop, replicas)) for replicas in to]
        shop.act("Promote")
        shop.wait_phase("Healthy")
        shop.served_for(1)
        result = shop.result(f"canary: scaled 4 → {' → '.join(map(str, to))} at 50 %", changed_at)
        result.figures["sizes"] = [
            (replicas, old, new, analysis.share(analysis.between(result.new, since, until), "v2"))
            for replicas, old, new, since, until in windows
        ]
        return result


def scaled(shop: Shop, replicas: int) -> tuple[int, int, float, float]:
    """Scale, wait until the split stands again, and let the load measure it: pods of both, since, until."""
    shop.scale(replicas)
    # Where a route splits, stable keeps its full size; else the pods of both sides together are the share.
    least = replicas + math.ceil(replicas / 2) if shop.route else replicas

    def stands(status: dict[str, dict[str, int]]) -> bool:
        total = len(shop.pods_of("v1")) + len(shop.pods_of("v2"))
        ready = status["stable"]["ready"] + status["candidate"]["ready"]
        near = least <= total <= least + max(1, replicas // 4)
        return near and ready == total and str(status.get("phase")) == "Paused"

    shop.wait_status(f"the split of {replicas} pods", stands)
    old, new = len(shop.pods_of("v1")), len(shop.pods_of("v2"))
    deadline = time.time() + FOLLOWS_WITHIN_S
    while True:
        since = time.time() + SETTLED_AFTER_S
        shop.served_for(SETTLED_AFTER_S + MEASURED_S)
        seen = analysis.share(analysis.between(analysis.new(shop.asked()), since, since + MEASURED_S), "v2")
        if abs(seen - 100 * new / (old + new)) <= NEAR_PERCENT or time.time() > deadline:
            return old, new, since, since + MEASURED_S
