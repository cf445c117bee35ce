"""The route that the operator makes and owns for a Rollout with `gateway`."""

from __future__ import annotations

from typing import Any, Final

from crossfade.api.traffic import GatewaySpec

RULE: Final = "main"
"""The name of its only rule."""


def own_route(gateway: GatewaySpec, service: str, port: int) -> dict[str, Any]:
    """Give the spec of the HTTPRoute: all its requests go to the Service; it is split like a user's."""
    written = gateway.to_wire()
    rule = {
        "name": RULE,
        **{key: written[key] for key in ("matches", "filters", "timeouts") if written.get(key)},
        "backendRefs": [{"group": "", "kind": "Service", "name": service, "port": port, "weight": 1}],
    }
    hostnames = {"hostnames": written["hostnames"]} if written.get("hostnames") else {}
    return {
        "parentRefs": [
            {"group": "gateway.networking.k8s.io", "kind": "Gateway", **each}
            for each in written["parentRefs"]
        ],
        **hostnames,
        "rules": [rule],
    }
