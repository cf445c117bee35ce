"""All kinds of route, by kind. A new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crossfade.routers import grpc_route, http_route, tcp_route, tls_route, udp_route
from crossfade.routers.kinds import RouteKind

KINDS: Final[Mapping[str, RouteKind]] = {
    each.KIND.name: each.KIND for each in (http_route, grpc_route, tls_route, tcp_route, udp_route)
}
