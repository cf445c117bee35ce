"""What policies hold a release for, what they never hold, and what is told of that."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from builders import STRATEGIES, V1, V2, V3, releasing_v2, rollout, serving_v1
from core.policy.wanting import wanting
from crossfade.api.analysis_template import AnalysisTemplate, ClusterAnalysisTemplate
from crossfade.api.policy import RolloutPolicySpec
from crossfade.core.decide import unreadable
from crossfade.core.measured import Answer, Ask, Nothing, Said, Valued
from crossfade.core.moments import later, text_of
from crossfade.core.policy.holds import before_start
from crossfade.core.policy.matched import Broken, Closed, Matched
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, stands_at, step, until
from simulation.passes import restart

EVERY = frozenset({"Start", "Step", "Promote"})
STEPS = {"canary": {"steps": [{"weight": 25}, {"weight": 50}]}}
SLOW = {"canary": {"steps": [{"weight": 50, "pauseSeconds": 100}]}}


def policy(name: str = "prod", **spec: Any) -> Matched:
    return Matched(name, RolloutPolicySpec.model_validate(spec))


def under(sim: Sim, *policies: Matched) -> Sim:
    sim.policies = policies
    return sim


def frozen(**more: Any) -> Matched:
    return policy(freeze={"reason": "incident 4711", **more})


def closed(*moments: str, until_s: float | None = None, sim: Sim, **more: Any) -> Matched:
    opens = later(text_of(sim.now), until_s) if until_s is not None else None
    window = Closed("friday", frozenset(moments), until=opens, reason="no Friday", **more)  # type: ignore[arg-type]
    return replace(policy(), closed=(window,))


def condition(sim: Sim) -> tuple[str, str] | None:
    found = (c for c in sim.status["conditions"] if c["type"] == "PolicyCompliant")
    return next(((c["status"], c["reason"]) for c in found), None)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_freeze_keeps_a_release_from_beginning_and_its_end_lets_it_go_on_by_itself(strategy: str) -> None:
    sim = under(releasing_v2(strategy), frozen())
    run(sim, 60)
    assert phase("Waiting")(sim)
    assert sim.of(V2) == []
    assert sim.status["message"] == (
        f"the release of {V2} waits: policy prod, rule freeze: frozen until somebody ends it: incident 4711; "
        "in an emergency: crossfade unfreeze prod"
    )
    assert condition(sim) == ("False", "HeldByPolicy")
    rest(under(sim))
    assert sim.status["stable"]["revision"] == V2
    assert condition(sim) is None


def test_a_held_release_does_not_hide_that_what_serves_has_lost_pods() -> None:
    sim = run(under(releasing_v2("rolling"), frozen()), 30)
    sim.ail(V1)
    run(sim, 60)
    assert phase("Degraded")(sim)
    assert f"the release of {V2} waits: policy prod, rule freeze" in sim.status["message"]
    assert condition(sim) == ("False", "HeldByPolicy")
    sim.recover(V1)
    run(sim, 10)
    assert phase("Waiting")(sim)


def test_a_first_release_that_is_held_waits_and_nothing_is_degraded_by_that() -> None:
    sim = run(under(Sim(rollout(STRATEGIES["rolling"])), frozen()), 60)
    assert (phase("Waiting")(sim), condition(sim)) == (True, ("False", "HeldByPolicy"))
    rest(under(sim))
    assert sim.status["stable"]["revision"] == V1


def test_a_held_release_writes_nothing_while_it_waits() -> None:
    sim = under(releasing_v2("rolling"), frozen())
    run(sim, 5)
    before = len(sim.writes)
    run(sim, 600)
    assert len(sim.writes) == before


def test_a_freeze_with_an_end_says_when_and_goes_on_then() -> None:
    sim = releasing_v2("bigBang")
    under(sim, frozen(until=later(text_of(sim.now), 120)))
    run(sim, 60)
    assert " UTC" in sim.status["message"]
    assert phase("Waiting")(sim)
    run(sim, 70)
    rest(sim)
    assert sim.status["stable"]["revision"] == V2


@pytest.mark.parametrize("strategy", ["canary", "blueGreen"])
def test_a_freeze_in_the_middle_holds_the_stage_and_the_way_back_is_open(strategy: str) -> None:
    sim = until(releasing_v2(strategy), stands_at(0))
    under(sim, frozen())
    run(sim, 120)
    assert (sim.status["progress"]["stage"], phase("Waiting")(sim)) == (0, True)
    sim.act("Abort", now=True)
    rest(sim)
    assert (sim.status["stable"]["revision"], set(sim.selected())) == (V1, {V1})


def test_a_failure_is_taken_back_whatever_a_policy_says() -> None:
    sim = until(releasing_v2("canary"), stands_at(0))
    under(sim, frozen(), closed(*EVERY, sim=sim))
    sim.crash(sim.of(V2)[0])
    rest(sim)
    assert (phase("RolledBack")(sim), set(sim.selected())) == (True, {V1})


def test_a_return_to_what_has_proved_itself_is_never_held() -> None:
    sim = rest(releasing_v2("rolling"))
    under(sim, frozen(), replace(policy("late"), broken=(Broken("images", "no tags"),)))
    sim.set_image("shop:v1")
    rest(sim)
    assert sim.status["stable"]["revision"] == V1


@pytest.mark.parametrize("action", ["Promote", "PromoteFull", "Skip"])
def test_nobody_promotes_or_skips_past_a_policy(action: str) -> None:
    sim = under(releasing_v2(STEPS), policy(approvals=[{"name": "leads", "before": "Promote"}]))
    run(sim, 60)
    assert sim.status["progress"]["stage"] == 1
    sim.act(action)
    run(sim, 60)
    assert (sim.status["progress"]["stage"], set(sim.selected())) == (1, {V1, V2})
    assert phase("Waiting")(sim)


@pytest.mark.parametrize("action", ["Promote", "PromoteFull"])
def test_who_promotes_what_a_policy_holds_is_told_by_which(action: str) -> None:
    sim = under(releasing_v2(STEPS), policy(approvals=[{"name": "leads", "before": "Promote"}]))
    run(sim, 60)
    name = sim.act(action)
    quiet(sim)
    told = sim.actions[name]["status"]["message"]
    assert "; now one does: policy prod, rule approvals: approval leads before Promote: 0 of 1 given" in told


def test_a_promote_full_leaves_no_stage_out_where_hooks_have_run() -> None:
    sim = serving_v1(STEPS)
    job = {"template": {"spec": {"containers": [{"name": "job", "image": "{{image}}"}]}}}
    sim.edit(hooks=[{"name": "migrate", "job": job, "before": "Start"}])
    sim.set_image("shop:v2")
    sim.measures = lambda _sim, _ask: Said(good=True, told="yes")
    run(under(sim, policy(approvals=[{"name": "leads", "before": "Promote"}])), 60)
    assert sim.status["stage"] == "3/5"
    sim.act("PromoteFull")
    run(sim, 60)
    assert (sim.status["stage"], set(sim.selected())) == ("3/5", {V1, V2})


def test_recreate_is_held_before_the_old_pods_stop_and_never_between() -> None:
    sim = until(releasing_v2("recreate"), lambda s: not s.desired(V1))
    under(sim, frozen())
    rest(sim)
    assert sim.status["stable"]["revision"] == V2


def test_a_bake_and_the_removal_of_the_old_side_are_no_moment_of_a_policy() -> None:
    sim = until(releasing_v2("bigBang", bakeSeconds=30), lambda s: set(s.selected()) == {V2})
    under(sim, frozen())
    rest(sim)
    assert sim.status["stable"]["revision"] == V2


def test_a_window_holds_only_the_moments_that_it_names() -> None:
    sim = releasing_v2(STEPS)
    under(sim, closed("Promote", sim=sim))
    run(sim, 120)
    assert (sim.status["progress"]["stage"], phase("Waiting")(sim)) == (1, True)
    rest(under(sim))
    assert sim.status["stable"]["revision"] == V2


def test_a_closed_window_says_since_when_and_until_when_by_its_own_clocks() -> None:
    friday = Closed(
        "friday",
        frozenset({"Start"}),
        reason="no Friday",
        since="2029-12-28T15:00:00Z",
        until="2030-12-31T05:00:00Z",
        time_zone="Europe/Berlin",
    )
    sim = under(releasing_v2("rolling"), replace(policy(), closed=(friday,)))
    run(sim, 5)
    assert (
        "rule windows: window friday is closed since Fri 2029-12-28 16:00 until Tue 2030-12-31 06:00 (Europe/Berlin): "
        "no Friday; in an emergency: crossfade bypass"
    ) in sim.status["message"]


def test_a_window_that_pauses_holds_a_release_under_way_at_its_stage() -> None:
    sim = until(releasing_v2("canary"), stands_at(0))
    under(sim, closed("Start", sim=sim, in_flight="Pause"))
    run(sim, 120)
    assert sim.status["progress"]["stage"] == 0
    rest(under(sim))
    assert sim.status["stable"]["revision"] == V2


def test_a_window_that_aborts_takes_it_back_without_a_verdict_and_it_begins_anew_when_it_opens() -> None:
    sim = until(releasing_v2("canary"), stands_at(0))
    under(sim, closed("Promote", sim=sim, in_flight="Abort"))
    run(sim, 300)
    assert set(sim.selected()) == {V1}
    assert phase("Waiting")(sim)
    told = sim.releases["shop-2"]["status"]
    assert (told["outcome"], told["why"]) == (
        "Cancelled",
        "policy prod, rule windows: window friday has closed: no Friday",
    )
    rest(under(sim))
    assert (sim.status["stable"]["revision"], sim.status["release"]) == (V2, 3)


ABORTING: dict[str, Callable[[Sim], Matched]] = {
    "window": lambda sim: closed("Start", sim=sim, in_flight="Abort", since=text_of(sim.now)),
    "freeze": lambda _sim: frozen(inFlight="Abort"),
}


@pytest.mark.parametrize("closing", ABORTING.values(), ids=ABORTING)
def test_what_a_bypass_let_go_on_is_held_and_not_taken_back_when_the_bypass_ends(
    closing: Callable[[Sim], Matched],
) -> None:
    sim = until(under(releasing_v2(SLOW), policy()), stands_at(0))
    sim.act("Bypass", policy="prod", actor="ann", reason="hotfix", expiresSeconds=60)
    run(sim, 10)
    under(sim, closing(sim))
    run(sim, 120)
    assert (sim.status["bypasses"], sim.status["release"], set(sim.selected())) == ([], 2, {V1, V2})
    assert phase("Waiting")(sim)
    rest(under(sim))
    assert (sim.status["stable"]["revision"], sim.status["release"]) == (V2, 2)


def test_what_closes_anew_after_a_bypass_takes_back_what_is_under_way() -> None:
    sim = until(under(releasing_v2(SLOW), policy()), stands_at(0))
    sim.act("Bypass", policy="prod", actor="ann", reason="hotfix", expiresSeconds=60)
    run(sim, 70)
    under(sim, ABORTING["window"](sim))
    run(sim, 60)
    assert set(sim.selected()) == {V1}


def test_a_window_that_was_closed_before_the_release_began_holds_it_and_takes_nothing_back() -> None:
    sim = serving_v1(SLOW)
    before = ABORTING["window"](sim)
    sim.tick(60)
    sim.set_image("shop:v2")
    under(until(sim, stands_at(0)), before)
    run(sim, 120)
    assert (phase("Waiting")(sim), set(sim.selected())) == (True, {V1, V2})


def test_what_only_warns_takes_nothing_back() -> None:
    sim = until(releasing_v2("canary"), stands_at(0))
    closing = closed("Promote", sim=sim, in_flight="Abort")
    rest(under(sim, replace(closing, spec=RolloutPolicySpec.model_validate({"enforcement": "Warn"}))))
    assert sim.status["stable"]["revision"] == V2


def test_what_had_failed_before_a_window_took_it_back_does_not_begin_anew_by_itself() -> None:
    sim = until(releasing_v2("canary", onFailure="Pause"), stands_at(0))
    sim.crash(sim.of(V2)[0])
    until(sim, lambda s: s.status["progress"]["frozen"])
    under(sim, closed("Start", sim=sim, in_flight="Abort"))
    until(sim, lambda s: not s.status.get("progress"))
    rest(under(sim))
    assert (phase("RolledBack")(sim), set(sim.selected()), sim.status["release"]) == (True, {V1}, 2)
    sim.act("Retry")
    rest(sim)
    assert sim.status["stable"]["revision"] == V2


def test_what_cannot_be_read_holds_and_never_passes() -> None:
    sim = under(releasing_v2("rolling"), Matched("odd", problem="spec.windows[0]: no such field"))
    run(sim, 60)
    assert "policy odd, rule spec: it cannot be read, so it holds: spec.windows[0]" in sim.status["message"]


def test_a_rule_that_is_broken_holds_what_is_new_and_leaves_what_serves() -> None:
    broken = replace(policy(), broken=(Broken("images", "image shop:v2 has no digest"),))
    sim = under(serving_v1("rolling"), broken)
    quiet(sim)
    assert (phase("Healthy")(sim), condition(sim)) == (True, ("False", "Violated"))
    sim.set_image("shop:v2")
    run(sim, 30)
    assert phase("Waiting")(sim)
    assert "policy prod, rule images: image shop:v2 has no digest" in sim.status["message"]


@pytest.mark.parametrize(("mode", "told"), [("Warn", ("False", "Warned")), ("Audit", ("True", "Compliant"))])
def test_what_only_warns_or_is_only_written_down_holds_nothing(mode: str, told: tuple[str, str]) -> None:
    broken = replace(policy(), broken=(Broken("images", "no digest", mode),))  # type: ignore[arg-type]
    also = policy("calm", enforcement=mode, freeze={"reason": "quiet"})
    sim = rest(under(releasing_v2("rolling"), broken, also))
    assert (sim.status["stable"]["revision"], condition(sim)) == (V2, told)


def audited(sim: Sim) -> list[str]:
    return [e.note for e in sim.events if e.reason == "PolicyAudited"]


def test_what_a_rule_in_mode_audit_would_hold_is_told_once_for_each_moment_and_nothing_waits() -> None:
    leads = [{"name": "dba", "before": "Start"}, {"name": "leads", "before": "Promote"}]
    asking = policy("calm", enforcement="Audit", approvals=leads)
    seldom = policy("seldom", ruleEnforcement={"quota": "Audit"}, quota={"minIntervalSeconds": 3600})
    sim = rest(under(releasing_v2(STEPS), asking, seldom))
    needs = "0 of 1 given; needs somebody with the verb approve"
    start, turn, promote = audited(sim)
    assert start.startswith(
        f"policy calm, rule approvals (Audit): would wait before Start: approval dba before Start: {needs}"
    )
    assert turn.startswith(
        "policy seldom, rule quota (Audit): would wait before Start: its last release began at"
    )
    assert promote.startswith(
        f"policy calm, rule approvals (Audit): would wait before Promote: approval leads before Promote: {needs}"
    )
    assert (sim.status["stable"]["revision"], condition(sim)) == (V2, ("True", "Compliant"))


def test_a_way_back_would_be_held_by_nothing_and_nothing_is_told_of_it() -> None:
    sim = under(rest(releasing_v2("rolling")), policy(enforcement="Audit", freeze={"reason": "quiet"}))
    sim.set_image("shop:v1")
    rest(sim)
    assert (sim.status["stable"]["revision"], audited(sim)) == (V1, [])


def test_a_skip_tells_what_a_rule_in_mode_audit_would_hold() -> None:
    sim = until(under(releasing_v2(SLOW), policy(enforcement="Audit", freeze={})), stands_at(0))
    sim.events.clear()
    sim.act("Skip")
    quiet(sim)
    (told,) = audited(sim)
    assert told.startswith(
        "policy prod, rule freeze (Audit): would wait before Promote: frozen until somebody ends it"
    )


def test_the_one_that_ends_last_is_told_first_and_the_others_after_it() -> None:
    sim = releasing_v2("rolling")
    early, late = (replace(closed("Start", until_s=at, sim=sim), name=f"p{at}") for at in (60, 600))
    run(under(sim, late, early), 5)
    assert "policy p600, rule windows" in sim.status["message"]
    assert sim.status["message"].count("; also policy ") == 1


def test_the_end_of_a_freeze_is_told_in_utc_wherever_it_was_written() -> None:
    sim = run(under(releasing_v2("rolling"), frozen(until="2029-01-31T20:00:00-08:00")), 5)
    assert "frozen until 2029-02-01 04:00 UTC: incident 4711" in sim.status["message"]


def test_who_ends_last_is_found_by_moments_and_not_by_how_they_are_written() -> None:
    """The clocks of the one that ends first show a later day."""
    last = policy("last", freeze={"reason": "long", "until": "2029-01-31T20:00:00-08:00"})
    early = policy("early", freeze={"reason": "short", "until": "2029-02-01T02:00:00+09:00"})
    sim = run(under(releasing_v2("rolling"), last, early), 5)
    assert "policy last, rule freeze" in sim.status["message"]
    assert "; also policy early, rule freeze" in sim.status["message"]


def test_with_no_replicas_a_new_revision_waits_rather_than_be_complete_without_its_steps() -> None:
    sim = under(serving_v1("canary"), policy(steps={"maxInitialWeight": 10}))
    sim.scale(0)
    rest(sim)
    sim.set_image("shop:v2")
    run(sim, 60)
    assert sim.status["stable"]["revision"] == V1
    assert "replicas is 0" in sim.status["message"]
    sim.scale(4)
    rest(sim)
    assert sim.status["stable"]["revision"] == V2
    assert {25, 50} <= {each["weight"] for each in sim.releases["shop-2"]["status"]["timeline"]}


def test_an_undo_to_an_image_that_may_not_run_any_more_is_refused_and_one_to_any_other_is_never_held() -> (
    None
):
    sim = rest(releasing_v2("rolling"))
    digests = policy(images={"deniedTags": ["v1"]}, freeze={"reason": "quiet"})
    name = under(sim, digests).act("Undo")
    run(sim, 5)
    assert "policy prod, rule images: " in sim.actions[name]["status"]["message"]
    under(sim, frozen()).act("Undo")
    rest(sim)
    assert sim.status["stable"]["revision"] == V1


def test_starts_that_a_status_has_lost_come_back_from_the_records() -> None:
    sim = rest(releasing_v2("rolling"))
    starts = sim.status["starts"]
    assert len(starts) == 2
    sim.store_status({**sim.status, "starts": []})
    quiet(sim)
    assert sim.status["starts"] == starts


# --- approvals ----------------------------------------------------------------------------------------------

TWO = policy(approvals=[{"name": "leads", "before": "Promote", "count": 2, "groups": ["leads"]}])


def approve(sim: Sim, who: str, *groups: str, revision: str = V2, **more: Any) -> str:
    name = sim.act("Approve", actor=who, groups=list(groups), revision=revision, **more)
    step(sim)
    quiet(sim)
    answer: str = sim.actions[name]["status"]["message"]
    return answer


def at_promote(*policies: Matched) -> Sim:
    sim = run(under(releasing_v2(STEPS), *policies), 60)
    assert sim.status["progress"]["stage"] == 1
    return sim


def test_as_many_different_people_as_are_asked_for_have_to_approve() -> None:
    sim = at_promote(TWO)
    assert "approval leads before Promote: 0 of 2 given" in sim.status["message"]
    assert approve(sim, "ann", "leads") == "approved by ann: leads of policy prod: 1 of 2"
    assert approve(sim, "ann", "leads") == "ann has approved that already"
    run(sim, 60)
    assert "1 of 2 given (by ann)" in sim.status["message"]
    assert approve(sim, "bob", "leads", "staff") == "approved by bob: leads of policy prod: 2 of 2"
    rest(sim)
    assert sim.status["stable"]["revision"] == V2
    assert [each["actor"] for each in sim.releases["shop-2"]["status"]["approvals"]] == ["ann", "bob"]


def test_where_nobody_knows_who_asked_the_hold_says_that_its_author_may_approve_it() -> None:
    sim = at_promote(TWO)
    assert (
        "who asked for it is not known, so nobody is kept from approving their own" in sim.status["message"]
    )
    sim.annotate({"crossfade.dev/requester": "carl"})
    step(sim)
    quiet(sim)
    assert "needs somebody of leads, and not carl who asked for it" in sim.status["message"]


@pytest.mark.parametrize(
    ("who", "groups", "why"),
    [
        ("eve", ("staff",), "eve is in none of the groups leads"),
        ("carl", ("leads",), "carl asked for this release, and may not approve it"),
    ],
)
def test_strangers_and_who_asked_for_the_release_cannot_approve(
    who: str, groups: tuple[str, ...], why: str
) -> None:
    sim = at_promote(TWO)
    sim.annotate({"crossfade.dev/requester": "carl"})
    assert approve(sim, who, *groups) == why
    assert sim.status["approvals"] == []


def test_a_service_account_counts_only_where_its_group_is_named() -> None:
    robot = "system:serviceaccount:ci:robot"
    anyone = at_promote(policy(approvals=[{"name": "any", "before": "Promote"}]))
    assert "is a service account" in approve(anyone, robot, "system:serviceaccounts:ci")
    named = policy(approvals=[{"name": "ci", "before": "Promote", "groups": ["system:serviceaccounts:ci"]}])
    sim = at_promote(named)
    approve(sim, robot, "system:serviceaccounts:ci")
    rest(sim)
    assert sim.status["stable"]["revision"] == V2


def test_an_approval_of_another_revision_is_refused() -> None:
    sim = at_promote(TWO)
    assert approve(sim, "ann", "leads", revision=V1).startswith(f"it is meant for revision {V1}, and {V2}")


def test_an_approval_of_a_revision_that_is_not_wanted_any_more_counts_for_no_other_one() -> None:
    sim = at_promote(TWO)
    name = sim.act("Approve", actor="ann", groups=["leads"], revision=V2)
    sim.set_image("shop:v3")
    quiet(sim)
    assert sim.actions[name]["status"]["message"] == f"it is for {V2}, and {V3} is wanted now"
    assert sim.status["approvals"] == []


def test_what_is_taken_back_cannot_be_approved() -> None:
    sim = at_promote(TWO)
    sim.act("Abort")
    quiet(sim)
    assert approve(sim, "ann", "leads") == f"{V2} is taken back: there is nothing to approve"


def test_an_approval_counts_no_more_once_it_has_expired() -> None:
    short = policy(approvals=[{"name": "two", "before": "Promote", "count": 2, "expiresSeconds": 60}])
    sim = at_promote(short)
    approve(sim, "ann")
    run(sim, 61)
    assert "0 of 2 given" in sim.status["message"]


def test_the_approvals_of_one_release_are_not_those_of_the_next() -> None:
    one = policy(approvals=[{"name": "one", "before": "Promote"}])
    sim = at_promote(one)
    approve(sim, "ann")
    sim.act("Abort")
    rest(sim)
    sim.act("Retry")
    run(sim, 60)
    assert (sim.status["progress"]["stage"], sim.status["approvals"]) == (1, [])
    assert "0 of 1 given" in sim.status["message"]


def test_what_a_window_took_back_begins_anew_with_the_approvals_that_it_had() -> None:
    asking = policy(approvals=[{"name": "dba", "before": "Start"}])
    sim = run(under(releasing_v2(SLOW), asking), 5)
    approve(sim, "ann")
    until(sim, stands_at(0))
    until(
        under(sim, asking, replace(ABORTING["window"](sim), name="late")),
        lambda s: not s.status.get("progress"),
    )
    rest(under(sim, asking))
    assert (sim.status["stable"]["revision"], sim.status["release"]) == (V2, 3)
    assert [each["actor"] for each in sim.releases["shop-3"]["status"]["approvals"]] == ["ann"]


@pytest.mark.parametrize(
    ("ended", "counts"), [({}, False), ({"nodeTook": V2}, True), ({"nodeTook": V1}, False)]
)
def test_an_approval_counts_once_more_where_nodes_took_the_pods_of_what_it_was_for(
    ended: dict[str, Any], counts: bool
) -> None:
    given = {"policy": "prod", "approval": "dba", "revision": V2, "by": "ann", "at": "2026-01-31T11:00:00Z"}
    last = {"number": 2, "outcome": "Cancelled", "at": "2026-01-31T11:30:00Z", **ended}
    s = wanting(approvals=[given], last=last)
    asking = policy(approvals=[{"name": "dba", "before": "Start"}])
    assert before_start(replace(s, seen=replace(s.seen, policies=(asking,)))).is_open is counts


def test_an_approval_before_the_start_and_one_before_a_step_are_asked_for_in_their_time() -> None:
    both = policy(
        approvals=[{"name": "dba", "before": "Start"}, {"name": "second", "before": "Step", "step": 2}]
    )
    sim = run(under(releasing_v2(STEPS), both), 60)
    assert "approval dba before Start" in sim.status["message"]
    approve(sim, "ann")
    run(sim, 60)
    assert (sim.status["progress"]["stage"], "approval second before Step 2" in sim.status["message"]) == (
        0,
        True,
    )
    approve(sim, "ann")
    rest(sim)
    assert sim.status["stable"]["revision"] == V2


STEP_2 = policy(approvals=[{"name": "dba", "before": "Step", "step": 2}])


@pytest.mark.parametrize(
    "strategy", ["blueGreen", "bigBang", "rolling", {"canary": {"steps": [{"weight": 25}]}}]
)
def test_whoever_writes_fewer_steps_comes_past_no_approval_before_one(strategy: Any) -> None:
    sim = run(under(releasing_v2(strategy), STEP_2), 120)
    assert phase("Waiting")(sim)
    assert "approval dba before Step 2: 0 of 1 given" in sim.status["message"]
    assert set(sim.selected()) - {V2}
    assert approve(sim, "ann") == "approved by ann: dba of policy prod: 1 of 1"
    rest(sim)
    assert sim.status["stable"]["revision"] == V2


@pytest.mark.parametrize("held", [STEP_2, replace(policy(), closed=(Closed("friday", frozenset({"Step"})),))])
def test_at_no_replicas_what_is_asked_before_a_step_is_asked_before_the_start(held: Matched) -> None:
    sim = under(serving_v1(STEPS), held)
    sim.scale(0)
    rest(sim)
    sim.set_image("shop:v2")
    run(sim, 60)
    assert (phase("Waiting")(sim), sim.status["stable"]["revision"]) == (True, V1)
    sim.scale(4)
    run(sim, 120)
    assert (phase("Waiting")(sim), sim.status["stable"]["revision"]) == (True, V1)


def test_an_approval_that_names_a_later_step_is_none_for_the_one_before_it() -> None:
    both = [{"name": f"step-{number}", "before": "Step", "step": number} for number in (1, 2)]
    sim = run(under(releasing_v2(STEPS), policy(approvals=both)), 60)
    assert approve(sim, "ann", step=2) == "approved by ann: step-2 of policy prod: 1 of 1"
    run(sim, 60)
    assert "approval step-1 before Step 1: 0 of 1 given" in sim.status["message"]
    approve(sim, "ann", step=1)
    rest(sim)
    assert sim.status["stable"]["revision"] == V2


def test_an_approval_that_nobody_asked_for_says_when_one_is() -> None:
    sim = until(under(releasing_v2("canary"), TWO), stands_at(0))
    told = approve(sim, "ann", "leads")
    assert told == (
        "no approval is asked for before what comes next; asked for at some time: leads of policy prod before Promote"
    )


# --- break-glass --------------------------------------------------------------------------------------------


def test_a_bypass_passes_one_policy_until_it_ends_and_is_written_down() -> None:
    sim = run(under(releasing_v2(STEPS), frozen()), 30)
    sim.act("Bypass", policy="prod", actor="ann", reason="incident 12", expiresSeconds=600)
    rest(sim)
    assert sim.status["stable"]["revision"] == V2
    (note,) = [e.note for e in sim.events if e.reason == "PolicyBypassed"]
    assert "policy prod is passed by ann until" in note
    assert note.endswith("Z: incident 12")
    run(sim, 601)
    assert sim.status["bypasses"] == []


def test_what_is_only_audited_and_broken_is_not_told_as_kept() -> None:
    bake = Broken("steps", "Audit", "bakeSeconds 5 is below 600")
    sim = quiet(under(rest(serving_v1("canary")), replace(policy("bake"), broken=(bake,)), policy("other")))
    (told,) = [each for each in sim.status["conditions"] if each["type"] == "PolicyCompliant"]
    assert (told["status"], told["message"]) == ("True", "kept: other")


def test_a_bypass_lasts_no_longer_than_the_policy_allows() -> None:
    sim = run(under(releasing_v2(STEPS), policy(freeze={}, breakGlass={"maxSeconds": 60})), 30)
    sim.act("Bypass", policy="prod", actor="ann", reason="now", expiresSeconds=6000)
    quiet(sim)
    (bypass,) = sim.status["bypasses"]
    assert bypass["until"] == later(bypass["at"], 60)
    (note,) = [e.note for e in sim.events if e.reason == "PolicyBypassed"]
    assert note.endswith("Z (the policy allows 1 min at most): now")


def bypassed_for_ten_minutes() -> Sim:
    sim = until(under(releasing_v2(SLOW), policy()), stands_at(0))
    sim.act("Bypass", policy="prod", actor="ann", reason="now", expiresSeconds=600)
    quiet(sim)
    assert len(sim.status["bypasses"]) == 1
    return sim


def test_a_bypass_ends_once_its_policy_may_be_passed_by_nobody_any_more() -> None:
    sim = bypassed_for_ten_minutes()
    run(under(sim, policy(freeze={}, breakGlass={"allowed": False})), 120)
    assert (sim.status["bypasses"], phase("Waiting")(sim)) == ([], True)


def test_a_bypass_ends_earlier_once_its_policy_allows_a_shorter_one() -> None:
    sim = bypassed_for_ten_minutes()
    under(sim, policy(freeze={}, breakGlass={"maxSeconds": 60}))
    quiet(sim)
    (bypass,) = sim.status["bypasses"]
    assert bypass["until"] == later(bypass["at"], 60)
    run(sim, 60)
    assert sim.status["bypasses"] == []


def test_a_bypass_ends_while_the_spec_cannot_be_read_as_well() -> None:
    sim = bypassed_for_ten_minutes()
    plan = unreadable(sim.rollout, "spec.replicas: not a number", sim.now)
    assert plan.status is not None
    assert (plan.status["bypasses"], plan.wake_after_s) == (sim.status["bypasses"], 600)
    sim.tick(600)
    after = unreadable(sim.rollout, "spec.replicas: not a number", sim.now)
    assert after.status is not None
    assert (after.status["bypasses"], after.wake_after_s) == ([], None)


def test_a_bypass_ends_while_something_is_in_the_way_as_well() -> None:
    sim = until(bypassed_for_ten_minutes(), phase("Healthy"))
    sim.edit(service={"name": "theirs", "ports": [{"port": 80}]})
    meta = {"name": "theirs", "uid": "theirs-uid", "resourceVersion": "1", "labels": {}}
    sim.services["theirs"] = {"metadata": meta, "spec": {"selector": {}, "ports": [{"port": 80}]}}
    quiet(sim)
    assert (phase("Invalid")(sim), len(sim.status["bypasses"])) == (True, 1)
    sim.tick(600)
    quiet(sim)
    assert (phase("Invalid")(sim), sim.status["bypasses"]) == (True, [])


@pytest.mark.parametrize(
    ("glass", "named", "why"),
    [
        ({"allowed": False}, "prod", "policy prod may not be passed by anybody"),
        ({}, "other", "policy other is not about this Rollout; those that are: prod"),
    ],
)
def test_a_bypass_that_is_not_possible_is_refused(glass: dict[str, Any], named: str, why: str) -> None:
    sim = run(under(releasing_v2(STEPS), policy(freeze={}, breakGlass=glass)), 30)
    name = sim.act("Bypass", policy=named, actor="ann", reason="now")
    run(sim, 30)
    assert sim.actions[name]["status"]["message"].startswith(why)
    assert phase("Waiting")(sim)


@pytest.mark.parametrize("happens", [restart, quiet])
def test_a_restart_in_the_middle_of_a_hold_changes_nothing(happens: Callable[[Sim], object]) -> None:
    sim = run(under(releasing_v2("rolling"), frozen()), 30)
    before = sim.status
    happens(sim)
    run(sim, 30)
    assert sim.status == before


# --- what nobody opens before its time ------------------------------------------------------------------------

LONG = {"canary": {"steps": [{"weight": 10, "pauseSeconds": 400}, {"weight": 50, "pause": "Manual"}]}}
TIMES = policy(steps={"minPauseSeconds": 300, "minBakeSeconds": 600})
PASSING = ("Promote", "PromoteFull", "Skip")
METRIC = {"name": "limit", "prometheus": {"query": "up"}, "success": "result < 1.0", "count": 5}
MEASURED = {"canary": {"steps": [{"weight": 10, "analysis": {"metrics": [METRIC]}}]}}


def told(sim: Sim, action: str, **more: Any) -> str:
    """What an action is answered."""
    name = sim.act(action, **more)
    quiet(sim)
    status = sim.actions[name]["status"]
    return f"{status['state']}: {status['message']}"


def stood(sim: Sim, stage: int, *policies: Matched) -> Sim:
    """The policies are about it, and that stage stands."""
    return until(under(sim, *policies), stands_at(stage))


def begun(sim: Sim) -> Sim:
    """The release is under way, and its first stage does not stand yet."""
    quiet(sim)
    assert sim.status["progress"].get("reachedAt") is None
    return sim


def test_no_other_template_ends_a_bake_that_a_policy_keeps_shut() -> None:
    sim = under(releasing_v2("bigBang", bakeSeconds=600), TIMES)
    until(sim, lambda s: s.selected() == {V2: 4})
    run(sim, 5)
    sim.set_image("shop:v3")
    run(sim, 30)
    record = sim.releases["shop-2"]["status"]
    assert record["outcome"] == "Superseded", "v2 is not taken for proved"


@pytest.mark.parametrize("action", PASSING)
def test_no_pause_is_shorter_than_a_policy_asks_for(action: str) -> None:
    sim = stood(releasing_v2(LONG, bakeSeconds=600), 0, TIMES)
    run(sim, 180)
    answer = told(sim, action)
    assert answer.startswith("Refused: policy prod, rule steps: this pause lasts 300 s at least, 1")
    assert answer.endswith(" s more; in an emergency: crossfade bypass shop --policy prod")
    run(sim, 110)
    assert sim.status["progress"]["stage"] == 0
    run(sim, 30)
    assert told(sim, "Promote").startswith("Done")
    run(sim, 5)
    assert sim.status["progress"]["stage"] == 1
    assert told(sim, "Promote").startswith("Done")
    assert run(sim, 10).selected() == {V2: 4}


@pytest.mark.parametrize("action", PASSING[:2])
def test_no_bake_is_shorter_than_a_policy_asks_for(action: str) -> None:
    sim = stood(releasing_v2("bigBang", bakeSeconds=900), 1, TIMES)
    answer = told(sim, action)
    assert answer.startswith("Refused: policy prod, rule steps: this bake lasts 600 s at least, ")
    run(sim, 600)
    assert told(sim, action).startswith("Done")
    rest(sim)
    assert sim.status["phase"] == "Healthy"


def test_a_promote_full_is_refused_while_a_gate_that_a_policy_asks_for_is_still_ahead() -> None:
    sim = stood(releasing_v2("blueGreen", bakeSeconds=600), 0, TIMES)
    assert told(sim, "PromoteFull") == (
        "Refused: policy prod, rule steps: the bake of stage 2 (bake) lasts 600 s at least: Promote each stage in its time; "
        "in an emergency: crossfade bypass shop --policy prod"
    )
    assert told(sim, "Promote").startswith("Done")


def test_what_was_promoted_before_the_policy_came_keeps_its_pauses_and_its_bake() -> None:
    sim = begun(releasing_v2(LONG, bakeSeconds=900))
    assert told(sim, "PromoteFull").startswith("Done")
    stood(sim, 0, TIMES)
    run(sim, 295)
    assert (sim.status["progress"]["stage"], sim.status["message"].endswith("the pause to end")) == (0, True)
    run(sim, 30)
    assert (sim.selected(), sim.status["stage"]) == ({V2: 4}, "3/4")
    run(sim, 560)
    assert sim.status["message"].endswith("the bake to end")
    run(sim, 60)
    assert sim.status["phase"] == "Healthy"


def good(_sim: Sim, _ask: Ask) -> Answer:
    return Valued(0.5, good=True)


LIMITS = ClusterAnalysisTemplate.model_validate(
    {"metadata": {"name": "limits", "uid": "1"}, "spec": {"metrics": [METRIC]}}
)
ANALYSIS: list[dict[str, Any]] = [
    {"required": True},
    {"requiredTemplates": ["limits"]},
    {"judgeRequired": True},
]


@pytest.mark.parametrize("action", PASSING)
@pytest.mark.parametrize("rule", ANALYSIS, ids=lambda each: next(iter(each)))
def test_nobody_passes_an_analysis_that_a_policy_asks_for_before_it_has_ended(
    rule: dict[str, Any], action: str
) -> None:
    sim = releasing_v2({"canary": {"steps": [{"weight": 10, "analysis": analysed(rule)}]}}, bakeSeconds=1)
    sim.templates = {("limits", True): LIMITS}
    sim.measures = lambda _sim, _ask: None
    stood(sim, 0)
    under(sim, policy(analysis=rule))
    assert told(sim, action) == (
        "Refused: policy prod, rule analysis: what this stage measures has not ended; "
        "in an emergency: crossfade bypass shop --policy prod"
    )
    run(sim, 30)
    assert sim.status["progress"]["stage"] == 0


def analysed(rule: dict[str, Any]) -> dict[str, Any]:
    """An analysis that such a rule asks for."""
    if "requiredTemplates" in rule:
        return {"templates": [{"name": "limits", "cluster": True}]}
    return {"metrics": [{"name": "errors", "builtIn": {"errors": {}}} if "judgeRequired" in rule else METRIC]}


def test_what_ended_undecided_is_let_pass_by_a_person_and_not_before_the_rest_has_ended() -> None:
    odd = {**METRIC, "name": "odd", "noDataLimit": 0}
    asked = {"metrics": [odd, METRIC]}
    sim = stood(releasing_v2({"canary": {"steps": [{"weight": 10, "analysis": asked}]}}, bakeSeconds=1), 0)
    sim.measures = lambda _sim, ask: (
        Nothing("no series") if ask.metric.name == "odd" else Valued(0.5, good=True)
    )
    run(under(sim, policy(analysis={"required": True})), 25)
    assert "a Promote or an Abort: odd" in sim.status["message"]
    assert told(sim, "Promote").startswith("Refused: policy prod, rule analysis: what this stage measures")
    run(sim, 40)
    assert told(sim, "Promote").startswith("Done")
    assert run(sim, 20).status["phase"] == "Healthy"


def test_what_was_promoted_before_the_policy_came_is_measured_all_the_same() -> None:
    sim = begun(releasing_v2(MEASURED, bakeSeconds=1))
    sim.measures = good
    assert told(sim, "PromoteFull").startswith("Done")
    stood(sim, 0, policy(analysis={"required": True}))
    run(sim, 25)
    assert "waits for limit: " in sim.status["message"]
    sim.measures = lambda _sim, _ask: Valued(2.0, good=False)
    assert rest(sim).status["phase"] == "RolledBack"


def job_of(image: str) -> AnalysisTemplate:
    pod = {"restartPolicy": "Never", "containers": [{"name": "x", "image": image}]}
    metric = {"name": "smoke", "job": {"template": {"spec": pod}}}
    return AnalysisTemplate.model_validate(
        {"metadata": {"name": "mine", "uid": "1"}, "spec": {"metrics": [metric]}}
    )


def test_no_job_of_a_template_is_run_whose_image_may_not_be_however_late_it_was_edited() -> None:
    asked = {"templates": [{"name": "mine"}]}
    sim = releasing_v2({"canary": {"steps": [{"weight": 10, "analysis": asked}]}}, bakeSeconds=1)
    sim.templates = {("mine", False): job_of("shop:v1")}
    run_images: list[str] = []

    def measures(_sim: Sim, ask: Ask) -> Answer | None:
        assert ask.metric.job is not None
        run_images.append(ask.metric.job.template["spec"]["containers"][0]["image"])
        return Said(good=True, told="exit code 0")

    sim.measures = lambda _sim, _ask: None
    stood(sim, 0, policy(images={"deniedTags": ["evil"]}))
    sim.templates, sim.measures = {("mine", False): job_of("shop:evil")}, measures
    run(sim, 60)
    assert (run_images, phase("Waiting")(sim)) == ([], True)
    assert (
        "policy prod, rule images: AnalysisTemplate mine: containers[x].image shop:evil"
        in sim.status["message"]
    )
    sim.templates = {("mine", False): job_of("shop:good")}
    rest(sim)
    assert (set(run_images), sim.status["phase"]) == ({"shop:good"}, "Healthy")


def test_a_bake_in_which_a_policy_wants_measurements_lasts_to_its_end() -> None:
    more = {"analysis": {"metrics": [METRIC]}, "bakeSeconds": 100}
    sim = stood(releasing_v2("bigBang", **more), 1, policy(analysis={"required": True}))
    assert told(sim, "Promote").startswith(
        "Refused: policy prod, rule analysis: this bake is measured to its end, "
    )
    sim.measures = good
    run(sim, 105)
    assert sim.status["phase"] == "Healthy"


@pytest.mark.parametrize("passed_by", ["a bypass", "Warn"])
def test_what_is_passed_or_only_warns_keeps_no_gate_shut(passed_by: str) -> None:
    rule = TIMES if passed_by == "a bypass" else policy(enforcement="Warn", steps={"minPauseSeconds": 300})
    sim = stood(releasing_v2(LONG, bakeSeconds=600), 0, rule)
    if passed_by == "a bypass":
        sim.act("Bypass", policy="prod", actor="ann", reason="incident 12")
        quiet(sim)
    assert told(sim, "PromoteFull").startswith("Done")
    assert run(sim, 20).status["phase"] == "Healthy"


def test_an_undo_waits_for_no_pause_and_no_bake() -> None:
    sim = rest(releasing_v2({"canary": {"steps": [{"weight": 50}]}}))
    sim.edit(strategy=LONG, bakeSeconds=600)
    rest(sim)
    assert told(under(sim, TIMES), "Undo").startswith("Done")
    assert run(sim, 30).selected() == {V1: 4}
