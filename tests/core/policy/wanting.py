"""A Rollout whose next release is to begin, and policies that may hold it."""

from datetime import UTC, datetime
from typing import Any

from builders import STRATEGIES, V1, V2, rollout
from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.rollout import Rollout
from crossfade.api.status import RolloutStatus
from crossfade.core.observed import Observed
from crossfade.core.policy.matched import Matched, Place
from crossfade.core.situation import Situation

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SERVES_V1: dict[str, Any] = {"stable": {"revision": V1}, "completed": [V1]}

UNHELD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing else is wanted": ({"image": "shop:v1"}, {}),
    "it is under way": ({}, {"progress": {"revision": V2}}),
    "it is on its way back": ({}, {"progress": {"revision": V2, "rollbackReason": "AbortedByUser"}}),
    "it returns to what has proved itself": ({}, {"completed": [V1, V2]}),
    "an Undo asked for it": ({"rollbackRevisions": 0}, {"goingBack": {"revision": V2}}),
    "it failed, and is to stay away": ({}, {"failed": {"revision": V2}}),
    "the spec pauses it": ({"paused": True}, {}),
    "an action pauses it": ({}, {"pausedBy": {"actor": "ann"}}),
    "it wakes up for the first time": ({"image": "shop:v1"}, {"completed": [V1, V2], "unserved": [V1]}),
}
"""Where no rule about a start holds: changes to the spec, and to the status."""


def wanting(spec: dict[str, Any] | None = None, **status: Any) -> Situation:
    """V1 serves, and V2 is wanted."""
    manifest = rollout(STRATEGIES["canary"], **{"image": "shop:v2", **(spec or {})})
    memory = RolloutStatus.model_validate({**SERVES_V1, **status})
    return Situation(Rollout.model_validate(manifest), Observed(), NOW, memory)


def policy(place: Place | None = None, **spec: Any) -> Matched:
    """A policy `calm` that is about it."""
    return Matched("calm", RolloutPolicySpec.model_validate(spec), place=place)
