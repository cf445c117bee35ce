"""Gateway API routes: how the users of a shop reach it, where a story is played through a router.

Who plays a story says so around it: `with routes.through("traefik"): abort_at_half(kube, namespace)`. The shop of the
story then has an HTTPRoute of its user's, the Rollout names it in `spec.traffic`, and the load goes to the gateway.
A new router is a name in ROUTERS: `cluster/gateway/NAME.yaml` gives a Gateway and a Service of that name.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from bench.kube import Object

LOCAL_PORTS = {"traefik": 30080, "envoy": 30081}
"""Where each router is reached from the machine that the cluster runs on, on 127.0.0.1."""
ROUTERS = tuple(LOCAL_PORTS)
NONE = "none"
CHOICES = (*ROUTERS, NONE)
GATEWAY_NAMESPACE = "crossfade-gateway"
API_VERSION = "gateway.networking.k8s.io/v1"
RULE = "main"

_router: ContextVar[str] = ContextVar("router", default=NONE)


@dataclass(frozen=True)
class Route:
    """The route of one shop, of the same name, on the Gateway of a router."""

    router: str
    namespace: str
    name: str

    @property
    def host(self) -> str:
        """The name that users ask for."""
        return f"{self.name}.{self.namespace}.example"

    @property
    def address(self) -> str:
        """Where they ask, in the cluster's DNS."""
        return f"{self.router}.{GATEWAY_NAMESPACE}"

    @property
    def traffic(self) -> Object:
        """`spec.traffic` of the Rollout."""
        return {"httpRoute": {"name": self.name, "rule": RULE}}

    def manifest(self, *backends: Object, **spec: Any) -> Object:
        """The HTTPRoute as a user writes it: one rule to the shop's Service, without a weight, or to `backends`."""
        refs = list(backends) or [{"name": self.name, "port": 80}]
        return {
            "apiVersion": API_VERSION,
            "kind": "HTTPRoute",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {
                "parentRefs": [{"name": self.router, "namespace": GATEWAY_NAMESPACE}],
                "hostnames": [self.host],
                "rules": [{"name": RULE, "backendRefs": refs}],
                **spec,
            },
        }


def asked_for() -> list[str]:
    """The routers that tests are to run with: CROSSFADE_ROUTERS, separated by commas; by default Traefik alone."""
    return os.environ.get("CROSSFADE_ROUTERS", ROUTERS[0]).split(",")


@contextmanager
def through(router: str) -> Iterator[None]:
    """Shops that are made meanwhile, in this thread, are reached through that router; `none`: by their Services."""
    token = _router.set(router)
    try:
        yield
    finally:
        _router.reset(token)


def to(namespace: str, name: str) -> Route | None:
    """The route of a shop that is made now; None where it is reached by its Service."""
    router = _router.get()
    return None if router == NONE else Route(router, namespace, name)
