"""What cannot be read is said, and holds."""

from __future__ import annotations

from typing import Any

import pytest

from core.policy.calendars import at, calendar, window
from crossfade.core.policy.window_problems import problems
from crossfade.core.policy.windows import state


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"zone": "Europe/Berln"},
            "timeZone: the time zone 'Europe/Berln' is not known: did you mean Europe/Berlin?",
        ),
        ({"zone": "X"}, "timeZone: the time zone 'X' is not known: write one like Europe/Berlin, or UTC"),
        ({"zone": "Europe"}, "timeZone: the time zone 'Europe' is not known: did you mean Europe/Rome?"),
        (
            {"schedule": "0 25 * * *", "durationSeconds": 60},
            "schedule: '0 25 * * *' cannot be read (bad hour): write it like 0 16 * * FRI",
        ),
        ({"dates": ["2026-02-30"]}, "dates: 2026-02-30 is no day of the calendar"),
        (
            {"dates": ["2026-12-26/2026-12-24"]},
            "dates: 2026-12-26/2026-12-24 ends before it begins: write the earlier day first",
        ),
        ({"exceptDates": ["2026-06-31"]}, "exceptDates: 2026-06-31 is no day of the calendar"),
    ],
)
def test_what_is_wrong_is_said_with_its_field_and_it_is_closed_for_good(
    fields: dict[str, Any], said: str
) -> None:
    wrong = window(**fields)
    assert problems(wrong) == [said]
    for kind in ("Allow", "Deny"):
        known = state([calendar(window("w", kind, **fields))], "Start", at("2026-12-02 12:00"))
        assert (known.closed, known.next_open, known.needs_person) == (True, None, True)
        assert known.named.reason == f"it cannot be read: {said}"


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = window(
        zone="Mars/Base", schedule="99 * * * *", durationSeconds=60, exceptDates=["2026-02-30", "2026-02-31"]
    )
    assert [each.partition(":")[0] for each in problems(wrong)] == [
        "timeZone",
        "schedule",
        "exceptDates",
        "exceptDates",
    ]


@pytest.mark.parametrize("zone", ["localtime", "Factory", "posix/Europe/Berlin", "right/Europe/Berlin"])
def test_a_zone_that_is_another_one_elsewhere_is_refused(zone: str) -> None:
    assert problems(window(zone=zone)) != []


@pytest.mark.parametrize(
    "zone", ["UTC", "Etc/GMT+5", "US/Pacific", "America/Argentina/Buenos_Aires", "Asia/Kathmandu"]
)
def test_any_zone_of_the_database_can_be_read(zone: str) -> None:
    assert problems(window(zone=zone)) == []


def test_a_window_that_can_be_read_beside_one_that_cannot_still_holds() -> None:
    known = state([calendar(window(), window("broken", zone="Mars/Base"))], "Start", at("2026-11-28 12:00"))
    assert (known.named.window, known.others) == ("broken", 1)


def test_a_window_that_cannot_be_read_holds_only_what_it_applies_to() -> None:
    broken = calendar(window(zone="Mars/Base", applies=["Promote"]))
    assert not state([broken], "Start", at("2026-12-02 12:00")).closed
    assert state([broken], "Promote", at("2026-12-02 12:00")).closed
