"""What a state promises: the moments that it names are those at which it changes, and it holds until it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.policy.calendars import calendar, window
from crossfade.api.policy_windows import Window
from crossfade.core.policy.active import active
from crossfade.core.policy.closures import Calendar
from crossfade.core.policy.windows import State, state
from samples import examples

SECOND = timedelta(seconds=1)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Havana",
]
OFTEN: list[dict[str, Any]] = [
    {"schedule": "0 16 * * FRI", "durationSeconds": 62 * 3600},
    {"schedule": "0 9 * * MON-FRI", "durationSeconds": 8 * 3600},
    {
        "schedule": "0 9 * * *",
        "durationSeconds": 8 * 3600,
        "exceptDates": ["2026-10-25", "2026-03-28/2026-03-30"],
    },
    {"schedule": "30 1,2 * * *", "durationSeconds": 5400},
    {"schedule": "*/30 * * * *", "durationSeconds": 600},
    {"schedule": "0 0 * * *", "durationSeconds": 2 * 86400},
    {"dates": ["2026-10-24/2026-10-26", "2026-04-05"]},
    {"start": "2026-10-20T00:00:00Z", "end": "2026-11-02T06:30:00Z"},
]
CHANGING = st.sampled_from(
    ["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"]
)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Any of some windows."""
    kind, zone, when = (
        draw(st.sampled_from(["Allow", "Deny"])),
        draw(st.sampled_from(ZONES)),
        draw(st.sampled_from(OFTEN)),
    )
    return window(f"w{draw(st.integers(0, 99))}", kind, zone=zone, **when)


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    """A moment within two days of a clock change."""
    day = datetime.fromisoformat(draw(CHANGING)).replace(tzinfo=UTC)
    return day + timedelta(minutes=draw(st.integers(-2 * 1440, 2 * 1440)))


CALENDARS = st.lists(st.lists(windows(), max_size=3), max_size=3).map(
    lambda policies: [calendar(*some, policy=f"p{number}") for number, some in enumerate(policies)]
)


def is_active(each: Window, moment: datetime) -> bool:
    """Whether a window is active, by itself."""
    second = int(moment.timestamp())
    return bool(active(each, second, second + 1))


def is_closed(calendars: list[Calendar], moment: datetime) -> bool:
    """The rule in one line for each policy: denied, or not allowed where something is."""
    for each in calendars:
        allow = [one for one in each.windows if one.kind == "Allow"]
        denied = any(is_active(one, moment) for one in each.windows if one.kind == "Deny")
        if denied or (allow and not any(is_active(one, moment) for one in allow)):
            return True
    return False


def told(known: State) -> tuple[datetime | None, ...]:
    """The moments of a state: one that is out of sight is None, and may come into sight."""
    return (known.since, known.next_open, known.next_close)


@settings(max_examples=examples(60), deadline=None)
@given(CALENDARS, moments())
def test_it_is_closed_where_something_denies_or_nothing_allows(
    calendars: list[Calendar], now: datetime
) -> None:
    assert state(calendars, "Start", now).closed is is_closed(calendars, now)


@settings(max_examples=examples(60), deadline=None)
@given(CALENDARS, moments())
def test_just_before_the_moments_that_are_named_it_is_not_so_yet(
    calendars: list[Calendar], now: datetime
) -> None:
    known = state(calendars, "Start", now)
    for moment, closes in ((known.next_open, False), (known.next_close, True), (known.since, known.closed)):
        if moment is not None:
            assert is_closed(calendars, moment) is closes
            assert is_closed(calendars, moment - SECOND) is not closes
    assert known.since is None or known.since <= now
    assert all(each > now for each in (known.next_open, known.next_close) if each is not None)


@settings(max_examples=examples(40), deadline=None)
@given(CALENDARS, moments())
def test_minute_by_minute_nothing_changes_before_the_moment_that_is_named(
    calendars: list[Calendar], now: datetime
) -> None:
    known = state(calendars, "Start", now)
    changes = known.next_open if known.closed else known.next_close
    until = min(changes or now + timedelta(days=1), now + timedelta(days=1))
    while now < until:
        assert is_closed(calendars, now) is known.closed
        now += timedelta(minutes=10)


@settings(max_examples=examples(40), deadline=None)
@given(CALENDARS, moments(), st.integers(0, 999))
def test_an_answer_is_the_same_until_it_says(calendars: list[Calendar], now: datetime, part: int) -> None:
    known = state(calendars, "Start", now)
    assert now < known.valid_until
    for later in (now + (known.valid_until - now) * part / 1000, known.valid_until - SECOND):
        again = state(calendars, "Start", later)
        assert (again.closed, again.named, again.others) == (known.closed, known.named, known.others)
        assert all(new == old for new, old in zip(told(again), told(known), strict=True) if new and old)


@settings(max_examples=examples(60), deadline=None)
@given(moments(), st.integers(1, 400))
def test_what_comes_within_400_days_is_found(now: datetime, days: int) -> None:
    day = (now + timedelta(days=days)).date()
    assert state([calendar(window("far", zone="UTC", dates=[str(day)]))], "Start", now).next_close is not None
