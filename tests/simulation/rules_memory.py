"""Promises about what the operator remembers: releases, stages, verdicts, and what it tells."""

from __future__ import annotations

from datetime import datetime

from crossfade.core.stages import GateKind
from simulation.passes import table
from simulation.seen import (
    GAVE_UP,
    Rule,
    Seen,
    available_of,
    done_now,
    may_be_missing,
    newly_answered,
    progress_of,
    revision_labelled,
    selected_by,
    stable_of,
)


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
    before, after = progress_of(seen.before), progress_of(seen.after)
    reason = after.get("rollbackReason", "")
    if not reason or before.get("rollbackReason") or reason in GAVE_UP:
        return ""
    failed = seen.after.status.get("failed") or {}
    return "" if failed.get("revision") == after["revision"] else "it returns without a verdict"


def a_release_begins_once(seen: Seen) -> str:
    """The number rises by one, when nothing is under way, and never for a condemned revision or for stable."""
    rise = seen.after.status.get("release", 0) - seen.before.status.get("release", 0)
    if rise == 0:
        return ""
    if rise != 1 or (progress_of(seen.before) and not _lost(seen)):
        under_way = progress_of(seen.before) or "nothing"
        return f"the release's number rises by {rise} while {under_way} is under way"
    begun = progress_of(seen.after).get("revision")
    failed = seen.after.status.get("failed") or {}
    wakes = begun in seen.before.status.get("unserved", ())
    if begun and begun == stable_of(seen.before) and not wakes:
        return f"{begun} is stable, and is released again"
    return f"{begun} is condemned, and is released again" if begun and begun == failed.get("revision") else ""


def _lost(seen: Seen) -> bool:
    """Whether nothing is seen of the release under way, and its template is not in the spec any more."""
    revision, base = progress_of(seen.before)["revision"], seen.base
    recorded = {r["spec"]["revision"] for r in table(base, "Release", base.releases).values()}
    made = {revision_labelled(d) for d in table(base, "Deployment", base.deployments).values()}
    return revision not in {*made, *recorded, seen.revision_seen}


def only_what_has_proved_itself_skips_gates(seen: Seen) -> str:
    """A release is fast exactly where its revision is among the last `rollbackRevisions` that completed."""
    after = progress_of(seen.after)
    if not after or progress_of(seen.before) or not stable_of(seen.before):
        return ""
    kept = seen.spec_seen.get("rollbackRevisions", 3) + 1  # the first of them is stable itself
    proved = after["revision"] in seen.before.status.get("completed", [])[:kept]
    proved = proved and after["revision"] not in seen.before.status.get("unserved", ())
    fast = bool(after.get("skipGates"))
    return (
        ""
        if fast == proved
        else f"{after['revision']} is released fast: {fast}, and it proved itself: {proved}"
    )


def a_stage_passes_by_its_gate(seen: Seen) -> str:
    """One stage at a time, with its pods available, its time over, and its person asked."""
    before, after = progress_of(seen.before), progress_of(seen.after)
    same = before and after and before["revision"] == after["revision"] and before["plan"] == after["plan"]
    if not same or before["stage"] == after["stage"]:
        return ""
    if after["stage"] != before["stage"] + 1 or after.get("promoted"):
        return f"from stage {before['stage']} to {after['stage']}, promoted: {after.get('promoted')}"
    return "" if done_now(seen) == "Skip" else _gate_open(seen)


def _gate_open(seen: Seen) -> str:
    s, now = seen.situation, seen.now
    available = available_of(seen.base, s.progress.revision)
    if available < s.stage.candidate:
        return f"the stage passes with {available} of {s.stage.candidate} pods of the candidate"
    gate, since = (*s.stage.gates, None)[0], s.progress.reached_at
    if s.progress.promoted or not s.stage.gates:
        return ""
    if gate.kind is GateKind.MANUAL:
        return "a person's gate passes without a person"
    waited = (now - datetime.fromisoformat(since)).total_seconds() if since else 0
    return "" if waited >= gate.seconds else f"a gate of {gate.seconds} s passes after {waited} s"


def an_edit_of_the_strategy_passes_no_gate(seen: Seen) -> str:
    """After it the release is in a stage of at most the present weight, or in the first one.

    Or in the one behind it, where its gate asks for nothing but the pods that are there already.
    """
    before, after = progress_of(seen.before), progress_of(seen.after)
    same = before and after and before["revision"] == after["revision"]
    if not same or before["plan"] == after["plan"] or not after["stage"]:
        return ""
    plan, weight = seen.situation.plan, seen.before.status.get("weight") or 0
    here, earlier = plan[min(after["stage"], len(plan) - 1)], plan[after["stage"] - 1]
    passed = earlier.weight <= weight and not earlier.gates
    allowed = here.weight <= weight or passed
    return "" if allowed else f"the edit brings it from {weight} % to the stage of {here.weight} %"


def what_crashed_while_it_served_goes_no_further(seen: Seen) -> str:
    """No stage passes by itself, and no release completes, with more crashed pods than the strategy allows.

    After an edit of the strategy the same stage may have another number: that is a rule of its own.
    """
    s = seen.situation
    completes = stable_of(seen.after) == s.progress.revision
    after = progress_of(seen.after)
    passes = not after.get("rollbackReason") and after.get("stage", 0) > s.progress.stage
    further = completes or (passes and after["plan"] == s.progress.plan)
    if not s.under_way or not further or not s.progress.serving_since or not s.stable_revision:
        return ""
    ends = s.progress.ends_before
    mine = (p for p in seen.base.of(s.progress.revision) if p.seen().ends > ends.get(p.name, 0))
    crashed, allowed = sum(1 for _ in mine), may_be_missing(seen.spec_seen["strategy"], seen.wanted)
    excused = crashed <= allowed or done_now(seen) == "Skip"
    return "" if excused else f"{crashed} of its pods crashed, {allowed} may"


def what_completes_serves(seen: Seen) -> str:
    """A revision becomes stable only when production selects it and nothing else."""
    before, after = stable_of(seen.before), stable_of(seen.after)
    if not before or before == after or not seen.wanted or not seen.before.services:
        return ""
    if progress_of(seen.after).get("waking"):
        return ""
    alone = seen.exclusive or selected_by(seen.before) == {after}
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
    listed = seen.base.endpoints.get(seen.before.service_name)
    others = {r for r, ready in listed.ready.items() if ready and r != published} if listed else set()
    return (
        f"it counts {published or 'both sides'}, while {others} are listed" if others or not published else ""
    )


MEMORY_RULES: tuple[Rule, ...] = (
    a_verdict_is_kept,
    a_failure_is_stored_with_the_way_back,
    a_release_begins_once,
    only_what_has_proved_itself_skips_gates,
    a_stage_passes_by_its_gate,
    an_edit_of_the_strategy_passes_no_gate,
    what_crashed_while_it_served_goes_no_further,
    what_completes_serves,
    ready_is_about_the_template_in_the_spec,
    an_autoscaler_sees_the_side_that_serves,
)
