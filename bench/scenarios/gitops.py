"""A pipeline applies the same manifest again and again, all through an update."""

import threading
from collections.abc import Callable
from typing import Any

from bench import manifests
from bench.background import Background
from bench.kube import Kube, Object, wait_for
from bench.load_pod import Rates
from bench.scenarios.seen import Result
from bench.scenarios.shop import LONG_DRAIN_S, Shop
from bench.scenarios.strategies import with_figures

EVERY_S = 2
SHORT_S = 4
MEASURED_S = 10
"""Long enough for shares to be measured once kube-proxy has followed."""
# Long enough in the middle of each for several applications.
SLOWLY: dict[str, dict[str, Any]] = {
    "recreate": {"maxDowntimeSeconds": 600},
    "rolling": {"batches": [{"replicas": 1, "pauseSeconds": SHORT_S}]},
    "blueGreen": {"promoteAfterSeconds": SHORT_S},
    "canary": {"steps": [{"weight": each, "pauseSeconds": MEASURED_S} for each in (25, 50)]},
    "bigBang": {},
}
PODS = {**dict.fromkeys(SLOWLY, 2), "canary": 4}

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
    kube: Kube, namespace: str, strategy: str, hand_in: HandIn, rates: Rates
) -> Result:
    """One update of a Rollout that a pipeline hands in again and again.

    Figures, beside those of a good update: `again` (how often the second manifest was applied again), `refusals`,
    `generations` of the Rollout since then, `drift`, `taken` (fields that Crossfade owns of the Rollout), `releases`.
    """
    how = manifests.strategy(strategy, **SLOWLY[strategy])
    shop = Shop(kube, namespace, how, replicas=PODS[strategy], bakeSeconds=SHORT_S, drainSeconds=LONG_DRAIN_S)
    with Pipeline(hand_in) as pipeline, shop:
        shop.hand_in = pipeline.apply
        shop.created("v1", rates)
        return updated(shop, pipeline, strategy)


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
