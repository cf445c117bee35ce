"""What the watches missed is found by comparing names and UIDs."""

import asyncio

import pytest

from controller.fakes import FakeCluster, Raw, child, error, rollout
from crossfade.controller.handlers import Intake
from crossfade.controller.relist import Relist
from crossfade.controller.scope import EVERYWHERE, Scope
from crossfade.controller.store import Key, Store

SHOP = Key("ns", "shop")


class Bench:
    def __init__(self) -> None:
        self.cluster, self.store = FakeCluster(), Store()
        self.queued: list[Key] = []
        self.relist = Relist(self.cluster, self.store, self.queued.append, EVERYWHERE, lambda: 1.0)

    async def unseen(self, kind: str = "Deployment") -> list[str]:
        return [raw["metadata"]["name"] for raw in await self.relist.compare(kind)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_what_vanished_while_a_watch_was_cut_is_dropped_and_its_rollout_queued(bench: Bench) -> None:
    bench.store.put("Deployment", child("shop-aaa"))
    assert await bench.unseen() == []
    assert bench.store.children("Deployment", SHOP) == []
    assert bench.queued == [SHOP]


async def test_what_was_made_anew_while_a_watch_was_cut_counts_as_vanished(bench: Bench) -> None:
    bench.store.put("Deployment", child("shop-aaa", 5))
    bench.cluster.hold("Deployment", child("shop-aaa", 9, uid="another"))
    assert await bench.unseen() == ["shop-aaa"]
    assert bench.queued == [SHOP]


async def test_what_is_as_the_store_has_it_is_left_alone(bench: Bench) -> None:
    bench.store.put("Deployment", bench.cluster.hold("Deployment", child("shop-aaa", 5)))
    assert await bench.unseen() == []
    assert bench.queued == []


async def test_what_was_made_during_the_listing_is_not_dropped(bench: Bench) -> None:
    class Later(FakeCluster):
        async def list(
            self,
            kind: str,
            namespace: str | None = None,
            labels: str | None = None,
            *,
            metadata_only: bool = False,
        ) -> list[Raw]:
            bench.store.put("Deployment", child("shop-new"))
            return []

    await Relist(Later(), bench.store, bench.queued.append, EVERYWHERE, lambda: 1.0).compare("Deployment")
    assert len(bench.store.children("Deployment", SHOP)) == 1


@pytest.mark.parametrize("stored", [None, 5], ids=["not at all", "an older form"])
async def test_what_the_watch_has_not_brought_is_told(bench: Bench, stored: int | None) -> None:
    if stored is not None:
        bench.store.put("Deployment", child("shop-aaa", stored))
    bench.cluster.hold("Deployment", child("shop-aaa", 9))
    assert await bench.unseen() == ["shop-aaa"]


async def test_what_was_deleted_since_is_not_missed(bench: Bench) -> None:
    bench.cluster.hold("Deployment", child("shop-aaa", 9))
    bench.store.remove("Deployment", "ns", "shop-aaa", "uid-shop-aaa", version=12)
    assert await bench.unseen() == []


async def test_what_another_operator_works_on_is_not_missed(bench: Bench) -> None:
    bench.cluster.hold("Deployment", child("shop-aaa", 9))
    relist = Relist(bench.cluster, bench.store, bench.queued.append, Scope(skipped=("ns",)), lambda: 1.0)
    assert await relist.compare("Deployment") == []


async def test_only_objects_with_our_label_are_listed_of_common_kinds(bench: Bench) -> None:
    await bench.relist.compare("Service")
    bench.store.put("Rollout", bench.cluster.hold("Rollout", rollout()))
    await bench.relist.compare("Rollout")
    assert bench.cluster.asked == [("LIST", "Service", "crossfade.dev/rollout"), ("LIST", "Rollout", "")]


async def test_a_list_of_a_watch_that_began_anew_is_compared_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crossfade.controller.relist.SETTLE_S", 0)
    intake = Intake(bench.store, bench.queued.append, bench.relist.listed)
    bench.store.put("Deployment", child("shop-aaa"))
    intake.take("Deployment", None, bench.cluster.hold("Deployment", child("shop-bbb", 5)))
    async with asyncio.timeout(10):  # without the list it would be ten minutes
        await bench.relist.wait()
    await bench.relist.round()
    assert [each["metadata"]["name"] for each in bench.store.children("Deployment", SHOP)] == ["shop-bbb"]


async def test_a_watch_that_stays_behind_is_named_until_it_has_caught_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crossfade.controller.relist.CATCH_UP_S", 0)
    bench.cluster.hold("Service", child("shop", 9))
    await bench.relist.round()
    assert bench.relist.behind == "Service"
    bench.store.put("Service", child("shop", 9))
    await bench.relist.round()
    assert bench.relist.behind == ""


async def test_a_kind_that_cannot_be_listed_keeps_no_other_from_being_compared(bench: Bench) -> None:
    bench.cluster.refuse("LIST", "Deployment", error(503, "ServiceUnavailable"))
    bench.store.put("Service", child("shop"))
    await bench.relist.round()
    assert bench.store.children("Service", SHOP) == []
