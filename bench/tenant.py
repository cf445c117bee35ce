"""A user of one namespace: a service account with the rights that it is given there, and its requests."""

from typing import Any

import urllib3

from bench.kube import Kube, Object, wait_for

CROSSFADE = {"apiGroups": ["crossfade.dev"], "resources": ["rollouts", "rolloutactions"], "verbs": ["*"]}
"""Who may edit Rollouts and nothing else."""

ORDINARY: list[Object] = [
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": ["services", "configmaps", "pods"], "verbs": ["*"]},
]
"""What a member of a team may do besides, in the team's namespace."""


class Tenant(Kube):
    """Asks as `name` of `namespace`, who has these `rules` there and none elsewhere."""

    def __init__(self, admin: Kube, namespace: str, name: str, *rules: Object) -> None:
        super().__init__(admin.kubeconfig)
        self.user = f"system:serviceaccount:{namespace}:{name}"
        token = _made(admin, namespace, name, rules)
        if rules:
            _wait_bound(admin, namespace, self.user, rules[0])
        bearer = {"Authorization": f"Bearer {token}"}
        trust = {"ca_certs": self.pool.connection_pool_kw.get("ca_certs"), "maxsize": 8}
        self.pool = _Speaking(urllib3.PoolManager(**trust), bearer)
        self.fresh = self.pool


class _Speaking:
    """A pool of connections whose requests all say who asks."""

    def __init__(self, pool: urllib3.PoolManager, headers: dict[str, str]) -> None:
        self._pool = pool
        self._headers = headers

    def request(self, method: str, url: str, *, headers: dict[str, str] | None = None, **more: Any) -> Any:
        """As the pool's own. The connection is kept: a flood that makes one for each request is none."""
        kept = {key: value for key, value in (headers or {}).items() if key != "Connection"}
        return self._pool.request(method, url, headers={**kept, **self._headers}, **more)


def _made(admin: Kube, namespace: str, name: str, rules: tuple[Object, ...]) -> str:
    """Make the account and its role; gives a token of it."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    roles = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    of = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    admin.request("POST", accounts, {"metadata": {"name": name}})
    admin.request("POST", f"{roles}/roles", {"metadata": {"name": name}, "rules": list(rules)})
    bound = {"metadata": {"name": name}, "roleRef": of, "subjects": [subject]}
    admin.request("POST", f"{roles}/rolebindings", bound)
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    answer = admin.request("POST", f"{accounts}/{name}/token", asked)
    return str(answer["status"]["token"])


def _wait_bound(admin: Kube, namespace: str, user: str, rule: Object) -> None:
    """Until the API server goes by the binding: it learns of it a moment after it was stored."""
    asked = {key: rule[f"{key}s"][0] for key in ("resource", "verb")} | {"group": rule["apiGroups"][0]}
    review = {"spec": {"user": user, "resourceAttributes": {**asked, "namespace": namespace}}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    wait_for(f"the rights of {user}", lambda: admin.request("POST", path, review)["status"]["allowed"])
