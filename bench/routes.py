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

RETRIES = 12
"""How often a request is tried again that a pod lost, 0.2 s and more apart: see docs/traffic.md."""

_router: ContextVar[str] = ContextVar("router", default=NONE)
_retries: ContextVar[bool] = ContextVar("retries", default=False)


@dataclass(frozen=True)
class Route:
    """The route of one shop, of the same name, on the Gateway of a router; with its retries, where it is to have them."""

    router: str
    namespace: str
    name: str
    retries: bool = False

    @property
    def host(self) -> str:
        """The name that users ask for."""
        return f"{self.name}.{self.namespace}.example"

    @property
    def address(self) -> str:
        """Where they ask, in the cluster's DNS."""
        port = ":81" if self._retried_by_the_gateway else ""
        return f"{self.router}.{GATEWAY_NAMESPACE}{port}"

    @property
    def gateway(self) -> str:
        """The name of the Gateway."""
        return f"{self.router}-retries" if self._retried_by_the_gateway else self.router

    @property
    def _retried_by_the_gateway(self) -> bool:
        # Traefik's retries belong to an entrypoint, Envoy's to a route.
        return self.retries and self.router == "traefik"

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
                "parentRefs": [{"name": self.gateway, "namespace": GATEWAY_NAMESPACE}],
                "hostnames": [self.host],
                "rules": [{"name": RULE, "backendRefs": refs}],
                **spec,
            },
        }

    def policies(self) -> list[Object]:
        """What its user writes beside the route."""
        if not self.retries or self._retried_by_the_gateway:
            return []
        triggers = [
            "connect-failure",
            "refused-stream",
            "reset-before-request",
            "reset",
            "retriable-status-codes",
        ]
        retry = {
            "numRetries": RETRIES,
            "retryOn": {"triggers": triggers, "httpStatusCodes": [503]},
            "perRetry": {"backOff": {"baseInterval": "200ms", "maxInterval": "1s"}},
        }
        target = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": self.name}
        return [
            {
                "apiVersion": "gateway.envoyproxy.io/v1alpha1",
                "kind": "BackendTrafficPolicy",
                "metadata": {"name": self.name, "namespace": self.namespace},
                "spec": {
                    "targetRefs": [target],
                    "retry": retry,
                    "circuitBreaker": {"maxParallelRetries": 1024},
                },
            }
        ]


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


@contextmanager
def with_retries() -> Iterator[None]:
    """Routes of shops that are made meanwhile have the retries of their router."""
    token = _retries.set(True)
    try:
        yield
    finally:
        _retries.reset(token)


def to(namespace: str, name: str) -> Route | None:
    """The route of a shop that is made now; None where it is reached by its Service."""
    router = _router.get()
    return None if router == NONE else Route(router, namespace, name, _retries.get())
