"""When a window is active: by schedule, from a start to an end, on dates, and not on the dates that are excepted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.policy.calendars import at, window
from core.policy.changes import CHANGES
from core.policy.reference import MINUTE, Fields, beginnings, minutes
from crossfade.core.policy.active import active
from samples import examples

Moments = tuple[datetime, datetime]


def times(begins: str, ends: str, zone: str = "Europe/Berlin", **fields: Any) -> list[Moments]:
    """When a window is active between two local times."""
    early, late = (int(at(text, zone).timestamp()) for text in (begins, ends))
    found = active(window(zone=zone, **fields), early, late)
    return [(datetime.fromtimestamp(a, UTC), datetime.fromtimestamp(b, UTC)) for a, b in found]


@pytest.mark.parametrize(
    ("first", "ends"),
    [
        ("2026-11-27", "2026-11-30 06:00"),
        ("2026-10-23", "2026-10-26 05:00"),
        ("2026-03-27", "2026-03-30 07:00"),
    ],
)
def test_a_duration_is_time_that_passes_whatever_clocks_do(first: str, ends: str) -> None:
    """62 hours from Friday 16:00 on; in October clocks show one hour less at the end, in March one more."""
    found = times(first, ends[:10] + " 12:00", schedule="0 16 * * FRI", durationSeconds=62 * 3600)
    assert found == [(at(f"{first} 16:00"), at(ends))]


def test_a_window_that_began_long_before_is_active() -> None:
    found = times("2027-01-10", "2027-01-11", schedule="0 0 1 2 *", durationSeconds=366 * 86400)
    assert found == [(at("2027-01-10"), at("2027-01-11"))]


def test_times_that_overlap_or_meet_are_one() -> None:
    day = times("2026-11-27", "2026-11-28", schedule="0 */6 * * *", durationSeconds=7 * 3600)
    assert day == [(at("2026-11-27"), at("2026-11-28"))]
    minute = times("2026-11-27", "2026-11-28", schedule="* 9-16 * * *", durationSeconds=60)
    assert minute == [(at("2026-11-27 09:00"), at("2026-11-27 17:00"))]


def test_a_window_may_begin_once_in_four_years() -> None:
    leap = {"schedule": "0 0 29 2 *", "durationSeconds": 3600}
    assert times("2026-01-01", "2028-02-29", **leap) == []
    assert times("2028-02-28", "2028-03-01", **leap) == [(at("2028-02-29"), at("2028-02-29 01:00"))]


def test_a_night_of_new_year_is_one_window() -> None:
    found = times("2026-12-31", "2027-01-02", schedule="0 22 31 12 *", durationSeconds=8 * 3600)
    assert found == [(at("2026-12-31 22:00"), at("2027-01-01 06:00"))]


def test_a_single_window_begins_and_ends_at_its_moments_whatever_the_zone() -> None:
    once = {"start": "2026-12-18T16:00:00+01:00", "end": "2027-01-04T06:00:00Z"}
    found = times("2026-12-01", "2027-02-01", zone="Asia/Tokyo", **once)
    assert found == [(datetime(2026, 12, 18, 15, tzinfo=UTC), datetime(2027, 1, 4, 6, tzinfo=UTC))]


def test_dates_are_whole_days_of_the_zone() -> None:
    found = times("2026-12-01", "2027-02-01", dates=["2026-12-24/2026-12-26", "2027-01-01"])
    assert found == [(at("2026-12-24"), at("2026-12-27")), (at("2027-01-01"), at("2027-01-02"))]


def test_dates_that_follow_each_other_are_one() -> None:
    assert times("2026-12-01", "2027-02-01", dates=["2026-12-31", "2027-01-01"]) == [
        (at("2026-12-31"), at("2027-01-02"))
    ]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-27", 24)])
def test_a_date_is_as_long_as_its_day(day: str, hours: int) -> None:
    ((begins, ends),) = times("2026-01-01", "2027-01-01", dates=[day])
    assert ends - begins == timedelta(hours=hours)


def test_excepted_dates_are_taken_out_from_midnight_to_midnight() -> None:
    """What began the day before ends at midnight; what lasts beyond the day goes on after it."""
    nights = {"schedule": "0 22 * * *", "durationSeconds": 8 * 3600, "exceptDates": ["2026-12-25"]}
    assert times("2026-12-24 12:00", "2026-12-26 12:00", **nights) == [
        (at("2026-12-24 22:00"), at("2026-12-25")),
        (at("2026-12-26"), at("2026-12-26 06:00")),
    ]


SCHEDULES = [
    Fields(frozenset({30}), frozenset({2}), *[frozenset(range(32))] * 3, "30 2 * * *"),
    Fields(frozenset({0}), frozenset({0}), *[frozenset(range(32))] * 3, "0 0 * * *"),
    Fields(frozenset({15, 45}), frozenset({1, 2, 23}), *[frozenset(range(32))] * 3, "15,45 1,2,23 * * *"),
    Fields(
        frozenset(range(0, 60, 20)), frozenset(range(1, 4)), *[frozenset(range(32))] * 3, "*/20 1-3 * * *"
    ),
    Fields(frozenset({59}), frozenset(range(24)), *[frozenset(range(32))] * 3, "59 * * * *"),
]


@settings(max_examples=examples(40), deadline=None)
@given(
    st.sampled_from(SCHEDULES),
    st.sampled_from(CHANGES),
    st.sampled_from([60, 1500, 3600, 5400, 8 * 3600, 30 * 3600]),
)
def test_over_clock_changes_it_is_active_minute_by_minute_as_a_watchmaker_says(
    fields: Fields, change: tuple[str, str, str], duration_s: int
) -> None:
    zone, day, _ = change
    first = date.fromisoformat(day)
    early, late = (
        at(f"{first - timedelta(days=1)} 12:00", zone),
        at(f"{first + timedelta(days=1)} 12:00", zone),
    )
    began = beginnings(fields, ZoneInfo(zone), early - timedelta(days=2), late)
    lasts = timedelta(seconds=duration_s)
    expected = {m for each in began for m in minutes(each, min(each + lasts, late)) if m >= early}
    often = window(zone=zone, schedule=fields.text, durationSeconds=duration_s)
    spans = active(often, int(early.timestamp()), int(late.timestamp()))
    found = {datetime.fromtimestamp(s, UTC) for a, b in spans for s in range(a, b, MINUTE.seconds)}
    assert found == expected


@pytest.mark.parametrize("change", [each for each in CHANGES if each[0] != "America/St_Johns"])
def test_dates_beside_clock_changes_are_the_minutes_that_show_that_date(change: tuple[str, str, str]) -> None:
    """Not where clocks went back over midnight, as Newfoundland's did until 2011: there the first midnight counts."""
    zone, day, _ = change
    middle = date.fromisoformat(day)
    for each in (middle - timedelta(days=1), middle, middle + timedelta(days=1)):
        early = datetime(middle.year, middle.month, middle.day, tzinfo=UTC) - timedelta(days=4)
        late = early + timedelta(days=8)
        expected = {m for m in minutes(early, late) if m.astimezone(ZoneInfo(zone)).date() == each}
        spans = active(window(zone=zone, dates=[str(each)]), int(early.timestamp()), int(late.timestamp()))
        found = {datetime.fromtimestamp(s, UTC) for a, b in spans for s in range(a, b, MINUTE.seconds)}
        assert found == expected
