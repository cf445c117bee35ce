"""The limits of policies (`concurrency`), and in which of their pools a Rollout counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.policy_rules import BreakGlass, Concurrency
from crossfade.controller.slots.lanes import Pool
from crossfade.controller.slots.line import Line
from crossfade.controller.store import Key
from crossfade.core.policy.bypasses import glass_of
from crossfade.core.policy.matched import mode_of


class Group(NamedTuple):
    """Rollouts that one limit counts together: all, those of a namespace, or those with a label's value (None: without it)."""

    policy: str
    by: str
    value: str | None = None


class Rule(NamedTuple):
    """What a policy says of slots. `holds`: whether one without a slot waits, or is only warned of. `glass`: how it may be passed."""

    concurrency: Concurrency = Concurrency()
    holds: bool = True
    glass: BreakGlass = BreakGlass()


UNLIMITED: Final = Rule()


def rule_of(spec: RolloutPolicySpec | None) -> Rule:
    """What a policy says; a policy that is gone, or cannot be read, limits nothing here (then something else holds)."""
    if spec is None or spec.concurrency is None:
        return UNLIMITED
    return Rule(spec.concurrency, mode_of(spec, "concurrency") == "Enforce", glass_of(spec))


def groups_of(
    policy: str, limits: Concurrency, key: Key, labels: Mapping[str, str]
) -> Iterator[tuple[Group, int, str]]:
    """The groups that a Rollout is in by a policy, each with its limit and in words."""
    if limits.max_active_per_namespace is not None:
        yield (
            Group(policy, "namespace", key.namespace),
            limits.max_active_per_namespace,
            f"in namespace {key.namespace}",
        )
    if limits.per_label is not None:
        name, value = limits.per_label.key, labels.get(limits.per_label.key)
        where = f"without label {name}" if value is None else f"with {name}={value}"
        yield Group(policy, "label", value), limits.per_label.max_active, where
    if limits.max_active is not None:
        yield Group(policy, "cluster"), limits.max_active, "in the cluster"


@dataclass(slots=True)
class Limited:
    """A policy that is about `members` Rollouts, `active` of them with a release under way. `waiting`: those that it holds or may hold."""

    rule: Rule = UNLIMITED
    members: int = 0
    active: int = 0
    waiting: Line = field(default_factory=Line)


@dataclass(eq=False, slots=True)
class Profile:
    """What Rollouts have in common that the same policies are about and that count in the same pools; `members` of them.

    `pools`: those pools by policy, `every`: all of them, `needs`: those that can hold them, `held_by`: the policies of these.
    """

    pools: dict[str, tuple[Pool, ...]]
    every: tuple[Pool, ...] = ()
    needs: tuple[Pool, ...] = ()
    held_by: tuple[str, ...] = ()
    members: int = 0


NO_PROFILE: Final = Profile({})


class _Sort(NamedTuple):
    """What a profile follows from, as long as the rules of its policies are the same."""

    policies: tuple[str, ...]
    namespace: str
    values: tuple[str | None, ...]


class Profiles:
    """The profiles and pools that there are, each as long as a Rollout has it: those of one namespace and team share theirs."""

    def __init__(self) -> None:
        self._profiles: dict[_Sort, Profile] = {}
        self._sorts: dict[Profile, _Sort] = {}
        self._pools: dict[Group, Pool] = {}
        self._users: Counter[Group] = Counter()
        self._groups: dict[Profile, tuple[Group, ...]] = {}

    def take_up(self, key: Key, labels: Mapping[str, str], policies: Mapping[str, Rule]) -> Profile:
        """The profile of a Rollout with these labels, for it to have. A rule must not change while a Rollout has one that follows from it."""
        if not policies:
            return NO_PROFILE
        names = tuple(sorted(policies))
        sort = _Sort(names, key.namespace, tuple(_values(labels, (policies[name] for name in names))))
        profile = self._profiles.get(sort)
        if profile is None:
            profile = self._profiles[sort] = self._made(key, labels, {name: policies[name] for name in names})
            self._sorts[profile] = sort
        profile.members += 1
        return profile

    def let_go(self, profile: Profile) -> None:
        """One Rollout has it no more."""
        if profile is NO_PROFILE:
            return
        profile.members -= 1
        if not profile.members:
            del self._profiles[self._sorts.pop(profile)]
            for group in self._groups.pop(profile):
                self._users[group] -= 1
                if not self._users[group]:
                    del self._users[group], self._pools[group]

    def _made(self, key: Key, labels: Mapping[str, str], policies: Mapping[str, Rule]) -> Profile:
        groups: list[Group] = []
        pools: dict[str, tuple[Pool, ...]] = {}
        for name, rule in policies.items():
            found = list(groups_of(name, rule.concurrency, key, labels))
            pools[name] = tuple(
                self._pools.setdefault(group, Pool(limit, where)) for group, limit, where in found
            )
            groups.extend(group for group, _, _ in found)
        held_by = tuple(name for name, rule in policies.items() if rule.holds and pools[name])
        every = tuple(pool for name in policies for pool in pools[name])
        profile = Profile(pools, every, needed(pools, held_by, every), held_by)
        self._users.update(groups)
        self._groups[profile] = tuple(groups)
        return profile

    def __len__(self) -> int:
        """How many pools there are."""
        return len(self._pools)


def needed(
    pools: Mapping[str, tuple[Pool, ...]], held_by: Iterable[str], every: tuple[Pool, ...] = ()
) -> tuple[Pool, ...]:
    """The pools of these policies; `every` itself, where it is the same."""
    needs = tuple(pool for name in held_by for pool in pools[name])
    return every if needs == every else needs


def _values(labels: Mapping[str, str], rules: Iterable[Rule]) -> Iterator[str | None]:
    """Of the labels, those that limits go by."""
    for rule in rules:
        if rule.concurrency.per_label is not None:
            yield labels.get(rule.concurrency.per_label.key)
