"""Lets one process of several work: whoever holds the Lease, renewed every second by a thread of its own.

The times are client-go's, shortened (15/10/2 s there), since a rollback must not wait for a dead leader: a new one
takes over at most 7 s after the old one's last renewal, and the old one writes nothing after 4 s without one. All waiting is
by a clock that runs on while the machine is suspended; clocks of other machines are never read.

Why two never write, whatever comes between:

| what happens | why no two write |
|---|---|
| a burst of work makes the event loop late | the thread renews by a connection of its own |
| the event loop hangs | it writes nothing; after `HANGS_S` without a sign of life the thread renews no more, and another process takes over |
| the process is stopped (SIGSTOP), or its machine suspended | the time counts, and the first thing that it does before a write is to look (`fence`) |
| a renewal is late, or its answer is | the time counts from before the request |
| somebody deletes the Lease, or takes its holder's name out | the holder takes it again with its next renewal. Another one that was quicker waits for 4 s before it writes, in which the holder finds that out and ends |
| it is stopped between the look and the write | the one write that was on its way may land late: it names the version that was seen, or makes an object by a name that is the same for every leader, so the API server refuses it where somebody else has written since |
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from crossfade.cluster import ApiError
from crossfade.controller.store import Raw

log = logging.getLogger(__name__)

HANGS_S: Final = 10.0
"""An event loop that has shown no sign of life for so long hangs. A burst of 2,000 updates makes it 4 s late at most (measured)."""

LEASE_S: Final = 6
RENEW_WITHIN_S: Final = 4.0
RETRY_S: Final = 1.0
GIVEN_BACK_S: Final = 1
"""The duration of a Lease that its holder gave back; client-go writes the same."""
WRITTEN: Final = frozenset({404, 409})
"""Statuses of a renewal that say that somebody else has written it, or deleted it."""


class Leases(Protocol):
    """The part of a Cluster that an election needs."""

    async def get(self, kind: str, namespace: str | None, name: str) -> Raw | None:
        """Read one object; None where there is none."""

    async def create(self, kind: str, namespace: str | None, body: Mapping[str, Any]) -> Raw:
        """Make it; gives it as stored."""

    async def replace(self, kind: str, namespace: str | None, name: str, body: Mapping[str, Any]) -> Raw:
        """Put it in place of the version that `body` names; gives it as stored."""


class Lost(Exception):  # noqa: N818 -- not an error of this process, but the end of it
    """This process does not hold the Lease any more, or cannot know."""


class Election:
    """One candidate for the Lease `name`. `clock` gives seconds that only grow, `identity` is unique to this process.

    `alive`: whether this process does what it holds the Lease for; it is renewed only then.
    """

    def __init__(
        self,
        leases: Leases,
        namespace: str,
        name: str,
        identity: str,
        clock: Callable[[], float],
        alive: Callable[[], bool] = lambda: True,
    ) -> None:
        self._leases = leases
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._clock = clock
        self._alive = alive
        self._lease: Raw | None = None  # ours, as last written
        self._leaving = False
        self._renewed_s = float("-inf")
        self._holds_from_s = float("-inf")
        self._seen_version = ""
        self._seen_since_s = 0.0

    @property
    def held(self) -> bool:
        """Whether this process may write: nobody else can have taken the Lease yet."""
        return self._clock() - self._renewed_s < RENEW_WITHIN_S and self._clock() >= self._holds_from_s

    def fence(self) -> None:
        """Raise Lost where `held` is false: the last look before each write, e.g. after the process was frozen."""
        if not self.held:
            raise Lost(f"the Lease {self._name} was not renewed for {RENEW_WITHIN_S:g} s")

    async def acquire(self) -> None:
        """Wait until the Lease is held."""
        while True:
            if await self.attempt():
                break
            await asyncio.sleep(RETRY_S)
        log.info("holding the Lease %s/%s as %s", self._namespace, self._name, self._identity)

    async def keep(self) -> None:
        """Renew for ever; raises Lost."""
        while True:
            await asyncio.sleep(RETRY_S)
            if not self._alive():
                self._renewed_s = float("-inf")
                raise Lost(f"the event loop has stood still for {HANGS_S:g} s")
            left_s = max(0.0, RENEW_WITHIN_S - (self._clock() - self._renewed_s))
            try:
                async with asyncio.timeout(left_s):
                    await self.attempt()
            except TimeoutError:
                log.warning("the Lease could not be renewed in time")
            self.fence()

    async def attempt(self) -> bool:
        """Take or renew the Lease, if possible; whether this process holds it now. One that is given back is not taken again."""
        if self._leaving:
            return False
        asked_s = (
            self._clock()
        )  # before the request: a slow answer must not lengthen the time that we hold it
        try:
            written = await self._renew() if self._lease is not None else await self._take()
        except ApiError as error:
            lost, self._lease = self._lease is not None and error.status in WRITTEN, None  # look anew
            log.warning("cannot write the Lease %s/%s: %s", self._namespace, self._name, error)
            return lost and await self.attempt()
        if written is None:
            return False
        self._lease, self._renewed_s = written, asked_s
        return self.held

    async def release(self) -> None:
        """Let the next one have it at once."""
        self._leaving = True
        if self._lease is None:
            return
        spec = {
            **self._lease["spec"],
            "holderIdentity": "",
            "leaseDurationSeconds": GIVEN_BACK_S,
            "renewTime": _now(),
        }
        try:
            await self._leases.replace("Lease", self._namespace, self._name, {**self._lease, "spec": spec})
        except ApiError as error:
            log.warning("could not release the Lease: %s", error)
        self._lease, self._renewed_s = None, float("-inf")

    async def _renew(self) -> Raw | None:
        lease = self._lease or {}
        spec = {**lease["spec"], "renewTime": _now()}
        return await self._leases.replace("Lease", self._namespace, self._name, {**lease, "spec": spec})

    async def _take(self) -> Raw | None:
        lease = await self._leases.get("Lease", self._namespace, self._name)
        if lease is None:
            self._wait_for_another()
            body = {"metadata": {"name": self._name}, "spec": self._spec(0)}
            return await self._leases.create("Lease", self._namespace, body)
        spec = lease.get("spec") or {}
        if spec.get("holderIdentity") != self._identity and not self._is_free(lease):
            if spec.get("holderIdentity"):
                self._renewed_s = float("-inf")  # somebody else may write from now on
                return None
            self._wait_for_another()
        changed = self._spec(int(spec.get("leaseTransitions") or 0) + 1)
        return await self._leases.replace("Lease", self._namespace, self._name, {**lease, "spec": changed})

    def _is_free(self, lease: Raw) -> bool:
        """Whether its holder gave it back, or let it lie for its whole duration while we watched.

        One that nobody holds was given back where it says so by its duration; else somebody has taken the name out, or deleted it,
        and the holder may not know yet.
        """
        spec, version = lease.get("spec") or {}, lease["metadata"]["resourceVersion"]
        if version != self._seen_version:
            self._seen_version, self._seen_since_s = version, self._clock()
        if not spec.get("holderIdentity"):
            return bool(spec.get("leaseDurationSeconds") == GIVEN_BACK_S)
        return self._clock() - self._seen_since_s >= (spec.get("leaseDurationSeconds") or LEASE_S)

    def _wait_for_another(self) -> None:
        """Somebody else may still believe to hold it, until it looks."""
        if not self.held:
            self._holds_from_s = self._clock() + RENEW_WITHIN_S

    def _spec(self, transitions: int) -> Raw:
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": LEASE_S,
            "acquireTime": _now(),
            "renewTime": _now(),
            "leaseTransitions": transitions,
        }


class Keeper:
    """Holds the Lease from a thread with an event loop and a connection of its own, which no burst of work delays.

    `connect` opens that connection, `elect` makes the candidate on it. `beat` is called by the main event loop, as its sign of life.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractAsyncContextManager[Leases]],
        elect: Callable[[Leases, Callable[[], bool]], Election],
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._connect = connect
        self._elect = elect
        self._clock = clock or boot_s
        self._beat_s = self._clock()
        self._election: Election | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._acquired, self._ended = Future[None](), Future[None]()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def beat(self) -> None:
        """The main event loop lives."""
        self._beat_s = self._clock()

    def fence(self) -> None:
        """Raise Lost where this process may not write: the last look before each write. Any thread may ask."""
        if self._election is None:
            raise Lost("the Lease is not held")
        self._election.fence()

    async def acquire(self) -> None:
        """Wait until the Lease is held; raises what kept the thread from it."""
        if not self._thread.is_alive():
            self._thread.start()
        await asyncio.wrap_future(self._acquired)

    async def keep(self) -> None:
        """Wait until it is not held any more; raises Lost."""
        await asyncio.shield(asyncio.wrap_future(self._ended))

    async def release(self) -> None:
        """Let the next one have it at once."""
        loop, election = self._loop, self._election
        if loop is not None and election is not None and self._thread.is_alive():
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(election.release(), loop))

    def _lives(self) -> bool:
        return self._clock() - self._beat_s < HANGS_S

    def _run(self) -> None:
        try:
            asyncio.run(self._hold())
        except BaseException as error:  # noqa: BLE001 -- whoever waits is told, whatever it is
            for waiting in (self._acquired, self._ended):
                if not waiting.done():
                    waiting.set_exception(error)

    async def _hold(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with self._connect() as leases:
            election = self._elect(leases, self._lives)
            await election.acquire()
            self._election = election
            self._acquired.set_result(None)
            await election.keep()


def boot_s() -> float:
    """Seconds since the machine was started, those included in which it was suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _now() -> str:
    """For people who read the Lease; no decision depends on it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
