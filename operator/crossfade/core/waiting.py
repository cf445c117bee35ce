"""The actions of a Rollout that wait for an answer, in the order in which they get it.

An Abort goes before all others, however many there are. What was made before it and would lead forward is then refused: it
was asked for by somebody who did not know of the Abort.
"""

from __future__ import annotations

from crossfade.api.action import RolloutAction
from crossfade.core.situation import Situation

STANDS_STILL = frozenset({"Abort", "Pause"})
"""What may be done after an Abort that was made later: it leads nowhere."""


def unanswered(s: Situation) -> list[RolloutAction]:
    """Those without an answer: Aborts first, of these the ones that do not wait; then the oldest."""
    waiting = [a for a in s.seen.actions if not is_answered(a)]
    return sorted(waiting, key=lambda a: (a.spec.action != "Abort", not a.spec.now))


def is_answered(action: RolloutAction) -> bool:
    """Whether its status says what became of it."""
    return bool(action.status and action.status.state)


def overtaken_by(s: Situation, action: RolloutAction) -> str:
    """The Abort that was made after `action` and is answered already; "" where there is none, or where it changes nothing."""
    if action.spec.action in STANDS_STILL:
        return ""
    aborts = (a for a in reversed(s.seen.actions) if a.spec.action == "Abort" and is_answered(a))
    newest = next(aborts, None)
    return newest.metadata.name if newest is not None and made(newest) > made(action) else ""


def version_of(text: str) -> int:
    """A resourceVersion as a number: of two, the greater one is the later one; 0 where it is none."""
    return int(text) if text.isdigit() else 0


def made(action: RolloutAction) -> tuple[str, int]:
    """When it was made: by the API server's clock, which counts seconds; within one by its version, while nobody answered it."""
    return action.metadata.creation_timestamp, version_of(action.metadata.resource_version)
