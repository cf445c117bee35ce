"""The route that the operator makes for `gateway`: there with the Service, and all but its weights as the spec says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crossfade.core import manifests, routing
from crossfade.core.plan import Verb, Write
from crossfade.core.same import has
from crossfade.core.situation import Situation

_SPLIT = frozenset({"backendRefs", "filters"})
"""What of a rule a split changes."""


def writes(s: Situation) -> Iterator[Write]:
    """The route made, or put right without moving a request."""
    at = routing.place(s)
    if at is None or not routing.is_owned(s) or routing.claimed(s, at) is not None:
        return
    live, spec = routing.seen(s, at), routing.own_spec(s)
    if at.kind not in s.seen.route_kinds or s.production_read is None:
        return
    if live is None:
        yield Write(Verb.CREATE, at.kind, at.name, manifests.route(s, at.kind, at.name, "production", spec))
    elif live.ours and not has(live.manifest.get("spec"), _without_weights(spec)):
        own = _with_refs_of(live.manifest, spec)
        body = manifests.route(s, at.kind, at.name, "production", own)
        change = {"metadata": body["metadata"], "spec": own}
        yield Write(Verb.APPLY, at.kind, at.name, change, live.identity)


def _without_weights(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a route's spec that a split does not change."""
    own = [{k: v for k, v in rule.items() if k not in _SPLIT} for rule in spec["rules"]]
    return {**spec, "rules": own}


def _with_refs_of(live: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """The spec with the references that the route has now, so that putting right the rest moves no request."""
    (rule,) = spec["rules"]
    now: Mapping[str, Any] = next(iter(live["spec"].get("rules") or ()), {})
    return {**spec, "rules": [{**rule, **{k: v for k, v in now.items() if k in _SPLIT}}]}
