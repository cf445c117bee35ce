"""The operator and the world in turns, as in life: passes until one writes nothing, then the world moves a step."""

from __future__ import annotations

import math
from collections.abc import Callable

from crossfade.core.plan import Plan
from simulation.cluster import Sim
from simulation.passes import carry_out, decided

RESTLESS = 120
"""So many passes in a row that all write something never have a reason: a plan has at most 54 stages."""


def quiet(sim: Sim) -> Plan:
    """Passes, as the shell runs them, until one has nothing to write."""
    for _ in range(RESTLESS):
        decision = decided(sim)
        carry_out(sim, decision)
        if not decision.writes and not sim.measured:  # an answer wakes
            return decision.plan
    raise AssertionError(f"{RESTLESS} passes in a row wrote something, the last one {decision.writes}")


def step(sim: Sim, seconds: float = 1.0) -> None:
    """The world moves: pods come and go, and time passes."""
    sim.controllers()
    sim.kubelet()
    sim.tick(seconds)


def until(sim: Sim, holds: Callable[[Sim], object], *, limit_s: float = 300.0, seconds: float = 1.0) -> Sim:
    """The world goes on until something holds."""
    end = sim.now.timestamp() + limit_s
    quiet(sim)
    while not holds(sim):
        assert sim.now.timestamp() < end, f"it never came to this; it stands at: {sim.status.get('message')}"
        step(sim, seconds)
        quiet(sim)
    return sim


def run(sim: Sim, seconds: float) -> Sim:
    """The world goes on for so long."""
    end = sim.now.timestamp() + seconds
    return until(sim, lambda s: s.now.timestamp() >= end, limit_s=seconds + 2)


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
