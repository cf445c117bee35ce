"""One pass: observe, decide, look where the decision asks for it and decide again, and have it carried out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from pydantic import ValidationError

from crossfade.api.conditions import ConditionType
from crossfade.api.events import EventReason
from crossfade.api.rollout import Rollout
from crossfade.api.status import CONDITIONS_LENGTH
from crossfade.cluster import ApiError
from crossfade.controller import counts, look
from crossfade.controller.counts import Change
from crossfade.controller.drops import Drops
from crossfade.controller.executor import Executor, World
from crossfade.controller.failed_logs import FailedLogs
from crossfade.controller.known import Known
from crossfade.controller.logs import about_revision
from crossfade.controller.look import Means, Whose
from crossfade.controller.observe import SETTLE_S, Observer
from crossfade.controller.reach import Reach
from crossfade.controller.revisions import known_revisions
from crossfade.controller.ruling import Ruling
from crossfade.controller.store import Key, Raw, Store
from crossfade.controller.workers import Stale
from crossfade.core import records
from crossfade.core.observed import Found, Observed
from crossfade.core.plan import Event, Plan, ReadRequest

log = logging.getLogger(__name__)

ROUNDS: Final = 8
"""How often a decision may ask to look; more is a mistake of the core, and an endless loop without a limit."""

RESTLESS: Final = 30
"""After so many passes in a row that all wrote something, passes are 1 s apart: nothing needs so many at once."""

_TYPES: Final = frozenset(ConditionType)

Decide = Callable[[Rollout, Observed, datetime], Plan]


class Unreadable(Protocol):
    """Decides about a Rollout whose spec breaks a rule, as the message says."""

    def __call__(
        self, rollout: Mapping[str, Any], message: str, now: datetime, *, namespace_terminating: bool
    ) -> Plan: ...


@dataclass(frozen=True)
class Core:
    """The two functions that decide, and the clock that they are given the time of."""

    decide: Decide
    unreadable: Unreadable
    now: Callable[[], datetime]


class Reconciler:
    """Runs passes; never two of one key at a time (the queue sees to that). `settle_s` and `checks_ports` as in `Observer`."""

    def __init__(
        self,
        store: Store,
        drops: Drops,
        core: Core,
        world: World,
        settle_s: float = SETTLE_S,
        *,
        checks_ports: bool = False,
    ) -> None:
        self._store = store
        self._drops = drops
        self._core = core
        self._cluster = world.cluster
        self._teller = world.teller
        self._executor = Executor(store, world, core.now)
        asks, ruling = world.router is not None, world.ruling or Ruling(store, core.now, world.wake)
        self._observer = Observer(store, settle_s, checks_ports=checks_ports, asks_router=asks, ruling=ruling)
        self._turnstile = ruling.turnstile
        self._known: dict[tuple[Key, str], Known] = {}
        self._measuring = world.measuring
        self._logs = FailedLogs(world.cluster, world.wake)
        self._means = Means(world.router, world.checks, Reach(world.wake), self._logs)
        self._others_failed = world.others_failed

    async def __call__(self, key: Key) -> float | None:
        """Run one pass; gives the seconds after which to look again, None: only when something changes.

        Raises Stale where the world changed meanwhile, ApiError where the API server refused.
        """
        raw = self._store.rollout(key)
        if raw is None:
            return await self._left_over(key)
        known = self._known.setdefault((key, raw["metadata"]["uid"]), Known())
        if known.unsure is not None:
            await self._executor.read_anew(key, known, known.unsure)
            return await self(key)
        with self._turnstile.passing(key, lambda: known.unsure is not None):
            try:
                return await self._pass(key, raw, known)
            except ApiError as error:
                if not error.namespace_terminating:
                    raise
                known.namespace_terminating = True
                raise Stale(str(error)) from error

    async def _left_over(self, key: Key) -> float | None:
        """Nothing is remembered of a Rollout that is gone; what was asked of it goes after a day."""
        writes, wake_s = records.left_over(self._observer.actions(key), self._core.now())
        self._forget(key)
        await self._executor.remove(key, writes)
        return 0.0 if writes else wake_s

    async def _pass(self, key: Key, raw: Raw, known: Known) -> float | None:
        dropped = self._drops.of(key)
        plan = await self._decided(key, raw, known, self._drops.ages_s(key))
        about_revision(_revision(plan.status))
        await self._tell_of_losses(key, raw, known)
        plan = self._with_what_is_to_be_told(known, raw, _with_conditions_of_others(raw, plan))
        wrote = await self._executor.carry_out(key, raw, known, plan)
        self._drops.settle(key, dropped)
        self._measuring.ask(key, raw["metadata"]["uid"], plan.asks)
        known.has_looked = True
        return self._next(known, plan, wrote=wrote)

    def _with_what_is_to_be_told(self, known: Known, raw: Raw, plan: Plan) -> Plan:
        """The plan without a status that says nothing new, or nothing but counts that are to be told a little later."""
        change = Change.NONE if plan.status is None else counts.change(raw.get("status"), plan.status)
        if change is not Change.COUNTS or plan.writes or plan.events:
            known.counts_differ_since = None
            return plan if change is not Change.NONE else replace(plan, status=None)
        now = self._core.now()
        known.counts_differ_since = known.counts_differ_since or now
        left_s = counts.left_s(known.counts_differ_since, now)
        if not left_s:
            return plan
        return replace(plan, status=None, wake_after_s=min(left_s, plan.wake_after_s or left_s))

    async def _tell_of_losses(self, key: Key, raw: Raw, known: Known) -> None:
        """Say once what is stored and cannot be used: whoever wrote it believes that it counts."""
        lost = self._observer.lost(key)
        news, known.lost = sorted(lost - known.lost), lost
        if news:
            what = f"as if absent, since it cannot be used: {', '.join(news)}"
            log.warning("stored values count %s", what)
            await self._teller.tell(raw, [Event("Warning", EventReason.STORED_VALUE_LOST, f"counts {what}")])

    def _forget(self, key: Key) -> None:
        self._drops.forget(key)
        self._measuring.forget(key)
        self._observer.forget(key)
        self._means.reach.forget(key)
        self._logs.forget(key)
        self._known = {place: known for place, known in self._known.items() if place[0] != key}

    async def _decided(self, key: Key, raw: Raw, known: Known, dropped: Mapping[str, float]) -> Plan:
        spec_error = ""
        try:
            rollout = self._observer.rollout(key, raw)
        except ValidationError as error:
            spec_error, kept = _readable(error), self._observer.salvaged(key, raw)
            if kept is None:
                going = await self._is_terminating(key, raw)
                return self._core.unreadable(raw, spec_error, self._core.now(), namespace_terminating=going)
            rollout = kept
        terminating = known.namespace_terminating or await self._is_terminating(key, raw)
        seen = self._observer.observed(key, raw, dropped, namespace_terminating=terminating)
        measured = self._measuring.of(key, raw["metadata"]["uid"])
        seen = replace(
            seen,
            spec_error=spec_error,
            refused=known.refusals.told(),
            first_look=not known.has_looked,
            measured=measured,
            others_failed=self._others_failed(key),
        )
        whose = Whose(key, raw["metadata"]["uid"], known_revisions(self._store, key))
        found = await self._contested(whose, known)
        if known.refusal:
            found, known.refusal = replace(found, refusal=known.refusal), ""
        for _ in range(ROUNDS):
            plan = self._core.decide(rollout, replace(seen, found=found), self._core.now())
            if plan.read is None:
                return plan
            found = await self._answered(whose, known, plan.read, replace(seen, found=found))
        raise RuntimeError(f"the decision asks to look again after {ROUNDS} rounds: {plan.read}")

    async def _answered(self, whose: Whose, known: Known, asked: ReadRequest, seen: Observed) -> Found:
        try:
            return await look.answer(self._cluster, whose, asked, seen, self._means)
        except ApiError as error:
            known.note(error)
            raise Stale(str(error)) from error

    async def _is_terminating(self, key: Key, raw: Raw) -> bool:
        """Asked only of a Rollout that is being deleted; else the refusal of a create tells."""
        if not raw["metadata"].get("deletionTimestamp"):
            return False
        namespace = await self._cluster.get("Namespace", None, key.namespace)
        return namespace is None or bool(namespace["metadata"].get("deletionTimestamp"))

    async def _contested(self, whose: Whose, known: Known) -> Found:
        """Look at the objects whose names were taken when we wanted them; forget those that are gone or ours."""
        if not (known.services or known.deployments):
            return Found()
        services = await look.services(self._cluster, whose, known.services)
        deployments = await look.deployments(self._cluster, whose, known.deployments)
        known.services = {name for name, seen in services.items() if seen and not seen.ours}
        known.deployments = {name for name, seen in deployments.items() if seen and not seen.ours}
        return Found(services=services, deployments=deployments)

    def _next(self, known: Known, plan: Plan, *, wrote: bool) -> float | None:
        """After a write, look again at once: its answer is in the store, and no event will tell of it.

        So it is after a refusal that is news, which the status is to tell; what was refused is asked for again later.
        """
        again = wrote or known.refusal_is_news
        answering = any(write.kind == "RolloutAction" for write in plan.writes)  # there are only so many
        known.writing_passes = known.writing_passes + 1 if again and not answering else 0
        if not again:
            waits_s = (plan.wake_after_s, known.refusals.left_s(self._core.now()))
            return min((each for each in waits_s if each is not None), default=None)
        if known.writing_passes == RESTLESS:
            log.warning("%d passes in a row wrote something, the last one for %s", RESTLESS, plan.reason)
        return 0.0 if known.writing_passes < RESTLESS else 1.0


def _with_conditions_of_others(raw: Raw, plan: Plan) -> Plan:
    """The plan with those conditions in its status that are not Crossfade's: whoever wrote them finds them again."""
    stored = (raw.get("status") or {}).get("conditions") or []
    others = [condition for condition in stored if condition.get("type") not in _TYPES]
    if plan.status is None or not others:
        return plan
    ours = [c for c in plan.status.get("conditions") or [] if c.get("type") in _TYPES]
    room = CONDITIONS_LENGTH - len(ours)  # the API server refuses a longer list, and with it the whole status
    return replace(plan, status={**plan.status, "conditions": [*ours, *others[:room]]})


def _revision(status: Mapping[str, Any] | None) -> str:
    """The revision that a pass is about: the candidate, else stable."""
    sides = [(status or {}).get(side) or {} for side in ("candidate", "stable")]
    return next((side["revision"] for side in sides if side.get("revision")), "")


def _readable(error: ValidationError) -> str:
    """All that is wrong with a spec, each with its place in wire names."""
    return "; ".join(
        f"spec.{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" if one["loc"] else one["msg"]
        for one in error.errors(include_url=False)
    )
