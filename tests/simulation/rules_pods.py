"""Promises about pods: when they may go, and how many there may be."""

from __future__ import annotations

import math
from datetime import datetime

from crossfade.api.labels import ANNOTATION_RESTARTED_AT
from crossfade.core.plan import Verb
from simulation.asked import may_be_missing, most_pods
from simulation.cluster import Sim
from simulation.endpoints import NO_ENDPOINTS
from simulation.rules_people import a_pause_moves_no_pods
from simulation.seen import Rule, Seen, change_of
from simulation.shown import (
    available_of,
    both,
    candidate_of,
    parts_carried,
    ready_of,
    revision_labelled,
    revisions_of,
    route_of,
    selected_by,
    stable_of,
    way_back_of,
)

KUBE_PROXY_S = 1.99
"""So long after the endpoints a node may still send requests to a pod (measured: up to 1 s; the promise is 2)."""


def no_pod_goes_that_may_get_requests(seen: Seen) -> str:
    """A track shrinks when production has not listed it for a while; behind a shared selector, within limits."""
    change = change_of(seen)
    revision, count = change.revision, change.after
    without = 0 in {seen.wanted, seen.ghost.least}  # what completed without replicas serves from nothing
    if (
        count >= change.before
        or seen.exclusive
        or without
        or not {*both(seen.before)} & {*seen.before.services}
    ):
        return ""
    unseen = ({*revisions_of(sim), *sim.services} for sim in (seen.base, seen.before))
    if next(unseen) - next(unseen):
        return ""  # somebody has deleted a Deployment or a Service, and nobody could see it
    if len([p for p in seen.before.pods if p.deployment == seen.write.name and not p.leaving]) <= count:
        return ""
    selected = selected_by(seen.before) & {*revisions_of(seen.before)}
    if seen.before.git and (told := _needed_by_a_route(seen, revision, count)):
        return told
    if revision in selected and not _is_dynamic(seen):
        return _within_limits(seen, revision, count, selected)
    if count and (revision in selected or _is_behind_a_route(seen.before, revision)):
        return ""  # it has as many as its part of the requests needs
    may_get = _is_listed(seen) or (seen.before.git and _is_listed_beside(seen, revision))
    answering = ready_of(seen.base, revision) > 0
    return f"pods of {revision} go while requests may reach them" if answering and may_get else ""


def _is_listed(seen: Seen) -> bool:
    """Whether production lists the revision, or did so a moment ago."""
    revision = change_of(seen).revision
    listed, since = _listed(seen.before, revision), seen.before.listed_at.get(revision)
    return bool(listed) or _is_recent(seen, since)


def _is_recent(seen: Seen, since: datetime | None) -> bool:
    return since is not None and (seen.now - since).total_seconds() < KUBE_PROXY_S


def _is_listed_beside(seen: Seen, revision: str) -> bool:
    """Whether the proxies may send requests to the revision by the canary Service, which lists it or did so a moment ago."""
    before = seen.before
    listed = revision in before.lists(before.canary_name)
    return before.sends_to(before.canary_name) and (
        listed or _is_recent(seen, before.beside_at.get(revision))
    )


def _is_behind_a_route(sim: Sim, revision: str) -> bool:
    """Whether the proxies may send requests to it by the canary Service."""
    return sim.sends_to(sim.canary_name) and revision in selected_by(sim, sim.canary_name)


def _is_dynamic(seen: Seen) -> bool:
    """Whether stable's pods become fewer with its requests: then there are fewer for those who use the Service, too."""
    return bool((seen.spec_seen["strategy"].get("canary") or {}).get("dynamicStable"))


def _needed_by_a_route(seen: Seen, revision: str, count: int) -> str:
    """Pods for the part of the requests that a route gives the revision, as it is stored and as it is carried out."""
    base, unavailable = seen.base, may_be_missing(seen.spec_seen)
    if available_of(base, revision) <= count:
        return ""
    shown = (
        base if route_of(base) is not route_of(seen.before) else seen.before
    )  # somebody has just changed it
    for service, part in parts_carried(shown).items():
        behind = selected_by(seen.before, service)
        others = sum(available_of(base, each) for each in behind - {revision, ""})
        left, needed = min(count, available_of(base, revision)) + others, math.ceil(part * seen.wanted)
        if revision in behind and left < needed - unavailable:
            return f"{revision} shrinks to {count}: Service {service} gets requests for {needed} pods, {left} are left"
    return ""


def _within_limits(seen: Seen, revision: str, count: int, selected: set[str]) -> str:
    base = seen.base
    others = sum(_listed(base, "") if r == "" else available_of(base, r) for r in selected - {revision})
    left = min(count, available_of(base, revision)) + others
    shared = len(selected) > 1 and candidate_of(seen.before)
    unavailable = may_be_missing(seen.spec_seen) if shared else 0
    broken = available_of(base, revision) <= count
    enough = left >= seen.wanted - unavailable or broken or _strangers_answer(seen, revision)
    return "" if enough else f"{revision} shrinks to {count}: {left} of {seen.wanted} pods would serve"


def _listed(sim: Sim, revision: str) -> int:
    return sim.endpoints.get(sim.service_name, NO_ENDPOINTS).ready.get(revision, 0)


def _strangers_answer(seen: Seen, revision: str) -> bool:
    """Where pods that are not ours answer, ours may go before a first release is over, and with `onDelete: Delete`.

    However few these are: their number is somebody else's.
    """
    leaving = seen.base.deleting and "workloadRef" not in seen.spec_seen
    return bool(revision and _listed(seen.base, "") and (leaving or not stable_of(seen.before)))


def no_more_pods_than_planned(seen: Seen) -> str:
    """At most twice the replicas; behind a shared selector at most replicas and surge."""
    change = change_of(seen)
    if change.after <= change.before or not candidate_of(seen.before) or seen.base.deleting:
        return ""
    most = max(most_pods(seen.spec_seen, seen.wanted), _warm(seen))
    limit = (
        most
        if most < 2 * seen.wanted and not way_back_of(seen.before)
        else 2 * max(seen.wanted, seen.ghost.least)
    )
    total = sum(seen.after.desired(r) for r in revisions_of(seen.after))
    excused = seen.before.rollout["spec"]["replicas"] != seen.wanted or not seen.ghost.calm
    return f"{total} pods are asked for, {limit} is the limit" if total > limit and not excused else ""


def _warm(seen: Seen) -> int:
    """All pods of the candidate, and those of stable that are kept warm."""
    way = seen.ghost.way
    return max((p.candidate + p.stable for p in way.so_far(seen.spec_seen)), default=0) if way else 0


def the_candidate_grows_as_far_as_it_may(seen: Seen) -> str:
    """Its pods are at most those of the points that it may have come to; no other revision but stable gets any."""
    change, way = change_of(seen), seen.ghost.way
    if change.after <= change.before or change.revision in {"", seen.ghost.stable} or seen.base.deleting:
        return ""
    if way is None or way.revision != change.revision:
        return f"{change.revision} grows to {change.after}, and is neither stable nor the candidate"
    most = way.most(seen.spec_seen)
    return f"{change.revision} grows to {change.after}, {most} at most by now" if change.after > most else ""


def stable_keeps_what_the_gate_protects(seen: Seen) -> str:
    """It keeps the pods of the points that the release may have come to; without a release, all of them."""
    change, way = change_of(seen), seen.ghost.way
    if change.after >= change.before or change.revision != seen.ghost.stable or not seen.wanted:
        return ""
    if seen.base.deleting or (seen.exclusive and way_back_of(seen.before)):
        return ""
    least = way.least(seen.spec_seen) if way else seen.wanted
    return f"stable shrinks to {change.after}, {least} at least by now" if change.after < least else ""


def a_template_is_never_edited(seen: Seen) -> str:
    """What a revision runs stays as it was made, but for the mark of a Restart."""
    old, new = seen.before.deployments.get(seen.write.name), seen.after.deployments.get(seen.write.name)
    if not old or not new or old["spec"]["template"] is new["spec"]["template"]:
        return ""
    same = _unmarked(old["spec"]["template"]) == _unmarked(new["spec"]["template"])
    return "" if same else f"the template of {seen.write.name} is another one"


def _unmarked(template: dict[str, object]) -> dict[str, object]:
    meta = dict(template["metadata"])  # type: ignore[call-overload]
    kept = {k: v for k, v in (meta.pop("annotations", None) or {}).items() if k != ANNOTATION_RESTARTED_AT}
    return {**template, "metadata": {**meta, **kept}}


def minimum_ready_time_is_the_spec_s(seen: Seen) -> str:
    """Deployments count a pod as available after as long as the spec says."""
    new = seen.after.deployments.get(seen.write.name)
    ours = new is not None and change_of(seen).revision and not seen.base.deleting
    if not ours or new is None:
        return ""
    asked = seen.spec_seen.get("minReadySeconds", 0)
    return "" if new["spec"].get("minReadySeconds", 0) == asked else "another minReadySeconds than the spec's"


def what_runs_is_never_deleted(seen: Seen) -> str:
    """Old Deployments beyond the history are deleted when they are empty, and stable's never is."""
    old = seen.before.deployments.get(seen.write.name)
    if seen.write.verb is not Verb.DELETE or seen.base.deleting or old is None:
        return ""
    if revision_labelled(old) in {stable_of(seen.before), candidate_of(seen.before)}:
        return f"{seen.write.name} is deleted"
    return f"{seen.write.name} is deleted with its pods" if old["spec"]["replicas"] else ""


POD_RULES: tuple[Rule, ...] = (
    no_pod_goes_that_may_get_requests,
    no_more_pods_than_planned,
    the_candidate_grows_as_far_as_it_may,
    stable_keeps_what_the_gate_protects,
    a_pause_moves_no_pods,
    a_template_is_never_edited,
    minimum_ready_time_is_the_spec_s,
    what_runs_is_never_deleted,
)
