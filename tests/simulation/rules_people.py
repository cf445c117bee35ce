"""Promises about what people ask for: it is done, it is done once, and it does nothing else."""

from __future__ import annotations

from simulation.seen import Rule, Seen, change_of, done_now, newly_answered, newly_selected
from simulation.shown import (
    GAVE_UP,
    candidate_of,
    is_frozen,
    progress_of,
    revisions_of,
    stable_of,
    stands,
    way_back_of,
)


def an_abort_is_done(seen: Seen) -> str:
    """It is accepted in every state in which something is under way and there is something to return to."""
    waiting = [a for a in seen.base.actions.values() if not a.get("status")]
    answer = newly_answered(seen)
    if not waiting or waiting[0]["spec"]["action"] != "Abort" or answer.get("action") != "Abort":
        return ""
    under_way = progress_of(seen.before) and stable_of(seen.before) and _begun(seen)
    done = answer["state"] == "Done"
    returning = way_back_of(seen.after) or not progress_of(seen.after)
    return "" if not under_way or (done and returning) else "an abort is not carried out"


def _begun(seen: Seen) -> bool:
    """Whether there is more of the release than its mention in the status: else nothing of it can be undone."""
    number, revision = seen.before.status.get("release"), candidate_of(seen.before)
    recorded = any(r["spec"]["number"] == number for r in seen.before.releases.values())
    return recorded or revision in revisions_of(seen.before)


def a_restart_makes_no_release(seen: Seen) -> str:
    """It replaces pods of stable, and changes nothing else that is remembered."""
    if done_now(seen) != "Restart":
        return ""
    kept = all(
        seen.before.status.get(key) == seen.after.status.get(key) for key in ("release", "progress", "failed")
    )
    return "" if kept else "a restart begins, ends or forgives a release"


def a_promote_is_for_the_stage_that_its_sender_saw(seen: Seen) -> str:
    """Of two who let a stage pass at the same time one does; the other one lets no further stage pass."""
    if done_now(seen) not in {"Promote", "Skip"} or not progress_of(seen.before).get("stage"):
        return ""
    uid = newly_answered(seen)["uid"]
    made = next(
        int(a["metadata"]["resourceVersion"])
        for a in seen.base.actions.values()
        if a["metadata"]["uid"] == uid
    )
    return "it lets a stage pass that began after it was made" if made < seen.ghost.entered else ""


def a_pause_lets_no_gate_pass(seen: Seen) -> str:
    """While it is paused no release begins and no stage passes, whatever else happens."""
    if not seen.paused:
        return ""
    before, after = progress_of(seen.before), progress_of(seen.after)
    if after and not before:
        return "a release begins"
    same = before and after and before["plan"] == after["plan"]
    return f"stage {before['stage']} passes" if same and before["stage"] != after["stage"] else ""


def a_pause_moves_no_traffic(seen: Seen) -> str:
    """While it is paused or frozen the candidate gets no requests that it did not have."""
    held = _held(seen) and not stands(seen.before)
    return "the candidate gets requests" if held and candidate_of(seen.before) in newly_selected(seen) else ""


def a_pause_moves_no_pods(seen: Seen) -> str:
    """While it is paused or frozen neither side shrinks, and nothing grows beyond the replicas that are wanted."""
    change, both = change_of(seen), {stable_of(seen.before), candidate_of(seen.before)}
    if not _held(seen) or change.revision not in both or stands(seen.before):
        return ""
    if change.after < change.before:
        return f"{change.revision} shrinks to {change.after}"
    total = sum(seen.after.desired(r) for r in both)
    comes_back = seen.write.name not in seen.before.deployments and change.revision in seen.ghost.blamed
    grown = change.after > change.before and total > max(seen.wanted, seen.ghost.least) and not comes_back
    return f"{change.revision} grows to {change.after}, {total} in all" if grown else ""


def _held(seen: Seen) -> bool:
    """Whether a release stands still on its way to a stage. Scaling moves pods in any case."""
    under_way = candidate_of(seen.before) and stable_of(seen.before) and not way_back_of(seen.before)
    stopped = seen.paused or is_frozen(seen.before)
    return bool(under_way and not seen.ghost.scaled and stopped)


def a_frozen_failure_returns_by_a_person_only(seen: Seen) -> str:
    """With `onFailure: Pause` nothing returns by itself, however the candidate fails."""
    fell = way_back_of(seen.after) not in {"", *GAVE_UP} and not way_back_of(seen.before)
    frozen = seen.spec_seen.get("onFailure") == "Pause"
    asked = done_now(seen) in {"Abort", "Undo"}
    return "it returns, and nobody asked for it" if fell and frozen and not asked else ""


ASKED_RULES: tuple[Rule, ...] = (
    an_abort_is_done,
    a_promote_is_for_the_stage_that_its_sender_saw,
    a_restart_makes_no_release,
    a_pause_lets_no_gate_pass,
    a_frozen_failure_returns_by_a_person_only,
)
