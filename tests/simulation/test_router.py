"""The simulated router follows routes as routers do: late, in steps of its own, and by no status."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from builders import rollout
from simulation.api_server import START
from simulation.cluster import Sim
from simulation.router import CARRIES_S, Mode, Router
from simulation.stored import Refused, patched
from simulation.weights import (
    foreign_parts,
    mirrored,
    named,
    part_of,
    receiving,
    weights,
    without,
)

ONLY_OLD = [{"backendRefs": [{"name": "shop", "port": 80}]}]
HALF = [
    {
        "backendRefs": [
            {"name": "shop", "port": 80, "weight": 500},
            {"name": "shop-canary", "port": 80, "weight": 500},
        ]
    }
]
SHARED = [
    {
        "name": "main",
        "backendRefs": [
            {"name": "shop", "weight": 600},
            {"name": "shop-canary", "weight": 200},
            {"name": "legacy", "weight": 200},
        ],
        "filters": [{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "shop-canary"}}}],
    }
]


@pytest.fixture
def sim() -> Sim:
    """A cluster with one route, which its router carries out."""
    made = Sim(rollout("bigBang"), instant=False)
    made.services = {name: {"metadata": {"name": name}} for name in ("shop", "shop-canary")}
    made.make_route("shop", ONLY_OLD)
    made.follow_routes()
    return made


def carried(sim: Sim) -> Any:
    """The rules that the proxies carry out."""
    return sim.router.carried["shop"].spec["rules"]


def conditions(sim: Sim) -> dict[str, tuple[str, int]]:
    """What the route's status says, and of which generation."""
    parents = sim.routes["shop"]["status"]["parents"]
    return {c["type"]: (c["status"], c["observedGeneration"]) for c in parents[0]["conditions"]}


def test_a_change_is_carried_out_after_it_was_read_and_its_status_does_not_tell(sim: Sim) -> None:
    sim.edit_rules("shop", HALF)
    assert [*sim.router.uncarried()] == []
    sim.route_read("shop")
    sim.route_told("shop")
    assert conditions(sim)["Accepted"] == ("True", 2)
    assert carried(sim) == ONLY_OLD
    sim.route_carried("shop")
    assert carried(sim) == HALF


def test_the_proxies_may_be_ahead_of_the_status(sim: Sim) -> None:
    sim.edit_rules("shop", HALF)
    sim.route_read("shop")
    sim.route_carried("shop")
    assert (carried(sim), conditions(sim)["Accepted"]) == (HALF, ("True", 1))


def test_the_proxies_may_still_come_to_what_is_older_than_the_route(sim: Sim) -> None:
    sim.edit_rules("shop", HALF)
    sim.route_read("shop")
    sim.edit_rules("shop", ONLY_OLD)
    sim.route_carried("shop")
    assert carried(sim) == HALF
    assert [*sim.router.unread(sim.routes)] == ["shop"]


def test_what_a_status_speaks_of_is_carried_out_in_time(sim: Sim) -> None:
    sim.edit_rules("shop", HALF)
    sim.route_read("shop")
    sim.tick(100)
    assert carried(sim) == ONLY_OLD
    sim.route_told("shop")
    sim.tick(1)
    assert carried(sim) == ONLY_OLD
    sim.tick(1)
    assert carried(sim) == HALF


def test_something_newer_that_was_read_begins_that_time_anew(sim: Sim) -> None:
    sim.edit_rules("shop", HALF)
    sim.route_read("shop")
    sim.route_told("shop")
    sim.tick(1)
    sim.edit_rules("shop", SHARED)
    sim.route_read("shop")
    sim.tick(5)
    assert carried(sim) == ONLY_OLD
    sim.route_told("shop")
    sim.tick(2)
    assert carried(sim) == SHARED


def test_a_status_written_again_does_not_begin_that_time_anew() -> None:
    router = Router().reads("shop", {"metadata": {"uid": "1", "generation": 1}, "spec": {"rules": []}})
    said = router.says("shop", START)
    again = said.says("shop", START + timedelta(seconds=1))
    assert again.late(START + timedelta(seconds=CARRIES_S)) == ["shop"]


def test_a_route_that_is_gone_is_followed_in_time_where_nobody_reads_metrics(sim: Sim) -> None:
    """Nothing can say of it that the proxies have followed."""
    sim.follow_routes()
    assert carried(sim)
    sim.delete_route("shop")
    sim.tick(CARRIES_S)
    assert not sim.router.carried


def test_a_controller_that_refuses_says_so_and_leaves_its_proxies_as_they_are(sim: Sim) -> None:
    sim.router = sim.router.becomes(Mode.REFUSES)
    sim.edit_rules("shop", HALF)
    sim.route_read("shop")
    sim.route_told("shop")
    sim.tick(10)
    assert conditions(sim)["Accepted"] == ("False", 2)
    assert carried(sim) == ONLY_OLD
    sim.router = sim.router.becomes(Mode.ACCEPTS)
    sim.follow_routes()
    assert (conditions(sim)["Accepted"], carried(sim)) == (("True", 2), HALF)


def test_a_silent_controller_never_says_anything_and_its_proxies_follow(sim: Sim) -> None:
    sim.router = sim.router.becomes(Mode.SILENT)
    sim.edit_rules("shop", HALF)
    sim.follow_routes()
    assert (conditions(sim)["Accepted"], carried(sim)) == (("True", 1), HALF)


def test_without_its_gateway_nothing_follows(sim: Sim) -> None:
    sim.router = sim.router.becomes(Mode.GONE)
    sim.edit_rules("shop", HALF)
    sim.follow_routes()
    sim.tick(10)
    assert (conditions(sim)["Accepted"], carried(sim)) == (("True", 1), ONLY_OLD)


def test_what_was_promised_before_a_controller_changed_its_mind_holds(sim: Sim) -> None:
    sim.edit_rules("shop", HALF)
    sim.route_read("shop")
    sim.route_told("shop")
    sim.router = sim.router.becomes(Mode.GONE)
    assert carried(sim) == HALF


def test_a_missing_service_is_told_and_told_again_when_it_is_there(sim: Sim) -> None:
    del sim.services["shop-canary"]
    sim.edit_rules("shop", HALF)
    sim.follow_routes()
    assert conditions(sim)["ResolvedRefs"] == ("False", 2)
    sim.services["shop-canary"] = {"metadata": {"name": "shop-canary"}}
    assert sim.untold() == ["shop"]
    sim.follow_routes()
    assert conditions(sim)["ResolvedRefs"] == ("True", 2)


def test_a_route_that_is_deleted_is_carried_out_until_the_router_knows(sim: Sim) -> None:
    sim.delete_route("shop")
    assert sim.sends_to("shop")
    sim.route_read("shop")
    assert [*sim.router.uncarried()] == ["shop"]
    sim.route_carried("shop")
    assert not sim.sends_to("shop")


def test_a_route_that_was_made_anew_is_another_one(sim: Sim) -> None:
    sim.delete_route("shop")
    sim.make_route("shop", HALF)
    assert [*sim.router.unread(sim.routes)] == ["shop"]
    sim.follow_routes()
    assert (conditions(sim)["Accepted"], carried(sim)) == (("True", 1), HALF)


def test_a_status_is_another_version_and_no_other_generation(sim: Sim) -> None:
    before = sim.routes["shop"]["metadata"]
    sim.edit_rules("shop", HALF)
    sim.follow_routes()
    after = sim.routes["shop"]["metadata"]
    assert after["generation"] == before["generation"] + 1
    assert int(after["resourceVersion"]) == int(before["resourceVersion"]) + 2


def test_a_fork_of_a_cluster_has_routes_of_its_own(sim: Sim) -> None:
    twin = sim.fork()
    twin.edit_rules("shop", HALF)
    twin.follow_routes()
    assert (sim.routes["shop"]["spec"]["rules"], carried(sim)) == (ONLY_OLD, ONLY_OLD)


@pytest.mark.parametrize(
    ("rules", "part"),
    [
        (ONLY_OLD, 0),
        (HALF, Fraction(1, 2)),
        (SHARED, Fraction(1, 4)),
        ([{"backendRefs": [{"name": "shop"}, {"name": "shop-canary"}]}], Fraction(1, 2)),
        ([*ONLY_OLD, *HALF], Fraction(1, 2)),
    ],
)
def test_the_part_of_a_service_is_by_the_weights_of_both_sides(rules: Any, part: Any) -> None:
    assert part_of({"rules": rules}, "shop-canary", "shop") == part


def test_what_a_route_names_and_sends_requests_to() -> None:
    spec = {"rules": SHARED}
    assert named(spec) == {"shop", "shop-canary", "legacy"}
    assert mirrored(spec) == {"shop-canary"}
    assert weights(spec) == ({"shop": 600, "shop-canary": 200, "legacy": 200},)
    assert foreign_parts(spec, "shop", "shop-canary") == ({"legacy": Fraction(1, 5)},)
    off = {"rules": [{"backendRefs": [{"name": "shop"}, {"name": "shop-canary", "weight": 0}]}]}
    assert receiving(off) == {"shop"}
    assert named(off) == {"shop", "shop-canary"}


def test_without_the_candidate_a_route_is_as_its_owner_wrote_it_but_for_weights() -> None:
    bare = {"rules": [{"name": "main", "backendRefs": [{"name": "shop"}, {"name": "legacy"}]}]}
    assert without({"rules": SHARED}, "shop-canary") == bare


def test_a_patch_of_a_list_puts_takes_and_tests() -> None:
    live = {"spec": {"rules": [{"backendRefs": [{"name": "shop"}]}]}}
    refs = "/spec/rules/0/backendRefs"
    after = patched(
        live,
        [
            {"op": "test", "path": f"{refs}/0/name", "value": "shop"},
            {"op": "add", "path": f"{refs}/1", "value": {"name": "new"}},
            {"op": "replace", "path": f"{refs}/0", "value": {"name": "shop", "weight": 3}},
            {"op": "add", "path": f"{refs}/-", "value": {"name": "last"}},
            {"op": "remove", "path": f"{refs}/1"},
        ],
    )
    assert after["spec"]["rules"][0]["backendRefs"] == [{"name": "shop", "weight": 3}, {"name": "last"}]
    with pytest.raises(Refused):
        patched(live, [{"op": "test", "path": refs, "value": []}])
