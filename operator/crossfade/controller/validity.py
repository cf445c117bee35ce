"""Looks at one template: whether each of its expressions and queries can be used, told in its status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from crossfade.controller.apply import Refused, Writer
from crossfade.controller.executor import World
from crossfade.controller.store import Key, Store
from crossfade.controller.templates import Place
from crossfade.controller.workers import Stale
from crossfade.core.analysis.validity import checks, is_unsure, told

AGAIN_S: Final = 30.0
"""What nobody could say is asked again after so long."""


class Validity:
    """Keeps the statuses of templates; written where they say something else than is so, and never else."""

    def __init__(self, store: Store, world: World, now: Callable[[], datetime]) -> None:
        self._store = store
        self._world = world
        self._now = now

    async def __call__(self, place: Place) -> float | None:
        """Check it, and tell; gives the seconds after which to look again, None: only when it changes.

        Raises Stale where it changed meanwhile, ApiError where the API server refused.
        """
        template = self._store.templates.model(place, self._store.get(*place))
        if template is None or template.metadata.deletion_timestamp:
            return None
        found = await self._world.checks(checks(template))
        write = told(template, found, self._now())
        if write is not None:
            world = self._world
            try:
                writer = Writer(world.cluster, self._store, world.fence, world.wake)
                await writer.write(Key(place.namespace, place.name), write)
            except Refused as refused:
                raise Stale(str(refused)) from refused
            world.wrote(write.verb, write.kind)
        return AGAIN_S if is_unsure(template, found) else None
