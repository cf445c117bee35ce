"""What the watches missed is found by comparing names and UIDs."""

import asyncio

import pytest

from controller.fakes import FakeCluster, child, error, rollout
from crossfade.cluster import Listing
from crossfade.controller.handlers import Intake
from crossfade.controller.relist import LOOKS, Relist, Restored
from crossfade.controller.scope import EVERYWHERE, Scope
from crossfade.controller.store import Key, Raw, Store

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
        async def listing(self, *_: object, **__: object) -> Listing:
            bench.store.put("Deployment", child("shop-new"))
            return Listing([], 100)

    await Relist(Later(), bench.store, bench.queued.append, EVERYWHERE, lambda: 1.0).compare("Deployment")
    assert len(bench.store.children("Deployment", SHOP)) == 1


@pytest.mark.parametrize("stored", [None, 5], ids=["not at all", "an older form"])
async def test_what_the_watch_has_not_brought_is_told(bench: Bench, stored: int | None) -> None:
    if stored is not None:
        bench.store.put("Deployment", child("shop-aaa", stored))
    bench.cluster.hold("Deployment", child("shop-aaa", 9))
    assert await bench.unseen() == ["shop-aaa"]


async def test_what_was_deleted_during_the_listing_is_not_missed(bench: Bench) -> None:
    class Earlier(FakeCluster):
        async def listing(self, *_: object, **__: object) -> Listing:
            bench.store.remove("Deployment", "ns", "shop-aaa", "uid-shop-aaa", version=12)
            return Listing([child("shop-aaa", 9)], 10)

    relist = Relist(Earlier(), bench.store, bench.queued.append, EVERYWHERE, lambda: 1.0)
    assert await relist.compare("Deployment") == []


async def test_an_object_that_is_older_than_what_was_known_before_the_list_tells_of_a_restored_storage(
    bench: Bench,
) -> None:
    bench.store.put("Deployment", child("shop-aaa", 90))
    bench.cluster.hold("Deployment", child("shop-aaa", 9))
    with pytest.raises(Restored, match="version 90 of a Deployment is known"):
        await bench.relist.compare("Deployment")


async def test_an_object_that_is_back_after_its_deletion_tells_of_it_too(bench: Bench) -> None:
    bench.store.remove("Deployment", "ns", "shop-aaa", "uid-shop-aaa", version=12)
    bench.cluster.hold("Deployment", child("shop-aaa", 9))
    with pytest.raises(Restored):
        await bench.relist.compare("Deployment")


async def test_a_storage_that_has_never_come_to_what_is_known_was_restored(bench: Bench) -> None:
    bench.store.put("Deployment", child("shop-aaa", 90))
    bench.cluster.hold("Deployment", child("shop-aaa", 9))
    bench.cluster.version = 20
    with pytest.raises(Restored, match="has never come to it"):
        await bench.relist.compare("Deployment")


async def test_a_list_that_is_late_is_no_sign_of_it_and_is_read_anew(bench: Bench) -> None:
    class Late(FakeCluster):
        """Its cache stands at version 20 until it is asked for a later one."""

        async def listing(
            self, kind: str, namespace: str | None, labels: str | None, *, not_older_than: int = 0
        ) -> Listing:
            if not_older_than:
                return Listing([child("shop-aaa", 90), child("shop-bbb", 92)], 95)
            return Listing([child("shop-aaa", 9)], 20)

    bench.store.put("Deployment", child("shop-aaa", 90))
    relist = Relist(Late(), bench.store, bench.queued.append, EVERYWHERE, lambda: 1.0)
    assert [raw["metadata"]["name"] for raw in await relist.compare("Deployment")] == ["shop-bbb"]
    assert bench.queued == []


async def test_a_change_that_came_during_the_listing_is_no_sign_of_it(bench: Bench) -> None:
    class Changing(FakeCluster):
        async def listing(self, *_: object, **__: object) -> Listing:
            bench.store.put("Deployment", child("shop-aaa", 90))
            return Listing([child("shop-aaa", 9)], 20)

    bench.store.put("Deployment", child("shop-aaa", 9))
    relist = Relist(Changing(), bench.store, bench.queued.append, EVERYWHERE, lambda: 1.0)
    assert await relist.compare("Deployment") == []


async def test_an_object_made_anew_may_have_any_version(bench: Bench) -> None:
    bench.store.put("Deployment", child("shop-aaa", 90))
    bench.cluster.hold("Deployment", child("shop-aaa", 9, uid="another"))
    assert await bench.unseen() == ["shop-aaa"]


async def test_a_server_that_cannot_say_is_asked_again_in_the_next_round(bench: Bench) -> None:
    class Starting(FakeCluster):
        async def listing(
            self, kind: str, namespace: str | None, labels: str | None, *, not_older_than: int = 0
        ) -> Listing:
            if not_older_than:
                raise error(503, "ServiceUnavailable")
            return Listing([child("shop-aaa", 9)] if kind == "Deployment" else [], 20)

    bench.store.put("Deployment", child("shop-aaa", 90))
    await Relist(Starting(), bench.store, bench.queued.append, EVERYWHERE, lambda: 1.0).round()
    assert len(bench.store.children("Deployment", SHOP)) == 1


async def test_a_restored_storage_ends_the_comparing_and_with_it_the_process(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crossfade.controller.relist.SETTLE_S", 0)
    bench.store.put("Deployment", child("shop-aaa", 90))
    bench.cluster.hold("Deployment", child("shop-aaa", 9))
    bench.relist.listed()
    async with asyncio.timeout(10):
        with pytest.raises(Restored):
            await bench.relist.run()


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


class Watching:
    """What a watch brings while the comparison waits: each time what comes next."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch, *brings: Raw) -> None:
        self.intake = Intake(bench.store, bench.queued.append)
        self.brings = list(brings)
        self.looks = 0
        monkeypatch.setattr("crossfade.controller.relist.asyncio.sleep", self.sleep)

    async def sleep(self, _: float) -> None:
        self.looks += 1
        if self.brings:
            self.intake.take("Service", "ADDED", self.brings.pop(0))


async def test_a_watch_that_is_busy_with_others_is_waited_for_and_not_called_dead(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = bench.cluster.hold("Service", child("shop", 9))
    watching = Watching(bench, monkeypatch, child("blog", 7), child("cart", 8), late)
    await bench.relist.round()
    assert (bench.relist.behind, watching.looks) == ("", 3)


@pytest.mark.parametrize(
    ("others", "looks"), [(1, 2), (100, LOOKS)], ids=["and then brings nothing", "all but one"]
)
async def test_a_watch_that_is_busy_and_never_brings_what_is_missing_is_named(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, others: int, looks: int
) -> None:
    bench.cluster.hold("Service", child("shop", 9))
    watching = Watching(bench, monkeypatch, *(child(f"blog-{number}", 7) for number in range(others)))
    await bench.relist.round()
    assert (bench.relist.behind, watching.looks) == ("Service", looks)


async def test_a_kind_that_cannot_be_listed_keeps_no_other_from_being_compared(bench: Bench) -> None:
    bench.cluster.refuse("LIST", "Deployment", error(503, "ServiceUnavailable"))
    bench.store.put("Service", child("shop"))
    await bench.relist.round()
    assert bench.store.children("Service", SHOP) == []
