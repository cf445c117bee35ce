"""Skip, PromoteFull and Restart: what a person may ask beyond Promote."""

import pytest

from builders import V1, V2, releasing_v2, serving_v1
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, step, until

MANUAL = {"canary": {"steps": [{"weight": 25, "pause": "Manual"}, {"weight": 50, "pause": "Manual"}]}}


def _answer(sim: Sim, name: str) -> str:
    status = sim.actions[name]["status"]
    return f"{status['state']}: {status['message']}"


def test_promote_full_passes_all_gates_and_still_waits_for_pods() -> None:
    sim = until(releasing_v2(MANUAL), phase("Paused"))
    sim.act("PromoteFull")
    rest(sim)
    assert sim.status["phase"] == "Healthy"
    assert sim.selected() == {V2: 4}


def test_skip_leaves_a_stage_whose_pods_do_not_stand() -> None:
    sim = releasing_v2({"canary": {"steps": [{"weight": 25, "pause": "Manual"}, {"weight": 50}]}})
    sim.broken |= {V2}
    until(sim, lambda s: s.status.get("candidate", {}).get("replicas"))
    name = sim.act("Skip")
    quiet(sim)
    assert _answer(sim, name).startswith("Done")
    assert sim.status["progress"]["stage"] == 1


def test_skip_never_moves_traffic_to_pods_that_are_not_available() -> None:
    sim = releasing_v2("bigBang")
    sim.broken |= {V2}
    until(sim, lambda s: s.status.get("candidate", {}).get("replicas") == 4)
    sim.act("Skip")
    quiet(sim)
    assert sim.status["stage"] == "2/3"
    assert sim.selected() == {V1: 4}


def test_the_bake_cannot_be_skipped() -> None:
    sim = until(releasing_v2("blueGreen"), lambda s: s.status["stage"] == "2/3")
    name = sim.act("Skip")
    quiet(sim)
    assert _answer(sim, name).startswith("Refused")


@pytest.mark.parametrize("strategy", ["recreate", "rolling", "blueGreen", "canary", "bigBang"])
def test_restart_marks_the_template_once_and_makes_no_revision(strategy: str) -> None:
    sim = serving_v1(strategy)
    name = sim.act("Restart")
    rest(sim)
    template = sim.side(V1)["spec"]["template"]
    assert _answer(sim, name).startswith("Done")
    assert template["metadata"]["annotations"]["crossfade.dev/restarted-at"] == sim.status["restarted"]["at"]
    assert list(sim.releases) == ["shop-1"]
    assert len([w for w in sim.writes if w.kind == "Deployment" and w.verb == "Patch"]) == 1


def test_restart_is_refused_while_a_release_is_under_way() -> None:
    sim = until(releasing_v2(MANUAL), phase("Paused"))
    name = sim.act("Restart")
    quiet(sim)
    assert _answer(sim, name).startswith("Refused")


def test_what_was_restarted_once_begins_later_releases_without_the_mark() -> None:
    sim = serving_v1("bigBang")
    sim.act("Restart")
    rest(sim)
    sim.set_image("shop:v2")
    rest(sim)
    assert "annotations" not in sim.side(V2)["spec"]["template"]["metadata"]


@pytest.mark.parametrize("strategy", ["rolling", "blueGreen", "canary", "bigBang"])
def test_a_restart_whose_new_pod_never_becomes_ready_does_not_hold_up_the_release_that_mends_it(
    strategy: str,
) -> None:
    sim = serving_v1(strategy)
    sim.broken |= {V1}
    sim.act("Restart")
    until(sim, lambda s: s.side(V1)["status"]["replicas"] > 4)
    sim.set_image("shop:v2")
    rest(sim)
    assert (sim.status["phase"], sim.status["stable"]["revision"]) == ("Healthy", V2)


@pytest.mark.parametrize("strategy", ["rolling", "blueGreen", "canary", "bigBang"])
def test_it_is_not_healthy_until_all_pods_are_of_the_restart(strategy: str) -> None:
    sim = serving_v1(strategy)
    sim.act("Restart")
    quiet(sim)
    assert (sim.status["phase"], _ready(sim)) == ("Progressing", ("False", "Restarting"))
    assert sim.status["message"] == "4 old pods of stable to be replaced by new ones"
    while sim.status["phase"] != "Healthy":
        assert "" in {p.mark for p in sim.pods if not p.leaving}
        step(sim)
        quiet(sim)
    assert {p.mark for p in sim.pods if not p.leaving} == {sim.status["restarted"]["at"]}
    assert _ready(sim) == ("True", "Completed")


@pytest.mark.parametrize("replicas", [2, 6])
def test_a_scale_long_after_a_restart_is_told_as_a_scale(replicas: int) -> None:
    sim = serving_v1("canary")
    sim.act("Restart")
    rest(sim).tick(3600)
    sim.instant = False
    sim.edit(replicas=replicas)
    for _ in range(20):
        quiet(sim)
        assert _ready(sim)[1] != "Restarting"
        sim.controllers()
        sim.sync_status(f"shop-{V1}")
        quiet(sim)
        assert _ready(sim)[1] != "Restarting"
        step(sim)


@pytest.mark.parametrize("replicas", [1, 4])
@pytest.mark.parametrize("strategy", ["rolling", "blueGreen", "canary", "bigBang"])
def test_a_restart_that_does_not_end_says_what_its_pod_lacks_and_is_stalled_after_the_deadline(
    strategy: str, replicas: int
) -> None:
    sim = serving_v1(strategy, replicas=replicas, progressDeadlineSeconds=60)
    sim.broken |= {V1}
    sim.act("Restart")
    run(sim, 30)
    assert sim.status["phase"] == "Progressing"
    until(sim, phase("Degraded"))
    assert sim.selected() == {V1: replicas}
    kinds = {c["type"]: c["reason"] for c in sim.status["conditions"] if c["status"] == "True"}
    assert kinds == {"Available": "Restarting", "Stalled": "Restarting"}
    [told] = [e.note for e in sim.events if e.reason == "Restarting"]
    assert "readiness probe does not pass" in told


def _ready(sim: Sim) -> tuple[str, str]:
    condition = next(c for c in sim.status["conditions"] if c["type"] == "Ready")
    return condition["status"], condition["reason"]
