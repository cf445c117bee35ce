"""What the command line says to a script. Documented in the README; a number never changes its meaning."""

from __future__ import annotations

from enum import IntEnum

from crossfade.view.model import Outcome


class ExitCode(IntEnum):
    """0 to 4, as promised."""

    DONE = 0
    """Done, healthy, or under way without trouble."""
    ERROR = 1
    """The command line was wrong, or the API server said no."""
    FAILED = 2
    """The Rollout failed or was rolled back, the action was refused, or what is planned would be."""
    TIMED_OUT = 3
    """What was waited for did not come in time."""
    NEEDS_PERSON = 4
    """A person must decide before it goes on."""


INTERRUPTED = 130
"""Ended by Ctrl-C, as shells expect it: 128 + SIGINT."""

BY_OUTCOME = {
    Outcome.DONE: ExitCode.DONE,
    Outcome.UNDER_WAY: ExitCode.DONE,
    Outcome.FAILING: ExitCode.FAILED,
    Outcome.FAILED: ExitCode.FAILED,
    Outcome.NEEDS_PERSON: ExitCode.NEEDS_PERSON,
}
