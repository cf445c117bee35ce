"""From stored objects to what is shown. Reads raw objects, and takes any part of them to be missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crossfade.api.conditions import Phase
from crossfade.view.advice import next_steps
from crossfade.view.autoscalers import misled, scaling
from crossfade.view.circumstances import (
    changed_by,
    coming,
    course,
    down,
    has_earlier,
    paused,
    preview,
    restarted,
    undoing,
    waits_for_owner,
    went_back,
)
from crossfade.view.held import broken, held_by_policy, passed
from crossfade.view.model import Outcome, RolloutView, Wait
from crossfade.view.nearness import service_name, uneven
from crossfade.view.pauses import held_at_rest
from crossfade.view.routes import routed_by
from crossfade.view.standing import place_of, plan_of, progress_of, side_of
from crossfade.view.target_ports import unlisted_numbers
from crossfade.view.times import time_of

Object = Mapping[str, Any]

NOT_SEEN = "NotSeen"
"""Shown as the phase of a Rollout that the operator has not looked at yet."""

OUTCOMES = {
    Phase.HEALTHY: Outcome.DONE,
    Phase.PAUSED: Outcome.NEEDS_PERSON,
    Phase.ROLLING_BACK: Outcome.FAILING,
    Phase.DEGRADED: Outcome.FAILING,
    Phase.ROLLED_BACK: Outcome.FAILED,
    Phase.INVALID: Outcome.FAILED,
}
EXPLAINING = ("Paused", "Stalled", "Reconciling", "Ready")
"""Conditions from the most to the least telling; the first one that is there explains the phase."""


def rollout_view(
    rollout: Object,
    release: Object | None = None,
    *,
    autoscalers: Sequence[Object] = (),
    service: Object | None = None,
    scope: str = "",
) -> RolloutView:
    """Give what there is to show of `rollout`.

    `release` is the Release with the number in its status: it knows the names of the stages and the pods they want.
    `autoscalers` are those of its namespace, `service` its production Service. `scope` is what the commands to type next need in addition, such as
    `-n shop`.
    """
    meta, status = rollout.get("metadata", {}), rollout.get("status") or {}
    seen = status.get("observedGeneration", -1) == meta.get("generation", 0)
    deleting = bool(meta.get("deletionTimestamp"))
    plan, replicas = plan_of(release, status), rollout.get("spec", {}).get("replicas", 1)
    view = RolloutView(
        name=meta.get("name", ""),
        namespace=meta.get("namespace", ""),
        phase=status.get("phase") or NOT_SEEN,
        reason=_reason(status),
        message=_message(status, seen=seen, deleting=deleting),
        strategy=status.get("strategy") or next(iter(rollout.get("spec", {}).get("strategy") or {}), ""),
        release=status.get("release", 0),
        seen=seen,
        deleting=deleting,
        outcome=_outcome(status, seen=seen, deleting=deleting),
        stage=place_of(status, plan),
        weight=status.get("weight"),
        real_weight=status.get("realWeight"),
        route=str(routed_by(rollout) or ""),
        stable=side_of(status, "stable", plan, replicas),
        candidate=side_of(status, "candidate", plan, replicas),
        awaited=_awaited(status),
        held=held_at_rest(rollout),
        policy=held_by_policy(status) if seen and not deleting else None,
        coming=coming(rollout) if seen and not deleting else "",
        bypasses=tuple(passed(status)) if not deleting else (),
        failed_reason=(status.get("failed") or {}).get("reason", ""),
        failed_container=(status.get("failed") or {}).get("container", ""),
        why=(status.get("failed") or {}).get("message", ""),
        downtime_s=(status.get("downtime") or {}).get("seconds"),
        worker=not service_name(rollout),
        returning=bool(progress_of(status).get("rollbackReason")),
        last_lines=tuple(status.get("lastLines") or ()) if seen and not deleting else (),
        paused=paused(status),
        restarted=restarted(status, _reason(status)),
        since=time_of(status.get("since")),
        earlier=has_earlier(status),
        undoing=undoing(status),
        went_back=went_back(status),
        course=course(status),
        changed_by=changed_by(release),
        down=down(rollout),
        preview=preview(rollout),
    )
    return replace(
        view,
        next_steps=next_steps(view, scope),
        warnings=tuple(_warnings(rollout, view, autoscalers, service)),
        to_do=_to_do(service, scope) if service and waits_for_owner(status, view.reason) else (),
    )


def _warnings(
    rollout: Object, view: RolloutView, autoscalers: Sequence[Object], service: Object | None
) -> Iterator[str]:
    """What is around it and may do otherwise than was meant."""
    yield from misled(view.strategy, scaling("Rollout", view.name, autoscalers))
    if not view.route:
        yield from uneven(view.strategy, service)
    yield from unlisted_numbers(rollout.get("spec") or {}, service, others_only=True)
    yield from broken(rollout.get("status") or {})


def _to_do(service: Object, scope: str) -> tuple[str, ...]:
    """Give what `crossfade convert` says about a Service whose selector somebody else writes."""
    from crossfade.view.convert_service import writers  # noqa: PLC0415 -- seldom needed
    from crossfade.view.handover import handed_over  # noqa: PLC0415 -- imports yaml

    return tuple(handed_over(service, writers(service), f" {scope}" if scope else ""))


def release_name(rollout: Object) -> str:
    """Give the name of the Release that the status speaks of, or "" before the first one."""
    number = (rollout.get("status") or {}).get("release", 0)
    return f"{rollout['metadata']['name']}-{number}" if number else ""


def _outcome(status: Object, *, seen: bool, deleting: bool) -> Outcome:
    if not seen or deleting:
        return Outcome.UNDER_WAY
    if _is_stalled(status):
        return Outcome.FAILED
    hold = held_by_policy(status)
    if waits_for_owner(status, _reason(status)) or (hold is not None and hold.person):
        return Outcome.NEEDS_PERSON
    return OUTCOMES.get(status.get("phase", ""), Outcome.UNDER_WAY)


def _is_stalled(status: Object) -> bool:
    return any(c.get("type") == "Stalled" and _tells(c) for c in status.get("conditions", []))


def _message(status: Object, *, seen: bool, deleting: bool) -> str:
    if deleting:
        return "It is being deleted."
    if "phase" not in status:
        return "The operator has not seen it yet."
    if not seen:
        return "The operator has not seen the latest change yet."
    return str(status.get("message", ""))


def _reason(status: Object) -> str:
    held = {c.get("type"): c.get("reason", "") for c in status.get("conditions", []) if _tells(c)}
    return next((held[name] for name in EXPLAINING if name in held), "")


def _tells(condition: Object) -> bool:
    """Ready explains whatever its status; the others only where they hold."""
    return condition.get("type") == "Ready" or condition.get("status") == "True"


def _awaited(status: Object) -> Wait | None:
    """Give what is waited for. Where nothing moves until a person acts, what that person is to do is in the message."""
    progress = progress_of(status)
    what = progress.get("waitingFor", "")
    if progress.get("frozen"):
        return Wait("a person")
    if what == "a person":
        what = str(status.get("message", "")).partition(" waits for ")[2] or what
    return Wait(what, time_of(progress.get("until"))) if what else None
