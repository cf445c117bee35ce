"""What is shown of a Rollout that a policy holds, and what to type next."""

from datetime import UTC, datetime
from typing import Any

import pytest

from crossfade.view.model import Outcome
from crossfade.view.read import rollout_view
from crossfade.view.text import rows
from view.stored import STABLE, rollout, under_way


def held(sentence: str, reason: str = "HeldByPolicy", **status: Any) -> dict[str, Any]:
    """A Rollout at rest whose next release a policy holds."""
    message = f"the release of bbb222 waits: {sentence}"
    condition = {"type": "PolicyCompliant", "status": "False", "reason": reason, "message": message}
    return rollout(phase="Waiting", message=message, conditions=[condition], **status)


def typed(stored: dict[str, Any]) -> list[str]:
    return [step.command for step in rollout_view(stored).next_steps]


@pytest.mark.parametrize(
    ("rule", "what", "first", "outcome"),
    [
        (
            "approvals",
            "approval leads before Start: 1 of 2 given",
            "crossfade approve shop --policy prod",
            Outcome.NEEDS_PERSON,
        ),
        ("freeze", "frozen until somebody ends it: x", "crossfade unfreeze prod", Outcome.NEEDS_PERSON),
        ("freeze", "frozen until 2026-12-04 15:00 UTC", "crossfade status shop --watch", Outcome.UNDER_WAY),
        ("windows", "window friday is closed", "crossfade status shop --watch", Outcome.UNDER_WAY),
        (
            "windows",
            "window friday is closed until it is corrected: it cannot be read: x",
            "crossfade policies prod",
            Outcome.NEEDS_PERSON,
        ),
        ("concurrency", "3 of 3 releases are under way", "crossfade status shop --watch", Outcome.UNDER_WAY),
        ("quota", "5 of 5 releases", "crossfade status shop --watch", Outcome.UNDER_WAY),
        (
            "images",
            "containers[app].image: name a digest",
            "kubectl edit rollouts.crossfade.dev shop",
            Outcome.NEEDS_PERSON,
        ),
        ("spec", "it cannot be read, so it holds", "crossfade policies prod", Outcome.NEEDS_PERSON),
    ],
)
def test_what_ends_the_hold_comes_first_and_then_the_way_past_the_policy(
    rule: str, what: str, first: str, outcome: Outcome
) -> None:
    stored = held(f"policy prod, rule {rule}: {what}")
    assert typed(stored) == [first, "crossfade bypass shop --policy prod --reason TEXT"]
    view = rollout_view(stored)
    assert view.outcome is outcome
    assert (view.policy.policy, view.policy.rule, view.policy.what) == ("prod", rule, what)  # type: ignore[union-attr]


def test_what_is_typed_about_a_policy_names_no_namespace() -> None:
    view = rollout_view(
        held("policy prod, rule freeze: frozen until somebody ends it"), scope="-n demo --context c"
    )
    assert [step.command for step in view.next_steps] == [
        "crossfade unfreeze prod --context c",
        "crossfade bypass shop --policy prod --reason TEXT -n demo --context c",
    ]


def test_a_release_under_way_may_be_aborted_too() -> None:
    condition = {
        "type": "PolicyCompliant",
        "status": "False",
        "reason": "HeldByPolicy",
        "message": "stage 2 of 3 (50 %) waits for policy prod, rule approvals: 0 of 1 given (and 1 more)",
    }
    stored = under_way("Waiting", conditions=[condition])
    assert typed(stored)[-1] == "crossfade abort shop"
    assert "--policy prod" in typed(stored)[0]


def test_a_release_that_is_held_before_it_begins_can_be_dropped() -> None:
    """A first one has nothing to stay with."""
    before = held("policy prod, rule freeze: frozen until somebody ends it", stable=STABLE)
    dropped = rollout_view(before).next_steps[-1]
    assert (dropped.command, dropped.purpose) == (
        "crossfade abort shop",
        "to drop this release: it does not begin then",
    )
    others = [{"type": "Ready", "status": "False", "reason": "OthersFailed"}]
    assert typed(rollout(phase="Waiting", conditions=others, stable=STABLE)) == [
        "crossfade status shop --watch",
        "crossfade abort shop",
    ]


def test_a_release_that_waits_to_begin_says_what_it_would_bring() -> None:
    template = {"spec": {"containers": [{"name": "app", "image": "shop:v2"}]}}
    sentence = "policy prod, rule freeze: frozen until somebody ends it"
    now = datetime(2026, 12, 4, tzinfo=UTC)

    def told(**status: Any) -> list[str]:
        stored = held(sentence, spec={"template": template}, **status)
        return [text for label, text in rows(rollout_view(stored), now) if label == "To begin"]

    assert told(stable=STABLE) == ["shop:v1 → shop:v2"]
    assert told() == ["shop:v2"]
    assert told(stable={**STABLE, "image": "shop:v2"}) == []
    assert told(stable=STABLE, progress={"revision": "bbb222"}) == []


def test_a_policy_that_is_passed_says_by_whom_until_it_ends() -> None:
    bypass = {"policy": "prod", "by": "ann", "reason": "incident 12", "until": "2026-12-04T15:00:00Z"}
    view = rollout_view(rollout(phase="Healthy", bypasses=[bypass]))
    row = ("Bypassed", "policy prod by ann until 2026-12-04 15:00 UTC: incident 12")
    assert row in rows(view, datetime(2026, 12, 4, 14, 59, tzinfo=UTC))
    assert not [
        label for label, _ in rows(view, datetime(2026, 12, 4, 15, tzinfo=UTC)) if label == "Bypassed"
    ]


def test_where_nobody_knows_the_policies_it_is_followed_as_anything_that_waits() -> None:
    assert typed(held("the policies to be known: the operator may not list them")) == [
        "crossfade status shop --watch"
    ]


@pytest.mark.parametrize("reason", ["Warned", "Violated"])
def test_what_is_broken_without_a_hold_is_a_warning(reason: str) -> None:
    broken = held("policy prod, rule images: name a digest", reason)
    broken["status"]["phase"] = "Healthy"
    view = rollout_view(broken)
    assert view.policy is None
    assert "policy prod, rule images: name a digest" in view.warnings[0]
    assert view.outcome is Outcome.DONE


def test_a_policy_that_is_kept_is_not_spoken_of() -> None:
    kept = {"type": "PolicyCompliant", "status": "True", "reason": "Compliant", "message": "kept: prod"}
    view = rollout_view(rollout(phase="Healthy", message="all is well", conditions=[kept]))
    assert (view.policy, view.warnings) == (None, ())
