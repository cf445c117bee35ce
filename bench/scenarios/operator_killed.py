"""The operator is killed in the middle of every strategy at once, and comes back 5 s later."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from bench import manifests
from bench.kube import Kube
from bench.load_pod import Rates
from bench.scenarios.seen import Result
from bench.scenarios.shop import LONG_DRAIN_S, Shop
from bench.scenarios.strategies import with_figures

DOWN_S = 5
# Each is in the middle for longer than the operator needs to be killed: a pause, or a slow start.
MIDDLE: dict[str, dict[str, Any]] = {
    "recreate": {"pullFirst": False, "maxDowntimeSeconds": 600},
    "rolling": {"batches": [{"replicas": 2, "pauseSeconds": 4}]},
    "blueGreen": {"promoteAfterSeconds": 4},
    "canary": {"steps": [{"weight": 50, "pauseSeconds": 4}]},
    "bigBang": {},
}
SLOW_START = {"recreate": {"START_DELAY_S": "8"}, "bigBang": {"START_DELAY_S": "4"}}


def killed_in_the_middle(
    kube: Kube, namespaces: dict[str, str], rates: Rates, killed_for: Callable[[float], None]
) -> dict[str, Result]:
    """One update per strategy through one death of the operator, which is gone for the seconds that it is told.

    `namespaces` is by strategy; it may be one for all. Returns the results by strategy, with the figures of a good update and
    `stage_when_killed`.
    """
    with ExitStack() as stack, ThreadPoolExecutor(len(namespaces)) as pool:
        shops = {
            name: stack.enter_context(
                Shop(
                    kube,
                    namespace,
                    manifests.strategy(name, **MIDDLE[name]),
                    name=f"{manifests.NAME}-{name.lower()}",
                    bakeSeconds=40,
                    drainSeconds=LONG_DRAIN_S,
                )
            )
            for name, namespace in namespaces.items()
        }
        list(pool.map(lambda shop: shop.created("v1", rates), shops.values()))
        changed_at = {name: shop.apply("v2", **SLOW_START.get(name, {})) for name, shop in shops.items()}
        for name, shop in shops.items():
            shop.wait_status(f"the middle of {name}", in_the_middle)
        stages = {name: str(shop.status.get("stage")) for name, shop in shops.items()}
        killed_for(DOWN_S)
        list(pool.map(lambda name: ended(shops[name]), shops))
        results = pool.map(lambda name: told(shops[name], name, changed_at[name], stages[name]), shops)
        return dict(zip(shops, results, strict=True))


def in_the_middle(status: dict[str, Any]) -> bool:
    """Whether a release is under way and its candidate has pods, or (recreate) the old ones have gone."""
    candidate = status.get("candidate") or {}
    return bool(status.get("progress")) and candidate.get("replicas", 0) > 0


def ended(shop: Shop) -> None:
    """Wait for the end of the update, and of the old pods, and for a second more of load."""
    shop.wait_phase("Healthy")
    shop.wait_gone("v1")
    shop.served_for(1)


def told(shop: Shop, strategy: str, changed_at: float, stage: str) -> Result:
    """The result of one strategy."""
    told_at = shop.last_told_to_stop("v1")
    result = shop.result(f"{strategy}: the operator killed", changed_at, stage_when_killed=stage)
    return with_figures(shop, result, changed_at, told_at)
