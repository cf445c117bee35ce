"""Recreate: for how long nothing served, from the last old pod to the first new one that is ready."""

from __future__ import annotations

from crossfade.api.status import Downtime
from crossfade.core import manifests
from crossfade.core.moments import later, moment_of, seconds_since, text_of
from crossfade.core.situation import Situation

REPORTED_WITHIN_S = 5.0
"""The kubelet reports the end of a container within a second or two, on a busy node 3 s later (measured)."""


def with_downtime(s: Situation) -> Situation:
    """The memory with what is known of the gap. A second gap in the same release adds to the first."""
    before = not s.stage.weight and not s.stage.stops_old
    if not s.exclusive or not s.stable_revision or (before and not s.progress.rollback_reason):
        return s
    down, now = s.memory.downtime, text_of(s.now)
    serving, ready = _serving(s) if s.n else (1, 1)  # where nothing is wanted, nothing is missing
    if down is None and not serving:
        return s.remember(downtime=Downtime(started_at=_ceased_at(s)))
    if down is not None and down.ended_at is not None and not serving:
        resumed = later(now, -(down.seconds or 0))
        return s.remember(downtime=Downtime(started_at=resumed))
    if down is not None and down.ended_at is None and ready:
        ended = _answered_at(s)
        lasted = round(seconds_since(down.started_at, moment_of(ended)), 3)
        return s.remember(downtime=Downtime(started_at=down.started_at, ended_at=ended, seconds=lasted))
    return s


def left_s(s: Situation) -> float | None:
    """Seconds until nothing has served for as long as the user accepts; None where something serves."""
    recreate, down = s.spec.strategy.recreate, s.memory.downtime
    if recreate is None or down is None or down.ended_at:
        return None
    return recreate.max_downtime_seconds - seconds_since(down.started_at, s.now)


def _ceased_at(s: Situation) -> str:
    """When the old pods ceased to serve, which is told late.

    They were told to stop when this stage began, and their preStop sleep ended so many seconds later; the endpoints
    say so only once the kubelet has reported it (1.2 to 1.8 s later, measured), and nobody saw it where no operator ran.
    Pods that ended at another time, because they crashed or drain on their own, are taken at what the endpoints say.
    """
    drain_s = manifests.drain_of(s.stable)
    told = s.progress.started_at if s.stage.stops_old else None
    if told is None or not drain_s:
        return text_of(s.now)
    expected = later(told, drain_s)
    late_s = (s.now - moment_of(expected)).total_seconds()
    most_s = float("inf") if s.seen.first_look else REPORTED_WITHIN_S
    return expected if 0 <= late_s <= most_s else text_of(s.now)


def _answered_at(s: Situation) -> str:
    """When the first new pod answered: now, or earlier where no operator ran while it came up.

    By the times of its own Deployment, which one clock wrote: it was made in this stage, and available so long after.
    """
    side, begun = s.candidate, s.progress.started_at
    made, available = side.created_at, side.available_since
    if not s.seen.first_look or s.progress.rollback_reason or not (begun and made and available):
        return text_of(s.now)
    took_s = (available - made).total_seconds()
    return min(text_of(s.now), later(begun, took_s)) if took_s > 0 else text_of(s.now)


def _serving(s: Situation) -> tuple[int, int]:
    """(pods that still answer, pods that are ready): by the endpoints, for a worker by its Deployments."""
    if s.production is not None:
        return sum(s.production.serving.values()), sum(s.production.ready.values())
    ready = s.stable.ready + s.candidate.ready
    return ready + s.stable.replicas, ready
