"""An audit tells what Releases keep, and where they do not reach."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crossfade.view.audit import Asked, Audit, audit
from crossfade.view.audit_reach import Gap, Reach
from crossfade.view.audit_row import Image, Requester, Row
from view.releases import V1, V2, V3, Object, release, template
from view.stored import rollout

NOW = datetime(2026, 2, 28, tzinfo=UTC)
SINCE = datetime(2026, 1, 29, tzinfo=UTC)
NOON = "2026-01-31T12:00:00Z"


def day(number: int, month: int = 2) -> str:
    return f"2026-{month:02}-{number:02}T12:00:00Z"


def asked(**fields: Any) -> Asked:
    return Asked(**{"since": SINCE, "until": NOW, **fields})


def answer(*releases: Object, rollouts: tuple[Object, ...] = (), **fields: Any) -> Audit:
    return audit(releases, rollouts, asked(**fields), NOW)


def only_row(stored: Object, *others: Object) -> Row:
    rows = answer(stored, *others).releases
    return next(row for row in rows if row.release == stored["spec"]["number"])


def with_spec(stored: Object, **fields: Any) -> Object:
    stored["spec"] |= fields
    return stored


def owned(stored: Object, uid: str) -> Object:
    stored["metadata"]["ownerReferences"] = [{"kind": "Rollout", "name": "shop", "uid": uid}]
    return stored


def deed(action: str, actor: str, at: str = NOON, **fields: Any) -> Object:
    return {"action": action, "actor": actor, "at": at, **fields}


def test_releases_are_told_newest_first() -> None:
    stored = release(1, V1, started=day(1)), release(2, V2, started=day(3)), release(3, V3, started=day(2))
    assert [row.release for row in answer(*stored).releases] == [2, 3, 1]


def test_a_release_that_has_not_ended_is_under_way() -> None:
    row = only_row(release(1, V1, "", ended=None))
    assert (row.outcome, row.ended_at) == ("UnderWay", None)


# Whose and when


@pytest.mark.parametrize(
    ("started", "ended", "told"),
    [
        (day(1), day(2), True),
        (day(1, 1), day(2, 1), False),
        (day(1, 1), day(1), True),
        (day(1), None, True),
        (day(1, 1), None, True),
        (day(1, 3), None, False),
        (None, None, True),
    ],
    ids=["within", "over before", "ended within", "began within", "still goes on", "began after", "no times"],
)
def test_a_release_is_of_the_time_in_which_it_was_under_way(
    started: str | None, ended: str | None, told: bool
) -> None:
    stored = release(1, V1, "Completed" if ended else "", started=started, ended=ended)
    assert bool(answer(stored).releases) is told


def test_a_release_that_ended_before_is_told_where_somebody_acted_on_it_since() -> None:
    old = {"started": day(1, 1), "ended": day(2, 1)}
    assert answer(release(1, V1, **old, actions=[deed("Restart", "ann", day(1))])).releases
    assert answer(release(1, V1, **old, undone=deed("Undo", "ann", day(1)))).releases
    assert not answer(release(1, V1, **old, actions=[deed("Restart", "ann", day(3, 1))])).releases


def test_one_rollout_may_be_asked_for_alone() -> None:
    both = release(1, V1), release(1, V1, rollout="cart")
    found = answer(*both, rollouts=(rollout(release=1),), rollout="cart")
    assert [row.rollout for row in found.releases] == ["cart"]
    assert [each.rollout for each in found.records] == ["cart"]


def test_a_time_without_an_offset_is_taken_to_be_utc() -> None:
    row = only_row(release(1, V1, started="2026-01-31T12:00:00", ended="2026-01-31T14:00:00+01:00"))
    assert (row.started_at, row.ended_at) == (
        datetime(2026, 1, 31, 12, tzinfo=UTC),
        datetime(2026, 1, 31, 13, tzinfo=UTC),
    )


# What


def test_each_image_is_told_before_and_after() -> None:
    two = {"spec": {"containers": [{"name": "app", "image": "shop:2"}, {"name": "log", "image": "log:1"}]}}
    one = release(1, V1, pod_template=template("shop:1"))
    row = only_row(release(2, V2, of=V1, pod_template=two), one)
    assert row.images == (Image("app", "shop:1", "shop:2"), Image("log", "", "log:1"))


def test_init_containers_and_containers_that_went_are_told_too() -> None:
    before = {
        "spec": {
            "initContainers": [{"name": "migrate", "image": "shop:1"}],
            "containers": [{"name": "app", "image": "shop:1"}],
        }
    }
    old = release(1, V1, pod_template=before)
    row = only_row(release(2, V2, of=V1, pod_template=template("shop:2")), old)
    assert row.images == (Image("app", "shop:1", "shop:2"), Image("migrate", "shop:1", ""))


def test_where_the_release_before_is_not_kept_the_old_image_is_not_known() -> None:
    assert only_row(release(2, V2, of=V1)).images == (Image("app", None, "shop:bbb222"),)


def test_a_first_release_had_no_image_before() -> None:
    assert only_row(release(1, V1)).images == (Image("app", "", "shop:aaa111"),)


def test_the_release_before_is_of_the_same_rollout() -> None:
    others = owned(release(1, V1, pod_template=template("other:1")), "an earlier one")
    row = only_row(owned(release(2, V2, of=V1), "this one"), others)
    assert row.images[0].old is None


def test_the_strategy_is_told_where_the_record_has_it() -> None:
    assert only_row(with_spec(release(1, V1), strategy="canary")).strategy == "canary"
    assert only_row(release(1, V1)).strategy == ""


# Who


REQUESTER = {"name": "dan", "how": "Admission"}
CHANGED = {"manager": "kubectl-edit", "at": NOON}


@pytest.mark.parametrize(
    ("spec", "actions", "known"),
    [
        ({"requester": REQUESTER, "changedBy": CHANGED}, [], Requester("dan", "Admission")),
        ({"changedBy": CHANGED}, [], Requester("kubectl-edit", "FieldManager")),
        ({}, [deed("Undo", "ann")], Requester("ann", "Action")),
        ({"changedBy": CHANGED}, [deed("Undo", "ann")], Requester("kubectl-edit", "FieldManager")),
        ({}, [deed("Undo", "ann", day(1))], Requester()),
        ({}, [deed("Abort", "ann")], Requester()),
        ({"requester": {"name": "", "how": ""}}, [], Requester()),
    ],
    ids=["admission", "program", "undo", "program, then undo", "undo in the middle", "abort", "nobody"],
)
def test_who_asked_is_told_with_how_that_is_known(
    spec: Object, actions: list[Object], known: Requester
) -> None:
    assert only_row(with_spec(release(2, V1, actions=actions), **spec)).requested_by == known


def test_actions_approvals_and_bypasses_are_told_apart() -> None:
    approval = deed("Approve", "ben", policy="prod", rule="two", step="3", name="a-1")
    bypass = deed("Bypass", "cat", policy="freeze", reason="shop is down", until=day(1), name="b-1")
    row = only_row(release(2, V2, actions=[deed("Abort", "ann")], approvals=[approval], bypasses=[bypass]))
    assert [(each.action, each.actor) for each in row.actions] == [("Abort", "ann")]
    assert [(each.actor, each.policy, each.rule, each.step) for each in row.approvals] == [
        ("ben", "prod", "two", "3")
    ]
    assert [(each.actor, each.policy, each.reason) for each in row.bypasses] == [
        ("cat", "freeze", "shop is down")
    ]
    assert row.bypasses[0].until == datetime(2026, 2, 1, 12, tzinfo=UTC)


def test_an_approval_that_is_in_two_lists_is_told_once() -> None:
    listed = deed("Approve", "ben", policy="prod", name="a-1")
    twice = release(2, V2, approvals=[listed], actions=[deed("Approve", "ben", day(1), name="a-1")])
    nameless = release(2, V2, approvals=[deed("Approve", "ben")], actions=[deed("Approve", "ben")])
    assert [each.policy for each in only_row(twice).approvals] == ["prod"]
    assert len(only_row(nameless).approvals) == 1


def test_a_bypass_that_is_among_the_actions_alone_is_told_too() -> None:
    row = only_row(release(2, V2, actions=[deed("Bypass", "cat", policy="freeze")]))
    assert [each.actor for each in row.bypasses] == ["cat"]
    assert row.actions == ()


def test_the_rules_that_held_it_are_told() -> None:
    row = only_row(release(2, V2, heldBy=[{"policy": "prod", "rule": "windows", "since": NOON}]))
    assert [(each.policy, each.rule, each.until) for each in row.held_by] == [("prod", "windows", None)]


def test_what_holds_a_release_under_way_is_told_by_its_rollout() -> None:
    holds = [{"policy": "prod", "rule": "approvals", "since": NOON}]
    living = rollout(release=2, heldBy=holds)
    found = answer(release(2, V2, ""), release(1, V1), rollouts=(living,)).releases
    assert {row.release: len(row.held_by) for row in found} == {1: 0, 2: 1}
    gone = answer(owned(release(2, V2, ""), "another"), rollouts=(living,)).releases
    assert gone[0].held_by == ()


def test_a_list_without_room_is_named() -> None:
    assert only_row(release(2, V2, bypasses=[deed("Bypass", "cat")] * 50)).full == ("bypasses",)
    assert only_row(release(2, V2, bypasses=[deed("Bypass", "cat")] * 49)).full == ()


# Only


def four() -> list[Object]:
    asked_by_dan = {"requester": REQUESTER}
    return [
        with_spec(release(1, V1, approvals=[deed("Approve", "ben")]), **asked_by_dan),
        with_spec(release(2, V2, "RolledBack", approvals=[deed("Approve", "dan")]), **asked_by_dan),
        with_spec(release(3, V3, approvals=[deed("Approve", "ben")], bypasses=[deed("Bypass", "cat")])),
        with_spec(release(4, V3, approvals=[deed("Approve", "ben")], undone=deed("Undo", "ann"))),
        with_spec(release(5, V3)),
    ]


@pytest.mark.parametrize(
    ("only", "numbers"),
    [("bypassed", [3]), ("failed", [2, 4]), ("unapproved", [2, 5]), ("", [1, 2, 3, 4, 5])],
)
def test_one_kind_may_be_asked_for_alone(only: str, numbers: list[int]) -> None:
    assert sorted(row.release for row in answer(*four(), only=only).releases) == numbers


def test_what_is_asked_for_does_not_shorten_what_is_said_of_the_records() -> None:
    assert answer(*four(), only="bypassed").records == answer(*four()).records


# Bypasses without a release


def bypassing(**fields: Any) -> Object:
    bypass = {
        "policy": "freeze",
        "by": "cat",
        "at": NOON,
        "reason": "shop is down",
        "action": "b-1",
        **fields,
    }
    return rollout(release=1, bypasses=[bypass])


def test_a_bypass_that_no_release_has_used_is_told() -> None:
    [found] = answer(release(1, V1), rollouts=(bypassing(),)).unused_bypasses
    assert (found.rollout, found.bypass.policy, found.bypass.actor) == ("shop", "freeze", "cat")
    assert (found.bypass.reason, found.bypass.name) == ("shop is down", "b-1")


def test_a_bypass_that_a_release_has_recorded_is_told_there_alone() -> None:
    used = release(1, V1, bypasses=[deed("Bypass", "cat", policy="freeze")])
    assert answer(used, rollouts=(bypassing(),)).unused_bypasses == ()


@pytest.mark.parametrize(("only", "count"), [("failed", 0), ("unapproved", 0), ("bypassed", 1)])
def test_unused_bypasses_are_part_of_what_was_bypassed(only: str, count: int) -> None:
    assert len(answer(rollouts=(bypassing(),), only=only).unused_bypasses) == count


# How far back


def reach(*releases: Object, newest: int = 0, **spec: Any) -> Reach:
    living = (rollout(spec=spec, release=newest),) if newest else ()
    [found] = answer(*releases, rollouts=living).records
    return found


def test_all_releases_from_the_first_on_are_whole() -> None:
    found = reach(release(2, V2), release(1, V1), newest=2)
    assert (found.whole, found.oldest_release, found.missing, found.history_limit) == (True, 1, (), 5)


def test_records_that_begin_before_the_time_are_whole() -> None:
    found = reach(release(8, V2, started=day(1)), release(7, V1, started=day(1, 1)), newest=8)
    assert (found.whole, found.oldest_release, found.missing) == (True, 7, (Gap(1, 6),))


def test_records_that_begin_within_the_time_are_not_whole() -> None:
    found = reach(release(8, V2), newest=8, revisionHistoryLimit=1)
    assert (found.whole, found.oldest_release, found.history_limit) == (False, 8, 1)
    assert found.from_time == datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_a_release_behind_a_gap_does_not_count() -> None:
    found = reach(release(8, V2), release(7, V1), release(3, V3, started=day(1, 1)), newest=8)
    assert (found.whole, found.oldest_release, found.missing) == (False, 7, (Gap(1, 2), Gap(4, 6)))


def test_where_the_newest_record_is_gone_none_is_whole() -> None:
    found = reach(release(1, V1), newest=2)
    assert (found.whole, found.oldest_release, found.from_time, found.missing) == (
        False,
        0,
        None,
        (Gap(2, 2),),
    )


def test_a_rollout_that_has_released_nothing_misses_nothing() -> None:
    [found] = answer(rollouts=(rollout(phase="Progressing"),)).records
    assert (found.whole, found.oldest_release, found.missing) == (True, 0, ())


def test_records_of_a_rollout_that_is_gone_are_told_without_a_limit() -> None:
    found = reach(owned(release(1, V1), "gone"))
    assert (found.whole, found.rollout_uid, found.history_limit) == (True, "gone", 0)


def test_two_rollouts_of_one_name_one_after_the_other_are_told_apart() -> None:
    living = rollout(release=1)
    living["metadata"]["uid"] = "new"
    found = answer(owned(release(1, V1), "new"), owned(release(9, V2), "old"), rollouts=(living,))
    assert [(each.rollout_uid, each.whole) for each in found.records] == [("new", True), ("old", False)]
