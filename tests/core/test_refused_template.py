"""A template that the API server does not take: said in the server's words, and nothing that serves is touched."""

import pytest

from builders import STRATEGIES, V1, releasing_v2, rollout
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, until

NO = "spec.template.spec.containers[0].image: Required value"


def _refused_first() -> Sim:
    sim = Sim(rollout(STRATEGIES["canary"]), refusal=NO)
    until(sim, phase("Invalid"), limit_s=5)
    return sim


def test_a_first_template_is_told_to_be_invalid_in_the_servers_words() -> None:
    sim = _refused_first()
    assert NO in sim.status["message"]
    assert not sim.pods
    stalled = next(c for c in sim.status["conditions"] if c["type"] == "Stalled")
    assert (stalled["status"], stalled["reason"]) == ("True", "InvalidTemplate")


def test_a_first_template_that_stays_refused_is_told_once() -> None:
    sim = _refused_first()
    sim.events.clear()
    run(sim, 120)
    assert not sim.events
    assert not sim.pods


def test_a_first_template_that_is_corrected_is_released() -> None:
    sim = _refused_first()
    sim.refusal = ""
    sim.set_image("shop:v2")
    rest(sim)
    assert sim.status["phase"] == "Healthy"
    assert [r["status"]["outcome"] for r in sim.releases.values()] == ["Superseded", "Completed"]


def test_a_first_template_that_the_server_takes_later_is_released_as_it_is() -> None:
    sim = _refused_first()
    sim.refusal = ""
    run(sim, 40)
    assert sim.selected() == {V1: 4}
    assert sim.status["phase"] == "Healthy"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_later_template_is_refused_before_anything_has_changed(strategy: str) -> None:
    sim = releasing_v2(strategy)
    sim.refusal = NO
    before = len(sim.writes)
    quiet(sim)
    assert sim.status["phase"] == "Invalid"
    assert {write.kind for write in sim.writes[before:]} == {"Rollout"}
    assert sim.selected() == {V1: 4}
