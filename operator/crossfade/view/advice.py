"""What a person can type next, by phase and reason."""

from __future__ import annotations

from collections.abc import Callable

from crossfade.api.conditions import Phase, Reason
from crossfade.api.labels import LABEL_REVISION, LABEL_ROLLOUT
from crossfade.view.model import RolloutView, Step


def next_steps(view: RolloutView, scope: str = "") -> tuple[Step, ...]:
    """Give the commands that make sense now, the likeliest first; `scope` is added to each of them."""
    if view.deleting:
        return ()
    steps = [*ADVICE.get(view.phase, _watch)(view), *_held(view)]
    return tuple(Step(f"{step.command} {scope}".rstrip(), step.purpose) for step in steps)


def _crossfade(verb: str, view: RolloutView, purpose: str, *flags: str) -> Step:
    return Step(" ".join(("crossfade", verb, view.name, *flags)), purpose)


def _nothing(_view: RolloutView) -> list[Step]:
    return []


def _watch(view: RolloutView) -> list[Step]:
    return [_crossfade("status", view, "to follow it", "--watch")]


def _follow_or_abort(view: RolloutView) -> list[Step]:
    return [*_watch(view), *_abort(view)]


def _abort(view: RolloutView) -> list[Step]:
    """Nothing in a first release, which has nothing to return to, nor at rest: an abort is refused there."""
    refused = view.stable is None or view.candidate is None
    return [] if refused else [_crossfade("abort", view, "to return all requests to the stable revision")]


def _held(view: RolloutView) -> list[Step]:
    return _end_of_pause(view, view.held.reason) if view.held else []


def _end_of_pause(view: RolloutView, reason: str) -> list[Step]:
    """Nothing where it is not a pause that holds it."""
    if reason == Reason.PAUSED_BY_ACTION:
        return [_crossfade("resume", view, "to let it go on")]
    if reason == Reason.PAUSED_BY_SPEC:
        return [
            Step(
                f"kubectl edit rollouts.crossfade.dev {view.name}",
                "to set spec.paused to false and let it go on",
            )
        ]
    return []


def _paused(view: RolloutView) -> list[Step]:
    if end := _end_of_pause(view, view.reason):
        return [*end, *_abort(view)]
    if view.reason == Reason.PAUSED_BY_FAILURE:
        return [*_abort(view), _crossfade("retry", view, "to try the same revision again")]
    return [_crossfade("promote", view, "to let it go on"), *_abort(view)]


def _rolled_back(view: RolloutView) -> list[Step]:
    return [
        _crossfade("set image", view, "to release a corrected image", "CONTAINER=IMAGE"),
        _crossfade("retry", view, "to try the same revision again"),
        _crossfade("diff", view, "to see what changed in the last release"),
    ]


def _degraded(view: RolloutView) -> list[Step]:
    side = view.stable or view.candidate
    revision = f",{LABEL_REVISION}={side.revision}" if side else ""
    pods = Step(f"kubectl get pods -l {LABEL_ROLLOUT}={view.name}{revision}", "to see what its pods lack")
    if view.stable is None:
        return [pods, _crossfade("set image", view, "to release a corrected image", "CONTAINER=IMAGE")]
    return [pods, _crossfade("undo", view, "to go back to the revision before")]


def _invalid(view: RolloutView) -> list[Step]:
    return [Step(f"kubectl edit rollouts.crossfade.dev {view.name}", "to correct what the message names")]


ADVICE: dict[str, Callable[[RolloutView], list[Step]]] = {
    Phase.HEALTHY: _nothing,
    Phase.PROGRESSING: _follow_or_abort,
    Phase.PAUSED: _paused,
    Phase.WAITING: _follow_or_abort,
    Phase.ROLLING_BACK: _watch,
    Phase.ROLLED_BACK: _rolled_back,
    Phase.DEGRADED: _degraded,
    Phase.INVALID: _invalid,
}
