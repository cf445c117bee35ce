"""The pod that pulls images, and the down time, where the operator was away or the strategy was edited in between."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from builders import V1, V2, V3, releasing_v2
from crossfade.core.moments import moment_of
from crossfade.core.observed import Found, Observed
from simulation import passes
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, step, until
from simulation.passes import reconcile, restart
from simulation.pods import SimPod


def test_the_deadline_runs_from_the_pod_that_pulls_and_not_from_the_status_before_it() -> None:
    sim = releasing_v2("recreate", progressDeadlineSeconds=60)
    reconcile(sim, cut_after=1)
    assert sim.status["progress"]
    assert not sim.pull_pods, "the operator died between the two writes"
    sim.tick(3600)
    assert rest(sim).selected() == {V2: 4}
    assert not sim.status.get("failed")


@pytest.mark.parametrize("other", [{"rolling": {}}, {"bigBang": {}}, {"canary": {"steps": [{"weight": 50}]}}])
def test_a_strategy_that_is_edited_while_images_are_pulled_leaves_no_pod_that_pulls(other: object) -> None:
    sim = releasing_v2("recreate")
    quiet(sim)
    assert sim.pull_pods
    sim.edit(strategy=other)
    assert rest(sim).selected() == {V2: 4}
    assert not sim.pull_pods


def test_a_pod_that_pulled_for_another_revision_counts_for_nothing_and_goes() -> None:
    sim = releasing_v2("recreate")
    sim.pull_pods = (SimPod(f"shop-{V3}-pull", "", ready=True), SimPod("shop-pull", "", ready=True))
    quiet(sim)
    assert sim.desired(V1) == 4, "the images of v2 were not pulled yet"
    assert [pod.name for pod in sim.pull_pods] == [f"shop-{V2}-pull"]
    assert rest(sim).selected() == {V2: 4}
    assert not sim.pull_pods


def stopping(drain_s: int = 5) -> Sim:
    """The old pods have just been told to stop, with a preStop sleep, and the operator dies."""
    strategy = {"recreate": {"pullFirst": False, "maxDowntimeSeconds": 7200}}
    sim = until(releasing_v2(strategy, drainSeconds=drain_s), lambda s: s.desired(V1) == 0)
    restart(sim)
    return sim


def first_look(monkeypatch: pytest.MonkeyPatch, **sides: object) -> None:
    """The next passes are the first of a new process; `sides`: what the Deployment of v2 says besides."""
    plain = passes.observed

    def observed(sim: Sim, found: Found, *shell: Any) -> Observed:
        seen = plain(sim, found, *shell)
        new = {r: replace(side, **sides) if r == V2 else side for r, side in seen.sides.items()}  # type: ignore[arg-type]
        return replace(seen, sides=new, first_look=True)

    monkeypatch.setattr(passes, "observed", observed)


def test_an_hour_without_an_operator_counts_as_the_down_time_that_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sim = stopping()
    told_at = moment_of(sim.status["progress"]["startedAt"])
    step(sim, 3600)
    with monkeypatch.context() as patch:
        first_look(patch)
        quiet(sim)
    rest(sim)
    down = sim.status["downtime"]
    assert (moment_of(down["startedAt"]) - told_at).total_seconds() == 5
    assert 3590 <= down["seconds"] <= 3610
    assert sim.selected() == {V2: 4}


def test_pods_that_came_up_while_no_operator_ran_end_the_down_time_when_they_did(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sim = stopping(drain_s=0)
    until(sim, lambda s: s.desired(V2) == 4)
    assert not sim.status["downtime"].get("endedAt")
    made = moment_of(sim.deployments[f"shop-{V2}"]["metadata"]["creationTimestamp"])
    restart(sim)
    step(sim)
    sim.tick(3600)
    with monkeypatch.context() as patch:
        first_look(patch, available_since=made + timedelta(seconds=3), created_at=made)
        quiet(sim)
    run(sim, 2)
    assert 3 <= sim.status["downtime"]["seconds"] <= 5
