"""A pipeline applies the same manifest again and again, all through an update."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from bench import manifests
from bench.background import Background
from bench.kube import Kube, Object, wait_for
from bench.load_pod import Rates
from bench.scenarios.seen import Result
from bench.scenarios.shop import LONG_DRAIN_S, Shop
from bench.scenarios.strategies import with_figures

EVERY_S = 2
# Long enough in the middle of each for several applications.
SLOWLY: dict[str, dict[str, Any]] = {
    "recreate": {"maxDowntimeSeconds": 600},
    "rolling": {"batches": [{"replicas": 1, "pauseSeconds": 4}]},
    "blueGreen": {"promoteAfterSeconds": 4},
    "canary": {"steps": [{"weight": 50, "pauseSeconds": 4}]},
    "bigBang": {},
}

HandIn = Callable[[Object], Object]
"""Takes a manifest to the API server and gives the object as it is stored; raises where it is refused."""


class Pipeline(Background):
    """Hands in what it was given last, every EVERY_S; leave it to end it."""

    def __init__(self, hand_in: HandIn) -> None:
        super().__init__("pipeline")
        self.hand_in = hand_in
        self.manifest: Object = {}
        self.answers: list[Object] = []
        self.refusals: list[str] = []
        self.again = 0
        self.lock = threading.Lock()

    def apply(self, manifest: Object) -> Object:
        """Hand in another manifest, and that one from now on."""
        with self.lock:
            self.manifest, self.again = manifest, 0
            self.answers = [self.hand_in(manifest)]
            return self.answers[0]

    def wait_again(self, more: int) -> None:
        """Wait until it has handed the same in so many more times."""
        wanted = self.again + more
        wait_for("the pipeline to go on", lambda: self.again >= wanted, EVERY_S * more + 60)

    def go_on(self) -> None:
        while not self.stopping.wait(EVERY_S):
            with self.lock:
                if self.manifest:
                    self._hand_in_again()

    def _hand_in_again(self) -> None:
        try:
            self.answers.append(self.hand_in(self.manifest))
        except Exception as error:  # noqa: BLE001 -- whatever refuses it, the test is to tell
            self.refusals.append(str(error))
        self.again += 1


def applied_again_and_again(
    kube: Kube,
    namespaces: dict[str, str],
    strategies: dict[str, str],
    hand_ins: dict[str, HandIn],
    rates: Rates,
) -> dict[str, Result]:
    """One update per pipeline, each in its own namespace, side by side; all three maps are by its name.

    Figures, beside those of a good update: `again` (how often the second manifest was applied again), `refusals`,
    `generations` of the Rollout since then, `drift`, `taken` (fields that Crossfade owns of the Rollout), `releases`.
    """
    with ExitStack() as stack, ThreadPoolExecutor(len(namespaces)) as pool:
        pipelines = {name: stack.enter_context(Pipeline(hand_in)) for name, hand_in in hand_ins.items()}
        shops = {}
        for name, namespace in namespaces.items():
            strategy = manifests.strategy(strategies[name], **SLOWLY[strategies[name]])
            shop = Shop(kube, namespace, strategy, replicas=3, bakeSeconds=4, drainSeconds=LONG_DRAIN_S)
            shop.hand_in = pipelines[name].apply
            shops[name] = stack.enter_context(shop)
        list(pool.map(lambda shop: shop.created("v1", rates), shops.values()))
        results = pool.map(lambda name: updated(shops[name], pipelines[name], strategies[name]), shops)
        return dict(zip(shops, results, strict=True))


def updated(shop: Shop, pipeline: Pipeline, strategy: str) -> Result:
    """From v1 to v2 and on for a while, while the pipeline goes on."""
    changed_at = shop.apply("v2")
    shop.wait_phase("Healthy")
    shop.wait_gone("v1")
    pipeline.wait_again(2)
    told_at = shop.last_told_to_stop("v1")
    result = with_figures(
        shop, shop.result(f"{strategy}: applied again and again", changed_at), changed_at, told_at
    )
    live = shop.kube.get("Rollout", shop.namespace, shop.name) or {}
    seen = [*pipeline.answers, live]
    result.figures.update(
        again=pipeline.again,
        refusals=pipeline.refusals,
        generations=sorted({each["metadata"]["generation"] for each in seen}),
        drift=sorted(
            {path for each in seen for path in drift(pipeline.manifest["spec"], each["spec"], "spec")}
        ),
        taken=sorted({field for each in seen for field in taken(each)}),
        releases=sorted(each["spec"]["number"] for each in shop.kube.list("Release", shop.namespace)),
    )
    return result


def drift(wanted: Any, live: Any, path: str) -> list[str]:
    """Where what is stored is not what the manifest says; what the manifest leaves out may be anything."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        return [
            line for key, value in wanted.items() for line in drift(value, live.get(key), f"{path}.{key}")
        ]
    if isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        pairs = enumerate(zip(wanted, live, strict=True))
        return [line for i, (one, other) in pairs for line in drift(one, other, f"{path}[{i}]")]
    return [] if wanted == live else [f"{path}: {wanted!r} in the manifest, {live!r} stored"]


def taken(rollout: Object) -> list[str]:
    """The parts of a Rollout, its status left out, that Crossfade owns as a field manager."""
    entries = rollout["metadata"].get("managedFields", [])
    ours = [entry for entry in entries if entry["manager"].startswith("crossfade")]
    return [field for entry in ours for field in entry["fieldsV1"] if field != "f:status"]
