"""A reconciler with everything around it in memory, whose core gives the plans that a test tells it to give."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from controller.fakes import FakeCluster, Raw, child, rollout, status
from crossfade.api.rollout import Rollout
from crossfade.controller.drops import Drops
from crossfade.controller.events import Teller
from crossfade.controller.executor import World
from crossfade.controller.failing import Failing
from crossfade.controller.look import Sent
from crossfade.controller.reconcile import Core, Reconciler
from crossfade.controller.store import Key, Store
from crossfade.core.decide import unreadable
from crossfade.core.observed import Observed
from crossfade.core.plan import Event, Plan, Verb, Write

SHOP = Key("ns", "shop")
NOW = datetime(2026, 1, 31, tzinfo=UTC)
STATUS = status()
CREATE = Write(Verb.CREATE, "Deployment", "shop-aaa", child("shop-aaa", revision="aaa"))
SERVICE = Write(Verb.CREATE, "Service", "shop", child("shop"))
RELEASE = Write(Verb.CREATE, "Release", "shop-1", child("shop-1", spec={"rollout": "shop", "number": 1}))
TOLD = Event("Normal", "ReleaseStarted", "release 1")


class Scripted:
    """A core that gives the plans it was told to give, and remembers what it was shown."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.shown: list[Observed] = []
        self.unreadable_for: list[str] = []

    def decide(self, _rollout: Rollout, observed: Observed, _now: datetime) -> Plan:
        self.shown.append(observed)
        return self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]

    def unreadable(self, rollout: Any, message: str, now: datetime, *, namespace_terminating: bool) -> Plan:
        self.unreadable_for.append(message)
        return unreadable(rollout, message, now, namespace_terminating=namespace_terminating)


class Bench:
    """A reconciler with everything around it in memory. `router`: what a router's metrics say, where one is asked.

    `failing`: which Rollouts failed lately, where that is known.
    """

    def __init__(self, router: Sent | None = None, failing: Failing | None = None) -> None:
        self.cluster, self.store, self.core = FakeCluster(), Store(), Scripted()
        self.drops = Drops(self.store, count(step=10).__next__)
        self.counted: list[tuple[str, str]] = []
        self.store.listen(self.drops.note)
        self.now = NOW
        core = Core(self.core.decide, self.core.unreadable, lambda: self.now)
        world = World(
            self.cluster,
            Teller(self.cluster, "me", lambda: NOW, lambda: None),
            lambda: None,
            lambda verb, kind: self.counted.append((verb, kind)),
            router=router,
            others_failed=failing.others if failing is not None else lambda _key: (),
        )
        self.run = Reconciler(self.store, self.drops, core, world)
        self.have(rollout())

    def have(self, raw: Raw) -> None:
        self.store.put("Rollout", self.cluster.hold("Rollout", raw))

    async def decided(self, *plans: Plan) -> float | None:
        self.core.plans = list(plans)
        return await self.run(SHOP)


def plan(*writes: Write, **parts: Any) -> Plan:
    return Plan("Because", **{"status": STATUS, "writes": writes, **parts})
