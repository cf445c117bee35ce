"""Users with one of the cluster's own roles in one namespace may do what docs/roles.md says: asked, and tried."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from pytest_kind import KindCluster

from bench import manifests
from bench.kube import Kube, Object, wait_for
from roles import Right, rights

pytestmark = pytest.mark.usefixtures("running_operator")

ROLES = {
    "view": "view",
    "edit": "edit",
    "admin": "admin",
    "act": "crossfade-act",
    "approver": "crossfade-approver",
    "manager": "crossfade-release-manager",
    "looks": "crossfade-policy-viewer",
    "rules": "crossfade-policy-admin",
    "glass": "crossfade-break-glass",
}
"""The ClusterRole that each account has in the namespace."""
WITHIN_S = 180
RBAC = "/apis/rbac.authorization.k8s.io/v1"

As = Callable[..., subprocess.CompletedProcess[str]]


def bind(kube: Kube, namespace: str, account: str) -> None:
    """A service account, and the role that it has in its namespace."""
    meta = {"name": account, "namespace": namespace}
    kube.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": meta})
    binding = {
        "metadata": meta,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ROLES[account]},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
    }
    kube.request("POST", f"{RBAC}/namespaces/{namespace}/rolebindings", binding)


def allowed(kube: Kube, namespace: str, account: str, verb: str, resource: str) -> bool:
    """The API server's own word on what the account may; what `kubectl auth can-i --as` asks."""
    plural, _, subresource = resource.partition("/")
    asked = {"group": "crossfade.dev", "resource": plural, "subresource": subresource, "verb": verb}
    spec = {
        "user": f"system:serviceaccount:{namespace}:{account}",
        "groups": ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"],
        "resourceAttributes": {"namespace": namespace, **asked},
    }
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return bool(kube.request("POST", path, {"spec": spec})["status"]["allowed"])


@pytest.fixture
def users(kube: Kube, namespace: str) -> str:
    """The namespace, with an account for each role that has got its rights."""
    for account in ROLES:
        bind(kube, namespace, account)
    for account in ROLES:
        wait_for(
            f"the rights of {account}",
            lambda account=account: allowed(kube, namespace, account, "list", "rolloutpolicies"),
            WITHIN_S,
        )
    return namespace


@pytest.fixture
def as_user(kube: Kube, users: str, cluster: KindCluster, tmp_path: Path) -> As:
    """Run kubectl with the real token of an account, and no certificate of an admin."""
    config = yaml.safe_load(Path(cluster.kubeconfig_path).read_text())

    def run(account: str, *arguments: str, body: Object | None = None) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / account
        folder.mkdir(exist_ok=True)
        path = f"/api/v1/namespaces/{users}/serviceaccounts/{account}/token"
        token = kube.request("POST", path, {"spec": {"expirationSeconds": 600}})["status"]["token"]
        config["users"] = [{"name": each["name"], "user": {"token": token}} for each in config["users"]]
        (folder / "config").write_text(yaml.safe_dump(config))
        command = [str(cluster.kubectl_path), "--kubeconfig", str(folder / "config"), "-n", users]
        told = None if body is None else json.dumps(body)
        return subprocess.run([*command, *arguments], input=told, capture_output=True, text=True, check=False)

    return run


def test_each_role_may_what_the_page_says_and_nothing_else(kube: Kube, users: str) -> None:
    accounts = {role: account for account, role in ROLES.items()}

    def wrong(right: Right) -> bool:
        answer = allowed(kube, users, accounts[right.role], right.verb, right.resource)
        return answer != right.granted

    assert [right for right in rights() if wrong(right)] == []


def test_users_with_real_tokens_may_release_act_or_only_look(kube: Kube, users: str, as_user: As) -> None:
    rollout = manifests.rollout(users, manifests.strategy("rolling"), manifests.template("v1"), replicas=1)
    assert_forbidden(as_user("view", "apply", "-f", "-", body=rollout), "view")
    assert_forbidden(as_user("act", "apply", "-f", "-", body=rollout), "act")
    assert_forbidden(
        as_user("looks", "get", "rolloutpolicies"), "looks"
    )  # of the cluster: by a ClusterRoleBinding
    assert_done(as_user("edit", "apply", "-f", "-", body=rollout))
    assert_done(as_user("edit", "wait", "--for=condition=Ready", "rollout/shop", "--timeout=180s"))
    assert_done(as_user("admin", "scale", "rollout/shop", "--replicas=2"))
    assert_done(as_user("view", "get", "rollouts,releases,rolloutactions"))
    assert_forbidden(as_user("view", "scale", "rollout/shop", "--replicas=3"), "view")
    for asker in ("edit", "admin", "act", "manager"):
        assert_answered(kube, users, asked(as_user, users, asker))
    assert_forbidden(as_user("approver", "create", "-f", "-", body=pause(users, "approver")), "approver")
    assert_forbidden(as_user("view", "create", "-f", "-", body=pause(users, "view")), "view")


def test_nobody_writes_what_the_operator_says(kube: Kube, users: str, as_user: As) -> None:
    rollout = manifests.rollout(users, manifests.strategy("rolling"), manifests.template("v1"), replicas=1)
    kube.apply(rollout)
    wait_for("the first release", lambda: kube.get("Release", users, "shop-1"), WITHIN_S)
    forged = '{"status": {"outcome": "Completed"}}'
    for account in ROLES:
        status = ("patch", "--subresource=status", "--type=merge", "-p")
        assert_forbidden(
            as_user(account, *status, '{"status": {"message": "all is well"}}', "rollout/shop"), account
        )
        assert_forbidden(as_user(account, *status, forged, "release/shop-1"), account)
        assert_forbidden(as_user(account, "patch", "--type=merge", "-p", forged, "release/shop-1"), account)
        assert_forbidden(as_user(account, "delete", "release/shop-1"), account)


def test_an_action_is_made_in_nobodys_name_but_ones_own(users: str, as_user: As) -> None:
    refused = as_user("act", "create", "-f", "-", body=pause(users, "edit"))
    assert refused.returncode != 0
    assert "write your own name, or leave it out" in refused.stderr


def pause(namespace: str, actor: str) -> Object:
    return manifests.action(namespace, "Pause", actor=f"system:serviceaccount:{namespace}:{actor}")


def asked(as_user: As, namespace: str, account: str) -> str:
    """The name of an action that the account made in its own name."""
    made = as_user(account, "create", "-f", "-", "-o", "name", body=pause(namespace, account))
    return assert_done(made).strip().partition("/")[2]


def assert_answered(kube: Kube, namespace: str, name: str) -> None:
    def state() -> str:
        return str((kube.get("RolloutAction", namespace, name) or {}).get("status", {}).get("state", ""))

    assert wait_for(f"the answer to {name}", state, WITHIN_S) in {"Done", "Refused"}


def assert_done(answer: subprocess.CompletedProcess[str]) -> str:
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def assert_forbidden(answer: subprocess.CompletedProcess[str], account: str) -> None:
    assert answer.returncode != 0, f"{account} may: {answer.stdout}"
    assert "forbidden" in answer.stderr.lower()
