"""One process of several works: times are given, nothing waits."""

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from controller.fakes import FakeCluster, Raw, error
from crossfade.controller.leader import HANGS_S, LEASE_S, RENEW_WITHIN_S, Election, Keeper, Lost, boot_s


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
    """One in which the Lease was given back."""
    made = FakeCluster()
    meta = {"namespace": "sys", "name": "crossfade", "uid": "one", "resourceVersion": "1"}
    made.hold("Lease", {"metadata": meta, "spec": {"holderIdentity": "", "leaseDurationSeconds": 1}})
    return made


def election(cluster: FakeCluster, clock: Clock, name: str = "a") -> Election:
    return Election(cluster, "sys", "crossfade", name, clock)


def lease(cluster: FakeCluster) -> Any:
    return cluster.objects["Lease", "sys", "crossfade"]["spec"]


async def test_a_missing_lease_is_made_and_held_once_nobody_else_can_believe_to_hold_it(clock: Clock) -> None:
    cluster = FakeCluster()
    one = election(cluster, clock)
    for _ in range(int(RENEW_WITHIN_S)):
        assert not await one.attempt()
        assert lease(cluster)["holderIdentity"] == "a"
        clock.move(1)
    assert await one.attempt()
    assert one.held


async def test_one_that_was_quicker_writes_only_when_the_holder_knows(
    cluster: FakeCluster, clock: Clock
) -> None:
    one, other = election(cluster, clock, "a"), election(cluster, clock, "b")
    await one.attempt()
    del cluster.objects["Lease", "sys", "crossfade"]
    for _ in range(10):
        await other.attempt()
        assert not (one.held and other.held)
        clock.move(0.5)
    assert not await one.attempt()
    assert other.held


@pytest.mark.parametrize("quicker", ["the holder", "another"])
@pytest.mark.parametrize("taken_out", [True, False], ids=["its holder's name is taken out", "it is deleted"])
async def test_a_lease_that_somebody_spoils_has_never_two_holders(
    cluster: FakeCluster, clock: Clock, taken_out: bool, quicker: str
) -> None:
    one, other = election(cluster, clock, "a"), election(cluster, clock, "b")
    await one.attempt()
    await other.attempt()
    key = ("Lease", "sys", "crossfade")
    live = cluster.objects.pop(key)
    if taken_out:
        spec = {**live["spec"], "holderIdentity": ""}
        cluster.objects[key] = {"metadata": {**live["metadata"], "resourceVersion": "9"}, "spec": spec}
    for _ in range(10):
        for each in (one, other) if quicker == "the holder" else (other, one):
            clock.move(0.4)
            await each.attempt()
            assert not (one.held and other.held)
    assert (one.held, other.held) == (quicker == "the holder", quicker == "another")


async def test_the_holder_ends_at_once_where_another_one_has_taken_the_lease(
    cluster: FakeCluster, clock: Clock
) -> None:
    one = election(cluster, clock, "a")
    await one.attempt()
    live = cluster.objects["Lease", "sys", "crossfade"]
    cluster.objects["Lease", "sys", "crossfade"] = {
        "metadata": {**live["metadata"], "resourceVersion": "9"},
        "spec": {**live["spec"], "holderIdentity": "b"},
    }
    clock.move(1)
    assert not await one.attempt()
    assert not one.held


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
    assert (lease(cluster)["holderIdentity"], lease(cluster)["leaseTransitions"]) == ("b", 2)


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


class Renewed(FakeCluster):
    """Counts the renewals, for whoever waits in another thread."""

    def __init__(self, before: FakeCluster) -> None:
        super().__init__()
        self.objects = before.objects
        self.renewals = threading.Semaphore(0)

    async def replace(self, kind: str, namespace: str | None, name: str, body: Mapping[str, Any]) -> Raw:
        written = await super().replace(kind, namespace, name, body)
        self.renewals.release()
        return written


class Kept:
    """A thread that keeps the Lease, and the clock that it and the main loop go by."""

    def __init__(self, cluster: FakeCluster, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cluster, self.clock = Renewed(cluster), clock
        monkeypatch.setattr("crossfade.controller.leader.RETRY_S", 0.005)
        self.keeper = Keeper(
            self._connect,
            lambda leases, alive: Election(leases, "sys", "crossfade", "a", clock, alive),
            clock,
        )

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[FakeCluster]:
        yield self.cluster

    async def renewed(self) -> None:
        """One that began after now has ended: the second from now."""
        while self.cluster.renewals.acquire(blocking=False):
            pass
        for _ in range(2):
            assert await asyncio.to_thread(self.cluster.renewals.acquire, timeout=10)


@pytest.fixture
def kept(cluster: FakeCluster, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Kept:
    return Kept(cluster, clock, monkeypatch)


async def test_the_lease_is_renewed_while_the_main_loop_is_late_and_no_more_once_it_hangs(kept: Kept) -> None:
    with pytest.raises(Lost, match="is not held"):
        kept.keeper.fence()
    await kept.keeper.acquire()
    ended = asyncio.create_task(kept.keeper.keep())
    for _ in range(9):  # nine seconds without a sign of life
        kept.clock.move(1)
        await kept.renewed()
        kept.keeper.fence()
    kept.keeper.beat()
    for _ in range(9):
        kept.clock.move(1)
        await kept.renewed()
        kept.keeper.fence()
    kept.clock.move(HANGS_S - 9)
    with pytest.raises(Lost, match="stood still"):
        await asyncio.wait_for(ended, 10)
    with pytest.raises(Lost):
        kept.keeper.fence()


async def test_a_process_that_was_stopped_may_not_write_when_it_goes_on(kept: Kept) -> None:
    await kept.keeper.acquire()
    kept.cluster.refuse("REPLACE", "Lease", *[error(500, "InternalError")] * 10_000)
    kept.cluster.refuse("GET", "Lease", *[error(500, "InternalError")] * 10_000)
    kept.clock.move(60)
    with pytest.raises(Lost):
        kept.keeper.fence()


async def test_a_lease_that_is_given_back_is_free_at_once(kept: Kept) -> None:
    await kept.keeper.acquire()
    await kept.keeper.release()
    with pytest.raises(Lost):
        kept.keeper.fence()
    assert await election(kept.cluster, kept.clock, "b").attempt()


def test_the_clock_of_the_lease_counts_the_time_in_which_a_machine_is_suspended() -> None:
    assert boot_s() > 0


async def test_a_renewal_that_comes_after_it_takes_no_lease_that_was_given_back(
    cluster: FakeCluster, clock: Clock
) -> None:
    one = election(cluster, clock)
    await one.attempt()
    await one.release()
    assert not await one.attempt()
    assert lease(cluster)["holderIdentity"] == ""
