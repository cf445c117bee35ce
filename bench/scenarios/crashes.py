"""Pods end by themselves: the candidate's after it was let in, the stable one's before, and evictions."""

import time
from contextlib import suppress
from dataclasses import replace

from bench import analysis, manifests, routes
from bench.kube import ApiError, Kube
from bench.load_pod import Rates
from bench.scenarios.seen import Result, is_ready
from bench.scenarios.shop import LONG_DRAIN_S, Shop

BAKE_S = 120
AT_ONCE_S = 0.0
STAGGERED_S = 1.2
WATCHED_AFTER_S = 6


def crash_while_baking(
    kube: Kube, namespace: str, strategy: str, apart_s: float, after_s: float = 8, rates: Rates | None = None
) -> Result:
    """Each pod of v2 crashes once, `after_s` after v2 got all traffic, and is ready again soon after.

    Figures: `back_s`, from the first lost request until v1 alone answers every one; `ready_again`, how
    many of the crashed pods were seen ready after their crash; `restarts`.
    """
    fields = {"steps": [{"weight": 50, "pauseSeconds": 1}]} if strategy == "canary" else {}
    with Shop(
        kube, namespace, manifests.strategy(strategy, **fields), bakeSeconds=BAKE_S, drainSeconds=LONG_DRAIN_S
    ) as shop:
        shop.created("v1", rates or Rates())
        shop.apply("v2")
        shop.wait_reached(100)
        crash_at = shop.crash("v2", after_s, apart_s)
        shop.wait_phase("RolledBack")
        shop.served_for(WATCHED_AFTER_S)
        how = "all at once" if apart_s == AT_ONCE_S else f"{apart_s} s apart"
        result = shop.result(f"{strategy}: v2 crashes while baking, {how}", crash_at)
        after = [record for record in result.new if record.answered_at >= crash_at - 0.5]
        result.figures.update(
            back_s=analysis.back_on_s(after, "v1"),
            lost_before=len(analysis.lost(result.new)) - len(analysis.lost(after)),
            ready_again=ready_after_restart(shop, "v2"),
            failed=shop.status.get("failed", {}),
        )
        return result


def crash_behind_retries(kube: Kube, namespace: str, strategy: str) -> Result:
    """The same through a router that repeats what is lost; nothing but GETs are asked."""
    with routes.with_retries():
        result = crash_while_baking(kube, namespace, strategy, AT_ONCE_S)
    return replace(result, scenario=f"{result.scenario}, with retries")


def ready_after_restart(shop: Shop, version: str) -> int:
    """How many pods of a version were seen ready after a restart."""
    names = {
        seen.name
        for seen in list(shop.pods.history)
        if seen.object["metadata"].get("labels", {}).get("version") == version
        for status in seen.object.get("status", {}).get("containerStatuses", [])
        if status["restartCount"] and status["ready"]
    }
    return len(names)


def evicted_while_baking(kube: Kube, namespace: str, strategy: str) -> Result:
    """A pod of v2 is evicted, as by a node drain, while v2 serves everything."""
    with Shop(
        kube, namespace, manifests.strategy(strategy), bakeSeconds=8, drainSeconds=LONG_DRAIN_S
    ) as shop:
        shop.created("v1", Rates(per_s=100))
        changed_at = shop.apply("v2")
        shop.wait_reached(100)
        evicted = shop.pods_of("v2")[0]["metadata"]["name"]
        kube.evict(namespace, evicted)
        shop.wait_phase("Healthy")
        shop.served_for(1)
        return shop.result(f"{strategy}: a pod of v2 is evicted", changed_at, evicted=evicted)


def stable_crashes_before_promotion(kube: Kube, namespace: str) -> Result:
    """All pods of v1 crash, again and again, while a blue/green waits for a person; then v1 heals.

    Figures: `degraded_message`; `v2_answers` up to the promotion, which follows once v1 is well again.
    """
    strategy = manifests.strategy("blueGreen", promote="Manual")
    with Shop(kube, namespace, strategy, bakeSeconds=2) as shop:
        shop.created("v1", Rates(per_s=50))
        changed_at = shop.apply("v2")
        shop.wait_phase("Paused")
        degraded = crash_until_degraded(shop)
        still_held = shop.wait_phase("Paused")
        shop.served_for(1)
        promoted_at = shop.act("Promote")
        shop.wait_phase("Healthy")
        result = shop.result("blueGreen: v1 crashes before promotion", changed_at)
        # A request may begin while nobody answers, and be answered after the promotion.
        early = [record for record in result.new if record.answered_at < promoted_at]
        result.figures.update(
            degraded_message=degraded.get("message"),
            held_stage=still_held.get("stage"),
            v2_answers=len(analysis.answers(early, "v2")),
        )
        return result


def crash_until_degraded(shop: Shop) -> dict[str, object]:
    """Crash v1 until its restarts are held back: the first one is restarted in an instant, the second is not."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if shop.status.get("phase") == "Degraded":
            return shop.status
        ready = [pod for pod in shop.pods_of("v1") if is_ready(pod)]
        if len(ready) == shop.spec.get("replicas", 4):
            with suppress(ApiError):  # a pod may have ended since it was seen
                shop.crash("v1", 0.2)
        time.sleep(0.3)
    raise AssertionError(f"v1 crashed and crashed, and the phase was never Degraded: {shop.told()}")
