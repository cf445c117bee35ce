"""Which moments of a release come with a stage, as policies name them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossfade.api.policy_windows import Moment
from crossfade.core.situation import Situation
from crossfade.core.stages import Stage


@dataclass(frozen=True)
class Entering:
    """What is about to happen: `moments`, and where a single step is among them its number, from 1."""

    moments: frozenset[Moment] = frozenset()
    step: int | None = None


NOTHING = Entering()


def beginning(s: Situation) -> Entering:
    """What comes with the beginning of the release that is wanted: its first stage may move requests already.

    With no replicas it completes at once: all of its moments come then.
    """
    if not s.n:
        return Entering(frozenset({"Start", "Step", "Promote"}))
    first = entering(s.plan, 0)
    return Entering(first.moments | {"Start"}, first.step)


def following(s: Situation) -> Entering:
    """What comes with the stage after the present one."""
    index = s.progress.stage + 1
    return entering(s.plan, index) if index < len(s.plan) else NOTHING


def entering(plan: Sequence[Stage], index: int) -> Entering:
    """What comes with a stage. Recreate stops what serves before anything else: that is where all users are given up.

    A stage that only rests for hooks, bakes or retires what is old moves nothing.
    """
    stage, before = plan[index], plan[index - 1] if index else None
    if before is not None and (before.stops_old or before.weight == 100):
        return NOTHING
    if stage.stops_old or stage.weight == 100:
        return Entering(frozenset({"Promote"}))
    if not stage.reaches or stage.hooks:
        return NOTHING
    return Entering(frozenset({"Step"}), sum(each.reaches and not each.hooks for each in plan[: index + 1]))
