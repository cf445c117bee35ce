"""The simulated operator reads the cluster through its real store, and forks it with the cluster."""

from builders import V1, V2, releasing_v2, serving_v1
from crossfade.core.observed import Found
from simulation.live import quiet
from simulation.passes import restart
from simulation.shell import key_of
from simulation.sight import observed, shell_of
from simulation.stored import versioned


def test_what_happens_to_a_fork_does_not_reach_the_other_store() -> None:
    sim = serving_v1("bigBang")
    before = shell_of(sim)
    twin = sim.fork()
    twin.remove("Deployment", f"shop-{V1}")
    assert observed(twin, Found()).sides == {}
    assert set(observed(sim, Found()).sides) == {V1}
    assert shell_of(sim) is before, "nothing is new to it"


def test_an_object_that_goes_back_in_time_comes_with_a_fresh_store() -> None:
    sim = serving_v1("bigBang")
    old = dict(sim.rollout)
    sim.set_image("shop:v2")
    quiet(sim)
    sim.unseen["Rollout", "shop"] = old
    assert shell_of(sim).store.rollout(key_of(sim.rollout)) == old


def test_a_pod_that_is_back_before_anybody_looks_is_latched() -> None:
    sim = serving_v1("bigBang")
    key = key_of(sim.rollout)
    assert not sim.drops.of(key)
    twin = sim.fork()
    sim.crash(sim.of(V1)[0])
    assert set(sim.drops.of(key)) == {V1}
    assert not twin.drops.of(key)


def test_a_new_process_counts_what_it_sees_for_the_first_time_as_dropped() -> None:
    sim = releasing_v2("bigBang")
    quiet(sim)
    restart(sim)
    assert set(sim.drops.of(key_of(sim.rollout))) == {V1}, "v2 never had a pod"


def test_endpoints_are_counted_by_the_names_of_the_pods() -> None:
    sim = serving_v1("bigBang")
    sim.sync_endpoints("shop")
    assert observed(sim, Found()).services["shop"].ready == {V1: 4}
    sim.services["shop"] = versioned(sim.services["shop"], sim.tick_version())
    assert observed(sim, Found()).services["shop"].ready == {V1: 4}
    assert V2 not in observed(sim, Found()).sides


def test_the_slices_of_a_service_that_was_deleted_are_not_those_of_the_next_one() -> None:
    sim = serving_v1("bigBang")
    assert observed(sim, Found()).services["shop"].ready == {V1: 4}
    service, sim.instant = sim.services["shop"], False
    sim.remove("Service", "shop")
    sim.services["shop"] = versioned(service, sim.tick_version(), uid="another")
    assert observed(sim, Found()).services["shop"].ready == {}
