"""Promises about what the operator remembers: releases, stages, verdicts, and what it tells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from simulation.asked import may_crash, points
from simulation.pods import SimPod
from simulation.seen import Rule, Seen, done_now, newly_answered
from simulation.shown import (
    ASKED_FOR,
    GAVE_UP,
    audiences,
    candidate_of,
    failed_of,
    is_waking,
    progress_of,
    revision_labelled,
    routed_by,
    selected_by,
    stable_of,
    way_back_of,
)
from simulation.viewed import table

SLOW_S = 10
"""So long a cluster may take for a step: the deadlines of the worlds are longer."""

TOLD_SHORT_S = 5
"""The start of a down time is told late, by what the kubelet reports; its end at once."""

TOLD_LATE = timedelta(seconds=2)
"""A kubelet tells of an end so much later: nobody knows then which of the two was first."""


def a_verdict_is_kept(seen: Seen) -> str:
    """A quarantine ends by a new template, a Retry or an Undo, and by nothing else."""
    before, after = seen.before.status.get("failed"), seen.after.status.get("failed")
    if before is None or (after is not None and after["revision"] == before["revision"]):
        return ""
    asked = newly_answered(seen).get("action") in {"Retry", "Undo", "Abort"}
    other = seen.revision_seen != before["revision"]
    return "" if asked or other or after else f"the verdict on {before['revision']} is forgotten"


def a_failure_is_stored_with_the_way_back(seen: Seen) -> str:
    """What returns for a failure is condemned in the same write."""
    reason = way_back_of(seen.after)
    if not reason or way_back_of(seen.before) or reason in GAVE_UP:
        return ""
    condemned = failed_of(seen.after).get("revision")
    return "" if condemned == candidate_of(seen.after) else "it returns without a verdict"


def what_failed_and_was_frozen_stays_failed(seen: Seen) -> str:
    """Whoever ends it: another template, a person, or a policy. A Retry goes forward."""
    failure = progress_of(seen.before).get("failure")
    back = way_back_of(seen.after) and not way_back_of(seen.before)
    if not failure or not back or candidate_of(seen.after) != failure["revision"]:
        return ""
    verdicts = (failed_of(seen.after), seen.after.status.get("undone") or {})
    kept = any(each.get("revision") == failure["revision"] for each in verdicts)
    return (
        "" if kept else f"{failure['revision']} had failed, and goes back for {way_back_of(seen.after)} alone"
    )


def a_verdict_has_a_cause(seen: Seen) -> str:
    """Nothing is condemned but for what has happened to its own pods, or because the cluster was slow."""
    verdict, before = failed_of(seen.after), failed_of(seen.before)
    if not verdict or verdict == before or verdict["reason"] in ASKED_FOR or seen.ghost.slow_s >= SLOW_S:
        return ""
    revision = verdict["revision"]
    known = revision in seen.ghost.blamed or before.get("revision") == revision
    deaf = revision in (
        seen.base.deaf or ()
    )  # at its deadline the port is the cause, or a pod that is missing just then
    known |= deaf and verdict["reason"] in {"PortClosed", "CandidateUnavailable"}
    shown = _was_recorded(seen, revision) or _answers_nothing(seen, revision)
    return (
        ""
        if known or shown or _was_halted(seen)
        else f"{revision} is condemned ({verdict['reason']}), for nothing"
    )


def _was_recorded(seen: Seen, revision: str) -> bool:
    """Whether its record says that it was rolled back, and the status that said so is lost."""
    ends = [r["status"]["outcome"] for r in _records_of(seen, revision) if r.get("status", {}).get("outcome")]
    return failed_of(seen.after)["reason"] == "RolledBack" and "RolledBack" in ends[-1:]


def _records_of(seen: Seen, revision: str) -> list[Mapping[str, Any]]:
    releases = table(seen.base, "Release").values()
    return sorted(
        (r for r in releases if r["spec"]["revision"] == revision), key=lambda r: int(r["spec"]["number"])
    )


def _answers_nothing(seen: Seen, revision: str) -> bool:
    """Whether requests fail now: it has them all, and none of its pods is ready, nor left to say that its node took it."""
    pods = [pod for pod in seen.base.pods if pod.revision == revision]
    gone = not any(pod.ended or pod.taken or (pod.ready and not pod.leaving) for pod in pods)
    unavailable = failed_of(seen.after)["reason"] == "CandidateUnavailable"
    return unavailable and gone and any(met(seen.base) == {revision} for met in audiences(seen.base))


def _was_halted(seen: Seen) -> bool:
    """Recreate: whether somebody paused it between two revisions, or no operator ran there. Then nothing serves."""
    down = failed_of(seen.after)["reason"] == "DowntimeExceeded"
    return seen.exclusive and down and (seen.paused or seen.ghost.absent)


def a_crash_counts_where_it_served(seen: Seen) -> str:
    """What ended before requests reached the candidate is no failure of it, whatever the clock of its node says."""
    verdict, way = failed_of(seen.after), seen.ghost.way
    if verdict.get("reason") != "CandidateCrashed" or verdict == failed_of(seen.before):
        return ""
    if way is None or way.since is None or way.first:
        return ""
    ends = [pod.end_at for pod in seen.base.pods if pod.revision == verdict["revision"] and pod.end_at]
    served = any(at >= way.since - TOLD_LATE for at in ends)
    return "" if served else f"no pod of {verdict['revision']} crashed while it served"


def the_down_time_is_told_as_it_was(seen: Seen) -> str:
    """Recreate: as long as nobody answered, whether an operator ran in that time or not."""
    before, after = (sim.status.get("downtime") or {} for sim in (seen.before, seen.after))
    told_s = after.get("seconds")
    if told_s is None or told_s == before.get("seconds") or seen.ghost.way is None:
        return ""
    lasted_s = seen.ghost.dark_s - seen.ghost.slow_s - TOLD_SHORT_S
    return f"{told_s} s are told, and it was {seen.ghost.dark_s} s" if told_s < lasted_s else ""


def a_release_begins_once(seen: Seen) -> str:
    """The number rises by one, when nothing is under way, and never for a condemned revision or for stable."""
    known = max([seen.before.status.get("release", 0), *_recorded(seen)])
    rise = seen.after.status.get("release", 0) - known
    if rise == 0:
        return ""
    if rise > 0 and (rise != 1 or (progress_of(seen.before) and not _lost(seen))):
        under_way = progress_of(seen.before) or "nothing"
        return f"the release's number rises by {rise} while {under_way} is under way"
    begun = candidate_of(seen.after)
    if rise < 0 or not begun:
        return f"the release's number falls by {-rise}" if rise < 0 else ""
    if begun == stable_of(seen.before) and not is_waking(seen.after):
        return f"{begun} is stable, and is released again"
    condemned = begun == failed_of(seen.after).get("revision")
    return f"{begun} is condemned, and is released again" if condemned else ""


def _recorded(seen: Seen) -> list[int]:
    """The numbers that the Releases know, as far as the operator saw them."""
    return [r["spec"]["number"] for r in table(seen.base, "Release").values()]


def _lost(seen: Seen) -> bool:
    """Whether nothing is seen of the release under way, and its template is not in the spec any more."""
    revision, base = progress_of(seen.before)["revision"], seen.base
    recorded = {r["spec"]["revision"] for r in table(base, "Release").values()}
    made = {revision_labelled(d) for d in table(base, "Deployment").values()}
    return revision not in {*made, *recorded, seen.revision_seen}


def a_stage_passes_one_at_a_time(seen: Seen) -> str:
    """Each stage begins anew: what a person let pass was the one before."""
    before, after = progress_of(seen.before), progress_of(seen.after)
    same = before and after and before["revision"] == after["revision"] and before["plan"] == after["plan"]
    if not same or before["stage"] == after["stage"]:
        return ""
    right = after["stage"] == before["stage"] + 1 and not after.get("promoted")
    return (
        ""
        if right
        else f"from stage {before['stage']} to {after['stage']}, promoted: {after.get('promoted')}"
    )


def what_crashed_while_it_served_goes_no_further(seen: Seen) -> str:
    """No stage passes by itself, and no release completes, with more crashed pods than the strategy allows."""
    before, after = progress_of(seen.before), progress_of(seen.after)
    if not before or not stable_of(seen.before) or not seen.wanted or done_now(seen) == "Skip":
        return ""
    completes = stable_of(seen.after) == before["revision"]
    passes = not way_back_of(seen.after) and after.get("stage", 0) > before["stage"]
    if not completes and not (passes and after["plan"] == before["plan"] and not _is_small(seen, after)):
        return ""
    crashed = sum(
        pod.fell and pod.untold is None and _in_time(seen, pod) for pod in seen.base.of(before["revision"])
    )
    allowed = may_crash(seen.spec_seen) + (seen.ghost.way.forgiven if seen.ghost.way else 0)
    return "" if crashed <= allowed else f"{crashed} of its pods crashed, {allowed} may"


def _in_time(seen: Seen, pod: SimPod) -> bool:
    """Whether its last end was since the candidate may get requests: as the stable revision that it was before, it may have crashed."""
    way = seen.ghost.way
    if way is None:
        return True
    return way.since is not None and (pod.end_at is None or pod.end_at >= way.since)


def _is_small(seen: Seen, progress: Mapping[str, Any]) -> bool:
    """Whether the stage is one of a canary's steps, from which it returns in the next pass: no pods are listed before it."""
    return "canary" in seen.spec_seen["strategy"] and progress["stage"] < len(points(seen.spec_seen)) - 2


def a_release_completes_by_its_gates(seen: Seen) -> str:
    """A revision becomes stable when the cluster has shown every point that the spec asks for, and each gate was open."""
    stable, way = stable_of(seen.after), seen.ghost.way
    same = stable in {stable_of(seen.before), seen.ghost.stable}
    lost = not stable_of(seen.before) and selected_by(seen.base) == {stable}  # then what serves is stable
    if same or lost or way is None or way.first or not seen.wanted:
        return ""
    if way.revision != stable:
        return f"{stable} completes, and {way.revision} is under way"
    over = way.is_over(seen.spec_seen, seen.now)
    overtaken = seen.revision_seen != stable and way.has_everything(seen.spec_seen)
    return "" if over or overtaken else f"{stable} completes at point {way.index}"


def what_completes_serves(seen: Seen) -> str:
    """A revision becomes stable only when production selects it and nothing else, or a route sends all requests to it."""
    before, after = stable_of(seen.before), stable_of(seen.after)
    serves = seen.before.service_name in seen.before.services and not is_waking(seen.after)
    repaired = after == seen.ghost.stable  # somebody had written another one into the status
    if not before or before == after or repaired or not seen.wanted or not serves:
        return ""
    alone = seen.exclusive or any(
        met(sim) == {after} for sim in (seen.before, seen.base) for met in audiences(sim)
    )
    return "" if alone else f"{after} completes without all requests"


def ready_is_about_the_template_in_the_spec(seen: Seen) -> str:
    """Nothing takes a release for done before it has begun."""
    status = seen.after.status
    ready = next(c for c in status["conditions"] if c["type"] == "Ready")["status"] == "True"
    right = stable_of(seen.after) == seen.revision_seen or not seen.revision_seen
    return "" if right or not ready else f"Ready, and {stable_of(seen.after)} is not the template in the spec"


def an_autoscaler_sees_the_side_that_serves(seen: Seen) -> str:
    """Where both sides are full, what it counts is one of them: stable, until only the candidate is listed."""
    strategy, status = seen.spec_seen["strategy"], seen.after.status
    shared = "canary" in strategy or "rolling" in strategy
    if shared or not stable_of(seen.after) or seen.base.deleting:
        return ""
    published = dict(pair.split("=") for pair in status["selector"].split(",")).get(
        "crossfade.dev/revision", ""
    )
    if published == stable_of(seen.after):
        return ""
    if seen.base.git and routed_by(seen.base) == {published}:
        return ""  # a route gives it everything; the production Service follows at the end
    listed = seen.base.endpoints.get(seen.before.service_name)
    others = {r for r, ready in listed.ready.items() if ready and r != published} if listed else set()
    return (
        f"it counts {published or 'both sides'}, while {others} are listed" if others or not published else ""
    )


MEMORY_RULES: tuple[Rule, ...] = (
    a_verdict_is_kept,
    a_failure_is_stored_with_the_way_back,
    what_failed_and_was_frozen_stays_failed,
    a_release_begins_once,
    a_verdict_has_a_cause,
    a_crash_counts_where_it_served,
    the_down_time_is_told_as_it_was,
    a_stage_passes_one_at_a_time,
    a_release_completes_by_its_gates,
    what_crashed_while_it_served_goes_no_further,
    what_completes_serves,
    ready_is_about_the_template_in_the_spec,
    an_autoscaler_sees_the_side_that_serves,
)
