"""Big bang: the whole new set is ready before the one cutover, and the old set stays warm behind it.

Its weakness is everything at once with no way back. The answer: the old set leaves only when the new one
has proved itself for `bakeSeconds`.
"""

from __future__ import annotations

from crossfade.core.stages import GateKind, Stage, gates_of


def stages(replicas: int, bake_seconds: int) -> list[Stage]:
    """Get ready, cut over and bake, retire the old side."""
    return [
        Stage("get ready", replicas, replicas, 0),
        Stage("bake", replicas, replicas, 100, gates=gates_of((GateKind.BAKE, bake_seconds))),
        Stage("retire old", replicas, 0, 100),
    ]
