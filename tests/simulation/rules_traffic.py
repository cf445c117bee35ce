"""Promises about who gets requests."""

from __future__ import annotations

from simulation.rules_people import a_pause_moves_no_traffic
from simulation.seen import (
    Rule,
    Seen,
    available_of,
    newly_selected,
    progress_of,
    ready_of,
    revisions_of,
    selected_by,
    stable_of,
)


def what_is_condemned_does_not_serve_again(seen: Seen) -> str:
    """After its verdict a revision never gets requests again by itself; a chart that names it takes it back as it is."""
    if _taken_back(seen):
        return ""
    again = newly_selected(seen) & seen.ghost.condemned & set(revisions_of(seen.before))
    return f"{again} is condemned and gets requests again" if again else ""


def what_gets_requests_is_allowed_to(seen: Seen) -> str:
    """Stable always; the candidate when the stored memory says that its stage gives it requests."""
    memory = progress_of(seen.before)
    if _taken_back(seen):
        return ""
    for revision in newly_selected(seen) - {stable_of(seen.before), ""}:
        if revision != memory.get("revision"):
            if seen.before.desired(revision) or seen.before.of(revision):
                return f"{revision} gets requests and is neither stable nor the candidate"
        elif memory.get("rollbackReason") or not (
            seen.situation.stage.weight or seen.situation.stage.stops_old
        ):
            return f"{revision} gets requests before the memory says that it may"
    return ""


def _taken_back(seen: Seen) -> bool:
    """Whether the chart's Deployment comes back, whose selector means all pods of the application."""
    return seen.base.deleting and "workloadRef" in seen.spec_seen


def traffic_returns_after_its_reason_is_stored(seen: Seen) -> str:
    """The candidate loses its requests only when the memory says that it returns, or the Rollout goes."""
    memory = progress_of(seen.before)
    lost = selected_by(seen.before) - selected_by(seen.after)
    returning = memory.get("rollbackReason") or seen.base.deleting or not stable_of(seen.before)
    if memory.get("revision") not in lost or returning:
        return ""
    forward = bool(seen.situation.stage.weight)
    return "the candidate loses its requests, and the memory does not say why" if forward else ""


def nothing_is_selected_that_is_not_ready(seen: Seen) -> str:
    """Production never turns from ready pods of an allowed revision to a revision without any."""
    if seen.exclusive or not seen.wanted:
        return ""
    after = selected_by(seen.after)
    allowed = {stable_of(seen.before), progress_of(seen.before).get("revision"), ""} - seen.ghost.condemned
    had = {r for r in selected_by(seen.before) & allowed if ready_of(seen.base, r)}
    has = {r for r in after if ready_of(seen.base, r)}
    return f"production turns from {had} to {after} without ready pods" if had and not has else ""


def all_traffic_moves_to_enough_pods(seen: Seen) -> str:
    """The candidate gets all requests only when it has the pods that its stage asks for."""
    s = seen.situation
    candidate = s.progress.revision
    moves = selected_by(seen.after) == {candidate} and selected_by(seen.before) - {candidate}
    if not moves or not s.stable_revision or not seen.wanted or seen.base.deleting or s.exclusive:
        return ""
    has = available_of(seen.base, candidate)
    others = any(ready_of(seen.base, revision) for revision in selected_by(seen.before) - {candidate})
    enough = has >= s.stage.candidate or (not others and ready_of(seen.base, candidate))
    return "" if enough else f"it has {has} of {s.stage.candidate}"


def a_selector_of_two_writers_is_left(seen: Seen) -> str:
    """While somebody else applies the selector of an adopted Service, production stays as it is."""
    before, after = (sim.services.get(seen.before.service_name) for sim in (seen.before, seen.after))
    if before is None or after is None or before["spec"]["selector"] == after["spec"]["selector"]:
        return ""
    writers = [entry["manager"] for entry in before["metadata"].get("managedFields") or ()]
    return f"{', '.join(writers)} writes it too" if writers and not seen.base.deleting else ""


TRAFFIC_RULES: tuple[Rule, ...] = (
    what_is_condemned_does_not_serve_again,
    what_gets_requests_is_allowed_to,
    traffic_returns_after_its_reason_is_stored,
    nothing_is_selected_that_is_not_ready,
    all_traffic_moves_to_enough_pods,
    a_pause_moves_no_traffic,
    a_selector_of_two_writers_is_left,
)
