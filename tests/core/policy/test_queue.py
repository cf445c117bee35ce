"""What a release is told that waits for its turn, and what never waits."""

from typing import Any

import pytest

from core.policy.wanting import UNHELD, policy, wanting
from crossfade.api.conditions import Reason
from crossfade.core.policy.matched import Place
from crossfade.core.policy.queue import ASKS_S, LOOK_S, hold

THIRD = Place(granted=False, place=3, active=2, limit=2, where="in namespace prod")


def test_it_waits_with_its_place_and_with_who_can_help() -> None:
    held = hold(wanting({"priority": 5}), policy(THIRD))
    assert (held.why, held.by) == (Reason.HELD_BY_POLICY, (("calm", "concurrency"),))
    assert held.waiting_for == (
        "policy calm, rule concurrency: 2 of 2 releases are under way in namespace prod, among those of this policy; place 3 in "
        "the queue; it begins by itself when it is next and one of them ends, or sooner by a higher spec.priority (now 5), or a "
        "bypass of the policy"
    )
    assert (held.until, held.person) == (None, False)


def test_a_single_slot_is_told_in_the_singular() -> None:
    held = hold(wanting(), policy(Place(granted=False, place=1, active=1, limit=1, where="in the cluster")))
    assert (
        "1 of 1 release is under way in the cluster, among those of this policy; place 1 in the queue"
        in held.waiting_for
    )


def test_where_another_policy_has_no_slot_it_says_that_this_one_would_have() -> None:
    held = hold(wanting(), policy(Place(granted=False, place=1, active=1, limit=2, where="with team=web")))
    assert "it has its turn with team=web, and waits for that of another policy" in held.waiting_for


def test_who_has_not_asked_for_its_turn_yet_waits_and_asks_at_once() -> None:
    held = hold(wanting(), policy(Place(granted=False)))
    assert (held.waiting_for, held.again_s) == (
        "policy calm, rule concurrency: it asks for its turn now",
        ASKS_S,
    )


@pytest.mark.parametrize("place", [None, Place(granted=True)])
def test_with_a_slot_or_without_a_limit_it_begins(place: Place | None) -> None:
    assert hold(wanting(), policy(place)).is_open


@pytest.mark.parametrize("why", UNHELD)
def test_it_holds_nothing_where(why: str) -> None:
    spec, status = UNHELD[why]
    assert hold(wanting(spec, **status), policy(THIRD)).is_open


@pytest.mark.parametrize(("spec", "status"), [({"replicas": 0}, {}), ({}, {"stable": None, "completed": []})])
def test_a_release_of_no_pods_and_a_first_one_wait_as_others_do(
    spec: dict[str, Any], status: dict[str, Any]
) -> None:
    assert not hold(wanting(spec, **status), policy(THIRD)).is_open


def test_the_place_is_told_anew_seldom_enough_that_2000_may_wait() -> None:
    looks = [
        hold(wanting(), policy(Place(granted=False, place=n, limit=1))).again_s for n in (1, 30, 31, 2000)
    ]
    assert looks == [LOOK_S, 30, 31, 2000]
    assert sum(1 / max(LOOK_S, place) for place in range(1, 2001)) < 6
