"""`paused` and `onFailure: Pause`: everything stays as it is, in every strategy and stage, until a person decides."""

from typing import Any

import pytest

from builders import STRATEGIES, V1, V2, played_once, releasing_v2, rollout
from crossfade.api.rollout import RolloutSpec
from crossfade.core.compile import compiled
from samples import every
from simulation.cluster import Sim
from simulation.live import each_second, quiet, rest, run, until

STAGES = [
    (name, index)
    for name, strategy in STRATEGIES.items()
    for index, stage in enumerate(compiled(RolloutSpec.model_validate(rollout(strategy)["spec"])))
    if not stage.only_retires  # the release is complete before it
]


@played_once
def _at(strategy: str, stage: int, **spec: Any) -> Sim:
    """The first moment at which that stage is under way."""
    return until(releasing_v2(strategy, **spec), lambda s: s.status["progress"]["stage"] == stage)


def _pods(sim: Sim) -> list[tuple[str, str]]:
    return sorted((pod.name, pod.revision) for pod in sim.pods)


def _stands_still(sim: Sim, seconds: int = 60) -> None:
    """What the Deployments ask for and what production selects stay; pods that were told to go still go."""
    asked = {name: d["spec"]["replicas"] for name, d in sim.deployments.items()}
    selected = {name: service["spec"]["selector"] for name, service in sim.services.items()}
    for _ in each_second(sim, seconds):
        assert {name: d["spec"]["replicas"] for name, d in sim.deployments.items()} == asked
        assert {name: service["spec"]["selector"] for name, service in sim.services.items()} == selected
    assert sim.status["phase"] == "Paused"


@pytest.mark.parametrize(("by", "strategy", "stage"), every(5, ["spec", "action"], STAGES))
def test_paused_in_a_stage_nothing_moves_and_resumed_it_completes(strategy: str, stage: int, by: str) -> None:
    sim = _at(strategy, stage)
    if by == "spec":
        sim.edit(paused=True)
    else:
        sim.act("Pause")
    quiet(sim)
    _stands_still(sim)
    assert sim.status["progress"]["stage"] == stage
    if by == "spec":
        sim.edit(paused=False)
    else:
        sim.act("Resume")
    assert rest(sim).selected() == {V2: 4}
    assert sim.status["phase"] == "Healthy"


@pytest.mark.parametrize("strategy", every(3, STRATEGIES))
def test_paused_at_rest_a_new_template_begins_nothing_until_it_is_resumed(strategy: str) -> None:
    sim = releasing_v2(strategy)
    sim.edit(paused=True)
    quiet(sim)
    _stands_still(sim)
    assert list(sim.releases) == ["shop-1"]
    sim.edit(paused=False)
    assert rest(sim).selected() == {V2: 4}


@pytest.mark.parametrize("strategy", every(3, STRATEGIES))
def test_a_pause_keeps_the_time_that_a_stage_has_stood_and_fails_nothing_by_the_deadline(
    strategy: str,
) -> None:
    sim = _at(strategy, 0, progressDeadlineSeconds=30)
    sim.broken = frozenset({V2})
    sim.edit(paused=True)
    run(sim, 120)
    assert not sim.status.get("failed")
    sim.broken = frozenset()
    sim.edit(paused=False)
    assert rest(sim).selected() == {V2: 4}


@pytest.mark.parametrize("strategy", ["rolling", "blueGreen", "canary", "bigBang"])
def test_a_crash_while_paused_still_takes_the_candidate_back(strategy: str) -> None:
    sim = until(releasing_v2(strategy), lambda s: set(s.selected()) == {V2})
    sim.edit(paused=True)
    run(sim, 10)
    sim.crash(sim.of(V2)[0])
    quiet(sim)
    assert set(sim.selected()) == {V1}


@played_once
def _fails(strategy: str) -> Sim:
    """V2 never becomes ready, and `onFailure: Pause` freezes it."""
    sim = releasing_v2(LONG[strategy], onFailure="Pause", progressDeadlineSeconds=20)
    sim.broken = frozenset({V2})
    return until(sim, lambda s: s.status["phase"] == "Paused")


LONG = {**STRATEGIES, "recreate": {"recreate": {"maxDowntimeSeconds": 3600, "pullFirst": False}}}


@pytest.mark.parametrize("strategy", every(2, STRATEGIES))
def test_with_on_failure_pause_a_failed_release_freezes_and_says_what_to_do(strategy: str) -> None:
    sim = _fails(strategy)
    _stands_still(sim)
    assert "waits for a person: release 2 failed: 0 of " in sim.status["message"]
    assert "Abort to return, Retry to go on" in sim.status["message"]
    assert not sim.status.get("failed")
    assert not sim.releases["shop-2"].get("status", {}).get("outcome")


@pytest.mark.parametrize("strategy", every(2, STRATEGIES))
def test_frozen_and_scaled_up_it_says_the_same_for_ever(strategy: str) -> None:
    sim = _fails(strategy)
    sim.scale(6)
    run(sim, 1)
    told = {}
    for _ in each_second(sim, 60):
        told[sim.status["progress"]["waitingFor"]] = True
    assert [*told] == ["a person"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_frozen_a_retry_goes_on_and_completes_once_the_cause_is_gone(strategy: str) -> None:
    sim = _fails(strategy)
    sim.broken = frozenset()
    sim.act("Retry")
    assert rest(sim).selected() == {V2: 4}
    assert sim.releases["shop-2"]["status"]["outcome"] == "Completed"


@pytest.mark.parametrize("strategy", every(3, STRATEGIES))
def test_frozen_a_retry_fails_again_while_the_cause_is_there(strategy: str) -> None:
    sim = _fails(strategy)
    sim.act("Retry")
    quiet(sim)
    assert sim.status["phase"] == "Progressing"
    until(sim, lambda s: s.status["phase"] == "Paused")
    _stands_still(sim)


@pytest.mark.parametrize(
    ("strategy", "way"), every(2, STRATEGIES, ["Abort", "the old template", "another template"])
)
def test_frozen_an_abort_and_another_template_lead_out_of_it(strategy: str, way: str) -> None:
    sim = _fails(strategy)
    if way == "Abort":
        sim.act("Abort")
    else:
        sim.set_image("shop:v1" if way == "the old template" else "shop:v3")
    rest(sim)
    assert sim.status["phase"] == ("RolledBack" if way == "Abort" else "Healthy")
    assert V2 not in sim.selected()
    assert {p.revision for p in sim.pods} == (
        {V1} if way != "another template" else {p.revision for p in sim.pods}
    )
    assert sum(sim.selected().values()) == 4


@pytest.mark.parametrize("strategy", ["rolling", "blueGreen", "canary", "bigBang"])
def test_with_on_failure_pause_a_crash_freezes_too(strategy: str) -> None:
    sim = until(releasing_v2(strategy, onFailure="Pause"), lambda s: set(s.selected()) == {V2})
    run(sim, 8)
    sim.crash(sim.of(V2)[0])
    quiet(sim)
    _stands_still(sim)
    assert (
        "waits for a person: release 2 failed: 1 of 4 pods crashed while it served" in sim.status["message"]
    )
    assert "exit code 42" in sim.status["message"]
