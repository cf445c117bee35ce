"""One run: create all, update all, rest; then, where that is asked, restart, update again with aborts. Each stretch is measured by the operator's own figures."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from bench.kube import Kube, NeverHappenedError, wait_for
from bench.operator_pods import wait_available
from bench.scale import aborts, fake_node, figures, many, router
from bench.scale.figures import ABORTS, Changes, Measured, Stretch
from bench.scale.leader import Leader, restarted
from bench.scale.readings import grown

T = TypeVar("T")

QUIET_S = 12.0
"""So long without a request, and what was begun is over: under 20 policies each is counted once in 10 s."""
QUIET_WITHIN_S = 120.0
FIRST_S = 180.0
EACH_S = 1.5
"""Where the whole takes longer than `FIRST_S` and this for each Rollout, something is stuck."""
LOOK_S = 0.005
"""For each Rollout, between two looks at the figures: 10 s where there are 2,000, as Prometheus looks."""


def measure(kube: Kube, rollouts: int, per_second: float, rest_s: float, *, routed: bool = False) -> Measured:
    """Play all phases with so many Rollouts, changed at that pace, and leave nothing behind."""
    beside = router.Watched(kube) if routed else None
    with _playing(kube) as (leader, places):
        made = _changes(leader, places, rollouts, per_second, rest_s, beside)
        print("The operator is restarted …")
        restart, memory_bytes = restarted(kube, rollouts)
        made = replace(made, memory_bytes=max(memory_bytes, made.memory_bytes))
        abort_s = aborted_in_a_wave(Leader.found(kube), places, rollouts)
        return Measured(**vars(made), abort_s=abort_s, restart=restart)


def changes(
    kube: Kube, rollouts: int, per_second: float, rest_s: float, then: Callable[[list[str]], T]
) -> tuple[Changes, T]:
    """Make them, update them and let them rest, do `then` in their namespaces, and leave nothing behind.

    Gives what `then` gives beside it.
    """
    with _playing(kube) as (leader, places):
        made = _changes(leader, places, rollouts, per_second, rest_s, None)
        return made, then(places)


@contextlib.contextmanager
def _playing(kube: Kube) -> Iterator[tuple[Leader, list[str]]]:
    """The leader, at rest, and namespaces for the length of the block."""
    wait_available(kube)
    with fake_node.playing(kube), many.places(kube) as places:
        leader = Leader.found(kube)
        leader.rested(QUIET_S, QUIET_WITHIN_S)
        yield leader, places


def _changes(
    leader: Leader,
    places: list[str],
    rollouts: int,
    per_second: float,
    rest_s: float,
    beside: router.Watched | None,
) -> Changes:
    kube, routed = leader.kube, beside is not None
    note = beside.note if beside else lambda _: None
    note("without")
    if routed:
        many.create_routes(kube, places, rollouts)
    created = changed(
        leader, rollouts, "created", lambda: many.create(kube, places, rollouts, per_second, routed=routed)
    )
    note("created")
    updated = changed(leader, rollouts, "updated", lambda: many.update(kube, places, rollouts, per_second))
    note("updated")
    rested = at_rest(leader, rest_s)
    note("at rest")
    return Changes(
        rollouts=rollouts,
        per_second=per_second,
        created=created,
        updated=updated,
        rested=rested,
        memory_bytes=leader.memory_bytes,
        router=beside.readings if beside else None,
    )


def changed(leader: Leader, rollouts: int, what: str, change: Callable[[], None]) -> Stretch:
    """Make a change to all Rollouts, and follow it until they are Healthy and the operator is at rest."""
    before, started = leader.read(), time.monotonic()
    change()
    print(f"{rollouts} Rollouts {what} in {time.monotonic() - started:.1f} s; waiting for them …")
    wait_ended(leader, {"Healthy": rollouts}, FIRST_S + EACH_S * rollouts)
    seconds = time.monotonic() - started
    print(f"All Healthy after {seconds:.1f} s.")
    return Stretch(seconds, grown(before, leader.rested(QUIET_S, QUIET_WITHIN_S)))


def wait_ended(leader: Leader, phases: dict[str, int], timeout_s: float) -> None:
    """Wait until so many Rollouts are in each of these phases, at their newest spec.

    The operator's own count is asked first: listing hundreds of objects again and again would be load. So is writing all its
    figures, the more so the more Rollouts there are.
    """

    def ended() -> bool:
        counted = leader.read().total(figures.PHASES, phase="Healthy")
        return counted >= phases["Healthy"] and many.phases(leader.kube) == phases

    try:
        wait_for("all Rollouts to be Healthy", ended, timeout_s, every_s=max(0.5, LOOK_S * phases["Healthy"]))
    except NeverHappenedError as error:
        raise NeverHappenedError(f"{error}; their phases: {dict(many.phases(leader.kube))}") from None


def aborted_in_a_wave(leader: Leader, places: list[str], rollouts: int) -> float:
    """All are updated once more, as fast as the API server takes it, and `ABORTS` of them aborted: the slowest one."""
    with ThreadPoolExecutor(1) as pool:
        wave = pool.submit(many.update, leader.kube, places, rollouts, math.inf, "v3")
        seconds = aborts.aborted(leader.kube, ABORTS)
        wave.result()
    print(
        f"Aborted in the middle of a wave: {', '.join(f'{s:.2f}' for s in seconds)} s until stable served alone."
    )
    ended = {"Healthy": rollouts - ABORTS, "RolledBack": ABORTS}
    wait_ended(leader, ended, FIRST_S + EACH_S * rollouts)
    leader.rested(QUIET_S, QUIET_WITHIN_S)
    return max(seconds)


def at_rest(leader: Leader, seconds: float) -> Stretch:
    """Nothing is asked for, for so long."""
    print(f"At rest for {seconds:.0f} s …")
    before, started = leader.read(), time.monotonic()
    wait_for("the rest to be over", lambda: time.monotonic() - started >= seconds, seconds + 10, every_s=1)
    after = leader.read()
    return Stretch(time.monotonic() - started, grown(before, after))
