"""Requests that would go astray on real pods: ports that nobody has, or that nobody listens on, and Services of others."""

import time
from collections.abc import Callable

import pytest

from bench import analysis, manifests
from bench.kube import Kube, Object, wait_for
from bench.load_pod import Rates
from bench.scenarios.shop import Shop

pytestmark = pytest.mark.usefixtures("running_operator")

DEAF = 9999
"""A port that the sample application does not listen on."""


def by_name(template: Object, name: str) -> Object:
    """The template with another name for its port, in its probe too."""
    container = template["spec"]["containers"][0]
    probe = {
        **container["readinessProbe"],
        "httpGet": {**container["readinessProbe"]["httpGet"], "port": name},
    }
    ports = [{**port, "name": name} for port in container["ports"]]
    spec = {**template["spec"], "containers": [{**container, "ports": ports, "readinessProbe": probe}]}
    return {**template, "spec": spec}


def rollout(
    kube: Kube, namespace: str, template: Object, target: int | str, **spec: object
) -> Callable[[], Object]:
    """Apply it; gives what reads its status."""
    service = {"ports": [{"port": 80, "targetPort": target}]}
    kube.apply(
        manifests.rollout(
            namespace,
            manifests.strategy("bigBang"),
            template,
            replicas=1,
            service=service,
            bakeSeconds=1,
            **spec,
        )
    )
    return lambda: (kube.get("Rollout", namespace, manifests.NAME) or {}).get("status", {})


def wait_told(status: Callable[[], Object], phase: str, told: str) -> None:
    def is_told() -> bool:
        seen = status()
        return seen.get("phase") == phase and told in seen.get("message", "")

    wait_for(f"{phase}: {told}", is_told)


def test_a_candidate_that_renames_its_port_is_invalid_and_no_request_is_lost(
    kube: Kube, namespace: str
) -> None:
    named = {"ports": [{"name": "http", "port": 80, "targetPort": "http"}]}
    with Shop(kube, namespace, manifests.strategy("canary"), replicas=2, service=named) as shop:
        shop.created("v1", Rates(per_s=20))
        changed = manifests.rollout(
            namespace,
            manifests.strategy("canary"),
            by_name(manifests.template("v2"), "web"),
            replicas=2,
            service=named,
        )
        changed_at = time.time()
        kube.apply(changed)
        wait_told(lambda: shop.status, "Invalid", 'to port "http", and no container of the template')
        shop.served_for(2)
        result = shop.result("canary: v2 renames its port", changed_at)
    assert result.lost == 0
    assert not analysis.answers(result.new, "v2")


def test_a_port_that_nobody_listens_on_gets_no_request_and_is_the_cause_of_the_failure(
    kube: Kube, namespace: str
) -> None:
    """Ready by its probe, and deaf where the Service sends requests: the operator's own look finds it."""
    status = rollout(kube, namespace, manifests.template("v1"), DEAF, progressDeadlineSeconds=90)
    wait_told(status, "Progressing", f"something to listen on port {DEAF}")
    wait_told(status, "Degraded", f"nothing listens on port {DEAF}")
    rollout(kube, namespace, manifests.template("v1"), manifests.PORT)
    wait_told(status, "Healthy", "")


def test_a_service_that_selects_the_template_s_labels_is_named_before_a_pod_is_made(
    kube: Kube, namespace: str
) -> None:
    theirs = {**manifests.service(namespace), "metadata": {"name": "front", "namespace": namespace}}
    kube.create(theirs)
    status = rollout(kube, namespace, manifests.template("v1"), manifests.PORT)
    wait_told(status, "Invalid", "Service front selects the pods of this template too")
    assert not kube.list("Pod", namespace)
    kube.delete("Service", namespace, "front")
    wait_told(status, "Healthy", "")


def test_a_typo_in_the_template_is_told_in_the_server_s_words_and_nothing_moves(
    kube: Kube, namespace: str
) -> None:
    template = manifests.template("v1")
    container = template["spec"]["containers"][0]
    wrong = {**container, "readinesProbe": container["readinessProbe"]}
    status = rollout(
        kube,
        namespace,
        {**template, "spec": {**template["spec"], "containers": [wrong]}},
        manifests.PORT,
    )
    wait_told(status, "Invalid", 'unknown field "spec.template.spec.containers[0].readinesProbe"')
    assert not kube.list("Deployment", namespace)
