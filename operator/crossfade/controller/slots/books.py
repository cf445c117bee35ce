"""How the ledger is kept: whoever changes is taken out, changed, and put in again, and then those whose turn has come get their slots."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

from crossfade.controller.slots.lanes import Lanes, Pool
from crossfade.controller.slots.limits import UNLIMITED, Limited, Profiles, Rule, needed
from crossfade.controller.slots.line import Line
from crossfade.controller.slots.members import HAVE_A_SLOT, QUEUED, Member, State
from crossfade.controller.store import Key
from crossfade.core.policy.bypasses import ends


class Books:
    """All Rollouts, policies and slots. Until `open` nobody is offered a slot: not all is known yet."""

    def __init__(self, wake: Callable[[Key], None]) -> None:
        self._wake = wake
        self.members: dict[Key, Member] = {}
        self.policies: dict[str, Limited] = {}
        self.profiles = Profiles()
        self.lanes = Lanes()
        self._is_open = False

    def open(self) -> None:
        """All that was there is known: let in who waits and may be."""
        if not self._is_open:
            self._is_open = True
            self._offer({pool for member in self.members.values() for pool in member.profile.every})

    @contextmanager
    def changing(self, *members: Member) -> Iterator[None]:
        """Take Rollouts out, let them be changed, put them in again, and let in who is next by that."""
        had_any = [member for member in members if member.state is not State.RESTS]
        freed = {pool for member in had_any for pool in member.profile.every}
        for member in members:
            self._leave(member)
        yield
        for member in members:
            self._enter(member)
        self._offer(freed)

    def assign(self, member: Member, policies: Collection[str]) -> None:
        """These policies are about it, and it counts in their pools, as its labels and their limits are now. Only while it is out."""
        before = tuple(member.policies)
        for policy in policies:
            self._know(policy).members += 1
        self._count_in(member, policies)
        for policy in before:
            self.policies[policy].members -= 1
            self._drop_unused(policy)

    def _count_in(self, member: Member, policies: Collection[str]) -> None:
        rules = {policy: self.policies[policy].rule for policy in policies}
        self.profiles.let_go(member.profile)
        member.profile = self.profiles.take_up(member.key, member.facts.labels, rules)
        self.hold(member)

    def hold(self, member: Member, now: datetime | None = None) -> None:
        """Find out what can hold it: no policy that it bypasses (`now` None: by all that it says). Only while it is out."""
        profile = member.profile
        passed = set(self._passed(member, now))
        member.held_by, member.needs = profile.held_by, profile.needs
        if not passed.isdisjoint(profile.held_by):
            member.held_by = tuple(name for name in profile.held_by if name not in passed)
            member.needs = needed(profile.pools, member.held_by)

    def _passed(self, member: Member, now: datetime | None) -> Iterator[str]:
        """The policies that it bypasses, as far as these let it."""
        for policy, at, until in member.facts.bypasses:
            limited = self.policies.get(policy)
            end = ends(at, until, limited.rule.glass if limited is not None else None)
            if end is not None and (now is None or end > now):
                yield policy

    def _know(self, policy: str) -> Limited:
        """A policy; one that nothing was told of limits nothing."""
        return self.policies.setdefault(policy, Limited())

    def limit(self, policy: str, rule: Rule) -> None:
        """A policy limits by another rule than before."""
        limited = self._know(policy)
        if rule != limited.rule:
            about = [
                (each, tuple(each.policies)) for each in self.members.values() if policy in each.policies
            ]
            members = [member for member, _ in about]
            with self.changing(*members):
                for member in members:
                    self._count_in(member, ())
                limited.rule = rule
                for member, policies in about:
                    self._count_in(member, policies)
        self._drop_unused(policy)

    def _drop_unused(self, policy: str) -> None:
        """Forget a policy that limits nothing and is about nobody."""
        limited = self.policies.get(policy)
        if limited is not None and not limited.members and limited.rule == UNLIMITED:
            del self.policies[policy]

    def _leave(self, member: Member) -> None:
        if member.state in HAVE_A_SLOT:
            self._take(member, -1)
        if member.order is not None:
            for line in self._lines(member):
                line.discard(member.order)
            if member.state is State.WAITS:
                self.lanes.discard(member.needs, member.order)
        member.order = None

    def _enter(self, member: Member) -> None:
        if member.state in HAVE_A_SLOT:
            self._take(member, 1)
        if member.state in QUEUED:
            member.order = member.ordered()
            for line in self._lines(member):
                line.add(member.order)
            if member.state is State.WAITS:
                self.lanes.add(member.needs, member.order)
        if member.state in {State.RESTS, State.ACTIVE}:
            member.since = None

    def _take(self, member: Member, slots: int) -> None:
        for pool in member.profile.every:
            pool.taken += slots
        if member.state is State.ACTIVE:
            for policy in member.policies:
                self.policies[policy].active += slots

    def _lines(self, member: Member) -> Iterator[Line]:
        """Those that it has a place in while it waits."""
        yield from (pool.waiting for pool in member.needs)
        yield from (self.policies[policy].waiting for policy in member.held_by)

    def _offer(self, freed: Collection[Pool]) -> None:
        """Keep a slot for each one whose turn has come, and wake it."""
        while self._is_open and (order := self.lanes.next(freed)) is not None:
            member = self.members[Key(order.namespace, order.name)]
            self._leave(member)
            member.state = State.OFFERED
            self._enter(member)
            self._wake(member.key)
