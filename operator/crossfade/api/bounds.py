"""Sizes and names that the command line must know too, apart from the models, whose import costs 0.15 s."""

from collections.abc import Mapping
from typing import Final, Literal

ACTOR_LENGTH: Final = 253
"""Characters of a user name, at most."""

RouteKind = Literal["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"]

ROUTE_MEMBERS: Final[Mapping[str, RouteKind]] = {
    "httpRoute": "HTTPRoute",
    "grpcRoute": "GRPCRoute",
    "tlsRoute": "TLSRoute",
    "tcpRoute": "TCPRoute",
    "udpRoute": "UDPRoute",
}
"""The members of `spec.traffic` that name a route of somebody else, as they are written, each with its kind."""
