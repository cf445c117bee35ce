"""One Rollout in the ledger: what it says, which limits it counts in, and whether it has a slot."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from crossfade.controller.slots.facts import Facts
from crossfade.controller.slots.lanes import Pool
from crossfade.controller.slots.limits import NO_PROFILE, Profile
from crossfade.controller.slots.line import Order
from crossfade.controller.store import Key

NOBODY: Final = Facts()
LAST: Final = datetime.max.replace(tzinfo=UTC)


class State(Enum):
    """What a Rollout has or wants."""

    RESTS = "rests"
    WAITS = "waits"
    PASSED_OVER = "passed over"
    """It waits, and could not begin if it were its turn."""
    OFFERED = "offered"
    """A slot is kept for it, and it has been woken."""
    GRANTED = "granted"
    """The pass that runs may begin a release."""
    ACTIVE = "active"


HAVE_A_SLOT: Final = frozenset({State.OFFERED, State.GRANTED, State.ACTIVE})
QUEUED: Final = frozenset({State.WAITS, State.PASSED_OVER})


@dataclass(eq=False, slots=True)
class Member:
    """One Rollout. `profile`: in which pools it counts; `needs`: those that can hold it, `held_by`: their policies.

    `order`: its place, while it waits. `since`: when it first asked, as long as its status does not say. `asked`: in the pass that runs.
    `offered_before`: that pass began with a slot kept for it. `kept`: its slot has outlasted a pass that did not use it.
    """

    key: Key
    facts: Facts = NOBODY
    profile: Profile = NO_PROFILE
    needs: tuple[Pool, ...] = ()
    held_by: tuple[str, ...] = ()
    state: State = State.RESTS
    order: Order | None = None
    since: datetime | None = None
    asked: bool = False
    offered_before: bool = False
    kept: bool = False

    @property
    def policies(self) -> Collection[str]:
        """Those that are about it."""
        return self.profile.pools.keys()

    def ordered(self) -> Order:
        """Its place among those that wait."""
        facts = self.facts
        return Order(-facts.priority, facts.since or self.since or LAST, facts.created, *self.key)

    def told(self) -> State:
        """What it has or wants by what it says now. A grant lasts until its pass ends."""
        facts, state = self.facts, self.state
        if facts.under_way:
            return State.ACTIVE
        if state is State.GRANTED:
            return state
        if not facts.may_begin:
            return State.RESTS
        if state is State.OFFERED:
            return state
        if facts.since is None:
            return state if state is State.WAITS and self.asked else State.RESTS
        return State.PASSED_OVER if facts.refused or state is State.PASSED_OVER else State.WAITS

    def without_slot(self) -> State:
        """What it is without the slot that its pass did not use."""
        return State.PASSED_OVER if self.facts.since and self.facts.may_begin else State.RESTS
