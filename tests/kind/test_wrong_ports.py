"""Requests that would go astray on real pods, which are ready by their probes: nobody listens where the Service sends them."""

from collections.abc import Callable

import pytest

from bench import manifests
from bench.kube import Kube, Object
from bench.scenarios.shop import Shop

# Quiet: the operator looks at the port itself, and a busy node may not answer in time.
pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet]

DEAF = 9999
"""A port that the sample application does not listen on."""
DEADLINE_S = 45


def service(port: int) -> Object:
    return {"ports": [{"port": 80, "targetPort": port}]}


def says(phase: str, told: str) -> Callable[[Object], bool]:
    return lambda status: status.get("phase") == phase and told in status.get("message", "")


def test_a_port_that_nobody_listens_on_gets_no_request_and_is_the_cause_of_the_failure(
    kube: Kube, namespace: str
) -> None:
    """Ready by its probe, and deaf where the Service sends requests: the operator's own look finds it."""
    spec = {"replicas": 1, "bakeSeconds": 1, "progressDeadlineSeconds": DEADLINE_S}
    with Shop(kube, namespace, manifests.strategy("bigBang"), service=service(DEAF), **spec) as shop:
        shop.apply("v1")
        shop.wait_status("its look", says("Progressing", f"something to listen on port {DEAF}"))
        shop.wait_status("its failure", says("Degraded", f"nothing listens on port {DEAF}"))
        shop.spec["service"] = service(manifests.PORT)
        shop.apply("v1")
        shop.wait_phase("Healthy")
