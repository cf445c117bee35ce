"""Who did what: people with certificates and groups of their own try to do what is not theirs, each by the API server.

Nobody here has a wildcard: `verbs: ["*"]` on rollouts makes an operator of anybody.
"""

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, cast, get_args

import pytest
import yaml
from pytest_kind import KindCluster

from bench import manifests
from bench.kube import ApiError, Kube, NeverHappenedError, Object, collection, wait_for
from bench.person import Person, bound
from crossfade.api.action import ActionName
from crossfade.api.labels import ANNOTATION_REQUESTER, FINALIZER

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
PAGE, TENANTS = ROOT / "docs" / "security.md", ROOT / "manifests" / "tenants.yaml"
SOON_S = 180
MERGE, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"
NOTHING: Object = {"bigBang": {}}
WRITES = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
ORDINARY: list[Object] = [
    {"apiGroups": ["apps"], "resources": ["deployments", "deployments/scale"], "verbs": WRITES},
    {"apiGroups": [""], "resources": ["services"], "verbs": WRITES},
    {"apiGroups": ["gateway.networking.k8s.io"], "resources": ["httproutes", "grpcroutes"], "verbs": WRITES},
]
"""What a member of a team may do besides, with each verb by its name."""
GATEWAY = {
    "parentRefs": [{"name": "traefik", "namespace": "crossfade-gateway"}],
    "hostnames": ["who.example.com"],
}

VERBS = {
    "Promote": "promote",
    "PromoteFull": "promote",
    "Skip": "skip",
    "Abort": "abort",
    "Retry": "retry",
    "Pause": "pause",
    "Resume": "pause",
    "Undo": "undo",
    "Restart": "restart",
    "Approve": "approve",
}
EVERY_VERB = sorted({*VERBS.values()})

New = Callable[..., Person]


@pytest.fixture
def ann(new_person: New) -> Person:
    """May edit what is in the namespace, by the cluster's own role and in so many words."""
    return new_person("ann", roles=("edit",), rules=ORDINARY)


@pytest.fixture
def bob(new_person: New) -> Person:
    """The same."""
    return new_person("bob", roles=("edit",), rules=ORDINARY)


def shop(namespace: str, version: str = "v1", **spec: Any) -> Object:
    fields = {"replicas": 1, "bakeSeconds": 1, **spec}
    return manifests.rollout(namespace, NOTHING, manifests.template(version), **fields)


def path_of(kind: str, namespace: str, name: str = manifests.NAME) -> str:
    return f"{collection(kind, namespace)}/{name}"


def healthy(kube: Kube, namespace: str) -> Object:
    """Wait until the shop is at rest and gives what it is then."""

    def found() -> Object | None:
        rollout = kube.get("Rollout", namespace, manifests.NAME)
        return rollout if rollout and rollout.get("status", {}).get("phase") == "Healthy" else None

    return wait_for("the shop to be Healthy", found, SOON_S)


def done(ask: Callable[[], Object]) -> Object:
    """What the API server answers, once it knows of the rights that were given a moment ago."""

    def tried() -> Object | None:
        try:
            return ask()
        except ApiError as error:
            if error.status == 403:
                return None
            raise

    return wait_for("the request to be allowed", tried, SOON_S)


def refused(ask: Callable[[], object], *said: str) -> None:
    """Fails where the API server does it, or says something else: rights that come late are waited for."""
    messages: list[str] = []

    def told() -> bool:
        with pytest.raises(ApiError) as error:
            ask()
        messages.append(str(error.value))
        return error.value.status in {403, 422} and all(part in error.value.message for part in said)

    try:
        wait_for(f"a refusal that says {said}", told, SOON_S)
    except NeverHappenedError as never:
        pytest.fail(f"{never}; it was {messages[-1]}")


def patch(who: Kube, kind: str, namespace: str, change: Any, name: str = manifests.NAME) -> Object:
    content = JSON_PATCH if isinstance(change, list) else MERGE
    return who.request("PATCH", path_of(kind, namespace, name), change, content)


def deployment_of(kube: Kube, namespace: str) -> Object:
    (found,) = kube.list("Deployment", namespace, "crossfade.dev/rollout=shop")
    return found


# What the operator made


def test_nobody_edits_or_deletes_a_deployment_that_a_rollout_made_and_all_else_of_it_is_free(
    kube: Kube, namespace: str, ann: Person
) -> None:
    done(lambda: ann.create(shop(namespace)))
    healthy(kube, namespace)
    made = deployment_of(kube, namespace)
    name, uid = made["metadata"]["name"], made["metadata"]["uid"]
    template = {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}}
    refused(
        lambda: patch(ann, "Deployment", namespace, template, name),
        "made by Rollout shop",
        "crossfade restart shop",
    )
    image = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil:v1"}]
    refused(lambda: patch(ann, "Deployment", namespace, image, name), "its template and whose it is")
    refused(lambda: ann.request("DELETE", path_of("Deployment", namespace, name)), "goes when that does")
    refused(lambda: ann.request("DELETE", collection("Deployment", namespace)), "goes when that does")
    for taken in (
        [{"op": "remove", "path": "/metadata/ownerReferences"}],
        {"metadata": {"labels": {"crossfade.dev/rollout-uid": "x"}}},
    ):
        refused(partial(patch, ann, "Deployment", namespace, taken, name), "whose it is")
    patch(
        ann,
        "Deployment",
        namespace,
        {"metadata": {"labels": {"team": "web"}, "annotations": {"note": "x"}}},
        name,
    )
    ann.scale("Deployment", namespace, name, 2)
    assert deployment_of(kube, namespace)["metadata"]["uid"] == uid


def test_who_takes_our_labels_off_first_edits_no_template_all_the_same(
    kube: Kube, namespace: str, ann: Person
) -> None:
    done(lambda: ann.create(shop(namespace)))
    healthy(kube, namespace)
    name = deployment_of(kube, namespace)["metadata"]["name"]
    image = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil:v1"}]
    bare = {"metadata": {"labels": {"crossfade.dev/rollout": None, "crossfade.dev/revision": None}}}
    patch(ann, "Deployment", namespace, bare, name)
    refused(lambda: patch(ann, "Deployment", namespace, image, name), "made by Rollout shop")
    bare = {"metadata": {"labels": {"crossfade.dev/rollout": None}}}
    refused(lambda: patch(ann, "Service", namespace, bare), "whose it is are the operator's to change")
    refused(
        lambda: patch(ann, "Service", namespace, {"spec": {"selector": {"app": "evil"}}}), "what it selects"
    )


def test_nobody_moves_or_deletes_a_service_that_a_rollout_made_and_all_else_of_it_is_free(
    kube: Kube, namespace: str, ann: Person
) -> None:
    done(lambda: ann.create(shop(namespace)))
    healthy(kube, namespace)
    changes: list[Any] = [
        {"spec": {"selector": {"crossfade.dev/revision": "aaa"}}},
        {"spec": {"type": "ExternalName", "externalName": "evil.example.com"}},
        [{"op": "remove", "path": "/metadata/ownerReferences"}],
        {"metadata": {"annotations": {"crossfade.dev/give-back-selector": "{}"}}},
        {"metadata": {"labels": {"crossfade.dev/rollout": "another"}}},
    ]
    for change in changes:
        refused(
            partial(patch, ann, "Service", namespace, change),
            "Service shop is made by Rollout shop",
        )
    refused(lambda: ann.request("DELETE", path_of("Service", namespace)), "goes when that does")
    patch(ann, "Service", namespace, {"metadata": {"labels": {"team": "web"}}, "spec": {"type": "NodePort"}})
    assert (kube.get("Service", namespace, "shop") or {})["spec"]["type"] == "NodePort"


def test_nobody_makes_a_pod_that_would_get_the_requests_of_a_rollout(
    kube: Kube, namespace: str, new_person: New
) -> None:
    ann = new_person("ann", roles=("edit",))
    labels = {"crossfade.dev/rollout": "shop", "crossfade.dev/revision": "aaa"}
    pod: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "rogue", "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "app", "image": "shop:v1"}]},
    }
    told = "pod rogue has the label crossfade.dev/rollout, so it would get requests of Rollout shop"
    refused(lambda: ann.create(pod), told)
    done(lambda: ann.create({**pod, "metadata": {**pod["metadata"], "labels": {"app": "shop"}}}))
    refused(lambda: patch(ann, "Pod", namespace, {"metadata": {"labels": labels}}, "rogue"), told)
    patch(ann, "Pod", namespace, {"metadata": {"labels": {"app": "other"}}}, "rogue")


def test_a_label_makes_nobodys_own_service_the_operators(namespace: str, ann: Person) -> None:
    body: Object = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "mine", "namespace": namespace},
    }
    body |= {"spec": {"selector": {"app": "mine"}, "ports": [{"port": 80}]}}
    done(lambda: ann.create(body))
    patch(ann, "Service", namespace, {"metadata": {"labels": {"crossfade.dev/rollout-uid": "x"}}}, "mine")
    patch(ann, "Service", namespace, {"metadata": {"labels": {"crossfade.dev/rollout-uid": None}}}, "mine")
    ann.request("DELETE", path_of("Service", namespace, "mine"))


def test_whose_a_child_is_is_not_written_through_its_status_either(
    kube: Kube, namespace: str, new_person: New
) -> None:
    statuses = {"apiGroups": ["", "apps"], "resources": ["services/status", "deployments/status"]}
    ann = new_person("ann", roles=("edit",), rules=[{**statuses, "verbs": ["patch"]}])
    done(lambda: ann.create(shop(namespace)))
    healthy(kube, namespace)
    owners: Object = {"metadata": {"ownerReferences": None}}
    deployment = kube.list("Deployment", namespace)[0]["metadata"]["name"]
    for kind, name in (("Service", "shop"), ("Deployment", deployment)):
        path = f"{path_of(kind, namespace, name)}/status"
        refused(partial(ann.request, "PATCH", path, owners, MERGE), f"{kind} {name} is made by Rollout shop")


def test_nobody_edits_or_deletes_a_route_that_a_rollout_made(kube: Kube, namespace: str, ann: Person) -> None:
    done(lambda: ann.create(shop(namespace, traffic={"gateway": GATEWAY})))
    wait_for("the route", lambda: kube.get("HTTPRoute", namespace, "shop"), SOON_S)
    refused(
        lambda: patch(
            ann,
            "HTTPRoute",
            namespace,
            {"spec": {"rules": [{"backendRefs": [{"name": "evil", "port": 80}]}]}},
        ),
        "HTTPRoute shop is made by Rollout shop",
    )
    refused(
        lambda: patch(ann, "HTTPRoute", namespace, {"spec": {"hostnames": ["a.b"]}}),
        "spec.traffic of the Rollout",
    )
    refused(lambda: ann.request("DELETE", path_of("HTTPRoute", namespace)), "goes when that does")
    patch(ann, "HTTPRoute", namespace, {"metadata": {"labels": {"team": "web"}}})


def test_what_a_rollout_made_goes_with_it_whoever_deletes_it(kube: Kube, namespace: str, ann: Person) -> None:
    done(lambda: ann.create(shop(namespace)))
    healthy(kube, namespace)
    ann.delete("Rollout", namespace, "shop")
    wait_for("the Deployment to go", lambda: not kube.list("Deployment", namespace), SOON_S)
    wait_for("the Service to go", lambda: kube.get("Service", namespace, "shop") is None, SOON_S)


def test_what_is_only_taken_over_stays_its_owners_to_apply(kube: Kube, namespace: str, ann: Person) -> None:
    """Git applies it again and again, and must never be refused; the operator says what it makes of that."""
    service = manifests.service(namespace)
    done(lambda: ann.apply(service, manager="argocd-controller"))
    adopting = {
        "name": "shop",
        "adopt": True,
        "ports": [{"name": "http", "port": 80, "targetPort": manifests.PORT}],
    }
    ann.create(shop(namespace, service=adopting))
    wait_for(
        "the Service to be taken over",
        lambda: (
            "crossfade.dev/rollout"
            in (kube.get("Service", namespace, "shop") or {})["metadata"].get("labels", {})
        ),
        SOON_S,
    )
    other = {**service, "spec": {**service["spec"], "selector": {"app": "shop", "tier": "web"}}}
    ann.apply(other, manager="argocd-controller")
    ann.request("DELETE", path_of("Service", namespace))


def test_a_deployment_of_a_workload_ref_stays_its_owners_to_edit_and_delete(
    kube: Kube, namespace: str, ann: Person
) -> None:
    owned = manifests.deployment(namespace, manifests.template("v1"), replicas=1)
    done(lambda: ann.apply(owned, manager="helm"))
    ann.create(
        {**shop(namespace), "spec": {"strategy": NOTHING, "replicas": 1, "workloadRef": {"name": "shop"}}}
    )
    healthy(kube, namespace)
    ann.apply(manifests.deployment(namespace, manifests.template("v2"), replicas=1), manager="helm")
    ann.request("DELETE", path_of("Deployment", namespace))


def test_on_call_with_break_glass_moves_the_service_by_hand_by_the_command_of_the_docs(
    kube: Kube, namespace: str, ann: Person, new_person: New, cluster: KindCluster
) -> None:
    done(lambda: ann.create(shop(namespace)))
    healthy(kube, namespace)
    eve = new_person("eve", roles=("edit", "crossfade-break-glass"))
    (told,) = re.findall(r"^    kubectl (patch service .+)$", PAGE.read_text(), re.MULTILINE)
    command = shlex.split(told.replace("-n shop", f"-n {namespace}").replace("REVISION", "aaa111"))

    def by(person: Person) -> subprocess.CompletedProcess[str]:
        return kubectl(cluster, person, *command, "--dry-run=server")

    wait_for("ann to be refused", lambda: "made by Rollout shop" in by(ann).stderr, SOON_S)
    wait_for("eve to be let", lambda: "service/shop patched" in by(eve).stdout, SOON_S)


# Actions


@pytest.mark.parametrize("action", VERBS)
def test_an_action_without_its_verb_is_refused_with_the_verb_and_the_role_that_has_it(
    namespace: str, new_person: New, action: str
) -> None:
    others = [verb for verb in EVERY_VERB if verb != VERBS[action]]
    making = {"apiGroups": ["crossfade.dev"], "resources": ["rolloutactions"], "verbs": ["create"]}
    asker = new_person("asker", rules=[making, verbs_on("rollouts", *others)])
    role = "crossfade-approver" if action == "Approve" else "crossfade-act"
    refused(lambda: asker.create(asked(namespace, action, asker)), f"needs the verb {VERBS[action]} on", role)


def test_every_action_has_been_thought_of() -> None:
    assert {*VERBS, "Bypass"} == set(get_args(ActionName))


def test_an_action_with_its_verb_on_that_one_rollout_is_made_and_on_another_is_not(
    namespace: str, new_person: New
) -> None:
    making = {"apiGroups": ["crossfade.dev"], "resources": ["rolloutactions"], "verbs": ["create"]}
    one = {**verbs_on("rollouts", "abort"), "resourceNames": ["shop"]}
    asker = new_person("asker", rules=[making, one])
    done(lambda: asker.create(asked(namespace, "Abort", asker)))
    refused(
        lambda: asker.create(asked(namespace, "Abort", asker, name="other")), "rollouts.crossfade.dev/other"
    )


def test_who_may_edit_asks_for_everything_and_approves_nothing(namespace: str, ann: Person) -> None:
    for action in VERBS:
        if action != "Approve":
            done(partial(ann.create, asked(namespace, action, ann)))
    refused(lambda: ann.create(asked(namespace, "Approve", ann)), "needs the verb approve")


def test_an_approver_approves_in_no_name_and_no_group_but_his_own(namespace: str, new_person: New) -> None:
    carl = new_person("carl", "release-managers", roles=("crossfade-approver",))
    made = done(lambda: carl.create(asked(namespace, "Approve", carl, groups=["release-managers"])))
    assert made["spec"]["groups"] == ["release-managers"]
    in_anns = {**asked(namespace, "Approve", carl)["spec"], "actor": f"ann@{namespace}"}
    refused(
        lambda: carl.create({**asked(namespace, "Approve", carl), "spec": in_anns}), "write your own name"
    )
    theirs = asked(namespace, "Approve", carl, groups=["release-managers", "database-team"])
    refused(lambda: carl.create(theirs), "spec.groups has 'database-team'", "are not in that group")
    refused(lambda: carl.create(asked(namespace, "Promote", carl)), "needs the verb promote")


def test_an_action_that_does_not_say_who_asks_is_given_who_does(namespace: str, new_person: New) -> None:
    carl = new_person("carl", "release-managers", "web", roles=("crossfade-release-manager",))
    made = done(lambda: carl.create(manifests.action(namespace, "Approve", revision="aaa111")))
    assert made["spec"]["actor"] == carl.user
    assert {"release-managers", "web", "system:authenticated"} == set(made["spec"]["groups"])
    few = done(lambda: carl.create(manifests.action(namespace, "Pause", groups=["web"])))
    assert (few["spec"]["actor"], few["spec"]["groups"]) == (carl.user, ["web"])


def test_a_policy_is_passed_by_who_has_the_verb_on_it_and_says_why(
    kube: Kube, namespace: str, ann: Person, new_person: New
) -> None:
    refused(
        lambda: ann.create(asked(namespace, "Bypass", ann, policy="production", reason="down")),
        "needs the verb bypass on",
    )
    eve = new_person("eve", roles=("crossfade-break-glass",))
    spec = {"policy": "production", "reason": "down"}
    refused(lambda: eve.create(asked(namespace, "Bypass", eve, **spec)), "bound by a ClusterRoleBinding")
    with in_the_cluster(kube, "crossfade-break-glass", eve):
        done(lambda: eve.create(asked(namespace, "Bypass", eve, **spec)))
        refused(
            lambda: eve.create(asked(namespace, "Bypass", eve, policy="production")),
            "write policy and reason",
        )


def test_who_may_impersonate_is_taken_for_the_other_and_who_may_not_is_refused(
    kube: Kube, namespace: str, ann: Person, new_person: New
) -> None:
    """The API server says so: it is the right to impersonate that must not be given (docs/roles.md)."""
    carl = new_person("carl", roles=("crossfade-approver",))
    as_carl = {"Impersonate-User": carl.user}
    approval = manifests.action(namespace, "Approve", revision="aaa111")
    assert done(lambda: carl.create(approval))["spec"]["actor"] == carl.user
    refused(lambda: request_as(ann, as_carl, approval), "cannot impersonate")
    refused(
        lambda: ann.create({**approval, "spec": {**approval["spec"], "actor": carl.user}}),
        "write your own name",
    )
    assert request_as(kube, as_carl, approval)["spec"]["actor"] == carl.user, "an admin of the cluster may"
    promotion = manifests.action(namespace, "Promote")
    refused(lambda: request_as(kube, as_carl, promotion), f"'{carl.user}', do not have it")


def test_an_action_that_is_answered_may_be_deleted_by_anybody_who_may_and_nothing_changes(
    kube: Kube, namespace: str, ann: Person, bob: Person
) -> None:
    done(lambda: ann.create(shop(namespace)))
    healthy(kube, namespace)
    name = done(lambda: ann.create(manifests.action(namespace, "Pause")))["metadata"]["name"]
    wait_for("the answer", lambda: (kube.get("RolloutAction", namespace, name) or {}).get("status"), SOON_S)
    done(lambda: bob.request("DELETE", path_of("RolloutAction", namespace, name)))
    rollout = kube.get("Rollout", namespace, "shop") or {}
    assert rollout["status"]["pausedBy"]["actor"] == ann.user


# Who asked for a revision


def requester(kube: Kube, namespace: str) -> str | None:
    meta = (kube.get("Rollout", namespace, "shop") or {})["metadata"]
    told = meta.get("annotations", {}).get(ANNOTATION_REQUESTER)
    return None if told is None else str(told)


IMAGE = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "crossfade-shop:v2"}]
FORGED = {"metadata": {"annotations": {ANNOTATION_REQUESTER: "mallory"}}}
DROPPED = {"metadata": {"annotations": {ANNOTATION_REQUESTER: None}}}


def test_who_changes_the_template_is_written_on_the_rollout_and_nobody_writes_anything_else_there(
    kube: Kube, namespace: str, ann: Person, bob: Person
) -> None:
    done(
        lambda: ann.create(
            {**shop(namespace), "metadata": {**shop(namespace)["metadata"], **FORGED["metadata"]}}
        )
    )
    assert requester(kube, namespace) == ann.user
    for change in (
        FORGED,
        DROPPED,
        {"metadata": {"annotations": None}},
        {"metadata": {"labels": {"team": "web"}}},
    ):
        done(partial(patch, bob, "Rollout", namespace, change))
        assert requester(kube, namespace) == ann.user, change
    patch(bob, "Rollout", namespace, {"spec": {"bakeSeconds": 2, "replicas": 2}})
    bob.scale("Rollout", namespace, "shop", 1)
    assert requester(kube, namespace) == ann.user
    patch(bob, "Rollout", namespace, IMAGE)
    assert requester(kube, namespace) == bob.user
    patch(ann, "Rollout", namespace, {**FORGED, "spec": {"template": {"metadata": {"labels": {"a": "b"}}}}})
    assert requester(kube, namespace) == ann.user


@pytest.mark.parametrize(
    "manager", ["argocd-controller", "kustomize-controller", "kubectl", "before-first-apply"]
)
def test_an_apply_that_does_not_have_the_annotation_neither_drops_it_nor_is_told_that_it_drifts(
    kube: Kube, namespace: str, ann: Person, bob: Person, manager: str
) -> None:
    """Whoever applies it next, by whatever name of a field manager, with the same template or another."""
    done(lambda: ann.apply(shop(namespace), manager=manager))
    assert requester(kube, namespace) == ann.user
    before = kube.get("Rollout", namespace, "shop") or {}
    done(lambda: bob.apply(shop(namespace), manager=manager))
    after = kube.get("Rollout", namespace, "shop") or {}
    assert requester(kube, namespace) == ann.user
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    owned = str(after["metadata"]["managedFields"])
    assert ANNOTATION_REQUESTER not in owned, "nobody owns it, so no apply takes it away"
    bob.apply(shop(namespace, "v2"), manager=manager)
    assert requester(kube, namespace) == bob.user


def test_an_update_of_the_whole_object_and_a_client_side_apply_keep_it_too(
    kube: Kube, namespace: str, ann: Person, new_person: New, cluster: KindCluster
) -> None:
    manifest = shop(namespace)
    bob = new_person("bob", roles=("edit",))
    done(lambda: ann.create(manifest))
    healthy(kube, namespace)

    def replaced() -> Object | None:
        """The whole object as the manifest has it; the operator may write a status at the same moment."""
        live = (kube.get("Rollout", namespace, "shop") or {})["metadata"]["resourceVersion"]
        whole = {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": live}}
        with suppress(ApiError):
            return bob.request("PUT", path_of("Rollout", namespace), whole)
        return None

    wait_for("the update", replaced, SOON_S)
    assert requester(kube, namespace) == ann.user
    assert kubectl(cluster, bob, "apply", "-f", "-", body=manifest).returncode == 0
    assert requester(kube, namespace) == ann.user
    done_by_hand = kubectl(
        cluster,
        bob,
        "edit",
        "rollouts.crossfade.dev/shop",
        "-n",
        namespace,
        editor=f"sed -i s/{manifests.IMAGE}/{manifests.IMAGE}-2/",
    )
    assert done_by_hand.returncode == 0, done_by_hand.stderr
    assert requester(kube, namespace) == bob.user


def test_the_operators_own_writes_name_nobody(kube: Kube, namespace: str, ann: Person) -> None:
    done(lambda: ann.create(shop(namespace, onDelete="GiveBack")))
    rollout = healthy(kube, namespace)
    assert FINALIZER in rollout["metadata"]["finalizers"]
    assert requester(kube, namespace) == ann.user


def test_where_the_cluster_writes_nobody_down_a_requester_is_not_forged_and_edits_go_on(
    kube: Kube, namespace: str, ann: Person, bob: Person
) -> None:
    """As on a cluster that is older than 1.36: there is the guard and, for this namespace, no stamp."""
    binding = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings/crossfade-requester"
    stamps = kube.request("GET", binding)["spec"].get("matchResources", {}).get("namespaceSelector", {})
    others = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [namespace]}
    elsewhere = {"spec": {"matchResources": {"namespaceSelector": {"matchExpressions": [others]}}}}
    kube.request("PATCH", binding, elsewhere, MERGE)
    try:
        wait_for("the stamp to be gone", lambda: not stamped(kube, namespace, ann), SOON_S)
        done(lambda: ann.create(shop(namespace)))
        refused(
            lambda: patch(bob, "Rollout", namespace, FORGED),
            "who changed the template last is not known",
            "leave it out",
        )
        refused(
            lambda: patch(
                bob,
                "Rollout",
                namespace,
                {**FORGED, "spec": {"template": {"metadata": {"labels": {"a": "b"}}}}},
            ),
            f"are '{bob.user}'",
        )
        patch(bob, "Rollout", namespace, IMAGE)
        own = {"metadata": {"annotations": {ANNOTATION_REQUESTER: bob.user}}}
        patch(bob, "Rollout", namespace, {**own, "spec": {"template": {"metadata": {"labels": {"a": "c"}}}}})
        stale = {"spec": {"template": {"metadata": {"labels": {"a": "d"}}}}}
        refused(
            lambda: patch(ann, "Rollout", namespace, stale), "take it away first", f"{ANNOTATION_REQUESTER}-"
        )
        patch(ann, "Rollout", namespace, {"metadata": {"labels": {"team": "web"}}})
        patch(ann, "Rollout", namespace, DROPPED)
        patch(ann, "Rollout", namespace, stale)
        backup = {
            **shop(namespace),
            "metadata": {"name": "restored", "namespace": namespace, **FORGED["metadata"]},
        }
        refused(lambda: ann.create(backup), f"are '{ann.user}'")
        kube.create(backup)
    finally:
        back = {"matchExpressions": None, **stamps}
        kube.request("PATCH", binding, {"spec": {"matchResources": {"namespaceSelector": back}}}, MERGE)
        wait_for("the stamp to be back", lambda: stamped(kube, namespace, ann), SOON_S)


def stamped(kube: Kube, namespace: str, person: Person) -> bool:
    tried = f"{collection('Rollout', namespace)}?dryRun=All"
    meta = {"generateName": "tried-", "namespace": namespace}
    made = done(lambda: person.request("POST", tried, {**shop(namespace), "metadata": meta}))
    return ANNOTATION_REQUESTER in made["metadata"].get("annotations", {})


# The operator's memory


def test_a_status_and_a_release_are_the_operators_to_write_also_for_who_may_write_both_by_rbac(
    kube: Kube, namespace: str, ann: Person, new_person: New
) -> None:
    written = ["rollouts/status", "releases", "releases/status", "rolloutactions/status"]
    rule = {"apiGroups": ["crossfade.dev"], "resources": written, "verbs": WRITES}
    forger = new_person("forger", roles=("edit",), rules=[*ORDINARY, rule])
    done(lambda: ann.create(shop(namespace)))
    healthy(kube, namespace)
    status = f"{path_of('Rollout', namespace)}/status"
    forged = {"status": {"message": "all is well"}}
    refused(lambda: forger.request("PATCH", status, forged, MERGE), "who has the verb operate")
    release = {
        "apiVersion": manifests.API_VERSION,
        "kind": "Release",
        "metadata": {"name": "shop-7", "namespace": namespace},
        "spec": {"rollout": "shop", "number": 7, "revision": "aaa", "template": {}},
    }
    refused(lambda: forger.create(release), "who has the verb operate")
    ended = {"status": {"outcome": "Completed"}}
    record = f"{path_of('Release', namespace, 'shop-1')}/status"
    refused(lambda: forger.request("PATCH", record, ended, MERGE), "who has the verb operate")


# Templates with more rights than their author


@pytest.fixture
def tenants(kube: Kube, namespace: str) -> Iterator[None]:
    """The policy of manifests/tenants.yaml, for this namespace alone."""
    policy, binding = yaml.safe_load_all(TENANTS.read_text())
    name = f"crossfade-tenants-{namespace}"
    policy["metadata"]["name"] = binding["metadata"]["name"] = binding["spec"]["policyName"] = name
    here = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    binding["spec"]["matchResources"] = {"namespaceSelector": here}
    for each in (policy, binding):
        kube.create(each)
    yield
    for each in (binding, policy):
        kube.delete(each["kind"], "", name)


SECRETS: dict[str, Object] = {
    "volume": {"volumes": [{"name": "a", "secret": {"secretName": "theirs"}}]},
    "projected": {"volumes": [{"name": "a", "projected": {"sources": [{"secret": {"name": "theirs"}}]}}]},
    "pull secret": {"imagePullSecrets": [{"name": "theirs"}]},
}
IN_A_CONTAINER: dict[str, Object] = {
    "env": {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "theirs", "key": "a"}}}]},
    "envFrom": {"envFrom": [{"secretRef": {"name": "theirs"}}]},
}


def with_pod(namespace: str, container: Object | None = None, **pod: Any) -> Object:
    made = shop(namespace, replicas=0)
    spec = made["spec"]["template"]["spec"]
    spec.update(pod)
    spec["containers"][0].update(container or {})
    return made


def with_hook(namespace: str, **pod: Any) -> Object:
    """The same with a Job before it begins."""
    made = shop(namespace, replicas=0)
    container = {"name": "job", "image": "crossfade-shop:dev", "command": ["true"]}
    job = {"template": {"spec": {"containers": [container], "restartPolicy": "Never", **pod}}}
    made["spec"]["hooks"] = [{"name": "migrate", "before": "Start", "job": job}]
    return made


def is_refused(author: Person, manifest: Object) -> bool:
    """Whether it would be, where nothing of it is kept."""
    path = path_of(manifest["kind"], manifest["metadata"]["namespace"], manifest["metadata"]["name"])
    try:
        author.request("PATCH", f"{path}?dryRun=All", {"spec": manifest["spec"]}, MERGE)
    except ApiError as error:
        return error.status in {403, 422}
    return False


@pytest.mark.usefixtures("tenants")
def test_a_template_uses_no_account_and_no_secret_that_its_author_could_not_use_where_an_admin_asks_for_that(
    kube: Kube, namespace: str, new_person: New
) -> None:
    writing = verbs_on("rollouts", *WRITES)
    using = {"apiGroups": [""], "resources": ["serviceaccounts"], "resourceNames": ["ours"], "verbs": ["use"]}
    author = new_person("author", rules=[writing, using])
    done(lambda: author.apply(shop(namespace, replicas=0)))
    told = "names a Secret that it did not name before"
    mounts = with_pod(namespace, **SECRETS["volume"])
    wait_for("the policy to be in force", lambda: is_refused(author, mounts), SOON_S)
    for pod in SECRETS.values():
        refused(partial(author.apply, with_pod(namespace, **pod)), told)
    for container in IN_A_CONTAINER.values():
        refused(partial(author.apply, with_pod(namespace, container)), told)
    refused(partial(author.apply, with_pod(namespace, serviceAccountName="theirs")), "you may not use it")
    refused(partial(author.apply, with_pod(namespace, serviceAccount="theirs")), "you may not use it")
    refused(
        partial(author.apply, with_hook(namespace, serviceAccountName="theirs")), "runs as a service account"
    )
    refused(partial(author.apply, with_hook(namespace, **SECRETS["volume"])), "names a Secret, and you")
    author.apply(with_hook(namespace))
    author.apply(with_pod(namespace, serviceAccountName="ours"))
    mounted = with_pod(namespace, serviceAccountName="theirs", **SECRETS["volume"])
    kube.apply(mounted)
    mounted["spec"]["template"]["spec"]["containers"][0]["image"] = "crossfade-shop:v2"
    author.apply(mounted)
    patch(author, "Rollout", namespace, {"metadata": {"labels": {"team": "web"}}})


# How it is asked


def verbs_on(resource: str, *verbs: str) -> Object:
    return {"apiGroups": ["crossfade.dev"], "resources": [resource], "verbs": list(verbs)}


def asked(namespace: str, action: str, who: Person, name: str = manifests.NAME, **spec: Any) -> Object:
    """An action as the command line makes it."""
    more = {"revision": "aaa111"} if action == "Approve" else {}
    return manifests.action(namespace, action, name=name, actor=who.user, **more, **spec)


@contextmanager
def in_the_cluster(kube: Kube, role: str, person: Person) -> Iterator[None]:
    """A ClusterRoleBinding for the length of the block."""
    made = bound(kube, "", role, person)
    try:
        yield
    finally:
        kube.request("DELETE", made)


def request_as(who: Kube, headers: dict[str, str], body: Object) -> Object:
    path = who.host + collection(body["kind"], body["metadata"]["namespace"])
    answer = who.fresh.request(
        "POST", path, json=body, headers={**headers, "Connection": "close"}, timeout=60, retries=False
    )
    if answer.status >= 300:
        raise ApiError(answer.status, answer.data.decode())
    return cast("Object", answer.json())


def kubectl(
    cluster: KindCluster, who: Person, *arguments: str, body: Object | None = None, editor: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run kubectl with the certificate of a person, and no other."""
    return who.kubectl(str(cluster.kubectl_path), *arguments, body=body, editor=editor)
