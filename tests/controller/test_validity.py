"""The status of a template says whether it can be used, and is written where it says something else than is so."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import pytest

from controller.fakes import FakeCluster, Raw, error, obj
from crossfade.controller.events import Teller
from crossfade.controller.executor import World
from crossfade.controller.queue import KeyedQueue
from crossfade.controller.store import Store, watched_in
from crossfade.controller.templates import Place
from crossfade.controller.validity import AGAIN_S, Validity
from crossfade.controller.workers import Stale, Workers
from crossfade.core.check import Check, Checked

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
OWN, SHARED = Place("AnalysisTemplate", "ns", "limits"), Place("ClusterAnalysisTemplate", "", "limits")


def metric(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "prometheus": {"query": "up"}, "success": f"result < {name}", **more}


class Bench:
    """One template, and whoever checks it: `says` by text, None where nobody can say; of the rest that it is right."""

    def __init__(self, place: Place = OWN) -> None:
        self.place, self.cluster, self.store = place, FakeCluster(), Store(watched_in(None))
        self.says: dict[str, str | None] = {}
        self.wrote: list[tuple[str, str]] = []
        self.written = asyncio.Event()
        self.asked: list[Check] = []
        self.queued: list[Place] = []
        self.store.templates.listen(self.queued.append)
        self.fenced = False
        teller = Teller(self.cluster, "me", lambda: NOW, self.fence)
        world = World(self.cluster, teller, self.fence, self.note, checks=self.checks)
        self.look = Validity(self.store, world, lambda: NOW)

    def fence(self) -> None:
        if self.fenced:
            raise RuntimeError("somebody else may write now")

    def note(self, verb: str, kind: str) -> None:
        self.wrote.append((verb, kind))
        self.written.set()

    async def has_written(self) -> None:
        async with asyncio.timeout(5):
            await self.written.wait()
        self.written.clear()

    async def checks(self, asked: Collection[Check]) -> Checked:
        self.asked = list(asked)
        return {check: self.says.get(check.text, "") for check in asked}

    def put(self, *metrics: dict[str, Any], generation: int = 1, **spec: Any) -> None:
        made = {"generation": generation}
        raw = obj("limits", self.cluster.version + 1, metadata=made, spec={"metrics": list(metrics), **spec})
        raw["metadata"]["namespace"] = self.place.namespace
        if was := self.stored:
            raw["status"] = was.get("status")
        self.cluster.version += 1
        self.cluster.objects[self.place] = raw
        self.store.put(self.place.kind, raw)

    @property
    def stored(self) -> Raw | None:
        return self.cluster.objects.get(self.place)

    @property
    def told(self) -> dict[str, Any]:
        assert self.stored is not None
        (condition,) = self.stored["status"]["conditions"]
        return dict(condition)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize("place", [OWN, SHARED], ids=["of a namespace", "of the cluster"])
async def test_a_template_that_can_be_used_is_valid(place: Place) -> None:
    bench = Bench(place)
    bench.put(metric("a"), generation=3)
    assert await bench.look(place) is None
    assert bench.told == {
        "type": "Valid",
        "status": "True",
        "reason": "Checked",
        "message": "each expression and query can be used",
        "observedGeneration": 3,
        "lastTransitionTime": "2026-01-31T12:00:00.000Z",
    }
    assert bench.stored is not None
    assert bench.stored["status"]["observedGeneration"] == 3
    assert bench.wrote == [("Status", place.kind)]


async def test_what_is_wrong_is_told_with_its_metric_and_its_field_and_when_put_right_it_is_valid(
    bench: Bench,
) -> None:
    bench.says = {"result < a": "the condition is wrong at character 10: there is no a here"}
    bench.put(metric("a"), metric("b"))
    await bench.look(OWN)
    assert (bench.told["status"], bench.told["reason"]) == ("False", "AnalysisInvalid")
    assert bench.told["message"] == (
        "metric a, success: the condition is wrong at character 10: there is no a here"
    )
    bench.put(metric("b"), generation=2)
    await bench.look(OWN)
    assert (bench.told["status"], bench.told["observedGeneration"]) == ("True", 2)


async def test_of_many_wrong_texts_the_first_are_told_and_how_many_more_there_are(bench: Bench) -> None:
    bench.says = {f"result < {name}": "wrong " * 400 for name in "abcde"}
    bench.put(*map(metric, "abcde"))
    await bench.look(OWN)
    assert bench.told["message"].endswith("; and 2 more")
    assert len(bench.told["message"]) < 1200


async def test_what_stands_already_is_not_written_again_also_not_by_the_next_process(bench: Bench) -> None:
    bench.put(metric("a"))
    for _ in range(3):
        await bench.look(OWN)
    assert [method for method, _, _ in bench.cluster.writes] == ["STATUS"]
    assert bench.queued == [OWN, OWN], "by its coming, and by the answer to the write"


async def test_an_argument_with_a_default_is_checked_by_it_and_any_other_as_what_may_be_anything(
    bench: Bench,
) -> None:
    bench.put(metric("a"), arguments=[{"name": "most", "value": "0.1"}, {"name": "queue"}])
    await bench.look(OWN)
    assert (("most", "0.1"), ("queue", None)) in {check.arguments for check in bench.asked}


async def test_what_nobody_can_say_is_unknown_and_asked_again(bench: Bench) -> None:
    bench.says = {"result < a": None}
    bench.put(metric("a"))
    assert await bench.look(OWN) == AGAIN_S
    assert (bench.told["status"], bench.told["reason"]) == ("Unknown", "NotChecked")
    bench.says = {}
    assert await bench.look(OWN) is None
    assert bench.told["status"] == "True"


async def test_what_was_found_stays_so_while_nobody_can_say_it_anew(bench: Bench) -> None:
    bench.put(metric("a"))
    await bench.look(OWN)
    bench.says = {"result < a": None}
    assert await bench.look(OWN) == AGAIN_S
    assert bench.told["status"] == "True"
    bench.put(metric("a"), generation=2)
    await bench.look(OWN)
    assert bench.told["status"] == "Unknown", "of this form nobody has said anything"


async def test_a_status_that_somebody_else_broke_is_written_anew_and_the_template_goes_on(
    bench: Bench,
) -> None:
    bench.put(metric("a"))
    assert bench.stored is not None
    bench.stored["status"] = {"conditions": [{"type": "Valid", "status": "Perhaps"}], "observedGeneration": 1}
    bench.put(metric("a"))
    await bench.look(OWN)
    assert bench.told["status"] == "True"


async def test_a_condition_of_somebody_elses_stays(bench: Bench) -> None:
    bench.put(metric("a"))
    assert bench.stored is not None
    bench.stored["status"] = {"conditions": [{"type": "Reviewed", "status": "True"}]}
    bench.put(metric("a"))
    await bench.look(OWN)
    assert [each["type"] for each in bench.stored["status"]["conditions"]] == ["Valid", "Reviewed"]


async def test_a_template_that_changed_meanwhile_is_looked_at_again(bench: Bench) -> None:
    bench.put(metric("a"))
    bench.cluster.refuse("STATUS", "AnalysisTemplate", error(409, "Conflict"))
    with pytest.raises(Stale):
        await bench.look(OWN)
    await bench.look(OWN)
    assert bench.told["status"] == "True"


async def test_nothing_is_written_of_a_template_that_is_gone_or_going(bench: Bench) -> None:
    assert await bench.look(OWN) is None
    bench.put(metric("a"))
    assert bench.stored is not None
    bench.store.put("AnalysisTemplate", {**bench.stored, "metadata": _going(bench.stored)})
    assert await bench.look(OWN) is None
    assert bench.cluster.writes == []


def _going(raw: Raw) -> Raw:
    meta = dict(raw["metadata"])
    return {**meta, "resourceVersion": "999", "deletionTimestamp": "2026-01-31T12:00:00Z"}


async def test_a_template_that_comes_or_changes_is_looked_at_without_being_named(bench: Bench) -> None:
    workers = Workers(KeyedQueue[Place](), bench.look, metrics=None, count=1)
    bench.store.templates.listen(workers.add)
    bench.put(metric("a"))
    workers.start()
    await bench.has_written()
    bench.says = {"result < b": "wrong"}
    bench.put(metric("b"), generation=2)
    await bench.has_written()
    assert bench.told["status"] == "False"
    assert await workers.stop(within_s=5)
    assert [method for method, _, _ in bench.cluster.writes] == ["STATUS", "STATUS"]


async def test_who_has_lost_the_lease_writes_nothing(bench: Bench) -> None:
    bench.put(metric("a"))
    bench.fenced = True
    with pytest.raises(RuntimeError):
        await bench.look(OWN)
    assert bench.cluster.writes == []
