"""What a change of the status tells people: the events that no single step of a release is the source of."""

from __future__ import annotations

from collections.abc import Iterator

from crossfade.api.conditions import ConditionType, Phase, Reason
from crossfade.api.events import EventReason
from crossfade.api.status import RolloutStatus
from crossfade.core.analysis.runs import AFTER
from crossfade.core.plan import Event
from crossfade.core.transition import normal, warning

WAITS = frozenset(
    {Reason.AWAITING_PROMOTION, Reason.PAUSED_BY_SPEC, Reason.PAUSED_BY_ACTION, Reason.HELD_BY_POLICY}
)
TROUBLES = frozenset(
    {
        Reason.NOT_SOLE_OWNER,
        Reason.ROUTE_MISSING,
        Reason.ROUTE_NOT_ACCEPTED,
        Reason.STABLE_UNAVAILABLE,
        Reason.CANDIDATE_UNAVAILABLE,
        Reason.RESTARTING,
        Reason.ANALYSIS_INCONCLUSIVE,
        Reason.HOOK_FAILED,
        Reason.WRITE_REFUSED,
        Reason.PORT_CLOSED,
    }
)
"""Each of these but a refused write may pass by itself while a release goes on: it is told once that is over."""

DOUBTS = frozenset({ConditionType.PORTS_CHECKED, ConditionType.FOREIGN_PODS})

REFUSALS = frozenset(
    {
        Reason.INVALID_SPEC,
        Reason.INVALID_TEMPLATE,
        Reason.WORKLOAD_MISSING,
        Reason.REPLICAS_TOO_FEW,
        Reason.NAME_TAKEN,
        Reason.PORT_UNKNOWN,
        Reason.SELECTED_BY_OTHERS,
        Reason.ROUTE_INVALID,
        Reason.ROUTE_TAKEN,
        Reason.ROUTER_LACKS,
        Reason.ANALYSIS_INVALID,
    }
)
"""Each of these is told when it begins, in the stage that it begins in; a refusal again when its message changes."""


def events_of(before: RolloutStatus | None, after: RolloutStatus) -> tuple[Event, ...]:
    """The events for what has become so since `before`, the stored status; none where it was so already."""
    return (*_of_the_state(before, after), *_of_doubts(before, after), *_of_hooks(before, after))


def _of_doubts(before: RolloutStatus | None, after: RolloutStatus) -> Iterator[Event]:
    """That a port could not be checked, or that foreign pods get requests: each when it begins."""
    known = {each.type for each in (before.conditions if before else ())}
    for each in after.conditions:
        if each.type in DOUBTS and each.type not in known:
            yield from warning(Reason(each.reason), each.message)


def _of_hooks(before: RolloutStatus | None, after: RolloutStatus) -> Iterator[Event]:
    """What the hooks after a release have come to: no stage tells of them."""
    known = {(each.run, each.metric, each.outcome) for each in (before.measurements if before else ())}
    for each in after.measurements:
        if (
            not each.run.startswith(AFTER)
            or not each.outcome
            or (each.run, each.metric, each.outcome) in known
        ):
            continue
        told = f"hook {each.run}: {each.message}"
        if each.outcome == "Passed":
            yield from normal(EventReason.HOOK_SUCCEEDED, told)
        else:
            yield from warning(EventReason.HOOK_FAILED, told)


def _of_the_state(before: RolloutStatus | None, after: RolloutStatus) -> tuple[Event, ...]:
    reason = _reason(after)
    if before is not None and _told(before) == _told(after):
        return ()
    if reason in WAITS:
        return normal(Reason(reason), after.message)
    passing = after.phase is Phase.PROGRESSING and reason != Reason.WRITE_REFUSED
    troubled = reason in TROUBLES and not passing
    return warning(Reason(reason), after.message) if troubled or reason in REFUSALS else ()


def _told(status: RolloutStatus) -> tuple[str, ...]:
    """What must differ for the same reason to be told again: counts of pods in a message may change for ever."""
    reason = _reason(status)
    return (reason, str(status.phase), status.message if reason in REFUSALS else status.stage)


def _reason(status: RolloutStatus) -> str:
    return next((c.reason for c in status.conditions if c.type == ConditionType.READY), "")
