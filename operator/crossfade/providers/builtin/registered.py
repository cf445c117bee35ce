"""The routers whose queries are known, by the names that a user writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from crossfade.providers.builtin import app, envoy_gateway, istio, nginx, traefik
from crossfade.providers.builtin.wanted import Sides
from crossfade.providers.outcome import Refused

Queries = Callable[..., Sides | Refused]

ROUTERS: Final[Mapping[str, Queries]] = MappingProxyType(
    {
        "traefik": traefik.sides,
        "envoyGateway": envoy_gateway.sides,
        "istio": istio.sides,
        "nginx": nginx.sides,
        "none": app.sides,
    }
)
"""Each takes a target, what is wanted, and the seconds of a window; `envoyGateway` also an `Envoy`, `none` also `Names`."""
