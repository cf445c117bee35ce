"""What a person can type next, by phase and reason."""

from __future__ import annotations

import re
from collections.abc import Callable

from crossfade.api.conditions import Phase, Reason
from crossfade.view.model import Outcome, PolicyHold, RolloutView, Step, Undoing

FIRST_FREE_PORT, MOVED_BY = 1024, 8000


def next_steps(view: RolloutView, scope: str = "") -> tuple[Step, ...]:
    """Give the commands that make sense now, the likeliest first; `scope` is added to each of them."""
    if view.deleting:
        return ()
    steps = [*ADVICE.get(view.phase, _watch)(view), *_held(view), *_looked_at(view)]
    return tuple(
        Step(f"{step.command} {_scope_for(step.command, scope)}".rstrip(), step.purpose) for step in steps
    )


def _scope_for(command: str, scope: str) -> str:
    about_policies = command.startswith(("crossfade unfreeze ", "crossfade policies "))
    return without_namespace(scope) if about_policies else scope


def without_namespace(scope: str) -> str:
    """The scope of a command about policies, which belong to the cluster."""
    return re.sub(r"^-n \S+ ?", "", scope)


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
    return [] if refused else [_crossfade("abort", view, _what_an_abort_does(view))]


def _drop_or_abort(view: RolloutView) -> list[Step]:
    """The same for one that is held: before it has begun an abort drops it."""
    if view.stable is None or view.candidate is not None:
        return _abort(view)
    return [_crossfade("abort", view, "to drop this release: it does not begin then")]


def _what_an_abort_does(view: RolloutView) -> str:
    if view.undoing:
        return f"to stay with release {view.undoing.from_release} after all"
    return "to return to stable" if view.worker else "to return all requests to stable"


def _waiting(view: RolloutView) -> list[Step]:
    """Where somebody has steps to take, following it tells nothing new until they are taken."""
    if view.policy is not None:
        return [*_by_policy(view, view.policy), *_drop_or_abort(view)]
    if view.reason == Reason.OTHERS_FAILED and view.candidate is not None:
        return [*_watch(view), _crossfade("promote", view, "to pass this stage all the same"), *_abort(view)]
    if view.reason == Reason.OTHERS_FAILED:
        return [*_watch(view), *_drop_or_abort(view)]
    return _abort(view) if view.outcome is Outcome.NEEDS_PERSON else _follow_or_abort(view)


def _by_policy(view: RolloutView, hold: PolicyHold) -> list[Step]:
    """What ends the hold, by whom that is for to do; and the way past the policy, for whoever has it."""
    past = ("--policy", hold.policy, "--reason", "TEXT")
    bypass = _crossfade("bypass", view, "to pass the policy, for whoever has the verb bypass on it", *past)
    return [_end_of_hold(view, hold), bypass]


def _end_of_hold(view: RolloutView, hold: PolicyHold) -> Step:
    if not hold.person:
        return _crossfade("status", view, "to follow it: it goes on by itself", "--watch")
    if hold.rule == "approvals":
        return _crossfade("approve", view, "to approve it, for whoever may", "--policy", hold.policy)
    if hold.rule == "freeze":
        return Step(f"crossfade unfreeze {hold.policy}", "to end the freeze for all, for whoever may")
    if hold.rule in {"spec", "windows"}:
        return Step(f"crossfade policies {hold.policy}", "to see what of the policy its admin has to correct")
    return Step(f"kubectl edit rollouts.crossfade.dev {view.name}", "to write what the rule asks for")


def _looked_at(view: RolloutView) -> list[Step]:
    """The way to a candidate that no user meets yet. Ports below 1024 are not everybody's to listen on."""
    if view.preview is None:
        return []
    port = view.preview.port
    here = port if port >= FIRST_FREE_PORT else MOVED_BY + port
    command = f"kubectl port-forward service/{view.preview.service} {here}:{port}"
    return [Step(command, f"to look at it on localhost:{here}")]


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


def _undone(view: RolloutView, undo: Undoing) -> list[Step]:
    """What an Undo leaves to do: the manifest still names what was left."""
    difference = (str(undo.from_release), str(view.release))
    return [
        _crossfade("diff", view, "to see what the manifest must get back", *difference),
        _crossfade("set image", view, "to release a corrected image", "CONTAINER=IMAGE"),
        _crossfade("retry", view, f"to release {undo.from_release} again after all"),
    ]


def _rolled_back(view: RolloutView) -> list[Step]:
    if view.went_back is not None:
        return _undone(view, view.went_back)
    return [
        *(
            [_crossfade("logs", view, "to read the log of what failed", "--failed")]
            if view.failed_container
            else []
        ),
        _why(view),
        _crossfade("set image", view, "to release a corrected image", "CONTAINER=IMAGE"),
        _crossfade("retry", view, "to try the same revision again"),
    ]


def _why(view: RolloutView) -> Step:
    """What shows why it failed: counts where these decided, else what the release changed."""
    if view.failed_reason == Reason.ANALYSIS_FAILED:
        return Step(f"crossfade verdict {view.name}-{view.release}", "to see the counts that decided")
    return _crossfade("diff", view, "to see what changed in the last release")


def _degraded(view: RolloutView) -> list[Step]:
    pods = _crossfade("tree", view, "to see its pods")
    logs = _crossfade("logs", view, "to read what they write", "--stable" if view.stable else "--candidate")
    if view.stable is None:
        return [pods, logs, _crossfade("set image", view, "to release a corrected image", "CONTAINER=IMAGE")]
    return [
        pods,
        logs,
        *([_crossfade("undo", view, "to go back to the revision before")] if view.earlier else []),
    ]


def _invalid(view: RolloutView) -> list[Step]:
    return [Step(f"kubectl edit rollouts.crossfade.dev {view.name}", "to correct what the message names")]


ADVICE: dict[str, Callable[[RolloutView], list[Step]]] = {
    Phase.HEALTHY: _nothing,
    Phase.PROGRESSING: _follow_or_abort,
    Phase.PAUSED: _paused,
    Phase.WAITING: _waiting,
    Phase.ROLLING_BACK: _watch,
    Phase.ROLLED_BACK: _rolled_back,
    Phase.DEGRADED: _degraded,
    Phase.INVALID: _invalid,
}
