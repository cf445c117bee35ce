"""Finds what the watches missed: deletions while one was cut, and a watch that is silently dead.

After a cut watch kopf lists again and compares with nothing, so objects that vanished meanwhile would stay in the
store for ever: a Deployment deleted in such a moment would be missing while all looks well. So after each such list,
and every ten minutes or so, the names and UIDs of all objects are listed (metadata only) and compared.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from crossfade.cluster import ApiError
from crossfade.controller.store import Key, Raw, Store, version_of

log = logging.getLogger(__name__)

PERIOD_S: Final = 600.0
CATCH_UP_S: Final = 30.0
SETTLE_S: Final = 1.0
"""Watches that were cut together list again together: one comparison for all of them."""


class Lists(Protocol):
    """The part of a Cluster that comparing needs."""

    async def list(
        self,
        kind: str,
        namespace: str | None = None,
        labels: str | None = None,
        *,
        metadata_only: bool = False,
    ) -> list[Raw]: ...


class Relist:
    """Compares the store with the cluster. `add` queues a Rollout, `jitter` gives factors around 1."""

    def __init__(
        self,
        lists: Lists,
        store: Store,
        add: Callable[[Key], None],
        namespace: str | None,
        jitter: Callable[[], float],
    ) -> None:
        self._lists = lists
        self._store = store
        self._add = add
        self._namespace = namespace
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
        """Compare all kinds, and look a while later whether the watches have brought what was missing."""
        missing = {kind: await self._missing(kind) for kind in self._store.watched}
        if any(missing.values()):
            await asyncio.sleep(CATCH_UP_S)
        self.behind = next((kind for kind, unseen in missing.items() if self.unseen(kind, unseen)), "")

    async def _missing(self, kind: str) -> list[Raw]:
        try:
            return await self.compare(kind)
        except ApiError as error:
            log.warning("cannot list %s to compare: %s", kind, error)
            return []

    async def compare(self, kind: str) -> list[Raw]:
        """Drop from the store what vanished and queue its Rollouts; gives what the store has not seen yet."""
        before = {_place(raw): raw["metadata"]["uid"] for raw in self._store.all(kind)}
        listed = await self._lists.list(
            kind, self._namespace, self._store.watched[kind].selector, metadata_only=True
        )
        there = {_place(raw): raw["metadata"]["uid"] for raw in listed}
        for (namespace, name), uid in before.items():
            if there.get((namespace, name)) != uid:
                log.info("%s %s/%s vanished unseen", kind, namespace, name)
                for key in self._store.remove(kind, namespace, name, uid):
                    self._add(key)
        return self.unseen(kind, listed)

    def unseen(self, kind: str, listed: Iterable[Raw]) -> list[Raw]:
        """Those of `listed` that are newer than the store's, and were not deleted since."""
        return [raw for raw in listed if self._is_newer(kind, raw)]

    def _is_newer(self, kind: str, listed: Raw) -> bool:
        if self._store.is_gone(listed):
            return False
        stored = self._store.get(kind, *_place(listed))
        return stored is None or version_of(stored) < version_of(listed)


def _place(raw: Raw) -> tuple[str, str]:
    return raw["metadata"]["namespace"], raw["metadata"]["name"]
