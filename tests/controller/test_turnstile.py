"""Releases begin where every policy that is about them has a slot: from stored objects to passes that begin, wait and are woken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.fakes import FakeCluster, error, obj, rollout
from crossfade.cluster import ApiError
from crossfade.controller.drops import Drops
from crossfade.controller.events import Teller
from crossfade.controller.executor import World as Around
from crossfade.controller.reconcile import Core, Reconciler
from crossfade.controller.ruling import Ruling
from crossfade.controller.store import Key, Store, watched_in
from crossfade.controller.turnstile import NOT_ASKED
from crossfade.controller.workers import Stale
from crossfade.core.decide import decide, unreadable
from crossfade.core.moments import text_of

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ONE = {"maxActive": 1}
HEALTHY = {"phase": "Healthy", "observedGeneration": 1}


class World:
    """A store with policies and namespaces, a reconciler that decides as the operator does, and whoever was woken."""

    def __init__(self) -> None:
        self.cluster, self.woken = FakeCluster(), list[Key]()
        self.store = Store(watched_in(None))
        self.now = NOW
        self.ruling = Ruling(self.store, lambda: self.now, self.woken.append)
        self.turnstile = self.ruling.turnstile
        teller = Teller(self.cluster, "me", lambda: self.now, lambda: None)
        around = Around(self.cluster, teller, lambda: None, lambda _verb, _kind: None, ruling=self.ruling)
        core = Core(decide, unreadable, lambda: self.now)
        self.run = Reconciler(self.store, Drops(self.store, lambda: 0.0), core, around)

    def put(self, kind: str, raw: dict[str, Any]) -> None:
        self.cluster.version += 1
        meta = {**raw["metadata"], "resourceVersion": str(self.cluster.version)}
        self.store.put(kind, self.cluster.hold(kind, {**raw, "metadata": meta}))

    def namespace(self, name: str, **labels: str) -> None:
        self.put("Namespace", obj(name, namespace="", labels=labels))

    def policy(self, name: str = "calm", *, generation: int = 1, status: Any = None, **spec: Any) -> None:
        meta = {"generation": generation}
        self.put("RolloutPolicy", obj(name, namespace="", metadata=meta, spec=spec, status=status or {}))

    def have(self, name: str, namespace: str = "ns", status: Any = None, **spec: Any) -> Key:
        raw = rollout(spec=spec, status=status or {})
        self.put(
            "Rollout",
            {**raw, "metadata": {**raw["metadata"], "name": name, "namespace": namespace, "uid": name}},
        )
        return Key(namespace, name)

    def tell(self, key: Key, **changes: Any) -> None:
        raw = self.store.rollout(key)
        assert raw is not None
        self.put("Rollout", {**raw, "status": {**raw["status"], **changes}})

    def status(self, key: Key) -> dict[str, Any]:
        told: dict[str, Any] = self.cluster.objects["Rollout", key.namespace, key.name]["status"]
        return told

    def asks(self, key: Key) -> bool:
        """A pass that asks and ends without a release."""
        with self.turnstile.passing(key, lambda: False):
            return self.granted(key)

    def granted(self, key: Key) -> bool:
        raw = self.store.rollout(key)
        assert raw is not None
        about = self.store.policies.about(raw, self.store.namespace(key.namespace))
        places = [self.turnstile.place(key, policy) for policy in about]
        return all(place is None or place.granted for place in places)


@pytest.fixture
def world() -> World:
    made = World()
    made.namespace("ns", env="prod")
    return made


async def test_a_second_release_waits_with_its_place_and_begins_once_the_first_has_ended(
    world: World,
) -> None:
    world.policy(concurrency=ONE)
    a, b = world.have("a"), world.have("b")
    await world.run(a)
    world.now += timedelta(seconds=1)
    await world.run(b)
    assert world.status(a)["progress"]
    told = world.status(b)
    assert (told["phase"], told.get("progress"), told["waitingSince"]) == (
        "Waiting",
        None,
        text_of(world.now),
    )
    assert (
        "policy calm, rule concurrency: 1 of 1 release is under way in the cluster, among those of this policy; place 1 in the queue"
        in (told["message"])
    )
    assert [(each.rollout, each.place) for each in world.turnstile.queued("calm")] == [("b", 1)]
    world.tell(a, progress=None)
    assert world.woken == [b]
    await world.run(b)
    assert world.status(b)["progress"]
    assert "waitingSince" not in world.status(b)
    assert world.turnstile.queued("calm") == []


async def test_who_is_held_by_a_freeze_takes_no_slot_from_others(world: World) -> None:
    world.policy("frozen", rolloutSelector={"matchLabels": {"tier": "db"}}, freeze={"reason": "audit"})
    world.policy(concurrency=ONE)
    a, b = world.have("a"), world.have("b")
    raw = world.store.rollout(a)
    assert raw is not None
    world.put("Rollout", {**raw, "metadata": {**raw["metadata"], "labels": {"tier": "db"}}})
    await world.run(a)
    assert (world.status(a)["phase"], "rule freeze" in world.status(a)["message"]) == ("Waiting", True)
    await world.run(b)
    assert world.status(b)["progress"]


async def test_a_release_whose_status_is_not_taken_frees_its_slot(world: World) -> None:
    world.policy(concurrency=ONE)
    a, b = world.have("a"), world.have("b")
    world.cluster.refuse("STATUS", "Rollout", error(422, "Invalid"))
    with pytest.raises(ApiError):
        await world.run(a)
    await world.run(b)
    assert world.status(b)["progress"]


@pytest.mark.parametrize(("code", "raised"), [(409, Stale), (504, ApiError)])
async def test_a_pass_that_met_a_change_or_lost_its_answer_keeps_its_slot_for_the_next_one(
    world: World, code: int, raised: type[Exception]
) -> None:
    world.policy(concurrency=ONE)
    a, b = world.have("a"), world.have("b")
    world.cluster.refuse("STATUS", "Rollout", error(code, "Conflict" if code == 409 else "Timeout"))
    with pytest.raises(raised):
        await world.run(a)
    await world.run(b)
    assert world.status(b)["phase"] == "Waiting"
    await world.run(a)
    assert world.status(a)["progress"]


# --- whom policies are about --------------------------------------------------------------------------------


def test_what_ran_before_the_operator_started_counts_before_anybody_asks(world: World) -> None:
    keys = [world.have(name) for name in "abc"]
    world.policy(concurrency={"maxActive": 2})
    for key in keys[:2]:
        world.tell(key, progress={"revision": "v2"})
    assert not world.asks(keys[2])


@pytest.mark.parametrize("first", ["the policy", "the Rollouts"])
def test_a_policy_that_comes_later_counts_what_runs_already(world: World, first: str) -> None:
    idle = world.have("idle")
    world.namespace("other")
    assert world.asks(idle)
    if first == "the policy":
        world.policy(concurrency=ONE)
    world.have("a", "other", status={"progress": {"revision": "v2"}})
    b = world.have("b")
    if first != "the policy":
        world.policy(concurrency=ONE)
    assert not world.asks(b)


def test_an_edit_and_the_end_of_a_policy_let_in_who_waits(world: World) -> None:
    world.policy(concurrency=ONE)
    keys = [world.have(name) for name in "abcd"]
    assert world.asks(keys[0])
    world.tell(keys[0], progress={"revision": "v2"})
    for key in keys[1:]:
        world.asks(key)
        world.tell(key, waitingSince=text_of(world.now))
    world.policy(concurrency={"maxActive": 2}, generation=2)
    assert world.woken == keys[1:2]
    world.policy(concurrency={"maxActive": 2}, generation=2, status={"active": 1})
    assert world.woken == keys[1:2]
    world.store.remove("RolloutPolicy", "", "calm", "uid-calm")
    assert world.woken == keys[1:]


def test_a_namespace_whose_labels_change_brings_all_that_runs_in_it(world: World) -> None:
    world.policy(concurrency=ONE, namespaceSelector={"matchLabels": {"env": "prod"}})
    world.namespace("other", env="dev")
    world.have("a", "other", status={"progress": {"revision": "v2"}})
    b, c = world.have("b", "other"), world.have("c")
    assert world.asks(c)
    assert world.asks(b)
    world.namespace("other", env="prod")
    assert not world.asks(b)
    assert not world.asks(c)


def test_a_policy_that_cannot_be_read_limits_nothing_here_and_does_again_when_it_can(world: World) -> None:
    world.policy(concurrency=ONE)
    a, b = world.have("a", status={"progress": {"revision": "v2"}}), world.have("b")
    assert not world.asks(b)
    world.policy(concurrency=ONE, generation=2, rule="of a later version")
    assert world.asks(b)
    world.policy(concurrency=ONE, generation=3)
    assert not world.asks(b)
    world.tell(a, progress=None)
    assert world.asks(b)


# --- what is at rest does not ask ---------------------------------------------------------------------------


def test_a_pass_of_what_is_at_rest_keeps_no_slot_from_others(world: World) -> None:
    world.policy(concurrency=ONE)
    rests, wants = world.have("rests", status=HEALTHY), world.have("wants")
    with world.turnstile.passing(rests, lambda: False):
        policy = world.store.policies.get("calm")
        assert policy is not None
        assert world.turnstile.place(rests, policy) == NOT_ASKED
        assert world.asks(wants)


@pytest.mark.parametrize(
    "why", ["its spec has changed", "it waits", "its template is elsewhere", "an action asks"]
)
def test_what_may_want_a_release_asks(world: World, why: str) -> None:
    world.policy(concurrency=ONE)
    status = {**HEALTHY, **({"waitingSince": text_of(NOW)} if why == "it waits" else {})}
    status |= {"observedGeneration": 0} if why == "its spec has changed" else {}
    spec = {"workloadRef": {"name": "shop"}} if why == "its template is elsewhere" else {}
    key = world.have("a", status=status, **spec)
    if why == "an action asks":
        world.put("RolloutAction", obj("retry", spec={"rollout": "a", "action": "Retry"}))
    assert world.asks(key)


def test_a_policy_without_a_limit_gives_no_place(world: World) -> None:
    world.policy(quota={"maxPerDay": 1})
    key, policy = world.have("a"), world.store.policies.get("calm")
    assert policy is not None
    assert world.turnstile.place(key, policy) is None
