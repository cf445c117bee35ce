"""Windows and freezes as an admin writes them: defaults, and what is refused with what to write instead."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from crossfade.api.base import Model
from crossfade.api.policy_windows import Closing, Freeze, Window, WindowStatus
from crossfade.api.strict import InvalidObjectError, parse_strict
from crossfade.api.structural import structural

NAMED = {"name": "friday", "kind": "Deny", "timeZone": "Europe/Berlin"}
OFTEN = {"schedule": "0 16 * * FRI", "durationSeconds": 28800}
ONCE = {"start": "2026-12-18T16:00:00+01:00", "end": "2027-01-04T06:00:00Z"}


class Spec(Model):
    """A spec that has windows, as a policy has."""

    windows: list[Window]


def read(window: dict[str, Any]) -> Window:
    """Read a window as a person wrote it."""
    return parse_strict(Spec, {"windows": [window]}).windows[0]


SCHEMA = Draft202012Validator(structural(Window.model_json_schema()))


def test_a_window_by_default_holds_what_begins_and_lets_go_on_what_has_begun() -> None:
    wire = Window.model_validate({**NAMED, **OFTEN}).to_wire()
    assert wire == {
        **NAMED,
        **OFTEN,
        "applies": ["Start"],
        "onClosed": "Hold",
        "inFlight": "Continue",
        "reason": "",
        "dates": [],
        "exceptDates": [],
    }


def test_a_freeze_holds_all_that_moves_and_needs_no_more_said() -> None:
    assert Freeze.model_validate({}).to_wire() == {
        "applies": ["Start", "Step", "Promote"],
        "onClosed": "Hold",
        "inFlight": "Continue",
        "reason": "",
    }


@pytest.mark.parametrize("when", [OFTEN, ONCE, {"dates": ["2026-12-24/2026-12-26", "2027-01-01"]}])
def test_each_form_of_a_window_is_read(when: dict[str, Any]) -> None:
    window = {**NAMED, **when, "exceptDates": ["2026-12-25"], "applies": ["Step", "Promote"]}
    assert read(window).to_wire().items() >= window.items()
    assert SCHEMA.is_valid(window)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({}, "exactly one of schedule, start and end, and dates"),
        ({**OFTEN, **ONCE}, "exactly one of schedule, start and end, and dates"),
        ({**ONCE, "dates": ["2026-12-24"]}, "exactly one of schedule, start and end, and dates"),
        ({"dates": []}, "exactly one of schedule, start and end, and dates"),
        ({"schedule": "0 16 * * FRI"}, "schedule and durationSeconds belong together"),
        ({**ONCE, "durationSeconds": 60}, "schedule and durationSeconds belong together"),
        ({"start": "2026-12-18T16:00:00Z"}, "start and end belong together"),
        ({"end": "2026-12-18T16:00:00Z"}, "start and end belong together"),
        ({"start": ONCE["end"], "end": ONCE["start"]}, "start must be before end"),
        ({"start": ONCE["end"], "end": ONCE["end"]}, "start must be before end"),
        ({"start": "2026-12-18T17:00:00+01:00", "end": "2026-12-18T16:00:00Z"}, "start must be before end"),
    ],
)
def test_what_does_not_say_when_is_refused(when: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidObjectError, match=said) as refused:
        read({**NAMED, **when})
    assert len(refused.value.problems) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schedule", "@daily"),
        ("schedule", "0 16 * *"),
        ("schedule", "0 0 16 * * FRI"),
        ("schedule", "0 16 * * FRI; 0 1 * * *"),
        ("durationSeconds", 59),
        ("durationSeconds", 31_622_401),
        ("timeZone", "../etc/passwd"),
        ("timeZone", "/etc/localtime"),
        ("timeZone", "Europe//Berlin"),
        ("timeZone", "UTC+1.5"),
        ("applies", []),
        ("applies", ["Bake"]),
        ("exceptDates", ["2026-13-01"]),
        ("exceptDates", ["2026-12-24..2026-12-26"]),
        ("exceptDates", ["2026-12-24"] * 101),
        ("reason", "x" * 257),
        ("name", "Friday"),
        ("kind", "Block"),
    ],
)
def test_both_the_model_and_the_schema_refuse_what_has_the_wrong_form(field: str, value: Any) -> None:
    window = {**NAMED, **OFTEN, field: value}
    assert not SCHEMA.is_valid(window)
    with pytest.raises(ValidationError):
        Window.model_validate(window)


@pytest.mark.parametrize("field", ["name", "kind", "timeZone"])
def test_a_window_needs_a_name_a_kind_and_a_zone(field: str) -> None:
    window = {name: value for name, value in {**NAMED, **OFTEN}.items() if name != field}
    assert not SCHEMA.is_valid(window)
    with pytest.raises(ValidationError):
        Window.model_validate(window)


def test_a_reason_commands_no_terminal() -> None:
    assert "\x1b" not in Closing.model_validate({"reason": "\x1b[2Jgone"}).reason


def test_a_status_is_read_back_as_it_was_written() -> None:
    told = WindowStatus(name="friday", closed=True, closed_for=["Start"], since="2026-11-27T15:00:00Z")
    assert WindowStatus.model_validate(told.to_wire()) == told
