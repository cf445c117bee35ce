"""What is wanted of pods and requests at one moment, as a value; the stepper takes a Rollout there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crossfade.api.base import Weight
from crossfade.api.conditions import Reason
from crossfade.core.situation import Situation
from crossfade.core.stages import GROW_FIRST, Exclusive, Order
from crossfade.core.traffic.port import Share

POLL_S = 1.0
"""What no watch tells of is looked at so often."""


@dataclass(frozen=True)
class Unmet:
    """The first thing that is missing: a word, and a sentence of what is waited for.

    `suspect`: the track whose pods may say why. `again_s`: look again after so many seconds; None: the watches tell.
    """

    why: Reason
    waiting_for: str
    suspect: str = ""
    again_s: float | None = None


@dataclass(frozen=True)
class Goal:
    """What is wanted of pods and requests.

    `pods`: by track; a track that is not named is to have none. `share`: of the requests, None where it stays as it is.
    `enough`: pods of the receivers before requests come to them; `by_ready`: ready ones count, not only available ones.
    `sides`: where a route divides the requests, the pods that each side must have listed before that.
    `hurried`: requests move at once, also by counts that may be of a size before the newest.
    `within_surge`: where pods are exchanged, stable's come within the surge too.
    `widens`: the receiver may share the requests before it has enough, since it was always allowed to serve.
    `awaits`: pods that must be available (ready, with `by_ready`) until the goal is met. `proves`: the endpoints must show the share.
    `alike`: tracks of the same version, which may run beside each other. `empties`: tracks that must have no pods left. `keeps`: tracks that lose no pod for now, and why. `missing`: what else is not met yet. `still`: nothing may move.
    """

    pods: Mapping[str, int]
    share: Share | None
    order: Order = GROW_FIRST
    enough: int = 0
    sides: Mapping[str, int] = field(default_factory=dict)
    by_ready: bool = False
    hurried: bool = False
    within_surge: bool = False
    widens: bool = False
    awaits: Mapping[str, int] = field(default_factory=dict)
    proves: bool = False
    empties: frozenset[str] = frozenset()
    keeps: Mapping[str, str] = field(default_factory=dict)
    alike: frozenset[str] = frozenset()
    missing: Unmet | None = None
    still: bool = False


def divided(s: Situation, weight: Weight) -> Share:
    """The candidate's weight, and stable's: what is left of 100."""
    return {s.stable_revision: round(100 - weight, 1), s.progress.revision: weight}


def order_of(s: Situation, otherwise: Order = GROW_FIRST) -> Order:
    """One at a time under recreate, whatever else would be."""
    return Exclusive() if s.exclusive else otherwise
