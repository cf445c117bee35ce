"""What a Rollout costs the API server where pods start at once: a bound on requests, so that none creeps in."""

from collections import Counter
from collections.abc import Callable

import pytest

from builders import MAIN, STRATEGIES, rollout, routed_v1
from crossfade.controller.counts import Change, change
from crossfade.core.plan import ReadRequest, Verb
from simulation import passes
from simulation.cluster import Sim
from simulation.passes import carry_out, decided

CREATE_LIMIT, UPDATE_LIMIT = 10, 20
"""Requests per created Rollout, and per update by a canary of two steps, of 1 and of 2 pods on the average."""

ROUTED_LIMITS = {"canary": 36, "blueGreen": 25, "bigBang": 25}
"""Requests per update through a route, of 1 or 2 pods, as they were counted when routes came: each weight is a write of the
route, and a status that says what it is waited for. The canary has two steps."""


class Priced:
    """A cluster in which everything is told apart, and each request is counted as the shell would make it."""

    def __init__(self, sim: Sim, monkeypatch: pytest.MonkeyPatch, *, listed_first: bool = False) -> None:
        sim.instant = False
        self.sim = sim
        self.listed_first = listed_first
        self.spent: Counter[str] = Counter()
        answer = passes.look

        def priced(sim_: Sim, look: ReadRequest, found: passes.Found) -> passes.Found:
            asked = (*look.pods, *look.services, *look.deployments)
            self.spent["look"] += (
                len(asked) + (look.dry_run is not None) + look.pull_pods + 2 * look.strangers
            )
            return answer(sim_, look, found)

        monkeypatch.setattr(passes, "look", priced)

    def run(self) -> int:
        """Go on until nothing moves and nothing is waited for; gives the requests."""
        self.spent.clear()
        while True:
            wake_s = self._passes()
            moved = [self._moved(move) for move in self._moves()]
            if not any(moved):
                if wake_s is None or wake_s > 3600:
                    return self.spent.total()
                self.sim.tick(wake_s)

    def _moves(self) -> list[Callable[[], None]]:
        sim = self.sim
        statuses = [lambda name=name: sim.sync_status(name) for name in sim.deployments]
        slices = [lambda name=name: sim.sync_endpoints(name) for name in sim.services]
        told = [*slices, *statuses] if self.listed_first else [*statuses, *slices]
        return [sim.controllers, *statuses, sim.kubelet, *told, self._routes_read, *self._router()]

    def _routes_read(self) -> None:
        for name in [*self.sim.router.unread(self.sim.routes)]:
            self.sim.route_read(name)

    def _router(self) -> list[Callable[[], None]]:
        """Its status comes before its proxies follow."""
        sim = self.sim

        def told() -> None:
            for name in sim.untold():
                sim.route_told(name)

        def carried() -> None:
            for name in [*sim.router.uncarried()]:
                sim.route_carried(name)

        return [told, carried]

    def _moved(self, move: Callable[[], None]) -> bool:
        before = self._seen()
        move()
        self.sim.tick(0.02)
        moved = before != self._seen()
        if moved:
            self._passes()
        return moved

    def _seen(self) -> tuple[object, ...]:
        return self.sim.counter, self.sim.pods, dict(self.sim.endpoints), self.sim.router

    def _passes(self) -> float | None:
        while True:
            decision = decided(self.sim)
            if self._only_counts(decision):
                return decision.plan.wake_after_s
            carry_out(self.sim, decision)
            self.spent.update(f"{write.verb} {write.kind}" for write in decision.writes)
            self.spent["Event"] += len(decision.plan.events)
            if not decision.writes:
                return decision.plan.wake_after_s

    def _only_counts(self, decision: passes.Decision) -> bool:
        """Whether the shell would hold the status back: it tells counts alone later, together."""
        status, events = decision.plan.status, decision.plan.events
        alone = not events and [write.verb for write in decision.writes] == [Verb.STATUS]
        return alone and status is not None and change(self.sim.status, status) is not Change.MORE


def _price(
    replicas: int, monkeypatch: pytest.MonkeyPatch, *, listed_first: bool, tries_ports: bool = False
) -> tuple[Counter[str], Counter[str]]:
    sim = Sim(rollout(STRATEGIES["canary"], replicas=replicas, bakeSeconds=5))
    sim.deaf = frozenset() if tries_ports else None
    priced = Priced(sim, monkeypatch, listed_first=listed_first)
    priced.run()
    assert priced.sim.status["phase"] == "Healthy"
    created = priced.spent.copy()
    priced.sim.set_image("shop:v2")
    priced.run()
    assert priced.sim.status["stable"]["release"] == 2
    return created, priced.spent.copy()


ORDER = pytest.mark.parametrize(
    "listed_first", [False, True], ids=["the Deployment tells of ready pods first", "the endpoints do"]
)


@ORDER
def test_a_created_rollout_costs_ten_requests(monkeypatch: pytest.MonkeyPatch, *, listed_first: bool) -> None:
    created, _ = _price(2, monkeypatch, listed_first=listed_first)
    assert created.total() <= CREATE_LIMIT, created


@ORDER
def test_an_update_in_two_steps_costs_twenty_requests(
    monkeypatch: pytest.MonkeyPatch, *, listed_first: bool
) -> None:
    (_, one), (_, two) = (_price(pods, monkeypatch, listed_first=listed_first) for pods in (1, 2))
    assert (one.total() + two.total()) / 2 <= UPDATE_LIMIT, (one, two)


@ORDER
def test_trying_the_ports_costs_one_request_more_for_the_first_release_and_three_for_an_update(
    monkeypatch: pytest.MonkeyPatch, *, listed_first: bool
) -> None:
    """The pods are listed, and the status says that they are waited for and are ready before their requests come."""
    (first, one), (_, two) = (
        _price(pods, monkeypatch, listed_first=listed_first, tries_ports=True) for pods in (1, 2)
    )
    assert first.total() <= CREATE_LIMIT + 1, first
    assert (one.total() + two.total()) / 2 <= UPDATE_LIMIT + 3, (one, two)


def _price_by_route(
    strategy: str, replicas: int, monkeypatch: pytest.MonkeyPatch, *, listed_first: bool
) -> Counter[str]:
    """What the first update costs whose requests a route shares; it makes the canary Service."""
    sim = routed_v1(STRATEGIES[strategy], replicas=replicas, bakeSeconds=5)
    priced = Priced(sim, monkeypatch, listed_first=listed_first)
    sim.set_image("shop:v2")
    priced.run()
    assert sim.status["phase"] == "Healthy"
    return priced.spent


@ORDER
def test_a_rollout_with_a_route_costs_one_request_more_to_create(
    monkeypatch: pytest.MonkeyPatch, *, listed_first: bool
) -> None:
    """The one that has it held until its route is given back."""
    traffic = {"httpRoute": {"name": "shop"}}
    sim = Sim(rollout(STRATEGIES["canary"], replicas=2, bakeSeconds=5, traffic=traffic))
    sim.make_route("shop", MAIN)
    priced = Priced(sim, monkeypatch, listed_first=listed_first)
    priced.run()
    assert sim.status["phase"] == "Healthy"
    assert priced.spent.total() <= CREATE_LIMIT + 1, priced.spent


@ORDER
@pytest.mark.parametrize("pods", [1, 2])
@pytest.mark.parametrize("strategy", ROUTED_LIMITS)
def test_a_release_through_a_route_costs_no_more_requests_than_it_did(
    strategy: str, pods: int, monkeypatch: pytest.MonkeyPatch, *, listed_first: bool
) -> None:
    spent = _price_by_route(strategy, pods, monkeypatch, listed_first=listed_first)
    assert spent.total() <= ROUTED_LIMITS[strategy], spent


@pytest.mark.parametrize(("strategy", "writes"), [("canary", 4), ("blueGreen", 2), ("bigBang", 2)])
def test_a_route_is_written_once_for_each_weight_and_once_to_be_as_before(
    strategy: str, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each write of a route may restart its router's round robin, which starves small shares."""
    spent = _price_by_route(strategy, 2, monkeypatch, listed_first=False)
    assert {what: n for what, n in spent.items() if what.endswith("HTTPRoute")} == {"Patch HTTPRoute": writes}
