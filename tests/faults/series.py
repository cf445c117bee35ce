"""The same life again and again, disturbed at another of its writes each time."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from faults.lane import Lane, Life
from faults.rules import CutReply, Fault, Rule, Then

FaultAt = Callable[[Lane], Fault]

KILLED: Final[FaultAt] = lambda lane: Then(lane.operator.kill)  # noqa: E731
REPLY_LOST: Final[FaultAt] = lambda _: CutReply()  # noqa: E731


@dataclass(frozen=True)
class Outcome:
    """One life: at which write it was to be disturbed, and how it went."""

    nth: int
    life: Life

    @property
    def struck(self) -> str:
        """The write that was disturbed, "" where the life had fewer."""
        return next((str(each.asked) for each in self.life.writes if each.fault), "")


@dataclass(frozen=True)
class Series:
    """All lives of one strategy with one kind of fault; `late` are writes that came after a life's end."""

    strategy: str
    measure: Life
    outcomes: tuple[Outcome, ...]
    late: tuple[str, ...]

    @property
    def runs(self) -> int:
        """Lives in which the fault really struck."""
        return sum(bool(each.struck) for each in self.outcomes)

    @property
    def wrong(self) -> list[str]:
        """Everything that was wrong, as lines."""
        told = [
            f"{self.strategy}, write {each.nth} ({each.struck}): {line}"
            for each in self.outcomes
            for line in each.life.wrong
        ]
        return [*told, *self.late]

    def row(self) -> str:
        """The counts: writes of the undisturbed life, runs, creates and deletes in each, lives that ended otherwise."""
        made = Counter[str]()
        for (verb, _), count in self.measure.made.items():
            made[verb] += count
        other = sum(bool(each.life.wrong) for each in self.outcomes)
        return (
            f"{self.strategy:<16} {len(self.measure.writes):>6} {self.runs:>5}"
            f" {made['create']:>8} {made['delete']:>8} {other:>10}"
        )


HEADER: Final = f"{'strategy':<16} {'writes':>6} {'runs':>5} {'creates':>8} {'deletes':>8} {'other end':>10}"


def each_write(
    lanes: list[Lane],
    strategy: str,
    fault: FaultAt,
    at: Sequence[float] | None = None,
    *,
    kind: str | None = None,
) -> Series:
    """Lives disturbed at the first write, at the second … until a life has no such write.

    `at` narrows that to the writes so far on the way: 0 is the first one, 1 the last one; `kind` to the writes of a kind.
    The lanes, which know the undisturbed life, work side by side, each at its own life.
    """
    lanes[0].measure(strategy)
    measure = lanes[0].undisturbed[strategy]
    count = len([each for each in measure.writes if each.accepted and kind in {None, each.asked.kind}])
    work = _Work(lanes, strategy, fault, kind)
    if at is None:
        outcomes = tuple(work.until_untouched(count))
    else:
        nths = sorted({1 + round(each * (count - 1)) for each in at})
        outcomes = tuple(work.side_by_side(nths))
    late = tuple(line for lane in lanes for line in lane.late_writes(strategy))
    return Series(strategy, measure, outcomes, late)


@dataclass(frozen=True)
class _Work:
    """What all lives of a series have in common."""

    lanes: list[Lane]
    strategy: str
    fault: FaultAt
    kind: str | None

    def until_untouched(self, count: int) -> Iterator[Outcome]:
        """All of 1..count, then on, since a disturbed life may have more writes than the undisturbed one."""
        yield from self.side_by_side(range(1, count + 1))
        for nth in itertools.count(count + 1):
            outcome = self.one_life(self.lanes[0], nth)
            if not outcome.struck:
                return
            yield outcome

    def side_by_side(self, nths: Iterable[int]) -> list[Outcome]:
        """The lives that are disturbed at these writes."""
        waiting = iter(list(nths))

        def work(lane: Lane) -> list[Outcome]:
            return [self.one_life(lane, nth) for nth in waiting]

        with ThreadPoolExecutor(len(self.lanes)) as pool:
            return sorted((o for done in pool.map(work, self.lanes) for o in done), key=lambda o: o.nth)

    def one_life(self, lane: Lane, nth: int) -> Outcome:
        """One life with a fault at its n-th write."""
        fault = self.fault(lane)

        def disturb(lane: Lane, rollout: str) -> list[Rule]:
            return [lane.proxy.inject(fault, verb="write", kind=self.kind, name=f"{rollout}*", after=nth - 1)]

        life = lane.live(self.strategy, disturb)
        lane.bury(spared=1)
        return Outcome(nth, life)
