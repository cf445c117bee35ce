"""A plain kubeconfig: where the API server is, and who asks, where both are written down in it."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from crossfade.wire.impersonation import FIELDS as IMPERSONATION_FIELDS
from crossfade.wire.impersonation import impersonation

Object = Mapping[str, Any]

PROXIES: Final = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
CLUSTER_FIELDS: Final = frozenset(
    {
        "server",
        "certificate-authority",
        "certificate-authority-data",
        "insecure-skip-tls-verify",
        "extensions",
    }
)
USER_FIELDS: Final = frozenset(
    {
        "client-certificate",
        "client-certificate-data",
        "client-key",
        "client-key-data",
        "token",
        "tokenFile",
        "extensions",
        *IMPERSONATION_FIELDS,
    }
)


@dataclass(frozen=True)
class Access:
    """How an API server is reached and who asks; certificates as PEM, empty where there are none.

    `impersonation`: the headers of every request that say as whom it is asked; one may come several times.
    """

    server: str
    namespace: str = "default"
    authority: bytes = b""
    certificate: bytes = b""
    key: bytes = b""
    token: str = ""
    insecure: bool = False
    impersonation: tuple[tuple[str, str], ...] = ()


def plain_access(
    kubeconfig: str | None, context: str | None, acting_as: Object | None = None
) -> Access | None:
    """Read what kubectl would; None where the official client is needed, also to say what is wrong.

    It is needed for a program that logs in, a proxy, several files, a pod's account, and anything not known here. `acting_as`: fields
    of a kubeconfig's user that go before its own (`as`, `as-groups`).
    """
    path = kubeconfig or os.environ.get("KUBECONFIG")
    if any(os.environ.get(name) for name in PROXIES) or (path or "").count(os.pathsep):
        return None
    if path is None and context is None and "KUBERNETES_SERVICE_HOST" in os.environ:
        return None
    file = os.path.expanduser(path or "~/.kube/config")  # noqa: PTH111 -- pathlib costs 10 ms here
    try:
        return _access(_read(file), context, os.path.dirname(file), acting_as or {})  # noqa: PTH120 -- the same
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration, yaml.YAMLError):
        return None


def _read(file: str) -> Object:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with open(file, "rb") as opened:  # noqa: PTH123 -- the same
        config: Object = yaml.load(opened, loader)  # noqa: S506 -- both are safe loaders
    return config


def _access(config: Object, context: str | None, folder: str, acting_as: Object) -> Access | None:
    chosen = _named(config["contexts"], context or config["current-context"])["context"]
    cluster = _named(config["clusters"], chosen["cluster"])["cluster"]
    user = _named(config["users"], chosen["user"])["user"] or {}
    if not (cluster.keys() <= CLUSTER_FIELDS and user.keys() <= USER_FIELDS):
        return None
    token = _bytes(user, "tokenFile", folder).decode().strip() or user.get("token") or ""
    return Access(
        server=cluster["server"].rstrip("/"),
        namespace=chosen.get("namespace") or "default",
        authority=_pem(cluster, "certificate-authority", folder),
        certificate=_pem(user, "client-certificate", folder),
        key=_pem(user, "client-key", folder),
        token=token,
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        impersonation=impersonation({**user, **acting_as}),
    )


def _named(entries: list[Object], name: str) -> Object:
    return next(each for each in entries if each["name"] == name)


def _pem(holder: Object, field: str, folder: str) -> bytes:
    """The data in the file itself goes before the name of another file, as kubectl does it."""
    data = holder.get(f"{field}-data")
    return base64.b64decode(data) if data else _bytes(holder, field, folder)


def _bytes(holder: Object, field: str, folder: str) -> bytes:
    """A relative name is one beside the kubeconfig."""
    if not holder.get(field):
        return b""
    with open(os.path.join(folder, holder[field]), "rb") as file:  # noqa: PTH118, PTH123 -- as above
        return file.read()
