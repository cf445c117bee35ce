"""A third version arrives before the second is done."""

from bench import analysis, manifests
from bench.kube import Kube, Object
from bench.load_pod import Rates
from bench.scenarios.abort import held
from bench.scenarios.seen import Result
from bench.scenarios.shop import LONG_DRAIN_S, Shop
from bench.watch import Watch, fewest_listed

HALF_THEN_ON: Object = {"weight": 50, "pauseSeconds": 3}


def superseded_at_half(
    kube: Kube, namespace: str, weight: int = 50, then: Object | None = None, rates: Rates | None = None
) -> Result:
    """v3 is applied, with the strategy `then`, while v2 holds 50 % of a canary.

    Figures: `v2_outcome`, `v2_last_answer_s`, `v2_pods`; `fewest`, ready pods that the Service listed since v3 came.
    """
    with (
        Shop(kube, namespace, held(weight), bakeSeconds=3, drainSeconds=LONG_DRAIN_S) as shop,
        Watch(kube, "EndpointSlice", namespace) as slices,
    ):
        shop.created("v1", rates or Rates())
        shop.apply("v2")
        shop.wait_reached(weight)
        second = shop.number
        shop.served_for(1)
        shop.strategy = then or manifests.strategy("canary", steps=[HALF_THEN_ON])
        changed_at = shop.apply("v3")
        shop.wait_phase("Healthy")
        shop.served_for(1)
        result = finished(shop, f"canary: v3 applied while v2 holds {weight} %", changed_at, second)
        result.figures["fewest"] = fewest_listed(slices, shop.name, changed_at)
        return result


def superseded_while_baking(kube: Kube, namespace: str, strategy: str, rates: Rates | None = None) -> Result:
    """v3 is applied while v2 bakes in good health at 100 %; figures as above, `v1_answers` after the change."""
    with Shop(kube, namespace, manifests.strategy(strategy), bakeSeconds=30) as shop:
        shop.created("v1", rates or Rates())
        shop.apply("v2")
        shop.wait_reached(100)
        second = shop.number
        shop.answered_by("v2")  # a busy node follows the endpoints late
        shop.served_for(2)
        shop.spec["bakeSeconds"] = 3
        changed_at = shop.apply("v3")
        shop.wait_phase("Healthy")
        shop.served_for(1)
        return finished(shop, f"{strategy}: v3 applied while v2 bakes", changed_at, second)


def finished(shop: Shop, scenario: str, changed_at: float, second: int) -> Result:
    """Add what a superseding is judged by."""
    result = shop.result(scenario, changed_at)
    after = [record for record in result.new if record.at > changed_at]
    result.figures.update(
        v2_outcome=shop.release(second).get("outcome"),
        v2_last_answer_s=(analysis.last_answer(result.new, "v2") or 0) - changed_at,
        v1_answers=len(analysis.answers(after, "v1")),
        v2_pods=len(shop.pods_of("v2")),
        last=result.new[-1].version,
    )
    return result
