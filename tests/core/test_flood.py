"""Thousands of actions on one Rollout: an Abort goes first, what is too much is refused at once, and a pass stays small."""

from datetime import timedelta
from typing import Any

import pytest

from builders import V1, releasing_v2, serving_v1
from crossfade.core.flood import AT_ONCE, LOOKED_AT, REFUSAL
from crossfade.core.records import MANY
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, stands_at, until
from simulation.passes import decided, reconcile

MANUAL = {"canary": {"steps": [{"weight": 25, "pause": "Manual"}, {"weight": 50, "pause": "Manual"}]}}
FLOOD = 300


def waiting() -> Sim:
    return until(releasing_v2(MANUAL), stands_at(0))


def answers(sim: Sim, names: list[str]) -> list[dict[str, Any]]:
    return [sim.actions[name].get("status", {}) for name in names]


def flooded(sim: Sim, action: str = "Pause", number: int = FLOOD) -> list[str]:
    return [sim.act(action) for _ in range(number)]


@pytest.mark.parametrize("action", ["Promote", "Pause", "Retry", "Undo", "Restart"])
def test_an_abort_is_answered_by_the_next_pass_although_hundreds_were_asked_for_before(action: str) -> None:
    sim = waiting()
    flooded(sim, action)
    abort = sim.act("Abort", now=True)
    reconcile(sim)
    assert sim.actions[abort]["status"]["state"] == "Done"
    assert sim.selected() == {V1: len(sim.of(V1))}
    rest(sim)
    assert (sim.status["phase"], sim.selected()) == ("RolledBack", {V1: 4})


@pytest.mark.parametrize("action", ["Pause", "Abort", "Promote", "Skip"])
def test_a_pass_writes_a_bounded_number_of_times_however_many_are_asked_for(action: str) -> None:
    sim = waiting()
    flooded(sim, action)
    while any(not answer for answer in answers(sim, list(sim.actions))):
        assert len(decided(sim).writes) <= AT_ONCE + 10
        reconcile(sim)


def test_what_is_too_much_is_refused_in_bulk_and_the_others_are_answered_as_ever() -> None:
    sim = waiting()
    names = flooded(sim)
    passes = 0
    while any(not answer for answer in answers(sim, names)):
        reconcile(sim)
        passes += 1
    refused = [answer["message"] == REFUSAL for answer in answers(sim, names)]
    assert refused.count(False) >= LOOKED_AT
    assert refused.count(True) > FLOOD / 2
    assert passes < FLOOD / AT_ONCE + 2 * LOOKED_AT


def test_three_hundred_aborts_are_all_done_and_none_is_refused_for_being_too_many() -> None:
    sim = waiting()
    names = flooded(sim, "Abort")
    quiet(sim)
    assert {answer["state"] for answer in answers(sim, names)} == {"Done"}
    rest(sim)
    assert (sim.status["phase"], sim.selected()) == ("RolledBack", {V1: 4})


def test_the_flood_is_told_once_in_words_that_stay_the_same() -> None:
    sim = waiting()
    flooded(sim)
    notes = {
        event.note for _ in range(8) for event in reconcile(sim).events if event.note.startswith("more than")
    }
    assert len(notes) == 1


def test_as_many_as_are_looked_at_are_each_answered_for_themselves() -> None:
    sim = waiting()
    names = [sim.act("Promote", revision="aaa") for _ in range(LOOKED_AT)]
    quiet(sim)
    assert {answer["message"] for answer in answers(sim, names)}.isdisjoint({REFUSAL})


@pytest.mark.parametrize("action", ["Promote", "PromoteFull", "Skip", "Retry", "Undo", "Resume", "Restart"])
def test_what_was_asked_before_an_abort_and_leads_forward_is_refused_after_it(action: str) -> None:
    sim = waiting()
    before = sim.act(action)
    run_on = sim.act("Abort")
    quiet(sim)
    assert sim.actions[run_on]["status"]["state"] == "Done"
    assert sim.actions[before]["status"]["message"].startswith(
        f"{run_on}, an Abort that was made after it, went first"
    )
    assert rest(sim).status["phase"] == "RolledBack"


def test_a_retry_that_was_asked_before_an_abort_begins_nothing_although_nothing_was_under_way() -> None:
    sim = waiting()
    sim.act("Abort")
    rest(sim)
    retry, abort = sim.act("Retry"), sim.act("Abort")
    quiet(sim)
    assert [sim.actions[name]["status"]["state"] for name in (abort, retry)] == ["Refused", "Refused"]
    assert sim.status["phase"] == "RolledBack"


def test_a_retry_after_an_answered_abort_of_the_same_second_is_done() -> None:
    sim = waiting()
    sim.act("Abort")
    quiet(sim)
    retry = sim.act("Retry")
    sim.actions[retry]["metadata"]["creationTimestamp"] = next(iter(sim.actions.values()))["metadata"][
        "creationTimestamp"
    ]
    rest(sim)
    assert "went first" not in sim.actions[retry]["status"]["message"]


def test_of_many_answered_ones_the_newest_are_kept_a_day_and_the_others_until_they_were_read() -> None:
    sim = serving_v1(MANUAL)
    flooded(sim, "Promote", MANY + 60)
    quiet(sim)
    assert len(sim.actions) == MANY + 60
    while len(sim.actions) > MANY:
        before = len(sim.actions)
        run(sim, 61)
        assert before - len(sim.actions) <= MANY + 60
    assert len(sim.actions) == MANY
    assert reconcile(sim).writes == ()


def test_a_day_later_they_go_a_few_in_a_pass() -> None:
    sim = serving_v1(MANUAL)
    flooded(sim, "Promote", MANY - 50)
    quiet(sim)
    sim.tick(timedelta(days=1).total_seconds())
    while sim.actions:
        assert 0 < len(decided(sim).writes) <= AT_ONCE
        reconcile(sim)
