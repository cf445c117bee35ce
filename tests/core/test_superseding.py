"""Another template while a release is under way."""

import pytest

from builders import STRATEGIES, V1, V2, V3, releasing_v2, rollout, routing_v2
from samples import every
from simulation.cluster import Sim
from simulation.live import quiet, rest, stands_at, step, until
from simulation.passes import reconcile

MOVING = ["rolling", "blueGreen", "canary", "bigBang"]


def baking(sim: Sim) -> bool:
    """Whether v2 has everything, and the bake has begun."""
    return "bake to end" in str(sim.status.get("message"))


def _v3_completes(sim: Sim) -> Sim:
    rest(sim)
    assert sim.status["phase"] == "Healthy"
    assert sim.selected() == {V3: 4}
    assert {p.revision for p in sim.pods} == {V3}
    return sim


@pytest.mark.parametrize(("strategy", "seconds"), every(4, STRATEGIES, range(1, 8)))
def test_v3_at_any_moment_of_v2_ends_with_v3_alone(strategy: str, seconds: int) -> None:
    sim = releasing_v2(strategy)
    start = sim.now
    until(sim, lambda s: (s.now - start).total_seconds() >= seconds)
    sim.set_image("shop:v3")
    _v3_completes(sim)
    assert sim.releases["shop-2"]["status"]["outcome"] in {"Superseded", "Completed"}
    assert sim.releases["shop-3"]["status"]["outcome"] == "Completed"


def test_back_to_v1_as_production_has_just_left_it_no_pod_goes_before_the_nodes_have_followed() -> None:
    """It is the candidate of a small preview then, and has more pods than that."""
    sim = until(routing_v2({"blueGreen": {"previewReplicas": 1}}, replicas=2), baking)
    while sim.services["shop"]["spec"]["selector"].get("crossfade.dev/revision") != V2:
        sim.tick(1)
        reconcile(sim)
    sim.tick(1)
    sim.set_image("shop:v1")
    for _ in range(6):
        reconcile(sim)
        assert sim.deployments[f"shop-{V1}"]["spec"]["replicas"] == 2
    assert rest(sim).status["phase"] == "Healthy"
    assert set(sim.selected()) == {V1}


def test_v3_while_v2_holds_half_goes_over_v1_and_never_runs_three_versions() -> None:
    sim = until(releasing_v2("canary"), stands_at(1))
    sim.set_image("shop:v3")
    until(sim, lambda s: set(s.selected()) == {V1})
    while sim.status.get("phase") != "Healthy":
        quiet(sim)
        step(sim)
        assert sum(sim.selected().values()) >= 4, (
            "a healthy candidate leaves no load that stable cannot carry"
        )
        assert len({p.revision for p in sim.pods}) <= 2
    assert sim.releases["shop-3"]["spec"]["fromRevision"] == V1
    assert sim.releases["shop-2"]["status"]["outcome"] == "Superseded"


@pytest.mark.parametrize("strategy", every(3, STRATEGIES))
def test_v3_while_v2_bakes_starts_from_v2(strategy: str) -> None:
    sim = until(releasing_v2(strategy), baking)
    sim.set_image("shop:v3")
    until(sim, lambda s: s.status["stable"]["revision"] == V2, limit_s=3)
    _v3_completes(sim)
    assert sim.releases["shop-3"]["spec"]["fromRevision"] == V2
    assert sim.releases["shop-2"]["status"]["outcome"] == "Completed"


@pytest.mark.parametrize("strategy", MOVING)
def test_v3_as_the_switch_to_v2_is_seen_keeps_v1_until_every_node_follows(strategy: str) -> None:
    sim = until(releasing_v2(strategy), baking, seconds=0.5)
    sim.set_image("shop:v3")
    warm = sim.desired(V1)
    quiet(sim)
    assert sim.desired(V1) == warm
    assert sim.selected() == {V2: 4}


@pytest.mark.parametrize("strategy", every(3, MOVING))
def test_v3_as_v2_completes_and_its_old_side_goes_starts_from_v2(strategy: str) -> None:
    sim = until(releasing_v2(strategy), lambda s: s.status["phase"] == "Healthy")
    assert sim.of(V1)
    sim.set_image("shop:v3")
    quiet(sim)
    assert V1 not in sim.selected()
    assert sim.status["stable"]["revision"] == V2
    _v3_completes(sim)


@pytest.mark.parametrize("strategy", every(2, MOVING))
def test_v1_again_as_its_old_pods_go_never_takes_them_for_new_ones(strategy: str) -> None:
    sim = until(releasing_v2(strategy), lambda s: s.status["phase"] == "Healthy")
    sim.instant = False
    sim.set_image("shop:v1")
    quiet(sim)
    assert sim.desired(V2) == 4
    assert sim.status["phase"] == "Progressing"
    sim.instant = True
    rest(sim)
    assert sim.selected() == {V1: 4}


def test_v3_while_v2_bakes_in_bad_health_starts_from_v1() -> None:
    sim = until(releasing_v2("bigBang"), stands_at(1))
    sim.crash(sim.of(V2)[0], ready=False)
    sim.set_image("shop:v3")
    quiet(sim)
    assert set(sim.selected()) == {V1}
    _v3_completes(sim)


def test_v3_while_a_person_is_still_asked_about_all_requests_on_v2_starts_from_v1() -> None:
    steps = [{"weight": 50}, {"weight": 100, "pause": "Manual"}]
    sim = until(releasing_v2({"canary": {"steps": steps}}), stands_at(1))
    assert sim.selected() == {V2: 4}
    sim.set_image("shop:v3")
    quiet(sim)
    while set(sim.selected()) != {V1}:
        assert sum(sim.selected().values()) >= 4
        step(sim, 0.5)
        quiet(sim)


@pytest.mark.parametrize("strategy", every(2, STRATEGIES))
def test_v3_once_an_undo_has_left_v2_lets_the_undo_complete_first(strategy: str) -> None:
    sim = rest(releasing_v2(strategy))
    if strategy == "blueGreen":
        sim.act("Promote")
        rest(sim)
    assert sim.selected() == {V2: 4}
    sim.act("Undo")
    listed = dict(sim.endpoints)
    while V2 in sim.selected():  # until the very write that takes the last requests from it
        listed = dict(sim.endpoints)
        if not reconcile(sim).writes:
            step(sim)
    sim.set_image("shop:v3")
    sim.endpoints, sim.instant = listed, False
    quiet(sim)
    assert V2 not in sim.selected()
    sim.instant = True
    sim.sync_all()
    while sim.status["stable"]["revision"] == V2:
        quiet(sim)
        assert V2 not in sim.selected()
        step(sim)
    _v3_completes(sim)
    assert sim.releases["shop-3"]["status"]["outcome"] == "Completed"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_going_back_to_v1_cancels(strategy: str) -> None:
    sim = until(releasing_v2(strategy), lambda s: s.of(V2) or s.pull_pods)
    sim.set_image("shop:v1")
    rest(sim)
    assert sim.status["phase"] == "Healthy"
    assert sim.selected() == {V1: 4}
    assert sim.releases["shop-2"]["status"]["outcome"] == "Cancelled"
    assert "failed" not in sim.status


def test_v3_while_v2_is_taken_back_waits_until_v1_has_everything() -> None:
    sim = until(releasing_v2("bigBang"), stands_at(1))
    sim.crash(sim.of(V2)[0])
    quiet(sim)
    sim.set_image("shop:v3")
    _v3_completes(sim)
    assert sim.releases["shop-2"]["status"]["outcome"] == "RolledBack"
    assert sim.releases["shop-3"]["spec"]["fromRevision"] == V1


def test_v2_again_while_it_is_given_up_for_v3_is_released_anew() -> None:
    sim = until(releasing_v2("canary"), stands_at(1))
    sim.set_image("shop:v3")
    quiet(sim)
    sim.set_image("shop:v2")
    rest(sim)
    assert sim.selected() == {V2: 4}
    assert [r["status"]["outcome"] for r in sim.releases.values()] == ["Completed", "Superseded", "Completed"]


def test_v3_while_the_first_release_is_not_ready_takes_its_place() -> None:
    sim = Sim(rollout(STRATEGIES["canary"]), broken=frozenset({V1}))
    step(until(sim, lambda s: s.of(V1)))
    sim.set_image("shop:v2")
    rest(sim)
    assert sim.status["phase"] == "Healthy"
    assert sim.selected() == {V2: 4}
    assert {p.revision for p in sim.pods} == {V2}


def test_nothing_is_ready_between_the_end_of_v2_and_the_release_of_v3() -> None:
    sim = until(releasing_v2("bigBang"), baking)
    sim.set_image("shop:v3")
    while sim.status["stable"]["revision"] != V3:
        reconcile(sim)
        ready = next(c for c in sim.status["conditions"] if c["type"] == "Ready")
        done = sim.status["stable"]["revision"] == V3
        assert ready["status"] == ("True" if done else "False"), sim.status["message"]
        step(sim)
