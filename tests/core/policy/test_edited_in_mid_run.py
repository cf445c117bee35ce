"""No edit of the strategy takes a release past what a policy holds; one that is not held, or lowers, goes on as it does without policies."""

from __future__ import annotations

from typing import Any

import pytest

from builders import STRATEGIES, V1, V2, releasing_v2, routing_v2, serving_v1
from crossfade.api.policy import RolloutPolicySpec
from crossfade.core.measured import Said
from crossfade.core.policy.matched import Matched
from simulation.cluster import Sim
from simulation.live import phase, rest, run, stands_at, step, until
from simulation.passes import decided

HALF = {"canary": {"steps": [{"weight": 25, "pauseSeconds": 20}, {"weight": 50, "pause": "Manual"}]}}
ALMOST_ALL = {"canary": {"steps": [{"weight": 90, "pause": "Manual"}]}}
BETA = [{"header": {"name": "x-group", "exact": "beta"}}]


def policy(**spec: Any) -> Matched:
    return Matched("prod", RolloutPolicySpec.model_validate(spec))


FROZEN = policy(freeze={"reason": "incident"})
TWO = policy(approvals=[{"name": "leads", "before": "Promote", "count": 2}])
WARNS = policy(freeze={"reason": "incident"}, enforcement="Warn")


def standing(strategy: Any, by: Matched, at: int = 0, **spec: Any) -> Sim:
    """V2 stands at a stage of that strategy, and from now on the policy is about it."""
    sim = until(releasing_v2(strategy, **spec), stands_at(at))
    return under(sim, by)


def under(sim: Sim, *by: Matched) -> Sim:
    sim.policies = by
    return run(sim, 30)


def edited(sim: Sim, strategy: Any, seconds: float = 60) -> Sim:
    sim.edit(strategy=STRATEGIES[strategy] if isinstance(strategy, str) else strategy)
    return run(sim, seconds)


@pytest.mark.parametrize(
    ("first", "at", "then", "by"),
    [
        (HALF, 1, "rolling", TWO),
        (HALF, 1, "rolling", FROZEN),
        (HALF, 1, ALMOST_ALL, FROZEN),
        ("blueGreen", 0, "rolling", TWO),
        ("blueGreen", 0, ALMOST_ALL, FROZEN),
        (HALF, 0, {"recreate": {"pullFirst": False}}, FROZEN),
    ],
)
def test_an_edit_that_would_go_past_a_hold_takes_it_back_and_it_begins_anew_once_that_ends(
    first: Any, at: int, then: Any, by: Matched
) -> None:
    sim = edited(standing(first, by, at), then)
    assert (phase("Waiting")(sim), sim.selected()) == (True, {V1: 4})
    assert f"the release of {V2} waits: policy prod, rule " in sim.status["message"]
    record = sim.releases["shop-2"]["status"]
    assert record["outcome"] == "Cancelled"
    assert record["why"].startswith("the strategy was edited: policy prod, rule ")
    assert "failed" not in sim.status or sim.status["failed"] is None
    under(sim)
    if then is ALMOST_ALL:
        assert sim.status["weight"] == 90
        sim.act("Promote")
    assert rest(sim).status["stable"]["revision"] == V2


def test_its_event_says_what_would_have_come_and_who_holds_it() -> None:
    sim = edited(standing(HALF, FROZEN), "rolling")
    (told,) = (each.note for each in sim.events if "the strategy was edited" in each.note)
    assert told == (
        f"the strategy was edited, and would go on with roll: {V2} is taken back and begins anew. It waits for "
        "policy prod, rule freeze: frozen until somebody ends it: incident; in an emergency: crossfade unfreeze prod"
    )


@pytest.mark.parametrize("by", [(), (WARNS,), (TWO,)])
def test_an_edit_that_no_policy_holds_goes_on(by: tuple[Matched, ...]) -> None:
    sim = edited(under(until(releasing_v2(HALF), stands_at(1)), *by), ALMOST_ALL)
    assert (sim.status["weight"], sim.status["release"]) == (90, 2)


@pytest.mark.parametrize(
    "then",
    [
        {"canary": {"steps": [{"weight": 10}, {"weight": 90}]}},
        {"canary": {"steps": [{"weight": 25, "pauseSeconds": 1}, {"weight": 50}]}},
        "blueGreen",
        "recreate",
    ],
)
def test_an_edit_that_gives_it_no_more_goes_on_while_it_is_held(then: Any) -> None:
    sim = standing(HALF, FROZEN)
    before = sim.status["weight"]
    edited(sim, then)
    assert (sim.status["release"], sim.status["progress"]["revision"]) == (2, V2)
    assert sim.status["weight"] <= before
    assert phase("Waiting")(sim)


def test_a_bypass_lets_an_edit_through() -> None:
    sim = standing(HALF, FROZEN)
    sim.act("Bypass", policy="prod", actor="ann", reason="now", expiresSeconds=600)
    run(sim, 5)
    sim.edit(strategy=STRATEGIES["rolling"])
    assert rest(sim).status["stable"]["revision"] == V2


def test_an_edit_on_the_way_back_changes_nothing_of_it() -> None:
    sim = standing(HALF, FROZEN)
    sim.act("Abort")
    step(sim)
    sim.edit(strategy=STRATEGIES["rolling"])
    rest(sim)
    assert sim.releases["shop-2"]["status"]["outcome"] == "RolledBack"
    assert sim.selected() == {V1: 4}


@pytest.mark.parametrize("now", [True, False])
def test_who_aborts_what_an_edit_has_taken_back_keeps_it_from_beginning_anew(now: bool) -> None:
    sim = standing(HALF, FROZEN)
    sim.edit(strategy=STRATEGIES["rolling"])
    sim.act("Abort", now=now)
    rest(under(sim))
    assert (sim.status["phase"], sim.releases["shop-2"]["status"]["outcome"]) == ("RolledBack", "RolledBack")
    assert sim.selected() == {V1: 4}


def test_a_crash_that_comes_with_an_edit_that_is_held_is_what_it_goes_back_for_and_at_once() -> None:
    sim = standing(HALF, FROZEN)
    sim.crash(sim.of(V2)[0])
    progress = edited(sim, "rolling", 0).status["progress"]
    assert (progress["rollbackReason"], progress["urgent"]) == ("CandidateCrashed", True)
    assert rest(sim).status["failed"]["reason"] == "CandidateCrashed"


def test_an_edit_of_a_return_to_what_has_proved_itself_is_not_held() -> None:
    sim = rest(releasing_v2("bigBang"))
    sim.edit(strategy=STRATEGIES["bigBang"])
    under(sim, FROZEN)
    sim.set_image("shop:v1")
    until(sim, lambda each: each.status.get("progress") is not None)
    edited(sim, "rolling")
    assert rest(sim).status["stable"]["revision"] == V1


def test_what_had_failed_and_was_frozen_does_not_begin_anew_by_itself() -> None:
    sim = standing(HALF, FROZEN, onFailure="Pause")
    sim.crash(sim.of(V2)[0])
    until(sim, lambda each: each.status["progress"].get("frozen"))
    edited(sim, "rolling")
    under(sim)
    assert sim.status["stable"]["revision"] == V1
    assert sim.status["failed"]["revision"] == V2
    assert sim.selected() == {V1: 4}


FIVE = {"weight": 5, "pause": "Manual"}


@pytest.mark.parametrize(
    "then",
    [
        {"canary": {"steps": [{"weight": 95, "pause": "Manual"}]}},
        {"canary": {"steps": [{**FIVE, "match": BETA}]}},
        {"canary": {"steps": [{**FIVE, "mirror": "10%"}]}},
    ],
)
def test_an_edit_gives_it_no_group_and_no_copies_by_a_route_while_it_is_held(then: Any) -> None:
    sim = under(until(routing_v2({"canary": {"steps": [FIVE]}}), stands_at(0)), FROZEN)
    edited(sim, then)
    assert sim.status["message"].startswith(f"the release of {V2} waits: policy prod, rule freeze")
    assert [ref["name"] for rule in sim.routes["shop"]["spec"]["rules"] for ref in rule["backendRefs"]].count(
        "shop-canary"
    ) == 0
    assert "shop-canary" not in sim.routes
    under(sim)
    assert stands_at(0)(sim)


def test_counts_of_pods_do_not_take_the_place_of_a_route_s_weight_while_it_is_held() -> None:
    sim = under(until(routing_v2({"canary": {"steps": [FIVE]}}), stands_at(0)), FROZEN)
    sim.edit(traffic=None)
    run(sim, 60)
    assert (phase("Waiting")(sim), sim.selected()) == (True, {V1: 4})


def test_groups_and_copies_that_it_has_stay_when_its_times_are_edited() -> None:
    step = {**FIVE, "match": BETA, "mirror": "10%"}
    sim = under(until(routing_v2({"canary": {"steps": [step]}}), stands_at(0)), FROZEN)
    edited(sim, {"canary": {"steps": [{**step, "pause": None, "pauseSeconds": 1}]}})
    assert (sim.status["release"], sim.status["weight"]) == (2, 5)
    assert phase("Waiting")(sim)


def hook(before: str) -> dict[str, Any]:
    asked = {"url": "https://gates.example.com", "secret": {"name": "gate", "key": "key"}}
    return {"name": "board", "before": before, "webhook": asked}


def with_a_hook(before: str, *, good: bool | None = None) -> Sim:
    """V2 is released by two steps and a hook, and is frozen once it stands somewhere."""
    sim = serving_v1({"canary": {"steps": [FIVE, {"weight": 50}]}})
    sim.edit(hooks=[hook(before)])
    sim.measures = lambda *_: Said(good=good, told="the webhook says so")
    sim.set_image("shop:v2")
    return under(run(sim, 60), FROZEN)


def test_a_hook_that_is_taken_out_takes_no_step_past_a_hold() -> None:
    sim = with_a_hook("Start", good=True)
    sim.edit(hooks=[])
    run(sim, 60)
    assert (sim.status["weight"], sim.status["release"]) == (5, 2)


def test_a_hook_that_is_taken_out_while_it_is_awaited_does_not_begin_with_a_step_that_is_held() -> None:
    sim = with_a_hook("Start")
    sim.edit(hooks=[])
    run(sim, 60)
    assert (phase("Waiting")(sim), sim.selected()) == (True, {V1: 4})
    assert rest(under(sim)).status["weight"] == 5


def test_a_hook_before_all_requests_is_not_taken_out_past_a_hold() -> None:
    sim = with_a_hook("Promote")
    sim.policies = ()
    sim.act("Promote")
    until(sim, lambda each: "before Promote" in each.status["message"])
    under(sim, FROZEN)
    sim.edit(hooks=[])
    run(sim, 60)
    assert (sim.status["weight"], phase("Waiting")(sim)) == (50, True)


def test_a_promote_full_leaves_out_hooks_and_no_policy() -> None:
    sim = with_a_hook("Start", good=True)
    sim.act("PromoteFull")
    run(sim, 60)
    assert (sim.status["weight"], phase("Waiting")(sim)) == (5, True)
    rest(under(sim))
    assert sim.status["stable"]["revision"] == V2


def test_an_abort_in_the_moment_of_such_an_edit_is_an_abort() -> None:
    sim = standing(HALF, FROZEN, 1)
    sim.edit(strategy=STRATEGIES["rolling"])
    sim.act("Abort", actor="ann")
    decision = decided(sim)
    assert decision.plan.status["progress"]["rollbackReason"] == "AbortedByUser"
    rest(under(sim))
    assert (sim.status["failed"]["revision"], sim.selected()) == (V2, {V1: 4})
