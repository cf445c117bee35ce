"""Reads what a request to the API server asks for: the verb, the object, and who writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from crossfade.cluster import RESOURCES

WRITES: Final = frozenset({"create", "apply", "patch", "update", "delete", "deletecollection"})
_KINDS: Final = {resource.plural: kind for kind, resource in RESOURCES.items()}
_APPLY: Final = "application/apply-patch+yaml"


@dataclass(frozen=True)
class Asked:
    """One request in the API server's own words.

    `verb`: get, list, watch, create, apply, patch, update, delete, deletecollection; discover for what is about
    no object. `kind` is the plural where the operator does not know it. Empty: not said.
    """

    method: str
    verb: str
    kind: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    manager: str = ""
    dry_run: bool = False

    @property
    def is_write(self) -> bool:
        """Whether it may change something that is stored."""
        return self.verb in WRITES and not self.dry_run

    def __str__(self) -> str:
        what = "/".join(part for part in (self.kind, self.namespace, self.name, self.subresource) if part)
        return f"{self.verb} {what}{' (dry run)' if self.dry_run else ''}"


def read(method: str, path: str, query: Mapping[str, str], content: str, body: bytes) -> Asked:
    """Read one request; `content` is its content type, `body` what it carries."""
    namespace, plural, name, subresource = _place(path)
    if not plural:
        return Asked(method, "discover")
    verb = _verb(method, query, content, named=bool(name))
    if verb == "create" and not name:
        name = _name_in(body)
    return Asked(
        method=method,
        verb=verb,
        kind=_KINDS.get(plural, plural),
        namespace=namespace,
        name=name,
        subresource=subresource,
        manager=query.get("fieldManager", ""),
        dry_run="dryRun" in query,
    )


def _place(path: str) -> tuple[str, str, str, str]:
    """Namespace, plural, name and subresource, each "" where the path does not say it."""
    root, *parts = path.strip("/").split("/")
    parts = parts[{"api": 1, "apis": 2}.get(root, len(parts)) :]
    namespace = ""
    if len(parts) > 2 and parts[0] == "namespaces":
        namespace, parts = parts[1], parts[2:]
    plural, name, subresource = [*parts, "", "", ""][:3]
    return namespace, plural, name, subresource


def _verb(method: str, query: Mapping[str, str], content: str, *, named: bool) -> str:
    if method == "GET":
        watches = query.get("watch", "false") not in {"false", "0"}
        return "watch" if watches else "get" if named else "list"
    if method == "PATCH":
        return "apply" if content.startswith(_APPLY) else "patch"
    if method == "DELETE":
        return "delete" if named else "deletecollection"
    return {"POST": "create", "PUT": "update"}.get(method, method.lower())


def _name_in(body: bytes) -> str:
    """The name that a new object asks for; "" where the server is to choose one."""
    try:
        return str(json.loads(body)["metadata"].get("name", ""))
    except (ValueError, KeyError, TypeError):
        return ""
