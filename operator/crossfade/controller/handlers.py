"""What kopf calls: each event goes into the store, and the Rollouts that it is news for into the queue.

Nothing else is done here: kopf logs the errors of such handlers and drops them, so all that can fail lives behind
the queue.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import kopf

from crossfade.cluster import Credentials
from crossfade.controller.scope import EVERYWHERE, Scope
from crossfade.controller.store import Key, Raw, Store, namespace_of, version_of


class Intake:
    """Takes what a watch brings; `add` queues a Rollout, `listed` is told when a watch began with a list.

    What is outside of `scope` is not even kept.
    """

    def __init__(
        self,
        store: Store,
        add: Callable[[Key], None],
        listed: Callable[[], None] = lambda: None,
        scope: Scope = EVERYWHERE,
    ) -> None:
        self._store = store
        self.watched = store.watched
        self._add = add
        self._listed = listed
        self._scope = scope

    def take(self, kind: str, event_type: str | None, obj: Raw) -> None:
        """Keep or forget one object. `event_type` is None for what a list brings, at the start or after a cut."""
        self._store.brought[kind] += 1
        if event_type is None:
            self._listed()
        if not self._scope.covers(namespace_of(obj)):
            return
        if event_type == "DELETED":
            meta = obj["metadata"]
            keys = self._store.remove(kind, namespace_of(obj), meta["name"], meta["uid"], version_of(obj))
        else:
            keys = self._store.put(kind, obj)
        for key in keys:
            self._add(key)


def registry(intake: Intake, credentials: Callable[[], Awaitable[Credentials]]) -> kopf.OperatorRegistry:
    """One handler for each watched kind, and the login, which reads the same configuration as our own requests."""
    registered = kopf.OperatorRegistry()
    for kind in intake.watched:
        _register(registered, intake, kind)

    @kopf.on.login(registry=registered)
    async def log_in(**_: Any) -> kopf.ConnectionInfo:
        """Give kopf the credentials that our own requests have."""
        found = await credentials()
        return kopf.ConnectionInfo(
            server=found.server,
            ca_path=found.ca_path,
            certificate_path=found.certificate_path,
            private_key_path=found.private_key_path,
            scheme=found.scheme,
            token=found.token,
            insecure=found.insecure,
            proxy_url=found.proxy_url,
        )

    return registered


def _register(registered: kopf.OperatorRegistry, intake: Intake, kind: str) -> None:
    watched = intake.watched[kind]

    @kopf.on.event(watched.group, watched.version, watched.plural, id=watched.plural, registry=registered)
    async def on_event(event: Any, **_: Any) -> None:  # whatever it returned, kopf would write into a status
        """Take what the watch brings, and return nothing."""
        intake.take(kind, event["type"], event["object"])
        _empty(event["object"])


def _empty(taken: Raw) -> None:
    """Leave nothing in an object but who it is: the store has a copy, and kopf keeps it for some seconds more.

    At a start that is all objects at once, and what a process once had it seldom gives back.
    """
    for part in [part for part in taken if part not in {"apiVersion", "kind", "metadata"}]:
        del taken[part]
    taken["metadata"].pop("managedFields", None)
