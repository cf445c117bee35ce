"""What goes wrong seldom in the simulated cluster goes wrong as it does in life."""

from dataclasses import replace

from builders import V1, V2, releasing_v2, rollout, serving_v1
from crossfade.core.observed import Found
from crossfade.core.plan import ReadRequest
from simulation import mishaps
from simulation.cluster import Sim
from simulation.live import quiet, rest
from simulation.moves import World, faults, hanging_leaders
from simulation.passes import carry_out, decided
from simulation.sight import look, observed
from simulation.worlds import STRATEGIES, world


def happens(world_: World, source: mishaps.Source, name: str) -> Sim:
    """The mishap of that name happens."""
    next(move for move in source(world_.sim) if name in move.name).happens(world_)
    return world_.sim


def test_an_evicted_pod_stays_as_an_object_and_is_replaced() -> None:
    sim = happens(World(serving_v1("bigBang")), mishaps.evictions, "evicted")
    sim.controllers()
    sim.kubelet()
    listed = look(sim, ReadRequest(pods=frozenset({V1})), Found()).pods[V1]
    assert sorted((p.ended, p.ready, bool(p.node_lost)) for p in listed) == [
        *[(False, True, False)] * 4,
        (True, False, True),
    ]
    assert sim.side(V1)["status"]["readyReplicas"] == 4  # type: ignore[index]


def test_a_drained_pod_says_that_its_node_takes_it_and_only_the_second_speaks_against_its_revision() -> None:
    drained = World(serving_v1("bigBang"))
    for blamed in (frozenset(), {V1}):
        happens(drained, faults, "is evicted")
        assert drained.ghost.blamed == blamed
    listed = look(drained.sim, ReadRequest(pods=frozenset({V1})), Found()).pods[V1]
    assert sorted((p.leaving, bool(p.node_lost)) for p in listed) == [(False, False)] * 2 + [(True, True)] * 2


def test_a_pod_that_hangs_does_not_go_until_its_node_answers() -> None:
    sim = serving_v1("bigBang")
    sim.scale(3)
    quiet(sim)
    sim.controllers()
    happens(World(sim), mishaps.hanging, "hangs")
    sim.kubelet()
    assert len(sim.pods) == 4
    sim.tick(mishaps.HANGS_S)
    sim.kubelet()
    assert len(sim.pods) == 3


def test_a_watch_that_stands_still_shows_nothing_until_it_goes_on() -> None:
    worker = World(serving_v1("bigBang", service=False))
    sim = happens(worker, mishaps.late_watches("Deployment"), "Deployment")
    sim.change(sim.pods[0], sim.pods[0].but(ready=False))
    assert observed(sim, Found()).sides[V1].ready == 4
    assert not observed(sim, Found()).dropped
    sim.let_go("Deployment")
    assert observed(sim, Found()).sides[V1].ready == 3
    assert set(observed(sim, Found()).dropped) == {V1}


def test_the_reply_to_its_own_write_is_seen_though_the_watch_stands_still() -> None:
    sim = happens(World(releasing_v2("bigBang")), mishaps.late_watches("Deployment"), "Deployment")
    quiet(sim)
    assert set(observed(sim, Found()).sides) == {V1, V2}


def test_a_refused_service_is_asked_for_again_later_and_holds_up_no_deployment() -> None:
    sim = Sim(rollout(STRATEGIES["bigBang"]))
    sim.exhaust("Service", "exceeded quota")
    quiet(sim)
    assert (sim.services, len(sim.deployments)) == ({}, 1)
    assert "Service" not in {w.kind for w in decided(sim).writes}
    sim.exhaust("Service", "")
    sim.tick(6)
    assert "Service" in {w.kind for w in decided(sim).writes}
    assert rest(sim).status["phase"] == "Healthy"


def test_an_hour_without_operator_lets_the_cluster_go_on() -> None:
    sim = releasing_v2("bigBang")
    quiet(sim)
    before = sim.now
    happens(World(sim), mishaps.absences, "hour")
    assert (sim.now - before).total_seconds() == mishaps.HOUR_S
    assert len([p for p in sim.of(V2) if p.ready]) == 4


def test_a_late_write_lands_only_while_its_object_is_as_its_leader_saw_it() -> None:
    world_ = replace(world(STRATEGIES["bigBang"]), leaders_hang=True)
    status = next(move for move in hanging_leaders(decided(world_.sim)) if "write 0" in move.name)
    status.happens(world_)
    assert "the late write lands" in {move.name for move in world_.disturbances()}
    world_.sim.set_image("shop:v3")
    assert "the late write lands" not in {move.name for move in world_.disturbances()}


def test_a_late_write_comes_no_more_once_the_present_leader_has_written() -> None:
    world_ = replace(world(STRATEGIES["bigBang"]), leaders_hang=True)
    next(iter(hanging_leaders(decided(world_.sim)))).happens(world_)
    carry_out(world_.sim, decided(world_.sim), judged=world_.written)
    assert world_.late is None


def test_clocks_differ_by_what_the_world_says() -> None:
    sim = serving_v1("bigBang")
    sim.node_ahead_s, sim.api_ahead_s = 8, -5
    sim.crash(sim.pods[0])
    name = sim.act("Abort")
    told = next(pod.exits[0].at for pod in sim.pods if pod.exits)
    assert (told - sim.now).total_seconds() == 8
    assert sim.actions[name]["metadata"]["creationTimestamp"] < sim.now.isoformat()
