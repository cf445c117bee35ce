"""What policies hold back, read from what they say and from what the cluster shows: never from what the operator plans.

It is written from the documents of the policies (`api/policy_rules.py`, `api/policy_windows.py`), so that a hold that is too much, and
one that is missing, are told from the right one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from crossfade.api.labels import ANNOTATION_REQUESTER
from crossfade.api.policy_rules import Approval
from crossfade.core.moments import moment_of
from crossfade.core.policy.matched import Closed, Matched
from simulation.asked import Share, Spec, is_routed, points
from simulation.cluster import Sim
from simulation.ghost import Ghost
from simulation.shown import candidate_of, is_waking, progress_of, stable_of, wanted_revision, way_back_of

DAY = timedelta(hours=24)


class Due(NamedTuple):
    """What is about to happen to `revision`: its moments, as policies name them, and with `Step` the number of the step, from 1."""

    revision: str
    moments: frozenset[str] = frozenset()
    step: int | None = None
    under_way: bool = True


def before_point(spec: Spec, index: int, revision: str) -> Due:
    """What comes with the point of that index of a release that is under way.

    Recreate gives up all users where it stops what serves. What comes after everything has moved is no moment. With one replica the
    points are those of two: then a batch is all there is, and it still is one.
    """
    plan = points({**spec, "replicas": max(2, spec["replicas"])})
    if index >= len(plan) or any(each.gone or each.weight == 100 for each in plan[:index]):
        return Due(revision)
    if plan[index].gone or plan[index].weight == 100:
        return Due(revision, frozenset({"Promote"}))
    reached = sum(each.share is not Share.NONE or each.groups for each in plan[: index + 1])
    reaches = plan[index].share is not Share.NONE or plan[index].groups
    return Due(revision, frozenset({"Step"}), reached) if reaches else Due(revision)


def before_all(spec: Spec, revision: str, *, first: bool) -> Due:
    """What comes with the beginning of a release. One that is the `first`, or has no replicas, is complete with it."""
    due = before_point(spec, 0, revision)
    moments = {"Promote"} if first or not spec["replicas"] else due.moments
    return Due(revision, frozenset({"Start", *moments}), due.step, under_way=False)


def waits(sim: Sim, ghost: Ghost) -> str:
    """What rightly holds the release that is wanted or under way, in words; "" where nothing does."""
    if not sim.policies:
        return ""
    spec, revision = sim.rollout["spec"], candidate_of(sim)
    if revision:
        free = way_back_of(sim) or is_waking(sim) or not stable_of(sim) or goes_back(sim, ghost, revision)
        if not free and stands_in_between(sim):
            return "it is closed, and pauses"
        next_one = before_point(spec, progress_of(sim)["stage"] + 1, revision)
        return "" if free or not next_one.moments else holds(sim, next_one)
    wanted = _target(sim)
    if wanted == stable_of(sim) or goes_back(sim, ghost, wanted):
        return ""
    return holds(sim, before_all(spec, wanted, first=not stable_of(sim)))


def stands_in_between(sim: Sim) -> bool:
    """Whether what is closed stops it on its way to a stage by counts of pods, each of which is a share of the requests."""
    spec, progress = sim.rollout["spec"], progress_of(sim)
    (name, strategy), *_ = spec["strategy"].items()
    counted = {"rolling": len(strategy.get("batches", [])) + 1}
    if not is_routed(spec):
        counted["canary"] = sum(step["weight"] < 100 for step in strategy.get("steps", []))
    on_its_way = bool(progress) and progress["stage"] < counted.get(name, 0) and not progress.get("reachedAt")
    return on_its_way and any(each.in_flight == "Pause" for each in closed_now(sim))


def _target(sim: Sim) -> str:
    """The revision to be at: the spec's, unless it has a verdict."""
    wanted, status = wanted_revision(sim), sim.status
    verdicts = {(status.get(name) or {}).get("revision") for name in ("failed", "undone")}
    return wanted if wanted not in verdicts else str(status.get("undoTo") or stable_of(sim) or wanted)


def goes_back(sim: Sim, ghost: Ghost, revision: str) -> bool:
    """Whether it is one of the last that completed and served, or somebody asked to go back to it: nothing holds that."""
    kept = min(sim.rollout["spec"].get("rollbackRevisions", 3), 3) + 1
    undone = (sim.status.get("goingBack") or {}).get("revision")
    return bool(stable_of(sim)) and (revision in ghost.proved[:kept] or revision == undone)


def in_force(sim: Sim) -> Iterator[Matched]:
    """The policies, but for those that somebody passes now."""
    passed = {each["policy"] for each in sim.status.get("bypasses", ()) if moment_of(each["until"]) > sim.now}
    return (policy for policy in sim.policies if policy.name not in passed)


def closed_now(sim: Sim) -> Iterator[Closed]:
    """All that is closed now."""
    return (closed for policy in in_force(sim) for closed in _closed(policy, sim))


def takes_back(sim: Sim) -> bool:
    """Whether something that takes back what is under way is closed now."""
    return any(each.in_flight == "Abort" for each in closed_now(sim))


def holds(sim: Sim, due: Due) -> str:
    """Which policy holds what is due now, and by what; "" where none does."""
    return next(
        (
            f"policy {policy.name} holds it: {told}"
            for policy in in_force(sim)
            for told in _of(policy, sim, due)
        ),
        "",
    )


def _of(policy: Matched, sim: Sim, due: Due) -> Iterator[str]:
    if policy.spec is None:
        yield policy.problem
        return
    yield from (each.message for each in policy.broken)
    yield from ("it is closed" for each in _closed(policy, sim) if _is_shut(each, due))
    yield from (f"{each.name} is missing" for each in policy.spec.approvals if _lacks(policy, each, sim, due))
    if due.under_way:
        return
    if policy.place is not None and not policy.place.granted:
        yield "it has no turn"
    yield from _used_up(policy, sim, due)


def _closed(policy: Matched, sim: Sim) -> Iterator[Closed]:
    """Its windows that are closed, and its freeze while that lasts; nothing where it only warns."""
    if policy.spec is None or policy.spec.enforcement != "Enforce":
        return
    yield from policy.closed
    freeze = policy.spec.freeze
    if freeze is not None and (freeze.until is None or moment_of(freeze.until) > sim.now):
        yield Closed("", frozenset(freeze.applies), freeze.in_flight)


def _is_shut(closed: Closed, due: Due) -> bool:
    """For the moments that it names; for all of a release under way that stands until it opens; for what it would take back again."""
    always = "Pause" if due.under_way else "Abort"
    return bool(due.moments & closed.moments) or closed.in_flight == always


def _lacks(policy: Matched, approval: Approval, sim: Sim, due: Due) -> bool:
    if approval.before not in due.moments or approval.step not in {None, due.step}:
        return False
    told = sim.status.get("approvals", ())
    told = [each for each in told if not is_over(sim.status, each)]
    by = {each["by"] for each in told if counts(each, policy.name, approval, due.revision, requester_of(sim))}
    return len(by) < approval.count


def is_over(status: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether an approval was for a release that has ended since, and that does not begin anew by itself."""
    last = status.get("last") or {}
    again = given["revision"] in {last.get("nodeTook"), last.get("windowTook")}
    return bool(last.get("at")) and not again and moment_of(given["at"]) <= moment_of(last["at"])


def counts(given: Mapping[str, Any], policy: str, approval: Approval, revision: str, requester: str) -> bool:
    """Whether somebody may approve, and has approved just this."""
    named = given.get("policy", "") in {"", policy} and given.get("approval", "") in {"", approval.name}
    of_them = not approval.groups or bool({*approval.groups} & {*given.get("groups", ())})
    oneself = approval.not_requester and given["by"] == requester
    return given["revision"] == revision and named and of_them and not oneself


def requester_of(sim: Sim) -> str:
    """Who asked for what the spec says."""
    return str((sim.rollout["metadata"].get("annotations") or {}).get(ANNOTATION_REQUESTER, ""))


def _used_up(policy: Matched, sim: Sim, due: Due) -> Iterator[str]:
    """By the releases that have begun. One that nodes took the pods of is tried once more."""
    quota = policy.spec.quota if policy.spec is not None else None
    if quota is None or (sim.status.get("last") or {}).get("nodeTook") == due.revision:
        return
    begun = [sim.now - moment_of(each) for each in sim.status.get("starts", ())]
    if quota.min_interval_seconds and any(
        each.total_seconds() < quota.min_interval_seconds for each in begun
    ):
        yield "another one has just begun"
    if quota.max_per_day and sum(each < DAY for each in begun) >= quota.max_per_day:
        yield "as many as may have begun today"
