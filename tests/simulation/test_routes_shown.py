"""What the rules read of a cluster whose requests a route shares."""

from fractions import Fraction
from typing import Any

import pytest

from builders import V1, V2, rollout
from crossfade.core.observed import Found
from crossfade.core.plan import ReadRequest
from simulation.cluster import Sim
from simulation.live import until
from simulation.people import ROUTED, RULES
from simulation.router import Mode
from simulation.shown import part_beside, parts_carried, reached_by, routed_by, selected_by, serving
from simulation.sight import look, observed
from simulation.weights import receiving
from simulation.worlds import DYNAMIC, ROUTED_STRATEGIES, behind_a_router


def split(strategy: dict[str, Any] = ROUTED_STRATEGIES["canary"], **spec: Any) -> Sim:
    """A cluster in which half of the requests meet v2, by a route."""
    sim = behind_a_router(rollout(strategy, traffic=ROUTED, **spec))
    sim.set_image("shop:v2")
    return until(sim, lambda s: s.canary_name in receiving(s.routes["shop"]["spec"]))


def test_users_behind_a_router_meet_both_and_those_of_the_service_only_stable() -> None:
    sim = split()
    assert (selected_by(sim), routed_by(sim), reached_by(sim)) == ({V1}, {V1, V2}, {V1, V2})
    assert part_beside(sim) == Fraction(1, 2)


def test_a_service_must_take_what_is_stored_and_what_is_still_carried_out() -> None:
    sim = split()
    sim.instant = False
    sim.edit_rules("shop", RULES)
    assert parts_carried(sim) == {"shop": 1, "shop-canary": Fraction(1, 2)}
    sim.follow_routes()
    assert parts_carried(sim) == {"shop": 1, "shop-canary": 0}


@pytest.mark.parametrize(
    ("gone", "left"), [({}, 4), ({V2: 1}, 2), ({V2: 2}, 0), ({V1: 3}, 1), ({V1: 1, V2: 1}, 2)]
)
def test_as_many_pods_serve_as_the_weaker_side_can_use(gone: dict[str, int], left: int) -> None:
    sim = split()
    for revision, count in gone.items():
        for pod in sim.of(revision)[:count]:
            sim.change(pod, pod.but(ready=False))
    assert serving(sim) == left


def test_pods_of_a_dynamic_stable_are_as_many_as_its_part_needs() -> None:
    sim = split(DYNAMIC)
    until(sim, lambda s: len(s.of(V1)) == 2)
    assert serving(sim) == 4


def test_a_crash_counts_where_the_router_sends_requests_to() -> None:
    sim = split()
    (pod,) = sim.of(V2)[:1]
    assert sim.gets_requests(pod)
    sim.edit_rules("shop", RULES)
    assert not sim.gets_requests(pod)


def test_it_is_kept_when_the_canary_service_listed_a_revision_last() -> None:
    sim = split()
    sim.tick(1)
    assert set(sim.beside_at) == {V2}
    assert sim.beside_at[V2] < sim.now


def test_the_operator_sees_the_route_by_its_name_and_its_gateway_by_a_look() -> None:
    sim = split()
    assert set(observed(sim, Found()).routes) == {"HTTPRoute/shop"}
    asked = ReadRequest(
        gateways=frozenset({"prod/web"}), routes=frozenset({"HTTPRoute/shop", "HTTPRoute/none"})
    )
    found = look(sim, asked, Found())
    assert found.gateways["prod/web"].controller
    assert found.routes["HTTPRoute/none"] is None
    sim.treats_routes(Mode.GONE)
    assert "does not exist" in look(sim, asked, Found()).gateways["prod/web"].missing


def test_a_watch_that_stands_still_shows_the_route_as_it_was() -> None:
    sim = split()
    sim.hold("HTTPRoute")
    sim.edit_rules("shop", RULES)
    shown = observed(sim, Found()).routes["HTTPRoute/shop"]
    assert shown.manifest["spec"]["rules"] != RULES
    sim.let_go("HTTPRoute")
    assert observed(sim, Found()).routes["HTTPRoute/shop"].manifest["spec"]["rules"] == RULES
