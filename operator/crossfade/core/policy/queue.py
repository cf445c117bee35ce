"""How many releases may be under way at once (`concurrency`): those that are one too many wait for their turn.

Who is next, and who has a slot, is known to the shell alone (`controller/slots`), since it is about all Rollouts together. It wakes the
one whose turn has come.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from crossfade.core.gates.answer import OPEN, Answer
from crossfade.core.policy.beginning import begins
from crossfade.core.policy.matched import Matched, Place
from crossfade.core.policy.sentence import held
from crossfade.core.situation import Situation

LOOK_S: Final = 30.0
"""Its place is told anew so often by the first 30 that wait, and by a later one after a second for each that is before it: so 2,000 that
wait take no more than 6 passes a second, and one that is missed when its turn comes is found."""

ASKS_S: Final = 0.1
"""One that seemed to be at rest has not asked for a slot; told as waiting, it does in its next pass."""


def hold(s: Situation, policy: Matched) -> Answer:
    """Holds a release before it begins where the policy has no slot for it; modes and bypasses are left to `holds`."""
    place = policy.place
    if place is None or place.granted or not begins(s):
        return OPEN
    if not place.limit:
        return replace(held(policy, "concurrency", "it asks for its turn now"), again_s=ASKS_S)
    again_s = max(LOOK_S, float(place.place))
    return replace(held(policy, "concurrency", f"{_stands(place)}; {_helps(s)}"), again_s=again_s)


def _stands(place: Place) -> str:
    """How many are before it. Where there is room, another policy has none: a slot is taken of all of them at once, or of none."""
    if place.active < place.limit:
        return f"it has its turn {place.where}, and waits for that of another policy"
    are = "release is" if place.limit == 1 else "releases are"
    under_way = f"{place.active} of {place.limit} {are} under way {place.where}, among those of this policy"
    return f"{under_way}; place {place.place} in the queue"


def _helps(s: Situation) -> str:
    sooner = f"a higher spec.priority (now {s.spec.priority}), or a bypass of the policy"
    return f"it begins by itself when it is next and one of them ends, or sooner by {sooner}"
