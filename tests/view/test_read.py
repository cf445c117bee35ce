"""What a person reads of a Rollout, for every state that it can be in."""

from datetime import UTC, datetime
from typing import Any

import pytest

from crossfade.api.conditions import Phase
from crossfade.view import text
from crossfade.view.advice import ADVICE
from crossfade.view.model import Outcome
from crossfade.view.read import NOT_SEEN, release_name, rollout_view
from crossfade.view.times import duration
from view.deployments import autoscaler
from view.stored import STABLE, condition, release, rollout, under_way

NOW = datetime(2026, 1, 31, 12, 0, 18, tzinfo=UTC)


def test_a_new_rollout_that_the_operator_has_not_seen_says_so() -> None:
    view = rollout_view(rollout())
    assert (view.phase, view.outcome, view.seen) == (NOT_SEEN, Outcome.UNDER_WAY, False)
    assert view.message == "The operator has not seen it yet."


def test_a_healthy_rollout_whose_spec_was_just_changed_is_not_done() -> None:
    stored = rollout(phase="Healthy", message="All is well.", observedGeneration=2)
    view = rollout_view(stored)
    assert view.outcome is Outcome.UNDER_WAY
    assert view.message == "The operator has not seen the latest change yet."


@pytest.mark.parametrize(
    ("phase", "outcome", "settled"),
    [
        ("Healthy", Outcome.DONE, True),
        ("Progressing", Outcome.UNDER_WAY, False),
        ("Waiting", Outcome.UNDER_WAY, False),
        ("Paused", Outcome.NEEDS_PERSON, True),
        ("RollingBack", Outcome.FAILING, False),
        ("Degraded", Outcome.FAILING, False),
        ("RolledBack", Outcome.FAILED, True),
        ("Invalid", Outcome.FAILED, True),
    ],
)
def test_a_phase_says_whether_it_is_over_and_how(phase: str, outcome: Outcome, settled: bool) -> None:
    view = rollout_view(rollout(phase=phase))
    assert (view.outcome, view.outcome.settled) == (outcome, settled)


def test_a_first_release_that_missed_its_deadline_has_failed_though_its_phase_may_still_change() -> None:
    view = rollout_view(under_way("Degraded", conditions=[condition("Stalled", "CandidateUnavailable")]))
    assert view.outcome is Outcome.FAILED


def test_a_release_under_way_shows_stage_shares_pods_and_what_is_awaited() -> None:
    shown = text.paragraph(rollout_view(under_way(), release()), NOW)
    assert (
        shown
        == """\
shop in demo: Progressing (canary, release 2)
  Half of the requests go to the candidate.
  Stage      2 of 3: 50 %
  Weight     50 % of the requests wanted on the candidate, 33 % by ready pods
  Stable     aaa111  shop:v1  2/2 pods available
  Candidate  bbb222  shop:v2  1/2 pods available, 2 ready
  Waiting    60 s to pass (42 s left, until 12:01:00 UTC)
  Next       crossfade status shop --watch   to follow it
  or         crossfade abort shop   to return all requests to stable"""
    )


@pytest.mark.parametrize(
    ("traffic", "strategy", "by"),
    [
        ({"httpRoute": {"name": "shop"}}, {"canary": {}}, "HTTPRoute shop"),
        ({"grpcRoute": {"name": "calls"}}, {"blueGreen": {}}, "GRPCRoute calls"),
        ({"gateway": {"parentRefs": [{"name": "public"}]}}, {"bigBang": {}}, "HTTPRoute shop"),
        ({"httpRoute": {"name": "shop"}}, {"rolling": {}}, "ready pods"),
        (None, {"canary": {}}, "ready pods"),
    ],
)
def test_a_share_is_told_with_what_gives_it(
    traffic: dict[str, Any] | None, strategy: dict[str, Any], by: str
) -> None:
    stored = under_way(weight=0.5, realWeight=12.0)
    stored["spec"] |= {"traffic": traffic, "strategy": strategy}
    shown = text.paragraph(rollout_view(stored), NOW)
    assert f"  Weight     0.5 % of the requests wanted on the candidate, 12 % by {by}\n" in shown


def test_a_share_has_a_decimal_only_where_it_needs_one() -> None:
    stored = under_way(weight=99.9, realWeight=25.0)
    assert "weight: wanted 99.9 %, now 25 %" in text.line(rollout_view(stored))


def test_a_service_that_prefers_near_pods_disturbs_no_share_that_a_route_gives() -> None:
    near = {"metadata": {"name": "shop"}, "spec": {"trafficDistribution": "PreferClose"}}
    stored = under_way()
    assert rollout_view(stored, service=near).warnings
    stored["spec"]["traffic"] = {"httpRoute": {"name": "shop"}}
    assert not rollout_view(stored, service=near).warnings


def test_a_log_line_tells_the_same_without_count_downs() -> None:
    assert text.line(rollout_view(under_way(), release())) == (
        "Progressing, stage 2/3 50 %, weight: wanted 50 %, now 33 %, stable 2/2, candidate 1/2: "
        "Half of the requests go to the candidate."
    )


def test_a_message_that_only_repeats_stage_and_wait_is_not_told_twice() -> None:
    stored = under_way(message="stage 2 of 3 (50 %) waits for 60 s to pass")
    view = rollout_view(stored, release())
    assert text.paragraph(view, NOW).splitlines()[1] == "  Stage      2 of 3: 50 %"
    assert text.line(view).endswith("candidate 1/2: waits for 60 s to pass")


def test_without_the_release_the_stage_has_no_name_and_the_wanted_pods_are_those_that_exist() -> None:
    view = rollout_view(under_way())
    assert view.stage is not None
    assert view.stage.name == ""
    assert text.line(view).startswith("Progressing, stage 2/3, weight")
    assert "candidate 1/2" in text.line(view)


def test_the_release_of_another_revision_lends_no_names() -> None:
    view = rollout_view(under_way(), release("ccc333"))
    assert view.stage is not None
    assert view.stage.name == ""


def test_a_plan_made_for_other_replicas_is_not_taken_for_what_is_wanted_now() -> None:
    view = rollout_view(under_way() | {"spec": {"replicas": 8}}, release())
    assert view.stable is not None
    assert view.stable.desired is None
    assert view.stage is not None
    assert view.stage.name == "50 %"


def test_on_the_way_back_all_pods_of_stable_are_wanted_and_there_is_no_stage() -> None:
    stored = under_way("RollingBack")
    stored["status"]["progress"]["rollbackReason"] = "CandidateCrashed"
    view = rollout_view(stored, release())
    assert view.stage is None
    assert text.line(view).startswith(
        "RollingBack, weight: wanted 50 %, now 33 %, stable 2/4, candidate 2 to go"
    )


def test_at_rest_the_wanted_pods_are_the_replicas_of_the_spec() -> None:
    view = rollout_view(rollout(phase="Healthy", stable={**STABLE, "replicas": 3, "available": 3}))
    assert view.stable is not None
    assert (view.stable.desired, view.stable.available) == (4, 3)
    assert view.candidate is None


@pytest.mark.parametrize(
    ("stored", "commands"),
    [
        (rollout(phase="Healthy"), []),
        (under_way(), ["crossfade status shop --watch", "crossfade abort shop"]),
        (under_way(stable=None), ["crossfade status shop --watch"]),
        (
            under_way("Paused", conditions=[condition("Paused", "AwaitingPromotion")]),
            ["crossfade promote shop", "crossfade abort shop"],
        ),
        (
            under_way("Paused", conditions=[condition("Paused", "PausedByAction")]),
            ["crossfade resume shop", "crossfade abort shop"],
        ),
        (
            under_way("Paused", conditions=[condition("Paused", "PausedBySpec")]),
            ["kubectl edit rollouts.crossfade.dev shop", "crossfade abort shop"],
        ),
        (
            under_way("Paused", conditions=[condition("Paused", "PausedByFailure")]),
            ["crossfade abort shop", "crossfade retry shop"],
        ),
        (
            under_way("Waiting", conditions=[condition("Ready", "OthersFailed", "False")]),
            ["crossfade status shop --watch", "crossfade promote shop", "crossfade abort shop"],
        ),
        (
            rollout(phase="Waiting", conditions=[condition("Ready", "OthersFailed", "False")]),
            ["crossfade status shop --watch"],
        ),
        (under_way("RollingBack"), ["crossfade status shop --watch"]),
        (
            rollout(phase="RolledBack"),
            ["crossfade diff shop", "crossfade set image shop CONTAINER=IMAGE", "crossfade retry shop"],
        ),
        (
            rollout(phase="RolledBack", failed={"reason": "CandidateCrashed", "container": "app"}),
            [
                "crossfade logs shop --failed",
                "crossfade diff shop",
                "crossfade set image shop CONTAINER=IMAGE",
                "crossfade retry shop",
            ],
        ),
        (
            rollout(phase="RolledBack", release=3, failed={"reason": "AnalysisFailed"}),
            ["crossfade verdict shop-3", "crossfade set image shop CONTAINER=IMAGE", "crossfade retry shop"],
        ),
        (
            rollout(phase="Degraded", stable=STABLE, completed=["aaa111", "zzz999"]),
            [
                "crossfade tree shop",
                "crossfade logs shop --stable",
                "crossfade undo shop",
            ],
        ),
        (
            rollout(phase="Degraded", stable=STABLE, completed=["aaa111"]),
            ["crossfade tree shop", "crossfade logs shop --stable"],
        ),
        (
            under_way("Degraded", stable=None),
            [
                "crossfade tree shop",
                "crossfade logs shop --candidate",
                "crossfade set image shop CONTAINER=IMAGE",
            ],
        ),
        (rollout(phase="Invalid"), ["kubectl edit rollouts.crossfade.dev shop"]),
    ],
)
def test_each_state_says_what_to_type_next(stored: dict[str, Any], commands: list[str]) -> None:
    assert [step.command for step in rollout_view(stored).next_steps] == commands


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_advice_of_its_own(phase: Phase) -> None:
    assert phase in ADVICE


def test_commands_to_type_next_carry_the_flags_that_were_given() -> None:
    view = rollout_view(under_way(), scope="-n demo --context prod")
    assert view.next_steps[1].command == "crossfade abort shop -n demo --context prod"


def test_a_rollout_that_is_being_deleted_gives_no_advice_and_is_not_settled() -> None:
    stored = rollout(phase="Healthy")
    stored["metadata"]["deletionTimestamp"] = "2026-01-31T12:00:00Z"
    view = rollout_view(stored)
    assert (view.message, view.next_steps, view.outcome.settled) == ("It is being deleted.", (), False)


def test_a_rolled_back_rollout_says_why_the_revision_failed() -> None:
    failed = {"revision": "bbb222", "reason": "CandidateCrashed", "message": "container app exited with 42"}
    view = rollout_view(rollout(phase="RolledBack", message="v1 serves.", failed=failed))
    assert ("Failed", "container app exited with 42") in text.rows(view, NOW)


def test_the_down_time_of_a_recreate_is_shown_even_when_there_was_none() -> None:
    view = rollout_view(rollout(phase="Healthy", downtime={"seconds": 0}))
    assert ("Downtime", "0 s in the last release") in text.rows(view, NOW)


def test_a_wait_whose_time_has_passed_never_shows_a_negative_rest() -> None:
    late = datetime(2026, 1, 31, 12, 5, tzinfo=UTC)
    assert ("Waiting", "60 s to pass (0 s left, until 12:01:00 UTC)") in text.rows(
        rollout_view(under_way()), late
    )


def test_json_has_camel_case_names_units_and_rfc_3339_times() -> None:
    view = rollout_view(under_way(downtime={"seconds": 1.5}), release())
    plain = text.jsonable(view)
    assert plain["realWeight"] == 33
    assert plain["downtimeSeconds"] == 1.5
    assert plain["awaited"] == {"what": "60 s to pass", "until": "2026-01-31T12:01:00.500000+00:00"}
    assert plain["outcome"] == "UnderWay"
    assert plain["nextSteps"][0]["command"] == "crossfade status shop --watch"


@pytest.mark.parametrize(("number", "name"), [(0, ""), (2, "shop-2")])
def test_the_release_of_a_status_is_named_by_its_number(number: int, name: str) -> None:
    assert release_name(rollout(phase="Healthy", release=number)) == name


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (45, "45 s"), (390, "6 min 30 s"), (7200, "2 h"), (3601, "1 h 1 s")]
)
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("strategy", "scaler", "count"),
    [
        ("canary", autoscaler(kind="Rollout", metric="Value"), 1),
        ("rolling", autoscaler(kind="Rollout", metric="Value"), 1),
        ("blueGreen", autoscaler(kind="Rollout", metric="Value"), 0),
        ("canary", autoscaler(kind="Rollout", metric="AverageValue"), 0),
        ("canary", autoscaler(kind="Rollout", metric="Value", target="cart"), 0),
        ("canary", autoscaler(metric="Value"), 0),
    ],
)
def test_an_autoscaler_that_would_multiply_the_pods_of_both_revisions_is_warned_of(
    strategy: str, scaler: dict[str, Any], count: int
) -> None:
    view = rollout_view(rollout(phase="Healthy", strategy=strategy), autoscalers=[scaler])
    assert len(view.warnings) == count
    assert all("HorizontalPodAutoscaler shop" in warning for warning in view.warnings)


ANN = {"actor": "ann", "action": "shop-pause-1"}


@pytest.mark.parametrize("phase", ["Healthy", "Degraded", "RolledBack"])
@pytest.mark.parametrize(
    ("spec", "status", "held", "next_step"),
    [
        (
            {},
            {"pausedBy": {**ANN, "at": "2026-01-31T11:57:00Z", "reason": "lunch"}},
            "the next change waits for a Resume; paused by ann 3 min ago: lunch",
            "crossfade resume shop -n demo   to let it go on",
        ),
        (
            {},
            {"pausedBy": {"action": "shop-pause-1"}},
            "the next change waits for a Resume; paused by a RolloutAction",
            "crossfade resume shop -n demo   to let it go on",
        ),
        (
            {"paused": True},
            {},
            "the next change waits for spec.paused to become false",
            "kubectl edit rollouts.crossfade.dev shop -n demo   to set spec.paused to false and let it go on",
        ),
    ],
    ids=["by an action", "by nobody that is known", "by the spec"],
)
def test_a_pause_at_rest_is_told_with_what_ends_it(
    phase: str, spec: dict[str, Any], status: dict[str, Any], held: str, next_step: str
) -> None:
    stored = rollout(spec=spec, phase=phase, observedGeneration=3, stable=STABLE, **status)
    shown = text.rows(rollout_view(stored, scope="-n demo"), NOW)
    assert ("Held", held) in shown
    assert next_step in [words for _, words in shown]


def test_a_pause_in_the_middle_of_a_release_is_told_once() -> None:
    stored = under_way("Paused", pausedBy=ANN)
    assert rollout_view(stored).held is None


@pytest.mark.parametrize("phase", ["Progressing", "Paused"])
def test_where_no_release_is_under_way_no_abort_is_offered(phase: str) -> None:
    view = rollout_view(rollout(phase=phase, observedGeneration=3, stable=STABLE))
    assert not [step for step in view.next_steps if "abort" in step.command]


def test_a_rollout_that_nobody_paused_is_not_held() -> None:
    assert rollout_view(rollout(phase="Healthy", observedGeneration=3)).held is None


def test_a_hold_by_others_that_fail_shows_how_many_and_until_when() -> None:
    what = "other Rollouts to stop failing: 3 failed within a minute, in 2 namespaces (in this one cart)"
    progress = {"revision": "bbb222", "waitingFor": what, "until": "2026-01-31T12:01:00Z"}
    message = f"stage 2 of 3 (50 %) waits for {what}"
    shown = text.paragraph(rollout_view(under_way("Waiting", message=message, progress=progress)), NOW)
    assert f"  Waiting    {what} (42 s left, until 12:01:00 UTC)\n" in shown


def test_a_rollout_that_failed_with_others_says_so_after_its_own_cause() -> None:
    why = "1 of 4 pods crashed while it served"
    told = f"release 2 (bbb222) was taken back: {why}; 3 Rollouts failed within a minute: a shared cause is likely"
    shown = text.paragraph(
        rollout_view(rollout(phase="RolledBack", message=told, failed={"message": why})), NOW
    )
    assert f"  {told}\n" in shown
    assert "Failed" not in shown
