"""Requests that would go astray: ports that no container has, Services of others, and a template that no server takes."""

from collections.abc import Callable

import pytest

from bench import manifests
from bench.kube import Kube, Object, wait_for

pytestmark = pytest.mark.usefixtures("running_operator")


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


def test_a_candidate_that_renames_its_port_is_invalid_and_nothing_moves(kube: Kube, namespace: str) -> None:
    template = manifests.template("v1")
    status = rollout(kube, namespace, template, "http")
    wait_told(status, "Healthy", "")
    before = serving(kube, namespace)
    rollout(kube, namespace, by_name(manifests.template("v2"), "web"), "http")
    wait_told(status, "Invalid", 'to port "http", and no container of the template')
    assert serving(kube, namespace) == before


def serving(kube: Kube, namespace: str) -> list[Object]:
    """What the Services and the Deployments are to be."""
    return [each["spec"] for kind in ("Service", "Deployment") for each in kube.list(kind, namespace)]


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
