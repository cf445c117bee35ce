"""How often a Rollout may be released, until when it waits, and which starts count."""

from datetime import timedelta
from typing import Any

import pytest

from builders import V1, V2
from core.policy.wanting import NOW, UNHELD, policy, wanting
from crossfade.api.conditions import Reason
from crossfade.api.status import STARTS_LENGTH
from crossfade.core.moments import text_of
from crossfade.core.policy.begun import kept, with_start
from crossfade.core.policy.quota import hold

DAY_S = 24 * 3600
BOTH = {"quota": {"minIntervalSeconds": 900, "maxPerDay": 2}}


def ago(*seconds: float) -> list[str]:
    return [text_of(NOW - timedelta(seconds=each)) for each in seconds]


def test_a_second_release_waits_for_the_interval_and_says_until_when() -> None:
    held = hold(wanting(starts=ago(60)), policy(quota={"minIntervalSeconds": 900}))
    assert (held.why, held.by) == (Reason.HELD_BY_POLICY, (("calm", "quota"),))
    assert held.until == text_of(NOW + timedelta(seconds=840))
    assert held.waiting_for == (
        "policy calm, rule quota: its last release began at 11:59:00 UTC, and the next one may 900 s later; it begins by itself at "
        "2026-01-31 12:14:00 UTC, or sooner by a bypass of the policy"
    )


def test_the_releases_of_the_last_day_are_counted_and_the_oldest_of_them_opens_it() -> None:
    held = hold(wanting(starts=ago(60, 3600, DAY_S - 10)), policy(quota={"maxPerDay": 3}))
    assert (
        "rule quota: 3 of 3 releases of the last 24 hours have begun; it begins by itself at 2026-01-31 12:00:10"
        in (held.waiting_for)
    )
    assert held.until == text_of(NOW + timedelta(seconds=10))


@pytest.mark.parametrize(
    ("quota", "starts"), [({"minIntervalSeconds": 900}, [900]), ({"maxPerDay": 1}, [DAY_S])]
)
def test_it_opens_in_the_very_moment_that_it_said(quota: dict[str, int], starts: list[int]) -> None:
    assert hold(wanting(starts=ago(*starts)), policy(quota=quota)).is_open
    assert not hold(wanting(starts=ago(*(each - 0.001 for each in starts))), policy(quota=quota)).is_open


@pytest.mark.parametrize(
    ("starts", "what"), [([60, 70], "2 of 2 releases"), ([60], "the next one may 900 s later")]
)
def test_of_two_limits_the_one_that_lasts_longer_is_told(starts: list[int], what: str) -> None:
    assert what in hold(wanting(starts=ago(*starts)), policy(**BOTH)).waiting_for


@pytest.mark.parametrize("spec", [{}, {"quota": {}}, BOTH])
def test_without_a_quota_or_without_a_start_nothing_is_held(spec: dict[str, Any]) -> None:
    assert hold(wanting(), policy(**spec)).is_open


@pytest.mark.parametrize("why", UNHELD)
def test_it_holds_nothing_where(why: str) -> None:
    spec, status = UNHELD[why]
    assert hold(wanting(spec, **status, starts=ago(1, 2)), policy(**BOTH)).is_open


def test_what_lost_its_pods_with_a_node_is_tried_again_without_waiting() -> None:
    assert hold(wanting(starts=ago(1, 2), last={"nodeTook": V2}), policy(**BOTH)).is_open
    assert not hold(wanting(starts=ago(1, 2), last={"nodeTook": V1}), policy(**BOTH)).is_open


# --- which starts are kept ----------------------------------------------------------------------------------


def test_a_start_is_kept_before_those_of_the_last_day_and_the_one_before_them() -> None:
    starts = ago(1, DAY_S - 1, DAY_S, DAY_S + 1)
    assert with_start(wanting(starts=starts), V2, back=False) == [text_of(NOW), *starts[:3]]


def test_no_more_are_kept_than_the_status_has_room_for_and_a_quota_of_as_many_is_still_judged() -> None:
    starts = kept(ago(*range(80)), NOW)
    assert starts == ago(*range(STARTS_LENGTH))
    assert not hold(wanting(starts=starts), policy(quota={"maxPerDay": STARTS_LENGTH})).is_open


@pytest.mark.parametrize(
    ("status", "back"),
    [({}, True), ({"completed": [V2, V1], "unserved": [V2]}, False), ({"last": {"nodeTook": V2}}, False)],
    ids=["a way back", "a first wake-up", "a second try after nodes took the pods"],
)
def test_no_start_counts_that_nobody_asked_a_new_release_with(status: dict[str, Any], *, back: bool) -> None:
    starts = ago(5)
    assert with_start(wanting(starts=starts, **status), V2, back=back) == starts


def test_what_never_served_counts_again_where_another_has_completed_since() -> None:
    s = wanting(completed=[V1, V2], unserved=[V2])
    assert with_start(s, V2, back=False) == [text_of(NOW)]
