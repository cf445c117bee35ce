"""Whether a stage gives the candidate more than it has now: of the requests, or of the users and copies that a route sends it."""

from __future__ import annotations

from crossfade.core import groups, routing
from crossfade.core.plan import Verb
from crossfade.core.situation import Situation
from crossfade.routers import rules
from crossfade.routers.split import Split


def gives_more(s: Situation, weight: float) -> bool:
    """Whether the stage that the release is in gives it more than `weight` percent, or what the route does not send it now.

    So does one that stops what serves; and one that counts pods in place of a route's weights, since nobody knows what these come to.
    """
    stage = s.stage
    leaves_route = stage.counted and (routing.is_split(s) or groups.live(s) is not None)
    return stage.weight > weight or stage.stops_old or leaves_route or _adds(s)


def _adds(s: Situation) -> bool:
    """Whether it asks for groups of users, or for copies, that the route as it is does not send."""
    stage, at = s.stage, routing.place(s)
    live = routing.seen(s, at) if at is not None else None
    if at is None or live is None or not s.routed:
        return False
    wanted = Split(round(10 * stage.weight), stage.mirror, groups.cookies(s, stage.weight))
    shown = stage.matches and any(each.verb is not Verb.DELETE for each in groups.writes_due(s, wanted))
    return bool(shown) or stage.mirror > rules.copied(live.manifest, routing.names(s, at))
