"""Pauses: what holds a Rollout at rest, where its phase tells of the last release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossfade.api.conditions import Phase, Reason
from crossfade.view.model import Held

AT_REST = frozenset({Phase.HEALTHY, Phase.DEGRADED, Phase.ROLLED_BACK})


def held_at_rest(rollout: Mapping[str, Any]) -> Held | None:
    """Give what the next change will wait for, or None: in the middle of a release its phase tells of a pause."""
    status = rollout.get("status") or {}
    if status.get("phase") not in AT_REST or status.get("progress"):
        return None
    if rollout.get("spec", {}).get("paused"):
        return Held(Reason.PAUSED_BY_SPEC, "the next change waits for spec.paused to become false")
    if status.get("pausedBy") is None:
        return None
    return Held(Reason.PAUSED_BY_ACTION, "the next change waits for a Resume")
