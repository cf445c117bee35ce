"""A worker without a Service rolls by each strategy too."""

from bench import manifests
from bench.kube import Kube
from bench.scenarios.shop import Result, Shop, version_of


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
            together=together(shop),
            versions={version_of(pod) for pod in shop.pods.latest.values()},
        )
        return result


def together(shop: Shop) -> bool:
    """Whether at some moment pods of both versions were ready."""
    ready: dict[str, str] = {}
    for seen in list(shop.pods.history):
        conditions = seen.object.get("status", {}).get("conditions", [])
        if not seen.gone and any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
            ready[seen.name] = version_of(seen.object)
        else:
            ready.pop(seen.name, None)
        if {"v1", "v2"} <= set(ready.values()):
            return True
    return False
