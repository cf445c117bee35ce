"""Which Rollouts are looked at before all others: those that somebody asked something of, and those that lose pods."""

from __future__ import annotations

from crossfade.controller.drops import Drops
from crossfade.controller.store import Key, Store


def is_urgent(store: Store, drops: Drops, key: Key) -> bool:
    """Whether an action waits for its answer, or ready pods went away and no pass has taken it into account."""
    waiting = (action for action in store.children("RolloutAction", key) if not action.get("status"))
    return bool(drops.of(key)) or any(waiting)
