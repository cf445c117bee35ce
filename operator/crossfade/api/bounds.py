"""Sizes and names that the command line must know too, apart from the models, whose import costs 0.15 s."""

from collections.abc import Mapping
from typing import Final, Literal

ACTOR_LENGTH: Final = 253
"""Characters of a user name or of a group's, at most."""

GROUPS_LENGTH: Final = 128
"""Groups that an action may claim, at most."""

RouteKind = Literal["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"]

ROUTE_MEMBERS: Final[Mapping[str, RouteKind]] = {
    "httpRoute": "HTTPRoute",
    "grpcRoute": "GRPCRoute",
    "tlsRoute": "TLSRoute",
    "tcpRoute": "TCPRoute",
    "udpRoute": "UDPRoute",
}
"""The members of `spec.traffic` that name a route of somebody else, as they are written, each with its kind."""

RECORD_LENGTHS: Final[Mapping[str, int]] = {"actions": 100, "approvals": 64, "bypasses": 50, "heldBy": 50}
"""Entries of the lists in a Release's status that say who did what, at most."""
