"""Which kinds of route there are to be watched: a cluster need not have any, and may get or lose them at any time.

Kopf takes up the kinds that it is told at its start, and a watch of a kind that is not there ends it. So each process
finds out first. When others are there than it watches, it ends in order and starts again, which takes a second or two:
that happens when somebody installs or removes the Gateway API, or gives the operator the right to it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Final, Protocol

from crossfade.cluster import RESOURCES, ApiError
from crossfade.controller.naming import ROUTE_KINDS
from crossfade.controller.store import Raw, Store, Watched

log = logging.getLogger(__name__)

GROUP: Final = "gateway.networking.k8s.io"
VERSIONS: Final = ("v1", "v1alpha3", "v1alpha2")
"""The best first. A cluster of before 2026 has TLSRoute, TCPRoute and UDPRoute in the later ones only; what is read and
written of a route is alike in all of them."""

SOON_S: Final = 10.0
"""While a Rollout names a route of a kind that is not watched, it is asked for so often: one request, or three."""
PERIOD_S: Final = 600.0
TRIES: Final = 10
TRIED_AGAIN_S: Final = 0.5
NOBODY: Final = "crossfade.dev/none-has-this"


class Changed(Exception):  # noqa: N818 -- a sentence for the person who reads the log
    """Other kinds of route are to be watched than this process watches."""


class Serves(Protocol):
    """The part of a Cluster that finding out needs."""

    async def served(self, group: str, versions: Sequence[str]) -> dict[str, str]:
        """By kind, the first of `versions` in which the server has it."""

    def use(self, kind: str, version: str) -> None:
        """From now on objects of that kind are read and written in that version."""

    async def list(
        self,
        kind: str,
        namespace: str | None = None,
        labels: str | None = None,
        *,
        metadata_only: bool = False,
    ) -> list[Raw]:
        """Those that the labels select."""


class Kinds:
    """Has the store, and with it kopf, watch the kinds of route that there are; `namespace` None: in all of them."""

    def __init__(self, cluster: Serves, store: Store, namespace: str | None) -> None:
        self._cluster = cluster
        self._store = store
        self._namespace = namespace
        self._refused: frozenset[str] = frozenset()

    async def begin(self) -> None:
        """Find out, before anything is listed and watched. Raises ApiError where the server does not say."""
        found = await self._found()
        for kind, version in found.items():
            self._store.watch({kind: Watched(GROUP, version, RESOURCES[kind].plural, labelled=False)})
        log.info("routes: watches %s", ", ".join(found) or "none, since the cluster has none to watch")

    async def run(self) -> None:
        """Find out again and again, sooner while a Rollout waits for it; raises Changed."""
        since_s = 0.0
        while True:
            await asyncio.sleep(SOON_S)
            since_s += SOON_S
            if since_s >= PERIOD_S or self._store.naming.kinds() - set(self._store.watched):
                since_s = 0.0
                await self._look()

    async def _look(self) -> None:
        try:
            told = await self.difference(trusted=self._watched())
        except ApiError as error:
            log.warning("cannot find out which kinds of route there are: %s", error)
        else:
            if told:
                raise Changed(told)

    async def difference(self, trusted: Collection[str] = ()) -> str:
        """What is other than at the start, as a sentence; "" where nothing is. Rights to `trusted` kinds are not tried."""
        found, watched = await self._found(trusted), self._watched()
        if found == watched:
            return ""
        come, gone = sorted(found.items() - watched.items()), sorted(watched.items() - found.items())
        told = [
            f"{verb} {kind} {version}"
            for verb, each in (("came", come), ("went", gone))
            for kind, version in each
        ]
        return f"other kinds of route are there to be watched ({', '.join(told)}): starting again"

    def _watched(self) -> dict[str, str]:
        watched = self._store.watched
        return {kind: watched[kind].version for kind in ROUTE_KINDS if kind in watched}

    async def _found(self, trusted: Collection[str] = ()) -> dict[str, str]:
        """The kinds of route that the cluster has and that this process may list, each with its version."""
        served = await self._cluster.served(GROUP, VERSIONS)
        known = {kind: served[kind] for kind in ROUTE_KINDS if kind in served}
        for kind, version in known.items():
            self._cluster.use(kind, version)
        refused = {
            kind: told for kind in known if kind not in trusted and (told := await self._refusal(kind))
        }
        if refused.keys() - self._refused:
            what = f"{', '.join(sorted(refused))}: {next(iter(refused.values()))}"
            log.warning("routes: as if the cluster had none of these (rights: manifests/rbac.yaml): %s", what)
        self._refused = frozenset(refused)
        return {kind: version for kind, version in known.items() if kind not in refused}

    async def _refusal(self, kind: str) -> str:
        """Why this process cannot list a kind, in the server's words; "" where it can.

        For some seconds after the definition of a kind came or went, the server refuses lists of others too. What it does
        not say after that stays as it is: a kind that cannot be listed must not keep the operator from starting.
        """
        for left in reversed(range(TRIES)):
            try:
                await self._cluster.list(kind, self._namespace, NOBODY, metadata_only=True)
            except ApiError as error:
                if error.status == HTTPStatus.FORBIDDEN or error.not_found:
                    return error.message
                if not error.passing:
                    raise
                if not left:
                    return "" if kind in self._store.watched else error.message
                await asyncio.sleep(TRIED_AGAIN_S)
            else:
                break
        return ""
