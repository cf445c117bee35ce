"""Open or closed: what windows, several of them, and several policies say of a moment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.policy.calendars import at, calendar, window
from crossfade.api.policy_windows import Freeze
from crossfade.core.policy.windows import state

OFFICE = {"schedule": "0 9 * * MON-FRI", "durationSeconds": 8 * 3600}


@pytest.mark.parametrize(
    ("now", "closed"),
    [
        ("2026-11-27 15:59:59", False),
        ("2026-11-27 16:00:00", True),
        ("2026-11-30 05:59:59", True),
        ("2026-11-30 06:00:00", False),
    ],
)
def test_a_deny_window_is_closed_from_its_first_second_until_before_its_end(now: str, closed: bool) -> None:
    assert state([calendar(window())], "Start", at(now)).closed is closed


def test_a_closed_state_says_since_when_until_when_and_who() -> None:
    known = state([calendar(window(reason="no Friday afternoon"))], "Start", at("2026-11-28 12:00"))
    assert (known.since, known.next_open) == (at("2026-11-27 16:00"), at("2026-11-30 06:00"))
    assert known.next_close == at("2026-12-04 16:00")
    assert (known.named.policy, known.named.window, known.named.reason) == (
        "production",
        "friday",
        "no Friday afternoon",
    )
    assert known.named.time_zone == "Europe/Berlin"


def test_an_open_state_says_who_closes_next() -> None:
    known = state(
        [calendar(window("christmas", dates=["2026-12-24/2026-12-26"]), window())],
        "Start",
        at("2026-12-02 12:00"),
    )
    assert (known.closed, known.named.window, known.next_close) == (False, "friday", at("2026-12-04 16:00"))
    assert known.since == at("2026-11-30 06:00")


def test_at_the_second_at_which_it_closes_the_next_closing_is_the_one_after() -> None:
    known = state([calendar(window())], "Start", at("2026-11-27 16:00"))
    assert (known.closed, known.since, known.next_close) == (
        True,
        at("2026-11-27 16:00"),
        at("2026-12-04 16:00"),
    )


def test_an_open_state_says_since_when_it_was_last_closed() -> None:
    hourly = window("hourly", schedule="0 * * * *", durationSeconds=600)
    assert state([calendar(hourly)], "Start", at("2026-11-27 16:30")).since == at("2026-11-27 16:10")


@pytest.mark.parametrize(
    ("now", "closed"),
    [
        ("2026-11-27 08:59", True),
        ("2026-11-27 09:00", False),
        ("2026-11-27 17:00", True),
        ("2026-11-28 12:00", True),
    ],
)
def test_where_there_is_an_allow_window_it_is_closed_outside_all_of_them(now: str, closed: bool) -> None:
    assert state([calendar(window("office", "Allow", **OFFICE))], "Start", at(now)).closed is closed


def test_it_opens_when_the_first_of_several_allow_windows_begins() -> None:
    night = window("night", "Allow", schedule="0 22 * * *", durationSeconds=3600, reason="nights")
    known = state([calendar(window("office", "Allow", **OFFICE), night)], "Start", at("2026-11-27 18:00"))
    assert (known.since, known.next_open) == (at("2026-11-27 17:00"), at("2026-11-27 22:00"))
    assert (known.named.window, known.named.reason) == ("night", "nights")


def test_deny_wins_over_allow_and_it_opens_when_both_let_it() -> None:
    office = window("office", "Allow", **OFFICE)
    known = state([calendar(office, window())], "Start", at("2026-11-27 16:30"))
    assert (known.closed, known.since, known.next_open) == (
        True,
        at("2026-11-27 16:00"),
        at("2026-11-30 09:00"),
    )


def test_windows_of_other_moments_close_nothing() -> None:
    promote = calendar(window(applies=["Promote"]))
    assert not state([promote], "Start", at("2026-11-28 12:00")).closed
    assert not state([promote], "Step", at("2026-11-28 12:00")).closed
    assert state([promote], "Promote", at("2026-11-28 12:00")).closed


def test_several_policies_must_all_let_it() -> None:
    """Each opens at its own time; both are open together only from Tuesday 09:00 on."""
    office = calendar(window("office", "Allow", **OFFICE), policy="office")
    monday = calendar(window("monday", dates=["2026-11-30"], reason="audit"), policy="audit")
    known = state([office, monday], "Start", at("2026-11-30 08:00"))
    assert (known.closed, known.next_open) == (True, at("2026-12-01 09:00"))
    assert (known.named.policy, known.named.reason, known.others) == ("audit", "audit", 1)


def test_without_windows_it_is_open_for_good() -> None:
    known = state([calendar()], "Start", at("2026-11-28 12:00"))
    assert (known.closed, known.since, known.next_open, known.next_close) == (False, None, None, None)


def test_a_freeze_closes_until_somebody_takes_it_away() -> None:
    known = state([calendar(freeze=Freeze(reason="incident"))], "Start", at("2026-11-28 12:00"))
    assert (known.closed, known.next_open, known.needs_person, known.named.reason) == (
        True,
        None,
        True,
        "incident",
    )
    assert known.named.window == ""


def test_a_freeze_with_an_end_ends_by_itself() -> None:
    frozen = calendar(freeze=Freeze(until="2026-11-29T12:00:00Z"))
    known = state([frozen], "Start", at("2026-11-28 12:00"))
    assert (known.closed, known.next_open, known.needs_person) == (True, at("2026-11-29 13:00"), False)
    assert not state([frozen], "Start", at("2026-11-29 13:00")).closed


def test_what_is_not_seen_for_400_days_is_looked_for_again_after_a_day() -> None:
    far = calendar(window("far", dates=["2028-01-03"]))
    now = at("2026-11-28 12:00")
    known = state([far], "Start", now)
    assert (known.next_close, known.valid_until) == (None, now + timedelta(days=1))
    assert known.looked_s == 400 * 86400
    assert state([far], "Start", now + timedelta(days=1)).next_close == at("2028-01-03")


def test_what_opens_and_closes_very_often_is_not_looked_at_for_as_long() -> None:
    """The Deny window never ends, so all that is in sight is looked at: half an hour of an hour, 64 days."""
    never = window("never", schedule="0 0 * * *", durationSeconds=2 * 86400)
    often = window("often", "Allow", schedule="*/30 * * * *", durationSeconds=600)
    known = state([calendar(never, often)], "Start", at("2026-11-28 12:00"))
    assert (known.closed, known.next_open, known.looked_s) == (True, None, 64 * 86400)


def test_what_is_only_partly_in_sight_is_looked_for_again_after_a_day() -> None:
    """It closes in ten days and opens in 15 months: that comes into sight while it is still open."""
    long = window("long", start="2026-12-08T12:00:00+01:00", end="2028-02-01T12:00:00+01:00")
    now = at("2026-11-28 12:00")
    known = state([calendar(long)], "Start", now)
    assert (known.next_close, known.next_open) == (at("2026-12-08 12:00"), None)
    assert known.valid_until == now + timedelta(days=1)


def test_of_several_allow_windows_the_one_that_ends_closes() -> None:
    night = window("night", "Allow", schedule="0 22 * * *", durationSeconds=3600)
    known = state([calendar(night, window("office", "Allow", **OFFICE))], "Start", at("2026-11-27 10:00"))
    assert (known.named.window, known.next_close) == ("office", at("2026-11-27 17:00"))


def test_what_ends_only_by_a_person_is_told_before_what_ends_out_of_sight() -> None:
    long = window("long", dates=["2020-01-01/2999-01-01"])
    frozen = [calendar(long), calendar(freeze=Freeze(reason="incident"), policy="line")]
    for known in (
        state(frozen, "Start", at("2026-11-28 12:00")),
        state(frozen[::-1], "Start", at("2026-11-28 12:00")),
    ):
        assert (known.named.policy, known.needs_person, known.others) == ("line", True, 1)
