"""Asks a real server on this machine what a metric says, as the operator does."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from crossfade.api.analysis import Metric
from crossfade.cluster import ApiError
from crossfade.controller.options import parse
from crossfade.controller.sources import measuring_by
from crossfade.core.measured import Answer, Ask, Both, Owner, Part, Window
from providers.served import Handler, served

BOTH: Final = Both(
    "demo",
    Part("v2hash", "shop-v2hash", "shop-canary"),
    Part("v1hash", "shop-v1hash", "shop"),
    route="shop",
    controllers=("traefik.io/gateway-controller",),
)
WINDOW: Final = Window("step 1", "limit", 1, "2026-01-31T12:00:10Z", 10)
OWNER: Final = Owner("shop", "uid-shop", 7)
TOKEN: Final = "s3cr3t-token"  # noqa: S105 -- of no real server
URL: Final = "http://here"
"""Stands for the server's in a metric."""


@dataclass
class Reads:
    """A cluster with Secrets that may be read or not."""

    may_read: bool = True
    secrets: Mapping[str, Mapping[str, bytes]] = field(
        default_factory=lambda: {"prometheus": {"token": TOKEN.encode()}}
    )

    async def get(self, kind: str, namespace: str | None, name: str) -> dict[str, Any] | None:
        assert (kind, namespace) == ("Secret", "demo"), "nothing else is read for a measurement"
        if not self.may_read:
            raise ApiError(HTTPStatus.FORBIDDEN, "Forbidden", "secrets is forbidden")
        held = self.secrets.get(name)
        if held is None:
            return None
        return {"data": {key: base64.b64encode(value).decode() for key, value in held.items()}}


async def answer(
    metric: dict[str, Any],
    handler: Handler,
    reads: Reads | None = None,
    both: Both = BOTH,
    *,
    window: Window = WINDOW,
    within_s: float | None = None,
    **arguments: str,
) -> Answer:
    """What a metric comes to; URL in it is the server's. `within_s`: in place of the time that its source has."""
    async with served(handler) as url:
        read = Metric.model_validate(json.loads(json.dumps(metric).replace(URL, url)))
        options = parse(["--prometheus", url])
        async with measuring_by(options, reads or Reads()) as source:
            found = await source(Ask(window, hurried(read, within_s), both, arguments, OWNER))
    return json_like(found, url)


def json_like(found: Answer, url: str) -> Answer:
    """With URL in place of the server's, which is another one each time."""
    why = getattr(found, "why", None)
    return type(found)(**{**vars(found), "why": why.replace(url, URL)}) if why is not None else found


def hurried(metric: Metric, within_s: float | None) -> Metric:
    """The same with less time than anybody may write."""
    if within_s is None:
        return metric
    named = [(name, getattr(metric, name)) for name in type(metric).model_fields]
    changes = {
        name: each.model_copy(update={"timeout_seconds": within_s})
        for name, each in named
        if hasattr(each, "timeout_seconds")
    }
    return metric.model_copy(update=changes)


async def silent(_request: web.Request) -> web.StreamResponse:
    """A server that takes a request and says nothing."""
    await asyncio.Event().wait()
    raise AssertionError
