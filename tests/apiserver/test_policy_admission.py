"""What RolloutPolicies say is refused by the API server itself, to users with real tokens, and none of them gets round it."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_kind import KindCluster

from bench import manifests
from bench.kube import Kube, Object, wait_for
from crossfade.core.policy.generated import name_of

WITHIN_S = 120
CHANGED = '{"spec":{"bakeSeconds":1}}'
RBAC = "/apis/rbac.authorization.k8s.io/v1"
DIGEST = "@sha256:" + "0" * 64
ERRORS = {"name": "errors", "builtIn": {"errors": {}}}
STEPS = [{"weight": 5, "pauseSeconds": 600}, {"weight": 50, "pause": "Manual"}]

As = Callable[..., subprocess.CompletedProcess[str]]
Have = Callable[..., str]


@pytest.fixture
def policy(kube: Kube, namespace: str) -> Iterator[Have]:
    """Makes policies about the test's namespace alone, and gives their names."""
    made: list[str] = []

    def make(name: str = "p", selector: Object | None = None, **spec: Any) -> str:
        own = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
        head = {"apiVersion": "crossfade.dev/v1alpha1", "kind": "RolloutPolicy"}
        meta = {"name": f"{name}-{namespace}"}
        if meta["name"] not in made:
            made.append(meta["name"])
        kube.apply({**head, "metadata": meta, "spec": {"namespaceSelector": selector or own, **spec}})
        return made[-1]

    yield make
    for name in made:
        kube.delete("RolloutPolicy", "", name)


def grant(kube: Kube, namespace: str, account: str, role: str, rules: list[Object] | None = None) -> None:
    """A ClusterRole for an account: in its namespace one that is there, or with `rules` one of its own for the cluster."""
    subjects = [{"kind": "ServiceAccount", "name": account, "namespace": namespace}]
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    if rules is None:
        path = f"{RBAC}/namespaces/{namespace}/rolebindings"
    else:
        path = f"{RBAC}/clusterrolebindings"
        kube.request("POST", f"{RBAC}/clusterroles", {"metadata": {"name": role}, "rules": rules})
    kube.request("POST", path, {"metadata": {"name": role}, "roleRef": ref, "subjects": subjects})


@pytest.fixture
def as_user(kube: Kube, namespace: str, cluster: KindCluster, tmp_path: Path) -> Iterator[As]:
    """Run kubectl as an app team (`dev`), an admin of namespaces (`ops`), or an on-call person who may pass policies (`oncall`)."""
    namespaces = {
        "apiGroups": [""],
        "resources": ["namespaces", "namespaces/status"],
        "verbs": ["get", "update", "patch"],
    }
    bypass = {"apiGroups": ["crossfade.dev"], "resources": ["rolloutpolicies"], "verbs": ["bypass"]}
    own = {"ops": [namespaces], "oncall": [namespaces, bypass]}
    for account in ("dev", *own):
        meta = {"name": account, "namespace": namespace}
        kube.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": meta})
    for account, role in (("dev", "edit"), ("oncall", "admin")):
        grant(kube, namespace, account, role)
    for account, rules in own.items():
        grant(kube, namespace, account, f"{account}-{namespace}", rules)
    config = yaml.safe_load(Path(cluster.kubeconfig_path).read_text())

    def run(account: str, *arguments: str, body: Object | None = None) -> subprocess.CompletedProcess[str]:
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        token = kube.request("POST", path, {"spec": {"expirationSeconds": 600}})["status"]["token"]
        config["users"] = [{"name": each["name"], "user": {"token": token}} for each in config["users"]]
        file = tmp_path / account
        file.write_text(yaml.safe_dump(config))
        command = [str(cluster.kubectl_path), "--kubeconfig", str(file), "-n", namespace]
        told = None if body is None else json.dumps(body)
        return subprocess.run([*command, *arguments], input=told, capture_output=True, text=True, check=False)

    yield run
    for account in own:
        kube.request("DELETE", f"{RBAC}/clusterrolebindings/{account}-{namespace}")
        kube.request("DELETE", f"{RBAC}/clusterroles/{account}-{namespace}")


@pytest.fixture
def shop(namespace: str) -> Callable[..., Object]:
    """The shop's Rollout, of one pod."""

    def make(strategy: Object | None = None, version: str = "v1", **spec: Any) -> Object:
        return manifests.rollout(
            namespace, strategy or {"recreate": {}}, manifests.template(version), replicas=1, **spec
        )

    return make


def refused(answer: subprocess.CompletedProcess[str], *told: str) -> bool:
    """Whether it was refused by a policy in these words."""
    return answer.returncode != 0 and all(text in answer.stderr for text in told)


def done(answer: subprocess.CompletedProcess[str]) -> str:
    assert answer.returncode == 0, answer.stderr
    return answer.stderr


def until_refused(ask: Callable[[], subprocess.CompletedProcess[str]], *told: str) -> None:
    """The API server learns of a policy, and of a right, a moment after it was made."""
    said = [""]

    def is_refused() -> bool:
        answer = ask()
        said.append(answer.stderr or answer.stdout)
        return refused(answer, *told)

    try:
        wait_for("the refusal", is_refused, WITHIN_S, every_s=0.3)
    except AssertionError as error:
        raise AssertionError(f"{error}; it said: {said[-1]}") from error


def until_done(ask: Callable[[], subprocess.CompletedProcess[str]]) -> None:
    said = [""]

    def is_done() -> bool:
        answer = ask()
        said.append(answer.stderr)
        return answer.returncode == 0

    try:
        wait_for("what is allowed to be done", is_done, WITHIN_S, every_s=0.3)
    except AssertionError as error:
        raise AssertionError(f"{error}; it said: {said[-1]}") from error


APPLY = ("apply", "-f", "-")
DRY = (*APPLY, "--dry-run=server")

CANARY = {"canary": {"steps": [{"weight": 12.5}]}}
EACH: dict[str, tuple[Object, Object, str]] = {
    "strategy": ({"strategies": {"allowed": ["canary"]}}, {}, "strategy.recreate is not allowed: use canary"),
    "step": (
        {"steps": {"maxInitialWeight": 10}},
        {"strategy": CANARY},
        "steps[0].weight 12.5 is above 10: begin with a smaller step, of at most 10 %",
    ),
    "bake": ({"steps": {"minBakeSeconds": 600}}, {}, "bakeSeconds 30 is below 600: write bakeSeconds: 600"),
    "analysis": ({"analysis": {"required": True}}, {}, "nothing is measured that decides"),
    "rollback": ({"rollback": {}}, {"onFailure": "Pause"}, "write onFailure: Abort, or leave it out"),
    "digest": ({"images": {"digestRequired": True}}, {}, "has no digest: write it as name@sha256:…"),
    "registry": (
        {"images": {"registries": ["quay.io"]}},
        {},
        "which is from none of the allowed registries: use one of quay.io",
    ),
}


@pytest.mark.parametrize("case", EACH)
def test_each_rule_is_refused_with_what_to_write_instead(
    policy: Have, as_user: As, shop: Callable[..., Object], case: str
) -> None:
    rules, spec, told = EACH[case]
    name, body = policy(**rules), shop()
    body["spec"] |= spec
    sentence = f"policy {name}, rule {next(iter(rules))}: "
    until_refused(lambda: as_user("dev", *DRY, body=body), sentence, told)
    assert refused(as_user("dev", *APPLY, body=body), sentence, told)
    assert refused(as_user("dev", "create", "-f", "-", body=body), sentence, told)


def test_a_spec_larger_than_anybody_writes_is_judged_to_its_last_image(
    policy: Have, as_user: As, shop: Callable[..., Object]
) -> None:
    """An API server stops a judgement that goes over too much, and refuses then."""
    registries = [f"registry-{number}.example.com/team" for number in range(32)]
    policy(
        images={"registries": registries, "digestRequired": True, "deniedTags": ["latest"]},
        steps={"maxIncrease": 50},
    )
    image = f"{registries[-1]}/shop:1{DIGEST}"
    containers = [{"name": f"c-{number}", "image": image} for number in range(20)]
    number_of_errors = {"prometheus": {"query": "up"}, "success": "result < 1.0"}
    measured = {"metrics": [{"name": f"m-{number}", **number_of_errors} for number in range(4)]}
    steps = [{"weight": each, "pause": "Manual", "analysis": measured} for each in range(2, 101, 2)]
    body = shop({"canary": {"steps": steps}})
    body["spec"]["template"] = {"spec": {"initContainers": containers, "containers": containers}}
    body["spec"]["hooks"] = [
        {
            "name": f"h-{number}",
            "before": "Start",
            "job": {"template": {"spec": {"containers": containers[:2]}}},
        }
        for number in "abcdefgh"
    ]
    until_done(lambda: as_user("oncall", *DRY, body=body))
    last = body["spec"]["hooks"][-1]["job"]["template"]["spec"]
    last["containers"] = [*containers[:1], {"name": "last", "image": "evil"}]
    until_refused(
        lambda: as_user("dev", *DRY, body=body), "containers[last].image evil is docker.io/library/evil"
    )


@pytest.mark.parametrize(
    "where",
    [{"initContainers": {}}, {"initContainers": {"restartPolicy": "Always"}}, {"ephemeralContainers": {}}],
    ids=["init", "sidecar", "ephemeral"],
)
def test_images_of_no_container_are_left_out(
    policy: Have, as_user: As, shop: Callable[..., Object], where: dict[str, Object]
) -> None:
    policy(images={"deniedTags": ["latest"]})
    body = shop()
    ((kind, more),) = where.items()
    body["spec"]["template"]["spec"][kind] = [{"name": "extra", "image": "busybox", **more}]
    told = f"{kind}[extra].image busybox has the denied tag latest: name another one"
    until_refused(lambda: as_user("dev", *DRY, body=body), told)


def test_a_rule_that_warns_lets_through_and_one_that_audits_says_nothing(
    policy: Have, as_user: As, shop: Callable[..., Object]
) -> None:
    rules = {"strategies": {"allowed": ["canary"]}, "rollback": {"onFailure": "Abort"}}
    name = policy(enforcement="Warn", ruleEnforcement={"rollback": "Audit"}, **rules)

    def warning() -> str:
        return done(as_user("dev", *DRY, body=shop(onFailure="Pause")))

    told = wait_for("the warning", lambda: text if "policy" in (text := warning()) else None, WITHIN_S)
    assert f"policy {name}, rule strategies: strategy.recreate is not allowed: use canary" in told
    assert "rollback" not in told


def test_what_broke_a_rule_before_the_policy_came_may_be_labelled_scaled_held_and_let_go(
    kube: Kube, namespace: str, policy: Have, as_user: As, shop: Callable[..., Object]
) -> None:
    body = shop()
    body["metadata"]["finalizers"] = ["example.com/held"]
    until_done(lambda: as_user("dev", *APPLY, body=body))
    policy(strategies={"allowed": ["canary"]})
    until_refused(
        lambda: as_user("dev", "patch", "rollout/shop", "--type=merge", "-p", CHANGED, "--dry-run=server"),
        "rule strategies",
    )
    done(as_user("dev", "label", "rollout/shop", "team=web"))
    done(as_user("dev", "scale", "rollout/shop", "--replicas=2"))
    done(as_user("dev", "patch", "rollout/shop", "--type=merge", "-p", '{"spec":{"paused":true}}'))
    done(as_user("dev", "delete", "rollout/shop", "--wait=false"))
    done(as_user("dev", "patch", "rollout/shop", "--type=merge", "-p", '{"metadata":{"finalizers":null}}'))
    wait_for("the Rollout to be gone", lambda: kube.get("Rollout", namespace, "shop") is None, WITHIN_S)


def test_a_strategy_and_steps_are_judged_at_each_edit_and_again_when_it_is_made_anew(
    policy: Have, as_user: As, shop: Callable[..., Object]
) -> None:
    policy(strategies={"allowed": ["canary"]}, steps={"maxInitialWeight": 10, "requireManualPromotion": True})
    good, first = shop({"canary": {"steps": STEPS}}), shop({"canary": {"steps": STEPS[1:]}})
    until_refused(lambda: as_user("dev", *DRY, body=first), "rule steps: steps[0].weight 50 is above 10")
    done(as_user("dev", *APPLY, body=good))
    done(as_user("dev", *APPLY, body=shop({"canary": {"steps": STEPS}}, "v2")))  # a release is under way now
    assert refused(as_user("dev", *APPLY, body=first), "rule steps: steps[0].weight 50 is above 10")
    asks_nobody = [STEPS[0], {"weight": 50}]
    assert refused(
        as_user("dev", *APPLY, body=shop({"canary": {"steps": asks_nobody}})), "write pause: Manual there"
    )
    assert refused(as_user("dev", *APPLY, body=shop({"bigBang": {}})), "rule strategies", "rule steps")
    done(as_user("dev", "delete", "rollout/shop"))
    assert refused(as_user("dev", *APPLY, body=first), "rule steps: steps[0].weight 50 is above 10")


def test_several_policies_all_hold(policy: Have, as_user: As, shop: Callable[..., Object]) -> None:
    policy("loose", strategies={"allowed": ["recreate", "canary"]})
    policy("strict", strategies={"allowed": ["canary"]})
    until_refused(lambda: as_user("dev", *DRY, body=shop()), "policy strict-", "use canary")


def test_a_rollout_leaves_no_policy_by_its_labels(
    policy: Have, as_user: As, shop: Callable[..., Object]
) -> None:
    body = shop({"canary": {"steps": STEPS}})
    body["metadata"]["labels"] = {"tier": "web"}
    until_done(lambda: as_user("dev", *APPLY, body=body))
    policy(strategies={"allowed": ["canary"]}, rolloutSelector={"matchLabels": {"tier": "web"}})
    until_refused(
        lambda: as_user("dev", "label", "rollout/shop", "tier-", "--dry-run=server"),
        "the Rollout would be none of those",
    )
    assert refused(as_user("dev", "label", "rollout/shop", "tier=db", "--overwrite"), "the verb bypass")
    without = {**shop(), "metadata": {**shop()["metadata"], "labels": {"tier": "db"}}}
    assert refused(as_user("dev", *APPLY, body=without), "policy")
    done(as_user("dev", "label", "rollout/shop", "team=web"))
    until_done(lambda: as_user("oncall", "label", "rollout/shop", "tier-"))


def test_a_namespace_leaves_no_policy_by_its_labels(
    kube: Kube, namespace: str, policy: Have, as_user: As, shop: Callable[..., Object]
) -> None:
    label = f"env-of-{namespace}"
    patch = {"metadata": {"labels": {label: "prod"}}}
    kube.request("PATCH", f"/api/v1/namespaces/{namespace}", patch, "application/merge-patch+json")
    policy(selector={"matchLabels": {label: "prod"}}, strategies={"allowed": ["canary"]})
    until_refused(lambda: as_user("dev", *DRY, body=shop()), "rule strategies")
    told = "the namespace would be none of those that it selects"
    until_refused(
        lambda: as_user("ops", "label", f"namespace/{namespace}", f"{label}-", "--dry-run=server"), told
    )
    assert refused(as_user("ops", "label", f"namespace/{namespace}", f"{label}=dev", "--overwrite"), told)
    status = ("patch", f"namespace/{namespace}", "--subresource=status", "--type=merge", "-p")
    assert refused(as_user("ops", *status, json.dumps({"metadata": {"labels": {label: None}}})), told)
    done(as_user("ops", "label", f"namespace/{namespace}", "other=label"))
    until_done(lambda: as_user("oncall", "label", f"namespace/{namespace}", f"{label}-"))
    until_done(lambda: as_user("dev", *DRY, body=shop()))


def test_who_has_the_verb_makes_one_with_a_reason_and_nobody_else_does(
    policy: Have, as_user: As, shop: Callable[..., Object]
) -> None:
    name = policy(strategies={"allowed": ["canary"]})
    body = shop()
    until_refused(lambda: as_user("oncall", *DRY, body=body), f"policy {name}")
    body["metadata"]["annotations"] = {"crossfade.dev/bypass-reason": "incident 4711"}
    assert refused(as_user("dev", *APPLY, body=body), f"policy {name}")
    until_done(lambda: as_user("oncall", *APPLY, body=body))
    edit = ("patch", "rollout/shop", "--type=merge", "-p", '{"spec":{"bakeSeconds":1}}')
    assert refused(as_user("oncall", *edit), f"policy {name}"), "an edit needs the operator's record"


def test_nobody_writes_down_a_bypass_for_himself(
    policy: Have, as_user: As, shop: Callable[..., Object]
) -> None:
    body = shop({"canary": {"steps": STEPS}})
    until_done(lambda: as_user("dev", *APPLY, body=body))
    name = policy(strategies={"allowed": ["canary"]})
    until_refused(lambda: as_user("dev", *DRY, body=shop()), f"policy {name}")
    status = json.dumps({"status": {"bypasses": [{"policy": name, "by": "dev"}]}})
    forged = as_user("dev", "patch", "rollout/shop", "--subresource=status", "--type=merge", "-p", status)
    assert forged.returncode != 0
    with_status = {**shop(), "status": {"bypasses": [{"policy": name, "by": "dev"}]}}
    assert refused(as_user("dev", *APPLY, body=with_status), f"policy {name}")


def test_nobody_weakens_or_removes_a_policy_without_the_right(policy: Have, as_user: As) -> None:
    name = policy(strategies={"allowed": ["canary"]})
    for account in ("dev", "ops", "oncall"):
        for act in (
            ("delete", f"rolloutpolicy/{name}"),
            ("patch", f"rolloutpolicy/{name}", "--type=merge", "-p", '{"spec":{"enforcement":"Audit"}}'),
        ):
            answer = as_user(account, *act)
            assert answer.returncode != 0
            assert "forbidden" in answer.stderr.lower()


OWNER = {
    "name": "owner",
    "expression": "has(object.metadata.labels) && 'owner' in object.metadata.labels",
    "message": "label it with its owner",
}


def valid(kube: Kube, name: str) -> Object:
    """What the operator says of the present form of a policy; {} before it has looked."""
    policy = kube.get("RolloutPolicy", "", name) or {}
    generation, told = policy["metadata"]["generation"], policy.get("status") or {}
    found = [each for each in told.get("conditions", ()) if each["type"] == "Valid"]
    return next((each for each in found if each["observedGeneration"] == generation), {})


@pytest.mark.usefixtures("running_operator")
def test_expressions_hold_until_they_are_taken_away(
    kube: Kube, policy: Have, as_user: As, shop: Callable[..., Object]
) -> None:
    name = policy(expressions=[OWNER])
    told = f"policy {name}, rule expressions, owner: label it with its owner"
    until_refused(lambda: as_user("dev", *DRY, body=shop()), told)
    labelled = shop()
    labelled["metadata"]["labels"] = {"owner": "ann"}
    done(as_user("dev", *DRY, body=labelled))
    policy(expressions=[{**OWNER, "expression": "true"}])
    until_done(lambda: as_user("dev", *DRY, body=shop()))
    policy(expressions=[OWNER])
    until_refused(lambda: as_user("dev", *DRY, body=shop()), told)
    policy()
    until_done(lambda: as_user("dev", *DRY, body=shop()))
    wait_for("its admission policy to go", lambda: not generated(kube, name), WITHIN_S)


@pytest.mark.usefixtures("running_operator")
def test_an_expression_that_cannot_be_used_is_told_by_its_name(kube: Kube, policy: Have) -> None:
    name = policy(expressions=[{**OWNER, "expression": "obj.spec == 1"}])
    told = wait_for("the expression to be told", lambda: valid(kube, name), WITHIN_S)
    said = "expression owner is wrong in line 1, at character 1: undeclared reference to 'obj'"
    assert told["status"] == "False"
    assert told["message"].startswith(said)
    policy(expressions=[{**OWNER, "expression": "object.spec.nothing == 1"}])
    wait_for(
        "the wrong type to be told", lambda: "'nothing'" in valid(kube, name).get("message", ""), WITHIN_S
    )
    policy(expressions=[OWNER])
    wait_for("it to be valid", lambda: valid(kube, name).get("status") == "True", WITHIN_S)


@pytest.mark.usefixtures("running_operator")
def test_an_admission_policy_goes_with_its_policy(kube: Kube, policy: Have) -> None:
    name = policy(expressions=[OWNER])
    wait_for("its admission policy", lambda: len(generated(kube, name)) == 2, WITHIN_S)
    kube.delete("RolloutPolicy", "", name)
    wait_for("its admission policy to go with it", lambda: not generated(kube, name), WITHIN_S)


def generated(kube: Kube, name: str) -> list[Object]:
    """What is stored for a policy's expressions."""
    kinds = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    return [found for kind in kinds if (found := kube.get(kind, "", name_of(name)))]


@pytest.mark.usefixtures("running_operator")
def test_a_closed_window_that_rejects_takes_no_new_template_and_nothing_else(
    policy: Have, as_user: As, shop: Callable[..., Object]
) -> None:
    until_done(lambda: as_user("dev", *APPLY, body=shop()))
    always = {
        "kind": "Deny",
        "timeZone": "Europe/Berlin",
        "start": "2026-01-01T00:00:00Z",
        "end": "2999-01-01T00:00:00Z",
    }
    name = policy(windows=[{"name": "always", "onClosed": "Reject", **always}])
    told = f"policy {name}, rule windows: window always is closed, and takes no new template: "
    until_refused(lambda: as_user("dev", *DRY, body=shop(version="v2")), told, "undo and abort are not held")
    done(as_user("dev", *APPLY, body=shop(bakeSeconds=1)))
    done(as_user("dev", "scale", "rollout/shop", "--replicas=2"))


def test_the_api_server_finds_nothing_wrong_with_the_types_of_what_is_installed(kube: Kube) -> None:
    own = [
        each
        for each in kube.list("ValidatingAdmissionPolicy", "")
        if each["metadata"]["name"].startswith("crossfade-policies-")
    ]
    assert len(own) == 5
    for each in own:
        checked = wait_for(
            f"{each['metadata']['name']} to be checked",
            lambda name=each["metadata"]["name"]: (kube.get("ValidatingAdmissionPolicy", "", name) or {}).get(
                "status"
            ),
            WITHIN_S,
        )
        assert checked["typeChecking"] == {}
