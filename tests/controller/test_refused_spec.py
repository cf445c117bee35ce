"""Whatever is in the store, no pass raises: what the model refuses is told as Invalid, the rest the API server's to say.

A stored Rollout may break rules of the model all the same: an older schema let it in.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from pydantic import ValidationError

from api.bad_inputs import BAD_INPUTS
from api.manifests import rollout as manifest
from api.test_agreement import FULL, places
from controller.fakes import FakeCluster, Raw, rollout
from crossfade.api.rollout import RolloutSpec
from crossfade.controller.drops import Drops
from crossfade.controller.events import Teller
from crossfade.controller.executor import World
from crossfade.controller.reconcile import Core, Reconciler
from crossfade.controller.store import Key, Store
from crossfade.core.decide import decide, unreadable

NOW = datetime(2026, 1, 31, tzinfo=UTC)
SHOP = Key("ns", "shop")
WRONG: tuple[Any, ...] = (None, [], {}, [None], {"a": None}, "a", -1, 2.5, True)


class Pass:
    """A reconciler with the core as it is, on a cluster in memory that holds nothing but the Rollout."""

    def __init__(self) -> None:
        self.cluster, self.store = FakeCluster(), Store()
        core = Core(decide, unreadable, lambda: NOW)
        world = World(
            self.cluster,
            Teller(self.cluster, "me", lambda: NOW, lambda: None),
            lambda: None,
            lambda _verb, _kind: None,
        )
        self.run = Reconciler(self.store, Drops(self.store, count().__next__), core, world)

    async def of(self, spec: Any, *, passes: int = 1) -> Raw:
        """The status after some passes over a Rollout with that spec."""
        self.store.put("Rollout", self.cluster.hold("Rollout", {**rollout(), "spec": spec}))
        for _ in range(passes):
            await self.run(SHOP)
        status: Raw = self.cluster.objects["Rollout", "ns", "shop"]["status"]
        return status


def refused(spec: Any) -> bool:
    try:
        RolloutSpec.model_validate(spec or {})
    except ValidationError:
        return True
    return False


CONTAINER = {
    "lifecycle": {"postStart": {"sleep": {"seconds": 1}}},
    "ports": [{"containerPort": 80, "name": "http"}],
}
POD = {
    "containers": [{"name": "app", "image": "shop:1", **CONTAINER}],
    "initContainers": [{"name": "first", "image": "shop:1"}],
}
WHOLE = {
    **FULL,
    "strategy": {"canary": {"steps": [{"weight": 5}]}},
    "template": {"metadata": {"labels": {"app": "shop"}, "annotations": {"note": "a"}}, "spec": POD},
    "drainSeconds": 5,
    "paused": False,
    "onDelete": "Delete",
}
"""A spec in which every field is set, on the way to its first pods."""


def mutilated() -> list[Any]:
    """That spec with something wrong in each of its places in transition, and no spec at all."""
    made: list[Any] = [None, {}]
    for *parents, last in places(WHOLE):
        for wrong in WRONG:
            spec: Any = copy.deepcopy(WHOLE)
            at: Any = spec
            for part in parents:
                at = at[part]
            at[last] = copy.deepcopy(wrong)
            made.append(spec)
    return made


BAD = [spec for spec in (manifest(bad.changes)["spec"] for bad in BAD_INPUTS) if refused(spec)]


@pytest.mark.parametrize("specs", [BAD, [s for s in mutilated() if refused(s)]], ids=["known", "anywhere"])
async def test_what_the_model_refuses_is_told_as_invalid_and_nothing_raises(specs: list[Any]) -> None:
    assert len(specs) > 30
    for spec in specs:
        one = Pass()
        status = await one.of(spec)
        assert (status["phase"], bool(status["message"])) == ("Invalid", True), spec
        held = {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]}
        assert held["Stalled"] == ("True", "InvalidSpec"), spec
        assert {kind for _, kind, _ in one.cluster.writes} == {"Rollout", "Event"}, spec


async def test_a_label_that_is_null_is_told_with_its_place() -> None:
    spec = manifest({"spec.template.metadata": {"labels": {"tier": None}}})["spec"]
    message = (await Pass().of(spec))["message"]
    assert message.startswith("spec.template.metadata.labels: a label has a text, not null")


async def test_what_only_the_api_server_can_refuse_is_handed_to_it_and_nothing_raises() -> None:
    accepted = [spec for spec in mutilated() if not refused(spec)]
    handed = 0
    for spec in accepted:
        one = Pass()
        await one.of(spec, passes=3)
        handed += any(kind == "Deployment" for _, kind, _ in one.cluster.writes)
    assert handed > 30
