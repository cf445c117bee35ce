"""A pod that its node has evicted stays as an object in phase Failed. It runs no more, and nobody waits for it."""

from typing import Any

import pytest

from bench import manifests
from bench.kube import Kube, Object, wait_for
from bench.scenarios.shop import Shop

# That the operator waits for no such pod, tests/apiserver shows too, where a test says what a kubelet says here.
pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.deep]

EVICTED_WITHIN_S = 400
"""The kubelet measures volumes every minute or so."""

FILLS_ONCE = """
import os, time
try:
    os.mkdir("/once/" + os.environ["NAMESPACE"])
    with open("/small/much", "wb") as much:
        much.write(bytes(4 << 20))
except FileExistsError:
    pass
time.sleep(100000)
"""
"""The first pod of its namespace writes more than its volume may hold, and those after it do not."""


def _with_a_writer(namespace: str) -> Object:
    template: Any = manifests.template("v1")
    template["spec"]["containers"].append(
        {
            "name": "writer",
            "image": manifests.IMAGE,
            "command": ["python3", "-c", FILLS_ONCE],
            "env": [{"name": "NAMESPACE", "value": namespace}],
            "securityContext": {"runAsUser": 0},
            "volumeMounts": [
                {"name": "small", "mountPath": "/small"},
                {"name": "once", "mountPath": "/once"},
            ],
        }
    )
    template["spec"]["volumes"] = [
        {"name": "small", "emptyDir": {"sizeLimit": "1Mi"}},
        {"name": "once", "hostPath": {"path": "/var/tmp/crossfade-once", "type": "DirectoryOrCreate"}},
    ]
    return template  # type: ignore[no-any-return]


@pytest.mark.timeout(1200)
def test_recreate_waits_for_no_pod_that_was_evicted(kube: Kube, namespace: str) -> None:
    strategy = manifests.strategy("recreate", pullFirst=False)
    with Shop(kube, namespace, strategy, replicas=1, bakeSeconds=2) as shop:
        first = manifests.rollout(namespace, strategy, _with_a_writer(namespace), replicas=1, bakeSeconds=2)
        shop.await_generation(shop.hand_in(first)["metadata"]["generation"])
        wait_for("a pod to be evicted", lambda: _evicted(kube, namespace), EVICTED_WITHIN_S)
        shop.wait_phase("Healthy")
        assert _evicted(kube, namespace), "the evicted pod is still there as an object"
        shop.apply("v2")
        status = shop.wait_phase("Healthy", "RolledBack")
        assert status["phase"] == "Healthy", shop.told()
        assert _evicted(kube, namespace), "it is still there: nobody has waited for it"


def _evicted(kube: Kube, namespace: str) -> list[Object]:
    pods = kube.list("Pod", namespace, labels="app=shop")
    return [pod for pod in pods if (pod.get("status") or {}).get("reason") == "Evicted"]
