"""A Rollout over a Deployment that somebody else owns, where there is none."""

import pytest

from bench import manifests
from bench.kube import Kube, wait_for
from kind.chart import status

pytestmark = pytest.mark.usefixtures("running_operator")


def test_a_deployment_that_is_not_there_is_a_clear_condition(kube: Kube, namespace: str) -> None:
    take_over_nothing = {"workloadRef": {"name": "nowhere"}, "strategy": {"rolling": {}}, "replicas": 1}
    manifest = manifests.rollout(namespace, {}, {})
    kube.apply({**manifest, "spec": take_over_nothing})
    wait_for("it to be told", lambda: status(kube, namespace).get("phase") == "Invalid")
    assert "Deployment nowhere, which workloadRef names, does not exist" in status(kube, namespace)["message"]
    assert kube.list("Deployment", namespace) == []
