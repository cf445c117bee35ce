"""Going back to one of the last completed revisions is fast, and what failed is not tried again by itself."""

from typing import Any

import pytest

from builders import V1, V2, played_once, releasing_v2, serving_v1, template
from crossfade.core.revision import revision_of
from samples import every
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, stands_at, step, until

SLOW: dict[str, dict[str, Any]] = {
    "rolling": {
        "rolling": {"batches": [{"replicas": 1, "pause": "Manual"}, {"replicas": 2, "pauseSeconds": 600}]}
    },
    "blueGreen": {"blueGreen": {"promote": "Manual", "previewReplicas": 1}},
    "canary": {"canary": {"steps": [{"weight": 25, "pause": "Manual"}, {"weight": 50, "pauseSeconds": 600}]}},
}
ALL = [*SLOW, "bigBang", "recreate"]


def _image(number: int) -> str:
    return revision_of(template(f"shop:v{number}"))


@played_once
def _failed(strategy: str) -> Sim:
    """A cluster in which v2 never became ready, and was taken back."""
    sim = releasing_v2(SLOW.get(strategy, strategy), progressDeadlineSeconds=20)
    sim.broken = frozenset({V2})
    return rest(sim)


@played_once
def _released(strategy: str, *numbers: int, **spec: Any) -> Sim:
    """Everything up to the last number has completed, one after the other, passed by a person where one is asked."""
    sim = serving_v1(SLOW.get(strategy, strategy), bakeSeconds=300, **spec)
    for number in numbers:
        sim.set_image(f"shop:v{number}")
        quiet(sim)
        sim.act("PromoteFull")
        rest(sim)
        assert sim.status["stable"]["revision"] == _image(number)
    return sim


@pytest.mark.parametrize(("strategy", "number"), every(2, ALL, [1, 2, 3]))
def test_one_of_the_last_three_before_comes_back_without_pauses_bake_or_people(
    strategy: str, number: int
) -> None:
    sim = _released(strategy, 2, 3, 4)
    sim.set_image(f"shop:v{number}")
    run(sim, 60)
    assert sim.status["phase"] == "Healthy"
    assert sim.selected() == {_image(number): 4}


@pytest.mark.parametrize("strategy", SLOW)
def test_an_older_one_is_released_like_a_new_one(strategy: str) -> None:
    sim = _released(strategy, 2, 3, 4, 5)
    sim.set_image("shop:v1")
    run(sim, 60)
    assert sim.status["phase"] == "Paused"


@pytest.mark.parametrize("strategy", SLOW)
@pytest.mark.parametrize(("kept", "phase_after"), [(0, "Paused"), (1, "Healthy")])
def test_how_many_are_known_is_the_users_to_say(strategy: str, kept: int, phase_after: str) -> None:
    sim = _released(strategy, 2, rollbackRevisions=kept)
    sim.set_image("shop:v1")
    run(sim, 60)
    assert sim.status["phase"] == phase_after


@pytest.mark.parametrize("strategy", SLOW)
def test_a_revision_that_came_back_fast_fails_like_any_other(strategy: str) -> None:
    sim = _released(strategy, 2)
    sim.broken = frozenset({V1})
    sim.edit(progressDeadlineSeconds=30)
    sim.set_image("shop:v1")
    rest(sim)
    assert sim.status["phase"] == "RolledBack"
    assert sim.selected() == {V2: 4}


def test_one_that_only_failed_before_is_not_known() -> None:
    sim = until(releasing_v2(SLOW["canary"]), stands_at(0))
    sim.act("Abort")
    rest(sim)
    sim.set_image("shop:v3")
    until(sim, phase("Paused"))
    sim.act("PromoteFull")
    rest(sim)
    sim.set_image("shop:v2")
    run(sim, 60)
    assert sim.status["phase"] == "Paused"


@pytest.mark.parametrize("strategy", every(2, ALL))
def test_a_failed_template_applied_again_every_few_seconds_starts_nothing(strategy: str) -> None:
    sim = _failed(strategy)
    assert sim.status["phase"] == "RolledBack"
    releases, writes = dict(sim.releases), len(sim.writes)
    for _ in range(20):
        sim.set_image("shop:v2")
        for _ in range(3):
            quiet(sim)
            step(sim)
    assert sim.releases == releases
    assert {w.kind for w in sim.writes[writes:]} == {"Rollout"}, (
        "the generation that was seen, and nothing else"
    )
    assert not sim.desired(V2)
    assert sim.selected() == {V1: 4}


@pytest.mark.parametrize("strategy", every(2, ALL))
def test_any_other_field_applied_with_a_failed_template_does_not_try_it_again(strategy: str) -> None:
    sim = _failed(strategy)
    sim.broken = frozenset()
    sim.edit(bakeSeconds=7, progressDeadlineSeconds=700)
    rest(sim)
    assert sim.status["phase"] == "RolledBack"
    assert len(sim.releases) == 2


@pytest.mark.parametrize("strategy", every(3, ALL))
def test_a_retry_and_another_template_end_the_quarantine(strategy: str) -> None:
    sim = _failed(strategy)
    sim.broken = frozenset()
    sim.act("Retry")
    quiet(sim)
    sim.act("PromoteFull")
    assert rest(sim).selected() == {V2: 4}
    assert sim.releases["shop-3"]["status"]["outcome"] == "Completed"
