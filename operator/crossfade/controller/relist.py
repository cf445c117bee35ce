"""Finds what the watches missed: deletions while one was cut, and a watch that is silently dead.

After a cut watch kopf lists again and compares with nothing, so objects that vanished meanwhile would stay in the
store for ever. Every ten minutes or so the names and UIDs of all objects are listed (metadata only) and compared.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from crossfade.cluster import ApiError
from crossfade.controller.store import WATCHED, Key, Raw, Store, version_of

log = logging.getLogger(__name__)

PERIOD_S: Final = 600.0
CATCH_UP_S: Final = 30.0

Seen = Mapping[tuple[str, str], Raw]


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
        self.behind: str = ""
        """The kind whose watch does not bring what the lists show; "" while all do."""

    async def run(self) -> None:
        """Compare for ever."""
        while True:
            await asyncio.sleep(PERIOD_S * self._jitter())
            for kind in WATCHED:
                await self._check(kind)

    async def _check(self, kind: str) -> None:
        try:
            missing = await self.compare(kind)
            if missing:
                await asyncio.sleep(CATCH_UP_S)
                still = self.unseen(kind, missing)
                self.behind = kind if still else "" if self.behind == kind else self.behind
        except ApiError as error:
            log.warning("cannot list %s to compare: %s", kind, error)

    async def compare(self, kind: str) -> list[Raw]:
        """Drop from the store what vanished and queue its Rollouts; gives what the store has not seen yet."""
        before = {_place(raw): raw["metadata"]["uid"] for raw in self._store.all(kind)}
        listed = await self._lists.list(kind, self._namespace, WATCHED[kind].selector, metadata_only=True)
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
