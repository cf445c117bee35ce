"""Routes of our own beside the one that is split: groups of users, users who stay where they are, and the preview.

They are made whole and removed whole, so that the user's route is changed in nothing but its references.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crossfade.core import manifests, routing
from crossfade.core.observed import SeenRoute
from crossfade.core.plan import Verb, Write
from crossfade.core.same import has
from crossfade.core.situation import Situation
from crossfade.routers import groups as router
from crossfade.routers.acceptance import acceptance
from crossfade.routers.split import Cookies, Split


def live(s: Situation) -> SeenRoute | None:
    """The route that sends groups of users, and those who stay, to the canary Service; None where there is none of ours."""
    return _ours(s, s.canary_name)


def preview(s: Situation) -> SeenRoute | None:
    """The route that shows a blue/green candidate before the switch; None where there is none of ours."""
    return _ours(s, preview_name(s))


def preview_name(s: Situation) -> str:
    """The name of the preview's route."""
    return f"{s.service_name}-preview"


def _ours(s: Situation, name: str) -> SeenRoute | None:
    found = (s.seen.routes.get(f"{kind}/{name}") for kind in ("HTTPRoute", "GRPCRoute"))
    return next((each for each in found if each is not None and each.ours), None)


def cookies(s: Situation, weight: float) -> Cookies | None:
    """The cookie by which a user stays on a side while both get new users; its value names the release."""
    canary = s.spec.strategy.canary
    if canary is None or not canary.sticky or not 0 < weight < 100:
        return None
    number = s.memory.release
    return Cookies(f"crossfade-{s.name}", f"{number}-stable", f"{number}-candidate")


def writes_due(s: Situation, split: Split) -> tuple[Write, ...]:
    """What makes the route as the stage wants it: made, changed, or removed where nobody is to be sent by it."""
    at = routing.place(s)
    base = routing.seen(s, at) if at is not None else None
    matches = s.stage.matches if split.permille < 1000 else ()
    if at is None or base is None or not (matches or split.cookies):
        return tuple(removed(s))
    made = router.groups(base.manifest, routing.names(s, at), routing.before(s, at), matches, split.cookies)
    return tuple(_as_wanted(s, at.kind, s.canary_name, made.spec)) if made.spec is not None else ()


def removed(s: Situation) -> Iterator[Write]:
    """Without the route for groups."""
    if (found := live(s)) is not None:
        yield Write(Verb.DELETE, found.kind, found.name, None, found.identity)


def are_accepted(s: Situation) -> bool:
    """Whether the router has taken the route for groups, where there is one."""
    found = live(s)
    told = acceptance(found.manifest) if found is not None else None
    return told is None or (told.ok and told.seen)


def preview_writes(s: Situation) -> Iterator[Write]:
    """The preview's route: there while the candidate is previewed and has a pod behind the canary Service."""
    found, spec = preview(s), _preview_spec(s)
    if spec is not None:
        at = routing.place(s)
        yield from _as_wanted(s, at.kind if at else "HTTPRoute", preview_name(s), spec)
    elif found is not None:
        yield Write(Verb.DELETE, found.kind, found.name, None, found.identity)


def _preview_spec(s: Situation) -> dict[str, Any] | None:
    chosen, at = s.spec.strategy.blue_green, routing.place(s)
    base = routing.seen(s, at) if at is not None else None
    if chosen is None or at is None or base is None or not (chosen.preview_match or chosen.preview_hostnames):
        return None
    canary, revision = s.canary, s.progress.revision
    ready = canary is not None and bool(canary.ready.get(revision)) and revision in canary.selector.values()
    forward = s.under_way and bool(s.stable_revision) and not s.progress.rollback_reason and not s.stage.weight
    if not (ready and forward and s.routed):
        return None
    named, was = routing.names(s, at), routing.before(s, at)
    return router.preview(base.manifest, named, was, tuple(chosen.preview_match), tuple(chosen.preview_hostnames)).spec


def _as_wanted(s: Situation, kind: str, name: str, spec: dict[str, Any]) -> Iterator[Write]:
    found = s.seen.routes.get(f"{kind}/{name}") or s.seen.found.routes.get(f"{kind}/{name}")
    body = manifests.route(s, kind, name, "canary", spec)
    if found is None:
        yield Write(Verb.CREATE, kind, name, body)
    elif found.ours and not _has_all(found.manifest.get("spec") or {}, spec):
        change = {"metadata": body["metadata"], "spec": spec}
        yield Write(Verb.APPLY, kind, name, change, found.identity)


def _has_all(stored: dict[str, Any], spec: dict[str, Any]) -> bool:
    """Whether the stored spec says so, and has no rule more."""
    return has(stored, spec) and len(stored.get("rules") or ()) == len(spec["rules"])
