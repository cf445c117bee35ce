"""Whether the Gateway's controller can do what the strategy asks of the route: known before anything moves, or refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crossfade.api.conditions import Reason
from crossfade.api.rollout import RolloutSpec
from crossfade.core import routing
from crossfade.core.routing import Trouble
from crossfade.core.situation import Situation
from crossfade.core.stages import Stage
from crossfade.core.wanted import target
from crossfade.routers.abilities import CORE, lacking
from crossfade.routers.kinds import gateway_wishes, route_wishes, wishes
from crossfade.routers.refs import gateways_of
from crossfade.routers.registered import KINDS
from crossfade.routers.split import Cookies, Names, Split

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


def splits_asked(spec: RolloutSpec, stages: Iterable[Stage]) -> list[Split]:
    """What the stages ask of the rules beside weights, each once."""
    sticky = spec.strategy.canary is not None and spec.strategy.canary.sticky
    mirrors = dict.fromkeys((0, *(stage.mirror for stage in stages)))
    return [Split(0, mirror, _ANY_COOKIE if sticky else None) for mirror in mirrors]


def features_asked(
    kind: str, spec: RolloutSpec, stages: Sequence[Stage], route: Mapping[str, Any] | None, named: Names
) -> tuple[str, ...]:
    """The features that the spec needs of the controller. `route`: what its rules have already asks for more."""
    blue_green, gateway = spec.strategy.blue_green, spec.traffic.gateway if spec.traffic is not None else None
    matches = [match for stage in stages for match in stage.matches]
    matches += blue_green.preview_match if blue_green is not None else []
    splits = splits_asked(spec, stages)
    wanted = [wish for split in splits for wish in wishes(split, matches)]
    wanted += gateway_wishes(gateway) if gateway is not None else ()
    if route is not None:
        wanted += [wish for split in splits for wish in route_wishes(route, named, split)]
    return KINDS[kind].needed(wanted)


def _needed(s: Situation) -> tuple[str, ...]:
    """Those of the Rollout; none where weights are all, which everyone must have."""
    at = routing.place(s)
    if at is None:
        return ()
    live = routing.seen(s, at)
    manifest = live.manifest if live is not None else None
    needed = features_asked(at.kind, s.spec, s.plan, manifest, routing.names(s, at))
    return needed if set(needed) - CORE else ()


def _gateways(s: Situation) -> list[str]:
    """The Gateways that the route names as its parents."""
    at = routing.place(s)
    live = routing.seen(s, at) if at is not None else None
    return gateways_of(live.manifest, s.rollout.metadata.namespace) if live is not None else []
