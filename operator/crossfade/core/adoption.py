"""Whether a Service that is taken over is ours alone to write, and who else writes its selector.

A selector of two writers is nobody's: applied server-side, the next forced apply from Git flips production;
applied client-side, a selector that was dropped from Git is deleted, and production is empty for a moment. So a
Rollout co-owns the selector as it is first, and moves it only when nobody else writes it any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crossfade.api.labels import FIELD_MANAGER
from crossfade.api.parsing import parsed
from crossfade.core.situation import Situation

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def other_writers(s: Situation) -> list[str]:
    """Who else writes the selector of the Service that is adopted; empty where nobody does, or nothing is adopted."""
    live = s.production_read
    if not s.adopts or live is None:
        return []
    return sorted(set(_writers(live.manifest)))


def _writers(service: Mapping[str, Any]) -> Iterator[str]:
    """Server-side appliers that own it, and a client-side apply that still has it in its manifest."""
    meta = service.get("metadata", {})
    for entry in meta.get("managedFields") or ():
        spec = (entry.get("fieldsV1") or {}).get("f:spec") or {}
        applies = entry.get("operation") == "Apply" and entry.get("manager") != FIELD_MANAGER
        if applies and "f:selector" in spec:
            yield f"{entry.get('manager')} (server-side apply)"
    if _in_last_applied(meta.get("annotations") or {}):
        yield "kubectl apply (client-side)"


def _in_last_applied(annotations: Mapping[str, str]) -> bool:
    """Whoever may edit the Service may have written anything there."""
    try:
        applied = parsed(annotations.get(LAST_APPLIED, "{}"))
    except ValueError:
        return False
    spec = applied.get("spec") if isinstance(applied, dict) else None
    return isinstance(spec, dict) and bool(spec.get("selector"))
