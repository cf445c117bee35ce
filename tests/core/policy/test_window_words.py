"""Windows in words, by the clocks of their own zone."""

from __future__ import annotations

from datetime import datetime

import pytest

from core.policy.calendars import BERLIN, at
from crossfade.api.policy_windows import Window
from crossfade.core.policy.closures import Calendar
from crossfade.core.policy.window_status import statuses
from crossfade.core.policy.window_words import clock, closed_words, open_words

FRIDAY, SATURDAY, MONDAY = at("2026-11-27 16:00"), at("2026-11-28 12:00"), at("2026-11-30 06:00")


def test_it_is_told_as_people_say_it() -> None:
    told = closed_words(FRIDAY, MONDAY, BERLIN, "no Friday afternoon", SATURDAY)
    assert told == "closed since Fri 16:00 until Mon 06:00 (Europe/Berlin): no Friday afternoon"
    assert open_words(at("2026-11-23 06:00"), FRIDAY, BERLIN, at("2026-11-25 12:00")) == (
        "open since Mon 06:00 until Fri 16:00 (Europe/Berlin)"
    )


def test_without_now_it_has_dates_and_is_always_the_same() -> None:
    assert closed_words(FRIDAY, MONDAY, BERLIN) == (
        "closed since Fri 2026-11-27 16:00 until Mon 2026-11-30 06:00 (Europe/Berlin)"
    )


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        (None, MONDAY, "closed until Mon 06:00 (Europe/Berlin): why"),
        (FRIDAY, None, "closed since Fri 16:00 (Europe/Berlin), and does not open within a year: why"),
        (None, None, "closed, and does not open within a year: why"),
    ],
)
def test_what_is_out_of_sight_is_not_told(since: datetime | None, until: datetime | None, told: str) -> None:
    assert closed_words(since, until, BERLIN, "why", SATURDAY) == told


def test_what_cannot_be_read_is_closed_until_it_is_corrected() -> None:
    why = "it cannot be read: there is no time zone Europe/Berln"
    assert closed_words(None, None, BERLIN, why, SATURDAY) == f"closed until it is corrected: {why}"


def test_a_window_that_nobody_can_read_says_so_in_its_hold() -> None:
    window = {"name": "w", "kind": "Deny", "timeZone": "UTC", "schedule": "0 25 * * *", "durationSeconds": 60}
    told, _ = statuses(Calendar("p", (Window.model_validate(window),)), SATURDAY)
    assert closed_words(None, None, "UTC", told[0].reason).startswith(
        "closed until it is corrected: it cannot"
    )


def test_what_never_closes_says_so() -> None:
    assert open_words(None, None, BERLIN) == "open, and does not close within a year"


@pytest.mark.parametrize(
    ("moment", "zone", "told"),
    [
        (at("2026-11-22 12:00"), BERLIN, "Sun 2026-11-22 12:00"),
        (at("2026-11-22 12:01"), BERLIN, "Sun 12:01"),
        (at("2026-12-04 12:00"), BERLIN, "Fri 2026-12-04 12:00"),
        (at("2026-11-28 12:00:30"), BERLIN, "Sat 12:00:30"),
        (at("2026-11-28 23:30"), "Asia/Kathmandu", "Sun 04:15"),
        (at("2026-11-28 23:30"), "Europe/Berln", "Sat 22:30"),
    ],
)
def test_a_weekday_is_enough_for_the_days_beside_today(moment: datetime, zone: str, told: str) -> None:
    assert clock(moment, zone, SATURDAY) == told


def test_a_time_that_comes_twice_says_which_it_is() -> None:
    first, second = at("2026-10-25 02:30"), at("2026-10-25 02:30", fold=1)
    assert clock(first, BERLIN, first) == "Sun 02:30 +02:00"
    assert clock(second, BERLIN, second) == "Sun 02:30 +01:00"


def test_a_zone_that_nobody_knows_is_told_as_utc() -> None:
    assert closed_words(None, MONDAY, "Europe/Berln", now=SATURDAY) == "closed until Mon 05:00 (UTC)"
