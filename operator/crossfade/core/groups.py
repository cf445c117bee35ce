"""Routes of our own beside the one that is split: groups of users, users who stay where they are, and the preview.

They are made whole and removed whole, so that the user's route is changed in nothing but its references.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crossfade.api.conditions import Reason
from crossfade.core import manifests, routing
from crossfade.core.observed import SeenRoute
from crossfade.core.plan import Verb, Write
from crossfade.core.propagation import has_been_learned
from crossfade.core.situation import Situation
from crossfade.routers import groups as router
from crossfade.routers import rules
from crossfade.routers.acceptance import acceptance
from crossfade.routers.refs import cookie_name
from crossfade.routers.split import Cookies, Split


def live(s: Situation) -> SeenRoute | None:
    """The route that sends groups of users, and those who stay, to the canary Service; None where there is none of ours."""
    return _ours(s, s.canary_name)


def previews(s: Situation) -> tuple[SeenRoute, ...]:
    """The routes of ours that show a blue/green candidate before the switch."""
    found = (_ours(s, name) for name in preview_names(s))
    return tuple(each for each in found if each is not None)


def preview_names(s: Situation) -> tuple[str, str]:
    """The names of the routes for the preview: by what requests have, and at hostnames of its own."""
    return f"{s.service_name}-preview", f"{s.service_name}-preview-hosts"


def _ours(s: Situation, name: str) -> SeenRoute | None:
    found = (s.seen.routes.get(f"{kind}/{name}") for kind in ("HTTPRoute", "GRPCRoute"))
    return next((each for each in found if each is not None and each.ours), None)


def cookies(s: Situation, weight: float) -> Cookies | None:
    """The cookie by which a user stays on a side while both get new users; its value names the release."""
    canary = s.spec.strategy.canary
    if canary is None or not canary.sticky or not 0 < weight < 100:
        return None
    number = s.memory.release
    return Cookies(cookie_name(s.name), f"{number}-stable", f"{number}-candidate")


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
        yield gone(found)


def gone(found: SeenRoute) -> Write:
    """Without that route."""
    return Write(Verb.DELETE, found.kind, found.name, None, found.identity)


def trouble(s: Situation) -> routing.Trouble | None:
    """Why the route for groups does not carry anything yet; None where the router has taken it, or there is none."""
    found = live(s)
    told = acceptance(found.manifest) if found is not None else None
    if found is None or told is None or (told.ok and told.seen):
        return None
    return routing.Trouble(Reason.ROUTE_NOT_ACCEPTED, f"{found.kind} {found.name} to be accepted: {told.why}")


def problem(s: Situation) -> str:
    """Why the routes that the stages need cannot be made beside this one, and what to write; "" where they can."""
    at = routing.place(s)
    base = routing.seen(s, at) if at is not None and s.routed else None
    if at is None or base is None:
        return ""
    named, was = routing.names(s, at), routing.before(s, at)
    if taken := _taken(s, at.kind):
        return taken
    for stage in s.plan:
        split = Split(0, stage.mirror, cookies(s, stage.weight))
        told = rules.problem(base.manifest, named, split)
        told = told or router.groups(base.manifest, named, was, stage.matches, split.cookies).problem
        if told:
            return told
    shown = _preview(s)
    return shown.problem if shown is not None else ""


def _taken(s: Situation, kind: str) -> str:
    """Somebody's route that has the name of one that the strategy needs."""
    canary, blue_green = s.spec.strategy.canary, s.spec.strategy.blue_green
    beside = canary is not None and (canary.sticky or any(step.match for step in canary.steps))
    shown = blue_green is not None and (blue_green.preview_match or blue_green.preview_hostnames)
    names = ((s.canary_name,) if beside else ()) + (preview_names(s) if shown else ())
    live = (s.seen.routes.get(f"{kind}/{name}") for name in names)
    found = next((each for each in live if each is not None and not each.ours), None)
    if found is None:
        return ""
    return (
        f"{kind} {found.name} exists and is not this Rollout's: rename it, or give the Service another name"
    )


def preview_writes(s: Situation) -> Iterator[Write]:
    """The preview's routes: there while the candidate is previewed and has a pod behind the canary Service."""
    at, shown = routing.place(s), _preview(s) if _is_previewed(s) else None
    specs = (shown.by_match, shown.by_hostname) if shown is not None else (None, None)
    for name, spec in zip(preview_names(s), specs, strict=True):
        found = _ours(s, name)
        if spec is not None and at is not None:
            yield from _as_wanted(s, at.kind, name, spec)
        elif found is not None:
            yield gone(found)


def _preview(s: Situation) -> router.Preview | None:
    chosen, at = s.spec.strategy.blue_green, routing.place(s)
    base = routing.seen(s, at) if at is not None else None
    if chosen is None or at is None or base is None or not (chosen.preview_match or chosen.preview_hostnames):
        return None
    named, was = routing.names(s, at), routing.before(s, at)
    return router.preview(base.manifest, named, was, chosen.preview_match, chosen.preview_hostnames)


def _is_previewed(s: Situation) -> bool:
    """Whether the candidate has a ready pod behind the canary Service, and the switch is still to come."""
    canary, revision = s.canary, s.progress.revision
    if canary is None or not s.routed or not s.under_way or not s.stable_revision:
        return False
    ready = bool(canary.ready.get(revision)) and revision in canary.selector.values()
    return ready and has_been_learned(s) and not s.progress.rollback_reason and not s.stage.weight


def _as_wanted(s: Situation, kind: str, name: str, spec: Mapping[str, Any]) -> Iterator[Write]:
    found = s.seen.routes.get(f"{kind}/{name}") or s.seen.found.routes.get(f"{kind}/{name}")
    body = manifests.route(s, kind, name, "canary", spec)
    if found is None:
        yield Write(Verb.CREATE, kind, name, body)
    elif found.ours and not manifests.is_made_from(found, body):
        yield manifests.remade(found, body)
