"""What the windows of a policy do now, as a pass gets it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from crossfade.controller.calendars import Calendars
from crossfade.controller.policies import Policy, parsed

NOON = datetime(2026, 12, 4, 12, tzinfo=UTC)
FRIDAY = {
    "name": "friday",
    "kind": "Deny",
    "schedule": "0 12 * * FRI",
    "durationSeconds": 3600,
    "timeZone": "UTC",
    "inFlight": "Abort",
}


def policy(**window: Any) -> Policy:
    meta = {"name": "prod", "uid": "u", "generation": 1}
    return parsed({"metadata": meta, "spec": {"windows": [{**FRIDAY, **window}]}})


def test_a_window_that_is_closed_says_what_for_and_until_when_and_the_answer_holds_until_then() -> None:
    told = Calendars(lambda: NOON).of(policy())
    (closed,) = told.closed
    assert (closed.window, closed.moments, closed.in_flight) == ("friday", {"Start"}, "Abort")
    assert closed.until == "2026-12-04T13:00:00.000Z"
    assert told.valid_until == NOON + timedelta(hours=1)


def test_an_answer_is_worked_out_once_until_it_may_change() -> None:
    clock = [NOON - timedelta(hours=1)]
    calendars = Calendars(lambda: clock[0])
    friday = policy()
    before = calendars.of(friday)
    clock[0] += timedelta(minutes=59)
    assert calendars.of(friday) is before
    clock[0] += timedelta(minutes=1)
    assert (before.closed, len(calendars.of(friday).closed)) == ((), 1)


def test_a_window_that_cannot_be_read_is_closed_and_takes_nothing_back() -> None:
    (closed,) = Calendars(lambda: NOON).of(policy(timeZone="Europe/Berln")).closed
    assert (closed.in_flight, closed.until) == ("Pause", None)
    assert "Europe/Berln" in closed.reason
