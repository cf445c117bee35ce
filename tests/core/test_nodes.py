"""What a node does to pods is no verdict on their revision: requests go back, nobody is condemned, and it is tried again."""

from builders import V1, V2, releasing_v2
from core.odd_pods import OddPod
from crossfade.core.observed import Exit
from simulation.cluster import Sim
from simulation.live import rest, run, until
from simulation.passes import reconcile

EVICTED = "Evicted: The node was low on resource: memory"


def baking(replicas: int) -> Sim:
    """V2 has all requests, for some seconds."""
    sim = releasing_v2("bigBang", replicas=replicas, bakeSeconds=60)
    return run(until(sim, lambda s: set(s.selected()) == {V2}), 8)


def evict_the_only_pod(sim: Sim) -> None:
    """The kubelet evicts it: its object stays, and another one is only made now."""
    (pod,) = [p for p in sim.of(V2) if p.ready]
    sim.change(pod, None)
    sim.pods += (OddPod(f"evicted-{pod.name}", V2, more={"ended": True, "node_lost": EVICTED}),)
    sim.drop(V2)
    reconcile(sim)


def outcomes(sim: Sim) -> list[str]:
    return [each["status"]["outcome"] for each in sim.releases.values()]


def test_the_only_pod_that_its_node_evicts_in_the_bake_gives_its_requests_back_and_condemns_nobody() -> None:
    sim = baking(1)
    evict_the_only_pod(sim)
    assert set(sim.selected()) == {V1}
    assert not sim.status.get("failed")
    assert any("by its node" in event.note and EVICTED in event.note for event in sim.events)


def test_the_release_begins_anew_then_and_completes() -> None:
    sim = baking(1)
    evict_the_only_pod(sim)
    assert rest(sim).selected() == {V2: 1}
    assert outcomes(sim) == ["Completed", "Cancelled", "Completed"]
    assert sim.status["phase"] == "Healthy"


def test_the_second_time_in_a_row_it_is_a_failure() -> None:
    sim = baking(1)
    evict_the_only_pod(sim)
    until(sim, lambda s: set(s.selected()) == {V2})
    sim.pods = tuple(p for p in sim.pods if not isinstance(p, OddPod))
    run(sim, 8)
    evict_the_only_pod(sim)
    assert set(sim.selected()) == {V1}
    assert sim.status["failed"]["revision"] == V2
    assert rest(sim).status["phase"] == "RolledBack"


def test_a_node_that_restarts_under_a_pod_is_no_crash() -> None:
    sim = baking(4)
    pod = sim.of(V2)[0]
    end = Exit("app", 255, "Unknown", "", sim.now, 1, by_node=True)
    sim.change(pod, pod.but(exits=(end,)))
    sim.drop(V2)
    reconcile(sim)
    assert set(sim.selected()) == {V2}
    assert rest(sim).status["phase"] == "Healthy"


def test_a_container_that_leaves_255_by_itself_is_a_crash() -> None:
    sim = baking(4)
    sim.crash(sim.of(V2)[0], code=255)
    reconcile(sim)
    assert set(sim.selected()) == {V1}
    assert sim.status["failed"]["reason"] == "CandidateCrashed"
