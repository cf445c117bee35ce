"""From the verdict on the phases are RollingBack and then RolledBack: what people watch never goes forward in between."""

from collections.abc import Callable
from typing import Any

import pytest

from builders import STRATEGIES, V1, V2, releasing_v2
from simulation.cluster import Sim
from simulation.live import rest, run, step, until
from simulation.passes import carry_out, decided

pytestmark = pytest.mark.deep

END = 400


def _crash(sim: Sim) -> None:
    """What crashes before it may serve is waited for."""
    until(sim, lambda s: s.status["progress"].get("servedAt"))
    for pod in sim.of(V2):
        sim.crash(pod, ready=False)


def _abort(sim: Sim) -> None:
    sim.act("Abort")


def _abort_now(sim: Sim) -> None:
    sim.act("Abort", now=True)


def _never_ready(sim: Sim) -> None:
    sim.broken = frozenset({V2})
    for pod in sim.of(V2):
        sim.change(pod, pod.but(ready=False))


SLOW_STEPS = 12


def _phases(sim: Sim, *, how: str) -> list[str]:
    """Those that each single pass stores, from the verdict on until nothing moves; each but once in a row.

    `slowly`: stable's new pods take 6 s to become ready, which is less than what is called Degraded.
    """
    told: list[str] = []
    lagging = how == "statuses come late"
    sim.instant = not lagging
    for turn in range(END):
        if how == "slowly":
            sim.broken = sim.broken | {V1} if turn < SLOW_STEPS else sim.broken - {V1}
        for _ in range(3):
            decision = decided(sim)
            carry_out(sim, decision)
            if sim.status.get("failed") and told[-1:] != [sim.status["phase"]]:
                told.append(sim.status["phase"])
        if told[-1:] == ["RolledBack"] and not decision.writes and sim.is_quiet:
            return told
        step(sim, 0.5)
        if lagging:
            for name in sim.deployments:
                sim.sync_status(name)
                carry_out(sim, decided(sim))
            for name in sim.services:
                sim.sync_endpoints(name)
    raise AssertionError(f"it never came back: {told}, {sim.status['message']}")


@pytest.mark.parametrize("how", ["at once", "statuses come late", "slowly"])
@pytest.mark.parametrize("service", [True, False], ids=["service", "worker"])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("fails", [_crash, _abort, _abort_now, _never_ready])
def test_nothing_but_rolling_back_is_told_until_it_is_rolled_back(
    fails: Callable[[Sim], None], strategy: str, how: str, *, service: bool
) -> None:
    spec: dict[str, Any] = {"service": service, "progressDeadlineSeconds": 60}
    sim = until(releasing_v2(strategy, **spec), lambda s: any(p.ready for p in s.of(V2)))
    run(sim, 4)
    fails(sim)
    assert _phases(sim, how=how) == ["RollingBack", "RolledBack"]


@pytest.mark.parametrize("strategy", ["rolling", "canary", "bigBang"])
def test_while_stable_still_grows_it_is_rolled_back_and_says_so(strategy: str) -> None:
    sim = run(until(releasing_v2(strategy), lambda s: set(s.selected()) == {V2}), 5)
    gone = sim.of(V1)[1:]
    for pod in gone:
        sim.change(pod, None)
    sim.broken = frozenset({V1})
    _crash(sim)
    until(sim, lambda s: not s.status.get("progress"))
    assert sim.status["phase"] in {"RolledBack", "Degraded"}
    sim.broken = frozenset()
    rest(sim)
    assert sim.status["phase"] == "RolledBack"


def test_a_scale_of_what_serves_does_not_look_like_a_release() -> None:
    sim = until(releasing_v2("bigBang"), lambda s: s.status.get("progress"))
    sim.act("Abort")
    rest(sim)
    sim.scale(6)
    carry_out(sim, decided(sim))
    assert sim.status["phase"] == "RolledBack"
    assert "serves, and waits for 4 of 6 pods of stable to be available" in sim.status["message"]
    assert rest(sim).selected() == {V1: 6}
