"""Finds what the watches missed: deletions while one was cut, and a watch that is silently dead.

After a cut watch kopf lists again and compares with nothing, so objects that vanished meanwhile would stay in the
store for ever: a Deployment deleted in such a moment would be missing while all looks well. So after each such list,
and every ten minutes or so, the names and UIDs of all objects are listed (metadata only) and compared.

The same lists show that etcd was restored from a backup under a running operator.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from crossfade.cluster import ApiError, Listing
from crossfade.controller.scope import Scope
from crossfade.controller.store import Key, Raw, Store, namespace_of, version_of

log = logging.getLogger(__name__)

PERIOD_S: Final = 600.0
CATCH_UP_S: Final = 30.0
"""A watch that brings nothing for so long, while something is missing, is dead. One that brings something is busy: with 2,000
Rollouts that change at once it needs longer, and a restart would only begin all of it again."""
LOOKS: Final = 10
"""After so many looks one that brings others, and never what is missing, counts as dead too."""
SETTLE_S: Final = 1.0
"""Watches that were cut together list again together: one comparison for all of them."""


class Restored(Exception):  # noqa: N818 -- a sentence for the person who reads the log
    """The API server's storage has gone back in time, and what the store knows is of a future that is gone."""


class Lists(Protocol):
    """The part of a Cluster that comparing needs."""

    async def listing(
        self, kind: str, namespace: str | None, labels: str | None, *, not_older_than: int = 0
    ) -> Listing:
        """Names and UIDs of a kind, and the version of the list; never older than `not_older_than`."""


class Relist:
    """Compares the store with the cluster. `add` queues a Rollout, `jitter` gives factors around 1."""

    def __init__(
        self,
        lists: Lists,
        store: Store,
        add: Callable[[Key], None],
        scope: Scope,
        jitter: Callable[[], float],
    ) -> None:
        self._lists = lists
        self._store = store
        self._add = add
        self._scope = scope
        self._jitter = jitter
        self._listed = asyncio.Event()
        self.behind: str = ""
        """The kind whose watch does not bring what the lists show; "" while all do."""

    def listed(self) -> None:
        """A watch began anew with a list: what vanished before it is told by nobody, so compare soon."""
        self._listed.set()

    async def run(self) -> None:
        """Compare for ever."""
        while True:
            await self.wait()
            await self.round()

    async def wait(self) -> None:
        """Wait until a watch has listed anew, or for the next time of all."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PERIOD_S * self._jitter()):
                await self._listed.wait()
                await asyncio.sleep(SETTLE_S)
        self._listed.clear()

    async def round(self) -> None:
        """Compare all kinds, and look until the watches have brought what was missing, or one of them brings nothing."""
        missing = self._still({kind: await self._missing(kind) for kind in self._store.watched})
        for _ in range(LOOKS):
            if not missing:
                break
            before = self._store.brought.copy()
            await asyncio.sleep(CATCH_UP_S)
            missing = self._still(missing)
            if silent := [kind for kind in missing if self._store.brought[kind] == before[kind]]:
                self.behind = silent[0]
                return
        self.behind = next(iter(missing), "")

    def _still(self, missing: Mapping[str, list[Raw]]) -> dict[str, list[Raw]]:
        """What of it the store has not seen yet, by kind; without the kinds of which it has all."""
        left = {kind: self.unseen(kind, unseen) for kind, unseen in missing.items()}
        return {kind: unseen for kind, unseen in left.items() if unseen}

    async def _missing(self, kind: str) -> list[Raw]:
        try:
            return await self.compare(kind)
        except ApiError as error:
            log.warning("cannot list %s to compare: %s", kind, error)
            return []

    async def compare(self, kind: str) -> list[Raw]:
        """Drop from the store what vanished and queue its Rollouts; gives what the store has not seen yet.

        Raises Restored where the cluster is older than the store.
        """
        before = {_place(raw): raw["metadata"]["uid"] for raw in self._store.all(kind)}
        found = await self._list(kind)
        listed = [raw for raw in found if self._scope.covers(namespace_of(raw))]
        there = {_place(raw): raw["metadata"]["uid"] for raw in listed}
        for (namespace, name), uid in before.items():
            if there.get((namespace, name)) != uid:
                log.info("%s %s/%s vanished unseen", kind, namespace, name)
                for key in self._store.remove(kind, namespace, name, uid):
                    self._add(key)
        return self.unseen(kind, listed)

    async def _list(self, kind: str) -> list[Raw]:
        """The metadata of all objects of a kind, in a list that is no older than what is known of each of them.

        What the store ignores as old news would be ignored for ever after a restored backup: versions are counted anew
        from the backup's. A list that is late looks the same, so the API server is asked whether it has ever come to the
        newest version that is known. Where it has not, or where it has and still shows an older one, it was restored.
        """
        labels, known = self._store.watched[kind].selector, self._store.versions(kind)
        listing = await self._lists.listing(kind, self._scope.namespace, labels)
        newest = _newest_lost(listing.items, known)
        if newest > listing.version:
            listing = await self._not_older_than(kind, newest, labels)
            newest = _newest_lost(listing.items, known)
        if newest:
            raise Restored(_told(kind, newest, listing.version))
        return listing.items

    async def _not_older_than(self, kind: str, version: int, labels: str | None) -> Listing:
        try:
            return await self._lists.listing(kind, self._scope.namespace, labels, not_older_than=version)
        except ApiError as error:
            if error.version_too_large:
                raise Restored(_told(kind, version, 0)) from error
            raise

    def unseen(self, kind: str, listed: Iterable[Raw]) -> list[Raw]:
        """Those of `listed` that are newer than the store's, and were not deleted since."""
        return [raw for raw in listed if self._is_newer(kind, raw)]

    def _is_newer(self, kind: str, listed: Raw) -> bool:
        if self._store.is_gone(listed):
            return False
        stored = self._store.get(kind, *_place(listed))
        return stored is None or version_of(stored) < version_of(listed)


def _place(raw: Raw) -> tuple[str, str]:
    return namespace_of(raw), raw["metadata"]["name"]


def _newest_lost(listed: Iterable[Raw], known: Mapping[str, int]) -> int:
    """The newest known version of an object that is listed in an older one; 0 where there is none."""
    lost = (known.get(raw["metadata"]["uid"], 0) for raw in listed if _is_older(raw, known))
    return max(lost, default=0)


def _is_older(raw: Raw, known: Mapping[str, int]) -> bool:
    return version_of(raw) < known.get(raw["metadata"]["uid"], 0)


def _told(kind: str, known: int, listed: int) -> str:
    shown = f"lists an older form in version {listed}" if listed else "has never come to it"
    return (
        f"the API server's storage was restored from a backup: version {known} of a {kind} is known, and the server "
        f"{shown}; this process ends, and the next one reads everything anew"
    )
