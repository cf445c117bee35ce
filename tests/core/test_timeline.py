"""The timeline: an entry per stage and one for the way back, in the Rollout first, in its Release when it matters."""

import pytest

from builders import STRATEGIES, releasing_v2
from samples import every
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, stands_at, until

MANUAL = {"canary": {"steps": [{"weight": 25, "pauseSeconds": 5}, {"weight": 50, "pause": "Manual"}]}}


def _notes(sim: Sim) -> list[str]:
    return [entry["note"] for entry in sim.releases["shop-2"].get("status", {}).get("timeline", [])]


def test_a_release_that_ended_has_every_stage_with_its_weight_and_start() -> None:
    sim = rest(releasing_v2("canary"))
    timeline = sim.releases["shop-2"]["status"]["timeline"]
    assert [(e["note"], e["weight"]) for e in timeline] == [("25 %", 25), ("50 %", 50), ("bake", 100)]
    assert [e["at"] for e in timeline] == sorted(e["at"] for e in timeline)
    assert sim.releases["shop-2"]["status"]["startedAt"] == timeline[0]["at"]


@pytest.mark.parametrize("strategy", every(3, STRATEGIES))
def test_a_release_under_way_is_not_written_at_every_stage(strategy: str) -> None:
    sim = rest(releasing_v2(strategy))
    written = [w for w in sim.writes if w.kind == "Release" and w.name == "shop-2"]
    assert [w.verb for w in written] == ["Create", "Status"]


def test_a_release_that_waits_for_a_person_tells_so_far_and_then_rests() -> None:
    sim = until(releasing_v2(MANUAL), stands_at(1))
    assert _notes(sim) == ["25 %", "50 %"]
    before = len(sim.writes)
    run(sim, 60)
    assert len(sim.writes) == before


def test_the_way_back_is_the_last_entry() -> None:
    sim = until(releasing_v2("canary"), stands_at(0))
    sim.act("Abort")
    rest(sim)
    assert _notes(sim) == ["25 %", "back: AbortedByUser"]


def test_an_edited_strategy_is_an_entry() -> None:
    sim = until(releasing_v2(MANUAL), stands_at(1))
    sim.edit(strategy={"bigBang": {}})
    quiet(sim)
    assert "strategy edited: get ready" in [entry["note"] for entry in sim.status["timeline"]]
