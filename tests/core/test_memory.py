"""A status that was edited, cut or restored is held against the records and the pods before anything follows from it."""

from typing import Any

import pytest

from builders import V1, V2, releasing_v2, serving_v1
from simulation.cluster import Sim
from simulation.live import each_second, phase, quiet, rest, run, stands_at, step, until
from simulation.stored import versioned

HALF = {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}
FAR = "2101-02-03T04:05:06.000Z"


def _in_the_middle() -> Sim:
    return until(releasing_v2(HALF), stands_at(0))


def _edited(sim: Sim, **status: Any) -> Sim:
    sim.rollout = {**sim.rollout, "status": {**sim.status, **status}}
    return sim


@pytest.mark.parametrize("lost", [{}, {"revision": "nobody's"}, {"revision": V2}])
def test_the_revisions_of_a_release_are_those_of_its_record(lost: dict[str, str]) -> None:
    sim = _in_the_middle()
    _edited(sim, stable={**sim.status["stable"], **lost} if lost else None)
    run(sim, 30)
    assert sim.selected() == {V1: 2, V2: 2}, "no gate was passed"
    assert (sim.status["stable"]["revision"], sim.status["candidate"]["revision"]) == (V1, V2)


def test_a_stable_revision_that_nothing_knows_is_a_lost_memory() -> None:
    sim = serving_v1(HALF)
    sim.edit(paused=True)
    quiet(sim)
    _edited(sim, stable={"revision": "nobodys"})
    run(sim, 30)
    assert sim.selected() == {V1: 4}
    assert sim.status["stable"]["revision"] == V1
    assert [event.reason for event in sim.events].count("MemoryRecovered") == 1


def test_what_failed_stays_condemned_though_the_memory_of_it_is_lost() -> None:
    sim = _in_the_middle()
    sim.act("Abort")
    rest(sim)
    sim.rollout = {key: each for key, each in sim.rollout.items() if key != "status"}
    rest(sim)
    assert (sim.status["phase"], sim.selected()) == ("RolledBack", {V1: 4})


def test_an_action_is_carried_out_though_the_release_is_said_to_begin_in_a_hundred_years() -> None:
    sim = _in_the_middle()
    _edited(sim, progress={**sim.status["progress"], "releaseStartedAt": FAR, "reachedAt": FAR})
    sim.act("Promote")
    rest(sim)
    assert sim.selected() == {V2: 4}


def test_a_number_is_never_given_twice() -> None:
    sim = rest(releasing_v2({"bigBang": {}}, bakeSeconds=0))
    _edited(sim, release=0)
    sim.set_image("shop:v3")
    rest(sim)
    assert sorted(sim.releases) == ["shop-1", "shop-2", "shop-3"]


def test_somebody_elses_deployment_in_the_middle_of_a_release_is_told_and_not_written_to() -> None:
    sim = _in_the_middle()
    name = f"shop-{V2}"
    meta = sim.deployments[name]["metadata"]
    theirs = [{**meta["ownerReferences"][0], "uid": "somebody-else"}]
    sim.deployments[name] = {**sim.deployments[name], "metadata": {**meta, "ownerReferences": theirs}}
    sim.act("Promote")
    until(sim, phase("Invalid"))
    sim.writes.clear()
    run(sim, 60)
    assert "take that owner away" in sim.status["message"]
    assert not [write for write in sim.writes if write.name == name]
    sim.deployments[name] = {**sim.deployments[name], "metadata": {**meta, "ownerReferences": []}}
    assert rest(sim).selected() == {V2: 4}


def test_a_stage_that_the_plan_does_not_have_is_the_last_one_and_is_told_as_that() -> None:
    sim = _in_the_middle()
    _edited(sim, progress={**sim.status["progress"], "stage": 10_000})
    quiet(sim)
    assert sim.status["stage"] == "3/3"
    assert rest(sim).selected() == {V2: 4}


def _completed_twice(**spec: Any) -> Sim:
    """V2 has completed after v1."""
    return rest(releasing_v2("bigBang", **spec))


def test_an_undo_goes_to_what_the_records_say_has_completed_though_the_status_has_lost_it() -> None:
    sim = _edited(_completed_twice(), completed=[])
    name = sim.act("Undo", revision=V1)
    assert rest(sim).selected() == {V1: 4}
    assert sim.actions[name]["status"]["state"] == "Done"


@pytest.mark.parametrize("strategy", ["rolling", "blueGreen", "canary", "bigBang", "recreate"])
@pytest.mark.parametrize("paused", [True, False])
def test_stable_that_somebody_patches_in_the_status_moves_no_request(strategy: str, paused: bool) -> None:
    sim = rest(releasing_v2(strategy))
    sim.edit(paused=paused)
    quiet(sim)
    _edited(sim, stable={**sim.status["stable"], "revision": V1})
    for _ in each_second(sim, 30):
        assert sim.selected() == {V2: 4}
    assert sim.status["stable"]["revision"] == V2


def _at_the_end_without_a_status(strategy: str, stage: int) -> Sim:
    """All requests are with the candidate, its bake is not over, and the status is lost."""
    sim = until(releasing_v2(strategy, bakeSeconds=60), stands_at(stage))
    assert sim.selected() == {V2: 4}
    sim.rollout = {key: each for key, each in sim.rollout.items() if key != "status"}
    return sim


def test_a_status_that_is_lost_in_the_bake_opens_no_gate() -> None:
    sim = _at_the_end_without_a_status("bigBang", 1)
    quiet(sim)
    assert (sim.status["stable"]["revision"], V2 in sim.status["completed"]) == (V1, False)
    assert "bake" in until(sim, stands_at(1)).status["message"], "it begins anew"
    assert rest(sim).releases["shop-2"]["status"]["outcome"] == "Superseded"


def test_what_serves_when_the_status_is_lost_stays_where_nothing_is_left_to_return_to() -> None:
    sim = _at_the_end_without_a_status("recreate", 2)
    for _ in range(5):
        quiet(sim)
        assert sim.selected() == {V2: 4}
        step(sim)
    assert (rest(sim).status["phase"], sorted(sim.releases)) == ("Healthy", ["shop-1", "shop-2"])
    assert sim.releases["shop-2"]["status"]["outcome"] == "Completed"


@pytest.mark.parametrize("nonsense", ["²", "9" * 5000, "-1", "many"])
def test_a_number_in_an_annotation_that_no_reader_takes_is_as_if_it_were_lost(nonsense: str) -> None:
    sim = serving_v1("rolling")
    name, side = next(iter(sim.deployments.items()))
    kept = side["metadata"]["annotations"]
    numbers = {key: nonsense for key, value in kept.items() if value.isdigit()}
    assert len(numbers) == 2
    meta = {**side["metadata"], "annotations": {**kept, **numbers}}
    sim.deployments[name] = {**side, "metadata": meta}
    assert rest(sim).deployments[name]["metadata"]["annotations"] == kept


def test_a_restored_status_starts_no_pod_beside_one_that_still_ends() -> None:
    """Recreate: v2 is given up in its bake, and its pod was just told to go, when a status of before v2 comes back."""
    sim = serving_v1("recreate", replicas=1)
    before = sim.status
    sim.set_image("shop:v2")
    until(sim, stands_at(2))
    sim.instant = False
    sim.set_image("shop:v1")
    quiet(sim)
    sim.controllers()
    sim.sync_all()
    assert [(p.revision, p.leaving) for p in sim.pods] == [(V2, True)]
    sim.rollout = versioned({**sim.rollout, "status": before}, sim.tick_version())
    quiet(sim)
    sim.controllers()
    assert {p.revision for p in sim.pods} == {V2}


def test_a_rollout_that_was_made_anew_takes_nothing_of_the_one_before_for_its_own() -> None:
    """Until the garbage collector has been there, Deployment and Service belong to the Rollout that is gone."""
    sim = serving_v1("blueGreen")
    for objects in (sim.deployments, sim.services):
        for name, live in objects.items():
            owners = [{**each, "uid": "gone"} for each in live["metadata"]["ownerReferences"]]
            objects[name] = versioned(live, sim.tick_version(), ownerReferences=owners)
    sim.rollout = {key: value for key, value in sim.rollout.items() if key != "status"}
    quiet(sim)
    assert sim.status["phase"] == "Invalid"
    assert not sim.status.get("stable")
