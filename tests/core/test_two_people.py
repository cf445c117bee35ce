"""Two people act at once: one of them lets a stage pass, and the other opens no further one."""

from __future__ import annotations

from typing import Any

import pytest

from builders import V2, releasing_v2
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, stands_at, until

STEPS = {"canary": {"steps": [{"weight": weight, "pause": "Manual"} for weight in (25, 50, 75)]}}


def state(sim: Sim, name: str) -> dict[str, Any]:
    status: dict[str, Any] = sim.actions[name]["status"]
    return status


def test_a_promote_where_nobody_is_awaited_says_so() -> None:
    step = {"weight": 50, "pauseSeconds": 600}
    for strategy, told in (({"canary": {"steps": [step]}}, True), (STEPS, False)):
        sim = until(releasing_v2(strategy), stands_at(0))
        name = sim.act("Promote")
        quiet(sim)
        message = state(sim, name)["message"]
        assert ("No person is awaited there: without a Promote it passes by itself" in message) is told


@pytest.mark.parametrize("action", ["Promote", "Skip"])
def test_of_two_who_promote_the_same_stage_the_second_opens_no_further_one(action: str) -> None:
    sim = until(releasing_v2(STEPS), stands_at(0))
    first, second = sim.act(action), sim.act(action)
    until(sim, stands_at(1))
    run(sim, 30)
    assert state(sim, first)["state"] == "Done"
    assert sim.status["stage"] == "2/5", state(sim, second)


@pytest.mark.parametrize("after_s", [1, 2, 3])
@pytest.mark.parametrize("action", ["Promote", "Skip"])
def test_one_who_saw_the_stage_before_opens_no_further_one(action: str, after_s: int) -> None:
    sim = until(releasing_v2(STEPS), stands_at(0))
    sim.act("Promote", step=1)
    run(sim, after_s)
    late = sim.act(action, step=1)
    run(sim, 30)
    assert sim.status["stage"] == "2/5"
    assert "it is meant for stage 1, and stage 2 of 5 (50 %) waits now" in state(sim, late)["message"]


def test_one_that_names_no_stage_and_was_made_before_it_began_is_refused() -> None:
    sim = until(releasing_v2(STEPS), stands_at(0))
    old = sim.act("Promote")
    written = sim.actions.pop(old)
    sim.act("Promote")
    until(sim, stands_at(1))
    run(sim, 5)
    sim.actions[old] = written  # a watch that was late
    quiet(sim)
    assert state(sim, old)["state"] == "Refused"
    assert state(sim, old)["message"].startswith("it was made before that stage began")


def test_one_that_names_the_stage_that_waits_by_its_name_is_carried_out() -> None:
    sim = until(releasing_v2(STEPS), stands_at(0))
    for name in ("25 %", "50 %", "75 %"):
        sim.act("Promote", step=name)
        run(sim, 20)
    assert rest(sim).selected() == {V2: 4}


@pytest.mark.parametrize("pair", [("Pause", "Resume"), ("Resume", "Pause")])
def test_the_last_of_a_pause_and_a_resume_within_one_second_counts(pair: tuple[str, str]) -> None:
    sim = until(releasing_v2(STEPS), stands_at(0))
    if pair[0] == "Resume":
        sim.act("Pause")
        quiet(sim)
    for action, name in zip(pair, ("z-first", "a-second"), strict=True):
        made = sim.actions.pop(sim.act(action))
        sim.actions[name] = {**made, "metadata": {**made["metadata"], "name": name}}
    quiet(sim)
    assert bool(sim.status.get("pausedBy")) == (pair[1] == "Pause")
