"""Two versions never run at once; the down time is measured and limited."""

from dataclasses import replace

import pytest

from builders import V1, V2, releasing_v2, rollout
from crossfade.core.observed import Waiting
from crossfade.core.plan import Write
from samples import every
from simulation.cluster import Sim
from simulation.live import each_second, quiet, rest, run, settled, step, until
from simulation.passes import carry_out, decided


def _never_both(sim: Sim, *, seconds: float = 200) -> Sim:
    """The world goes on to its rest, a look at the pods at every step."""
    end, last = sim.now.timestamp() + seconds, None
    while sim.now.timestamp() < end:
        last = settled(sim, last)
        assert len({p.revision for p in sim.pods}) <= 1, sim.pods
        sim.controllers()
        assert len({p.revision for p in sim.pods}) <= 1, sim.pods
        sim.kubelet()
        sim.tick(1)
    return rest(sim)


def test_the_images_are_pulled_before_anything_stops() -> None:
    sim = releasing_v2("recreate")
    quiet(sim)
    assert len(sim.pull_pods) == 1
    assert sim.selected() == {V1: 4}
    assert _never_both(sim).selected() == {V2: 4}
    assert not sim.pull_pods


def test_without_pull_first_no_pod_pulls() -> None:
    sim = releasing_v2({"recreate": {"pullFirst": False}})
    quiet(sim)
    assert not sim.pull_pods
    assert _never_both(sim).selected() == {V2: 4}


def test_an_image_that_cannot_be_pulled_stops_nothing() -> None:
    sim = releasing_v2("recreate", progressDeadlineSeconds=30)
    quiet(sim)
    sim.pull_pods = tuple(
        replace(p, waiting=(Waiting("app", "ErrImagePull", "not found"),)) for p in sim.pull_pods
    )
    quiet(sim)
    assert "-pull: container app cannot start: ErrImagePull: not found" in sim.status["message"]
    for _ in each_second(sim, 40):
        assert sim.selected() == {V1: 4}
    rest(sim)
    assert sim.status["phase"] == "RolledBack"
    assert "ErrImagePull" in sim.status["message"]
    assert not sim.pull_pods


def test_the_down_time_is_measured_and_told() -> None:
    sim = until(releasing_v2("recreate"), lambda s: not s.pods)
    down_since = sim.now
    sim.broken = frozenset({V2})
    run(sim, 9)
    sim.broken = frozenset()
    until(sim, lambda s: s.selected())
    lasted = (sim.now - down_since).total_seconds()
    rest(sim)
    assert sim.releases["shop-2"]["status"]["downtimeSeconds"] == pytest.approx(lasted, abs=1.01)
    assert sim.status["downtime"]["seconds"] == pytest.approx(lasted, abs=1.01)


@pytest.mark.parametrize("service", [True, False])
def test_when_the_down_time_is_too_long_the_old_version_comes_back(service: bool) -> None:
    sim = releasing_v2({"recreate": {"maxDowntimeSeconds": 20}}, service=service)
    sim.broken = frozenset({V2})
    _never_both(sim)
    assert sim.status["phase"] == "RolledBack"
    assert sim.status["failed"]["reason"] == "DowntimeExceeded"
    assert [p.revision for p in sim.pods] == [V1] * 4
    assert sim.releases["shop-2"]["status"]["downtimeSeconds"] == pytest.approx(22, abs=4)


def test_a_new_version_that_never_becomes_ready_is_taken_back_by_the_deadline() -> None:
    sim = releasing_v2("recreate", progressDeadlineSeconds=15)
    sim.broken = frozenset({V2})
    _never_both(sim)
    assert sim.status["failed"]["reason"] == "CandidateUnavailable"
    assert sim.selected() == {V1: 4}


@pytest.mark.parametrize("seconds", every(3, range(8)))
def test_aborted_at_any_moment_the_old_version_is_back_and_never_both(seconds: int) -> None:
    sim = run(releasing_v2("recreate"), seconds)
    sim.act("Abort")
    _never_both(sim)
    assert sim.selected() == {V1: 4}
    assert sim.status["phase"] == "RolledBack"


@pytest.mark.parametrize("seconds", every(3, range(8)))
def test_v3_at_any_moment_never_runs_with_another(seconds: int) -> None:
    sim = run(releasing_v2("recreate"), seconds)
    sim.set_image("shop:v3")
    _never_both(sim)
    assert sim.status["phase"] == "Healthy"


def test_after_the_template_changed_a_dead_old_version_does_not_hold_up_the_next() -> None:
    sim = until(releasing_v2("recreate"), lambda s: s.selected().get(V2))
    sim.broken = frozenset({V1})
    sim.crash(sim.of(V2)[0])
    run(sim, 10)
    sim.set_image("shop:v3")
    _never_both(sim)
    assert sim.status["phase"] == "Healthy"


def test_old_pods_that_take_long_to_end_hold_the_new_ones_back() -> None:
    sim = until(releasing_v2("recreate"), lambda s: s.desired(V1) == 0)
    sim.controllers()
    for _ in range(20):
        quiet(sim)
        sim.controllers()
        assert not sim.of(V2)
        sim.tick(1)
    assert _never_both(sim).selected() == {V2: 4}


def test_a_first_release_that_is_given_up_is_gone_before_the_next_one_begins() -> None:
    sim = Sim(rollout({"recreate": {}}))
    quiet(sim)
    sim.controllers()
    sim.set_image("shop:v2")
    assert _never_both(sim).selected() == {V2: 4}


def _growth_with_a_lost_reply() -> Sim:
    """The candidate was just scaled up; nobody has told the operator."""
    sim = until(releasing_v2({"recreate": {"pullFirst": False}}), lambda s: s.desired(V1) == 0)
    decision = decided(sim)
    while not any(_grows(write) for write in decision.writes):
        carry_out(sim, decision)
        step(sim)
        decision = decided(sim)
    index = next(index for index, write in enumerate(decision.writes) if _grows(write))
    carry_out(sim, decision, lost_reply=index, unread=True)
    assert sim.desired(V2) == 4
    return sim


def _grows(write: Write) -> bool:
    return write.kind == "Deployment" and write.body["spec"]["replicas"] == 4


@pytest.mark.parametrize("asked", ["Abort", "Pause", "the old template"])
def test_the_old_version_does_not_start_beside_new_pods_that_only_a_lost_reply_told_of(asked: str) -> None:
    sim = _growth_with_a_lost_reply()
    unseen = dict(sim.unseen)
    if asked == "the old template":
        sim.set_image("shop:v1")
    else:
        sim.act(asked)
    for _ in range(5):
        carry_out(sim, decided(sim))
        sim.unseen |= unseen
        assert sim.desired(V1) == 0
    sim.unseen = {}
    if asked == "Pause":
        sim.act("Resume")
    assert _never_both(sim).selected() == {V2 if asked == "Pause" else V1: 4}


@pytest.mark.parametrize(("asked", "seconds"), every(3, ["Abort", "Resume"], [2, 6, 8, 12]))
def test_scaled_to_nothing_and_back_in_the_middle_it_never_runs_both(asked: str, seconds: int) -> None:
    sim = run(releasing_v2("recreate"), seconds)
    sim.scale(0)
    sim.act(asked)
    quiet(sim)
    sim.controllers()
    quiet(sim)
    sim.scale(4)
    assert len(_never_both(sim).selected()) == 1
