"""Whether stable is down is seen anew at each moment: what was so hours ago promotes nobody."""

from typing import Any

import pytest

from builders import V1, V2, releasing_v2, routing_v2, serving_v1
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, stands_at, until

WAITING: dict[str, dict[str, Any]] = {
    "blueGreen": {"blueGreen": {"promoteAfterSeconds": 300}},
    "rolling": {"rolling": {"batches": [{"replicas": 1, "pauseSeconds": 300}]}},
    "canary": {"canary": {"steps": [{"weight": 25, "pauseSeconds": 300}]}},
}


def scaled_up_with_the_new_template(strategy: str) -> Sim:
    """V2 comes a moment after a scale-up, so that stable lacks pods as the release begins."""
    sim = serving_v1(WAITING[strategy])
    sim.scale(6)
    quiet(sim)
    sim.set_image("shop:v2")
    return until(sim, stands_at(0))


@pytest.mark.parametrize("strategy", WAITING)
def test_an_accident_of_stable_hours_after_a_scale_up_does_not_promote_the_candidate(strategy: str) -> None:
    sim = run(scaled_up_with_the_new_template(strategy), 100)
    candidates = sim.desired(V2)
    sim.broken = frozenset({V1})
    for pod in sim.of(V1):
        sim.crash(pod, ready=False)
    run(sim, 250)
    assert sim.desired(V2) == candidates
    assert sim.status["progress"]["stage"] == 0
    assert sim.status["phase"] == "Degraded"


def test_behind_a_route_a_step_is_not_passed_either_while_stable_lacks_pods() -> None:
    sim = until(routing_v2(WAITING["canary"]), stands_at(0))
    sim.broken = frozenset({V1})
    sim.crash(sim.of(V1)[0], ready=False)
    run(sim, 310)
    assert sim.status["progress"]["stage"] == 0
    assert "stable to recover" in sim.status["message"]


def test_stable_that_was_down_as_the_release_began_and_came_back_is_guarded_again() -> None:
    sim = serving_v1(WAITING["blueGreen"])
    sim.broken = frozenset({V1})
    for pod in sim.of(V1):
        sim.crash(pod, ready=False)
    run(sim, 15)
    sim.set_image("shop:v2")
    run(sim, 5)
    sim.broken = frozenset()
    until(sim, lambda s: s.selected().get(V1) == 4)
    run(sim, 20)
    sim.broken = frozenset({V1})
    for pod in sim.of(V1):
        sim.crash(pod, ready=False)
    run(sim, 400)
    assert V2 not in sim.selected()
    assert sim.status["phase"] == "Degraded"


def test_where_stable_does_not_recover_while_the_candidate_is_ready_it_is_stalled_at_the_deadline_by_itself() -> (
    None
):
    sim = releasing_v2("bigBang", replicas=2, progressDeadlineSeconds=60)
    sim.broken = frozenset({V1, V2})
    run(sim, 2)
    sim.crash(sim.of(V1)[0], ready=False)
    quiet(sim)
    sim.broken = frozenset({V1})
    run(sim, 25)
    plan = quiet(sim)
    assert "Stalled" not in {c["type"] for c in sim.status["conditions"]}
    assert plan.wake_after_s is not None
    assert plan.wake_after_s <= 60
    rest(sim)
    assert "Stalled" in {c["type"] for c in sim.status["conditions"]}
