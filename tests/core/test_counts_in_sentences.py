"""No sentence counts more than is wanted: `3 of 2 pods` tells nobody what is missing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from builders import STRATEGIES, V1, V2, releasing_v2
from crossfade.api.rollout import Rollout
from crossfade.core import stepper
from crossfade.core.goal import Goal
from crossfade.core.observed import Found
from crossfade.core.situation import Situation
from crossfade.core.stages import Exchange
from samples import every
from simulation.cluster import Sim
from simulation.live import step, until
from simulation.passes import carry_out, decided
from simulation.sight import observed, shell_of
from simulation.viewed import view

COUNTS = re.compile(r"(\d+) of (\d+) (?:pods|old pods)")


def _told(sim: Sim) -> Iterator[str]:
    progress = sim.status.get("progress") or {}
    yield from (sim.status["message"], progress.get("waitingFor", ""))
    yield from (entry.get("note", "") for entry in sim.status.get("timeline", []))


def _follow(sim: Sim, seconds: int) -> None:
    """Each status that is stored, with what comes late coming late."""
    sim.instant = False
    for turn in range(2 * seconds):
        for _ in range(3):
            carry_out(sim, decided(sim))
            for text in _told(sim):
                assert all(int(have) <= int(of) for have, of in COUNTS.findall(text)), text
        step(sim, 0.5)
        for name in [*sim.deployments][:: 1 if turn % 3 else -1]:
            sim.sync_status(name)
            carry_out(sim, decided(sim))
        if turn % 2:
            for name in sim.services:
                sim.sync_endpoints(name)


@pytest.mark.parametrize(
    ("strategy", "spec"),
    every(2, STRATEGIES, [{}, {"minReadySeconds": 3}, {"replicas": 3, "minReadySeconds": 2}]),
)
def test_none_does_on_the_way_nor_on_the_way_back(strategy: str, spec: dict[str, Any]) -> None:
    sim = releasing_v2(strategy, **spec)
    _follow(sim, 20)
    sim.act("Abort")
    _follow(sim, 12)


@pytest.mark.parametrize("scaled", [2, 6])
def test_none_does_while_it_is_scaled(scaled: int) -> None:
    sim = until(releasing_v2("canary"), lambda s: s.status.get("progress"))
    _follow(sim, 3)
    sim.scale(scaled)
    _follow(sim, 20)


@pytest.mark.parametrize(
    ("order", "enough", "words"),
    [
        (None, 5, "4 of 5 pods of stable to be available"),
        (None, 2, "the pods of stable to be counted anew"),
        (Exchange(1), 2, "pods that are to get no requests to go"),
    ],
)
def test_what_is_awaited_before_requests_move_counts_no_pods_beyond_those_that_are_enough(
    order: Exchange | None, enough: int, words: str
) -> None:

    sim = until(releasing_v2("canary"), lambda s: s.status.get("progress"))
    rollout = Rollout.model_validate(view(sim, "Rollout", ""))
    assert rollout.status is not None
    s = Situation(rollout, observed(sim, Found(), shell_of(sim)), sim.now, rollout.status)
    goal = Goal({V1: 4, V2: 1}, {V1: 100}, enough=enough, **({"order": order} if order else {}))  # type: ignore[arg-type]
    assert stepper._Stepper(goal, s)._enough_of(V1) == words
