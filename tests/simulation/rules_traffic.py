"""Promises about who gets requests."""

from __future__ import annotations

from crossfade.api.labels import LABEL_REVISION
from simulation.asked import Gate, Share, is_exclusive
from simulation.cluster import Sim
from simulation.rules_people import a_pause_moves_no_traffic
from simulation.seen import Rule, Seen, newly_selected
from simulation.shown import (
    alone_of,
    audiences,
    available_of,
    candidate_of,
    reached_by,
    ready_of,
    revisions_of,
    routed_by,
    stable_of,
    way_back_of,
)
from simulation.way import Way


def what_is_condemned_does_not_serve_again(seen: Seen) -> str:
    """After its verdict a revision never gets requests again by itself; a chart that names it takes it back as it is."""
    if _taken_back(seen):
        return ""
    again = newly_selected(seen) & seen.ghost.condemned & set(revisions_of(seen.before))
    return f"{again} is condemned and gets requests again" if again else ""


def what_gets_requests_is_allowed_to(seen: Seen) -> str:
    """Stable always; the candidate as far as the gates that have opened allow, and once the memory knows of it."""
    if _taken_back(seen):
        return ""
    for revision in newly_selected(seen) - {seen.ghost.stable, ""}:
        if seen.before.desired(revision) or seen.before.of(revision):
            told = _forbidden(seen, revision)
            if told:
                return told
    return ""


def _forbidden(seen: Seen, revision: str) -> str:
    way = seen.ghost.way
    if way is None or way.revision != revision:
        return f"{revision} gets requests and is neither stable nor the candidate"
    memory = _memory(seen)
    if candidate_of(memory) != revision or way_back_of(memory):
        return f"{revision} gets requests before the memory says that it may"
    allowed = seen.exclusive or way.meets(seen.spec_seen)
    return "" if allowed else f"{revision} gets requests at point {way.index}, which gives it none"


def _memory(seen: Seen) -> Sim:
    """The cluster with the memory that was decided on, or written: somebody may just have lost it, or put back an older one."""
    known = seen.before.status.get("release", 0) >= seen.base.status.get("release", 0)
    return seen.before if known else seen.base


def the_candidate_has_everything_only_at_the_end(seen: Seen) -> str:
    """It serves alone only where all gates of the points at which both serve have opened."""
    way = seen.ghost.way
    if way is None or way.revision not in _alone(seen.after) - _alone(seen.before):
        return ""
    if not seen.wanted or seen.exclusive or seen.base.deleting:
        return ""
    right = way.share(seen.spec_seen) is Share.ALL or _is_left_alone(seen, way)
    return "" if right else f"{way.revision} gets all requests at point {way.index}"


def _alone(sim: Sim) -> set[str]:
    """The revisions that some users meet, and nothing else: by the production Service, or by a route."""
    routed = routed_by(sim) if sim.git else set()
    return {alone_of(sim), *(routed if len(routed) == 1 else ())}


def _taken_back(seen: Seen) -> bool:
    """Whether the chart's Deployment comes back, whose selector means all pods of the application."""
    return seen.base.deleting and "workloadRef" in seen.spec_seen


def _is_left_alone(seen: Seen, way: Way) -> bool:
    """Whether nobody else answers, or the spec wants no other pod there and none is asked for; no gate is passed by that."""
    point = way.so_far(seen.spec_seen)[-1]
    unwanted = not point.stable and not seen.before.desired(way.stable)
    return point.gate == Gate() and (unwanted or not ready_of(seen.base, way.stable))


def traffic_returns_after_its_reason_is_stored(seen: Seen) -> str:
    """The candidate loses its requests only when the memory says that it returns, or the Rollout goes."""
    way, candidate = seen.ghost.way, candidate_of(seen.before)
    if seen.write.kind == "HTTPRoute" and seen.write.name not in seen.before.git:
        return ""  # groups of users go to the candidate no more, who may meet it by weight
    lost = set().union(*(met(seen.before) - met(seen.after) for met in audiences(seen.before)))
    returning = way_back_of(seen.before) or seen.base.deleting or not seen.ghost.stable
    if candidate not in lost or returning or way is None:
        return ""
    forward = way.share(seen.spec_seen) is not Share.NONE and not way.again
    shares = {point.share for point in way.so_far(seen.spec_seen)}
    if seen.ghost.replanned and (Share.NONE in shares or seen.before.git):
        return ""  # another strategy, or way to share, may begin without requests for it, and the release still be there
    return "the candidate loses its requests, and the memory does not say why" if forward else ""


def nothing_is_selected_that_is_not_ready(seen: Seen) -> str:
    """Production never turns from ready pods of an allowed revision to a revision without any."""
    if seen.exclusive or not seen.wanted or {*seen.base.services} - {*seen.before.services}:
        return ""  # or somebody has just deleted a Service
    allowed = {seen.ghost.stable, candidate_of(seen.before), ""} - seen.ghost.condemned
    there = allowed & {*revisions_of(seen.before)}
    for met in audiences(seen.before):
        after = met(seen.after)
        had = {r for r in met(seen.before) & there if ready_of(seen.base, r)}
        if had and not any(ready_of(seen.base, r) for r in after):
            return f"production turns from {had} to {after} without ready pods"
    return ""


def all_traffic_moves_to_enough_pods(seen: Seen) -> str:
    """The candidate gets all requests only when it has all its pods, or when nobody else answers any more."""
    candidate = candidate_of(seen.before)
    moved = [
        met(seen.before) - {candidate}
        for met in audiences(seen.before)
        if met(seen.after) == {candidate} != met(seen.before)
    ]
    if (
        not any(moved)
        or not stable_of(seen.before)
        or not seen.wanted
        or seen.base.deleting
        or seen.exclusive
    ):
        return ""
    if {*revisions_of(seen.base)} - {*revisions_of(seen.before)}:
        return ""  # somebody has deleted a Deployment, and nobody could see it
    has, others = available_of(seen.base, candidate), set().union(*moved)
    alone = ready_of(seen.base, candidate) and not any(ready_of(seen.base, r) for r in others)
    return "" if has >= seen.wanted or alone else f"it has {has} of {seen.wanted}"


def where_nobody_listens_no_requests_come(seen: Seen) -> str:
    """A candidate whose pods refuse connections gets no requests while others answer."""
    deaf = {r for r in newly_selected(seen) & (seen.base.deaf or frozenset()) if seen.before.of(r)}
    others = {r for r in reached_by(seen.before) - deaf if ready_of(seen.base, r) and _stays(seen.before, r)}
    return (
        f"nobody listens in {deaf}, and it gets requests"
        if deaf and others and not seen.base.deleting
        else ""
    )


def _stays(sim: Sim, revision: str) -> bool:
    """Whether a ready pod of it is not about to go: no new connection comes to one that is."""
    return any(pod.ready for pod in sim.of(revision))


def no_request_goes_to_a_port_that_nobody_listens_on(seen: Seen) -> str:
    """The ports move with the requests: of a Service that selects pods, and with which they come."""
    live = seen.after.services.get(seen.after.service_name)
    if live is None or not seen.after.listens:
        return ""
    [port] = live["spec"]["ports"]
    wrong = {
        r
        for r in seen.after.selected()
        if seen.after.listens.get(r, port["targetPort"]) != port["targetPort"]
    }
    return f"{wrong} gets requests on port {port['targetPort']}" if wrong else ""


def a_selector_of_two_writers_is_left(seen: Seen) -> str:
    """While somebody else applies the selector of an adopted Service, production stays as it is, but for a way back.

    And but for a recreate whose old pods are gone: nobody answers until it moves.
    """
    before, after = (sim.services.get(seen.before.service_name) for sim in (seen.before, seen.after))
    if before is None or after is None or before["spec"]["selector"] == after["spec"]["selector"]:
        return ""
    writers = [entry["manager"] for entry in before["metadata"].get("managedFields") or ()]
    home = after["spec"]["selector"].get(LABEL_REVISION) == stable_of(seen.after) != ""
    stopped = is_exclusive(seen.spec_seen) and not any(
        pod.ready for pod in seen.base.of(stable_of(seen.base))
    )
    back = seen.base.deleting or home or stopped or way_back_of(seen.after)
    return f"{', '.join(writers)} writes it too" if writers and not back else ""


TRAFFIC_RULES: tuple[Rule, ...] = (
    what_is_condemned_does_not_serve_again,
    what_gets_requests_is_allowed_to,
    the_candidate_has_everything_only_at_the_end,
    traffic_returns_after_its_reason_is_stored,
    nothing_is_selected_that_is_not_ready,
    all_traffic_moves_to_enough_pods,
    a_pause_moves_no_traffic,
    a_selector_of_two_writers_is_left,
    no_request_goes_to_a_port_that_nobody_listens_on,
    where_nobody_listens_no_requests_come,
)
