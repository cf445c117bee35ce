"""One step of a Rollout's life, as a value: the memory after it, and what is to be told."""

from __future__ import annotations

from dataclasses import dataclass

from crossfade.api.conditions import Reason
from crossfade.api.events import EventReason
from crossfade.core.plan import Event, ReadRequest, Write
from crossfade.core.situation import Situation


@dataclass(frozen=True)
class Transition:
    """`s` carries the new memory. With `read` set, something must be seen before the step can be taken.

    `refusal`: the API server's reason why the candidate cannot be made at all.
    """

    s: Situation
    events: tuple[Event, ...] = ()
    writes: tuple[Write, ...] = ()
    read: ReadRequest | None = None
    refusal: str = ""


def normal(reason: EventReason | Reason, note: str) -> tuple[Event, ...]:
    """An event about something that went as it should."""
    return (Event("Normal", reason, note),)


def warning(reason: EventReason | Reason, note: str) -> tuple[Event, ...]:
    """An event that someone should read."""
    return (Event("Warning", reason, note),)
