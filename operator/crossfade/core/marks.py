"""Labels, owners and annotations of ours on live objects: put right, and taken off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crossfade.api.labels import ANNOTATION_GIVE_BACK, LABEL_OWNER_UID, LABEL_ROLE, LABEL_ROLLOUT
from crossfade.core import manifests
from crossfade.core.observed import SeenRoute, SeenService, Side
from crossfade.core.plan import Verb, Write
from crossfade.core.situation import Situation

Patch = list[dict[str, Any]]
"""JSON Patch operations (RFC 6902)."""


def disowned(s: Situation, kind: str, name: str, live: Side | SeenService) -> Iterator[Write]:
    """What is to outlive the Rollout must not be owned by it: the garbage collector would take it along.

    The other way round, the label that stood for the owner goes once the owner is there.
    """
    owner, label = (
        disowning(s, live),
        live.manifest.get("metadata", {}).get("labels", {}).get(LABEL_OWNER_UID),
    )
    change = owner if manifests.outlives(s) else []
    if owner and label and not manifests.outlives(s):
        change = [removing("labels", LABEL_OWNER_UID)]
    if change:
        yield Write(Verb.PATCH, kind, name, change, live.identity)


def disowning(s: Situation, live: Side | SeenService | SeenRoute) -> Patch:
    """The operation that takes our owner reference off; none where there is no such reference."""
    owners = live.manifest.get("metadata", {}).get("ownerReferences", [])
    others = [ref for ref in owners if ref.get("uid") != s.rollout.metadata.uid]
    if len(others) == len(owners):
        return []
    return [{"op": "replace", "path": "/metadata/ownerReferences", "value": others}]


def unmarking(live: SeenService | SeenRoute) -> Patch:
    """The operations that take our labels and annotations off a Service or a route."""
    meta = live.manifest.get("metadata", {})
    ours = [("labels", key) for key in (LABEL_ROLLOUT, LABEL_OWNER_UID, LABEL_ROLE)] + [
        ("annotations", ANNOTATION_GIVE_BACK)
    ]
    return [removing(group, key) for group, key in ours if key in meta.get(group, {})]


def without_service(s: Situation, live: SeenService) -> Write:
    """A Service that is not needed any more goes, where it selects our pods, as one that we made does.

    Any other one only loses our marks: somebody who may edit it has put them there, or has made it his own.
    """
    if live.selector.get(LABEL_ROLLOUT) == s.name:
        return Write(Verb.DELETE, "Service", live.name, None, live.identity)
    return Write(Verb.PATCH, "Service", live.name, [*disowning(s, live), *unmarking(live)], live.identity)


def removing(group: str, key: str) -> dict[str, Any]:
    """The operation that removes a label or annotation; its key as a part of a JSON pointer (RFC 6901)."""
    escaped = key.replace("~", "~0").replace("/", "~1")
    return {"op": "remove", "path": f"/metadata/{group}/{escaped}"}


def scaling(replicas: int) -> Patch:
    """The operation that sets the replicas of a Deployment without owning the field by an apply."""
    return [{"op": "replace", "path": "/spec/replicas", "value": replicas}]
