"""What is said of a Rollout's releases."""

from datetime import UTC, datetime
from typing import Any

import pytest

from crossfade.view.attempts import Act, attempts, images, owned_by
from crossfade.view.history import ReleaseView, history, said
from view.releases import V1, V2, V3, release, template, turned_back
from view.stored import rollout, under_way

NOW = datetime(2026, 1, 31, 12, 5, tzinfo=UTC)
STABLE_V2 = {"revision": V2, "release": 2}


def rows(stored: dict[str, Any], *releases: dict[str, Any]) -> list[ReleaseView]:
    return list(history(stored, releases, NOW).releases)


def at_rest(**status: Any) -> dict[str, Any]:
    return rollout(phase="Healthy", release=2, stable=STABLE_V2, **status)


def test_the_newest_release_comes_first_whatever_the_order_they_are_read_in() -> None:
    shown = rows(at_rest(), release(2, V2), release(10, V3), release(1, V1))
    assert [row.number for row in shown] == [10, 2, 1]


def test_a_release_is_told_with_its_image_outcome_seconds_and_why() -> None:
    [row] = rows(at_rest(), release(2, V2, "RolledBack", why="2 of 4 pods crashed"))
    assert (row.revision, row.images, row.outcome) == (V2, ("shop:bbb222",), "RolledBack")
    assert (row.seconds, row.why) == (90.5, "2 of 4 pods crashed")
    assert row.started_at == datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_the_release_that_brought_what_serves_is_marked_stable_and_no_other() -> None:
    assert [row.mark for row in rows(at_rest(), release(2, V2), release(1, V1))] == ["stable", ""]


def test_after_a_way_back_the_release_that_went_back_is_stable_not_the_first_one_of_its_revision() -> None:
    stored = rollout(phase="RolledBack", release=3, stable={"revision": V1, "release": 3})
    shown = rows(stored, release(1, V1), release(2, V2), release(3, V1))
    assert [row.mark for row in shown] == ["stable", "", ""]


def test_a_stable_revision_whose_release_number_was_lost_is_found_by_its_revision() -> None:
    stored = rollout(phase="Healthy", release=7, stable={"revision": V1, "release": 7})
    assert [row.mark for row in rows(stored, release(1, V1), release(2, V2, "RolledBack"))] == ["", "stable"]


def test_the_release_under_way_is_the_candidate_and_its_seconds_and_message_are_those_of_now() -> None:
    [row, _] = rows(under_way(), release(2, V2, "", of=V1), release(1, V1))
    assert (row.mark, row.outcome, row.seconds) == ("candidate", "UnderWay", 300.0)
    assert row.why == "Half of the requests go to the candidate."


def test_a_release_on_its_way_back_says_so() -> None:
    progress = {"revision": V2, "stage": 1, "rollbackReason": "CandidateCrashed"}
    [row] = rows(under_way("RollingBack", progress=progress), release(2, V2, ""))
    assert (row.mark, row.outcome) == ("candidate", "Returning")


def test_who_acted_is_told_with_what_they_asked_and_why() -> None:
    entry = {"at": "2026-01-31T12:01:00Z", "action": "Abort", "reason": "too slow"}
    assert rows(at_rest(), release(2, V2, "RolledBack", actions=[entry]))[0].acted == ("Abort: too slow",)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (Act("Promote"), "Promote"),
        (Act("Promote", actor="ann"), "Promote by ann"),
        (Act("Abort", actor="ann", reason="too slow"), "Abort by ann: too slow"),
    ],
)
def test_an_act_is_said_with_as_much_as_is_known(act: Act, words: str) -> None:
    assert said(act) == words


def test_how_many_earlier_releases_are_not_kept_is_counted() -> None:
    stored = rollout(phase="Healthy", release=9, stable={"revision": V3, "release": 9})
    assert history(stored, [release(9, V3), release(8, V2)], NOW).missing == 7
    assert history(rollout(), [], NOW).missing == 0


def commands(stored: dict[str, Any], *releases: dict[str, Any], scope: str = "") -> list[str]:
    return [step.command for step in history(stored, releases, NOW, scope=scope).next_steps]


def test_at_rest_the_way_back_to_the_last_other_completed_release_is_offered_with_the_scope() -> None:
    known = (release(1, V1), release(2, V2))
    assert commands(at_rest(), *known, scope="-n demo") == [
        "crossfade undo shop --to 1 -n demo",
        "crossfade diff shop 1 2 -n demo",
    ]


def test_no_way_back_is_offered_to_a_failed_release_or_to_what_serves() -> None:
    stored = rollout(phase="RolledBack", release=2, stable={"revision": V1, "release": 1})
    known = (release(1, V1), release(2, V2, "RolledBack"))
    assert commands(stored, *known) == ["crossfade diff shop 1 2"]


def test_while_a_release_is_under_way_following_it_is_offered_instead() -> None:
    assert commands(under_way(), release(1, V1), release(2, V2, ""))[0] == "crossfade status shop --watch"


def test_a_rollout_without_releases_offers_nothing() -> None:
    assert commands(rollout()) == []


def test_several_containers_are_named_with_their_images() -> None:
    several = {"spec": {"containers": [{"name": "app", "image": "a:1"}, {"name": "proxy", "image": "p:1"}]}}
    assert images(several) == ["app=a:1", "proxy=p:1"]
    assert images(template("a:1")) == ["a:1"]


def test_the_moment_of_the_verdict_is_when_the_timeline_turns_back() -> None:
    [attempt] = attempts([release(2, V2, "RolledBack", timeline=turned_back("2026-01-31T12:00:40.250Z"))])
    assert attempt.judged_at == datetime(2026, 1, 31, 12, 0, 40, 250_000, tzinfo=UTC)


def test_an_empty_release_object_is_still_an_attempt() -> None:
    [attempt] = attempts([{}])
    assert (attempt.number, attempt.seconds, attempt.judged_at, attempt.acts) == (0, None, None, ())


def test_releases_of_an_earlier_rollout_of_the_same_name_are_left_out() -> None:
    stored = rollout()
    stored["metadata"]["uid"] = "new"
    mine, old = release(1, V1), release(1, V2)
    mine["metadata"]["ownerReferences"] = [{"uid": "new"}]
    old["metadata"]["ownerReferences"] = [{"uid": "old"}]
    assert owned_by(stored, [mine, old]) == [mine]


def test_what_serves_is_compared_with_the_newest_and_the_newest_with_what_it_took_over_from() -> None:
    back = rollout(phase="RolledBack", release=3, stable={"revision": V1, "release": 1})
    failed = (release(1, V1), release(2, V2, "RolledBack", of=V1), release(3, V3, "RolledBack", of=V1))
    assert commands(back, *failed)[-1] == "crossfade diff shop 1 3"
    done = rollout(phase="Healthy", release=3, stable={"revision": V3, "release": 3})
    healthy = (release(1, V1), release(2, V2, "RolledBack", of=V1), release(3, V3, of=V1))
    assert commands(done, *healthy)[-1] == "crossfade diff shop 1 3"


UNDONE = {"action": "Undo", "actor": "ann", "at": "2026-01-31T11:48:00Z", "reason": "checkout is slow"}


def undone() -> tuple[dict[str, Any], ...]:
    stored = rollout(phase="RolledBack", release=3, stable={"revision": V1, "release": 3})
    return stored, release(1, V1), release(2, V2, of=V1, undone=UNDONE), release(3, V1, of=V2)


def test_a_release_that_was_undone_is_marked_and_says_by_whom() -> None:
    assert [row.mark for row in rows(*undone())] == ["stable", "undone", ""]
    by = rows(*undone())[1].undone
    assert by is not None
    assert (by.actor, by.reason) == ("ann", "checkout is slow")


def test_a_release_that_was_undone_is_not_offered_as_the_way_back() -> None:
    assert commands(*undone()) == ["crossfade diff shop 2 3"]


def test_a_release_tells_its_last_lines_its_first_request_and_which_client_changed_the_template() -> None:
    made = release(
        2,
        V2,
        "RolledBack",
        lastLines=["ValueError"],
        servedAt="2026-01-31T12:00:02Z",
        turnedBackAt="2026-01-31T12:00:10Z",
    )
    made["spec"]["changedBy"] = {"manager": "kubectl-set"}
    [row] = rows(at_rest(), made)
    assert (row.last_lines, row.changed_by) == (("ValueError",), "kubectl-set")
    assert row.served_at is not None
    assert row.turned_back_at is not None
    assert (row.turned_back_at - row.served_at).total_seconds() == 8
