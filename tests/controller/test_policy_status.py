"""A policy's status is told, and whoever it is about is woken when its windows turn, whatever the API server says to what is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.fakes import FakeCluster, error, obj, rollout
from crossfade.cluster import ApiError
from crossfade.controller.events import Teller
from crossfade.controller.executor import World
from crossfade.controller.policy_admission import PolicyAdmission
from crossfade.controller.policy_status import COUNTED_EVERY_S, Counted, Later, PolicyStatus
from crossfade.controller.ruling import Ruling
from crossfade.controller.store import Key, Store, watched_in
from crossfade.controller.templates import Place

NOON = datetime(2026, 12, 4, 12, tzinfo=UTC)
PLACE = Place("RolloutPolicy", "", "prod")
SHOP = Key("ns", "shop")
NOON_TO_ONE: dict[str, Any] = {
    "name": "friday",
    "kind": "Deny",
    "schedule": "0 12 * * FRI",
    "durationSeconds": 3600,
    "timeZone": "UTC",
}


class Slow(FakeCluster):
    """Each write takes ten minutes."""

    bench: Bench

    async def replace_status(self, *args: Any, **more: Any) -> Any:
        self.bench.now += timedelta(minutes=10)
        return await super().replace_status(*args, **more)


class Bench:
    """One policy with a window, one Rollout, and whoever looks at the policy."""

    def __init__(self, **window: Any) -> None:
        self.cluster, self.store, self.now = Slow(), Store(watched_in(None)), NOON
        self.cluster.bench = self
        self.woken: list[Key] = []
        self.timers: list[tuple[Place, float]] = []
        self.store.put("Rollout", rollout())
        self.store.put("Namespace", obj("ns", namespace=""))
        spec = {"windows": [{**NOON_TO_ONE, **window}]}
        policy = self.cluster.hold("RolloutPolicy", obj("prod", namespace="", spec=spec))
        self.store.put("RolloutPolicy", policy)
        self.start_anew()

    def start_anew(self) -> None:
        """Another process."""
        teller = Teller(self.cluster, "me", lambda: self.now, lambda: None)
        world = World(self.cluster, teller, lambda: None, lambda _verb, _kind: None, self.woken.append)
        ruling = Ruling(self.store, lambda: self.now)
        admission = PolicyAdmission(self.cluster, lambda: None)
        later: Later = lambda *timer: self.timers.append(timer)  # noqa: E731
        self.look = PolicyStatus(self.store, world, ruling, admission, later)
        self.counted = Counted(self.store, later)

    def patched(self, **parts: dict[str, Any]) -> None:
        """Somebody else changes the policy, and the watch shows it."""
        version = {"resourceVersion": str(self.cluster.version + 1)}
        was = self.cluster.objects["RolloutPolicy", "", "prod"]
        merged = {part: {**was.get(part, {}), **fields} for part, fields in parts.items()}
        merged["metadata"] = {**was["metadata"], **merged.get("metadata", {}), **version}
        self.cluster.version += 1
        self.store.put("RolloutPolicy", self.cluster.hold("RolloutPolicy", {**was, **merged}))


async def test_it_is_looked_at_when_its_windows_turn_however_long_the_writes_took() -> None:
    bench = Bench()
    assert await bench.look(PLACE) == timedelta(minutes=50).total_seconds()


async def test_a_write_that_fails_does_not_put_off_the_turn_of_a_window() -> None:
    bench = Bench()
    bench.cluster.refuse("STATUS", "RolloutPolicy", error(500, "InternalError"))
    with pytest.raises(ApiError):
        await bench.look(PLACE)
    assert bench.timers == [(PLACE, 3600.0)]


async def test_those_that_it_is_about_are_woken_when_a_window_turns() -> None:
    bench = Bench()
    await bench.look(PLACE)
    assert bench.woken == []
    bench.now = NOON + timedelta(hours=1)
    await bench.look(PLACE)
    assert bench.woken == [SHOP]


@pytest.mark.parametrize(("harm", "woken"), [("Abort", [SHOP]), ("Pause", []), ("Continue", [])])
async def test_a_new_process_wakes_those_whose_release_a_closed_window_takes_back(
    harm: str, woken: list[Key]
) -> None:
    bench = Bench(inFlight=harm)
    bench.start_anew()
    await bench.look(PLACE)
    assert bench.woken == woken


async def test_its_own_words_are_no_news_to_it_and_anybody_elses_are() -> None:
    bench = Bench()
    news: list[bool] = []
    bench.store.policies.listen(lambda name: news.append(bench.look.is_news(name)))
    await bench.look(PLACE)
    assert news == [False]  # what it told came back
    bench.patched(status={"matching": 7})
    assert news == [False, True]
    await bench.look(PLACE)
    assert news == [False, True, False]
    bench.patched(metadata={"generation": 9})
    assert news == [False, True, False, True]


async def test_only_those_about_a_rollout_that_changed_are_counted_anew_and_all_where_a_namespace_chooses_anew() -> (
    None
):
    bench = Bench()
    elsewhere = {"namespaceSelector": {"matchLabels": {"tier": "other"}}}
    bench.store.put("RolloutPolicy", obj("other", namespace="", spec=elsewhere))
    before, after = rollout(), rollout()
    after["metadata"]["generation"] = 2
    bench.counted.note("Rollout", SHOP, before, after)
    assert bench.timers == [(PLACE, COUNTED_EVERY_S)]
    there = obj("ns", namespace="")
    bench.counted.note(
        "Namespace",
        Key("", "ns"),
        there,
        {**there, "metadata": {**there["metadata"], "labels": {"tier": "other"}}},
    )
    assert {place.name for place, _ in bench.timers[1:]} == {"prod", "other"}


async def test_the_more_policies_there_are_the_less_often_each_is_counted() -> None:
    bench = Bench()
    for number in range(39):
        bench.store.put("RolloutPolicy", obj(f"more-{number}", namespace="", spec={}))
    bench.counted.note("Rollout", SHOP, None, rollout())
    assert len(bench.timers) == 40
    assert {delay_s for _, delay_s in bench.timers} == {20.0}  # so that two are counted in a second
