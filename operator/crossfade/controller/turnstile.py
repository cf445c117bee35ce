"""Lets a release begin where every policy that is about it has a slot: keeps the ledger of slots up with policies, and asks it in passes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from crossfade.api.conditions import Phase
from crossfade.api.policy import Queued
from crossfade.controller.policies import Policy, labels
from crossfade.controller.slots import Slots
from crossfade.controller.store import Key, Raw, Store
from crossfade.controller.workers import Stale
from crossfade.core.policy.matched import Place

NOT_ASKED: Final = Place(granted=False)


class Turnstile:
    """One for the operator. `wake`: queue a Rollout, since it is its turn."""

    def __init__(self, store: Store, now: Callable[[], datetime], wake: Callable[[Key], None]) -> None:
        self._store = store
        self._now = now
        self._slots = Slots(wake)
        self._versions: dict[str, str] = {}
        self._has_begun = False
        store.listen(self._slots.note)
        store.listen(self._note)
        store.policies.listen(self._changed)

    @contextmanager
    def passing(self, key: Key, unsure: Callable[[], bool]) -> Iterator[None]:
        """A pass runs. `unsure`: whether nobody knows, at its end, what was stored."""
        self._catch_up(key)
        self._slots.begin(key)
        again = False
        try:
            yield
        except Stale:
            again = True
            raise
        finally:
            self._slots.end(key, again=again, unsure=unsure())

    def place(self, key: Key, policy: Policy) -> Place | None:
        """Where a Rollout stands, and a slot for this pass where there is one; None where the policy has no limit.

        What is certainly at rest does not ask: for the time of its pass it would keep a slot from others.
        """
        if policy.spec is None or policy.spec.concurrency is None:
            return None
        return NOT_ASKED if self._rests(key) else self._slots.place(key, policy.name, self._now())

    def queued(self, policy: str) -> list[Queued]:
        """Those that wait for their turn by a policy, the next one first."""
        return self._slots.queued(policy)

    def _rests(self, key: Key) -> bool:
        """Whether nothing but a change of its spec, or an action, could begin a release, and there is none."""
        raw = self._store.rollout(key) or {"metadata": {}}
        spec, status = raw.get("spec") or {}, raw.get("status") or {}
        healthy = status.get("phase") == Phase.HEALTHY and not status.get("waitingSince")
        current = status.get("observedGeneration") == raw["metadata"].get("generation")
        asked = any(not action.get("status") for action in self._store.children("RolloutAction", key))
        return healthy and current and not asked and not spec.get("workloadRef")

    # --- what the ledger is told ------------------------------------------------------------------------------

    def _note(self, kind: str, key: Key, old: Raw | None, new: Raw | None) -> None:
        """A Rollout has come, or has other labels; a listener of the store."""
        news = new is not None and (old is None or labels(old) != labels(new))
        if kind == "Rollout" and news and self._has_begun:
            self._tell(key)

    def _changed(self, name: str) -> None:
        """A policy has come, changed or gone. Nothing but its spec says whom it is about, and how many may run."""
        policy = self._store.policies.get(name)
        version = policy.version if policy is not None else ""
        if self._versions.get(name, "") == version:
            return
        self._versions[name] = version
        if policy is None:
            del self._versions[name]
        self._slots.limit(name, policy.spec if policy is not None else None)
        if self._has_begun:
            self._tell_of(self._store.rollouts())

    def _catch_up(self, key: Key) -> None:
        """Before the first pass the ledger is told all. Later a namespace may have other labels, and nobody tells of that: all that are in it
        are looked at before one of them asks.
        """
        if not self._has_begun:
            self._tell_all()
        elif self._tell(key):
            self._tell_of(each for each in self._store.rollouts() if each.namespace == key.namespace)

    def _tell_all(self) -> None:
        for policy in self._store.policies.all():
            self._changed(policy.name)
        for key in tuple(self._store.rollouts()):
            self._slots.note("Rollout", key, None, self._store.rollout(key))
            self._tell(key)
        self._has_begun = True

    def _tell_of(self, keys: Iterable[Key]) -> None:
        for key in tuple(keys):
            self._tell(key)

    def _tell(self, key: Key) -> bool:
        """Whether other policies are about it than the ledger knew of."""
        raw = self._store.rollout(key)
        if raw is None:
            return False
        return self._slots.belong(key, [each.name for each in self._store.policies_about(raw)])
