"""Tries whether something listens on a port of a pod: the only connection that the operator makes to anything but the API server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from crossfade.core.observed import Closed, Tried

TRIED_S: Final = 0.5
"""A pod on the same network answers or refuses within milliseconds; whatever takes longer is not to be reached from here."""

PODS: Final = 3
"""So many ready pods are tried: one says what the others of the same template do."""


async def tried(pods: Iterable[Mapping[str, Any]], ports: Iterable[int]) -> Tried | None:
    """What ready pods do with connections to these ports; None where no pod is ready.

    One that does not answer at all says nothing: a policy may drop the packets.
    """
    ready = [pod for pod in pods if _is_ready(pod)][:PODS]
    if not ready:
        return None
    asked = [(pod, port) for pod in ready for port in dict.fromkeys(ports)]
    answers = await asyncio.gather(*(answer_of(pod["status"]["podIP"], port) for pod, port in asked))
    told = [*zip(asked, answers, strict=True)]
    return Tried(
        tuple(Closed(pod["metadata"]["name"], port) for (pod, port), took in told if took is False),
        frozenset(port for (_, port), took in told if took),
    )


async def answer_of(address: str, port: int) -> bool | None:
    """Whether a connection is taken (True) or refused (False); None where nobody answers."""
    try:
        async with asyncio.timeout(TRIED_S):
            _, writer = await asyncio.open_connection(address, port)
    except ConnectionRefusedError:
        return False
    except (OSError, TimeoutError):
        return None
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


def _is_ready(pod: Mapping[str, Any]) -> bool:
    status = pod.get("status") or {}
    ready = any(
        c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or ()
    )
    return ready and bool(status.get("podIP")) and not pod["metadata"].get("deletionTimestamp")
