"""Looks at one policy: tells in its status what it does now, and wakes the Rollouts that it is about when its windows turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from crossfade.api.policy import RolloutPolicyStatus, Violation
from crossfade.api.reading import read
from crossfade.controller.apply import Refused, Writer
from crossfade.controller.calendars import Told
from crossfade.controller.executor import World
from crossfade.controller.policies import KIND, NAMESPACE, Policy, labels
from crossfade.controller.policy_admission import PolicyAdmission
from crossfade.controller.ruling import Ruling
from crossfade.controller.store import Key, Raw, Store, namespace_of
from crossfade.controller.templates import Place
from crossfade.controller.workers import Stale
from crossfade.core.observed import Identity
from crossfade.core.policy import status
from crossfade.core.policy.matched import Closed

COUNTED_EVERY_S: Final = 5.0
"""Its counts follow the Rollouts so much later: each of thousands of changes would be a write else."""
COUNTED_PER_S: Final = 2.0
"""So many policies are counted anew in a second while Rollouts change, so that more than ten are counted less often."""


Later = Callable[[Place, float], None]
"""Have a policy looked at in so many seconds."""

DAY_S: Final = 86_400.0


class PolicyStatus:
    """One for the operator. `admission`: None for an operator of one namespace, which writes nothing of the cluster, nor statuses: it sees
    too little for that. `later`: its turn comes by that, also where a write fails and is tried again later and later.
    """

    def __init__(
        self, store: Store, world: World, ruling: Ruling, admission: PolicyAdmission | None, later: Later
    ) -> None:
        self._store = store
        self._world = world
        self._ruling = ruling
        self._admission = admission
        self._later = later
        self._closed: dict[str, frozenset[Closed]] = {}
        self._told: dict[str, tuple[object, ...]] = {}

    def is_news(self, name: str) -> bool:
        """Whether a policy has to be looked at now that it changed: not where all that changed is what we told in its status.

        Each look ends in such a change, and would bring about the next one at once.
        """
        raw = self._store.get(KIND, "", name)
        return raw is None or self._told.get(name) != _form(raw, raw.get("status") or {})

    async def __call__(self, place: Place) -> float | None:
        """Look at it; gives the seconds after which to look again, None: only when it changes.

        Raises Stale where it changed meanwhile, ApiError where the API server refused.
        """
        name = place.name
        policy, raw = self._store.policies.get(name), self._store.get(KIND, "", name)
        if policy is None or raw is None:
            self._closed.pop(name, None)
            self._told.pop(name, None)
            self._ruling.calendars.forget(name)
            return None
        told = self._ruling.calendars.of(policy)
        about = list(self._about(policy))
        self._wake(policy, told, about)
        self._later(place, self._left_s(told))
        if self._admission is None:
            return self._left_s(told)
        admitted = await self._admission.settle(raw)
        await self._tell(policy, raw, told, about, admitted.problem)
        left_s = self._left_s(told)
        return left_s if admitted.again_s is None else min(left_s, admitted.again_s)

    def _left_s(self, told: Told) -> float:
        """Seconds from now until its windows turn, a day at most: timers of months are nobody's."""
        return max(0.0, min((told.valid_until - self._ruling.now()).total_seconds(), DAY_S))

    def _about(self, policy: Policy) -> Iterator[Raw]:
        """The Rollouts that it is about, by namespace and name."""
        for raw in sorted(
            self._store.all("Rollout"), key=lambda each: (namespace_of(each), each["metadata"]["name"])
        ):
            there = self._store.namespace(namespace_of(raw))
            if there is not None and policy.is_about(labels(raw), labels(there)):
                yield raw

    def _wake(self, policy: Policy, told: Told, about: list[Raw]) -> None:
        """Whoever waits for a window knows when it opens; that it closes, only this tells.

        A new process does not know what was closed before: what takes back releases under way may be news.
        """
        closed = frozenset(told.closed)
        before = self._closed.get(policy.name)
        self._closed[policy.name] = closed
        news = any(each.in_flight == "Abort" for each in closed) if before is None else before != closed
        for raw in about if news else ():
            self._world.wake(Key(namespace_of(raw), raw["metadata"]["name"]))

    async def _tell(self, policy: Policy, raw: Raw, told: Told, about: list[Raw], admission: str) -> None:
        before = read(RolloutPolicyStatus, raw.get("status") or {}).value
        meta, world = raw["metadata"], self._world
        identity = Identity(meta["uid"], meta["resourceVersion"])
        seen = self._seen(policy, told, about, admission)
        write = status.told(
            meta["name"], identity, meta.get("generation", 0), before, seen, self._ruling.now()
        )
        if write is None:
            return
        self._told[policy.name] = _form(raw, write.body["status"])
        try:
            writer = Writer(world.cluster, self._store, world.fence, world.wake)
            await writer.write(Key("", meta["name"]), write)
        except Refused as refused:
            raise Stale(str(refused)) from refused
        world.wrote(write.verb, write.kind)

    def _seen(self, policy: Policy, told: Told, about: list[Raw], admission: str) -> status.Seen:
        return status.Seen(
            matching=len(about),
            violations=[each for raw in about for each in self._violations(policy, raw)],
            windows=told.windows,
            active=sum(bool((each.get("status") or {}).get("progress")) for each in about),
            queued=self._ruling.turnstile.queued(policy.name),
            wrong=list(status.wrong(policy.spec, policy.problem, admission)),
        )

    def _violations(self, policy: Policy, raw: Raw) -> Iterator[Violation]:
        place = {"namespace": namespace_of(raw), "rollout": raw["metadata"]["name"]}
        for each in self._ruling.judged(policy, raw):
            yield Violation(**place, rule=each.rule, message=each.message)


class Counted:
    """Has policies counted anew when a Rollout changes that they are about, or whom they are about; a listener of the store."""

    def __init__(self, store: Store, later: Later) -> None:
        self._store = store
        self._later = later

    def note(self, kind: str, _key: Key, old: Raw | None, new: Raw | None) -> None:
        """Compare it with its former self: what no policy tells of is no news. A namespace chooses anew by its labels."""
        if kind == NAMESPACE and old is not None and new is not None and labels(old) != labels(new):
            self._again(each.name for each in self._store.policies.all())
        if kind == "Rollout" and (old is None or new is None or _counts(old) != _counts(new)):
            self._again(self._about(old, new))

    def _again(self, policies: Iterable[str]) -> None:
        every_s = max(COUNTED_EVERY_S, len(self._store.policies) / COUNTED_PER_S)
        for policy in policies:
            self._later(Place(KIND, "", policy), every_s)

    def _about(self, *forms: Raw | None) -> set[str]:
        """The policies that are about a Rollout in one of its forms."""
        there = filter(None, forms)
        return {policy.name for raw in there for policy in self._store.policies_about(raw)}


def _form(raw: Raw, status: Raw) -> tuple[object, ...]:
    """A policy with this status, as far as a look goes: which one it is, and what it asks for."""
    meta = raw["metadata"]
    return meta["uid"], meta.get("generation"), status


def _counts(raw: Raw) -> tuple[object, ...]:
    """What of a Rollout a policy's status tells of."""
    meta, told = raw["metadata"], raw.get("status") or {}
    return meta.get("generation"), labels(raw), bool(told.get("progress")), told.get("waitingSince")
