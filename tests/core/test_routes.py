"""A route shares the requests exactly, and has its own numbers back at every end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import BY_ROUTE, MAIN, V1, V2, routed_v1, routing_v2
from crossfade.api.rollout import Rollout
from crossfade.core.decide import decide
from crossfade.core.observed import Found
from crossfade.core.plan import Verb
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, stands_at, until
from simulation.passes import reconcile
from simulation.router import Mode
from simulation.sight import observed

SHARED = [
    {
        "name": "main",
        "timeouts": {"request": "5s"},
        "backendRefs": [
            {"name": "shop", "port": 80, "weight": 80},
            {"name": "legacy", "port": 80, "weight": 20},
        ],
    }
]


def rules(sim: Sim) -> list[dict[str, Any]]:
    """The rules of the user's route as they are stored."""
    return list(sim.routes["shop"]["spec"]["rules"])


def weights(sim: Sim) -> dict[str, int | None]:
    """The weight of each reference of its first rule."""
    return {ref["name"]: ref.get("weight") for ref in rules(sim)[0]["backendRefs"]}


@pytest.mark.parametrize("strategy", BY_ROUTE)
def test_a_release_ends_with_the_route_as_it_was_and_the_service_with_the_new_pods(strategy: str) -> None:
    sim = rest(routing_v2(strategy))
    assert rules(sim) == MAIN
    assert sim.services["shop"]["spec"]["selector"]["crossfade.dev/revision"] == V2
    assert sim.status["phase"] == "Healthy"


def test_each_step_has_its_weight_in_tenths_of_a_percent_and_stable_keeps_its_pods() -> None:
    sim = until(routing_v2("canary"), stands_at(0))
    assert weights(sim) == {"shop": 995, "shop-canary": 5}
    until(sim, stands_at(1))
    assert weights(sim) == {"shop": 750, "shop-canary": 250}
    assert (sim.status["weight"], sim.status["realWeight"]) == (25, 25)
    assert (len(sim.of(V1)), len(sim.of(V2))) == (4, 1)


def test_a_switch_is_one_change_of_the_route() -> None:
    sim = routing_v2("blueGreen")
    seen = [weights(sim)]
    until(sim, lambda s: seen.append(weights(s)) or (phase("Healthy")(s) and V2 in str(s.services["shop"])))
    assert [w for i, w in enumerate(seen) if i == 0 or w != seen[i - 1]] == [
        {"shop": None},
        {"shop": 0, "shop-canary": 1000},
        {"shop": None},
    ]


def test_another_backend_keeps_its_share_throughout_and_its_number_afterwards() -> None:
    sim = until(routing_v2("canary", SHARED), stands_at(1))
    assert weights(sim) == {"shop": 1500, "shop-canary": 500, "legacy": 500}
    assert rest(sim)
    assert rules(sim) == SHARED


@pytest.mark.parametrize("strategy", ["canary", "blueGreen"])
def test_an_abort_gives_the_route_back_in_one_write(strategy: str) -> None:
    sim = until(routing_v2(strategy), stands_at(1))
    sim.act("Abort")
    before = len(sim.writes)
    quiet(sim)
    assert rules(sim) == MAIN
    assert [write.verb for write in sim.writes[before:] if write.kind == "HTTPRoute"] == [Verb.PATCH]
    assert rest(sim).status["phase"] == "RolledBack"


def test_the_same_rules_applied_again_from_git_are_split_again_at_once_and_told() -> None:
    sim = until(routing_v2("canary"), stands_at(1))
    sim.apply_rules("shop", MAIN)
    quiet(sim)
    assert weights(sim) == {"shop": 750, "shop-canary": 250}
    assert any(e.reason == "ChildRepaired" and "HTTPRoute shop" in e.note for e in sim.events)


def test_new_rules_from_git_are_what_comes_back_at_the_end() -> None:
    sim = until(routing_v2("canary", SHARED), stands_at(1))
    new = [
        {
            **SHARED[0],
            "backendRefs": [{"name": "shop", "port": 80, "weight": 7}, {"name": "other", "port": 80}],
        }
    ]
    sim.apply_rules("shop", new)
    quiet(sim)
    assert weights(sim) == {"shop": 5250, "shop-canary": 1750, "other": 1000}
    assert rest(sim)
    assert rules(sim) == new


def test_weights_written_by_hand_are_put_right() -> None:
    sim = until(routing_v2("canary"), stands_at(0))
    refs = [{"name": "shop", "port": 80, "weight": 1}, {"name": "shop-canary", "port": 80, "weight": 99}]
    sim.edit_rules("shop", [{"name": "main", "backendRefs": refs}])
    quiet(sim)
    assert weights(sim) == {"shop": 995, "shop-canary": 5}


def test_a_route_that_does_not_exist_is_waited_for_and_said() -> None:
    sim = routed_v1("canary")
    sim.delete_route("shop")
    sim.set_image("shop:v2")
    run(sim, 30)
    assert sim.status["phase"] == "Waiting"
    assert "HTTPRoute shop to be made: it does not exist" in sim.status["message"]
    sim.make_route("shop", MAIN)
    assert rest(sim).status["phase"] == "Healthy"


def test_a_release_waits_for_a_gateway_that_accepts_the_route() -> None:
    sim = routed_v1("canary")
    sim.delete_route("shop")
    sim.treats_routes(Mode.SILENT)
    sim.make_route("shop", MAIN)
    sim.set_image("shop:v2")
    run(sim, 30)
    assert (sim.status["phase"], weights(sim)) == ("Waiting", {"shop": None})
    assert "has not answered yet" in sim.status["message"]


def test_a_release_that_waits_for_its_gateway_can_be_aborted() -> None:
    sim = routed_v1("canary")
    sim.treats_routes(Mode.GONE)
    sim.delete_route("shop")
    sim.make_route("shop", MAIN)
    sim.set_image("shop:v2")
    run(sim, 10)
    sim.act("Abort")
    assert rest(sim).status["phase"] == "RolledBack"
    assert not sim.of(V2)


def test_pods_stay_while_the_router_has_not_said_that_it_follows() -> None:
    sim = until(routing_v2("canary"), stands_at(1))
    sim.treats_routes(Mode.GONE)
    sim.act("Abort")
    run(sim, 60)
    assert rules(sim) == MAIN
    assert len(sim.of(V2)) == 1, "requests may still come to it"
    sim.treats_routes(Mode.ACCEPTS)
    assert rest(sim).status["phase"] == "RolledBack"
    assert not sim.of(V2)


@pytest.mark.parametrize("delete", ["Delete", "GiveBack"])
@pytest.mark.parametrize("stage", [0, 1])
def test_a_rollout_that_is_deleted_gives_the_route_back_first(delete: str, stage: int) -> None:
    sim = until(routing_v2("canary", onDelete=delete), stands_at(stage))
    sim.delete()
    until(sim, lambda s: s.gone, limit_s=120)
    assert rules(sim) == MAIN
    if delete == "GiveBack":
        assert "shop-canary" not in sim.services
        assert len(sim.of(V1)) == 4


def test_a_route_that_the_spec_does_not_name_any_more_gets_its_numbers_back_and_pods_share() -> None:
    sim = until(routing_v2("canary"), stands_at(1))
    sim.edit(traffic=None)
    run(sim, 4)
    assert rules(sim) == MAIN
    rest(sim)
    assert sim.status["phase"] == "Healthy"
    assert "shop-canary" not in sim.services


def test_a_crash_of_the_candidate_at_a_small_weight_returns_everything() -> None:
    sim = until(routing_v2("canary"), stands_at(0))
    sim.crash(sim.of(V2)[0])
    quiet(sim)
    assert rules(sim) == MAIN
    assert rest(sim).status["phase"] == "RolledBack"


def test_with_dynamic_stable_pods_follow_the_weight_and_come_back_before_requests() -> None:
    steps = [{"weight": 50, "pauseSeconds": 30}, {"weight": 75, "pauseSeconds": 30}]
    sim = until(routing_v2({"canary": {"steps": steps, "dynamicStable": True}}), stands_at(1))
    run(sim, 5)
    assert (len(sim.of(V1)), len(sim.of(V2))) == (1, 3)
    sim.act("Abort")
    quiet(sim)
    assert weights(sim) == {"shop": 250, "shop-canary": 750}, "one pod is not enough for everybody"
    assert rest(sim).status["phase"] == "RolledBack"
    assert len(sim.of(V1)) == 4


def test_groups_of_users_meet_the_candidate_by_a_route_of_our_own() -> None:
    steps = [{"match": [{"header": {"name": "x-group", "exact": "beta"}}], "pauseSeconds": 30}]
    sim = until(routing_v2({"canary": {"steps": steps}}), stands_at(0))
    assert rules(sim) == MAIN
    own = sim.routes["shop-canary"]["spec"]["rules"]
    assert own[0]["matches"][0]["headers"] == [{"name": "x-group", "type": "Exact", "value": "beta"}]
    assert rest(sim)
    assert "shop-canary" not in sim.routes


def test_sticky_users_have_a_cookie_and_a_rule_for_each_side() -> None:
    steps = [{"weight": 25, "pauseSeconds": 30}]
    sim = until(routing_v2({"canary": {"steps": steps, "sticky": True}}), stands_at(0))
    assert all(ref["filters"] for ref in rules(sim)[0]["backendRefs"])
    assert len(sim.routes["shop-canary"]["spec"]["rules"]) == 2
    sim.act("Abort")
    quiet(sim)
    assert rules(sim) == MAIN
    assert "shop-canary" not in sim.routes


def test_a_mirror_copies_requests_and_is_gone_afterwards() -> None:
    sim = until(routing_v2({"canary": {"steps": [{"mirror": "10%", "pauseSeconds": 30}]}}), stands_at(0))
    assert rules(sim)[0]["filters"][0]["requestMirror"]["percent"] == 10
    assert weights(sim) == {"shop": None}
    assert rest(sim)
    assert rules(sim) == MAIN


def test_a_route_that_the_operator_owns_is_made_split_and_kept() -> None:
    gateway = {"gateway": {"parentRefs": [{"name": "web"}], "hostnames": ["shop.example"]}}
    sim = routed_v1("canary", traffic=gateway)
    assert weights(sim) == {"shop": 1}
    sim.set_image("shop:v2")
    until(sim, stands_at(1))
    assert weights(sim) == {"shop": 750, "shop-canary": 250}
    assert rest(sim)
    assert weights(sim) == {"shop": 1}


def test_recreate_and_rolling_leave_the_route_alone() -> None:
    for strategy in ({"rolling": {}}, {"recreate": {}}):
        sim = rest(routing_v2(strategy))
        assert sim.status["phase"] == "Healthy"
        assert not [write for write in sim.writes if write.kind == "HTTPRoute"]


def test_of_two_rollouts_on_one_rule_the_second_is_invalid_and_names_the_first() -> None:
    sim = routing_v2("canary")
    seen = replace(observed(sim, Found()), route_claims=("first",))
    plan = decide(Rollout.model_validate(sim.rollout), seen, sim.now)
    assert plan.status is not None
    assert (plan.status["phase"], plan.reason) == ("Invalid", "RouteTaken")
    assert "HTTPRoute shop belongs to Rollout first" in plan.status["message"]
    assert any(event.reason == "RouteTaken" for event in plan.events)


GATEWAY = {"gateway": {"parentRefs": [{"name": "web"}], "hostnames": ["shop.example"]}}


def test_a_route_of_ours_that_is_split_is_taken_back_before_it_goes() -> None:
    sim = until(routing_v2("canary", traffic=GATEWAY), stands_at(1))
    sim.edit(traffic=None)
    quiet(sim)
    assert weights(sim) == {"shop": 1}
    rest(sim)
    assert "shop" not in sim.routes
    assert sim.status["phase"] == "Healthy"


def test_a_route_of_ours_goes_on_with_what_is_given_back() -> None:
    sim = until(routing_v2("canary", traffic=GATEWAY, onDelete="GiveBack"), stands_at(1))
    sim.delete()
    until(sim, lambda s: s.gone, limit_s=120)
    assert weights(sim) == {"shop": 1}
    assert not sim.routes["shop"]["metadata"].get("ownerReferences")
    assert "crossfade.dev/rollout" not in sim.routes["shop"]["metadata"]["labels"]


def test_a_release_completes_though_git_writes_the_route_again_every_two_seconds() -> None:
    sim = until(routing_v2("canary"), stands_at(1))
    for _ in range(60):
        sim.apply_rules("shop", MAIN)
        run(sim, 2)
    assert sim.status["phase"] == "Healthy"
    assert sim.status["stable"]["revision"] == V2
    assert not sim.of(V1)


def test_somebodys_route_in_the_place_of_one_of_ours_is_told_and_left_alone() -> None:
    sim = routed_v1({"canary": {"steps": [{"match": [{"header": {"name": "x", "exact": "1"}}]}]}})
    sim.make_route("shop-canary", [{"backendRefs": [{"name": "legacy", "port": 80}]}])
    sim.set_image("shop:v2")
    run(sim, 5)
    assert sim.status["phase"] == "Invalid"
    assert "HTTPRoute shop-canary exists and is not this Rollout's" in sim.status["message"]


def test_a_stage_that_stood_is_told_as_it_stood_while_its_route_is_put_right() -> None:
    steps = [{"weight": 25, "pause": "Manual"}]
    sim = until(routing_v2({"canary": {"steps": steps}}), stands_at(0))
    sim.events.clear()
    for _ in range(5):
        sim.apply_rules("shop", MAIN)
        reconcile(sim)
        assert sim.status["phase"] == "Paused"
        run(sim, 2)
    assert {event.reason for event in sim.events} == {"ChildRepaired"}


def test_a_preview_is_shown_once_the_router_has_had_the_time_to_learn_of_its_pods() -> None:
    match = [{"header": {"name": "x-preview", "exact": "1"}}]
    sim = routing_v2({"blueGreen": {"promote": "Manual", "previewMatch": match}})
    until(sim, stands_at(0), seconds=0.1)
    assert "shop-preview" not in sim.routes
    run(sim, 1)
    assert "shop-preview" in sim.routes


def test_pods_that_are_not_ready_stay_too_until_the_router_has_left_them() -> None:
    sim = until(routing_v2("canary"), stands_at(0))
    sim.treats_routes(Mode.GONE)
    sim.broken = frozenset({V2})
    sim.change(sim.of(V2)[0], sim.of(V2)[0].but(ready=False))
    sim.act("Abort")
    run(sim, 30)
    assert len(sim.of(V2)) == 1, "it may become ready, and get requests, at any moment"
    sim.treats_routes(Mode.ACCEPTS)
    assert rest(sim).status["phase"] == "RolledBack"
    assert not sim.of(V2)
