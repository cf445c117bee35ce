"""Carries out writes: one request each, and the answer goes into the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from crossfade.cluster import ApiError, Cluster
from crossfade.controller.store import Key, Raw, Store, Watched, version_of
from crossfade.core.observed import Identity
from crossfade.core.plan import Verb, Write


class Refused(Exception):  # noqa: N818 -- an outcome that the pass expects
    """A write found the world changed: `write` did not happen, and what is there is in the store now."""

    def __init__(self, write: Write, error: ApiError) -> None:
        super().__init__(f"{write.verb} {write.kind} {write.name}: {error}")
        self.write = write
        self.error = error


class Writer:
    """Writes of one pass. `fence` is asked before each, and raises where this process may not write any more.

    `wake` queues a Rollout: what an answer brings is no news any more when the watch brings it, and some is news for other
    Rollouts than the one that wrote (a route that two of them name).
    """

    def __init__(
        self, cluster: Cluster, store: Store, fence: Callable[[], None], wake: Callable[[Key], None]
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._fence = fence
        self._wake = wake
        self._newer: dict[Identity, str] = {}

    async def write(self, key: Key, write: Write) -> bool:
        """Carry out one write; gives whether anything is different now.

        Raises Refused where the object is not what was seen, ApiError otherwise.
        """
        self._fence()
        try:
            answer = await self._send(key.namespace, write, self._current(write.identity))
        except ApiError as error:
            if not (error.conflict or error.already_exists or error.not_found):
                raise
            await self.read(key, write)
            raise Refused(write, error) from error
        self._keep(key, write, answer)
        seen = write.identity.resource_version if write.identity is not None else ""
        return not seen or (answer.get("metadata") or {}).get("resourceVersion") != seen

    async def _send(self, namespace: str, write: Write, seen: Identity | None) -> Raw:
        cluster, kind, name = self._cluster, write.kind, write.name
        if write.verb is Verb.CREATE:
            return await cluster.create(
                kind, namespace, _placed(write.body, namespace, name), strict=write.strict
            )
        if seen is None:
            raise ValueError(f"a {write.verb} of {kind} {name} must say which object was seen")
        if write.verb is Verb.APPLY:
            return await cluster.apply(kind, namespace, name, _placed(write.body, namespace, name, seen))
        if write.verb is Verb.STATUS:
            return await cluster.replace_status(
                kind, namespace, name, _placed(write.body, namespace, name, seen)
            )
        if write.verb is Verb.PATCH:
            return await cluster.json_patch(kind, namespace, name, [*_tests(seen), *write.body])
        version = seen.resource_version or None
        return await cluster.delete(
            kind, namespace, name, uid=seen.uid, resource_version=version, orphan=write.orphan
        )

    def _current(self, seen: Identity | None) -> Identity | None:
        """What was seen, as our own earlier writes of this pass left it: those are no one else's changes."""
        return Identity(seen.uid, self._newer.get(seen, seen.resource_version)) if seen is not None else None

    def _keep(self, key: Key, write: Write, answer: Raw) -> None:
        gone = write.verb is Verb.DELETE and answer.get("kind") == "Status"
        if not gone and write.identity is not None:
            self._newer[write.identity] = answer["metadata"]["resourceVersion"]
        if write.kind not in self._store.watched:
            return
        if not gone:
            self._tell_others(key, self._store.put(write.kind, answer))
        elif write.identity is not None:
            self._forget(key, write, write.identity.uid)

    def _forget(self, key: Key, write: Write, uid: str, version: int | None = None) -> None:
        self._tell_others(key, self._store.remove(write.kind, key.namespace, write.name, uid, version))

    def _tell_others(self, key: Key, news_for: Iterable[Key]) -> None:
        for other in (each for each in news_for if each != key):
            self._wake(other)

    async def read(self, key: Key, write: Write) -> None:
        """Put what is really there of a write's object into the store, so that no pass waits for the watch."""
        if write.kind not in self._store.watched:
            return
        raw = await self._cluster.get(write.kind, key.namespace, write.name)
        if write.identity is not None and (raw is None or raw["metadata"]["uid"] != write.identity.uid):
            self._forget(key, write, write.identity.uid)
        if raw is not None and _is_watched(self._store.watched[write.kind], raw):
            self._tell_others(key, self._store.put(write.kind, raw))
        elif raw is not None:
            self._forget(key, write, raw["metadata"]["uid"], version_of(raw))


def _is_watched(kind: Watched, raw: Raw) -> bool:
    """Whether the watch would show it: a foreign object without our label must not enter the store, to stay there."""
    return kind.selector is None or kind.selector in (raw["metadata"].get("labels") or {})


def _placed(body: Mapping[str, Any], namespace: str, name: str, seen: Identity | None = None) -> Raw:
    """The body with its place, and with the identity that makes it land on that very object or on none."""
    meta = {**body.get("metadata", {}), "name": name, "namespace": namespace}
    if seen is not None:
        meta |= {"uid": seen.uid, "resourceVersion": seen.resource_version}
    return {**body, "metadata": meta}


def _tests(seen: Identity) -> list[Raw]:
    return [
        {"op": "test", "path": "/metadata/uid", "value": seen.uid},
        {"op": "test", "path": "/metadata/resourceVersion", "value": seen.resource_version},
    ]
