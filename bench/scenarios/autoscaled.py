"""An autoscaler acts all through an update: a real HorizontalPodAutoscaler, or a writer of /scale every second."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

from urllib3.exceptions import HTTPError

from bench import manifests, metrics_api
from bench.background import Background
from bench.kube import PATIENCE_S, ApiError, Kube, Object, wait_for
from bench.metrics_api import Measured
from bench.scenarios.seen import Result, standing_weights, status_of
from bench.scenarios.shop import Shop
from bench.watch import Watch

# Of 10m that a pod of the shop asks for, so 5m of load for each pod.
TARGET_PERCENT = 50
LOAD_PER_POD_M = 5
LOWEST, HIGHEST = 4, 10
SIZES = (LOWEST, 6, 8)
"""Before the update, in its middle, and while it bakes: only ever up, so a way down is a mistake."""
# It looks every 15 s, unless it is told otherwise.
SYNCED_WITHIN_S = 300

BY_NAME: dict[str, Object] = {
    "canary": manifests.strategy("canary", steps=[{"weight": 50, "pause": "Manual"}]),
    "bluegreen": manifests.strategy("blueGreen", promote="Manual"),
}
BY_ITSELF: dict[str, Object] = {
    "canary": manifests.strategy("canary", steps=[{"weight": 50, "pauseSeconds": 4}]),
    "bluegreen": manifests.strategy("blueGreen", promoteAfterSeconds=4),
}
RESTLESS = (3, 4, 5, 6, 5, 4)
RESTLESS_TIMES = 20
"""After so many writes the last number is written again and again: pods of a busy node start more slowly than it
changes, and a stage stands only where its pods do."""


def autoscaler(namespace: str, name: str) -> Object:
    """Scales a Rollout of that name by the CPU of its pods, at once.

    Down only after two samples: the one taken in the very moment of a switch must not decide.
    """
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "scaleTargetRef": {"apiVersion": manifests.API_VERSION, "kind": "Rollout", "name": name},
            "minReplicas": LOWEST,
            "maxReplicas": HIGHEST,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": TARGET_PERCENT},
                    },
                }
            ],
            "behavior": {
                "scaleUp": {"stabilizationWindowSeconds": 0},
                "scaleDown": {"stabilizationWindowSeconds": 20},
            },
        },
    }


def by_an_autoscaler(kube: Kube, namespaces: dict[str, str]) -> dict[str, Result]:
    """A canary and a blue/green under load that grows from 4 pods' worth to 6 in the middle and 8 in the bake.

    `namespaces` is by the names in BY_NAME. Figures: `desired` (each number the autoscaler asked for, in order),
    `untrue` (conditions of it that did not hold), `sizes` (replicas, pods of v1, pods of v2 at each size),
    `stable_at_bake` (the numbers of old pods, in order, while all requests went to the new ones), `mismatches`.
    """
    with ExitStack() as stack:
        shops = entered(stack, kube, namespaces, BY_NAME, bakeSeconds=600)
        stack.enter_context(metrics_api.installed(kube))
        pool = stack.enter_context(ThreadPoolExecutor(len(shops)))
        results = pool.map(autoscaled, shops.values())
        return dict(zip(shops, results, strict=True))


def autoscaled(shop: Shop) -> Result:
    """The story of one of them."""
    load = Measured(shop.kube, shop, SIZES[0] * LOAD_PER_POD_M)
    with load, Watch(shop.kube, "HorizontalPodAutoscaler", shop.namespace) as scalers:
        begun(shop, SIZES[0])
        shop.kube.create(autoscaler(shop.namespace, shop.name))
        wait_for("the autoscaler to be active", lambda: states(scalers), SYNCED_WITHIN_S)
        sizes = [grown(shop, load, SIZES[0], "Healthy")]
        changed_at = shop.apply("v2")
        shop.wait_phase("Paused")
        sizes.append(grown(shop, load, SIZES[1], "Paused"))
        shop.act("Promote")
        shop.wait_status("the bake", baking)
        sizes.append(grown(shop, load, SIZES[2], "Progressing"))
        shop.act("Promote")
        shop.wait_phase("Healthy")
        shop.wait_gone("v1")
        looked_once_more(load, scalers)
        seen = states(scalers)
    result = shop.result(f"{shop.name}: autoscaled", changed_at, sizes=sizes)
    result.figures.update(
        desired=changes(map(asked, seen)),
        untrue=sorted({text for each in seen for text in untrue(each)}),
        stable_at_bake=changes(status["stable"]["replicas"] for status in statuses(shop) if baking(status)),
        mismatches=mismatches(shop),
    )
    return result


def grown(shop: Shop, load: Measured, replicas: int, phase: str) -> tuple[int, int, int]:
    """Raise the load to so many pods' worth and wait until both sides have followed: replicas, old, new pods."""
    load.load_m = replicas * LOAD_PER_POD_M

    def followed(status: Object) -> bool:
        stands = phase != "Progressing" or "waits for the bake to end" in status["message"]
        return bool(stands and status["phase"] == phase and shop.rollout["spec"]["replicas"] == replicas)

    shop.wait_status(f"{replicas} replicas", followed, SYNCED_WITHIN_S)
    wait_selected(shop)
    return replicas, len(shop.pods_of("v1")), len(shop.pods_of("v2"))


def baking(status: Object) -> bool:
    """Whether the candidate has everything, and stable is still warm behind it: the last stage but one stands."""
    number, _, total = str(status.get("stage", "")).partition("/")
    return bool(standing_weights(status) == (100, 100) and int(number) == int(total) - 1)


def wait_selected(shop: Shop) -> None:
    """Wait until the pods that the scale subresource selects are as many as it says."""

    def agree() -> bool:
        path = f"/apis/{manifests.API_VERSION}/namespaces/{shop.namespace}/rollouts/{shop.name}/scale"
        status = shop.kube.request("GET", path)["status"]
        pods = shop.kube.list("Pod", shop.namespace, status["selector"])
        staying = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        return bool(len(staying) == status["replicas"])

    wait_for("the scale subresource to count the pods that it selects", agree)


def looked_once_more(load: Measured, scalers: Watch) -> None:
    """Wait until the autoscaler has measured what is there at the end: a little more load shows in its status."""
    seen = measured(scalers)
    load.load_m += 2
    wait_for("one more look of the autoscaler", lambda: measured(scalers) != seen, SYNCED_WITHIN_S)


def measured(scalers: Watch) -> list[Any]:
    """What the autoscaler measured last."""
    return [each.get("status", {}).get("currentMetrics") for each in list(scalers.latest.values())]


def untrue(scaler: Object) -> list[str]:
    """The conditions of an autoscaler that say that it cannot scale; all, where it has not said anything yet."""
    conditions = {each["type"]: each for each in scaler.get("status", {}).get("conditions", [])}
    wanted = ("AbleToScale", "ScalingActive")
    if "the object has been modified" in str(conditions.get("AbleToScale", {}).get("message")):
        return []  # it met a write of somebody else's, and tries again
    return [
        f"{kind}: {conditions.get(kind, {}).get('reason')}: {conditions.get(kind, {}).get('message')}"
        for kind in wanted
        if conditions.get(kind, {}).get("status") != "True"
    ]


def states(scalers: Watch) -> list[Object]:
    """What the autoscaler was since it was first able to act and asked for the lowest number, oldest first."""
    seen = (each.object for each in list(scalers.history))
    return list(itertools.dropwhile(lambda each: untrue(each) or asked(each) != LOWEST, seen))


def asked(scaler: Object) -> int | None:
    """The number that an autoscaler asks for."""
    number: int | None = scaler["status"].get("desiredReplicas")
    return number


def changes(values: Iterable[int | None]) -> list[int | None]:
    """A series without repeats of the value before."""
    return [value for value, _ in itertools.groupby(values)]


def statuses(shop: Shop) -> Iterator[Object]:
    """Each status of the Rollout that was current when it was seen."""
    return (status for seen in shop.sightings() if (status := status_of(seen.object)))


def mismatches(shop: Shop) -> list[str]:
    """What `mismatch` says of any status that was seen, current or not: the autoscaler reads them all."""
    all_ = (seen.object.get("status", {}) for seen in shop.sightings())
    return sorted({told for status in all_ if "selector" in status and (told := mismatch(status))})


def mismatch(status: Object) -> str:
    """Why replicas and selector of a status do not speak of the same pods, or ""."""
    labels = dict(part.split("=") for part in status["selector"].split(","))
    sides = {
        side["revision"]: side.get("replicas", 0)
        for side in (status.get("stable"), status.get("candidate"))
        if side
    }
    revision = labels.get("crossfade.dev/revision")
    meant = sum(sides.values()) if revision is None else sides.get(revision)
    if meant == status.get("replicas", 0):
        return ""
    return f"{status.get('replicas')} replicas, and {status['selector']} selects {meant} of {sides}"


def by_a_restless_writer(kube: Kube, namespaces: dict[str, str]) -> dict[str, Result]:
    """A canary and a blue/green whose scale is written to every second, for twenty seconds with another number.

    Figures: `written` (how often), `mismatches`, and `pods` (of v2 at the end, and what was written last).
    """
    with ExitStack() as stack:
        shops = entered(stack, kube, namespaces, BY_ITSELF, bakeSeconds=4)
        pool = stack.enter_context(ThreadPoolExecutor(len(shops)))
        list(pool.map(lambda shop: begun(shop, RESTLESS[0]), shops.values()))
        changed_at = {name: shop.apply("v2") for name, shop in shops.items()}
        with Restless(list(shops.values())) as writer:
            list(pool.map(ended, shops.values()))
        return {name: told(shop, changed_at[name], writer.written[name]) for name, shop in shops.items()}


def begun(shop: Shop, replicas: int) -> None:
    """Bring v1 up at that size."""
    shop.created("v1")
    shop.kube.scale("Rollout", shop.namespace, shop.name, replicas)
    shop.wait_status("its pods", lambda status: status.get("availableReplicas") == replicas)


def ended(shop: Shop) -> None:
    """Wait until the release is complete; the number may be news at any moment, so the phase may not be Healthy."""
    wait_for(
        f"the end of the release of {shop.name}",
        lambda: (shop.rollout.get("status", {}).get("last") or {}).get("number") == 2,
        SYNCED_WITHIN_S,
    )


def told(shop: Shop, changed_at: float, written: list[int]) -> Result:
    """The result, once as many pods serve as were asked for last."""

    def is_all_there(status: Object) -> bool:
        spec = shop.rollout["spec"]
        return bool(status.get("phase") == "Healthy" and spec["replicas"] == written[-1])

    shop.wait_status("its last size", is_all_there)
    shop.pods.wait_until("as many pods", lambda _: len(shop.pods_of("v2")) == written[-1], PATIENCE_S)
    shop.wait_gone("v1")
    result = shop.result(f"{shop.name}: scaled every second", changed_at, written=len(written))
    result.figures.update(mismatches=mismatches(shop), pods=(len(shop.pods_of("v2")), written[-1]))
    return result


class Restless(Background):
    """While entered, a number is written to the scale of each shop every second; `written` is what, by shop."""

    def __init__(self, shops: Sequence[Shop]) -> None:
        super().__init__("restless")
        self.shops = shops
        self.written: dict[str, list[int]] = {shop.name: [] for shop in shops}

    def go_on(self) -> None:
        for replicas in [*itertools.islice(itertools.cycle(RESTLESS), RESTLESS_TIMES), *[RESTLESS[0]] * 600]:
            if self.stopping.wait(1):
                return
            for shop in self.shops:
                with suppress(ApiError, HTTPError):  # it tries again in a second
                    shop.kube.scale("Rollout", shop.namespace, shop.name, replicas)
                    self.written[shop.name].append(replicas)


def entered(
    stack: ExitStack, kube: Kube, namespaces: dict[str, str], strategies: dict[str, Object], **spec: Any
) -> dict[str, Shop]:
    """A shop in each namespace, by name; their manifests leave `replicas` to whoever scales them."""
    return {
        name: stack.enter_context(
            Shop(kube, namespace, strategies[name], name=name, replicas=None, drainSeconds=0, **spec)
        )
        for name, namespace in namespaces.items()
    }
