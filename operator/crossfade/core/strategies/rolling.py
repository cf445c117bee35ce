"""Rolling: pods are exchanged a few at a time, within surge and unavailability limits.

Its weaknesses are a slow way back and unplanned capacity. The answer: the last `maxSurge` old pods stay
warm, out of production, until the bake ends, and the plan says beforehand how many pods the peak needs.
"""

from __future__ import annotations

from crossfade.api.rollout import Batch, Rolling
from crossfade.core.stages import READY, Gate, GateKind, Route, Stage, pods_of


def stages(spec: Rolling, replicas: int, bake_seconds: int) -> list[Stage]:
    """Optional batches with pauses, then all pods new with the last old ones warm, then none old."""
    surge, unavailable = limits(spec, replicas)
    ramp = [
        Stage(
            f"batch {i}",
            done,
            replicas - done,
            round(100 * done / replicas),
            Route.BOTH,
            _gate(batch),
            surge=surge,
            unavailable=unavailable,
        )
        for i, (batch, done) in enumerate(_cumulated(spec.batches, replicas), start=1)
    ]
    warm = min(surge, replicas)
    return [
        *ramp,
        Stage("roll", replicas, warm, 100, Route.BOTH, surge=surge, unavailable=unavailable),
        Stage("bake", replicas, warm, 100, Route.CANDIDATE, Gate(GateKind.BAKE, bake_seconds)),
        Stage("retire old", replicas, 0, 100, Route.CANDIDATE),
    ]


def limits(spec: Rolling, replicas: int) -> tuple[int, int]:
    """(surge, unavailable) in pods; both zero would never move, so then one may be unavailable."""
    surge = pods_of(spec.max_surge, replicas, up=True)
    unavailable = min(pods_of(spec.max_unavailable, replicas, up=False), replicas)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def _cumulated(batches: list[Batch], replicas: int) -> list[tuple[Batch, int]]:
    """Each batch with the pods that are new once it is done.

    As many rows for any number of replicas, so that scaling in the middle never skips a stage.
    """
    done, rows = 0, []
    for batch in batches:
        done = min(replicas, done + max(1, pods_of(batch.replicas, replicas, up=True)))
        rows.append((batch, done))
    return rows


def _gate(batch: Batch) -> Gate:
    if batch.pause is not None:
        return Gate(GateKind.MANUAL)
    return Gate(GateKind.PAUSE, batch.pause_seconds) if batch.pause_seconds else READY
