"""What the built-in queries are asked for in tests: every router, errors and latency."""

from __future__ import annotations

from crossfade.providers.builtin.app import OPENTELEMETRY
from crossfade.providers.builtin.envoy_gateway import Envoy
from crossfade.providers.builtin.registered import ROUTERS
from crossfade.providers.builtin.wanted import Errors, Latency, Side, Sides, Target
from crossfade.providers.outcome import Refused

TARGET = Target(
    namespace="web",
    candidate=Side("shop-canary", "shop-6d5f", "6d5f"),
    stable=Side("shop", "shop-1a2b", "1a2b"),
)
WINDOW_S = 60
LATENCY_MS = {
    "traefik": 300,
    "envoyGateway": 250,
    "istio": 250,
    "nginx": 250,
    "none": 250,
    "none-opentelemetry": 1000,
}

Asked = tuple[str, Sides | Refused]


def asked(router: str) -> dict[str, Sides | Refused]:
    """Errors and latency by a router's name; `none-opentelemetry` is `none` by OpenTelemetry's names."""
    queries = ROUTERS[router.partition("-")[0]]
    more = {"envoyGateway": (Envoy(merges_backends=True),), "none-opentelemetry": (OPENTELEMETRY,)}.get(
        router, ()
    )
    wanted = {"errors": Errors(), "latency": Latency(LATENCY_MS[router])}
    return {name: queries(TARGET, each, WINDOW_S, *more) for name, each in wanted.items()}


def text(router: str) -> str:
    """All queries of a router, as their golden file has them."""
    lines = []
    for name, sides in asked(router).items():
        assert isinstance(sides, Sides), sides
        for side in ("candidate", "stable"):
            pair = getattr(sides, side)
            lines += [f"# {name}, {side}: bad", pair.bad, f"# {name}, {side}: total", pair.total]
    return "\n".join(lines) + "\n"
