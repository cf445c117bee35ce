"""Without a failure as many ready pods serve at each moment as the strategy leaves, also while a release is given up."""

from collections.abc import Callable
from typing import Any

import pytest

from builders import V1, V2, V3, releasing_v2, rollout
from samples import every
from simulation.cluster import Sim
from simulation.live import quiet, run, settled, stands_at, step, until
from simulation.passes import carry_out, decided

SMALL = {"maxSurge": 1, "maxUnavailable": 0}
ROLLING: dict[str, dict[str, Any]] = {
    "surge": {"rolling": {**SMALL, "batches": [{"replicas": "75%", "pause": "Manual"}]}},
    "one may be missing": {
        "rolling": {"maxSurge": 0, "maxUnavailable": 1, "batches": [{"replicas": "75%", "pause": "Manual"}]}
    },
    "a quarter may be missing": {
        "rolling": {
            "maxSurge": 1,
            "maxUnavailable": "25%",
            "batches": [{"replicas": "75%", "pause": "Manual"}],
        }
    },
}
CANARY = {"canary": {"steps": [{"weight": 75, "pause": "Manual"}]}}
ALL = {**ROLLING, "canary": CANARY}
OTHER = {"blueGreen": {}}

WAYS: dict[str, Callable[[Sim], object]] = {
    "superseded": lambda sim: sim.set_image("shop:v3"),
    "cancelled": lambda sim: sim.set_image("shop:v1"),
    "aborted": lambda sim: sim.act("Abort"),
    "edited": lambda sim: sim.edit(strategy=OTHER),
    "edited back": lambda sim: sim.edit(strategy={"canary": {"steps": [{"weight": 1, "pause": "Manual"}]}}),
}


def may_be_missing(sim: Sim) -> int:
    """What the strategy of the spec says, worked out here from its numbers."""
    rolling = sim.rollout["spec"]["strategy"].get("rolling")
    n = sim.rollout["spec"]["replicas"]
    if rolling is None:
        return 0
    asked = rolling["maxUnavailable"]
    return min(n, int(n * int(asked.rstrip("%")) / 100) if isinstance(asked, str) else asked)


def least_that_serve(sim: Sim, seconds: int) -> int:
    """How many ready pods production selects at the worst moment, seen after each write and each step of the world.

    Counted from what may be missing by the spec: 0 where just so many serve, below it where too few do.
    """
    least = [0]

    def note() -> None:
        floor = sim.rollout["spec"]["replicas"] - may_be_missing(sim)
        least.append(sum(sim.selected().values()) - floor)

    last = None
    for _ in range(seconds):
        last = settled(sim, last, judged=lambda *_: note())
        step(sim)
        note()
    return min(least)


@pytest.mark.parametrize(("strategy", "replicas", "way"), every(7, ALL, [1, 2, 20], WAYS))
def test_a_healthy_candidate_that_is_given_up_takes_no_capacity_with_it(
    strategy: str, replicas: int, way: str
) -> None:
    sim = until(releasing_v2(ALL[strategy], replicas=replicas), stands_at(0))
    WAYS[way](sim)
    assert least_that_serve(sim, 40) == 0
    if not way.startswith("edited"):
        assert (V3 if way == "superseded" else V1) in sim.selected()


@pytest.mark.parametrize("replicas", [4, 20])
def test_a_candidate_that_fails_loses_its_requests_at_once_though_few_of_stable_are_left(
    replicas: int,
) -> None:
    sim = until(releasing_v2(CANARY, replicas=replicas), stands_at(0))
    for pod in sim.of(V2)[:3]:
        sim.crash(pod)
    carry_out(sim, decided(sim))
    assert set(sim.selected()) == {V1}


@pytest.mark.parametrize("strategy", every(2, ALL))
def test_stable_that_cannot_grow_is_waited_for_by_an_abort_and_both_serve(strategy: str) -> None:
    sim = until(releasing_v2(ALL[strategy], progressDeadlineSeconds=60), stands_at(0))
    before = sum(sim.selected().values())
    sim.broken = frozenset({V1})
    sim.act("Abort")
    run(sim, 50)
    assert sum(sim.selected().values()) >= before - 1
    assert V2 in sim.selected()
    until(sim, lambda s: set(s.selected()) == {V1}, limit_s=20)


@pytest.mark.parametrize("strategy", [CANARY, {"rolling": SMALL}])
def test_a_pod_that_became_ready_unseen_is_not_taken_for_one_that_nobody_misses(
    strategy: dict[str, Any],
) -> None:
    """The first release starts, one of its two pods is counted as ready, and the other one is ready too by now."""
    sim = Sim(rollout(strategy, replicas=2))
    quiet(sim)
    sim.controllers()
    first = sim.of(V1)[0]
    sim.change(first, first.up(sim.now))
    sim.controllers()
    quiet(sim)
    sim.set_image("shop:v3")
    quiet(sim)
    assert sim.desired(V1) == 2
    run(sim, 30)
    assert sim.selected()[V3] == 2
