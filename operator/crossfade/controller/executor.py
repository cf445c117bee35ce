"""Carries out what a pass decided: the status first, then the writes in order, then what is to be told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crossfade.cluster import ApiError, Cluster
from crossfade.controller import counts, look
from crossfade.controller.apply import Refused, Writer
from crossfade.controller.checking import Checks
from crossfade.controller.checking import nobody as unchecked
from crossfade.controller.counts import Change
from crossfade.controller.events import Teller
from crossfade.controller.known import Known
from crossfade.controller.look import Sent
from crossfade.controller.measuring import Measuring, nobody
from crossfade.controller.ruling import Ruling
from crossfade.controller.seen import identity_of
from crossfade.controller.store import Key, Raw, Store
from crossfade.controller.workers import Stale
from crossfade.core.observed import Failure
from crossfade.core.plan import Plan, Verb, Write

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class World:
    """How a pass reaches out: `fence` is asked before each write, `wrote` is told of each by verb and kind.

    `wake` queues a Rollout that an answer is news for. `router`: what the routers' own metrics say; None where nobody asks.
    `measuring`: whoever measures what decisions ask for. `checks`: whoever says whether expressions and queries can be used.
    `others_failed`: which other Rollouts failed lately. `ruling`: what policies are for a Rollout now; None: there is one of its
    own.
    """

    cluster: Cluster
    teller: Teller
    fence: Callable[[], None]
    wrote: Callable[[str, str], None]
    wake: Callable[[Key], None] = lambda _key: None
    router: Sent | None = None
    measuring: Measuring = field(default_factory=lambda: Measuring(nobody, lambda _key: None))
    checks: Checks = unchecked
    others_failed: Callable[[Key], tuple[Failure, ...]] = lambda _key: ()
    ruling: Ruling | None = None


class Executor:
    """Writes and tells. A write that the API server refuses holds up nothing but what needs it."""

    def __init__(self, store: Store, world: World, now: Callable[[], datetime]) -> None:
        self._store = store
        self._world = world
        self._now = now

    async def carry_out(self, key: Key, raw: Raw, known: Known, plan: Plan) -> bool:
        """Write and tell; gives whether anything was written. A write that fails ends it, with Stale or ApiError."""
        told = () if plan.status is None else (_status_write(raw, plan.status),)
        writes = (*told, *plan.writes)
        done: list[str] = []
        known.untold, known.refusal_is_news = plan.events, False
        known.refusals.keep(writes)
        try:
            await self._write_all(key, raw, known, writes, done)
        finally:
            if done:
                log.info("%s: %s", plan.reason, ", ".join(done), extra={"reason": plan.reason})
            if done or not writes:  # with the status not stored, the next pass comes to the same events
                await self._world.teller.tell(raw, plan.events)
        return bool(done)

    async def remove(self, key: Key, writes: tuple[Write, ...]) -> None:
        """Delete what is left of a Rollout that is gone. Raises Stale where something was changed meanwhile."""
        writer = self._writer()
        for write in writes:
            try:
                await writer.write(key, write)
            except Refused as refused:
                raise Stale(str(refused)) from refused
            self._world.wrote(write.verb, write.kind)

    async def read_anew(self, key: Key, known: Known, write: Write) -> None:
        """Learn what came of a write without an answer. A status that was stored after all tells what it was to tell."""
        await self._writer().read(key, write)
        known.unsure = None
        raw = self._store.rollout(key)
        if raw is None or write.verb is not Verb.STATUS:
            return
        if counts.change(raw.get("status"), write.body["status"]) is Change.NONE:
            await self._world.teller.tell(raw, known.untold)

    def _writer(self) -> Writer:
        return Writer(self._world.cluster, self._store, self._world.fence, self._world.wake)

    async def _write_all(
        self, key: Key, raw: Raw, known: Known, writes: tuple[Write, ...], done: list[str]
    ) -> None:
        """Write in order, and note in `done` what was. After a refusal its object gets nothing more in this pass."""
        writer, generation = self._writer(), raw["metadata"].get("generation", 0)
        refused: set[tuple[str, str]] = set()
        for write in (each for each in writes if not known.is_futile(each)):
            place = write.kind, write.name
            waits = place in refused or known.refusals.waits(write, generation, self._now())
            if waits or not await self._write(writer, key, known, write, generation):
                if write.needed:
                    return
                refused.add(place)
                continue
            self._world.wrote(write.verb, write.kind)
            done.append(f"{write.verb} {write.kind}/{write.name}")

    async def _write(self, writer: Writer, key: Key, known: Known, write: Write, generation: int) -> bool:
        """Send one write; False where the API server says no to it and to nothing else."""
        known.unsure = write
        try:
            changed = await writer.write(key, write)
        except Refused as refused:
            known.unsure = None
            if write.verb is Verb.CREATE and refused.error.already_exists:
                taken = {"Service": known.services, "Deployment": known.deployments}
                taken.get(write.kind, set()).add(write.name)
            raise Stale(str(refused)) from refused
        except ApiError as error:
            known.unsure = write if error.unsure else None
            self._refused(known, write, error, generation)
            return False
        known.unsure = None
        known.refusals.forget(write)
        known.futile.pop((write.kind, write.name), None)
        if not changed:
            known.futile[write.kind, write.name] = write
        return True

    def _refused(self, known: Known, write: Write, error: ApiError, generation: int) -> None:
        """Remember why; raises where that ends the pass.

        A Deployment that is not taken has a way of its own, and a status that is not taken cannot be told in the status.
        """
        if not look.refuses(error) or (write.verb is Verb.STATUS and write.kind == "Rollout"):
            known.note(error)
            raise Stale(str(error)) from error
        if write.verb is Verb.CREATE and write.kind == "Deployment":
            known.refusal = error.message
            raise Stale(str(error)) from error
        if known.refusals.note(write, error.message, generation, self._now()):
            known.refusal_is_news = True
            log.warning("the API server refuses: %s %s/%s: %s", write.verb, write.kind, write.name, error)


def _status_write(raw: Raw, status: Mapping[str, Any] | None) -> Write:
    return Write(Verb.STATUS, "Rollout", raw["metadata"]["name"], {"status": status}, identity_of(raw))
