"""A person takes a canary back in the middle: at once, or as soon as stable has enough pods."""

from bench import analysis, manifests
from bench.kube import Kube, Object
from bench.load_pod import Rates
from bench.scenarios.seen import Result
from bench.scenarios.shop import LONG_DRAIN_S, Shop
from bench.watch import Watch, fewest_listed


def held(weight: int) -> Object:
    """A canary that waits at that weight for a person."""
    return manifests.strategy("canary", steps=[{"weight": weight, "pause": "Manual"}])


def abort_at_half(kube: Kube, namespace: str, rates: Rates | None = None) -> Result:
    """Abort a canary that holds 50 %, at once; figure: `last_answer_s`, from the action to the last answer of v2."""
    return aborted(kube, namespace, 50, rates or Rates(), now=True)


def aborted(kube: Kube, namespace: str, weight: int, rates: Rates, *, now: bool) -> Result:
    """The same at any weight; another figure: `fewest`, ready pods that the Service listed from the abort on."""
    with (
        Shop(kube, namespace, held(weight), bakeSeconds=6, drainSeconds=LONG_DRAIN_S) as shop,
        Watch(kube, "EndpointSlice", namespace) as slices,
    ):
        shop.created("v1", rates)
        shop.apply("v2")
        shop.wait_phase("Paused")
        shop.served_for(2)
        acted_at = shop.act("Abort", reason="more errors in the checkout", now=now)
        shop.wait_phase("RolledBack")
        shop.served_for(3)
        result = shop.result(f"canary: abort at {weight} %", acted_at)
        result.figures["last_answer_s"] = (analysis.last_answer(result.new, "v2") or 0) - acted_at
        result.figures["fewest"] = fewest_listed(slices, shop.name, acted_at)
        return result
