"""What a gate, or anything else that may hold a Rollout, answers: one value for open, hold and fail."""

from __future__ import annotations

from dataclasses import dataclass

from crossfade.api.conditions import Reason


@dataclass(frozen=True)
class Answer:
    """Open where `why` is None; else a hold, or with `failed` the end of the release.

    `waiting_for`: who or what is waited for, as a sentence; of a failure: why. `until`: when a hold ends by itself
    (RFC 3339), None where something has to happen. `person`: it is a person who must act. `again_s`: look again after so
    many seconds, beside `until`. `by`: where policies hold, the name and the rule of each.
    """

    why: Reason | None = None
    waiting_for: str = ""
    until: str | None = None
    person: bool = False
    failed: bool = False
    again_s: float | None = None
    by: tuple[tuple[str, str], ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether nothing is waited for."""
        return self.why is None


OPEN = Answer()


def failing(why: Reason, message: str) -> Answer:
    """The release has failed, and why."""
    return Answer(why, message, failed=True)
