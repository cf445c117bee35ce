"""A person: a user of the cluster with a client certificate of its own CA, with groups, and with the rights they are given."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import urllib3

from bench.kube import Kube, Object, wait_for

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
WITHIN_S = 120


class Person(Kube):
    """Asks as `user`, who is in these `groups`: the API server reads both in the certificate."""

    def __init__(self, admin: Kube, user: str, *groups: str) -> None:
        super().__init__(admin.kubeconfig)
        self.user = user
        self.folder = Path(tempfile.mkdtemp(prefix="crossfade-person-"))
        self.certificate, self.key = self.folder / "tls.crt", self.folder / "tls.key"
        self.certificate.write_bytes(_signed(admin, self.key, user, groups))
        self.trust = self.pool.connection_pool_kw.get("ca_certs")
        own = {"cert_file": str(self.certificate), "key_file": str(self.key)}
        self.pool = urllib3.PoolManager(ca_certs=self.trust, maxsize=4, **own)  # type: ignore[arg-type]
        self.fresh = self.pool

    def kubectl(
        self, program: str, *arguments: str, body: Object | None = None, editor: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl with this certificate and no kubeconfig; `editor` is what `kubectl edit` opens."""
        access = ["--server", self.host, "--certificate-authority", str(self.trust)]
        own = ["--client-certificate", str(self.certificate), "--client-key", str(self.key)]
        return subprocess.run(
            [program, *access, *own, *arguments],
            input=None if body is None else json.dumps(body),
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "KUBE_EDITOR": editor},
            capture_output=True,
            text=True,
            check=False,
        )

    def forget(self) -> None:
        """Remove the key."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _signed(admin: Kube, key: Path, user: str, groups: tuple[str, ...]) -> bytes:
    """Make a key, and have the cluster sign a certificate for it."""
    name = f"person-{uuid.uuid4().hex[:8]}"
    spec = {
        "request": base64.b64encode(_request(key, user, groups)).decode(),
        "signerName": "kubernetes.io/kube-apiserver-client",
        "expirationSeconds": 3600,
        "usages": ["client auth"],
    }
    made = admin.request("POST", REQUESTS, {"metadata": {"name": name}, "spec": spec})
    approved = {"type": "Approved", "status": "True", "reason": "Test", "message": "a user of a test"}
    admin.request("PUT", f"{REQUESTS}/{name}/approval", {**made, "status": {"conditions": [approved]}})

    def certificate() -> str:
        return str(admin.request("GET", f"{REQUESTS}/{name}").get("status", {}).get("certificate", ""))

    try:
        return base64.b64decode(wait_for(f"the certificate of {user}", certificate, WITHIN_S))
    finally:
        admin.request("DELETE", f"{REQUESTS}/{name}")


def _request(key: Path, user: str, groups: tuple[str, ...]) -> bytes:
    subject = "".join(f"/O={_escaped(group)}" for group in groups) + f"/CN={_escaped(user)}"
    command = [
        "openssl",
        "req",
        "-new",
        "-nodes",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
    ]
    done = subprocess.run([*command, "-keyout", str(key), "-subj", subject], capture_output=True, check=True)
    return done.stdout


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("/", "\\/").replace("+", "\\+")


def bound(admin: Kube, namespace: str, role: str, person: Person) -> str:
    """Bind a ClusterRole to a person, in one namespace; with namespace "" in the cluster. Gives the binding's path."""
    kind, place = ("RoleBinding", f"/namespaces/{namespace}") if namespace else ("ClusterRoleBinding", "")
    binding = {
        "metadata": {"name": f"{role}-{uuid.uuid4().hex[:8]}"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": person.user}],
    }
    path = f"{RBAC}{place}/{kind.lower()}s"
    return f"{path}/{admin.request('POST', path, binding)['metadata']['name']}"


def given(admin: Kube, namespace: str, person: Person, *rules: Object) -> None:
    """Give a person a role of their own in one namespace."""
    name = f"own-{uuid.uuid4().hex[:8]}"
    admin.request(
        "POST", f"{RBAC}/namespaces/{namespace}/roles", {"metadata": {"name": name}, "rules": list(rules)}
    )
    binding = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": person.user}],
    }
    admin.request("POST", f"{RBAC}/namespaces/{namespace}/rolebindings", binding)
