"""A pod that was evicted stays as an object and runs no more: nobody waits for it, under recreate or anywhere."""

from builders import V1, V2, releasing_v2, serving_v1
from core.odd_pods import evicted
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, until

QUICK = {"recreate": {"pullFirst": False, "maxDowntimeSeconds": 15}}


def test_recreate_goes_on_beside_an_old_pod_that_has_ended() -> None:
    sim = releasing_v2(QUICK)
    evicted(sim, V1)
    assert rest(sim).selected() == {V2: 4}
    assert not sim.status.get("failed")
    assert sim.status["downtime"]["seconds"] < 5


def test_recreate_returns_beside_a_new_pod_that_has_ended() -> None:
    sim = until(releasing_v2(QUICK), lambda s: s.selected() == {V2: 4})
    evicted(sim, V2)
    sim.broken = frozenset({V2})
    for pod in [p for p in sim.of(V2) if p.ready]:
        sim.crash(pod, ready=False)
    run(sim, 10)
    assert sim.selected() == {V1: 4}


def test_a_deletion_in_the_middle_waits_for_no_pod_that_has_ended() -> None:
    sim = run(releasing_v2("recreate", onDelete="GiveBack"), 3)
    evicted(sim, V1)
    evicted(sim, V2)
    sim.delete()
    until(sim, lambda s: s.gone, limit_s=60)


def test_with_no_replicas_a_new_template_waits_for_no_pod_that_has_ended() -> None:
    sim = _emptied()
    evicted(sim, V1)
    sim.set_image("shop:v2")
    quiet(sim)
    assert sim.status["stable"]["revision"] == V2


def test_with_no_replicas_a_new_template_waits_for_a_pod_that_still_runs() -> None:
    sim = _emptied()
    evicted(sim, V1, ended=False)
    sim.set_image("shop:v2")
    quiet(sim)
    assert sim.status["stable"]["revision"] == V1


def _emptied() -> Sim:
    sim = serving_v1(QUICK)
    sim.scale(0)
    return run(sim, 5)
