"""A person aborts in the middle of a wave: how long until requests go to stable alone, while hundreds of others wait."""

import time

from bench import manifests
from bench.kube import Kube, Object, wait_for
from bench.scale.many import listed

ASKED_WITHIN_S = 120.0
ANSWERED_WITHIN_S = 60.0


def aborted(kube: Kube, how_many: int) -> list[float]:
    """Abort so many releases, one after the other, each while its candidate serves; the seconds each of them took.

    From the request that makes the RolloutAction until the Service selects pods of the stable revision only, and no route
    names another Service.
    """
    return [
        seconds_of(kube, wait_for("a candidate to serve", lambda: serving(listed(kube)), ASKED_WITHIN_S))
        for _ in range(how_many)
    ]


def each_aborted(kube: Kube, rollouts: list[Object]) -> list[float]:
    """Abort each of these, one after the other; the seconds each of them took."""
    return [seconds_of(kube, each) for each in rollouts]


def names(route: Object) -> set[str]:
    """The Services that a route sends requests to."""
    return {ref["name"] for rule in route["spec"]["rules"] for ref in rule["backendRefs"]}


def serving(rollouts: list[Object]) -> Object | None:
    """One whose candidate gets requests, and whose release goes forward; the one that got there last."""
    under_way = [each for each in rollouts if _progress(each).get("servingSince") and _is_shared(each)]
    return max(under_way, key=lambda each: str(_progress(each)["servingSince"]), default=None)


def _progress(rollout: Object) -> Object:
    progress: Object = (rollout.get("status") or {}).get("progress") or {}
    return progress


def _is_shared(rollout: Object) -> bool:
    """Stable serves too, and nobody has turned back."""
    status = rollout["status"]
    return not _progress(rollout).get("rollbackReason") and 0 < status.get("realWeight", 0) < 100


def seconds_of(kube: Kube, rollout: Object) -> float:
    """Abort this one; the seconds it took."""
    meta, stable = rollout["metadata"], rollout["status"]["stable"]["revision"]

    def left() -> bool:
        if "traffic" in rollout["spec"]:
            route = kube.get("HTTPRoute", meta["namespace"], meta["name"])
            return route is not None and names(route) == {meta["name"]}
        service = kube.get("Service", meta["namespace"], meta["name"])
        return service is not None and service["spec"]["selector"].get("crossfade.dev/revision") == stable

    started = time.monotonic()
    kube.create(manifests.action(meta["namespace"], "Abort", name=meta["name"], now=True))
    wait_for(f"{meta['name']} to serve from {stable} alone", left, ANSWERED_WITHIN_S, every_s=0.02)
    return time.monotonic() - started
