"""A template that the API server does not take: said in the server's words, and nothing that serves is touched."""

import pytest

from builders import STRATEGIES, V1, releasing_v2, rollout, serving_v1
from crossfade.core.observed import Found
from crossfade.core.plan import ReadRequest
from simulation import passes
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, until
from simulation.passes import decided

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


def test_a_new_template_is_asked_for_and_made_strictly_and_one_that_has_served_is_not() -> None:
    """A typo must not pass in silence; what has served must always come back, whatever the server knows by now."""
    first = decided(Sim(rollout(STRATEGIES["canary"]))).writes
    assert [w.strict for w in first if w.kind == "Deployment"] == [True]
    sim = serving_v1("canary")
    sim.remove("Deployment", f"shop-{V1}")
    again = decided(sim).writes
    assert [w.strict for w in again if w.kind == "Deployment"] == [False]


def test_an_update_is_asked_for_strictly(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    answer = passes.look

    def noted(sim: Sim, read: ReadRequest, found: Found) -> Found:
        if read.dry_run is not None:
            asked.append(read.strict)
        return answer(sim, read, found)

    monkeypatch.setattr(passes, "look", noted)
    sim = serving_v1("canary")
    sim.set_image("shop:v2")
    rest(sim)
    sim.set_image("shop:v1")
    sim.remove("Deployment", f"shop-{V1}")
    rest(sim)
    assert asked == [True, False]
