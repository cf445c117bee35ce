"""Which Rollouts failed lately: fed by the store, kept by time, and the first ones are woken once several have failed."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.fakes import FakeCluster, obj, rollout
from controller.scripted import SHOP, Bench, plan
from crossfade.controller.drops import Drops
from crossfade.controller.events import Teller
from crossfade.controller.executor import World as Around
from crossfade.controller.failing import Failing
from crossfade.controller.handlers import Intake
from crossfade.controller.reconcile import Core, Reconciler
from crossfade.controller.scope import Scope
from crossfade.controller.store import Key, Store
from crossfade.core.decide import decide, unreadable
from crossfade.core.moments import text_of
from crossfade.core.observed import OTHERS_SHOWN, Failure
from crossfade.core.revision import revision_of

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
CRASHED = "CandidateCrashed"


class World:
    """A store that is listened to, a clock, and whoever was woken."""

    def __init__(self) -> None:
        self.now, self.version, self.woken = NOW, 0, list[Key]()
        self.start_anew()

    def start_anew(self) -> None:
        """Another process: it knows nothing yet."""
        self.store = Store()
        self.failing = Failing(lambda: self.now, self.woken.append)
        self.store.listen(self.failing.note)

    def have(self, name: str, namespace: str = "ns", **status: Any) -> None:
        self.version += 1
        self.store.put("Rollout", obj(name, self.version, f"{namespace}-{name}", namespace, status=status))

    def fail(self, name: str, namespace: str = "ns", *, ago_s: float = 0, reason: str = CRASHED) -> None:
        at = text_of(self.now - timedelta(seconds=ago_s))
        self.have(name, namespace, failed={"reason": reason, "at": at})

    def others(self, name: str = "shop") -> list[str]:
        return [f"{each.namespace}/{each.name}" for each in self.failing.others(Key("ns", name))]


@pytest.fixture
def world() -> World:
    return World()


def test_the_others_are_told_newest_first_with_their_moment_and_reason_and_without_oneself(
    world: World,
) -> None:
    world.fail("cart", ago_s=30)
    world.fail("pay", "other", ago_s=5, reason="ImageCannotBePulled")
    world.fail("shop")
    five, thirty = (NOW - timedelta(seconds=ago_s) for ago_s in (5, 30))
    assert world.failing.others(SHOP) == (
        Failure("other", "pay", five, "ImageCannotBePulled"),
        Failure("ns", "cart", thirty, CRASHED),
    )


def test_what_a_list_brings_in_any_order_is_known_by_a_process_that_has_just_begun(world: World) -> None:
    listed = [("cart", 5), ("pay", 50), ("mail", 20), ("old", 121)]
    world.start_anew()
    for name, ago_s in listed:
        world.fail(name, ago_s=ago_s)
    assert world.others() == ["ns/cart", "ns/mail", "ns/pay"]


def test_a_failure_is_forgotten_after_two_minutes_though_its_status_says_it_for_ever(world: World) -> None:
    world.fail("cart")
    world.now += timedelta(seconds=119)
    assert world.others() == ["ns/cart"]
    world.now += timedelta(seconds=1)
    assert world.others() == []
    world.fail("pay")
    assert len(world.failing._entries) == 1


def test_a_rollout_that_fails_again_counts_once_with_its_newest_failure(world: World) -> None:
    world.fail("cart", ago_s=40)
    world.fail("cart", reason="PortClosed")
    assert world.failing.others(SHOP) == (Failure("ns", "cart", NOW, "PortClosed"),)


def test_a_failure_that_is_forgiven_has_happened_all_the_same(world: World) -> None:
    world.fail("cart")
    world.have("cart")
    assert world.others() == ["ns/cart"]


def test_nothing_is_kept_of_a_rollout_that_is_deleted(world: World) -> None:
    world.fail("cart")
    world.store.remove("Rollout", "ns", "cart", "ns-cart")
    assert (world.others(), world.failing._entries, world.failing._of) == ([], [], {})


@pytest.mark.parametrize("reason", ["AbortedByUser", "Undone"])
def test_what_a_person_decided_is_no_failure(world: World, reason: str) -> None:
    world.fail("cart", reason=reason)
    assert world.others() == []


def test_a_release_that_is_frozen_has_failed(world: World) -> None:
    world.have("cart", progress={"failure": {"reason": CRASHED, "at": text_of(NOW)}})
    assert world.others() == ["ns/cart"]


@pytest.mark.parametrize(
    "failed",
    [{}, {"reason": CRASHED}, {"at": text_of(NOW)}]
    + [{"reason": CRASHED, "at": at} for at in ("soon", "2026-01-31T12:00:00", None, 7)],
)
def test_what_is_stored_and_is_no_moment_stops_nothing_and_counts_as_none(
    world: World, failed: dict[str, Any]
) -> None:
    world.have("cart", failed=failed)
    assert world.others() == []


def test_a_failure_that_is_said_to_come_counts_when_it_has_come_and_no_longer_than_any_other(
    world: World,
) -> None:
    world.fail("cart", ago_s=-3600)
    assert world.others() == []
    world.now += timedelta(seconds=3600)
    assert world.others() == ["ns/cart"]
    world.now += timedelta(seconds=120)
    assert world.others() == []


def test_so_many_are_shown_and_no_more(world: World) -> None:
    for n in range(OTHERS_SHOWN + 5):
        world.fail(f"shop-{n:03}")
    assert len(world.others()) == OTHERS_SHOWN


def test_once_three_failed_within_a_minute_each_of_them_is_woken_and_later_ones_once_each(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.fail("early", ago_s=60)
    world.fail("cart", ago_s=50)
    world.fail("pay")
    assert world.woken == []
    with caplog.at_level(logging.WARNING):
        world.fail("mail", "other")
    assert {key.name for key in world.woken} == {"cart", "pay", "mail"}
    assert "3 Rollouts failed within a minute" in caplog.text
    assert f"other/mail ({CRASHED})" in caplog.text
    world.woken.clear()
    world.fail("blog")
    assert world.woken == [Key("ns", "blog")]


def test_another_change_of_a_rollout_that_failed_is_no_news(world: World) -> None:
    for name in ("cart", "pay", "mail"):
        world.fail(name)
    world.woken.clear()
    world.have("mail", failed={"reason": CRASHED, "at": text_of(NOW), "sharedCause": "3 Rollouts failed"})
    assert world.woken == []


def test_an_operator_of_one_namespace_knows_of_no_other(world: World) -> None:
    intake = Intake(world.store, lambda _key: None, scope=Scope("ns"))
    for namespace in ("ns", "other"):
        failed = {"failed": {"reason": CRASHED, "at": text_of(NOW)}}
        intake.take("Rollout", "ADDED", obj("cart", 1, f"uid-{namespace}", namespace, status=failed))
    assert world.others() == ["ns/cart"]


async def test_a_pass_is_shown_who_else_failed() -> None:
    failing = Failing(lambda: NOW, lambda _key: None)
    bench = Bench(failing=failing)
    bench.store.listen(failing.note)
    failed = {"failed": {"reason": CRASHED, "at": text_of(NOW)}}
    bench.store.put("Rollout", obj("cart", 1, status=failed))
    await bench.decided(plan())
    assert bench.core.shown[-1].others_failed == (Failure("ns", "cart", NOW, CRASHED),)


FAILED = revision_of({"spec": {"containers": [{"name": "shop", "image": "shop:v1"}]}})


async def test_each_that_failed_says_so_once_the_third_has_and_the_first_ones_are_looked_at_for_that() -> (
    None
):
    cluster, store, woken = FakeCluster(), Store(), list[Key]()
    failing = Failing(lambda: NOW, woken.append)
    store.listen(failing.note)
    teller = Teller(cluster, "me", lambda: NOW, lambda: None)
    world = Around(cluster, teller, lambda: None, lambda _verb, _kind: None, others_failed=failing.others)
    run = Reconciler(store, Drops(store, lambda: 0.0), Core(decide, unreadable, lambda: NOW), world)
    for name in ("cart", "pay", "mail"):
        assert woken == []
        failed = {"revision": FAILED, "release": 2, "reason": CRASHED, "message": "it crashed"}
        told = {"stable": {"revision": "aaa"}, "release": 2, "failed": {**failed, "at": text_of(NOW)}}
        raw = rollout()
        raw = {**raw, "metadata": {**raw["metadata"], "name": name, "uid": f"uid-{name}"}, "status": told}
        store.put("Rollout", cluster.hold("Rollout", raw))
    assert {key.name for key in woken} == {"cart", "pay", "mail"}
    for key in list(woken):
        await run(key)
        status = cluster.objects["Rollout", "ns", key.name]["status"]
        assert status["failed"]["sharedCause"].startswith("3 Rollouts failed within a minute")
    events = [body for body, asked in zip(cluster.bodies, cluster.asked, strict=True) if asked[1] == "Event"]
    about = [event["regarding"]["name"] for event in events if event["reason"] == "SharedCause"]
    assert sorted(about) == ["cart", "mail", "pay"]
    assert len(woken) == 3
