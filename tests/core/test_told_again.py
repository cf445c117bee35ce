"""What is asked again is told again: a Retry that ends the same way, and a Restart, which is no release."""

from datetime import timedelta

import pytest

from builders import V2, releasing_v2, serving_v1
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, until


def _failed_twice() -> Sim:
    sim = releasing_v2("bigBang", progressDeadlineSeconds=20)
    sim.broken = frozenset({V2})
    rest(sim)
    sim.act("Retry")
    return rest(sim)


def test_a_retry_with_the_same_end_is_told_with_its_own_number() -> None:
    sim = _failed_twice()
    notes = [e.note for e in sim.events if e.reason == "CandidateUnavailable"]
    assert [note.partition(": ")[0] for note in notes] == ["release 2", "release 3"]
    assert sim.status["failed"]["release"] == 3
    assert sim.status["message"].startswith(f"release 3 ({V2}) was taken back: 0 of 4 pods are available")


def test_on_its_way_back_the_message_names_the_release_too() -> None:
    sim = run(until(releasing_v2("bigBang"), lambda s: set(s.selected()) == {V2}), 8)
    sim.crash(sim.of(V2)[0])
    quiet(sim)
    assert sim.status["phase"] == "RollingBack"
    assert sim.status["message"].startswith(f"release 2 ({V2}) was taken back: 1 of 4 pods crashed")


def test_a_restart_is_recorded_with_its_reason_in_the_status_and_in_the_release_that_serves() -> None:
    sim = releasing_v2("bigBang", progressDeadlineSeconds=20)
    sim.broken = frozenset({V2})
    rest(sim)
    assert sim.status["phase"] == "RolledBack"
    name = sim.act("Restart", actor="ann", reason="it leaks")
    rest(sim)
    restarted = sim.status["restarted"]
    assert (restarted["actor"], restarted["action"], restarted["reason"]) == ("ann", name, "it leaks")
    [entry] = sim.releases["shop-1"]["status"]["actions"]
    assert (entry["action"], entry["actor"], entry["reason"]) == ("Restart", "ann", "it leaks")
    assert sim.releases["shop-2"]["status"]["actions"] == []
    assert sim.releases["shop-1"]["status"]["outcome"] == "Completed"


def test_a_restart_is_recorded_once_and_the_next_one_too() -> None:
    sim = serving_v1("rolling")
    for reason in ("it leaks", "again"):
        sim.act("Restart", reason=reason)
        rest(sim)
        sim.now += timedelta(minutes=1)
        rest(sim)
    entries = sim.releases["shop-1"]["status"]["actions"]
    assert [entry["reason"] for entry in entries] == ["it leaks", "again"]
    writes = len(sim.writes)
    rest(sim)
    assert len(sim.writes) == writes


@pytest.mark.parametrize("strategy", ["recreate", "rolling"])
def test_a_restart_cannot_be_paused_and_the_refusal_says_why(strategy: str) -> None:
    sim = serving_v1(strategy)
    sim.act("Restart")
    quiet(sim)
    name = sim.act("Pause")
    quiet(sim)
    answer = sim.actions[name]["status"]
    assert answer["state"] == "Refused"
    assert "a Restart cannot be paused: its Deployment replaces the pods" in answer["message"]
    assert not sim.status.get("pausedBy")
    rest(sim)
    name = sim.act("Pause")
    quiet(sim)
    assert sim.actions[name]["status"]["state"] == "Done"


def test_a_pause_at_rest_says_it_too_once_a_change_waits() -> None:
    sim = serving_v1("canary")
    sim.act("Pause", actor="ann", reason="lunch")
    quiet(sim)
    sim.set_image("shop:v2")
    quiet(sim)
    assert sim.status["message"] == f"{V2} waits: resume to release it (paused by ann: lunch)"


def test_a_pause_says_who_asked_and_why() -> None:
    sim = until(releasing_v2("canary"), phase("Progressing"))
    sim.act("Pause", actor="ann", reason="lunch")
    quiet(sim)
    assert "waits for a Resume (paused by ann: lunch)" in sim.status["message"]
    assert sim.status["pausedBy"]["reason"] == "lunch"
