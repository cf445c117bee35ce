"""An abort or a crash of one Rollout does not wait behind the changes of hundreds of others."""

import asyncio

from controller.fakes import Raw, child, endpoint, endpoint_slice, obj
from crossfade.controller.drops import Drops
from crossfade.controller.metrics import Metrics
from crossfade.controller.queue import KeyedQueue
from crossfade.controller.store import Key, Store
from crossfade.controller.urgency import is_urgent
from crossfade.controller.workers import WORKERS, Workers

SHOP = Key("ns", "shop")


def action(version: int = 1, **parts: Raw) -> Raw:
    return obj("stop", version=version, spec={"rollout": "shop", "action": "abort"}, **parts)


def test_a_rollout_is_urgent_until_its_action_is_answered() -> None:
    store, drops = Store(), Drops(lambda: 0.0)
    store.put("Deployment", child("shop-aaa", revision="aaa"))
    assert not is_urgent(store, drops, SHOP)
    store.put("RolloutAction", action())
    assert is_urgent(store, drops, SHOP)
    store.put("RolloutAction", action(version=2, status={"outcome": "Done"}))
    assert not is_urgent(store, drops, SHOP)


def test_a_rollout_is_urgent_while_a_drop_of_its_pods_is_not_taken_into_account() -> None:
    now_s = 0.0
    store, drops = Store(), Drops(lambda: now_s)
    store.listen(drops.note)
    store.put("EndpointSlice", endpoint_slice(endpoint("shop-aaa-rs1-x"), version=1))
    assert not is_urgent(store, drops, SHOP)
    store.put("EndpointSlice", endpoint_slice(endpoint("shop-aaa-rs1-x", ready=False), version=2))
    assert is_urgent(store, drops, SHOP)
    now_s = 100.0
    drops.settle(SHOP, drops.of(SHOP))
    assert not is_urgent(store, drops, SHOP)


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

    workers = Workers(KeyedQueue(), run, Metrics(), lambda key: key == SHOP)
    workers.start()
    for key in others:
        workers.add(key)
    await asyncio.wait_for(all_busy.wait(), 5)
    workers.add(SHOP)
    go.set()
    await asyncio.wait_for(over.wait(), 5)
    assert await workers.stop(within_s=5)
    assert taken.index(SHOP) == WORKERS
