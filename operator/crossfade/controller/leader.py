"""Lets one process of several work: whoever holds the Lease, renewed every second.

The times are client-go's, shortened (15/10/2 s there), since a rollback must not wait for a dead leader: a new one
takes over at most 7 s after the old one's last renewal, and the old one ends itself after 4 s without one, so that
two never write at the same time. All waiting is by the monotonic clock; clocks of other machines are never read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from crossfade.cluster import ApiError
from crossfade.controller.store import Raw

log = logging.getLogger(__name__)

LEASE_S: Final = 6
RENEW_WITHIN_S: Final = 4.0
RETRY_S: Final = 1.0


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
    """One candidate for the Lease `name`. `clock` gives monotonic seconds, `identity` is unique to this process."""

    def __init__(
        self, leases: Leases, namespace: str, name: str, identity: str, clock: Callable[[], float]
    ) -> None:
        self._leases = leases
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._clock = clock
        self._lease: Raw | None = None  # ours, as last written
        self._renewed_s = float("-inf")
        self._seen_version = ""
        self._seen_since_s = 0.0

    @property
    def held(self) -> bool:
        """Whether this process may write: nobody else can have taken the Lease yet."""
        return self._clock() - self._renewed_s < RENEW_WITHIN_S

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
            left_s = max(0.0, RENEW_WITHIN_S - (self._clock() - self._renewed_s))
            try:
                async with asyncio.timeout(left_s):
                    await self.attempt()
            except TimeoutError:
                log.warning("the Lease could not be renewed in time")
            self.fence()

    async def attempt(self) -> bool:
        """Take or renew the Lease, if possible; whether this process holds it now."""
        asked_s = (
            self._clock()
        )  # before the request: a slow answer must not lengthen the time that we hold it
        try:
            written = await self._renew() if self._lease is not None else await self._take()
        except ApiError as error:
            self._lease = None  # someone wrote it, or nobody answered: look anew
            log.warning("cannot write the Lease %s/%s: %s", self._namespace, self._name, error)
            return False
        if written is None:
            return False
        self._lease, self._renewed_s = written, asked_s
        return True

    async def release(self) -> None:
        """Let the next one have it at once."""
        if self._lease is None:
            return
        spec = {**self._lease["spec"], "holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _now()}
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
            body = {"metadata": {"name": self._name}, "spec": self._spec(0)}
            return await self._leases.create("Lease", self._namespace, body)
        spec = lease.get("spec") or {}
        if spec.get("holderIdentity") != self._identity and not self._is_free(lease):
            return None
        changed = self._spec(int(spec.get("leaseTransitions") or 0) + 1)
        return await self._leases.replace("Lease", self._namespace, self._name, {**lease, "spec": changed})

    def _is_free(self, lease: Raw) -> bool:
        """Whether nobody holds it, or its holder let it lie for its whole duration while we watched."""
        spec, version = lease.get("spec") or {}, lease["metadata"]["resourceVersion"]
        if version != self._seen_version:
            self._seen_version, self._seen_since_s = version, self._clock()
        unchanged_s = self._clock() - self._seen_since_s
        return not spec.get("holderIdentity") or unchanged_s >= (spec.get("leaseDurationSeconds") or LEASE_S)

    def _spec(self, transitions: int) -> Raw:
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": LEASE_S,
            "acquireTime": _now(),
            "renewTime": _now(),
            "leaseTransitions": transitions,
        }


def _now() -> str:
    """For people who read the Lease; no decision depends on it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
