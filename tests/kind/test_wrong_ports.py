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


LABELS = ("crossfade.dev/rollout", "crossfade.dev/revision")
COPIED = ("name", "image", "imagePullPolicy", "command", "args", "env", "ports", "readinessProbe")


def foreign(told: str) -> Callable[[Object], bool]:
    """Whether the condition is there, and says that."""
    return lambda status: any(
        each["type"] == "ForeignPods" and told in each["message"] for each in status.get("conditions") or ()
    )


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
        shop.spec["service"] = service(DEAF)  # nothing else is edited: no release begins
        shop.apply("v1")
        shop.wait_status("the port to stay", says("Invalid", f"refuses connections on port {DEAF}"))
        live = kube.get("Service", namespace, shop.name)
        assert live is not None
        assert [port["targetPort"] for port in live["spec"]["ports"]] == [manifests.PORT]
        shop.spec["service"] = service(manifests.PORT)
        shop.apply("v1")
        shop.wait_phase("Healthy")


def test_a_pod_of_somebody_else_that_gets_requests_is_named_while_it_is_there(
    kube: Kube, namespace: str
) -> None:
    with Shop(kube, namespace, manifests.strategy("bigBang"), replicas=1, bakeSeconds=1) as shop:
        shop.apply("v1")
        shop.wait_phase("Healthy")
        (own,) = kube.list("Pod", namespace)
        labels = {key: own["metadata"]["labels"][key] for key in LABELS}
        containers = [{key: each[key] for key in COPIED if key in each} for each in own["spec"]["containers"]]
        meta = {"name": "rogue", "namespace": namespace, "labels": labels}
        kube.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": containers}})
        shop.wait_status("it to be named", foreign("not of this Rollout gets requests: rogue"))
        kube.delete("Pod", namespace, "rogue")
        shop.wait_status("its end", lambda status: not foreign("")(status))
