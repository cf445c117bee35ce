"""More actions than a Rollout can be asked at a time: those that are too many are refused at once, many in a pass.

The first `LOOKED_AT` are answered one by one, as ever: each may change what the next one means. What stands behind them is
refused unseen, so that a pipeline in a loop is done with in seconds. An Abort is never refused for that: it gets the answer
that it would get, where that changes nothing any more, and else its turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from crossfade.api.action import RolloutAction
from crossfade.api.events import EventReason
from crossfade.core.actions import Answer, answer_to
from crossfade.core.plan import Event
from crossfade.core.situation import Situation
from crossfade.core.transition import warning
from crossfade.core.waiting import unanswered

LOOKED_AT = 20
"""Actions that may wait: more than people and pipelines ever ask in the half second that an answer takes."""

AT_ONCE = 10
"""Writes of a pass at most for what is too much: an Abort that comes meanwhile waits for them. With 25 it took 1.5 s on two
busy cores; fewer would make the flood last, since each pass writes the status and an event besides."""

REFUSAL = (
    f"refused unseen: {LOOKED_AT} other actions wait for this Rollout. Make it again once they are answered"
)


def answered_at_once(s: Situation) -> list[tuple[RolloutAction, Answer]]:
    """What is too much, each with its answer, so many as a pass may write."""
    return list(islice(_answers(s), AT_ONCE))


def told(s: Situation) -> tuple[Event, ...]:
    """Said in the same words each time, so that it is said once."""
    if not too_many(s):
        return ()
    note = f"more than {LOOKED_AT} actions wait for an answer: those beyond are refused unseen, an Abort goes first"
    return warning(EventReason.ACTION_REFUSED, note)


def too_many(s: Situation) -> list[RolloutAction]:
    """The actions that stand behind those that are looked at."""
    return s.once(unanswered)[LOOKED_AT:]


def _answers(s: Situation) -> Iterator[tuple[RolloutAction, Answer]]:
    for action in too_many(s):
        if action.spec.action != "Abort":
            yield action, Answer(s, REFUSAL, done=False)
        elif (answer := answer_to(s, action)).s is s:
            yield action, answer
