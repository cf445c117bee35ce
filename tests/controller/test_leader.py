"""One process of several works: times are given, nothing waits."""

import asyncio
from typing import Any

import pytest

from controller.fakes import FakeCluster, Raw, error
from crossfade.controller.leader import LEASE_S, RENEW_WITHIN_S, Election, Lost


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def move(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


def election(cluster: FakeCluster, clock: Clock, name: str = "a") -> Election:
    return Election(cluster, "sys", "crossfade", name, clock)


def lease(cluster: FakeCluster) -> Any:
    return cluster.objects["Lease", "sys", "crossfade"]["spec"]


async def test_a_missing_lease_is_made(cluster: FakeCluster, clock: Clock) -> None:
    one = election(cluster, clock)
    assert await one.attempt()
    assert one.held
    assert lease(cluster)["holderIdentity"] == "a"


async def test_a_held_lease_is_not_taken(cluster: FakeCluster, clock: Clock) -> None:
    await election(cluster, clock, "a").attempt()
    other = election(cluster, clock, "b")
    assert not await other.attempt()
    assert not other.held
    assert lease(cluster)["holderIdentity"] == "a"


async def test_a_lease_that_is_renewed_is_never_taken(cluster: FakeCluster, clock: Clock) -> None:
    one, other = election(cluster, clock, "a"), election(cluster, clock, "b")
    await one.attempt()
    for _ in range(10):
        clock.move(3)
        assert await one.attempt()
        assert not await other.attempt()


async def test_a_lease_that_lies_for_its_whole_duration_is_taken(cluster: FakeCluster, clock: Clock) -> None:
    await election(cluster, clock, "a").attempt()
    other = election(cluster, clock, "b")
    assert not await other.attempt()
    clock.move(LEASE_S - 0.1)
    assert not await other.attempt()
    clock.move(0.1)
    assert await other.attempt()
    assert (lease(cluster)["holderIdentity"], lease(cluster)["leaseTransitions"]) == ("b", 1)


async def test_the_old_holder_stops_before_the_new_one_may_start(cluster: FakeCluster, clock: Clock) -> None:
    one, other = election(cluster, clock, "a"), election(cluster, clock, "b")
    await one.attempt()
    await other.attempt()
    clock.move(RENEW_WITHIN_S)
    assert not one.held
    assert not await other.attempt()


async def test_who_was_frozen_may_not_write(cluster: FakeCluster, clock: Clock) -> None:
    one = election(cluster, clock)
    await one.attempt()
    one.fence()
    clock.move(60)
    with pytest.raises(Lost):
        one.fence()


async def test_a_slow_answer_does_not_lengthen_the_time(cluster: FakeCluster, clock: Clock) -> None:
    class Slow(FakeCluster):
        async def get(self, kind: str, namespace: str | None, name: str) -> Raw | None:
            clock.move(3)
            return await super().get(kind, namespace, name)

    one = election(Slow(), clock)
    await one.attempt()
    clock.move(1.5)
    assert not one.held


async def test_a_process_that_died_and_returns_by_its_name_waits_for_nobody(
    cluster: FakeCluster, clock: Clock
) -> None:
    await election(cluster, clock, "a").attempt()
    assert await election(cluster, clock, "a").attempt()


async def test_a_released_lease_is_taken_at_once(cluster: FakeCluster, clock: Clock) -> None:
    one, other = election(cluster, clock, "a"), election(cluster, clock, "b")
    await one.attempt()
    await other.attempt()
    await one.release()
    assert not one.held
    assert await other.attempt()


async def test_a_lease_that_someone_else_wrote_is_read_again(cluster: FakeCluster, clock: Clock) -> None:
    one = election(cluster, clock, "a")
    await one.attempt()
    clock.move(LEASE_S)
    other = election(cluster, clock, "b")
    await other.attempt()
    clock.move(LEASE_S)
    await other.attempt()
    assert not await one.attempt()
    assert not await one.attempt()
    assert lease(cluster)["holderIdentity"] == "b"


@pytest.mark.parametrize("refused", [error(0, "Unreachable"), error(500, "InternalError")])
async def test_an_api_server_that_fails_for_a_moment_costs_nothing(
    cluster: FakeCluster, clock: Clock, refused: Exception
) -> None:
    one = election(cluster, clock)
    await one.attempt()
    cluster.refuse("REPLACE", "Lease", refused)  # type: ignore[arg-type]
    clock.move(1)
    assert not await one.attempt()
    assert one.held
    clock.move(1)
    assert await one.attempt()


async def test_keeping_ends_when_the_lease_cannot_be_renewed(
    cluster: FakeCluster, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_wait(seconds: float) -> None:
        clock.move(seconds)

    one = election(cluster, clock)
    await one.attempt()
    cluster.refuse("REPLACE", "Lease", *[error(500, "InternalError")] * 9)
    cluster.refuse("GET", "Lease", *[error(500, "InternalError")] * 9)
    monkeypatch.setattr("crossfade.controller.leader.asyncio.sleep", no_wait)
    with pytest.raises(Lost):
        await asyncio.wait_for(one.keep(), 5)
    assert clock.now_s == 1000 + RENEW_WITHIN_S
