"""Rollouts that want to be released, and passes that ask the ledger of slots: as statuses and passes of the operator are, without one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crossfade.api.policy import RolloutPolicySpec
from crossfade.controller.slots import Slots
from crossfade.controller.store import Key
from crossfade.core.moments import text_of
from crossfade.core.policy.matched import Place

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
Raw = dict[str, Any]


class World:
    """Stored Rollouts and policies, a ledger that is told of them, and whoever it woke."""

    def __init__(self) -> None:
        self.now = NOW
        self.stored: dict[Key, Raw] = {}
        self.specs: dict[str, RolloutPolicySpec] = {}
        self.about: dict[Key, set[str]] = {}
        self.start_anew()

    def start_anew(self, order: Sequence[Key] | None = None) -> None:
        """Another process: it is told what is stored, in any order."""
        self.woken: list[Key] = []
        self.slots = Slots(self.wake)
        for name, spec in self.specs.items():
            self.slots.limit(name, spec)
        for key in order or list(self.stored):
            self.slots.belong(key, self.about[key])
            self.slots.note("Rollout", key, None, self.stored[key])

    def wake(self, key: Key) -> None:
        """The ledger has called: it is the turn of this one."""
        self.woken.append(key)

    # --- what people and the cluster do -----------------------------------------------------------------------

    def policy(self, name: str = "calm", *, mode: str = "Enforce", **concurrency: Any) -> None:
        """A policy comes or is edited; one that is new is about all Rollouts that there are."""
        spec = {"enforcement": mode, "concurrency": concurrency}
        new = name not in self.specs
        self.specs[name] = RolloutPolicySpec.model_validate(spec)
        self.slots.limit(name, self.specs[name])
        for key in self.stored if new else ():
            self.concerns(key, name)

    def concerns(self, key: Key, *policies: str) -> None:
        """These policies too are about a Rollout."""
        self.about[key] |= set(policies)
        self.slots.belong(key, self.about[key])

    def have(self, name: str, namespace: str = "ns", *, priority: int = 0, **labels: str) -> Key:
        """A Rollout at rest, of which all policies are that there are."""
        key = Key(namespace, name)
        meta = {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "creationTimestamp": text_of(self.now),
        }
        self.about[key] = set(self.specs)
        self.slots.belong(key, self.about[key])
        self.store(key, {"metadata": meta, "spec": {"priority": priority}, "status": {}})
        return key

    def store(self, key: Key, raw: Raw) -> None:
        """The API server has another form of it."""
        old = self.stored.get(key)
        self.stored[key] = raw
        self.slots.note("Rollout", key, old, raw)

    def edit(self, key: Key, **changes: Any) -> None:
        """Somebody edits its spec."""
        raw = self.stored[key]
        self.store(key, {**raw, "spec": {**raw["spec"], **changes}})

    def label(self, key: Key, **labels: str) -> None:
        """Somebody edits its labels."""
        raw = self.stored[key]
        self.store(key, {**raw, "metadata": {**raw["metadata"], "labels": labels}})

    def tell(self, key: Key, **changes: Any) -> None:
        """Its status says something else; what is None is gone from it."""
        raw = self.stored[key]
        status = {name: value for name, value in {**raw["status"], **changes}.items() if value is not None}
        self.store(key, {**raw, "status": status})

    def delete(self, key: Key) -> None:
        """It is gone."""
        old = self.stored.pop(key)
        del self.about[key]
        self.slots.note("Rollout", key, old, None)

    def is_being_deleted(self, key: Key) -> None:
        """Somebody deletes it, and something keeps it for now."""
        raw = self.stored[key]
        self.store(key, {**raw, "metadata": {**raw["metadata"], "deletionTimestamp": text_of(self.now)}})

    def passes_by(self, seconds: float = 1) -> None:
        """Time goes by."""
        self.now += timedelta(seconds=seconds)

    # --- what passes do ---------------------------------------------------------------------------------------

    def asks(self, key: Key) -> bool:
        """A pass begins and asks; gives whether no policy holds it."""
        self.slots.begin(key)
        return all(place.granted for place in self.places(key).values())

    def places(self, key: Key) -> dict[str, Place]:
        """Where it stands by each policy; the first question asks for a slot."""
        return {policy: self.slots.place(key, policy, self.now) for policy in sorted(self.about[key])}

    def begins(self, key: Key) -> None:
        """The pass stores that a release has begun."""
        self.tell(key, progress={"revision": "v2"}, waitingSince=None)

    def waits(self, key: Key) -> None:
        """The pass stores that it waits."""
        self.tell(key, waitingSince=self.stored[key]["status"].get("waitingSince") or text_of(self.now))

    def tries(self, key: Key) -> bool:
        """A whole pass of one that is to be released and that nothing else holds; gives whether it began."""
        granted = self.asks(key)
        if granted:
            self.begins(key)
        else:
            self.waits(key)
        self.slots.end(key)
        return granted

    def ends(self, key: Key) -> None:
        """Its release ends."""
        self.tell(key, progress=None)

    def taken_turns(self) -> list[Key]:
        """Those that were woken since the last time, each of which has its pass now and begins."""
        woken, self.woken = self.woken, []
        assert [key for key in woken if not self.tries(key)] == []
        return woken
