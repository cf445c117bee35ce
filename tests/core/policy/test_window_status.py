"""What the status of a policy tells of each window."""

from __future__ import annotations

from core.policy.calendars import at, calendar, window
from crossfade.core.moments import text_of
from crossfade.core.policy.closed_windows import closed_windows
from crossfade.core.policy.window_status import statuses

OFFICE = {"schedule": "0 9 * * MON-FRI", "durationSeconds": 8 * 3600}


def test_each_window_tells_what_it_does_and_what_it_does_next() -> None:
    known = calendar(
        window(reason="no Friday afternoon"), window("christmas", dates=["2026-12-24/2026-12-26"])
    )
    told, _ = statuses(known, at("2026-11-28 12:00"))
    assert [each.to_wire() for each in told] == [
        {
            "name": "friday",
            "closed": True,
            "closedFor": ["Start"],
            "reason": "no Friday afternoon",
            "since": text_of(at("2026-11-27 16:00")),
            "nextOpen": text_of(at("2026-11-30 06:00")),
            "nextClose": text_of(at("2026-12-04 16:00")),
        },
        {
            "name": "christmas",
            "closed": False,
            "closedFor": [],
            "reason": "",
            "nextOpen": text_of(at("2026-12-27")),
            "nextClose": text_of(at("2026-12-24")),
        },
    ]


def test_it_is_right_until_the_first_of_them_changes() -> None:
    office = window("office", "Deny", **OFFICE)
    assert statuses(calendar(window(), office), at("2026-11-28 12:00"))[1] == at("2026-11-30 06:00")
    assert statuses(calendar(window(), office), at("2026-11-30 06:00"))[1] == at("2026-11-30 09:00")


def test_an_allow_window_is_open_while_another_one_is_active() -> None:
    """Else admission would refuse what the other one allows."""
    night = window("night", "Allow", schedule="0 22 * * *", durationSeconds=3600)
    known = calendar(window("office", "Allow", **OFFICE), night)
    told, until = statuses(known, at("2026-11-27 22:30"))
    assert [each.closed for each in told] == [False, False]
    assert until == at("2026-11-27 23:00")
    assert [each.closed for each in statuses(known, at("2026-11-27 18:00"))[0]] == [True, True]


def test_it_says_for_what_a_window_is_closed() -> None:
    """The other Allow window is active, but only for the start."""
    both = window("office", "Allow", applies=["Start", "Promote"], **OFFICE)
    start = window("always", "Allow", schedule="* * * * *", durationSeconds=60)
    (office, _), _ = statuses(calendar(both, start), at("2026-11-27 18:00"))
    assert (office.closed, office.closed_for) == (True, ["Promote"])


def test_allow_windows_for_different_moments_tell_of_themselves() -> None:
    promote = window("night", "Allow", applies=["Promote"], schedule="0 22 * * *", durationSeconds=3600)
    (office, night), _ = statuses(
        calendar(window("office", "Allow", **OFFICE), promote), at("2026-11-27 18:00")
    )
    assert (office.closed_for, office.next_open) == (["Start"], text_of(at("2026-11-30 09:00")))
    assert (night.closed_for, night.next_open) == (["Promote"], text_of(at("2026-11-27 22:00")))


def test_a_window_is_closed_until_it_opens_for_the_moment_that_is_due() -> None:
    """Another Allow window opens sooner, but only for the start."""
    forenoon = window(
        "am", "Allow", applies=["Start", "Promote"], schedule="0 9 * * *", durationSeconds=3 * 3600
    )
    afternoon = window("pm", "Allow", applies=["Start"], schedule="0 13 * * *", durationSeconds=4 * 3600)
    now = at("2026-11-27 12:30")
    told = closed_windows(calendar(forenoon, afternoon), now)
    start, promote = text_of(at("2026-11-27 13:00")), text_of(at("2026-11-28 09:00"))
    assert {(each.window, *each.moments, each.until) for each in told} == {
        ("am", "Start", start),
        ("am", "Promote", promote),
        ("pm", "Start", start),
    }
    assert statuses(calendar(forenoon, afternoon), now)[1] == at("2026-11-27 13:00")


def test_a_window_that_opens_for_all_of_its_moments_together_is_told_once() -> None:
    (told,) = closed_windows(calendar(window(applies=["Start", "Promote"])), at("2026-11-28 12:00"))
    assert told.moments == {"Start", "Promote"}


def test_a_window_that_cannot_be_read_is_closed_and_says_why() -> None:
    ((told,), _) = statuses(calendar(window(zone="Europe/Berln", reason="no Friday")), at("2026-12-02 12:00"))
    assert (told.closed, told.closed_for, told.next_open, told.since) == (True, ["Start"], None, None)
    assert (
        told.reason
        == "it cannot be read: timeZone: the time zone 'Europe/Berln' is not known: did you mean Europe/Berlin?"
    )


def test_a_policy_without_windows_tells_nothing() -> None:
    assert statuses(calendar(), at("2026-12-02 12:00"))[0] == []
