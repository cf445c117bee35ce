"""Each strategy comes to the same end, with the same creates and deletes, whatever goes wrong at whichever write.

Where users come by an HTTPRoute, its rules are the same byte for byte at the end, and nothing names the canary Service.

Here one write of one strategy in each way; in `make test-all` one of each strategy, and each write of a route; with
CROSSFADE_FAULTS=all (`make faults`) every single one is.
"""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from bench.kube import Kube, wait_for
from bench.namespaces import seen_folder
from faults.lane import STRATEGIES, STRATEGIES_BY_PODS, Lane, Life, lane
from faults.rules import CutReply, Delay, Drop, Expire, Refuse, Rule
from faults.series import HEADER, KILLED, REPLY_LOST, Series, each_write

ALL = os.environ.get("CROSSFADE_FAULTS") == "all"
KILLED_AT, LOST_AT = (None, None) if ALL else ((1 / 3,), (2 / 3,))
ROUTED_AT = None if ALL or os.environ.get("DEEP") else (1 / 2,)
LANES = 4 if ALL else 1
COUNTS_TOLD = 3
"""So many statuses of counts alone a life may have that another has not: they follow from how fast pods are."""
AWAY_S = 60 if ALL else 10
WAYS = (
    *(Drop(), Refuse(409), Refuse(429, retry_after_s=1), Refuse(500), Refuse(503)),
    *(CutReply(), CutReply(body_bytes=20), Delay(1)),
)

pytestmark = [pytest.mark.own_operator, pytest.mark.timeout(3600 if ALL else 1800)]


@pytest.fixture(scope="module")
def measures() -> dict[str, Life]:
    """An undisturbed life of each strategy, which all others are compared with: made by the first test that needs it."""
    return {}


@pytest.fixture
def lanes(kube: Kube, new_namespace: Callable[[], str], measures: dict[str, Life]) -> Iterator[list[Lane]]:
    """Namespaces with an operator each."""
    with ExitStack() as stack:
        made = [new_namespace() for _ in range(LANES)]
        yield [stack.enter_context(lane(kube, each, seen_folder(each), measures)) for each in made]


@pytest.fixture
def alone(kube: Kube, namespace: str, measures: dict[str, Life]) -> Iterator[Lane]:
    """A namespace with an operator."""
    with lane(kube, namespace, seen_folder(namespace), measures) as alone:
        alone.measure(*STRATEGIES)
        yield alone


def each_strategy(sampled: str) -> pytest.MarkDecorator:
    """All of them; `make test` plays one of them."""
    rows = STRATEGIES if ALL else STRATEGIES_BY_PODS
    marks = {name: () if name == sampled else (pytest.mark.deep,) for name in rows}
    return pytest.mark.parametrize("strategy", [pytest.param(name, marks=marks[name]) for name in rows])


@each_strategy("canary")
def test_the_operator_killed_after_each_single_write_comes_to_the_same_end(
    lanes: list[Lane], strategy: str, tell: Callable[[str], None]
) -> None:
    assert_same(each_write(lanes, strategy, KILLED, KILLED_AT), "killed after each write", tell)


@each_strategy("rolling")
def test_the_reply_lost_at_each_single_write_comes_to_the_same_end(
    lanes: list[Lane], strategy: str, tell: Callable[[str], None]
) -> None:
    assert_same(each_write(lanes, strategy, REPLY_LOST, LOST_AT), "reply lost at each write", tell)


if not ALL:  # there it is disturbed at all writes, and at those of the route with them

    @pytest.mark.parametrize(
        "strategy", ["routed canary", pytest.param("routed blueGreen", marks=pytest.mark.deep)]
    )
    def test_whatever_happens_at_each_single_write_of_a_route_its_rules_are_the_same_in_the_end(
        lanes: list[Lane], strategy: str, tell: Callable[[str], None]
    ) -> None:
        for what, fault in {"killed after": KILLED, "reply lost at": REPLY_LOST}.items():
            series = each_write(lanes, strategy, fault, ROUTED_AT, kind="HTTPRoute")
            assert_same(series, f"{what} each write of its route", tell)


def assert_same(series: Series, what: str, tell: Callable[[str], None]) -> None:
    """Tell the counts, also of a series that is well, and fail with all that is not."""
    tell(f"{HEADER}   {what}\n{series.row()}")
    assert series.runs >= max(1, len(series.outcomes) - (COUNTS_TOLD if ALL else 0))
    assert not series.wrong, "\n".join(series.wrong)


def test_a_write_that_fails_in_whichever_way_is_made_later(alone: Lane) -> None:
    lives = alone.live_all(every_third_write_fails)
    assert [line for life in lives for line in life.wrong] == []
    struck = {each.fault for life in lives for each in life.writes}
    assert struck == {"", "Refuse", "Drop", "CutReply", "Delay"}


def every_third_write_fails(lane: Lane, rollout: str) -> Iterator[Rule]:
    """In another way each time; only the first thirty writes, since a life has to end."""
    ways = itertools.cycle(WAYS)
    for nth in range(0, 30, 3):
        yield lane.proxy.inject(next(ways), verb="write", name=f"{rollout}*", after=nth)


def test_all_strategies_come_to_the_same_end_though_the_server_refuses_everything_for_a_while(
    alone: Lane,
) -> None:
    """Nothing can be read, watched or written; the operator may end, and is started again."""

    def away() -> None:
        alone.proxy.inject(Refuse(503), times=None)
        alone.proxy.cut_watches()
        until = time.monotonic() + AWAY_S
        wait_for("the time without a server", lambda: time.monotonic() > until, AWAY_S + 5)
        alone.proxy.heal()

    interrupted_in_the_middle(alone, away)


def test_all_strategies_come_to_the_same_end_though_all_watches_expire_in_the_middle(alone: Lane) -> None:
    def expire() -> None:
        alone.proxy.inject(Expire(), verb="watch", times=alone.proxy.watching())
        assert alone.proxy.expire_watches() >= 6

    interrupted_in_the_middle(alone, expire)


if ALL:  # takes kopf's 70 s without an event

    def test_all_strategies_come_to_the_same_end_though_all_watches_stall_silently_in_the_middle(
        alone: Lane,
    ) -> None:
        interrupted_in_the_middle(alone, alone.proxy.stall_watches)


@pytest.mark.parametrize(
    "kind", [None, "Rollout", "Deployment", "Service", "EndpointSlice", "Release"] if ALL else [None]
)
def test_all_strategies_come_to_the_same_end_though_events_come_late(alone: Lane, kind: str | None) -> None:
    """What the operator sees is old, of one kind or of all; what it writes must not be older."""

    def hold() -> None:
        alone.proxy.hold_events(kind)
        wait_for("events to be held back", lambda: alone.proxy.held() > 2)
        assert alone.proxy.release_events() > 2

    interrupted_in_the_middle(alone, hold)


def interrupted_in_the_middle(alone: Lane, interrupt: Callable[[], object]) -> None:
    """Update all strategies at once, undisturbed and with an interruption after their first new Deployments."""
    rollouts = {strategy: alone.new_name() for strategy in STRATEGIES}
    for version, disturb in (("v1", None), ("v2", interrupt)):
        generations = {s: alone.apply(name, s, version) for s, name in rollouts.items()}
        if disturb is not None:
            alone.wait_created("Deployment", rollouts.values(), 2)
            disturb()
        for strategy, name in rollouts.items():
            alone.wait_done(name, generations[strategy], timeout_s=180)
    for strategy, name in rollouts.items():
        life = alone.finished(strategy, name)
        assert not life.wrong, f"{strategy}: " + "\n".join(life.wrong)
