"""What policies rightly hold is read from the spec and from what they say, as their documents have it."""

from dataclasses import replace
from typing import Any

import pytest

from builders import V1, V2, releasing_v2, rollout
from crossfade.core.policy.matched import Matched
from simulation import admins
from simulation.canonical import canonical
from simulation.cluster import Sim
from simulation.ghost import Ghost
from simulation.held import before_all, before_point, in_force, waits
from simulation.live import quiet, rest, run
from simulation.worlds import STRATEGIES, TIMES


def spec_of(strategy: str, **more: Any) -> dict[str, Any]:
    return dict(rollout(STRATEGIES[strategy], **{"replicas": 2, **more})["spec"])


@pytest.mark.parametrize(
    ("strategy", "moments"),
    [
        ("recreate", ["", "Promote", ""]),
        ("rolling", ["Step", "Promote", "", ""]),
        ("blueGreen", ["", "", "Promote", ""]),
        ("canary", ["Step", "Promote", ""]),
        ("bigBang", ["", "Promote", ""]),
    ],
)
def test_each_point_has_its_moment(strategy: str, moments: list[str]) -> None:
    told = [before_point(spec_of(strategy), index, V2).moments for index in range(len(moments))]
    assert told == [frozenset({each} - {""}) for each in moments]


def test_a_batch_is_a_step_also_where_one_replica_is_wanted() -> None:
    due = before_point(spec_of("rolling", replicas=1), 0, V2)
    assert (due.moments, due.step) == ({"Step"}, 1)


def test_a_first_release_and_one_without_replicas_are_complete_with_their_beginning() -> None:
    for spec, first in ((spec_of("canary"), True), (spec_of("canary", replicas=0), False)):
        assert before_all(spec, V2, first=first).moments == {"Start", "Promote"}
    assert before_all(spec_of("canary"), V2, first=False).moments == {"Start", "Step"}


def held(*policies: Matched, ghost: Ghost | None = None) -> str:
    sim = releasing_v2(STRATEGIES["bigBang"], replicas=2, **TIMES)
    sim.policies = policies
    return waits(sim, ghost or Ghost(proved=(V1,)))


@pytest.mark.parametrize(
    "policy",
    [
        admins.FROZEN,
        admins.PAUSES,
        admins.ABORTS,
        admins.UNREADABLE,
        admins.BROKEN,
        admins.ASKS,
        admins.WAITS,
        admins.ONCE,
    ],
)
def test_a_release_waits_for_each_rule_that_holds_its_beginning(policy: Matched) -> None:
    assert held(policy).startswith("policy prod holds it: ")


@pytest.mark.parametrize(
    "policy", [admins.EMPTY, admins.NO_PROMOTE, admins.TURN, admins.WARNS, admins.SELDOM]
)
def test_what_is_not_closed_for_its_beginning_holds_it_not(policy: Matched) -> None:
    sim = releasing_v2(STRATEGIES["bigBang"], replicas=2, **TIMES)
    sim.tick(30)  # longer than the quota's interval
    sim.policies = (policy,)
    assert waits(sim, Ghost(proved=(V1,))) == ""


def test_what_has_proved_itself_is_held_by_nothing() -> None:
    assert held(admins.FROZEN, ghost=Ghost(proved=(V1, V2))) == ""


def test_a_policy_that_is_passed_is_in_force_again_when_that_ends() -> None:
    sim = releasing_v2(STRATEGIES["canary"], replicas=2, **TIMES)
    sim.policies = (admins.NO_PROMOTE,)
    quiet(sim)
    sim.act("Bypass", policy=admins.NAME, actor="ann", reason="now", expiresSeconds=2)
    quiet(sim)
    assert [*in_force(sim)] == []
    run(sim, 3)
    assert [*in_force(sim)] == [admins.NO_PROMOTE]


def test_clusters_with_different_policies_are_not_the_same_and_a_freeze_with_an_end_grows_older() -> None:
    free = rest(Sim(rollout(STRATEGIES["canary"], replicas=2, **TIMES)))
    frozen, alike, later = free.fork(), free.fork(), free.fork()
    for sim in (frozen, alike, later):
        sim.policies = (admins.frozen_for_a_while(free),)
    assert canonical(frozen) == canonical(alike) != canonical(free)
    other = free.fork()
    other.policies = (replace(admins.FROZEN, name="other"),)
    assert canonical(other) != canonical(frozen)
    later.tick(1)
    assert canonical(later) != canonical(frozen)
