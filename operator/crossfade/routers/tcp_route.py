"""TCPRoute: weights only, of connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crossfade.routers.kinds import RouteKind, Wish

NEEDS: Final[Mapping[Wish, tuple[str, ...]]] = {"weights": ("TCPRoute",)}

KIND: Final = RouteKind(
    "TCPRoute",
    "tcproutes",
    NEEDS,
    "it has weights only; match, mirror and sticky need an httpRoute, match by header and mirror a grpcRoute too",
)
