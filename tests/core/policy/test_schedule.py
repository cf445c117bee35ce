"""Schedules: what cron says, and which moments that is when clocks change."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from core.policy.calendars import at
from core.policy.changes import CHANGES
from core.policy.reference import Fields, beginnings
from crossfade.core.policy.schedule import ScheduleError, schedule_of
from samples import examples

BOUNDS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 6)}


def begins(text: str, zone: str, first: str, days: int = 1) -> list[datetime]:
    """The moments at which a schedule comes on these local days."""
    ordinal = date.fromisoformat(first).toordinal()
    schedule, place = schedule_of(text), ZoneInfo(zone)
    on = [each for each in map(date.fromordinal, range(ordinal, ordinal + days)) if schedule.comes_on(each)]
    return sorted(
        {datetime.fromtimestamp(moment, UTC) for day in on for moment in schedule.begins(day, place)}
    )


@pytest.mark.parametrize(
    ("text", "zone", "day", "expected"),
    [
        ("30 2 * * *", "Europe/Berlin", "2026-03-29", ["2026-03-29T03:00:00+02:00"]),
        ("0,30 2 * * *", "Europe/Berlin", "2026-03-29", ["2026-03-29T03:00:00+02:00"]),
        ("0 2,3 * * *", "Europe/Berlin", "2026-03-29", ["2026-03-29T03:00:00+02:00"]),
        ("30 1 * * *", "America/New_York", "2026-11-01", ["2026-11-01T01:30:00-04:00"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-04", ["2026-10-04T02:30:00+11:00"]),
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-05", ["2026-04-05T01:45:00+11:00"]),
        ("0 0 * * *", "America/Havana", "2026-03-08", ["2026-03-08T01:00:00-04:00"]),
        ("0 0 * * *", "America/Havana", "2026-11-01", ["2026-11-01T00:00:00-04:00"]),
        ("0 12 * * *", "Pacific/Apia", "2011-12-30", ["2011-12-31T00:00:00+14:00"]),
    ],
)
def test_a_specific_time_that_is_skipped_is_when_the_change_is_and_one_that_comes_twice_is_the_first(
    text: str, zone: str, day: str, expected: list[str]
) -> None:
    assert begins(text, zone, day) == [datetime.fromisoformat(each) for each in expected]


@pytest.mark.parametrize(
    ("text", "zone", "day", "count"),
    [
        ("*/30 2 * * *", "Europe/Berlin", "2026-03-29", 0),
        ("*/30 2 * * *", "Europe/Berlin", "2026-10-25", 4),
        ("0 * * * *", "Europe/Berlin", "2026-03-29", 23),
        ("0 * * * *", "Europe/Berlin", "2026-10-25", 25),
        ("0 * * * *", "Australia/Lord_Howe", "2026-10-04", 23),
        ("0 * * * *", "Australia/Lord_Howe", "2026-04-05", 24),
        ("*/10 3 * * *", "Australia/Lord_Howe", "2026-10-04", 6),
    ],
)
def test_with_a_star_for_minute_or_hour_a_schedule_follows_the_clock(
    text: str, zone: str, day: str, count: int
) -> None:
    assert len(begins(text, zone, day)) == count


@st.composite
def schedules(draw: st.DrawFn) -> Fields:
    """Schedules with lists, ranges, steps and stars."""
    texts, sets = zip(*(draw(field(*bounds)) for bounds in BOUNDS.values()), strict=True)
    return Fields(*sets, " ".join(texts))


@st.composite
def field(draw: st.DrawFn, low: int, high: int) -> tuple[str, frozenset[int]]:
    """One field, as it is written and as what it means."""
    stars = ["star"] * (
        1 if high > 12 and low == 0 else 6
    )  # else most would not come on the day that is looked at
    form = draw(st.sampled_from([*stars, "step", "range", "list"]))
    step = draw(st.integers(1, high))
    first, last = sorted((draw(st.integers(low, high)), draw(st.integers(low, high))))
    listed = draw(st.frozensets(st.integers(low, high), min_size=1, max_size=5))
    return {
        "star": ("*", frozenset(range(low, high + 1))),
        "step": (f"*/{step}", frozenset(range(low, high + 1, step))),
        "range": _range(first, last, step),
        "list": (",".join(map(str, sorted(listed))), listed),
    }[form]


def _range(first: int, last: int, step: int) -> tuple[str, frozenset[int]]:
    """Of one number without the step: cronsim (2.8) takes `5-5/2` for `5/2`, which Debian's cron does not."""
    text = f"{first}-{last}/{step}" if first < last else f"{first}-{last}"
    return text, frozenset(range(first, last + 1, step))


@settings(max_examples=examples(60), deadline=None)
@given(schedules(), st.sampled_from(CHANGES))
def test_on_days_of_clock_changes_it_comes_when_the_clock_says_so_minute_by_minute(
    fields: Fields, change: tuple[str, str, str]
) -> None:
    zone, day, _ = change
    first = date.fromisoformat(day) - timedelta(days=2)
    try:
        found = begins(fields.text, zone, str(first), 4)
    except ScheduleError:
        return
    place = ZoneInfo(zone)
    early, late = at(f"{first} 12:00", zone), at(f"{first + timedelta(days=3)} 12:00", zone)
    expected = beginnings(fields, place, early - timedelta(hours=12), late)
    assert [each for each in found if early <= each < late] == [each for each in expected if each >= early]


@settings(max_examples=examples(100), deadline=None)
@given(schedules(), st.dates(date(2020, 1, 1), date(2035, 1, 1)))
def test_without_clock_changes_it_comes_as_cronsim_says(fields: Fields, day: date) -> None:
    try:
        found = begins(fields.text, "UTC", str(day), 4)
    except ScheduleError:
        return
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    cron = CronSim(fields.text, midnight - timedelta(seconds=1))
    assert found == list(takewhile(lambda each: each < midnight + timedelta(days=4), cron))


@pytest.mark.parametrize(
    ("text", "first", "days", "expected"),
    [
        ("0 0 29 2 *", "2026-01-01", 365 * 3, ["2028-02-29"]),
        ("0 0 L 2 *", "2027-01-01", 365 * 2, ["2027-02-28", "2028-02-29"]),
        ("0 0 LW 5 *", "2026-01-01", 365, ["2026-05-29"]),
        ("0 0 * 12 5L", "2026-01-01", 365, ["2026-12-25"]),
        ("0 0 * 9 MON#1", "2026-01-01", 365, ["2026-09-07"]),
        ("0 0 13 3 FRI", "2026-03-01", 20, ["2026-03-06", "2026-03-13", "2026-03-20"]),
        ("0 0 1 1 *", "2026-12-30", 5, ["2027-01-01"]),
        ("0 0 31 12 *", "2026-12-30", 5, ["2026-12-31"]),
    ],
)
def test_days_are_those_of_the_calendar(text: str, first: str, days: int, expected: list[str]) -> None:
    assert [str(each.date()) for each in begins(text, "UTC", first, days)] == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 25 * * *", "bad hour"),
        ("0 9 * * FRIDAY", "bad day-of-week"),
        ("0 9 31 2 *", "bad day-of-month"),
        ("0 9 * *", "has not 5 fields"),
        ("0 0 9 * * *", "has not 5 fields"),
        ("@daily", "has not 5 fields"),
        ("0 9 */20 * 1L", "never comes"),
    ],
)
def test_what_cron_does_not_know_is_refused_with_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(ScheduleError, match=words):
        schedule_of(text)


def test_whatever_is_written_is_read_or_refused() -> None:
    """Nothing that the API server's pattern lets through raises anything else."""
    dice = random.Random(13)
    letters = "0123456789*,/-#LWMONFRI"
    for _ in range(3000):
        text = " ".join("".join(dice.choices(letters, k=dice.randint(1, 4))) for _ in range(5))
        with suppress(ScheduleError):
            assert schedule_of(text).times
