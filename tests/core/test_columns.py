"""The fields that `kubectl get` shows as columns: ready pods of those asked for, and since when the phase stands."""

from dataclasses import replace

import pytest

from builders import STRATEGIES, V1, releasing_v2, rollout, serving_v1
from crossfade.core.moments import moment_of, text_of
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, stands_at, until


def test_ready_counts_pods_of_those_asked_for() -> None:
    sim = serving_v1("canary")
    assert sim.status["ready"] == "4/4"
    pod = sim.of(V1)[0]
    sim.change(pod, replace(pod, ready=False))
    quiet(sim)
    assert sim.status["ready"] == "3/4"


def test_nothing_is_ready_before_the_first_pod_is() -> None:
    sim = Sim(rollout(STRATEGIES["canary"]))
    sim.broken = frozenset({V1})
    run(sim, 2)
    assert sim.status["ready"] == "0/4"


def test_a_rollout_of_no_pods_has_none_of_none() -> None:
    assert rest(Sim(rollout(STRATEGIES["canary"], replicas=0))).status["ready"] == "0/0"


@pytest.mark.parametrize("strategy", ["blueGreen", "bigBang", "canary", "rolling"])
def test_pods_that_a_release_has_on_top_are_left_out(strategy: str) -> None:
    """With two whole sets, or a pod of surge, it is still four that are asked for."""
    sim = releasing_v2(strategy)
    until(sim, lambda sim: sim.status.get("candidate", {}).get("ready"))
    assert sim.status["ready"] in {"3/4", "4/4"}
    rest(sim)
    assert sim.status["ready"] == "4/4"


def test_a_worker_counts_what_runs() -> None:
    assert serving_v1("rolling", service=False).status["ready"] == "4/4"


def test_since_changes_with_the_phase_and_only_then() -> None:
    sim = serving_v1("canary")
    healthy = sim.status["since"]
    run(sim, 30)
    assert (sim.status["phase"], sim.status["since"]) == ("Healthy", healthy)
    sim.set_image("shop:v2")
    until(sim, phase("Progressing"))
    began = sim.status["since"]
    assert moment_of(began) > moment_of(healthy)
    until(sim, stands_at(1))
    assert sim.status["since"] == began
    rest(sim)
    assert sim.status["phase"] == "Healthy"
    assert moment_of(sim.status["since"]) > moment_of(began)


def test_since_of_a_restored_status_that_is_still_to_come_is_now() -> None:
    sim = serving_v1("canary")
    sim.rollout = {**sim.rollout, "status": {**sim.status, "since": "2999-01-01T00:00:00Z"}}
    quiet(sim)
    assert sim.status["since"] == text_of(sim.now)


def test_an_invalid_spec_has_its_own_since() -> None:
    sim = serving_v1("canary")
    healthy = sim.status["since"]
    run(sim, 5)
    sim.refusal = "spec.template.spec.containers[0].image: Required value"
    sim.set_image("shop:v2")
    until(sim, phase("Invalid"))
    assert moment_of(sim.status["since"]) > moment_of(healthy)
