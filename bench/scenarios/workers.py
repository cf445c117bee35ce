"""A worker without a Service rolls by each strategy too."""

from bench import manifests
from bench.kube import Kube
from bench.scenarios.seen import Result, is_ready, version_of
from bench.scenarios.shop import Shop
from bench.watch import Sighting


def worker_update(kube: Kube, namespace: str, strategy: str) -> Result:
    """From v1 to v2 without any Service; figures: `most` pods at once, `least` ready ones, `together`.

    `together` tells whether pods of both versions ran at one moment.
    """
    fields = {"steps": [{"weight": 50, "pauseSeconds": 1}]} if strategy == "canary" else {}
    shop = Shop(
        kube, namespace, manifests.strategy(strategy, **fields), name="worker", bakeSeconds=2, service=None
    )
    with shop:
        shop.created("v1")
        changed_at = shop.apply("v2")
        shop.wait_phase("Healthy")
        result = shop.result(f"{strategy}: a worker", changed_at)
        result.figures.update(
            services=[each["metadata"]["name"] for each in kube.list("Service", namespace)],
            drained=[pod for pod in shop.pods_of("v2") if "lifecycle" in pod["spec"]["containers"][0]],
            together=ever_together(list(shop.pods.history), {"v1", "v2"}),
            versions={version_of(pod) for pod in shop.pods.latest.values()},
        )
        return result


def ever_together(sightings: list[Sighting], versions: set[str]) -> bool:
    """Whether at some moment pods of all these versions were ready."""
    ready: dict[str, str] = {}
    for seen in sightings:
        if not seen.gone and is_ready(seen.object):
            ready[seen.name] = version_of(seen.object)
        else:
            ready.pop(seen.name, None)
        if versions <= set(ready.values()):
            return True
    return False
