"""What is done to releases that are under way when it closes."""

from __future__ import annotations

import pytest

from core.policy.calendars import at, calendar, window
from crossfade.api.policy_windows import Freeze
from crossfade.core.policy.windows import in_flight

FRIDAY, MONDAY = "2026-11-27 18:00", "2026-11-30 12:00"
OFFICE = {"schedule": "0 9 * * MON-FRI", "durationSeconds": 8 * 3600}


@pytest.mark.parametrize("harm", ["Continue", "Pause", "Abort"])
def test_a_closed_window_does_what_it_says_and_an_open_one_nothing(harm: str) -> None:
    known = calendar(window(inFlight=harm))
    assert in_flight([known], at(FRIDAY))[0] == harm
    assert in_flight([known], at(MONDAY))[0] == "Continue"


def test_the_strictest_of_several_counts_and_says_until_when() -> None:
    pausing = calendar(window("weekend", inFlight="Pause"), policy="weekend")
    aborting = calendar(
        window("audit", inFlight="Abort", start="2026-11-27T17:00:00+01:00", end="2026-11-27T20:00:00+01:00")
    )
    harm, known = in_flight([pausing, aborting], at(FRIDAY))
    assert (harm, known.named.window, known.next_open) == ("Abort", "audit", at("2026-11-27 20:00"))
    harm, known = in_flight([pausing, aborting], at("2026-11-27 20:00"))
    assert (harm, known.named.window, known.next_open) == ("Pause", "weekend", at("2026-11-30 06:00"))


def test_what_only_continues_does_not_lengthen_a_pause() -> None:
    pausing = window("noon", inFlight="Pause", schedule="0 18 * * FRI", durationSeconds=3600)
    assert in_flight([calendar(window(), pausing)], at(FRIDAY))[1].next_open == at("2026-11-27 19:00")


def test_outside_all_allow_windows_the_strictest_of_them_counts() -> None:
    allow = [
        window("office", "Allow", inFlight="Pause", **OFFICE),
        window("night", "Allow", schedule="0 22 * * *", durationSeconds=60),
    ]
    harm, known = in_flight([calendar(*allow)], at(FRIDAY))
    assert (harm, known.next_open) == ("Pause", at("2026-11-27 22:00"))
    assert in_flight([calendar(*allow)], at("2026-11-27 22:00"))[0] == "Continue"


def test_it_counts_for_whatever_moment_it_is_written() -> None:
    assert in_flight([calendar(window(applies=["Promote"], inFlight="Pause"))], at(FRIDAY))[0] == "Pause"


def test_a_freeze_may_pause_what_is_under_way() -> None:
    frozen = calendar(freeze=Freeze(reason="incident", in_flight="Pause"))
    assert in_flight([frozen], at(FRIDAY))[0] == "Pause"
    assert in_flight([calendar(freeze=Freeze(reason="incident"))], at(FRIDAY))[0] == "Continue"


@pytest.mark.parametrize(
    ("written", "done"), [("Continue", "Continue"), ("Pause", "Pause"), ("Abort", "Pause")]
)
def test_a_window_that_cannot_be_read_pauses_at_most_and_takes_nothing_back(written: str, done: str) -> None:
    harm, known = in_flight([calendar(window(zone="Europe/Berln", inFlight=written))], at(MONDAY))
    assert harm == done
    assert known.closed is (done == "Pause")


def test_one_window_that_applies_to_several_moments_counts_once() -> None:
    known = calendar(window(applies=["Start", "Step", "Promote"], inFlight="Pause"))
    assert in_flight([known], at(FRIDAY))[1].others == 0
