"""The route that the operator makes for `gateway`: there with the Service, and all but its weights as the spec says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crossfade.core import manifests, routing
from crossfade.core.observed import SeenRoute
from crossfade.core.plan import Verb, Write
from crossfade.core.routing import Place
from crossfade.core.situation import Situation
from crossfade.routers import rules
from crossfade.routers.memo import read_split


def writes(s: Situation) -> Iterator[Write]:
    """The route made, or put right without moving a request."""
    at = routing.place(s)
    if at is None or not routing.is_owned(s) or routing.claimed(s, at) is not None:
        return
    live, spec = routing.seen(s, at), routing.own_spec(s)
    if at.kind not in s.seen.route_kinds or s.production_read is None:
        return
    body = manifests.route(s, at.kind, at.name, "production", spec)
    if live is None:
        yield Write(Verb.CREATE, at.kind, at.name, body)
    elif live.ours and not manifests.is_made_from(live, body, shared=True):
        yield manifests.remade(live, {**body, "spec": {**spec, "rules": _as_split(s, at, live, spec)}})


def _as_split(s: Situation, at: Place, live: SeenRoute, spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The spec's rules, shared as the route is now."""
    named, split = routing.names(s, at), dict(routing.split_places(s)).get(at)
    if split is None:
        return list(spec["rules"])
    rule: Mapping[str, Any] = next(iter(live.manifest["spec"].get("rules") or ()), {})
    base = {"metadata": live.manifest["metadata"], "spec": spec}
    now = read_split(rule, named, s.rollout.metadata.namespace)
    return rules.with_split(base, named, rules.before_of(base, named), now)
