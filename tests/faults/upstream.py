"""Where the proxy sends requests on to, and the kubeconfig that leads a client to the proxy."""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import yaml


@dataclass(frozen=True)
class Upstream:
    """An API server: its address, and how to speak TLS with it (None: plain HTTP)."""

    server: str
    tls: ssl.SSLContext | None = None

    @classmethod
    def of(cls, kubeconfig: Path) -> Self:
        """The current context's server, with the client certificate that is embedded in the kubeconfig."""
        config = yaml.safe_load(kubeconfig.read_text())
        context = _named(config["contexts"], config["current-context"])["context"]
        cluster = _named(config["clusters"], context["cluster"])["cluster"]
        user = _named(config["users"], context["user"])["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        tls = ssl.create_default_context(cadata=authority)
        with tempfile.NamedTemporaryFile() as pem:  # a context reads certificates from files only
            pem.write(base64.b64decode(user["client-certificate-data"]) + b"\n")
            pem.write(base64.b64decode(user["client-key-data"]))
            pem.flush()
            tls.load_cert_chain(pem.name)
        return cls(cluster["server"], tls)


def kubeconfig_for(server: str, namespace: str = "default") -> str:
    """A kubeconfig without a user: the proxy has the rights."""
    context = {"cluster": "proxy", "user": "proxy", "namespace": namespace}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "proxy",
            "contexts": [{"name": "proxy", "context": context}],
            "clusters": [{"name": "proxy", "cluster": {"server": server}}],
            "users": [{"name": "proxy", "user": {}}],
        }
    )


def _named(entries: list[dict[str, object]], name: str) -> dict[str, dict[str, str]]:
    return next(entry for entry in entries if entry["name"] == name)  # type: ignore[return-value]
