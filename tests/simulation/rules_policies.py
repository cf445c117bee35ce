"""Promises about policies: what they hold stands still, the way back is never held, and nobody passes them who may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from crossfade.core.moments import moment_of, text_of
from crossfade.core.plan import Plan, Write
from simulation.asked import Point, Share, points
from simulation.cluster import Sim
from simulation.held import (
    Due,
    before_all,
    before_point,
    counts,
    goes_back,
    holds,
    is_over,
    requester_of,
    stands_in_between,
)
from simulation.passes import Decision, decided
from simulation.seen import Rule, Seen, change_of, done_now, newly_answered, newly_selected
from simulation.shown import (
    candidate_of,
    is_waking,
    part_beside,
    progress_of,
    ready_of,
    selected_by,
    stable_of,
    way_back_of,
)
from simulation.viewed import table

LONGEST = timedelta(hours=1)
"""A policy is passed no longer than that where it does not say so."""

# --- the status -------------------------------------------------------------------------------------------


def a_hold_lets_no_release_begin(seen: Seen) -> str:
    """Nothing new begins while a policy holds its beginning: only a way back does, and the first wake-up of what has completed."""
    revision = _begun(seen)
    if not revision or is_waking(seen.after) or _goes_back(seen, revision):
        return ""
    first = not stable_of(seen.before) and not seen.ghost.stable
    told = holds(seen.base, before_all(seen.spec_seen, revision, first=first))
    return f"{revision} begins: {told}" if told else ""


def _begun(seen: Seen) -> str:
    """The revision whose release begins by this write; "" where none does."""
    known = [each["spec"]["number"] for each in table(seen.base, "Release").values()]
    rises = seen.after.status.get("release", 0) > max(seen.before.status.get("release", 0), *known, 0)
    return (candidate_of(seen.after) or stable_of(seen.after)) if rises else ""


def _goes_back(seen: Seen, revision: str) -> bool:
    return any(goes_back(sim, seen.ghost, revision) for sim in (seen.base, seen.before, seen.after))


def a_hold_lets_no_stage_pass(seen: Seen) -> str:
    """No stage passes into what a policy holds, whoever promotes or skips it; recreate and a bake are never held in between."""
    before, after, revision = progress_of(seen.before), progress_of(seen.after), candidate_of(seen.before)
    if not _is_guarded(seen, revision) or way_back_of(seen.after):
        return ""
    completes = stable_of(seen.after) == revision
    same = after and after["revision"] == revision and after["plan"] == before["plan"]
    if not completes and not same:
        return ""
    end = len(points(seen.spec_seen)) if completes else after["stage"] + 1
    ways = (before_point(seen.spec_seen, index, revision) for index in range(before["stage"] + 1, end))
    told = next((told for due in ways if due.moments and (told := holds(seen.base, due))), "")
    return f"{revision} leaves stage {before['stage']}: {told}" if told else ""


def _is_guarded(seen: Seen, revision: str) -> bool:
    """Whether a release is under way that policies may hold."""
    forward = revision and stable_of(seen.before) and not way_back_of(seen.before)
    return bool(forward) and not is_waking(seen.before) and not _goes_back(seen, revision)


def an_edit_passes_no_hold(seen: Seen) -> str:
    """Who edits the strategy moves a release past no policy: where the new one would give it more, it asks as any stage does."""
    before, after, revision = progress_of(seen.before), progress_of(seen.after), candidate_of(seen.before)
    edited = after and after["revision"] == revision and after["plan"] != before["plan"]
    if not edited or not _is_guarded(seen, revision) or way_back_of(seen.after):
        return ""
    plan, index = points(seen.spec_seen), after["stage"]
    more = plan[index].gone or plan[index].weight > (seen.before.status.get("weight") or 0)
    due = before_point(seen.spec_seen, index, revision)
    told = holds(seen.base, due) if more and due.moments else ""
    return f"{revision} is placed at stage {index} of the new strategy: {told}" if told else ""


def a_hold_forgets_no_clock(seen: Seen) -> str:
    """Since when a stage stands is remembered through a hold: its times go on."""
    before, after = progress_of(seen.before), progress_of(seen.after)
    stands = before.get("reachedAt") and after and not way_back_of(seen.after) and seen.wanted
    same = stands and all(before[key] == after[key] for key in ("revision", "plan", "stage"))
    if not same or done_now(seen) == "Retry":
        return ""
    at = after.get("reachedAt")
    return "" if at == before["reachedAt"] else f"it stood since {before['reachedAt']}, and now since {at}"


def an_approval_is_somebody_s_for_what_is_wanted(seen: Seen) -> str:
    """It is written down for who asked, for the revision that is wanted then, and only where it counts; and is not of the next one."""
    before, after = (sim.status.get("approvals", []) for sim in (seen.before, seen.after))
    over = [each for each in after if is_over(seen.before.status, each)]
    if _begun(seen) and over:
        return f"a release begins with {over} of the one before"
    answer = newly_answered(seen)
    action = next((a for a in seen.base.actions.values() if a["metadata"]["uid"] == answer.get("uid")), None)
    wanted = candidate_of(seen.before) or seen.revision_seen
    for given in (each for each in after if each not in before):
        if done_now(seen) != "Approve" or action is None:
            return f"nobody has given {given}"
        if given["by"] != action["spec"]["actor"] or not {*given.get("groups", ())} <= {
            *action["spec"]["groups"]
        }:
            return f"{given} is not what {action['spec']} says"
        if given["revision"] != action["spec"]["revision"]:
            return f"{given} is of another revision than {action['spec']} says"
        if not _is_asked_for(seen.base, given, wanted):
            return f"{given} is asked for by nobody"
    return ""


def _is_asked_for(sim: Sim, given: Mapping[str, Any], wanted: str) -> bool:
    wanting = ((p.name, each) for p in sim.policies if p.spec is not None for each in p.spec.approvals)
    return any(counts(given, name, each, wanted, requester_of(sim)) for name, each in wanting)


def a_bypass_is_asked_for_and_ends(seen: Seen) -> str:
    """A policy is passed where somebody asked for that, for a while; what has ended is not kept."""
    before, after = (sim.status.get("bypasses", []) for sim in (seen.before, seen.after))
    new = [each for each in after if each not in before]
    if new and done_now(seen) != "Bypass":
        return f"nobody has asked for {new}"
    long = [each for each in new if moment_of(each["until"]) > seen.now + LONGEST]
    over = [each for each in after if moment_of(each["until"]) <= seen.now]
    return f"{long or over} pass for too long" if long or over else ""


def a_release_that_begins_is_counted(seen: Seen) -> str:
    """A quota counts each beginning once, and no way back; where the starts were lost they may come back by the same write."""
    revision = _begun(seen)
    before, after = (sim.status.get("starts", []) for sim in (seen.before, seen.after))
    if not revision or is_waking(seen.after):
        return ""
    again = (seen.before.status.get("last") or {}).get("nodeTook") == revision
    counted = after[:1] == [text_of(seen.now)]
    if _goes_back(seen, revision) or again:
        return "" if after == before or not before else f"the way back to {revision} is counted"
    return "" if counted else f"{revision} begins, and the starts are {after}"


POLICY_MEMORY_RULES: tuple[Rule, ...] = (
    a_hold_lets_no_release_begin,
    a_hold_lets_no_stage_pass,
    an_edit_passes_no_hold,
    a_hold_forgets_no_clock,
    an_approval_is_somebody_s_for_what_is_wanted,
    a_bypass_is_asked_for_and_ends,
    a_release_that_begins_is_counted,
)
"""Promises about a status that is written where there are policies."""

# --- requests and pods ------------------------------------------------------------------------------------


def _held_at(seen: Seen) -> tuple[Point, ...]:
    """The points that a release has come to that is held before the next one; none where it is not held.

    By the stage that the status says: it has not passed one since the hold began.
    """
    revision, spec = candidate_of(seen.before), seen.spec_seen
    if not seen.base.policies or not seen.wanted or not _is_guarded(seen, revision):
        return ()
    stage = progress_of(seen.before)["stage"]
    due: Due = before_point(spec, stage + 1, revision)
    return points(spec)[: stage + 1] if due.moments and holds(seen.base, due) else ()


def a_hold_moves_no_traffic(seen: Seen) -> str:
    """While a policy holds it, the candidate gets no larger share of the requests than when the hold began."""
    so_far, candidate = _held_at(seen), candidate_of(seen.before)
    if not so_far:
        return ""
    reaches = any(each.share is not Share.NONE or each.groups for each in so_far)
    if candidate in newly_selected(seen) and not reaches:
        return f"{candidate} gets requests"
    alone, stable = selected_by(seen.after) == {candidate} != selected_by(seen.before), stable_of(seen.before)
    if alone and ready_of(seen.base, stable):
        return f"{candidate} gets all requests"
    most = max(each.weight for each in so_far) / 100
    given = part_beside(seen.after) if seen.before.git else 0
    return f"{candidate} gets {given} of the requests" if given > max(most, part_beside(seen.before)) else ""


def a_hold_moves_no_pods(seen: Seen) -> str:
    """While a policy holds it, the candidate grows no further, and stable keeps what it has: behind one selector that is the share."""
    so_far, change = _held_at(seen), change_of(seen)
    if not so_far:
        return ""
    most, least = max(each.candidate for each in so_far), min(each.stable for each in so_far)
    if change.revision == candidate_of(seen.before) and change.after > max(change.before, most):
        return f"{change.revision} grows to {change.after}, {most} at most while it is held"
    if change.revision == stable_of(seen.before) and change.after < min(change.before, least):
        return f"stable shrinks to {change.after}, {least} at least while it is held"
    return ""


def a_pause_exchanges_no_pods(seen: Seen) -> str:
    """What pauses releases that are under way stops the exchange of pods where it is, and not at its next stage."""
    revision, change = candidate_of(seen.before), change_of(seen)
    begun = seen.wanted and _is_guarded(seen, revision) and not progress_of(seen.before).get("emptied")
    if not begun or not stands_in_between(seen.base):
        return ""
    if change.revision == revision and change.after > change.before:
        return f"{revision} grows to {change.after}"
    shrinks = change.revision == stable_of(seen.before) and change.after < change.before
    return f"stable shrinks to {change.after}" if shrinks else ""


POLICY_TRAFFIC_RULES: tuple[Rule, ...] = (a_hold_moves_no_traffic,)
POLICY_POD_RULES: tuple[Rule, ...] = (a_hold_moves_no_pods, a_pause_exchanges_no_pods)

# --- the way back -----------------------------------------------------------------------------------------


def no_policy_delays_the_way_back(decision: Decision) -> str:
    """What would be taken back without policies is taken back with them, in the same pass, and by the same writes."""
    sim = decision.base
    if not sim.policies or not candidate_of(sim):
        return ""
    without = sim.fork()
    without.policies = ()
    free = decided(without).plan
    if not way_back_of(sim) and not _turns(decision, free.status):
        return ""
    same = [*_on_the_way(free.status)] == [*_on_the_way(decision.plan.status)]
    writes, others = (_in_the_cluster(plan) for plan in (decision.plan, free))
    return "" if same and writes == others else f"it does {writes}, and without policies {others}"


def _turns(decision: Decision, free: Mapping[str, Any] | None) -> bool:
    """Whether it would turn back, without policies, for what is known with them.

    Where a gate opens the pods are looked at once more: that look finds a crash that nothing has told of yet, and comes later where
    the gate is held.
    """
    reason = _progress(free).get("rollbackReason")
    return bool(reason) and (reason != "CandidateCrashed" or candidate_of(decision.base) in decision.dropped)


def _in_the_cluster(plan: Plan) -> list[Write]:
    """All but what tells of it: records, which say what held it, and answers."""
    return [write for write in plan.writes if write.kind not in {"Release", "RolloutAction"}]


def _on_the_way(status: Mapping[str, Any] | None) -> Iterator[object]:
    progress = _progress(status)
    yield from (progress.get(name) for name in ("revision", "rollbackReason", "urgent"))
    yield ((status or {}).get("stable") or {}).get("revision")


def _progress(status: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (status or {}).get("progress") or {}


POLICY_DELAYS: tuple[Callable[[Decision], str], ...] = (no_policy_delays_the_way_back,)
"""Promises about what is decided where there are policies."""
