"""Promises about pods: when they may go, and how many there may be."""

from __future__ import annotations

from crossfade.api.labels import ANNOTATION_RESTARTED_AT
from crossfade.core.plan import Verb
from simulation.cluster import Sim
from simulation.pods import Endpoints
from simulation.rules_people import a_pause_moves_no_pods
from simulation.seen import (
    Rule,
    Seen,
    available_of,
    change_of,
    progress_of,
    ready_of,
    revision_labelled,
    revisions_of,
    selected_by,
    stable_of,
)

KUBE_PROXY_S = 1.99
"""So long after the endpoints a node may still send requests to a pod (measured: up to 1 s; the promise is 2)."""


def no_pod_goes_that_may_get_requests(seen: Seen) -> str:
    """A track shrinks when production has not listed it for a while; behind a shared selector, within limits."""
    change = change_of(seen)
    revision, count = change.revision, change.after
    without = 0 in {seen.wanted, seen.ghost.least}  # what completed without replicas serves from nothing
    if count >= change.before or seen.exclusive or without or not seen.before.services:
        return ""
    if len([p for p in seen.before.pods if p.deployment == seen.write.name and not p.leaving]) <= count:
        return ""
    selected = selected_by(seen.before) & set(revisions_of(seen.before))
    if revision in selected:
        return _within_limits(seen, revision, count, selected)
    listed = seen.before.endpoints[seen.before.service_name].ready.get(revision)
    since = seen.before.listed_at.get(revision)
    recent = since is not None and (seen.now - since).total_seconds() < KUBE_PROXY_S
    answering = ready_of(seen.base, revision) > 0
    return f"pods of {revision} go while requests may reach them" if answering and (listed or recent) else ""


def _within_limits(seen: Seen, revision: str, count: int, selected: set[str]) -> str:
    base = seen.base
    others = sum(_listed(base, "") if r == "" else available_of(base, r) for r in selected - {revision})
    left = min(count, available_of(base, revision)) + others
    unavailable = seen.situation.stage.unavailable if len(selected) > 1 and seen.situation.under_way else 0
    broken = available_of(base, revision) <= count
    enough = left >= seen.wanted - unavailable or broken or _strangers_answer(seen, revision)
    return "" if enough else f"{revision} shrinks to {count}: {left} of {seen.wanted} pods would serve"


def _listed(sim: Sim, revision: str) -> int:
    return sim.endpoints.get(sim.service_name, Endpoints()).ready.get(revision, 0)


def _strangers_answer(seen: Seen, revision: str) -> bool:
    """Where pods that are not ours answer, ours may go before a first release is over, and with `onDelete: Delete`.

    However few these are: their number is somebody else's.
    """
    leaving = seen.base.deleting and "workloadRef" not in seen.spec_seen
    return bool(revision and _listed(seen.base, "") and (leaving or not stable_of(seen.before)))


def no_more_pods_than_planned(seen: Seen) -> str:
    """At most twice the replicas; behind a shared selector at most replicas and surge."""
    change, s = change_of(seen), seen.situation
    if change.after <= change.before or not s.under_way or seen.base.deleting:
        return ""
    counted = s.stage.counted and not s.progress.rollback_reason and not s.exclusive
    limit = seen.wanted + s.stage.surge if counted else 2 * max(seen.wanted, seen.ghost.least)
    total = sum(seen.after.desired(r) for r in revisions_of(seen.after))
    excused = seen.before.rollout["spec"]["replicas"] != seen.wanted or not seen.ghost.calm
    return f"{total} pods are asked for, {limit} is the limit" if total > limit and not excused else ""


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
    if revision_labelled(old) in {stable_of(seen.before), progress_of(seen.before).get("revision")}:
        return f"{seen.write.name} is deleted"
    return f"{seen.write.name} is deleted with its pods" if old["spec"]["replicas"] else ""


POD_RULES: tuple[Rule, ...] = (
    no_pod_goes_that_may_get_requests,
    no_more_pods_than_planned,
    a_pause_moves_no_pods,
    a_template_is_never_edited,
    minimum_ready_time_is_the_spec_s,
    what_runs_is_never_deleted,
)
