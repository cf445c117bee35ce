"""The clocks of the API server, of nodes and of the operator differ by seconds: times of two are never compared."""

from datetime import timedelta

import pytest

from builders import STRATEGIES, V1, V2, releasing_v2
from crossfade.core.moments import moment_of
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, step, until
from simulation.passes import reconcile
from simulation.stored import Object

MOVED = ["blueGreen", "canary", "bigBang", "rolling"]


def stamped_by_another_clock(sim: Sim, ahead_s: float) -> None:
    """The API server's clock is so far ahead of the operator's (behind, below 0): all that it has stamped says so."""
    for table in (sim.releases, sim.actions):
        for name, stored in table.items():
            table[name] = _stamped(stored, ahead_s)


def _stamped(stored: Object, ahead_s: float) -> Object:
    at = moment_of(stored["metadata"]["creationTimestamp"]) + timedelta(seconds=ahead_s)
    return {**stored, "metadata": {**stored["metadata"], "creationTimestamp": at.isoformat()}}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("ahead_s", [-5, 0, 5])
def test_an_abort_is_carried_out_whatever_the_api_servers_clock(strategy: str, ahead_s: float) -> None:
    sim = releasing_v2(strategy)
    quiet(sim)
    step(sim)
    name = sim.act("Abort")
    stamped_by_another_clock(sim, ahead_s)
    rest(sim)
    assert sim.actions[name]["status"]["state"] == "Done"
    assert sim.selected() == {V1: 4}


def test_an_abort_that_is_older_than_the_release_by_the_same_clock_is_refused() -> None:
    sim = releasing_v2("bigBang")
    quiet(sim)
    name = sim.act("Abort")
    sim.actions[name] = _stamped(sim.actions[name], -90)
    quiet(sim)
    assert sim.actions[name]["status"]["state"] == "Refused"


@pytest.mark.parametrize("recorded_after_s", [1, 30])
def test_what_is_asked_between_the_status_and_the_record_of_a_release_is_carried_out(
    recorded_after_s: float,
) -> None:
    sim = releasing_v2("bigBang")
    quiet(sim)
    name = sim.act("PromoteFull")
    sim.actions[name] = _stamped(sim.actions[name], -recorded_after_s)
    quiet(sim)
    assert sim.actions[name]["status"]["state"] == "Done"


@pytest.mark.parametrize("strategy", MOVED)
@pytest.mark.parametrize("ahead_s", [-4, -30, 8])
def test_a_crash_right_after_the_switch_is_found_whatever_the_nodes_clock(
    strategy: str, ahead_s: float
) -> None:
    sim = until(releasing_v2(strategy), lambda s: set(s.selected()) == {V2})
    quiet(sim)
    sim.tick(1)
    pod = sim.of(V2)[0]
    sim.change(pod, pod.crashed(sim.now + timedelta(seconds=ahead_s)))
    sim.drop(V2)
    reconcile(sim)
    assert set(sim.selected()) == {V1}
    assert sim.status["failed"]["reason"] == "CandidateCrashed"


@pytest.mark.parametrize("ahead_s", [-4, 8, 30])
def test_a_crash_before_it_served_is_not_counted_whatever_the_nodes_clock(ahead_s: float) -> None:
    sim = until(releasing_v2("blueGreen"), lambda s: len(s.of(V2)) == 4)
    pod = sim.of(V2)[0]
    sim.change(pod, pod.crashed(sim.now + timedelta(seconds=ahead_s), ready=False))
    until(sim, lambda s: set(s.selected()) == {V2})
    run(sim, 2)
    sim.drop(V2)
    assert rest(sim).selected() == {V2: 4}
    assert not sim.status.get("failed")
