"""The operator and the world in turns, as in life: passes until one writes nothing, then the world moves a step.

A pass comes when something is new, or when the last one wanted to look again, as in the shell: a plan that wakes too
late is late here too. Every `LOOK_S` seconds one comes all the same, so that it is seen to write nothing: each second
where the deep tests run.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator

from crossfade.core.plan import Plan
from simulation.cluster import Sim
from simulation.passes import Decision, Judge, carry_out, decided

RESTLESS = 120
"""So many passes in a row that all write something never have a reason: a plan has at most 54 stages."""


LOOK_S = 15 if os.environ.get("CROSSFADE_INNER_LOOP") else 1
UNSEEN = {"now", "writes", "events", "listed_at", "beside_at", "known", "drops"}
"""What of a cluster changes, or is kept, without any news for the operator."""


def quiet(sim: Sim) -> Plan:
    """Passes, as the shell runs them, until one has nothing to write."""
    return settled(sim).plan


def settled(sim: Sim, last: Decision | None = None, *, judged: Judge | None = None) -> Decision:
    """The same; none at all where there is no reason for one since `last`. `judged` is told of each write."""
    if last is not None and not _is_due(sim, last):
        return last
    for _ in range(RESTLESS):
        decision = decided(sim)
        carry_out(sim, decision, judged=judged)
        if not decision.writes and not sim.measured:  # an answer wakes
            return decision
    raise AssertionError(f"{RESTLESS} passes in a row wrote something, the last one {decision.writes}")


def _is_due(sim: Sim, last: Decision) -> bool:
    """Whether the shell would run a pass now: something is new since the last one, or it wanted to look again."""
    since_s, wake_s = (sim.now - last.base.now).total_seconds(), last.wake_after_s
    if since_s >= (LOOK_S if wake_s is None else min(wake_s, LOOK_S)) or (last.plan.asks and sim.measures):
        return True
    if sim.drops._seen:  # looked at until it is settled
        return True
    before = vars(last.base)
    return any(value != before[name] for name, value in vars(sim).items() if name not in UNSEEN)


def each_second(sim: Sim, seconds: float) -> Iterator[None]:
    """The world goes on for so long; who follows it looks after the passes of each second."""
    last = settled(sim)
    end = sim.now.timestamp() + seconds
    while sim.now.timestamp() < end:
        step(sim)
        last = settled(sim, last)
        yield


def step(sim: Sim, seconds: float = 1.0) -> None:
    """The world moves: pods come and go, and time passes."""
    sim.controllers()
    sim.kubelet()
    sim.tick(seconds)


def until(sim: Sim, holds: Callable[[Sim], object], *, limit_s: float = 300.0, seconds: float = 1.0) -> Sim:
    """The world goes on until something holds."""
    end, last = sim.now.timestamp() + limit_s, settled(sim)
    while not holds(sim):
        assert sim.now.timestamp() < end, f"it never came to this; it stands at: {sim.status.get('message')}"
        step(sim, seconds)
        last = settled(sim, last)
    return sim


def run(sim: Sim, seconds: float) -> Sim:
    """The world goes on for so long, and a pass sees how it stands then."""
    end = sim.now.timestamp() + seconds
    until(sim, lambda s: s.now.timestamp() >= end, limit_s=seconds + 2)
    quiet(sim)
    return sim


def rest(sim: Sim, *, limit_s: float = 3000.0) -> Sim:
    """The world goes on until nothing moves, and no pass wants to look again within the hour.

    What is Invalid asks again for ever, and rests all the same.
    """
    end, told = sim.now.timestamp() + limit_s, ""
    while True:
        plan = quiet(sim)
        before = sim.pods
        sim.controllers()
        sim.kubelet()
        wake = plan.wake_after_s
        again = sim.status.get("phase") == "Invalid" and told == str(sim.status)
        if sim.pods == before and (wake is None or wake > 3600 or again):
            return sim
        told = str(sim.status)
        assert sim.now.timestamp() < end, f"it never rests; it stands at: {sim.status.get('message')}"
        sim.tick(max(1.0, math.ceil(wake)) if sim.pods == before and wake is not None else 1.0)


def stands_at(stage: int) -> Callable[[Sim], object]:
    """Whether the stage of that index stands, and only its gate is not open."""
    return lambda s: (
        (s.status.get("progress") or {}).get("stage") == stage and s.status["progress"].get("reachedAt")
    )


def phase(*names: str) -> Callable[[Sim], object]:
    """Whether the status says one of these phases."""
    return lambda s: s.status.get("phase") in names
