"""A good update by each strategy, v1 to v2, under load."""

from typing import Any

from bench import analysis, manifests
from bench.kube import Kube
from bench.load_pod import Rates
from bench.scenarios.seen import Plateau, Result, plateaus
from bench.scenarios.shop import Shop

BAKE_S = 6
# kube-proxy has followed the endpoints, and removed pods have drained, this long after a stage stands.
SETTLED_AFTER_S = 3
PLATEAU_AT_LEAST_S = 5.0


def good_update(
    kube: Kube, namespace: str, strategy: str, rates: Rates | None = None, drain_s: int = 5, **fields: Any
) -> Result:
    """From v1 to v2; figures: `all_on_v2_s`, `mixing_s`, `shares`, `kept_off_s`, `downtime_s`, `status_downtime_s`."""
    spec = {"bakeSeconds": BAKE_S, "drainSeconds": drain_s}
    with Shop(kube, namespace, manifests.strategy(strategy, **fields), **spec) as shop:
        shop.created("v1", rates or Rates())
        changed_at = shop.apply("v2")
        shop.wait_phase("Healthy")
        shop.wait_gone("v1")
        shop.served_for(1)
        told_at = shop.last_told_to_stop("v1")
        result = shop.result(f"{strategy}: a good update", changed_at)
        return with_figures(shop, result, changed_at, told_at)


def with_figures(shop: Shop, result: Result, changed_at: float, told_at: float | None) -> Result:
    """Add what a good update is judged by."""
    last_kept = analysis.last_answer(result.kept, "v1")
    result.figures.update(
        order=analysis.versions_in_order(result.new),
        all_on_v2_s=(analysis.last_answer(result.new, "v1") or 0) - changed_at,
        mixing_s=analysis.mixing_s(result.new, "v1", "v2"),
        shares=[
            (plateau.weight, plateau.real_weight, share)
            for plateau, share in shares(plateaus(shop.sightings()), result)
        ],
        kept_off_s=(last_kept or 0) - (told_at or 0),
        downtime_s=analysis.downtime_s(result.new),
        status_downtime_s=shop.status.get("downtime", {}).get("seconds"),
        release_downtime_s=shop.release(shop.number).get("downtimeSeconds"),
    )
    return result


def shares(stood: list[Plateau], result: Result) -> list[tuple[Plateau, float]]:
    """The candidate's share of the answers on each plateau that lasted long enough to be measured."""
    return [
        (each, analysis.share(analysis.between(result.new, each.since + SETTLED_AFTER_S, each.until), "v2"))
        for each in stood
        if each.until - each.since > PLATEAU_AT_LEAST_S
    ]
