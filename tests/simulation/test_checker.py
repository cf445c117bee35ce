"""Small worlds keep every promise, whatever happens; and the checker is not blind: it finds bugs that are planted."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from crossfade.core import progress, reach
from crossfade.core.plan import Verb, Write
from crossfade.core.reach import Wanted
from crossfade.core.situation import Situation
from crossfade.core.stages import Stage
from simulation import passes
from simulation.checker import CounterExample, check
from simulation.worlds import STRATEGIES

SAMPLE = 600
"""States per strategy here; `make check-deep` tries many more."""

PLANTED = 4000
"""States within which a planted bug must be found."""

Plant = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_promise_is_broken_in_a_small_world(strategy: str) -> None:
    reached = check(STRATEGIES[strategy], SAMPLE, walks=2)
    print(f"{strategy}: {reached} states, no promise broken")
    assert reached >= SAMPLE


def _two_writes_reordered(patch: pytest.MonkeyPatch) -> None:
    """The verdict is stored after the traffic has moved: a crash in between forgets it."""
    in_order = passes.Decision.writes.func

    def status_last(decision: passes.Decision) -> tuple[Write, ...]:
        return tuple(sorted(in_order(decision), key=lambda w: w.verb is Verb.STATUS and w.kind == "Rollout"))

    patch.setattr(passes.Decision, "writes", property(status_last))


def _no_settling(patch: pytest.MonkeyPatch) -> None:
    """Old pods are removed as soon as the endpoints are right, though nodes still follow."""
    patch.setattr(reach, "SETTLE_S", 0.0)


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


def _no_verdict(patch: pytest.MonkeyPatch) -> None:
    """Crashes of a serving candidate are not judged."""
    patch.setattr(progress, "verdict", lambda _: None)


@pytest.mark.parametrize(
    ("plant", "strategy"),
    [
        (_two_writes_reordered, "bigBang"),
        (_no_settling, "bigBang"),
        (_shrunk_before_moved, "bigBang"),
        (_quarantine_forgotten, "canary"),
        (_no_verdict, "bigBang"),
    ],
)
def test_a_planted_bug_is_found(monkeypatch: pytest.MonkeyPatch, plant: Plant, strategy: str) -> None:
    plant(monkeypatch)
    with pytest.raises(CounterExample):
        check(STRATEGIES[strategy], PLANTED, walks=20)
