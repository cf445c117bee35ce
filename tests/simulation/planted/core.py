"""Bugs in the core that the model checker finds: each breaks one promise."""

from dataclasses import replace
from typing import Any

from crossfade.api.conditions import Reason
from crossfade.controller import observe
from crossfade.core import (
    actions,
    deletion,
    giving_back,
    goals,
    holds,
    ladder,
    layout,
    manifests,
    rollback,
    stepper,
    summary,
    transitions,
    verdicts,
)
from crossfade.core.moments import moment_of
from crossfade.core.observed import Observed, Side
from crossfade.core.plan import Plan, Write
from crossfade.core.situation import Situation
from crossfade.core.stages import Stage
from crossfade.core.strategies import big_bang
from crossfade.core.traffic import selector
from simulation import passes
from simulation.planted.bug import Bug, Patch


def _memory_after_traffic(patch: Patch) -> None:
    """Traffic moves before the reason is stored: a crash in between forgets it."""
    in_order = passes.Decision.writes.func

    def traffic_first(decision: passes.Decision) -> tuple[Write, ...]:
        return tuple(sorted(in_order(decision), key=lambda w: w.kind != "Service"))

    patch.setattr(passes.Decision, "writes", property(traffic_first))


def _no_settling(patch: Patch) -> None:
    """Old pods are removed as soon as the endpoints are right, though nodes still follow."""
    for module in (selector, holds, ladder):
        patch.setattr(module, "has_propagated", lambda _: True)


def _no_settling_of_what_shrinks(patch: Patch) -> None:
    """The same at the last place where it is asked for: a track that was left."""
    patch.setattr(selector, "has_propagated", lambda _: True)


def _shrunk_before_moved(patch: Patch) -> None:
    """The giving side shrinks before the traffic has left it."""
    patch.setattr(stepper._Stepper, "_is_left", lambda *_: True)


def _more_spared_than_there_are(patch: Patch) -> None:
    """Old pods go although the new ones do not serve yet: an exchange spares what it needs."""
    patch.setattr(stepper._Stepper, "_spare", 99)


def _quarantine_forgotten(patch: Patch) -> None:
    """A revision that failed is tried again by itself."""
    patch.setattr(ladder, "target", lambda s: s.spec_revision)


def _crashes_not_judged(patch: Patch) -> None:
    """A candidate whose pods crash while they serve goes on."""
    patch.setattr(verdicts, "candidate_crashed", lambda _: None)


def _skipped_into_traffic(patch: Patch) -> None:
    """After a Skip all requests move to a candidate that does not stand yet."""
    patch.setattr(stepper._Stepper, "_has_enough", True)


def _paused_and_moving(patch: Patch) -> None:
    """A pause holds the gates, and pods are exchanged all the same."""
    patch.setattr(goals, "stopped", lambda _: False)


def _pause_holds_no_gate(patch: Patch) -> None:
    """A pause is told, and stages pass."""
    plain = ladder._passed

    def unheld(s: Situation) -> Any:
        spec = s.spec.model_copy(update={"paused": False})
        free = replace(s, rollout=s.rollout.model_copy(update={"spec": spec})).remember(paused_by=None)
        transition = plain(free)
        memory = {"paused_by": s.memory.paused_by}
        return transition and replace(
            transition, s=replace(transition.s, rollout=s.rollout).remember(**memory)
        )

    patch.setattr(ladder, "_passed", unheld)


def _restarted_all_at_once(patch: Patch) -> None:
    """A Restart stops all pods before new ones start."""
    patch.setattr(manifests, "own_strategy", lambda _: {"type": "Recreate"})


def _restarted_as_a_release(patch: Patch) -> None:
    """A Restart begins a release of the revision that serves."""
    plain = actions.ANSWERS["Restart"]

    def released(s: Situation, action: Any) -> actions.Answer:
        answer = plain(s, action)
        return replace(answer, s=answer.s.remember(release=s.memory.release + 1))

    patch.setitem(actions.ANSWERS, "Restart", released)


def _everybody_skips_gates(patch: Patch) -> None:
    """A template that was never released before skips its gates."""
    begun = transitions.started

    def fast(s: Situation, revision: str) -> Any:
        transition = begun(s, revision)
        return replace(transition, s=transition.s.progress_with(begun_as="Return"))

    patch.setattr(ladder, "started", fast)


def _failure_not_frozen(patch: Patch) -> None:
    """With `onFailure: Pause` a failed release returns as if it said Abort."""
    plain = transitions.failed

    def falls(s: Situation, why: Any) -> Any:
        spec = s.spec.model_copy(update={"on_failure": "Abort"})
        return plain(replace(s, rollout=s.rollout.model_copy(update={"spec": spec})), why)

    patch.setattr(ladder, "failed", falls)


def _ready_taken_for_available(patch: Patch) -> None:
    """A pod counts at once, whatever `minReadySeconds` says."""
    plain = observe.side_of

    def hasty(*stored: Any) -> Side:
        side = plain(*stored)
        return replace(side, available=side.ready)

    patch.setattr(observe, "side_of", hasty)


def _counts_of_an_older_size_believed(patch: Patch) -> None:
    """What a Deployment's status counts is believed, though its size was changed since."""
    plain = observe.side_of
    patch.setattr(observe, "side_of", lambda *stored: replace(plain(*stored), current=True))


def _edited_past_a_gate(patch: Patch) -> None:
    """After an edit of the strategy the release goes on at the last stage."""
    plain = ladder._positioned

    def last(s: Situation) -> Situation:
        after = plain(s)
        return after if after is s else after.progress_with(stage=len(after.plan) - 1)

    patch.setattr(ladder, "_positioned", last)


def _both_sides_published(patch: Patch) -> None:
    """An autoscaler counts both full sides of a big bang, and halves the load that it sees."""
    patch.setattr(
        summary, "_scale", lambda s: (s.stable.replicas + s.candidate.replicas, "crossfade.dev/rollout=shop")
    )


def _pods_go_before_the_service_is_given_back(patch: Patch) -> None:
    """A deletion removes the other revision while production still selects it."""
    plain = deletion.step
    patch.setattr(deletion, "step", lambda goal, s: replace(plain(goal, s), unmet=None))


def _marks_left_on_the_service(patch: Patch) -> None:
    """A deletion leaves the Service as the operator's."""
    for module in (giving_back, layout):
        patch.setattr(module, "unmarking", lambda _: [])


def _stable_before_the_other_is_gone(patch: Patch) -> None:
    """A recreate that is deleted starts its survivor beside the other revision."""
    patch.setattr(goals, "none_left", lambda *_: True)


# --- a wrong plan, and evidence that is none ----------------------------------------------------------------


def _old_pods_go_before_the_bake(patch: Patch) -> None:
    """The plan of a big bang keeps no old pod through its bake."""
    plain = big_bang.stages

    def hasty(replicas: int, bake_seconds: int) -> list[Stage]:
        ready, bake, retire = plain(replicas, bake_seconds)
        return [ready, replace(bake, stable=0), retire]

    patch.setattr(big_bang, "stages", hasty)


def _superseded_in_a_hurry(patch: Patch) -> None:
    """Requests leave a healthy candidate as if it had failed: 1 in 4 of stable's pods is enough."""
    patch.setattr(rollback, "is_urgent", lambda _: True)


def _crashes_by_the_clock_of_the_node(patch: Patch) -> None:
    """An end counts if its time, by the clock of its node, is after the time at which the candidate began to serve."""

    def by_time(s: Situation) -> verdicts.Verdict | None:
        pods, since = s.pods(s.progress.revision), s.progress.serving_since
        ends = [end.at for pod in pods or () if not pod.leaving for end in pod.exits]
        after = [at for at in ends if since and at >= moment_of(since).replace(microsecond=0)]
        return verdicts.Verdict(Reason.CANDIDATE_CRASHED, "it crashed") if after else None

    patch.setattr(verdicts, "candidate_crashed", by_time)


def _ended_pods_counted(patch: Patch) -> None:
    """A pod that stays as Failed counts as one that runs."""
    plain = passes.core.decide

    def decide(rollout: Any, seen: Observed, now: Any) -> Plan:
        pods = {r: tuple(replace(pod, ended=False) for pod in one) for r, one in seen.found.pods.items()}
        return plain(rollout, replace(seen, found=replace(seen.found, pods=pods)), now)

    patch.setattr(passes.core, "decide", decide)


def _stable_was_down_once(patch: Patch) -> None:
    """That stable lacked pods when the release began is believed for as long as it lasts."""
    plain = passes.core.decide

    def decide(rollout: Any, seen: Observed, now: Any) -> Plan:
        status = rollout.status
        if status and status.progress:
            latched = status.progress.model_copy(update={"stable_was_down": True})
            status = status.model_copy(update={"progress": latched})
        return plain(rollout.model_copy(update={"status": status}), seen, now)

    patch.setattr(passes.core, "decide", decide)


BUGS = (
    Bug(_memory_after_traffic, "bigBang", "2 pods", "traffic returns after its reason is stored"),
    Bug(_no_settling, "bigBang", "no bake", "no pod goes that may get requests"),
    Bug(_no_settling_of_what_shrinks, "bigBang", "2 pods", "no pod goes that may get requests"),
    Bug(_shrunk_before_moved, "bigBang", "2 pods", "no pod goes that may get requests"),
    Bug(_more_spared_than_there_are, "rolling", "2 pods", "no pod goes that may get requests"),
    Bug(_quarantine_forgotten, "canary", "2 pods", "a release begins once"),
    Bug(_crashes_not_judged, "bigBang", "no bake", "what crashed while it served goes no further"),
    Bug(_skipped_into_traffic, "bigBang", "Skip, PromoteFull, Restart", "all traffic moves to enough pods"),
    Bug(_paused_and_moving, "canary", "paused", "a pause moves no pods"),
    Bug(_pause_holds_no_gate, "bigBang", "paused", "a pause lets no gate pass"),
    Bug(
        _restarted_all_at_once,
        "rolling",
        "Restart at rest",
        "without a failure enough pods serve at each moment",
    ),
    Bug(_restarted_as_a_release, "canary", "Restart at rest", "a restart makes no release"),
    Bug(_everybody_skips_gates, "canary", "2 pods", "the candidate grows as far as it may"),
    Bug(_failure_not_frozen, "bigBang", "onFailure: Pause", "a frozen failure returns by a person only"),
    Bug(_ready_taken_for_available, "bigBang", "minReadySeconds", "what gets requests is allowed to"),
    Bug(
        _counts_of_an_older_size_believed,
        "rolling",
        "GiveBack, deleted",
        "without a failure enough pods serve at each moment",
    ),
    Bug(
        _edited_past_a_gate,
        "blueGreen",
        "the strategy is edited",
        "the candidate grows as far as it may",
    ),
    Bug(_both_sides_published, "bigBang", "an autoscaler", "an autoscaler sees the side that serves"),
    Bug(
        _pods_go_before_the_service_is_given_back,
        "canary",
        "adopted, given back",
        "no pod goes that may get requests",
    ),
    Bug(_marks_left_on_the_service, "bigBang", "adopted, deleted", "what a deletion leaves serves"),
    Bug(
        _stable_before_the_other_is_gone,
        "recreate",
        "GiveBack, deleted",
        "recreate never runs two revisions at once",
    ),
    Bug(_old_pods_go_before_the_bake, "bigBang", "2 pods", "stable keeps what the gate protects"),
    Bug(_superseded_in_a_hurry, "canary", "2 pods", "without a failure enough pods serve at each moment"),
    Bug(
        _crashes_by_the_clock_of_the_node,
        "bigBang",
        "a node's clock is behind",
        "what crashed while it served goes no further",
    ),
    Bug(
        _crashes_by_the_clock_of_the_node,
        "bigBang",
        "a node's clock is ahead",
        "a crash counts where it served",
    ),
    Bug(_ended_pods_counted, "recreate", "1 pod, evicted", "a verdict has a cause"),
    Bug(_stable_was_down_once, "bigBang", "begun while it grew", "what gets requests is allowed to"),
)
