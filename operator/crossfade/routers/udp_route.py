"""UDPRoute: weights only, of flows.

A flow that is open while weights change may be lost: on Envoy 29 of 1,000 new flows got no answer right after a change, about as
many as met a source port of a flow from before it (0 of 1,000 where those had timed out).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crossfade.routers.kinds import RouteKind, Wish

NEEDS: Final[Mapping[Wish, tuple[str, ...]]] = {"weights": ("UDPRoute",)}

KIND: Final = RouteKind(
    "UDPRoute",
    "udproutes",
    NEEDS,
    "it has weights only; match, mirror and sticky need an httpRoute, match by header and mirror a grpcRoute too",
)
