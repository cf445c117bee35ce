"""An object's states as they come, across watches that the server ends and outages that pass."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar

from crossfade.cli.connection import Api, Raw
from crossfade.wire.errors import ApiError

T = TypeVar("T")
RETRY_AFTER_S = 1.0
OUTAGE_TRIES = 30
"""Looks in vain before an unreachable API server ends the command: its restarts take less than 30 s."""


async def states(cluster: Api, kind: str, namespace: str, name: str) -> AsyncIterator[Raw]:
    """Give what the object is now and whenever it changes; ends when it is deleted or was never there."""
    while True:
        current = await _patient(lambda: cluster.get(kind, namespace, name))
        if current is None:
            return
        yield current
        version = current["metadata"]["resourceVersion"]
        async for change, state in _until_cut(cluster, kind, namespace, name, version):
            if change == "DELETED":
                return
            yield state


async def all_states(cluster: Api, kind: str, namespace: str | None) -> AsyncIterator[list[Raw]]:
    """Give all objects of a kind, again whenever one of them changes; never ends."""
    while True:
        found = await _patient(lambda: cluster.list(kind, namespace))
        known = {each["metadata"].get("uid", each["metadata"]["name"]): each for each in found}
        yield list(known.values())
        # Without a version a watch begins with what is there, so nothing is missed between the two.
        async for change, state in _until_cut(cluster, kind, namespace, None, ""):
            uid = state["metadata"].get("uid", state["metadata"]["name"])
            if change == "DELETED":
                known.pop(uid, None)
            elif known.get(uid) == state:
                continue
            else:
                known[uid] = state
            yield list(known.values())


async def _until_cut(
    cluster: Api, kind: str, namespace: str | None, name: str | None, version: str
) -> AsyncIterator[tuple[str, Raw]]:
    """Give changes until the watch ends for any reason; what was missed is seen by looking again."""
    try:
        async for change, state in cluster.watch(kind, namespace, name=name, resource_version=version):
            yield change, state
    except ApiError as error:
        if error.status != HTTPStatus.GONE and not _passes(error.status):
            raise


async def _patient(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until the server answers, as long as its trouble may pass."""
    for left in range(OUTAGE_TRIES, -1, -1):
        try:
            return await ask()
        except ApiError as error:
            if not left or not _passes(error.status):
                raise
        await asyncio.sleep(RETRY_AFTER_S)
    raise AssertionError("the last try either answers or raises")


def _passes(status: int) -> bool:
    """Whether an error is the server's trouble of the moment: unreachable, overloaded, or failing."""
    return status in {0, HTTPStatus.TOO_MANY_REQUESTS} or status >= HTTPStatus.INTERNAL_SERVER_ERROR
