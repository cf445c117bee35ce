"""Small worlds keep every promise, whatever happens; and the checker is not blind: it finds bugs that are planted."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from crossfade.core import progress, reach, settling, verdicts
from crossfade.core.plan import Write
from crossfade.core.reach import Wanted
from crossfade.core.situation import Situation
from crossfade.core.stages import Stage
from simulation import passes
from simulation.checker import Task, searched, tasks
from simulation.worlds import STRATEGIES

SAMPLE = 150
"""States explored for each strategy here; `make check` explores 20,000, `make check-deep` a million."""

PLANTED = 600
"""States within which a planted bug must be found."""

Plant = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_promise_is_broken_in_small_worlds(strategy: str) -> None:
    outcomes = [searched(task) for task in tasks(strategy, SAMPLE, walks=1)]
    assert [outcome.broken for outcome in outcomes if outcome.broken] == []
    assert sum(outcome.explored for outcome in outcomes) >= SAMPLE - len(outcomes)


def _memory_after_traffic(patch: pytest.MonkeyPatch) -> None:
    """Traffic moves before the reason is stored: a crash in between forgets it."""
    in_order = passes.Decision.writes.func

    def traffic_first(decision: passes.Decision) -> tuple[Write, ...]:
        return tuple(sorted(in_order(decision), key=lambda w: w.kind != "Service"))

    patch.setattr(passes.Decision, "writes", property(traffic_first))


def _no_settling(patch: pytest.MonkeyPatch) -> None:
    """Old pods are removed as soon as the endpoints are right, though nodes still follow."""
    patch.setattr(settling, "SETTLE_S", 0.0)


def _shrunk_before_moved(patch: pytest.MonkeyPatch) -> None:
    """The giving side shrinks before the traffic has left it."""
    moved = reach._moved

    def hasty(s: Situation, stage: Stage) -> Wanted:
        wanted = moved(s, stage)
        return replace(wanted, pods={**wanted.pods, s.stable_revision: 0})

    patch.setattr(reach, "_moved", hasty)


def _quarantine_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A revision that failed is tried again by itself."""
    patch.setattr(progress, "target", lambda s: s.spec_revision)


def _crashes_not_judged(patch: pytest.MonkeyPatch) -> None:
    """A candidate whose pods crash while they serve goes on."""
    patch.setattr(verdicts, "candidate_crashed", lambda _: None)


@pytest.mark.parametrize(
    ("plant", "strategy", "world", "promise"),
    [
        (_memory_after_traffic, "bigBang", "2 pods", "what gets requests is allowed to"),
        (_no_settling, "bigBang", "no bake", "no pod goes that may get requests"),
        (_shrunk_before_moved, "bigBang", "2 pods", "no pod goes that may get requests"),
        (_quarantine_forgotten, "canary", "2 pods", "a release begins once"),
        (_crashes_not_judged, "bigBang", "no bake", "what crashed while it served goes no further"),
    ],
)
def test_a_planted_bug_is_found(
    monkeypatch: pytest.MonkeyPatch, plant: Plant, strategy: str, world: str, promise: str
) -> None:
    plant(monkeypatch)
    assert searched(Task(strategy, world, PLANTED, walks=5)).promise == promise
