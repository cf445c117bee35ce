"""Scaled to nothing in the middle of a release and back: old counts lead nobody astray, and what crashes goes back."""

from typing import Any

import pytest

from builders import STRATEGIES, V1, V2, releasing_v2
from samples import every
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, until
from simulation.passes import decided

ALONE = ["blueGreen", "canary", "bigBang"]
BOTH = frozenset({V1, V2})
HALF = {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}


def _serves_alone(strategy: str, **spec: Any) -> Sim:
    return until(releasing_v2(strategy, **spec), lambda s: set(s.selected()) == {V2})


def _bounced(sim: Sim, *, behind: frozenset[str] = frozenset()) -> Sim:
    """To nothing and back, so fast that no pod has been told to go yet; `behind`: what the ReplicaSets are to see later."""
    sim.behind = behind
    for replicas in (0, 4):
        sim.scale(replicas)
        quiet(sim)
    return sim


def _made_anew(sim: Sim) -> None:
    """The ReplicaSets follow late: all pods go, and one of stable is ready before any other."""
    for pod in sim.pods:
        sim.change(pod, pod.but(ready=False, leaving=True))
    sim.controllers()
    sim.behind = frozenset()
    first = next(pod for pod in sim.of(V1) if not pod.leaving)
    sim.change(first, first.up(sim.now))
    quiet(sim)


def _outcomes(sim: Sim) -> list[str]:
    return [each["status"]["outcome"] for each in sim.releases.values()]


@pytest.mark.parametrize("strategy", ALONE)
def test_pods_that_are_about_to_go_do_not_count(strategy: str) -> None:
    sim = _bounced(_serves_alone(strategy), behind=BOTH)
    _made_anew(sim)
    assert rest(sim).selected() == {V2: 4}
    assert _outcomes(sim) == ["Completed", "Completed"]


@pytest.mark.parametrize("strategy", every(2, ALONE))
def test_nor_do_they_the_second_time(strategy: str) -> None:
    sim = _bounced(_serves_alone(strategy), behind=BOTH)
    _made_anew(sim)
    run(sim, 8)
    _bounced(sim, behind=BOTH)
    run(sim, 4)
    _made_anew(sim)
    assert rest(sim).selected() == {V2: 4}
    assert _outcomes(sim) == ["Completed", "Completed"]


@pytest.mark.parametrize("strategy", ALONE)
@pytest.mark.parametrize("zero_s", [1, 12])
def test_a_candidate_that_crashes_soon_afterwards_goes_back_at_once(strategy: str, zero_s: int) -> None:
    sim = _serves_alone(strategy)
    sim.scale(0)
    run(sim, zero_s)
    sim.scale(4)
    run(sim, 4)
    sim.broken = frozenset({V2})
    for pod in sim.of(V2):
        sim.crash(pod, ready=False)
    until(sim, lambda s: set(s.selected()) == {V1}, limit_s=3)
    assert sim.status["failed"]["reason"] == "CandidateCrashed"


@pytest.mark.parametrize("strategy", ALONE)
def test_nothing_ready_fails_it_again_once_it_has_stood(strategy: str) -> None:
    sim = until(
        _bounced(_serves_alone(strategy, bakeSeconds=60)), lambda s: s.status["progress"].get("reachedAt")
    )
    for pod in sim.of(V2):
        sim.change(pod, pod.but(ready=False))
    quiet(sim)
    assert set(sim.selected()) == {V1}


@pytest.mark.parametrize("strategy", [*STRATEGIES, HALF], ids=str)
@pytest.mark.parametrize("halted", [{"paused": True}, {"onFailure": "Pause"}], ids=str)
def test_paused_or_frozen_time_alone_writes_nothing(strategy: Any, halted: dict[str, Any]) -> None:
    sim = run(releasing_v2(strategy, **halted | {"paused": False}), 12)
    if "paused" in halted:
        sim.edit(paused=True)
    else:
        for pod in sim.of(V2):
            sim.crash(pod)
    rest(_bounced(sim))
    sim.tick(24 * 3600)
    assert decided(sim).writes == ()


def test_paused_in_the_bake_both_sides_come_back_and_a_crash_leads_back() -> None:
    sim = _serves_alone("bigBang", bakeSeconds=60)
    sim.edit(paused=True)
    quiet(sim)
    sim.scale(0)
    run(sim, 3)
    sim.scale(4)
    run(sim, 20)
    assert {sim.desired(V1), sim.desired(V2)} == {4}
    sim.broken = frozenset({V2})
    for pod in sim.of(V2):
        sim.crash(pod, ready=False)
    until(sim, lambda s: set(s.selected()) == {V1}, limit_s=3)


@pytest.mark.parametrize(("strategy", "seconds"), every(5, STRATEGIES, range(6)))
def test_no_pod_stays_where_none_are_wanted_whenever_that_is(strategy: str, seconds: int) -> None:
    sim = run(releasing_v2(strategy), seconds)
    sim.scale(0)
    rest(sim)
    assert not [pod for pod in sim.pods if pod.revision]


@pytest.mark.parametrize("strategy", every(3, STRATEGIES))
def test_what_serves_is_told_as_available_as_soon_as_it_is(strategy: str) -> None:
    sim = _serves_alone(strategy, bakeSeconds=60)
    sim.scale(0)
    run(sim, 2)
    sim.scale(4)
    until(sim, lambda s: sum(p.ready for p in s.of(V2)) == 4, limit_s=8)
    quiet(sim)
    assert {c["type"]: c["status"] for c in sim.status["conditions"]}["Available"] == "True"
