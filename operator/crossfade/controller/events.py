"""Tells people what happened, as Kubernetes Events: once, and never one for each pass."""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from crossfade.api.printable import one_line
from crossfade.cluster import ApiError, Cluster
from crossfade.controller.store import Raw
from crossfade.core.plan import Event

log = logging.getLogger(__name__)

QUIET: Final = timedelta(minutes=10)
_REMEMBERED: Final = 5_000
_NOTE_LENGTH: Final = 1024  # bytes: the API server refuses longer ones


class Teller:
    """Posts Events; the same one about the same object not again within ten minutes. What fails is only logged.

    `fence` is asked before each, and raises where this process may not write any more.
    """

    def __init__(
        self, cluster: Cluster, instance: str, now: Callable[[], datetime], fence: Callable[[], None]
    ) -> None:
        self._cluster = cluster
        self._fence = fence
        self._instance = instance
        self._now = now
        self._told: OrderedDict[tuple[str, Event], datetime] = OrderedDict()

    async def tell(self, regarding: Raw, events: Iterable[Event]) -> None:
        """Write the events that are news; the others are left out."""
        for event in events:
            if self._is_news(regarding, event):
                await self._post(regarding, event)

    def _is_news(self, regarding: Raw, event: Event) -> bool:
        about, now = (regarding["metadata"]["uid"], event), self._now()
        last = self._told.pop(about, None)
        fresh = last is None or now - last >= QUIET
        self._told[about] = now if fresh or last is None else last
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        return fresh

    async def _post(self, regarding: Raw, event: Event) -> None:
        namespace = regarding["metadata"]["namespace"]
        self._fence()
        try:
            await self._cluster.create("Event", namespace, self._manifest(regarding, event))
        except ApiError as error:
            level = logging.DEBUG if error.namespace_terminating else logging.WARNING
            log.log(level, "could not post the event %s: %s", event.reason, error)

    def _manifest(self, regarding: Raw, event: Event) -> Raw:
        meta, now = regarding["metadata"], self._now()
        about = f"{meta['uid']} {event} {now.isoformat()}"
        return {
            "metadata": {"name": f"{meta['name']}.{hashlib.sha256(about.encode()).hexdigest()[:16]}"},
            "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": "crossfade.dev/operator",
            "reportingInstance": self._instance,
            "action": "Rollout",
            "reason": event.reason,
            "type": event.kind,
            "note": _cut(one_line(event.note)),
            "regarding": {
                "apiVersion": "crossfade.dev/v1alpha1",
                "kind": "Rollout",
                "name": meta["name"],
                "namespace": meta["namespace"],
                "uid": meta["uid"],
            },
        }


def _cut(note: str) -> str:
    return note.encode()[:_NOTE_LENGTH].decode(errors="ignore")
