"""How far the checker lets a release come, by what the cluster shows."""

from builders import V1, V2, releasing_v2
from simulation.asked import Share
from simulation.cluster import Sim
from simulation.live import rest, stands_at, until
from simulation.way import Way, advanced, begun, replanned


def way_of(sim: Sim, *, free: bool = False) -> Way:
    """The way of a release of v2 that has just begun."""
    return begun(V2, V1, sim.rollout["spec"], free=free)


def test_it_stays_at_a_persons_gate_until_somebody_lets_it_go_on() -> None:
    sim = rest(releasing_v2({"blueGreen": {"promote": "Manual", "previewReplicas": 1}}))
    way = advanced(way_of(sim), sim)
    assert (way.index, way.most(sim.rollout["spec"])) == (0, 1)
    assert advanced(way._replace(let=True), sim).index == 1


def test_it_leaves_a_point_once_its_time_has_passed_since_it_stood_there() -> None:
    sim = until(releasing_v2({"canary": {"steps": [{"weight": 50, "pauseSeconds": 60}]}}), stands_at(0))
    way = advanced(way_of(sim), sim)
    sim.tick(59)
    assert advanced(way, sim).index == 0
    sim.tick(1)
    assert advanced(way, sim).index == 1


def test_a_gate_does_not_hold_what_has_proved_itself() -> None:
    sim = rest(releasing_v2({"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}))
    assert advanced(way_of(sim), sim).share(sim.rollout["spec"]) is Share.SOME
    assert advanced(way_of(sim, free=True), sim).share(sim.rollout["spec"]) is Share.ALL


def test_an_accident_of_stable_lets_nothing_pass_unless_it_was_there_before() -> None:
    sim = rest(releasing_v2({"blueGreen": {"promote": "Manual"}}))
    sim.ail(V1)
    way = way_of(sim)._replace(let=True)
    assert advanced(way, sim).index == 0
    assert advanced(way._replace(cure=True), sim).index > 0, "it may be the cure"
    sim.recover(V1)
    sim.kubelet()
    assert advanced(way, sim).index > 0


def test_an_edit_of_the_strategy_brings_it_to_the_weight_that_it_had() -> None:
    sim = rest(releasing_v2({"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}))
    way = advanced(way_of(sim), sim)
    sim.edit(strategy={"canary": {"steps": [{"weight": 25}, {"weight": 40}, {"weight": 75}]}})
    assert replanned(way, sim.rollout["spec"]).index == 1
    sim.edit(strategy={"bigBang": {}})
    assert replanned(way, sim.rollout["spec"]).share(sim.rollout["spec"]) is Share.NONE


def test_requests_that_were_there_before_it_began_may_leave_it_once() -> None:
    sim = until(releasing_v2("bigBang", bakeSeconds=60), stands_at(1))
    way = advanced(begun(V2, V1, sim.rollout["spec"], again=True), sim)
    assert way.again
    assert not advanced(way, rest(releasing_v2({"blueGreen": {"promote": "Manual"}}))).again
