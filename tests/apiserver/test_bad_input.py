"""What the API server says to someone who applies a Rollout with a mistake, and what the operator says to the rest."""

import copy
import json
import subprocess
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from pytest_kind import KindCluster

from api.bad_inputs import BAD_INPUTS, BadInput
from api.manifests import rollout
from api.test_agreement import pruned, specs
from bench import manifests
from bench.kube import ApiError, Kube, Object, collection, wait_for
from crossfade.api.rollout import Rollout
from crossfade.api.strict import InvalidObjectError, parse_strict
from fixtures import Kubectl

Apply = Callable[[Object], Object]


@pytest.mark.parametrize("bad", BAD_INPUTS, ids=str)
def test_the_api_server_names_the_mistake_and_says_what_to_write(kube: Kube, bad: BadInput) -> None:
    answer = stored(kube, rollout(bad.changes))
    assert isinstance(answer, str), "it was taken"
    assert bad.path in answer
    assert (bad.server_says or bad.says) in answer


def test_kubectl_apply_tells_all_mistakes_at_once(cluster: KindCluster, namespace: str) -> None:
    changes = {
        "metadata.name": "a" * 41,
        "spec.strategy.canary.steps": [{"weight": 50}, {"weight": 5, "pause": "Manual", "pauseSeconds": 1}],
        "spec.strategy.rolling": {},
        "spec.service.adopt": True,
        "spec.bakeSeconds": -1,
    }
    command = [
        cluster.kubectl_path,
        "--kubeconfig",
        cluster.kubeconfig_path,
        "-n",
        namespace,
        "apply",
        "-f",
        "-",
    ]
    manifest = json.dumps(rollout(changes))
    answer = subprocess.run(command, input=manifest, capture_output=True, text=True, check=False)
    assert answer.returncode == 1, answer.stdout
    lines = [line for line in answer.stderr.splitlines() if line.startswith("* ")]
    assert sorted(line.split(": ")[0].removeprefix("* ") for line in lines) == [
        "metadata.name",
        "spec.bakeSeconds",
        "spec.service.name",
        "spec.strategy",
        "spec.strategy.canary.steps",
        "spec.strategy.canary.steps[1]",
    ]


def stored(kube: Kube, manifest: Object) -> Object | str:
    """What the API server would store, or why it would refuse."""
    query = urllib.parse.urlencode({"dryRun": "All", "fieldValidation": "Strict"})
    try:
        return kube.request("POST", f"{collection('Rollout', 'default')}?{query}", manifest)
    except ApiError as error:
        if error.status not in (400, 422):
            raise
        return error.message


def without_nulls(rollout: Rollout) -> Object:
    """The spec, less the nulls that the template may hold: they are no part of a revision."""
    wire: Object = pruned(rollout.spec.to_wire())
    return wire


def read(manifest: Object) -> Rollout | str:
    """What the command line reads, or why it would refuse."""
    try:
        return parse_strict(Rollout, copy.deepcopy(manifest))
    except InvalidObjectError as error:
        return str(error)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(spec=specs())
def test_the_command_line_accepts_and_refuses_what_the_api_server_does(kube: Kube, spec: Object) -> None:
    manifest = {**rollout(), "spec": spec}
    by_us, by_server = read(manifest), stored(kube, manifest)
    if isinstance(by_us, str) or isinstance(by_server, str):
        assert isinstance(by_us, str), by_server
        assert isinstance(by_server, str), by_us
    else:
        assert without_nulls(Rollout.model_validate(by_server)) == without_nulls(by_us)


def test_the_name_of_the_service_cannot_be_changed_but_may_be_written_out(apply: Apply) -> None:
    apply(rollout())
    apply(rollout({"spec.service.name": "shop"}))
    with pytest.raises(ApiError, match="the Service's name cannot be changed, since clients use it"):
        apply(rollout({"spec.service.name": "other"}))


def test_an_action_cannot_be_changed(kube: Kube, apply: Apply, namespace: str) -> None:
    asked = kube.create(manifests.action(namespace, "Abort"))
    changed = {**manifests.action(namespace, "Promote"), "metadata": {"name": asked["metadata"]["name"]}}
    with pytest.raises(
        ApiError, match="an action cannot be changed once it is made: make another one instead"
    ):
        apply(changed)


EXPLAINED = {
    "rollout.spec.strategy.canary": "Gives the new revision a growing share of the requests",
    "cf.spec.strategy.canary.steps.weight": "Percent of the requests that the new revision gets in this step",
    "release.status.why": "in one sentence that a person can act on",
    "cfa.spec.action": "`Abort` returns all requests to the stable revision",
}


def test_kubectl_explain_is_the_documentation(kubectl: Kubectl) -> None:
    shown = {path: " ".join(kubectl("explain", path).split()) for path in EXPLAINED}
    assert [path for path, says in EXPLAINED.items() if says not in shown[path]] == []


@pytest.mark.usefixtures("running_operator")
def test_a_template_that_the_api_server_refuses_is_invalid_and_leaves_production_alone(
    kube: Kube, apply: Apply, namespace: str
) -> None:
    good = manifests.rollout(namespace, manifests.strategy("bigBang"), manifests.template("v1"), replicas=2)
    apply({**good, "spec": {**good["spec"], "bakeSeconds": 0}})
    wait_for("v1 to be healthy", lambda: phase(kube, namespace) == "Healthy")
    before = production(kube, namespace)

    bad = manifests.template("v2")
    bad["spec"]["containers"][0]["volumeMounts"] = [{"name": "nowhere", "mountPath": "/data"}]
    apply({**good, "spec": {**good["spec"], "template": bad}})
    wait_for("the bad template to be told", lambda: phase(kube, namespace) == "Invalid")
    status = seen(kube, namespace)["status"]
    assert "volumeMounts[0].name: Not found" in status["message"]
    assert {"type": "Stalled", "status": "True", "reason": "InvalidTemplate"}.items() <= stalled(
        status
    ).items()
    assert production(kube, namespace) == before

    apply({**good, "spec": {**good["spec"], "bakeSeconds": 0, "template": manifests.template("v2")}})
    wait_for(
        "v2 to be healthy", lambda: phase(kube, namespace) == "Healthy" and is_stable(kube, namespace), 60
    )
    assert not stalled(seen(kube, namespace)["status"])


def seen(kube: Kube, namespace: str) -> Object:
    found = kube.get("Rollout", namespace, manifests.NAME)
    assert found is not None
    return found


def phase(kube: Kube, namespace: str) -> str:
    return str(seen(kube, namespace).get("status", {}).get("phase"))


def stalled(status: Object) -> Object:
    """The condition Stalled, empty where it is absent."""
    conditions: list[dict[str, Any]] = status.get("conditions", [])
    return next((condition for condition in conditions if condition["type"] == "Stalled"), {})


def is_stable(kube: Kube, namespace: str) -> bool:
    """Whether the operator has seen the spec as it is and no release is under way."""
    rollout = seen(kube, namespace)
    observed = rollout["status"]["observedGeneration"] == rollout["metadata"]["generation"]
    return observed and "candidate" not in rollout["status"]


def production(kube: Kube, namespace: str) -> dict[str, Any]:
    """What users are served by: every Deployment's and the Service's spec, and the names of the pods."""
    deployments = {item["metadata"]["name"]: item["spec"] for item in kube.list("Deployment", namespace)}
    services = {item["metadata"]["name"]: item["spec"] for item in kube.list("Service", namespace)}
    return {"deployments": deployments, "services": services, "pods": pods(kube, namespace)}


def pods(kube: Kube, namespace: str) -> set[str]:
    return {item["metadata"]["name"] for item in kube.list("Pod", namespace)}
