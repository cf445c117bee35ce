"""What of a window cannot be read: what the API server's schema lets through and no clock or calendar knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from crossfade.api.policy_windows import Window
from crossfade.core.policy.active import first_and_last
from crossfade.core.policy.schedule import schedule_of
from crossfade.core.policy.zones import zone_of


def problems(window: Window) -> list[str]:
    """What is wrong, each with its field and what to write; empty for a window that can be read. One that cannot be is closed.

    Example: `timeZone: the time zone 'Europe/Berln' is not known: did you mean Europe/Berlin?`.
    """
    return [*_of("timeZone", zone_of, window.time_zone), *_of_times(window)]


def _of_times(window: Window) -> Iterator[str]:
    if window.schedule is not None:
        yield from _of("schedule", schedule_of, window.schedule)
    for field, days in (("dates", window.dates), ("exceptDates", window.except_dates)):
        for day in days:
            yield from _of(field, first_and_last, day)


def _of(field: str, read: Callable[[str], object], text: str) -> list[str]:
    try:
        read(text)
    except ValueError as error:
        return [f"{field}: {error}"]
    return []
