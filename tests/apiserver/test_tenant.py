"""A user of one namespace tries to have the operator do what he may not do himself, there and elsewhere.

Each is tried with the token of a service account that may edit Rollouts in its own namespace, and no more than it says.
"""

import json
import time
from collections.abc import Callable

import pytest

from bench import manifests
from bench.kube import GROUP, ApiError, Kube, Object, collection, wait_for
from bench.tenant import CROSSFADE, ORDINARY, Tenant
from crossfade.api.labels import ANNOTATION_ROUTE

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.timeout(300)]

SOON_S = 180
STILL_S = 6
"""Longer than the operator needs for whatever it would do: its passes follow an event within a second."""

MARKS = ("crossfade.dev/rollout", "crossfade.dev/rollout-uid", "crossfade.dev/revision")
NOTHING = {"bigBang": {}}


@pytest.fixture
def victim(kube: Kube, new_namespace: Callable[[], str]) -> str:
    """Somebody else's namespace, with a Deployment and a Service that carry no mark of ours."""
    namespace = new_namespace()
    _production(kube, namespace)
    return namespace


def _production(kube: Kube, namespace: str) -> None:
    kube.create(
        manifests.deployment(namespace, manifests.template("v1", env={"SECRET": "hidden"}), replicas=1)
    )
    kube.create(manifests.service(namespace))


@pytest.fixture
def member(kube: Kube, namespace: str) -> Tenant:
    """May edit Rollouts and ordinary objects, in his own namespace."""
    return Tenant(kube, namespace, "member", CROSSFADE, *ORDINARY)


@pytest.fixture
def editor(kube: Kube, namespace: str) -> Tenant:
    """May edit Rollouts, and nothing else, in his own namespace."""
    return Tenant(kube, namespace, "editor", CROSSFADE)


def mine(namespace: str, name: str = "mine", replicas: int = 1, **spec: object) -> Object:
    """A Rollout whose pods are nobody else's."""
    made = manifests.template("v1", name=name)
    del made["metadata"]["labels"]["version"]
    service = {"ports": [{"name": "http", "port": 80, "targetPort": manifests.PORT}]}
    fields = {"service": service, "bakeSeconds": 1, **spec}
    return manifests.rollout(namespace, NOTHING, made, name=name, replicas=replicas, **fields)


def is_in(kube: Kube, namespace: str, name: str, *phases: str) -> Object:
    """Wait until the Rollout is in one of these phases."""

    def found() -> Object | None:
        rollout = kube.get("Rollout", namespace, name)
        there = rollout is not None and rollout.get("status", {}).get("phase") in phases
        return rollout if there else None

    return wait_for(f"{name} to be {' or '.join(phases)}", found, SOON_S)


def still(kube: Kube, kind: str, namespace: str, name: str) -> Object:
    """The object after a while in which anything could have happened to it."""
    until = time.monotonic() + STILL_S
    wait_for("nothing to happen", lambda: time.monotonic() > until, STILL_S + 5)
    found = kube.get(kind, namespace, name)
    assert found is not None, f"{kind} {name} is gone"
    return found


def refused(ask: Callable[[], object]) -> str:
    """What the API server says to it; fails where it is done."""
    with pytest.raises(ApiError) as error:
        ask()
    assert error.value.status in {403, 422}, error.value
    return error.value.message


def status_path(kind: str, namespace: str, name: str) -> str:
    return f"{collection(kind, namespace)}/{name}/status"


@pytest.mark.parametrize(
    "way", ["../../{victim}/deployments/shop", "../{victim}/shop", "..", "shop/../../shop", "a?b=c"]
)
def test_no_name_leads_to_another_namespace(
    kube: Kube, namespace: str, victim: str, member: Tenant, way: str
) -> None:
    name = way.replace("{victim}", victim)
    crossing = {
        **mine(namespace),
        "spec": {"strategy": NOTHING, "replicas": 1, "workloadRef": {"name": name}},
    }
    assert "workloadRef.name" in refused(lambda: member.create(crossing))
    assert kube.list("Deployment", namespace) == []


ROUTES = {
    "httpRoute": "httproutes",
    "grpcRoute": "grpcroutes",
    "tlsRoute": "tlsroutes",
    "tcpRoute": "tcproutes",
    "udpRoute": "udproutes",
}
GATEWAY = {"parentRefs": [{"name": "gateway"}], "hostnames": ["theirs.example.com"]}


@pytest.mark.parametrize("field", ROUTES)
def test_who_may_not_patch_a_route_has_none_changed_for_him(
    namespace: str, member: Tenant, field: str
) -> None:
    told = refused(lambda: member.create(mine(namespace, traffic={field: {"name": "web"}})))
    assert f"{ROUTES[field]}/web" in told
    assert "you may not patch it yourself" in told
    member.create(mine(namespace))
    later = {"spec": {"traffic": {field: {"name": "web"}}}}
    path = f"{collection('Rollout', namespace)}/mine"
    assert "you may not patch it yourself" in refused(
        lambda: member.request("PATCH", path, later, "application/merge-patch+json")
    )


def test_who_may_patch_one_route_has_that_one_changed_and_no_other(kube: Kube, namespace: str) -> None:
    rule = {"apiGroups": ["gateway.networking.k8s.io"], "resources": ["httproutes"], "verbs": ["patch"]}
    owner = Tenant(kube, namespace, "owner", CROSSFADE, {**rule, "resourceNames": ["web"]})
    owner.create(mine(namespace, traffic={"httpRoute": {"name": "web"}}))
    told = refused(lambda: owner.create(mine(namespace, "other", traffic={"httpRoute": {"name": "other"}})))
    assert "httproutes/other" in told


def test_who_may_not_create_a_route_has_none_made_for_him(namespace: str, member: Tenant) -> None:
    told = refused(lambda: member.create(mine(namespace, traffic={"gateway": GATEWAY})))
    assert "you may not create one yourself" in told


def test_who_may_not_patch_routes_says_nothing_of_what_one_was_before(namespace: str, member: Tenant) -> None:
    """The operator would write it back, into any route of the namespace."""
    note = {"metadata": {"annotations": {ANNOTATION_ROUTE: "{}"}}}
    service = manifests.service(namespace)
    noted = {**service, "metadata": {**service["metadata"], **note["metadata"]}}
    assert "is the operator's to write" in refused(lambda: member.create(noted))
    member.create(service)
    path = f"/api/v1/namespaces/{namespace}/services/{service['metadata']['name']}"
    assert "is the operator's to write" in refused(
        lambda: member.request("PATCH", path, note, "application/merge-patch+json")
    )


def test_who_may_edit_rollouts_only_has_nobodys_service_and_nobodys_deployment_taken_over(
    kube: Kube, namespace: str, editor: Tenant
) -> None:
    _production(kube, namespace)
    adopting = mine(namespace, service={"name": "shop", "adopt": True, "ports": [{"port": 80}]})
    assert "you may not patch it yourself" in refused(lambda: editor.create(adopting))
    taking = {
        **mine(namespace),
        "spec": {"strategy": NOTHING, "replicas": 1, "workloadRef": {"name": "shop"}},
    }
    assert "you may not patch it yourself" in refused(lambda: editor.create(taking))
    editor.create(mine(namespace))
    is_in(kube, namespace, "mine", "Healthy")
    later = {"spec": {"service": {"name": "mine", "adopt": True}}}
    path = f"{collection('Rollout', namespace)}/mine"
    assert "adopt" in refused(lambda: editor.request("PATCH", path, later, "application/merge-patch+json"))
    service = still(kube, "Service", namespace, "shop")
    assert service["spec"]["selector"] == {"app": "shop"}
    assert (kube.get("Deployment", namespace, "shop") or {})["spec"]["replicas"] == 1


@pytest.mark.parametrize(
    ("traffic", "told"),
    [
        ({"httpRoute": {"name": "shop"}}, "traffic would have httproutes/shop changed for you"),
        ({"tcpRoute": {"name": "db"}}, "traffic would have tcproutes/db changed for you"),
        (
            {"gateway": {"parentRefs": [{"name": "public"}]}},
            "traffic.gateway would have an HTTPRoute made for you",
        ),
    ],
)
def test_who_may_edit_rollouts_only_has_nobodys_route_changed_and_none_made(
    namespace: str, editor: Tenant, traffic: Object, told: str
) -> None:
    assert told in refused(lambda: editor.create(mine(namespace, traffic=traffic)))
    editor.create(mine(namespace))
    path = f"{collection('Rollout', namespace)}/mine"
    later = {"spec": {"traffic": traffic}}
    assert told in refused(lambda: editor.request("PATCH", path, later, "application/merge-patch+json"))


def test_who_may_patch_what_is_taken_over_may_have_it_taken_over_and_others_may_edit_the_rollout_then(
    kube: Kube, namespace: str, member: Tenant, editor: Tenant
) -> None:
    _production(kube, namespace)
    template = manifests.template("v1", env={"SECRET": "hidden"})
    adopting = mine(
        namespace,
        template=template,
        service={"name": "shop", "adopt": True, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
    )
    member.create(adopting)
    path = f"{collection('Rollout', namespace)}/mine"
    changes: list[Object] = [{"spec": {"bakeSeconds": 2}}, {"metadata": {"labels": {"team": "web"}}}]
    for change in changes:
        editor.request("PATCH", path, change, "application/merge-patch+json")
    is_in(kube, namespace, "mine", "Healthy")
    editor.delete("Rollout", namespace, "mine")
    wait_for("the Rollout to be gone", lambda: kube.get("Rollout", namespace, "mine") is None, SOON_S)
    service = kube.get("Service", namespace, "shop") or {}
    assert service["spec"]["selector"] == {"app": "shop"}
    assert not set(MARKS) & set(service["metadata"].get("labels", {}))


def test_a_service_that_is_not_told_to_be_adopted_is_left_alone(
    kube: Kube, namespace: str, member: Tenant
) -> None:
    _production(kube, namespace)
    member.create(mine(namespace, service={"name": "shop", "ports": [{"port": 80}]}))
    told = is_in(kube, namespace, "mine", "Invalid")["status"]["message"]
    assert "Service shop exists and is not this Rollout's" in told
    assert still(kube, "Service", namespace, "shop")["spec"]["selector"] == {"app": "shop"}


@pytest.mark.parametrize("mark", ["label", "owner"])
def test_marks_of_ours_on_what_is_somebody_elses_do_nothing_to_it(
    kube: Kube, namespace: str, member: Tenant, mark: str
) -> None:
    _production(kube, namespace)
    member.create(mine(namespace, revisionHistoryLimit=1))
    rollout = is_in(kube, namespace, "mine", "Healthy")
    uid = rollout["metadata"]["uid"]
    labels = {
        "crossfade.dev/rollout": "mine",
        "crossfade.dev/revision": "aaa",
        "crossfade.dev/rollout-uid": uid,
    }
    owner = {"apiVersion": manifests.API_VERSION, "kind": "Rollout", "name": "mine", "uid": uid}
    meta = (
        {"labels": labels}
        if mark == "label"
        else {"labels": {"crossfade.dev/rollout": "mine"}, "ownerReferences": [owner]}
    )
    for kind in ("Deployment", "Service"):
        path = f"{collection(kind, namespace)}/shop"
        member.request("PATCH", path, {"metadata": meta}, "application/merge-patch+json")
    member.request(
        "PATCH",
        f"{collection('Rollout', namespace)}/mine",
        {"spec": {"bakeSeconds": 2}},
        "application/merge-patch+json",
    )
    assert still(kube, "Deployment", namespace, "shop")["spec"]["replicas"] == 1
    assert (kube.get("Service", namespace, "shop") or {})["spec"]["selector"] == {"app": "shop"}
    assert is_in(kube, namespace, "mine", "Healthy")


@pytest.mark.parametrize("memo", ["[" * 9_000, '{"app": 1}', '{"a b": "c"}', "{}", '{"app": "theirs"}'])
def test_a_forged_annotation_neither_holds_a_deletion_up_nor_empties_production(
    kube: Kube, namespace: str, member: Tenant, memo: str
) -> None:
    _production(kube, namespace)
    template = manifests.template("v1", env={"SECRET": "hidden"})
    service = {"name": "shop", "adopt": True, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
    member.create(mine(namespace, template=template, service=service))
    is_in(kube, namespace, "mine", "Healthy")
    change = {"metadata": {"annotations": {"crossfade.dev/give-back-selector": memo}}}
    member.request(
        "PATCH", f"{collection('Service', namespace)}/shop", change, "application/merge-patch+json"
    )
    member.delete("Rollout", namespace, "mine")
    wait_for("the Rollout to be gone", lambda: kube.get("Rollout", namespace, "mine") is None, SOON_S)
    selector = (kube.get("Service", namespace, "shop") or {})["spec"]["selector"]
    selected = kube.list("Pod", namespace, ",".join(f"{key}={value}" for key, value in selector.items()))
    assert selector
    assert [pod for pod in selected if not pod["metadata"].get("deletionTimestamp")]


def forged_record(namespace: str) -> Object:
    """A release of "mine" that never was, with pods of somebody else."""
    theirs = {"spec": {"containers": [{"name": "shop", "image": "evil:v1"}]}}
    return {
        "apiVersion": manifests.API_VERSION,
        "kind": "Release",
        "metadata": {"name": "mine-7", "namespace": namespace},
        "spec": {"rollout": "mine", "number": 7, "revision": "aaa", "template": theirs},
    }


def test_the_operators_memory_is_written_by_nobody_who_may_not_change_deployments(
    kube: Kube, namespace: str
) -> None:
    everything = {"apiGroups": ["crossfade.dev"], "resources": ["*"], "verbs": ["*"]}
    forger = Tenant(kube, namespace, "forger", everything)
    forger.create(mine(namespace))
    rollout = is_in(kube, namespace, "mine", "Healthy")
    assert "the operator goes by this" in refused(lambda: forger.create(forged_record(namespace)))
    forged = {"status": {"stable": {"revision": "aaa"}}}
    path = status_path("Rollout", namespace, "mine")
    assert "the operator goes by this" in refused(
        lambda: forger.request("PATCH", path, forged, "application/merge-patch+json")
    )
    assert still(kube, "Rollout", namespace, "mine")["status"]["stable"] == rollout["status"]["stable"]


def test_no_pod_is_made_of_a_record_that_is_forged_by_who_may_write_it(kube: Kube, namespace: str) -> None:
    everything = {"apiGroups": ["crossfade.dev"], "resources": ["*"], "verbs": ["*"]}
    forger = Tenant(kube, namespace, "forger", everything, *ORDINARY)
    forger.create(mine(namespace))
    is_in(kube, namespace, "mine", "Healthy")
    forger.create(forged_record(namespace))
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    ended = {"status": {"outcome": "Completed", "startedAt": now, "endedAt": now}}
    forger.request(
        "PATCH", status_path("Release", namespace, "mine-7"), ended, "application/merge-patch+json"
    )
    forger.create(manifests.action(namespace, "Undo", name="mine", revision="aaa"))
    forged = {"status": {"undoTo": "aaa", "completed": ["aaa"], "stable": {"revision": "aaa"}}}
    forger.request("PATCH", status_path("Rollout", namespace, "mine"), forged, "application/merge-patch+json")
    still(kube, "Rollout", namespace, "mine")
    images = {
        c["image"]
        for d in kube.list("Deployment", namespace)
        for c in d["spec"]["template"]["spec"]["containers"]
    }
    assert images == {manifests.IMAGE}
    pods = kube.list("Pod", namespace, "crossfade.dev/rollout=mine")
    assert [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")], "nothing serves any more"


def test_nobody_acts_in_the_name_of_somebody_else(kube: Kube, namespace: str, editor: Tenant) -> None:
    editor.create(mine(namespace, replicas=0))
    forged_name = manifests.action(namespace, "Pause", name="mine", actor="ann@example.com")
    assert "you are" in refused(lambda: editor.create(forged_name))
    own = editor.create(
        manifests.action(namespace, "Pause", name="mine", actor=editor.user, reason="mine \x1b[2J")
    )
    forged = {"metadata": {"annotations": {"crossfade.dev/actor": "ann"}}, "spec": {"actor": "ann"}}
    path = f"{collection('RolloutAction', namespace)}/{own['metadata']['name']}"
    assert "cannot be changed" in refused(
        lambda: editor.request("PATCH", path, forged, "application/merge-patch+json")
    )

    def answered() -> Object | None:
        return (kube.get("RolloutAction", namespace, own["metadata"]["name"]) or {}).get("status")

    assert wait_for("the answer", answered, SOON_S)["state"] == "Done"
    by = (kube.get("Rollout", namespace, "mine") or {})["status"]["pausedBy"]
    assert by["actor"] == editor.user
    told = json.dumps([kube.list("Event", namespace), kube.list("Release", namespace), by])
    assert "\\u001b" not in told


def test_one_namespaces_actions_say_nothing_to_anothers_rollout(
    kube: Kube, namespace: str, victim: str, member: Tenant
) -> None:
    kube.create(mine(victim))
    is_in(kube, victim, "mine", "Healthy")
    refused(lambda: member.create(manifests.action(victim, "Restart", name="mine")))
    member.create(manifests.action(namespace, "Restart", name="mine"))
    before = (kube.get("Rollout", victim, "mine") or {})["metadata"]["resourceVersion"]
    assert still(kube, "Rollout", victim, "mine")["metadata"]["resourceVersion"] == before


def test_an_object_that_is_nested_too_deep_stops_nobodys_rollout(
    kube: Kube, namespace: str, victim: str, member: Tenant
) -> None:
    made = json.dumps(mine(namespace, "deep")).replace(
        '"terminationGracePeriodSeconds"', '"x": "DEEP", "terminationGracePeriodSeconds"'
    )
    text = made.replace('"DEEP"', '{"a":' * 9_900 + "1" + "}" * 9_900)
    answer = member.pool.request(
        "POST",
        f"{member.host}{GROUP}/namespaces/{namespace}/rollouts",
        body=text.encode(),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status == 201, answer.data
    try:
        kube.create(mine(victim))
        assert is_in(kube, victim, "mine", "Healthy")
    finally:
        member.delete("Rollout", namespace, "deep")


def test_who_may_edit_rollouts_may_run_pods_in_his_namespace_and_in_no_other(
    kube: Kube, namespace: str, victim: str, editor: Tenant
) -> None:
    editor.create(mine(namespace))
    is_in(kube, namespace, "mine", "Healthy")
    assert "cannot create resource" in refused(
        lambda: editor.create(manifests.deployment(namespace, manifests.template("v1")))
    )
    assert "cannot create resource" in refused(lambda: editor.create(mine(victim)))
    outside = mine(namespace, "outside")
    outside["spec"]["template"]["metadata"]["namespace"] = victim
    editor.create(outside)
    still(kube, "Deployment", victim, "shop")
    assert [each["metadata"]["name"] for each in kube.list("Deployment", victim)] == ["shop"]
