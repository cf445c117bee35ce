"""Recreate: the old pods go, then the new ones come. Two versions never run at once.

Its weakness is downtime. The answer: images are pulled and the pod is scheduled before anything stops
(`pullFirst`), the downtime is measured and shown, and past `maxDowntimeSeconds` the old revision returns.
The bake has no warm side here: it is the time in which crashes of the new pods bring the old revision back.
"""

from __future__ import annotations

from crossfade.api.rollout import Recreate
from crossfade.core.stages import Exclusive, GateKind, Stage, gates_of


def stages(spec: Recreate, replicas: int, bake_seconds: int) -> list[Stage]:
    """Pull, stop, start. Production selects the new pods before the first one is ready: it serves at once."""
    pull = [Stage("pull images", 0, replicas, 0, Exclusive(), pull_check=True)] if spec.pull_first else []
    bake = gates_of((GateKind.BAKE, bake_seconds))
    return [
        *pull,
        Stage("stop old", 0, 0, 0, Exclusive()),
        Stage("start new", replicas, 0, 100, Exclusive(), bake),
    ]
