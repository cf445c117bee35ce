"""Marks of ours corrupted one at a time on the real cluster: put right or told, and production is never empty.

Here every eighteenth of those of a canary that is idle and of one at its first step, without the fields of the status; in
`make test-all` every third; with CROSSFADE_FAULTS=all (`make faults`) all of them, of blue/green too, and every field of
the status. The pods are kwok's.
"""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from bench import namespaces
from bench.kube import ApiError, Kube, NeverHappenedError, Object, collection, wait_for
from bench.watch import Watch
from mutation.bases import BASES
from mutation.corruptions import Corruption, corruptions
from mutation.on_kind import SETTLED_WITHIN_S, Place, with_image
from mutation.seen import Seen

ALL = os.environ.get("CROSSFADE_FAULTS") == "all"
SHARE = 1 if ALL else 3 if os.environ.get("DEEP") else 18
AT_ONCE = 20

pytestmark = [
    pytest.mark.usefixtures("running_operator"),
    pytest.mark.long,
    pytest.mark.timeout(3600 if ALL else 1800),
]


@dataclass(frozen=True)
class World:
    """A place, its slices, and a Rollout that lends its identity to whoever is made another's."""

    place: Place
    slices: Watch
    bystander: Object


@pytest.fixture(scope="module")
def world(kube: Kube) -> Iterator[World]:
    namespace = namespaces.make(kube, "t")
    with (
        Watch(kube, "Rollout", namespace) as rollouts,
        Watch(kube, "EndpointSlice", namespace) as slices,
    ):
        place = Place(kube, namespace, rollouts)
        name = place.new_name()
        bystander = place.settle(name, place.apply(name, BASES["bigBang"])).rollout
        yield World(place, slices, bystander)
    kube.delete("Namespace", "", namespace)


@pytest.mark.parametrize("strategy", ["canary", "blueGreen"] if ALL else ["canary"])
@pytest.mark.parametrize("middle", [False, True], ids=["at rest", "in the middle"])
def test_whatever_is_corrupted_is_put_right_or_told_and_production_is_never_empty(
    world: World, strategy: str, middle: bool, tell: Callable[[str], None]
) -> None:
    began, sample = time.monotonic(), state(world.place, strategy, middle=middle)
    names = [str(each) for each in possible(world, sample)]
    chosen = range(int(middle), len(names), SHARE)

    def told(index: int) -> tuple[str, str]:
        try:
            return life_after(world, strategy, index, middle=middle)
        except (NeverHappenedError, ApiError) as error:
            return names[index], str(error)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = {what: why for what, why in pool.map(told, chosen) if why}
    tell(f"{strategy}: {len(chosen)} corruptions, {len(wrong)} wrong, {time.monotonic() - began:.0f} s")
    assert wrong == {}


def possible(world: World, seen: Seen) -> list[Corruption]:
    return [each for each in corruptions(seen, world.bystander) if ALL or each.kind != "Rollout"]


def state(place: Place, strategy: str, *, middle: bool) -> Seen:
    """v1 was there and v2 serves; or v2 stands at its first step."""
    name, base = place.new_name(), BASES[strategy]
    place.settle(name, place.apply(name, base))
    generation = place.apply(name, with_image(base, "shop:v2"))
    return place.holding(name, generation) if middle else place.settle(name, generation)


def life_after(world: World, strategy: str, index: int, *, middle: bool) -> tuple[str, str]:
    """One corruption of a Rollout of its own; what, and what was wrong afterwards."""
    place, before = world.place, state(world.place, strategy, middle=middle)
    name, base = before.rollout["metadata"]["name"], BASES[strategy]
    what = possible(world, before)[index]
    listed_since = len(world.slices.history)
    corrupt(place, what)
    generation = place.apply(name, with_image({**base, "progressDeadlineSeconds": 601}, "shop:v2"))
    seen = wait_for(
        "it to be put right or told",
        lambda: at_its_end(place, name, generation),
        SETTLED_WITHIN_S,
        every_s=0.5,
    )
    if not (what.harms or served_all_along(world.slices, name, listed_since)):
        return str(what), "production was empty"
    if seen.is_told:
        return str(what), "" if seen.status["message"] else "nobody is told why"
    fresh = place.new_name()
    spec = with_image({**base, "progressDeadlineSeconds": 601}, "shop:v2")
    place.settle(fresh, place.apply(fresh, spec))
    return str(what), "; ".join(place.otherwise(name, fresh))


def at_its_end(place: Place, name: str, generation: int) -> Seen | None:
    """Healthy with v2, or told why not and left so; whoever promotes does so on the way.

    Degraded may be told and pass: pods that a busy node starts late are.
    """
    seen = place.seen(name)
    if seen.status.get("observedGeneration", -1) < generation:
        return None
    if seen.is_told:
        stood = place.still(name)
        return stood if stood.is_told else None
    if seen.under_way:
        place.promote(name, seen.status)
    return seen if seen.phase == "Healthy" and not seen.under_way else None


def corrupt(place: Place, what: Corruption) -> None:
    """Put the changed object, or its changed status, in the place of the one that is there now."""
    path = f"{collection(what.kind, place.namespace)}/{what.name}"

    def done() -> bool:
        changed = what.change(place.kube.request("GET", path))
        try:
            if changed is None:
                place.kube.delete(what.kind, place.namespace, what.name)
            else:
                below = "/status" if what.kind == "Rollout" else ""
                place.kube.request("PUT", path + below, changed)
        except ApiError as error:
            refused = error.status == 422 and what.kind == "Rollout"  # no such status can be stored
            if error.status != 409 and not refused:
                raise
            return refused
        return True

    wait_for(f"a moment for {what}", done, every_s=0.05)


def served_all_along(slices: Watch, service: str, since: int) -> bool:
    """Whether the Service of that name listed a ready pod in every state since then."""
    states = [
        seen
        for seen in list(slices.history)[since:]
        if seen.object["metadata"]["labels"].get("kubernetes.io/service-name") == service
    ]
    return all(ready_pods(seen.object) and not seen.gone for seen in states)


def ready_pods(endpoint_slice: Object) -> int:
    return sum(bool(each["conditions"].get("ready")) for each in endpoint_slice.get("endpoints") or ())
