"""What an object says counts, and no time that has passed stands for it: a restart that was not taken up, who caused what."""

import pytest

from builders import STRATEGIES, V1, releasing_v2, serving_v1
from simulation.live import quiet, rest, run


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("late_s", [1, 60, 600])
def test_a_restart_is_not_over_before_its_deployment_has_taken_it_up(strategy: str, late_s: int) -> None:
    """The controller of Deployments is behind: the status still counts all pods as ready and as of the present template."""
    sim = serving_v1(strategy, progressDeadlineSeconds=3600)
    before = sim.pods
    sim.instant = False
    sim.act("Restart")
    quiet(sim)
    sim.tick(late_s)
    quiet(sim)
    assert sim.status["phase"] == "Progressing"
    assert sim.status["conditions"][0]["reason"] == "Restarting"
    sim.instant = True
    assert rest(sim).status["phase"] == "Healthy"
    assert sim.selected() == {V1: 4}
    assert not set(before) & set(sim.pods)


def test_a_release_that_begins_an_hour_after_the_undo_that_caused_it_says_so() -> None:
    sim = rest(releasing_v2("bigBang"))
    sim.edit(paused=True)
    quiet(sim)
    sim.act("Undo")
    run(sim, 2)
    sim.tick(3600)
    sim.edit(paused=False)
    assert rest(sim).selected() == {V1: 4}
    assert [each["action"] for each in sim.releases["shop-3"]["status"]["actions"]] == ["Undo"]
