"""One command back to the old version, at any moment."""

from typing import Any

import pytest

from builders import STRATEGIES, V1, V2, V3, releasing_v2, rollout
from crossfade.api.rollout import RolloutSpec
from crossfade.core.compile import compiled
from samples import every
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, stands_at, step, until
from simulation.passes import reconcile

STAGES = [
    (name, index)
    for name, strategy in STRATEGIES.items()
    for index, stage in enumerate(compiled(RolloutSpec.model_validate(rollout(strategy)["spec"])))
    if not stage.only_retires
]


def _aborted(sim: Sim, **spec: Any) -> Sim:
    action = sim.act("Abort", **spec)
    quiet(sim)
    assert sim.actions[action]["status"]["state"] == "Done", sim.actions[action]["status"]
    return sim


@pytest.mark.parametrize(("service", "strategy", "stage"), every(5, [True, False], STAGES))
def test_an_abort_in_any_stage_ends_with_the_old_version_alone(
    strategy: str, stage: int, service: bool
) -> None:
    sim = until(releasing_v2(strategy, service=service), lambda s: s.status["progress"]["stage"] == stage)
    rest(_aborted(sim))
    assert sim.status["phase"] == "RolledBack"
    assert [p.revision for p in sim.pods] == [V1] * 4
    assert not service or sim.selected() == {V1: 4}
    assert sim.releases["shop-2"]["status"]["outcome"] == "RolledBack"
    assert "abort" in sim.releases["shop-2"]["status"]["why"]


@pytest.mark.parametrize(("strategy", "stage"), [each for each in STAGES if each[0] != "recreate"])
def test_traffic_returns_in_the_pass_that_reads_the_abort(strategy: str, stage: int) -> None:
    sim = until(releasing_v2(strategy), lambda s: s.status["progress"]["stage"] == stage)
    sim.act("Abort", now=True)
    reconcile(sim)
    assert sim.selected() == {V1: len(sim.of(V1))}


@pytest.mark.parametrize(("strategy", "stage"), [each for each in STAGES if each[0] != "recreate"])
def test_without_now_both_serve_until_stable_has_enough_pods_for_all_requests(
    strategy: str, stage: int
) -> None:
    sim = until(releasing_v2(strategy), lambda s: s.status["progress"]["stage"] == stage)
    sim.act("Abort")
    quiet(sim)
    while sim.status["phase"] != "RolledBack":
        assert sum(sim.selected().values()) >= 4
        step(sim, 0.5)
        quiet(sim)
    assert sim.selected() == {V1: 4}


def test_an_abort_that_waits_is_hurried_by_another_one_with_now() -> None:
    sim = until(releasing_v2("canary"), stands_at(1))
    name = sim.act("Abort")
    quiet(sim)
    assert "or crossfade abort --now" in sim.actions[name]["status"]["message"]
    assert V2 in sim.selected()
    sim.act("Abort", now=True)
    quiet(sim)
    assert set(sim.selected()) == {V1}


def test_an_abort_of_a_candidate_that_fails_does_not_wait() -> None:
    sim = until(releasing_v2("canary"), stands_at(1))
    sim.broken = frozenset({V2})
    for pod in sim.of(V2):
        sim.change(pod, pod.but(ready=False))
    sim.act("Abort")
    quiet(sim)
    assert set(sim.selected()) == {V1}


def test_a_candidate_that_crashes_while_stable_grows_loses_its_requests_at_once() -> None:
    sim = until(releasing_v2("canary"), stands_at(1))
    sim.act("Abort")
    quiet(sim)
    assert V2 in sim.selected()
    sim.crash(sim.of(V2)[0])
    quiet(sim)
    assert set(sim.selected()) == {V1}


def test_stable_that_cannot_grow_is_waited_for_until_the_deadline_only() -> None:
    sim = until(releasing_v2("canary", progressDeadlineSeconds=30), stands_at(1))
    sim.broken = frozenset({V1})
    sim.act("Abort")
    run(sim, 20)
    assert V2 in sim.selected()
    run(sim, 15)
    assert set(sim.selected()) == {V1}


@pytest.mark.parametrize("strategy", ["blueGreen", "bigBang"])
def test_an_abort_keeps_the_candidates_pods_until_no_request_can_reach_them(strategy: str) -> None:
    sim = until(releasing_v2(strategy), lambda s: s.selected().get(V2))
    _aborted(sim)
    candidates = sim.desired(V2)
    assert candidates > 0
    while sim.desired(V2):
        assert sim.desired(V2) == candidates
        step(sim, 0.5)
        quiet(sim)
    assert (sim.now - sim.listed_at[V2]).total_seconds() >= 2


def test_an_undo_after_the_old_pods_have_gone_keeps_the_new_ones_until_they_are_back() -> None:
    sim = rest(releasing_v2("blueGreen"))
    assert not sim.of(V1)
    sim.act("Undo")
    quiet(sim)
    assert sim.selected() == {V2: 4}
    until(sim, lambda s: s.selected() == {V1: 4})
    assert rest(sim).status["phase"] == "RolledBack"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_abort_once_the_release_is_complete_is_refused_and_changes_nothing(strategy: str) -> None:
    sim = until(releasing_v2(strategy), lambda s: s.status["phase"] == "Healthy")
    action = sim.act("Abort")
    rest(sim)
    assert sim.actions[action]["status"]["state"] == "Refused"
    assert "undo" in sim.actions[action]["status"]["message"].lower()
    assert sim.selected() == {V2: 4}


def test_an_abort_before_the_operator_has_begun_the_release_keeps_it_from_beginning() -> None:
    sim = _aborted(releasing_v2("bigBang"))
    rest(sim)
    assert sim.status["phase"] == "RolledBack"
    assert V2 not in sim.selected()
    assert not sim.desired(V2)


def test_an_abort_works_while_the_rollout_is_paused() -> None:
    sim = until(releasing_v2("canary"), stands_at(0))
    sim.edit(paused=True)
    rest(sim)
    assert rest(_aborted(sim)).selected() == {V1: 4}


def test_an_abort_works_although_the_spec_needs_a_name_that_is_taken() -> None:
    sim = until(releasing_v2({"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}), stands_at(0))
    sim.set_image("shop:v3")
    foreign = {**sim.deployments[f"shop-{V1}"]}
    foreign["metadata"] = {
        **foreign["metadata"],
        "name": f"shop-{V3}",
        "uid": "foreign",
        "ownerReferences": [],
        "labels": {**foreign["metadata"]["labels"], "crossfade.dev/revision": V3},
    }
    foreign["spec"] = {**foreign["spec"], "replicas": 0}
    sim.deployments[f"shop-{V3}"] = foreign
    until(_aborted(sim), lambda s: s.selected() == {V1: 4}, limit_s=10)


def test_an_abort_without_replicas_leaves_nothing_running() -> None:
    sim = until(releasing_v2({"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}), stands_at(0))
    sim.edit(replicas=0)
    _aborted(sim)
    rest(sim)
    assert not sim.pods


def test_a_second_abort_is_done_too() -> None:
    sim = until(releasing_v2("bigBang"), lambda s: s.selected().get(V2))
    _aborted(sim)
    _aborted(sim)


def test_an_abort_for_a_revision_that_is_gone_is_refused() -> None:
    sim = until(releasing_v2("canary"), stands_at(0))
    action = sim.act("Abort", revision=V1)
    quiet(sim)
    assert sim.actions[action]["status"]["state"] == "Refused"
    assert sim.status["progress"].get("rollbackReason", "") == ""


def test_the_aborted_revision_is_not_tried_again_by_itself() -> None:
    sim = until(releasing_v2("canary"), stands_at(0))
    rest(_aborted(sim))
    sim.scale(6)
    assert rest(sim).selected() == {V1: 6}
    assert len(sim.releases) == 2


def test_the_same_template_again_after_another_one_is_tried_again() -> None:
    sim = until(releasing_v2("canary"), stands_at(0))
    rest(_aborted(sim))
    sim.set_image("shop:v1")
    assert rest(sim).status["phase"] == "Healthy"
    sim.set_image("shop:v2")
    assert rest(sim).selected() == {V2: 4}


def test_an_undo_to_the_revision_that_the_manifest_names_forgives_it() -> None:
    sim = rest(releasing_v2("bigBang"))
    sim.set_image("shop:v1")
    sim.act("Abort")
    quiet(sim)
    assert sim.status["phase"] == "RolledBack"
    sim.act("Undo")
    rest(sim)
    assert sim.status["phase"] == "Healthy"
    assert sim.selected() == {V1: 4}
    assert not sim.status.get("failed")
