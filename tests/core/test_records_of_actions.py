"""The record says who asked for what: also where the asking came a moment before the release that it caused."""

from builders import V1, V2, releasing_v2
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, until


def _actions(sim: Sim, number: int) -> list[str]:
    return [entry["action"] for entry in sim.releases[f"shop-{number}"]["status"].get("actions", [])]


def test_an_undo_is_the_first_entry_of_the_release_that_it_caused() -> None:
    sim = rest(releasing_v2("bigBang"))
    sim.act("Undo", reason="checkout is slow")
    rest(sim)
    assert sim.selected() == {V1: 4}
    assert _actions(sim, 3) == ["Undo"]


def test_an_abort_is_kept_in_the_release_that_it_ended_only() -> None:
    sim = run(until(releasing_v2("canary"), phase("Progressing")), 2)
    sim.act("Abort")
    rest(sim)
    sim.set_image("shop:v3")
    rest(sim)
    assert _actions(sim, 2) == ["Abort"]
    assert _actions(sim, 3) == []


def test_an_undo_to_another_revision_is_refused_while_a_release_is_under_way() -> None:
    sim = until(releasing_v2("canary"), lambda s: s.status.get("progress"))
    name = sim.act("Undo", revision=V2)
    quiet(sim)
    assert sim.actions[name]["status"]["state"] == "Refused"
    assert "Abort it first" in sim.actions[name]["status"]["message"]


def test_a_record_says_who_asked_and_an_action_without_an_actor_leaves_that_open() -> None:
    sim = run(until(releasing_v2("canary"), phase("Progressing")), 2)
    sim.act("Pause", actor="ann")
    quiet(sim)
    assert sim.status["pausedBy"]["actor"] == "ann"
    assert "a Resume (paused by ann)" in sim.status["message"]
    run(sim, 2)
    sim.act("Resume")
    run(sim, 2)
    sim.act("Abort", actor="ben", reason="checkout is slow")
    rest(sim)
    record = sim.releases["shop-2"]["status"]
    assert [(each["action"], each.get("actor")) for each in record["actions"]] == [
        ("Pause", "ann"),
        ("Resume", None),
        ("Abort", "ben"),
    ]
    assert " of ben: checkout is slow" in record["why"]
