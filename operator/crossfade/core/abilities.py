"""Whether the Gateway's controller can do what the strategy asks of the route: known before anything moves, or refused."""

from __future__ import annotations

from crossfade.api.conditions import Reason
from crossfade.core import routing
from crossfade.core.plan import ReadRequest
from crossfade.core.routing import Trouble
from crossfade.core.situation import Situation
from crossfade.core.transitions import target
from crossfade.routers.abilities import CORE, lacking
from crossfade.routers.kinds import gateway_wishes, route_wishes, wishes
from crossfade.routers.registered import KINDS
from crossfade.routers.split import Cookies, Split

_ANY_COOKIE = Cookies("any", "stable", "candidate")


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


def _needed(s: Situation) -> tuple[str, ...]:
    """The features that the strategy needs of the controller; none where weights are all, which everyone must have."""
    at, gateway = routing.place(s), s.spec.traffic.gateway if s.spec.traffic is not None else None
    if at is None:
        return ()
    chosen, kind = s.spec.strategy, KINDS[at.kind]
    matches = [match for stage in s.plan for match in stage.matches]
    matches += chosen.blue_green.preview_match if chosen.blue_green is not None else []
    mirrors = {stage.mirror for stage in s.plan}
    sticky = chosen.canary is not None and chosen.canary.sticky
    splits = [Split(0, mirror, _ANY_COOKIE if sticky else None) for mirror in mirrors]
    wanted = [wish for split in splits for wish in wishes(split, matches)]
    if (live := routing.seen(s, at)) is not None:
        wanted += [w for split in splits for w in route_wishes(live.manifest, routing.names(s, at), split)]
    needed = kind.needed([*wanted, *(gateway_wishes(gateway) if gateway is not None else ())])
    return needed if set(needed) - CORE else ()


def _gateways(s: Situation) -> list[str]:
    """The Gateways that the route names as its parents."""
    at = routing.place(s)
    live = routing.seen(s, at) if at is not None else None
    refs = (live.manifest.get("spec") or {}).get("parentRefs") or () if live is not None else ()
    here = s.rollout.metadata.namespace
    return [
        f"{ref.get('namespace') or here}/{ref['name']}"
        for ref in refs
        if ref.get("kind", "Gateway") == "Gateway"
    ]
