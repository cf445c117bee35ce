"""Hundreds of small Rollouts in a few namespaces: made, updated, looked at, removed."""

import contextlib
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from bench.kube import GROUP, Kube, Object, collection, wait_for
from bench.manifests import API_VERSION
from bench.routes import ROUTERS, Route
from bench.scale.fake_node import LABELS, ONLY_THERE

NAMESPACES = 5
AT_ONCE = 8
REMOVED_WITHIN_S = 900
AT_A_TIME = "gracePeriodSeconds=0&limit=100"
"""So that one request to delete pods is over in seconds: 400 at once took over 30 s on a busy API server."""
SELECTOR = "?labelSelector=" + "%2C".join(f"{key}%3D{value}" for key, value in LABELS.items())
STRATEGY = {"canary": {"steps": [{"weight": 25, "pauseSeconds": 5}, {"weight": 50, "pauseSeconds": 5}]}}
BAKE_S = 5


@contextlib.contextmanager
def places(kube: Kube) -> Iterator[list[str]]:
    """Namespaces for the length of the block, and none that an earlier run left. When it ends they have no pods, and go.

    What else is in them needs nobody's help: it goes by itself, one object after the other, which takes minutes for thousands.
    """
    removed(kube)
    names = [f"crossfade-scale-{number}" for number in range(1, NAMESPACES + 1)]
    try:
        for name in names:
            labelled = {"name": name, "labels": LABELS}
            kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": labelled})
        accounts = [f"/api/v1/namespaces/{name}/serviceaccounts" for name in names]
        wait_for(
            "the service accounts", lambda: all(kube.request("GET", path)["items"] for path in accounts), 60
        )
        yield names
    finally:
        emptied(kube)


def removed(kube: Kube) -> None:
    """Delete all of them, and wait until they are gone."""
    emptied(kube)
    if left(kube):
        print("Waiting for the namespaces of an earlier run to be gone …")
    wait_for("the namespaces to be gone", lambda: not left(kube), REMOVED_WITHIN_S, every_s=1)


def emptied(kube: Kube) -> None:
    """Delete all of them, and wait until no pod is left, so that nothing is on kwok's node.

    Nothing runs in a pod there, so none is given time to end; and a namespace that goes takes no new ones.
    """
    names = left(kube)
    for name in names:
        kube.delete("Namespace", "", name)
    pods = [collection("Pod", name) for name in names]
    if names:
        print(f"Removing {len(names)} namespaces; what is in them follows by itself …")

    def without_pods() -> bool:
        there = [path for path in pods if kube.request("GET", f"{path}?limit=1")["items"]]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda path: kube.request("DELETE", f"{path}?{AT_A_TIME}"), there))
        return not there

    wait_for("the pods to be gone", without_pods, REMOVED_WITHIN_S, every_s=1)


def left(kube: Kube) -> list[str]:
    """The namespaces of this bench that are there, those on their way out included."""
    found = kube.request("GET", f"/api/v1/namespaces{SELECTOR}")["items"]
    return [one["metadata"]["name"] for one in found]


def route(place: str, number: int) -> Route:
    """The route of the user of Rollout `number`."""
    return Route(ROUTERS[0], place, f"app-{number}")


def manifest(
    place: str, number: int, version: str, *, routed: bool = False, strategy: Object = STRATEGY
) -> Object:
    """Rollout `number`, with 1 or 2 pods, behind a Service of its own; `routed`: its requests are shared by a route."""
    name = f"app-{number}"
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {
            **ONLY_THERE,
            "automountServiceAccountToken": False,
            "containers": [{"name": "app", "image": f"nothing:{version}"}],
        },
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "Rollout",
        "metadata": {"name": name, "namespace": place, "labels": LABELS},
        "spec": {
            "replicas": 1 + number % 2,
            "template": template,
            "service": {"ports": [{"port": 80, "targetPort": 8080}]},
            "strategy": strategy,
            "bakeSeconds": BAKE_S,
            **({"traffic": route(place, number).traffic} if routed else {}),
        },
    }


def create(kube: Kube, places_: list[str], rollouts: int, per_second: float, *, routed: bool = False) -> None:
    """Make them all, so many a second; infinite: as fast as the API server takes them. Their routes are there."""
    _each(
        rollouts,
        per_second,
        lambda number: kube.create(manifest(_place(places_, number), number, "v1", routed=routed)),
    )


def create_routes(kube: Kube, places_: list[str], rollouts: int) -> None:
    """Make the route of each, as its user does."""
    _each(rollouts, math.inf, lambda number: kube.create(route(_place(places_, number), number).manifest()))


def update(
    kube: Kube,
    places_: list[str],
    rollouts: int,
    per_second: float,
    version: str = "v2",
    strategy: Object = STRATEGY,
) -> None:
    """Give all of them another image, so many a second, to be brought in by this strategy."""

    def change(number: int) -> Object:
        wanted = manifest(_place(places_, number), number, version, strategy=strategy)
        meta, spec = wanted["metadata"], wanted["spec"]
        path = f"{collection('Rollout', meta['namespace'])}/{meta['name']}"
        patch = {"spec": {"template": spec["template"], "strategy": spec["strategy"]}}
        return kube.request("PATCH", path, patch, "application/merge-patch+json")

    _each(rollouts, per_second, change)


def phases(kube: Kube) -> Counter[str]:
    """How many are in which phase; `Behind` where the operator has not seen the last change yet."""
    return Counter(phase_of(one) for one in listed(kube))


def listed(kube: Kube) -> list[Object]:
    """All of them, as they are now."""
    found: list[Object] = kube.request("GET", f"{GROUP}/rollouts{SELECTOR}")["items"]
    return found


def phase_of(rollout: Object) -> str:
    """The phase, where it is about what the spec says now."""
    status = rollout.get("status") or {}
    current = status.get("observedGeneration") == rollout["metadata"]["generation"]
    return str(status.get("phase", "New")) if current else "Behind"


def _each(rollouts: int, per_second: float, act: Callable[[int], Object]) -> None:
    started_s = time.monotonic()

    def in_time(number: int) -> None:
        time.sleep(max(0.0, started_s + number / per_second - time.monotonic()))
        act(number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(in_time, range(rollouts)):
            pass


def _place(places_: list[str], number: int) -> str:
    return places_[number % len(places_)]
