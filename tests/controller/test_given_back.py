"""After a Rollout is gone nothing of it is kept, and what does stay is bounded; flows of edits leave no timers behind."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from controller.fakes import Raw, child, endpoint, endpoint_slice, error, obj, rollout
from controller.scripted import CREATE, NOW, SERVICE, SHOP, TOLD, Bench, plan
from crossfade.cluster import ApiError
from crossfade.controller.queue import KeyedQueue
from crossfade.controller.store import Key
from crossfade.controller.workers import Stale
from crossfade.core.flood import AT_ONCE

BOUNDED = {"_gone", "_told"}
"""UIDs of deleted objects, and events that were told: the newest few thousand of all Rollouts."""


def kept(value: Any, path: str = "", seen: set[int] | None = None) -> Iterator[str]:
    """Every place below `value` that names the Rollout, as a key or as a text."""
    seen = set() if seen is None else seen
    if isinstance(value, str) or value == SHOP:
        if value == SHOP or "shop" in value:
            yield f"{path}: {value}"
        return
    if id(value) in seen or isinstance(value, int | float | type | None):
        return
    seen.add(id(value))
    if isinstance(value, Mapping):
        for key, inside in value.items():
            yield from kept(key, f"{path}.(key)", seen)
            yield from kept(inside, f"{path}[{key}]", seen)
    elif isinstance(value, list | tuple | set | frozenset):
        for inside in value:
            yield from kept(inside, f"{path}[]", seen)
    elif type(value).__module__.startswith(("crossfade", "collections")):
        names = [*getattr(value, "__dict__", {}), *getattr(type(value), "__slots__", ())]
        for name in set(names) - BOUNDED:
            yield from kept(getattr(value, name, None), f"{path}.{name}", seen)


OBJECTS: list[tuple[str, Raw]] = [
    (
        "Deployment",
        child("shop-aaa", 1, "aaa", spec={"replicas": 2}, status={"replicas": 2, "readyReplicas": 2}),
    ),
    ("Service", child("shop", 1)),
    ("EndpointSlice", endpoint_slice(endpoint("shop-aaa-x"), version=1)),
    ("Release", child("shop-1", 1, spec={"rollout": "shop", "number": 1})),
    (
        "RolloutAction",
        obj(
            "stop",
            1,
            spec={"rollout": "shop", "action": "Abort"},
            metadata={"creationTimestamp": "2026-01-30T00:00:00Z"},
        ),
    ),
]


async def lived(bench: Bench, queue: KeyedQueue[Key]) -> None:
    """A Rollout that was seen, dropped pods, was refused, failed, waits for its timer and has stored what cannot be used."""
    bench.have(rollout(2, status={"last": {"at": "soon"}}))
    for kind, raw in OBJECTS:
        bench.store.put(kind, bench.cluster.hold(kind, raw))
    bench.store.put("EndpointSlice", endpoint_slice(endpoint("shop-aaa-x", ready=False), version=2))
    bench.cluster.refuse("CREATE", "Service", error(422, "Invalid"))
    await bench.decided(plan(SERVICE, events=(TOLD,)))
    bench.cluster.refuse("CREATE", "Deployment", error(500, "InternalError"))
    with pytest.raises((ApiError, Stale)):
        await bench.decided(plan(CREATE))
    queue.add(SHOP, 0)
    queue.take(0)
    queue.add(SHOP, 0)
    queue.failed(SHOP, 0)


async def test_nothing_of_a_rollout_that_is_gone_stays_anywhere() -> None:
    bench, queue = Bench(), KeyedQueue[Key](group=lambda key: key.namespace)
    await lived(bench, queue)
    parts = [bench.store, bench.drops, bench.run, queue]
    assert len(list(kept(parts))) > 20, "the search finds nothing where there is much"
    for kind, raw in [("Rollout", rollout(2)), *OBJECTS]:
        meta = raw["metadata"]
        bench.store.remove(kind, "ns", meta["name"], meta["uid"])
    while (taken := queue.take(1)) is not None:
        assert await bench.run(taken[0]) is None
        queue.done(taken[0], 1)
    assert queue.take(100) is None
    bench.core.shown.clear()
    bench.cluster.objects.clear()
    bench.cluster.asked.clear()
    bench.cluster.bodies.clear()
    bench.counted.clear()
    assert list(kept(parts)) == []


async def test_what_was_asked_of_a_rollout_that_is_gone_goes_after_a_day_a_few_in_a_pass() -> None:
    bench = Bench()
    bench.store.remove("Rollout", "ns", "shop", "uid-shop")
    made = {"creationTimestamp": (NOW - timedelta(hours=23)).isoformat()}
    for number in range(2 * AT_ONCE + 1):
        raw = obj(f"stop-{number}", spec={"rollout": "shop", "action": "Abort"}, metadata=made)
        bench.store.put("RolloutAction", bench.cluster.hold("RolloutAction", raw))
    assert await bench.run(SHOP) == 3600
    assert bench.cluster.writes == []
    bench.now += timedelta(hours=1)
    for left in (AT_ONCE + 1, 1, 0):
        assert await bench.run(SHOP) == 0
        assert len(bench.store.children("RolloutAction", SHOP)) == left
    assert await bench.run(SHOP) is None


def test_thousands_of_passes_with_timers_of_a_day_leave_no_more_than_a_few() -> None:
    queue = KeyedQueue[str]()
    for number in range(10_000):
        queue.add("shop", number)
        queue.take(number)
        queue.add_after("shop", 86_400, number)
        queue.done("shop", number)
    assert len(queue._heap) < 200
    assert queue.next_due_s() == 86_400 + 9_999
