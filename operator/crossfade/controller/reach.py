"""Tries whether something listens on a port of a pod: the only connection that the operator makes to anything but the API server.

A connection that is neither taken nor refused is awaited in the background, for up to `SILENT_S`: the kernel sends its request again
after 1, 3 and 7 s. How it ended is read from the socket, not from the event loop's clock: an operator that is late never takes
its own lateness for a pod's silence.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from crossfade.controller.store import Key
from crossfade.core.observed import SILENT_S, Closed, Tried

FIRST_S: Final = 0.5
"""A pass waits so long: a pod on the same network answers or refuses within milliseconds."""

PODS: Final = 3
"""So many ready pods are tried: one says what the others of the same template do."""

REFUSED: Final = frozenset({errno.ECONNREFUSED, errno.ECONNRESET})


AGAIN_S: Final = 1.0
"""Between two attempts where the network says at once that there is no way to the pod."""

Connect = Callable[[str, int], Awaitable[bool | None]]
Attempt = asyncio.Future[bool | None]
Place = tuple[str, str, int]
"""A pod by its UID and its address, and a port."""


class Reach:
    """The attempts of one operator. `wake`: an attempt that no pass waits for any more has ended."""

    def __init__(self, wake: Callable[[Key], None], connect: Connect | None = None) -> None:
        self._wake = wake
        self._connect: Connect = connect or connected
        self._attempts: dict[Key, dict[Place, Attempt]] = {}
        self._silent: dict[Key, set[Place]] = {}

    async def tried(self, key: Key, pods: Iterable[Mapping[str, Any]], ports: Iterable[int]) -> Tried | None:
        """What ready pods do with connections to these ports; None where no pod is ready.

        What was taken or refused is tried anew by the next call. An attempt that is still running goes on, and wakes the key
        when it ends; a silent one is repeated, and the port counts as silent meanwhile.
        """
        ready = [pod for pod in pods if _is_ready(pod)][:PODS]
        if not ready:
            return None
        names = {
            (pod["metadata"]["uid"], pod["status"]["podIP"], port): pod["metadata"]["name"]
            for pod in ready
            for port in dict.fromkeys(ports)
        }
        before = self._attempts.get(key, {})
        silent = self._silent.get(key, set()) & names.keys()
        attempts = {place: self._attempt(before.get(place), place) for place in names}
        await asyncio.wait(attempts.values(), timeout=FIRST_S)
        ended = {place: each.result() for place, each in attempts.items() if each.done()}
        self._keep(key, {place: each for place, each in attempts.items() if place not in ended})
        silent |= {place for place, answer in ended.items() if answer is None}
        silent -= {place for place, answer in ended.items() if answer is not None}
        self._silent[key] = silent
        return _told(names, ended, silent)

    def forget(self, key: Key) -> None:
        """The Rollout is gone."""
        self._silent.pop(key, None)
        for each in self._attempts.pop(key, {}).values():
            each.cancel()

    def _attempt(self, before: Attempt | None, place: Place) -> Attempt:
        if before is not None:
            return before
        _, address, port = place
        return asyncio.ensure_future(self._connect(address, port))

    def _keep(self, key: Key, unanswered: dict[Place, Attempt]) -> None:
        """Those without an answer, of the pods that are there; the others end."""
        before = self._attempts.pop(key, {})
        for place, each in before.items():
            if unanswered.get(place) is not each:
                each.cancel()
        if unanswered:
            self._attempts[key] = unanswered
        for place, each in unanswered.items():
            if not each.done() and before.get(place) is not each:
                each.add_done_callback(lambda ended: None if ended.cancelled() else self._wake(key))


def _told(names: Mapping[Place, str], ended: Mapping[Place, bool | None], silent: set[Place]) -> Tried:
    refused = tuple(Closed(names[place], place[2]) for place, answer in ended.items() if answer is False)
    answered = frozenset(place[2] for place, answer in ended.items() if answer)
    known = answered | {each.port for each in refused}
    awaited = frozenset(place[2] for place in names if place not in ended and place not in silent) - known
    return Tried(
        refused, answered, silent=frozenset(place[2] for place in silent) - known - awaited, awaited=awaited
    )


async def connected(address: str, port: int, limit_s: float = SILENT_S) -> bool | None:
    """Whether a connection is taken (True) or refused (False); None where nobody answers within `limit_s`."""
    end_s = asyncio.get_running_loop().time() + limit_s
    while True:
        left_s = end_s - asyncio.get_running_loop().time()
        answer = await _once(address, port, left_s)
        if answer is not None or left_s <= AGAIN_S:
            return answer
        await asyncio.sleep(AGAIN_S)


async def _once(address: str, port: int, limit_s: float) -> bool | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setblocking(False)
        try:
            async with asyncio.timeout(limit_s):
                await asyncio.get_running_loop().sock_connect(tried, (address, port))
        except TimeoutError:
            return _outcome(tried)
        except OSError as error:
            return False if error.errno in REFUSED else None
        return True


def _outcome(tried: socket.socket) -> bool | None:
    """What the kernel knows of a connection at the end of its time, whether the event loop has looked or not."""
    failed = tried.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if failed:
        return False if failed in REFUSED else None
    try:
        tried.getpeername()
    except OSError:
        return None
    return True


def _is_ready(pod: Mapping[str, Any]) -> bool:
    status = pod.get("status") or {}
    ready = any(
        c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or ()
    )
    return ready and bool(status.get("podIP")) and not pod["metadata"].get("deletionTimestamp")
