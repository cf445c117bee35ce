"""The down time of recreate is what users saw, although the endpoints tell the end of a pod late."""

import pytest

from builders import V1, releasing_v2
from crossfade.core.moments import moment_of
from simulation.cluster import Sim
from simulation.live import quiet, until


def _stopping(drain_s: int) -> Sim:
    """The old pods have just been told to stop, with a preStop sleep of so many seconds."""
    sim = releasing_v2({"recreate": {"pullFirst": False}}, drainSeconds=drain_s)
    sim.instant = False
    return until(sim, lambda s: s.desired(V1) == 0)


def _told_after(sim: Sim, seconds: float) -> float:
    """The endpoints are empty so many seconds after the pods were told to stop; seconds to the start of the down time."""
    told_at = moment_of(sim.status["progress"]["startedAt"])
    sim.controllers()
    sim.tick(seconds)
    sim.kubelet()
    sim.sync_all()
    quiet(sim)
    return (moment_of(sim.status["downtime"]["startedAt"]) - told_at).total_seconds()


def test_it_starts_when_the_sleep_ended_and_not_when_the_kubelet_said_so() -> None:
    assert _told_after(_stopping(5), 6.6) == 5


@pytest.mark.parametrize("seconds", [2.0, 20.0], ids=["crashed before", "drained on its own"])
def test_pods_that_ended_at_another_time_are_taken_at_what_the_endpoints_say(seconds: float) -> None:
    assert _told_after(_stopping(5), seconds) == seconds


def test_without_a_sleep_of_ours_the_endpoints_are_all_there_is() -> None:
    assert _told_after(_stopping(0), 1.0) == 1.0
