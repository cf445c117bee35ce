"""GRPCRoute: weights, header matches (metadata), mirrors. No query parameters, and gRPC clients keep no cookies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crossfade.routers.kinds import GRPC_MIRROR, HEADER_REGEX, RouteKind, Wish

NEEDS: Final[Mapping[Wish, tuple[str, ...]]] = {
    "weights": ("GRPCRoute",),
    "mirror": (GRPC_MIRROR,),
    "mirror share": (GRPC_MIRROR,),
    "second mirror": (GRPC_MIRROR,),
    "header match": ("GRPCRoute",),
    "header regex match": (HEADER_REGEX,),
}

KIND: Final = RouteKind(
    "GRPCRoute",
    "grpcroutes",
    NEEDS,
    "calls have metadata, no cookies or query parameters; match by header, which is their metadata, or leave it out",
)
