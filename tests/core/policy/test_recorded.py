"""What a Release keeps of policies: it is written once, stays, and is bounded."""

from __future__ import annotations

from typing import Any

from crossfade.api.action import ActionEntry
from crossfade.api.status import Approved, Bypass, HeldBy
from crossfade.core.policy import recorded

NOON, ONE, TWO, THREE = (f"2026-01-31T{hour}:00:00Z" for hour in (12, 13, 14, 15))


def approved(by: str = "ben", **fields: Any) -> Approved:
    return Approved(by=by, at=NOON, action=f"shop-approve-{by}", revision="bbb222", **fields)


def passed(policy: str = "prod", at: str = NOON, until: str = ONE, **fields: Any) -> Bypass:
    return Bypass(policy=policy, by="cat", reason="shop is down", at=at, until=until, action="b-1", **fields)


def test_an_approval_is_kept_with_who_when_why_and_what_it_was_for() -> None:
    given = approved(policy="prod", approval="two-people", step=2, reason="checked")
    assert recorded.approvals([], [given], "bbb222") == [
        ActionEntry(
            at=NOON,
            action="Approve",
            actor="ben",
            name="shop-approve-ben",
            reason="checked",
            policy="prod",
            rule="two-people",
            step="2",
        )
    ]


def test_an_approval_for_whatever_waits_says_no_policy_rule_or_step() -> None:
    [entry] = recorded.approvals([], [approved()], "bbb222")
    assert entry.to_wire().keys() == {"at", "action", "actor", "name", "reason"}


def test_an_approval_of_another_revision_is_not_of_this_release() -> None:
    assert recorded.approvals([], [approved()], "ccc333") == []


def test_what_is_kept_stays_when_the_rollout_has_forgotten_it() -> None:
    kept = recorded.approvals([], [approved("ann"), approved("ben")], "bbb222")
    assert recorded.approvals(kept, [], "bbb222") == kept


def test_the_same_approval_is_kept_once() -> None:
    kept = recorded.approvals([], [approved(), approved()], "bbb222")
    assert len(kept) == 1
    assert recorded.approvals(kept, [approved()], "bbb222") == kept


def test_what_is_kept_is_not_changed_by_what_the_rollout_says_later() -> None:
    kept = recorded.approvals([], [approved(reason="checked")], "bbb222")
    assert recorded.approvals(kept, [approved(reason="never said")], "bbb222") == kept


def test_one_approval_of_two_policies_is_kept_for_each() -> None:
    kept = recorded.approvals([], [approved(policy="prod"), approved(policy="databases")], "bbb222")
    assert [entry.policy for entry in kept] == ["prod", "databases"]


def test_a_bypass_is_kept_with_its_policy_its_reason_and_its_end() -> None:
    [entry] = recorded.bypasses([], [passed()], began=NOON)
    assert (entry.action, entry.actor, entry.policy) == ("Bypass", "cat", "prod")
    assert (entry.reason, entry.at, entry.until, entry.name) == ("shop is down", NOON, ONE, "b-1")


def test_a_bypass_that_was_over_before_the_release_began_is_not_of_it() -> None:
    assert recorded.bypasses([], [passed(at=NOON, until=ONE)], began=TWO) == []


def test_a_bypass_that_still_stood_when_the_release_began_is_of_it() -> None:
    assert len(recorded.bypasses([], [passed(at=NOON, until=THREE)], began=TWO, ended=THREE)) == 1


def test_a_bypass_that_was_asked_for_after_the_release_ended_is_not_of_it() -> None:
    assert recorded.bypasses([], [passed(at=TWO, until=THREE)], began=NOON, ended=ONE) == []


def test_of_too_many_bypasses_the_newest_are_kept() -> None:
    given = [passed(f"policy-{number}") for number in range(60)]
    kept = recorded.bypasses([], given, began=NOON)
    assert [kept[0].policy, kept[-1].policy, len(kept)] == ["policy-10", "policy-59", 50]


def test_a_rule_that_holds_is_kept_with_since_when() -> None:
    assert recorded.held_by([], [("prod", "windows")], NOON) == [
        HeldBy(policy="prod", rule="windows", since=NOON)
    ]


def test_while_a_rule_holds_the_list_does_not_change() -> None:
    kept = recorded.held_by([], [("prod", "windows"), ("prod", "freeze")], NOON)
    assert recorded.held_by(kept, [("prod", "freeze"), ("prod", "windows")], ONE) == kept


def test_a_rule_that_no_longer_holds_ends_once() -> None:
    kept = recorded.held_by(recorded.held_by([], [("prod", "windows")], NOON), [], ONE)
    assert kept == [HeldBy(policy="prod", rule="windows", since=NOON, until=ONE)]
    assert recorded.held_by(kept, [], TWO) == kept


def test_a_rule_that_holds_again_is_a_second_entry() -> None:
    kept = [HeldBy(policy="prod", rule="windows", since=NOON, until=ONE)]
    assert [each.since for each in recorded.held_by(kept, [("prod", "windows")], TWO)] == [NOON, TWO]


def test_of_too_many_holds_the_newest_are_kept() -> None:
    holding = [("prod", f"rule-{number}") for number in range(60)]
    assert [each.rule for each in recorded.held_by([], holding, NOON)][::49] == ["rule-10", "rule-59"]


def test_what_a_release_was_held_by_ends_with_it() -> None:
    held = [HeldBy(policy="prod", rule=rule, since=at) for rule, at in (("freeze", NOON), ("windows", TWO))]
    assert [each.rule for each in recorded.up_to(held, ONE)] == ["freeze"]
    assert recorded.up_to(held, None) == held


def test_what_is_not_over_when_a_release_ends_holds_the_next_one() -> None:
    over = HeldBy(policy="prod", rule="freeze", since=NOON, until=ONE)
    later, still = over.model_copy(update={"until": TWO}), over.model_copy(update={"until": None})
    assert recorded.after([over, later, still], ONE) == [later, still]
    assert recorded.after([over], None) == [over]
