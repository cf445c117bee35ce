"""Events are told once, never fail a pass, and fit what the API server takes."""

from datetime import UTC, datetime, timedelta

import pytest

from controller.fakes import FakeCluster, error, rollout
from crossfade.controller.events import Teller
from crossfade.controller.leader import Lost
from crossfade.core.plan import Event

EVENT = Event("Warning", "CandidateCrashed", "container shop ended with exit code 42")


class Bench:
    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.now = datetime(2026, 1, 31, 12, tzinfo=UTC)
        self.leads = True
        self.teller = Teller(self.cluster, "operator-1", lambda: self.now, self.fence)

    def fence(self) -> None:
        if not self.leads:
            raise Lost("the Lease is another's")

    async def tell(self, *events: Event, uid: str = "uid-shop") -> int:
        await self.teller.tell(rollout(metadata={"uid": uid}), events)
        return len(self.cluster.writes)


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_an_event_names_the_rollout_and_says_what_and_why(bench: Bench) -> None:
    await bench.tell(EVENT)
    posted = bench.cluster.bodies[0]
    assert (posted["type"], posted["reason"], posted["note"]) == (EVENT.kind, EVENT.reason, EVENT.note)
    assert posted["regarding"]["uid"] == "uid-shop"
    assert posted["eventTime"] == "2026-01-31T12:00:00.000000Z"
    assert posted["metadata"]["name"].startswith("shop.")


async def test_the_same_event_is_told_once_in_ten_minutes(bench: Bench) -> None:
    assert await bench.tell(EVENT, EVENT) == 1
    bench.now += timedelta(minutes=9)
    assert await bench.tell(EVENT) == 1
    bench.now += timedelta(minutes=1)
    assert await bench.tell(EVENT) == 2


async def test_another_note_or_another_rollout_is_another_event(bench: Bench) -> None:
    await bench.tell(EVENT, Event("Warning", "CandidateCrashed", "exit code 43"))
    assert await bench.tell(EVENT, uid="another") == 3


async def test_a_long_note_is_cut_to_what_the_server_takes(bench: Bench) -> None:
    await bench.tell(Event("Normal", "Told", "x" * 5000))
    assert len(bench.cluster.bodies[0]["note"]) == 1024


async def test_an_event_that_cannot_be_posted_fails_nothing(bench: Bench) -> None:
    bench.cluster.refuse("CREATE", "Event", error(403, "Forbidden"))
    assert await bench.tell(EVENT, Event("Normal", "Another", "told")) == 2


async def test_who_may_not_write_tells_nothing(bench: Bench) -> None:
    bench.leads = False
    with pytest.raises(Lost):
        await bench.tell(EVENT)
    assert bench.cluster.asked == []


async def test_a_note_is_one_line_that_commands_nothing_and_fits_in_bytes(bench: Bench) -> None:
    await bench.tell(Event("Warning", "ActionRefused", "a\x1b[2J\nWarning  Other  " + "ü" * 2000))
    note = bench.cluster.bodies[0]["note"]
    assert note.startswith("a\\x1b[2J\\nWarning")
    assert 1020 <= len(note.encode()) <= 1024
