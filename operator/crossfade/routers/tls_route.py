"""TLSRoute: weights only. TLS is passed through, so no request can be seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crossfade.routers.kinds import RouteKind, Wish

NEEDS: Final[Mapping[Wish, tuple[str, ...]]] = {"weights": ("TLSRoute",)}

KIND: Final = RouteKind(
    "TLSRoute",
    "tlsroutes",
    NEEDS,
    "it has weights only; match, mirror and sticky need an httpRoute, match by header and mirror a grpcRoute too",
)
