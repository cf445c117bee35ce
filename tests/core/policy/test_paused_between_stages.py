"""A window or freeze with `inFlight: Pause` stops an exchange of pods where it is: each pod is a share of the requests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import V1, V2, releasing_v2
from crossfade.api.policy import RolloutPolicySpec
from crossfade.core.moments import later, text_of
from crossfade.core.policy.matched import Closed, Matched
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, until

ROLL = {"rolling": {"maxSurge": 1, "maxUnavailable": 0}}
HALF = {"canary": {"steps": [{"weight": 50, "pauseSeconds": 60}]}}


def policy(**spec: Any) -> Matched:
    return Matched("prod", RolloutPolicySpec.model_validate(spec))


def frozen(in_flight: str = "Pause", mode: str = "Enforce", **more: Any) -> Matched:
    return policy(freeze={"reason": "incident", "inFlight": in_flight, **more}, enforcement=mode)


WEEKEND = replace(policy(), closed=(Closed("weekend", frozenset({"Start"}), "Pause"),))


def with_one_pod(strategy: Any = ROLL, **spec: Any) -> Sim:
    """One pod of v2 serves, and the next ones are on their way."""
    sim = releasing_v2(strategy, **{"minReadySeconds": 10, **spec})
    return until(sim, lambda each: each.selected().get(V2) == 1)


def under(sim: Sim, *by: Matched, seconds: float = 120) -> Sim:
    sim.policies = by
    return run(sim, seconds)


@pytest.mark.parametrize("by", [frozen(), WEEKEND])
@pytest.mark.parametrize("strategy", [ROLL, HALF])
def test_no_pod_is_exchanged_while_it_pauses_and_it_goes_on_once_that_ends(
    by: Matched, strategy: dict[str, Any]
) -> None:
    sim = with_one_pod(strategy)
    shared = sim.selected()
    under(sim, by)
    assert (phase("Waiting")(sim), sim.selected()) == (True, shared)
    assert "stage 1 of 3" in sim.status["message"]
    assert " waits for policy prod, rule " in sim.status["message"]
    assert [each["policy"] for each in sim.status["heldBy"]] == ["prod"]
    assert rest(under(sim)).status["stable"]["revision"] == V2


def test_it_writes_nothing_meanwhile_and_is_never_late() -> None:
    sim = under(with_one_pod(progressDeadlineSeconds=60), frozen())
    before = len(sim.writes)
    run(sim, 600)
    assert (len(sim.writes), phase("Waiting")(sim)) == (before, True)
    under(sim, seconds=5)
    assert phase("Progressing")(sim)


def test_a_pause_with_an_end_goes_on_then_by_itself() -> None:
    sim = with_one_pod()
    under(sim, frozen(until=later(text_of(sim.now), 60)), seconds=50)
    assert sim.selected()[V2] == 1
    rest(run(sim, 60))
    assert sim.status["stable"]["revision"] == V2


@pytest.mark.parametrize("by", [frozen("Continue"), frozen(mode="Warn")])
def test_what_does_not_pause_lets_it_come_to_its_stage(by: Matched) -> None:
    assert rest(under(with_one_pod(), by)).status["stable"]["revision"] == V2


def test_the_way_back_is_not_paused() -> None:
    sim = under(with_one_pod(), frozen())
    sim.act("Abort")
    rest(sim)
    assert (phase("RolledBack")(sim), sim.selected()) == (True, {V1: 4})


def test_a_failure_is_taken_back_while_it_pauses() -> None:
    sim = under(with_one_pod(), frozen())
    sim.crash(sim.of(V2)[0])
    rest(sim)
    assert (phase("RolledBack")(sim), sim.selected()) == (True, {V1: 4})


def test_a_return_to_what_has_proved_itself_is_not_paused() -> None:
    sim = rest(releasing_v2(ROLL))
    sim.set_image("shop:v1")
    until(sim, lambda each: each.selected().get(V1))
    assert rest(under(sim, frozen())).status["stable"]["revision"] == V1


def test_more_replicas_come_while_it_pauses_and_fewer_wait() -> None:
    sim = under(with_one_pod(), frozen())
    sim.scale(6)
    run(sim, 30)
    assert sim.selected() == {V1: 5, V2: 1}
    sim.scale(2)
    run(sim, 30)
    assert sim.selected() == {V1: 5, V2: 1}


def test_a_bypass_lets_it_go_on() -> None:
    sim = under(with_one_pod(), frozen())
    sim.act("Bypass", policy="prod", actor="ann", reason="now", expiresSeconds=600)
    assert rest(sim).status["stable"]["revision"] == V2


@pytest.mark.parametrize("by", [frozen(), WEEKEND])
@pytest.mark.parametrize("strategy", [ROLL, HALF])
def test_a_failure_that_is_due_as_it_closes_is_rolled_back_in_that_very_pass(
    by: Matched, strategy: dict[str, Any]
) -> None:
    sim = releasing_v2(strategy, progressDeadlineSeconds=60)
    sim.broken = frozenset({V2})
    until(sim, lambda each: (each.status.get("progress") or {}).get("shortSince"))
    run(sim, 59)
    assert phase("Progressing")(sim)
    sim.tick(60)
    sim.policies = (by,)
    quiet(sim)
    assert (sim.status["failed"]["revision"], sim.status["failed"]["reason"]) == (V2, "CandidateUnavailable")
