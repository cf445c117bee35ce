"""Whether the Gateway's controller can do what the strategy asks of the route: known before anything moves, or refused."""

from __future__ import annotations

from crossfade.api.conditions import Reason
from crossfade.core import routing
from crossfade.core.plan import ReadRequest
from crossfade.core.routing import Trouble
from crossfade.core.situation import Situation
from crossfade.core.transitions import target
from crossfade.routers.abilities import lacking, needs


def are_unread(s: Situation) -> frozenset[str]:
    """The Gateways whose controllers must be known before the next release begins, as `namespace/name`."""
    begins = s.routed and bool(s.stable_revision) and not s.under_way and target(s) != s.stable_revision
    if not begins or not _needed(s):
        return frozenset()
    return frozenset(_gateways(s)) - set(s.seen.found.gateways)


def lacks(s: Situation) -> Trouble | None:
    """What one of the controllers cannot do, in a sentence; None where all can, or nobody has looked."""
    needed = _needed(s)
    for name in _gateways(s) if needed else ():
        gateway = s.seen.found.gateways.get(name)
        if gateway is None:
            continue
        if gateway.missing:
            return Trouble(Reason.ROUTE_NOT_ACCEPTED, gateway.missing)
        told = lacking(gateway.controller, gateway.features, needed)
        if told:
            return Trouble(Reason.ROUTER_LACKS, "; ".join(told), invalid=True)
    return None


def request(s: Situation) -> ReadRequest | None:
    """The look at the Gateways, where one is due."""
    unread = are_unread(s)
    return ReadRequest(gateways=unread) if unread else None


def _needed(s: Situation) -> frozenset[str]:
    """The features that the stages of the strategy need beyond weights."""
    at = routing.place(s)
    if at is None:
        return frozenset()
    chosen = s.spec.strategy
    canary, blue_green = chosen.canary, chosen.blue_green
    steps = canary.steps if canary is not None else []
    matches = [match for step in steps for match in step.match]
    matches += blue_green.preview_match if blue_green is not None else []
    return needs(
        at.kind,
        matches=tuple(matches),
        mirror=any(step.mirror for step in steps),
        sticky=canary is not None and canary.sticky,
    )


def _gateways(s: Situation) -> list[str]:
    """The Gateways that the route names as its parents."""
    at = routing.place(s)
    live = routing.seen(s, at) if at is not None else None
    refs = (live.manifest.get("spec") or {}).get("parentRefs") or () if live is not None else ()
    here = s.rollout.metadata.namespace
    return [f"{ref.get('namespace') or here}/{ref['name']}" for ref in refs if ref.get("kind", "Gateway") == "Gateway"]
