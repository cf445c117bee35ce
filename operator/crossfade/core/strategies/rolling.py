"""Rolling: pods are exchanged a few at a time, within surge and unavailability limits.

Its weaknesses are a slow way back and unplanned capacity. The answer: the last `maxSurge` old pods stay
warm, out of production, until the bake ends, and the plan says beforehand how many pods the peak needs.
"""

from __future__ import annotations

from crossfade.api.rollout import Batch, Rolling
from crossfade.core.stages import Exchange, Gate, GateKind, Stage, gates_of, pods_of


def stages(spec: Rolling, replicas: int, bake_seconds: int) -> list[Stage]:
    """Optional batches with pauses, then all pods new with the last old ones warm, then none old."""
    exchange = Exchange(*limits(spec, replicas))
    warm = min(exchange.surge, replicas)
    ramp = [
        Stage(f"batch {i}", new, old, round(100 * new / (new + old)), exchange, _gates(batch))
        for i, (batch, new, old) in enumerate(_cumulated(spec.batches, replicas, warm), start=1)
    ]
    return [
        *ramp,
        Stage("roll", replicas, warm, 100, exchange),
        Stage("bake", replicas, warm, 100, gates=gates_of((GateKind.BAKE, bake_seconds))),
        Stage("retire old", replicas, 0, 100),
    ]


def limits(spec: Rolling, replicas: int) -> tuple[int, int]:
    """(surge, unavailable) in pods; both zero would never move, so then one may be unavailable."""
    surge = pods_of(spec.max_surge, replicas, up=True)
    unavailable = min(pods_of(spec.max_unavailable, replicas, up=False), replicas)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def _cumulated(batches: list[Batch], replicas: int, warm: int) -> list[tuple[Batch, int, int]]:
    """Each batch with the new and the old pods once it is done.

    As many rows for any number of replicas, so that scaling in the middle never skips a stage. A batch leaves the last
    old pods, which stay warm until the bake ends: else they would go before its gate, and come back after it.
    """
    done, rows = 0, []
    for batch in batches:
        most = max(1, replicas - max(1, warm))
        done = min(most, done + max(1, pods_of(batch.replicas, replicas, up=True)))
        rows.append((batch, done, max(replicas - done, warm)))
    return rows


def _gates(batch: Batch) -> tuple[Gate, ...]:
    return gates_of((GateKind.MANUAL, 0) if batch.pause else (GateKind.PAUSE, batch.pause_seconds or 0))
