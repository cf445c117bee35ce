"""`onFailure: Pause`, then a crash, then an abort: the crash stays the cause, and the abort is the act."""

from typing import Any

import pytest

from builders import V1, V2, V3, releasing_v2, routing_v2
from samples import every
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, stands_at, step, until
from simulation.shown import part_beside

MOVED = ["rolling", "blueGreen", "canary", "bigBang"]


def _frozen(strategy: str) -> Sim:
    sim = run(until(releasing_v2(strategy, onFailure="Pause"), lambda s: set(s.selected()) == {V2}), 8)
    sim.crash(sim.of(V2)[0])
    return until(sim, phase("Paused"))


@pytest.mark.parametrize("strategy", every(2, MOVED))
def test_the_failure_that_froze_it_is_told_with_its_release(strategy: str) -> None:
    sim = _frozen(strategy)
    failure = sim.status["progress"]["failure"]
    assert (failure["reason"], failure["release"], failure["revision"]) == ("CandidateCrashed", 2, V2)
    assert "release 2 failed: 1 of 4 pods crashed while it served" in sim.status["message"]
    [told] = [e.note for e in sim.events if e.reason == "ReleaseFrozen"]
    assert told.startswith("release 2: 1 of 4 pods crashed while it served")


@pytest.mark.parametrize("strategy", MOVED)
def test_an_abort_of_it_keeps_the_crash_as_the_cause_and_is_the_act(strategy: str) -> None:
    sim = _frozen(strategy)
    sim.tick(3600)
    name = sim.act("Abort", actor="ann", reason="not at night")
    at = sim.now
    quiet(sim)
    assert sim.status["phase"] == "RollingBack"
    assert "crashed while it served" in sim.status["message"]
    rest(sim)
    failed, record = sim.status["failed"], sim.releases["shop-2"]["status"]
    assert failed["reason"] == "CandidateCrashed"
    assert failed["at"] < failed["act"]["at"], "it was judged long before"
    assert failed["act"]["at"] == at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert (failed["act"]["actor"], failed["act"]["reason"]) == ("ann", "not at night")
    assert record["outcome"] == "RolledBack"
    assert record["why"].startswith("1 of 4 pods crashed while it served")
    [act] = record["actions"]
    assert (act["action"], act["actor"], act["name"], act["reason"]) == (
        "Abort",
        "ann",
        name,
        "not at night",
    )
    assert "exit code 42 (Error, 1 restart); Abort by ann: not at night. " in sim.status["message"]


def test_the_event_of_the_abort_is_the_aborts() -> None:
    sim = _frozen("bigBang")
    sim.act("Abort", actor="ann", reason="not at night")
    rest(sim)
    [told] = [e.note for e in sim.events if e.reason == "AbortedByUser"]
    assert told.startswith("release 2: aborted by ")
    assert told.endswith(" of ann: not at night")


def test_a_retry_forgives_it_so_that_a_later_abort_is_nothing_but_an_abort() -> None:
    sim = _frozen("bigBang")
    sim.act("Retry")
    quiet(sim)
    assert "failure" not in sim.status["progress"]
    sim.act("Abort", actor="ann", reason="too slow")
    rest(sim)
    assert sim.status["failed"]["reason"] == "AbortedByUser"
    assert sim.releases["shop-2"]["status"]["why"].endswith(" of ann: too slow")


def test_another_template_takes_over_from_what_failed_with_all_requests() -> None:
    sim = _frozen("bigBang")
    sim.set_image("shop:v3")
    seen: set[str] = set()
    for _ in range(60):
        step(sim)
        quiet(sim)
        seen |= set(sim.selected())
    assert V1 not in seen, "nobody goes by way of v1"
    assert sim.selected() == {V3: 4}


def test_while_it_is_paused_another_template_changes_nothing() -> None:
    sim = _frozen("bigBang")
    sim.edit(paused=True)
    sim.set_image("shop:v3")
    run(sim, 60)
    assert (set(sim.selected()), bool(sim.status["progress"]["frozen"])) == ({V2}, True)


@pytest.mark.parametrize("strategy", [{"bigBang": {}}, {"blueGreen": {"promote": "Manual"}}, {"rolling": {}}])
@pytest.mark.parametrize("routed", [False, True], ids=["by pods", "by a route"])
def test_an_edit_of_the_strategy_moves_nothing_of_what_is_frozen(
    strategy: dict[str, Any], routed: bool
) -> None:
    half = {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}
    sim = until((routing_v2 if routed else releasing_v2)(half, onFailure="Pause"), stands_at(0))
    sim.crash(sim.of(V2)[0])
    until(sim, lambda s: s.status["progress"].get("frozen"))
    run(sim, 10)
    before = sim.selected(), part_beside(sim), sim.desired(V1), sim.desired(V2)
    sim.edit(strategy=strategy)
    run(sim, 30)
    if routed and "rolling" in strategy:
        return  # it moves requests by pods: the route gets its numbers back
    assert (sim.selected(), part_beside(sim), sim.desired(V1), sim.desired(V2)) == before


def test_a_node_that_is_drained_in_the_bake_sends_nobody_back_where_failures_pause() -> None:
    sim = until(releasing_v2("bigBang", bakeSeconds=60, onFailure="Pause"), lambda s: s.selected() == {V2: 4})
    run(sim, 3)
    for pod in sim.of(V2):
        sim.change(pod, pod.evicted(sim.now))
    sim.broken = frozenset({V2})
    for _ in range(30):
        step(sim)
        quiet(sim)
        assert V1 not in sim.selected()
    assert sim.status["phase"] == "Paused"


def test_another_template_after_it_says_that_it_had_failed() -> None:
    sim = _frozen("bigBang")
    sim.set_image("shop:v3")
    rest(sim)
    record = sim.releases["shop-2"]["status"]
    assert record["outcome"] == "Superseded"
    assert (
        "the template changed before the release was complete; before that it failed: 1 of 4" in record["why"]
    )
