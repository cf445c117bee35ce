"""The ledger of slots: fed by the store and by policies, asked by passes, and it wakes who is next.

Pure: no request, no clock. A change costs O(log n) for each limit that the Rollout counts in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from itertools import islice

from crossfade.api.policy import QUEUED_SHOWN, Queued, RolloutPolicySpec
from crossfade.controller.slots.books import Books
from crossfade.controller.slots.facts import facts_of
from crossfade.controller.slots.limits import rule_of
from crossfade.controller.slots.members import HAVE_A_SLOT, LAST, Member, State
from crossfade.controller.store import Key, Raw
from crossfade.core.moments import text_of
from crossfade.core.policy.matched import Place

NO_SLOT = Place(granted=False)


class Slots:
    """One for the operator. `wake`: queue a Rollout, since it is its turn."""

    def __init__(self, wake: Callable[[Key], None]) -> None:
        self._books = Books(wake)
        self._members = self._books.members
        self._policies = self._books.policies

    # --- what is told -----------------------------------------------------------------------------------------

    def note(self, kind: str, key: Key, _old: Raw | None, new: Raw | None) -> None:
        """Learn what a Rollout says now; a listener of the store."""
        if kind != "Rollout":
            return
        if new is None:
            self._forget(key)
            return
        member, facts = self._members.setdefault(key, Member(key)), facts_of(new)
        if facts == member.facts:
            return
        with self._books.changing(member):
            relabelled, member.facts = facts.labels != member.facts.labels, facts
            if relabelled:
                self._books.assign(member, member.policies)
            self._books.hold(member)
            member.state = member.told()

    def limit(self, policy: str, spec: RolloutPolicySpec | None) -> None:
        """A policy has come or was edited; None: it is gone, or cannot be read (then something else holds)."""
        self._books.limit(policy, rule_of(spec))

    def belong(self, key: Key, policies: Collection[str]) -> bool:
        """Which policies are about a Rollout from now on, by their names: all of them, so that `active` is right. Whether that is news."""
        wanted, member = frozenset(policies), self._members.get(key)
        if wanted == (frozenset() if member is None else member.policies):
            return False
        member = self._members.setdefault(key, Member(key))
        with self._books.changing(member):
            self._books.assign(member, wanted)
        return True

    def _forget(self, key: Key) -> None:
        member = self._members.get(key)
        if member is None:
            return
        with self._books.changing(member):
            member.state = State.RESTS
            self._books.assign(member, ())
        del self._members[key]

    # --- what a pass asks -------------------------------------------------------------------------------------

    def begin(self, key: Key) -> None:
        """A pass of a Rollout begins. Before the first one, all that is there has been told."""
        member = self._members.get(key)
        if member is not None:
            member.asked, member.offered_before = False, member.state is State.OFFERED
        self._books.open()

    def place(self, key: Key, policy: str, now: datetime) -> Place:
        """Where a Rollout stands by a policy; `granted`: its pass may begin a release as far as that goes.

        The first question of a pass asks for a slot of every policy that is about it, but for those that it bypasses and those that only
        warn. What the ledger was not told of has no slot.
        """
        member = self._members.get(key)
        if member is None or policy not in member.policies:
            return NO_SLOT
        if member.state is State.OFFERED or not member.asked:
            self._ask(member, now)
        return _place(member, policy)

    def end(self, key: Key, *, again: bool = False, unsure: bool = False) -> None:
        """The pass has ended. A slot that it did not use is free again, and the Rollout is passed over until it asks again.

        `again`: what it saw had changed meanwhile, and it is repeated at once: that keeps a slot, but not twice in a row. `unsure`:
        nobody knows whether its status was stored: that keeps it until the next pass has found out.
        """
        member = self._members.get(key)
        if member is None:
            return
        holds = member.state in {State.OFFERED, State.GRANTED}
        if holds and (unsure or (again and not member.kept)):
            member.kept = True
            return
        unused = member.state is State.GRANTED or (member.state is State.OFFERED and member.offered_before)
        vanished = member.state is State.WAITS and member.facts.since is None
        member.asked = member.kept = False
        if unused or vanished:
            with self._books.changing(member):
                member.state = member.without_slot()

    def _ask(self, member: Member, now: datetime) -> None:
        """Grant a slot where there is one of each limit; else it waits."""
        member.asked = True
        if member.state in {State.ACTIVE, State.GRANTED} or not member.facts.may_begin:
            return
        with self._books.changing(member):
            self._books.hold(member, now)
            member.since = member.since or now
            full = any(pool.is_full for pool in member.needs)
            member.state = State.WAITS if full else State.GRANTED

    # --- what policies tell -----------------------------------------------------------------------------------

    def active(self, policy: str) -> int:
        """How many of the Rollouts that a policy is about have a release under way."""
        return self._policies[policy].active if policy in self._policies else 0

    def queued(self, policy: str, most: int = QUEUED_SHOWN) -> list[Queued]:
        """Those that wait where a limit of the policy is full, the next one first, each with its place at that limit."""
        return list(islice(self._queued(policy), most)) if policy in self._policies else []

    def _queued(self, policy: str) -> Iterator[Queued]:
        for order in self._policies[policy].waiting:
            told = _place(self._members[Key(order.namespace, order.name)], policy)
            if told.active >= told.limit:
                since = None if order.since == LAST else text_of(order.since)
                yield Queued(namespace=order.namespace, rollout=order.name, place=told.place, since=since)


def _place(member: Member, policy: str) -> Place:
    """Of several limits the one at which it stands last. Those of a policy that cannot hold it are told all the same."""
    pools, has, holds = member.profile.pools[policy], member.state in HAVE_A_SLOT, policy in member.held_by
    full = [pool for pool in pools if pool.taken - has >= pool.limit]
    if not pools or member.state is State.ACTIVE or (has if holds else not full):
        return Place(granted=True)
    order = member.order or member.ordered()
    at = max(full or pools, key=lambda pool: pool.waiting.place(order))
    return Place(
        granted=False, place=at.waiting.place(order), active=at.taken - has, limit=at.limit, where=at.where
    )
