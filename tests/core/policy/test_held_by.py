"""Which policies held a release, and how long, is in its Rollout's status and then in its record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from builders import V1, releasing_v2
from core.policy.test_holds import frozen, policy, under
from crossfade.core.policy.matched import Matched
from simulation.cluster import Sim
from simulation.live import phase, rest, run, until

APPROVAL = {"name": "leads", "before": "Promote", "count": 1}


def held_by(sim: Sim) -> list[tuple[str, str, bool]]:
    """Policy and rule of each hold in the Rollout's status, and whether it is over."""
    return [(h["policy"], h["rule"], "until" in h) for h in sim.status.get("heldBy", [])]


def recorded(sim: Sim, number: int = 2) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sim.releases[f"shop-{number}"]["status"].get("heldBy", [])
    return found


def asking() -> Matched:
    return policy("prod", approvals=[APPROVAL])


def seconds(hold: dict[str, Any]) -> float:
    return (datetime.fromisoformat(hold["until"]) - datetime.fromisoformat(hold["since"])).total_seconds()


def test_while_a_policy_holds_the_status_says_which_one_by_which_rule() -> None:
    sim = run(under(releasing_v2("bigBang"), frozen()), 10)
    assert held_by(sim) == [("prod", "freeze", False)]


def test_the_record_says_which_policy_held_the_beginning_and_how_long() -> None:
    sim = run(under(releasing_v2("bigBang"), frozen()), 60)
    rest(under(sim))
    [hold] = recorded(sim)
    assert (hold["policy"], hold["rule"]) == ("prod", "freeze")
    assert 55 <= seconds(hold) <= 65
    assert held_by(sim) == [("prod", "freeze", True)]


def test_the_record_says_which_policy_held_a_stage() -> None:
    sim = until(under(releasing_v2("bigBang"), asking()), phase("Waiting"))
    run(sim, 30)
    rest(under(sim))
    [hold] = recorded(sim)
    assert (hold["policy"], hold["rule"]) == ("prod", "approvals")
    assert 25 <= seconds(hold) <= 40


def test_every_policy_that_holds_is_told() -> None:
    sim = run(under(releasing_v2("bigBang"), frozen(), policy("quiet", freeze={"reason": "night"})), 10)
    assert held_by(sim) == [("prod", "freeze", False), ("quiet", "freeze", False)]


def test_a_release_that_nothing_held_says_so() -> None:
    assert recorded(rest(under(releasing_v2("bigBang"), policy("prod")))) == []


def test_what_held_one_release_is_not_told_of_the_next() -> None:
    sim = rest(under(run(under(releasing_v2("bigBang"), frozen()), 10)))
    sim.set_image("shop:v3")
    rest(sim)
    assert len(recorded(sim)) == 1
    assert recorded(sim, 3) == []


def test_what_held_a_change_that_was_taken_back_is_not_told_of_the_next() -> None:
    sim = run(under(releasing_v2("bigBang"), frozen()), 10)
    sim.set_image("shop:v1")
    rest(sim)
    assert held_by(sim) == []
    sim.set_image("shop:v3")
    rest(under(sim))
    assert recorded(sim) == []


def test_an_abort_ends_the_hold() -> None:
    sim = until(under(releasing_v2("bigBang"), asking()), phase("Waiting"))
    sim.act("Abort")
    rest(sim)
    assert sim.selected() == {V1: 4}
    [hold] = recorded(sim)
    assert hold["until"]


def test_a_policy_that_cannot_be_read_is_told_by_its_name() -> None:
    sim = run(under(releasing_v2("bigBang"), Matched("odd", problem="spec.steps: not a number")), 10)
    assert held_by(sim) == [("odd", "spec", False)]


def test_a_pause_is_no_hold_of_a_policy() -> None:
    sim = releasing_v2("bigBang")
    sim.edit(paused=True)
    assert held_by(run(under(sim, frozen()), 10)) == []
