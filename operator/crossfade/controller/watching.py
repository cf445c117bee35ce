"""How kopf is told to watch and to do nothing else: it writes no annotation, no finalizer, no event."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, Final

import kopf
from kopf._cogs.clients import api

from crossfade.api.parsing import parsed
from crossfade.cluster import PAGE
from crossfade.controller.store import WATCHED

IDLE_S: Final = 1.0
"""So long kopf keeps a task and a queue, 3 KB, for each object after its event: all objects have one at a start."""


class _NoProgress(kopf.ProgressStorage):
    """Keeps no progress of handlers: ours only fill a queue. (Kopf's own costs 350 us and an annotation each.)"""

    def fetch(self, **_: Any) -> None:
        """Nothing is stored, so nothing is found."""

    def store(self, **_: Any) -> None:
        """Nothing is written."""

    def purge(self, **_: Any) -> None:
        """There is nothing to remove."""

    def touch(self, **_: Any) -> None:
        """Nothing is written."""

    def clear(self, *, essence: Any) -> Any:
        """There is nothing of ours in it."""
        return essence


class _NoDiffs(kopf.DiffBaseStorage):
    """Keeps no last-handled state: nothing here asks what changed."""

    def build(self, **_: Any) -> Any:
        """Nothing is compared, so nothing is taken from the object."""
        return {}

    def fetch(self, **_: Any) -> None:
        """Nothing is stored, so nothing is found."""

    def store(self, **_: Any) -> None:
        """Nothing is written."""


async def _get(url: str, **options: Any) -> Any:
    """As kopf's own, with a parser that gives up nowhere."""
    async with await api.request(method="get", url=url, **options) as response:
        return parsed(await response.read())


def read_all() -> None:
    """From now on kopf reads every object. It has no setting for it, and an object that is too deep would end its watches."""
    replaced: Any = api
    replaced.json = SimpleNamespace(loads=parsed, dumps=json.dumps)
    replaced.get = _get


def settings() -> kopf.OperatorSettings:
    """Kopf's settings. `queueing.worker_limit` stays None: lower than the number of objects, it deadlocks."""
    chosen = kopf.OperatorSettings()
    chosen.queueing.idle_timeout = IDLE_S
    chosen.posting.enabled = False
    chosen.peering.standalone = True
    chosen.scanning.disabled = True
    chosen.watching.server_timeout = 480
    chosen.watching.chunk_size = PAGE  # a list is in memory page by page, not as a whole
    chosen.watching.connect_timeout = 10
    chosen.networking.connect_timeout = 10
    chosen.networking.request_timeout = 30
    chosen.persistence.progress_storage = _NoProgress()
    chosen.persistence.diffbase_storage = _NoDiffs()
    for kind in WATCHED.values():
        if kind.selector:
            chosen.watching.label_selectors[kind.group, kind.version, kind.plural] = kind.selector
    return chosen
