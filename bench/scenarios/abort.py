"""A person takes a canary back in the middle."""

from bench import analysis, manifests
from bench.kube import Kube
from bench.load_pod import Rates
from bench.scenarios.seen import Result
from bench.scenarios.shop import LONG_DRAIN_S, Shop

HALF = {"steps": [{"weight": 50, "pause": "Manual"}]}


def abort_at_half(kube: Kube, namespace: str) -> Result:
    """Abort a canary that holds 50 %, at once; figure: `last_answer_s`, from the action to the last answer of v2."""
    with Shop(
        kube, namespace, manifests.strategy("canary", **HALF), bakeSeconds=6, drainSeconds=LONG_DRAIN_S
    ) as shop:
        shop.created("v1", Rates())
        shop.apply("v2")
        shop.wait_phase("Paused")
        shop.served_for(2)
        acted_at = shop.act("Abort", reason="more errors in the checkout", now=True)
        shop.wait_phase("RolledBack")
        shop.served_for(3)
        result = shop.result("canary: abort at 50 %", acted_at)
        result.figures["last_answer_s"] = (analysis.last_answer(result.new, "v2") or 0) - acted_at
        return result
