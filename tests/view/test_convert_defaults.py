"""A stored template becomes the one that its author wrote: what the API server fills in goes, all else stays."""

import copy
from typing import Any

import pytest

from crossfade.core.revision import revision_of
from crossfade.view.convert_defaults import as_written, pull_policy

Object = dict[str, Any]

AUTHOR: Object = {
    "metadata": {"labels": {"app": "shop"}},
    "spec": {
        "serviceAccountName": "shop",
        "containers": [
            {
                "name": "app",
                "image": "shop:1.4.2",
                "ports": [{"containerPort": 8080}, {"containerPort": 53, "protocol": "UDP"}],
                "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1},
                "livenessProbe": {"grpc": {"port": 9000}},
                "lifecycle": {"preStop": {"httpGet": {"path": "/stop", "port": 8080}}},
                "env": [{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
            }
        ],
        "initContainers": [{"name": "migrate", "image": "shop:1.4.2"}],
        "volumes": [
            {"name": "conf", "configMap": {"name": "shop"}},
            {"name": "key", "secret": {"secretName": "shop"}},
            {"name": "tmp", "emptyDir": {}},
            {"name": "host", "hostPath": {"path": "/data"}},
            {
                "name": "info",
                "downwardAPI": {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]},
            },
            {"name": "all", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
        ],
    },
}
"""What somebody wrote."""


def stored() -> Object:
    """The same as an API server of 1.36 gives it back (seen)."""
    made = copy.deepcopy(AUTHOR)
    spec = made["spec"]
    spec |= {
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        "serviceAccount": "shop",
    }
    filled = {
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        "resources": {},
    }
    for container in (*spec["containers"], *spec["initContainers"]):
        container.update(filled)
    app = spec["containers"][0]
    app["ports"][0]["protocol"] = "TCP"
    timing = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
    for probe in ("readinessProbe", "livenessProbe"):
        app[probe] = {**timing, **app[probe]}
    app["readinessProbe"]["httpGet"]["scheme"] = "HTTP"
    app["livenessProbe"]["grpc"]["service"] = ""
    app["lifecycle"]["preStop"]["httpGet"]["scheme"] = "HTTP"
    app["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] = "v1"
    conf, key, _, host, info, projected = spec["volumes"]
    conf["configMap"]["defaultMode"] = key["secret"]["defaultMode"] = 420
    host["hostPath"]["type"] = ""
    info["downwardAPI"]["defaultMode"] = projected["projected"]["defaultMode"] = 420
    info["downwardAPI"]["items"][0]["fieldRef"]["apiVersion"] = "v1"
    projected["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"] = 3600
    return made


def test_what_the_server_fills_in_goes_and_what_the_author_wrote_stays() -> None:
    assert as_written(stored()) == AUTHOR


def test_what_is_no_default_stays() -> None:
    other = stored()
    spec, app = other["spec"], other["spec"]["containers"][0]
    spec |= {
        "dnsPolicy": "Default",
        "securityContext": {"runAsNonRoot": True},
        "terminationGracePeriodSeconds": 5,
        "nodeName": "n1",
    }
    app |= {"imagePullPolicy": "Always", "resources": {"requests": {"cpu": "1"}}, "securityContext": {}}
    app["readinessProbe"]["failureThreshold"] = 1
    spec["volumes"][0]["configMap"]["defaultMode"] = 256
    made = as_written(other)
    assert made["spec"]["nodeName"] == "n1"
    assert made["spec"]["dnsPolicy"] == "Default"
    assert made["spec"]["securityContext"] == {"runAsNonRoot": True}
    assert made["spec"]["terminationGracePeriodSeconds"] == 5
    kept = made["spec"]["containers"][0]
    assert (kept["imagePullPolicy"], kept["securityContext"]) == ("Always", {})
    assert kept["resources"] == {"requests": {"cpu": "1"}}
    assert kept["readinessProbe"]["failureThreshold"] == 1
    assert made["spec"]["volumes"][0]["configMap"]["defaultMode"] == 256


def test_empty_objects_that_mean_something_stay() -> None:
    assert {"name": "tmp", "emptyDir": {}} in as_written(stored())["spec"]["volumes"]


def test_what_was_read_is_not_changed() -> None:
    before = stored()
    as_written(before)
    assert before == stored()


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("shop", "Always"),
        ("shop:latest", "Always"),
        ("shop:1.4.2", "IfNotPresent"),
        ("registry.example.com:5000/team/shop", "Always"),
        ("registry.example.com:5000/team/shop:1", "IfNotPresent"),
        ("shop@sha256:abc", "IfNotPresent"),
        ("shop:latest@sha256:abc", "Always"),
    ],
)
def test_the_pull_policy_goes_where_it_is_the_one_of_the_tag(image: str, policy: str) -> None:
    other = "IfNotPresent" if policy == "Always" else "Always"
    assert pull_policy(image) == policy
    for written, kept in ((policy, False), (other, True)):
        container = {"name": "app", "image": image, "imagePullPolicy": written}
        [made] = as_written({"spec": {"containers": [container]}})["spec"]["containers"]
        assert ("imagePullPolicy" in made) == kept


def test_the_revision_is_that_of_what_the_author_wrote_and_not_of_the_stored_form() -> None:
    """A Rollout applied from the author's own file has the same revision as a converted one; a workloadRef has another."""
    assert revision_of(as_written(stored())) == revision_of(AUTHOR)
    assert revision_of(stored()) != revision_of(AUTHOR)
