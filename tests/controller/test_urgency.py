"""An abort or a crash of one Rollout does not wait behind the changes of hundreds of others."""

import asyncio

from controller.fakes import Raw, child, endpoint, endpoint_slice, obj
from crossfade.controller.drops import Drops
from crossfade.controller.metrics import Metrics
from crossfade.controller.queue import KeyedQueue
from crossfade.controller.store import Key, Store
from crossfade.controller.urgency import Rank, rank
from crossfade.controller.workers import WORKERS, Workers

SHOP = Key("ns", "shop")


def action(version: int = 1, name: str = "stop", asks: str = "Abort", **parts: Raw) -> Raw:
    return obj(name, version=version, spec={"rollout": "shop", "action": asks}, **parts)


def test_a_rollout_goes_first_until_its_abort_is_answered() -> None:
    store = Store()
    drops = Drops(store, lambda: 0.0)
    store.put("Deployment", child("shop-aaa", revision="aaa"))
    assert rank(store, drops, SHOP) is Rank.USUAL
    for number in range(30):
        store.put("RolloutAction", action(name=f"hold-{number}", asks="Pause"))
    assert rank(store, drops, SHOP) is Rank.ASKED
    store.put("RolloutAction", action())
    assert rank(store, drops, SHOP) is Rank.ABORTED
    store.put("RolloutAction", action(version=2, status={"outcome": "Done"}))
    assert rank(store, drops, SHOP) is Rank.ASKED
    for number in range(30):
        store.put("RolloutAction", action(2, f"hold-{number}", "Pause", status={"outcome": "Done"}))
    assert rank(store, drops, SHOP) is Rank.USUAL


def test_a_rollout_goes_first_while_its_requests_are_on_their_way_back() -> None:
    store = Store()
    drops = Drops(store, lambda: 0.0)
    store.put(
        "Rollout", obj("shop", version=1, spec={}, status={"progress": {"rollbackReason": "AbortedByUser"}})
    )
    assert rank(store, drops, SHOP) is Rank.ABORTED
    store.put("Rollout", obj("shop", version=2, spec={}, status={"progress": {"rollbackReason": ""}}))
    assert rank(store, drops, SHOP) is Rank.USUAL


def test_a_rollout_goes_before_others_while_it_loses_pods_that_should_be_there_and_not_where_it_is_scaled_down() -> (
    None
):
    now_s = 0.0
    store = Store()
    drops = Drops(store, lambda: now_s)
    store.listen(drops.note)
    store.put("Deployment", _deployment(version=1, ready=2))
    store.put("EndpointSlice", endpoint_slice(endpoint("shop-aaa-rs1-x"), version=1))
    assert rank(store, drops, SHOP) is Rank.USUAL
    store.put("EndpointSlice", endpoint_slice(endpoint("shop-aaa-rs1-x", ready=False), version=2))
    assert rank(store, drops, SHOP) is Rank.USUAL
    store.put("Deployment", _deployment(version=2, ready=1))
    assert rank(store, drops, SHOP) is Rank.LOSING
    now_s = 100.0
    drops.settle(SHOP, drops.of(SHOP))
    assert rank(store, drops, SHOP) is Rank.USUAL


def _deployment(*, version: int, ready: int) -> Raw:
    made = child("shop-aaa", revision="aaa", version=version)
    return {**made, "spec": {"replicas": 2}, "status": {"readyReplicas": ready}}


async def test_an_urgent_rollout_is_the_next_that_a_worker_takes() -> None:
    others = [Key("ns", str(number)) for number in range(2 * WORKERS)]
    taken: list[Key] = []
    all_busy, go, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def run(key: Key) -> float | None:
        taken.append(key)
        if len(taken) == WORKERS:
            all_busy.set()
        await go.wait()
        if len(taken) == len(others) + 1:
            over.set()
        return None

    workers = Workers(KeyedQueue(rank=lambda key: int(key != SHOP)), run, Metrics())
    workers.start()
    for key in others:
        workers.add(key)
    await asyncio.wait_for(all_busy.wait(), 5)
    workers.add(SHOP)
    go.set()
    await asyncio.wait_for(over.wait(), 5)
    assert await workers.stop(within_s=5)
    assert taken.index(SHOP) == WORKERS
