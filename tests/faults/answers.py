"""Answers of the server as they are passed on, and those that the proxy gives itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from faults.rules import REASONS, Refuse

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "host", "content-length"}
)


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: CIMultiDict[str]
    body: bytes


def passable(headers: Any) -> CIMultiDict[str]:
    """The headers that are about the message and not about one connection; bodies travel uncompressed."""
    kept = ((key, value) for key, value in headers.items() if key.lower() not in HOP_BY_HOP)
    return CIMultiDict((key, value) for key, value in kept if key.lower() != "accept-encoding")


def refusal(fault: Refuse) -> web.Response:
    """An error as the API server words it."""
    reason = REASONS.get(fault.status, "")
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": fault.status,
        "reason": reason,
        "message": f"the fault proxy refuses this request: {reason}",
    }
    headers = {} if fault.retry_after_s is None else {"Retry-After": str(fault.retry_after_s)}
    return web.json_response(status, status=fault.status, headers=headers)


def hang_up(request: web.BaseRequest) -> web.Response:
    """End the connection without another byte; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
