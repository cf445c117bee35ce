"""Reads the end of a failed container's log, in the background: no rollback waits for a kubelet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, Protocol

from crossfade.api.release import LOG_LENGTH, LOG_LINE_LENGTH, FailedLog
from crossfade.cluster import ApiError
from crossfade.controller.store import Key
from crossfade.core.last_words import plain

LIMIT_S: Final = 10.0
"""A kubelet that has not answered by then does not answer while the pod is still there."""

LIMIT_BYTES: Final = 65_536

Place = tuple[str, str]
"""A pod and one of its containers."""


class Logs(Protocol):
    """The part of a Cluster that reads logs."""

    async def logs(self, namespace: str, pod: str, query: Mapping[str, str]) -> str:
        """What a container of a pod has written; raises ApiError where there is none to read."""


class FailedLogs:
    """The logs that are being read and were read. `wake`: called when one has been read."""

    def __init__(self, cluster: Logs, wake: Callable[[Key], None]) -> None:
        self._cluster = cluster
        self._wake = wake
        self._reads: dict[Key, tuple[Place, asyncio.Task[FailedLog]]] = {}

    def of(self, key: Key, place: Place) -> FailedLog | None:
        """The end of the log, or why there is none; None while it is being read."""
        known = self._reads.get(key)
        if known is None or known[0] != place:
            self.forget(key)
            task = asyncio.ensure_future(self._read(key, place))
            self._reads[key] = known = (place, task)
            task.add_done_callback(lambda ended: None if ended.cancelled() else self._wake(key))
        return _answer(place, known[1]) if known[1].done() else None

    def forget(self, key: Key) -> None:
        """The Rollout is gone, or another log is wanted."""
        known = self._reads.pop(key, None)
        if known is not None:
            known[1].cancel()

    async def _read(self, key: Key, place: Place) -> FailedLog:
        pod, container = place
        try:
            async with asyncio.timeout(LIMIT_S):
                text = await self._before_or_now(key.namespace, pod, container)
        except (ApiError, TimeoutError) as error:
            return FailedLog(pod=pod, container=container, note=_why(error))
        lines = [plain(line)[:LOG_LINE_LENGTH] for line in text.splitlines()]
        return FailedLog(pod=pod, container=container, lines=lines[-LOG_LENGTH:])

    async def _before_or_now(self, namespace: str, pod: str, container: str) -> str:
        """Of the container that ended, where one did; else of the one that runs."""
        query = {"container": container, "tailLines": str(LOG_LENGTH), "limitBytes": str(LIMIT_BYTES)}
        try:
            return await self._cluster.logs(namespace, pod, {**query, "previous": "true"})
        except ApiError as error:
            if error.status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}:
                raise
        return await self._cluster.logs(namespace, pod, query)


def _answer(place: Place, ended: asyncio.Task[FailedLog]) -> FailedLog:
    """What was read; no rollback ends because reading broke."""
    error = ended.exception()
    return ended.result() if error is None else FailedLog(pod=place[0], container=place[1], note=repr(error))


def _why(error: Exception) -> str:
    if isinstance(error, ApiError) and error.status == HTTPStatus.FORBIDDEN:
        return "the operator may not read logs: an admin allows it with manifests/logs.yaml"
    if isinstance(error, ApiError) and error.status == HTTPStatus.NOT_FOUND:
        return "the pod had terminated before its log was read"
    if isinstance(error, TimeoutError):
        return f"the node did not send the log within {LIMIT_S:.0f} s"
    return plain(str(error))
