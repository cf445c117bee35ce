"""Bugs in what policies hold: each breaks one promise about them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from crossfade.core import actions, clocks, goals, holds, ladder, starts, transitions, wake_ups
from crossfade.core.gates.answer import OPEN, Answer
from crossfade.core.moments import text_of
from crossfade.core.policy import answers, approvals, bypasses, closing
from crossfade.core.policy import holds as policy_holds
from crossfade.core.policy.entering import Entering
from crossfade.core.policy.matched import Matched
from crossfade.core.situation import Situation
from crossfade.core.wanted import target
from simulation.planted.bug import Bug, Patch

Hold = Callable[[Situation], Answer]


def _before_next(patch: Patch, hold: Hold) -> None:
    """What a stage waits for by policies is asked in another way."""
    others = tuple(hold if each is policy_holds.before_next else each for each in holds.HOLDS)
    patch.setattr(holds, "HOLDS", others)


def _the_way_back_is_held(patch: Patch) -> None:
    """A return to what has proved itself waits like any other release."""
    patch.setattr(policy_holds, "begins", lambda s: not s.under_way and target(s) != s.stable_revision)


def _failures_wait(patch: Patch) -> None:
    """What has failed is not taken back while a policy holds its next stage."""
    plain = ladder._failed
    patch.setattr(ladder, "_failed", lambda s: plain(s) if policy_holds.before_next(s).is_open else None)


def _returns_after_the_hold(patch: Patch) -> None:
    """What returns does not end while there is a policy."""
    plain = ladder._returned
    patch.setattr(ladder, "_returned", lambda s: None if s.seen.policies else plain(s))


def _promoted_past_a_hold(patch: Patch) -> None:
    """A PromoteFull skips policies too."""
    _before_next(patch, lambda s: OPEN if s.progress.promoted_full else policy_holds.before_next(s))


def _skipped_past_a_hold(patch: Patch) -> None:
    """A Skip asks no policy."""
    patch.setattr(actions, "before_next", lambda _: OPEN)


def _asked_at_the_start_only(patch: Patch) -> None:
    """What has begun goes on, whatever is closed."""
    _before_next(patch, lambda _: OPEN)


def _never_asked_at_the_start(patch: Patch) -> None:
    """A release begins, and is held at its first stage."""
    patch.setattr(starts, "before_start", lambda _: OPEN)


def _held_in_between(patch: Patch) -> None:
    """Recreate waits for policies where nothing serves."""

    def hold(s: Situation) -> Answer:
        forward = s.under_way and s.stable_revision and not s.progress.rollback_reason
        return policy_holds._strictest(s, Entering(frozenset({"Promote"}))) if forward else OPEN

    _before_next(patch, hold)


def _old_approvals_count(patch: Patch) -> None:
    """Who has approved one revision has approved the next one."""
    plain = approvals.refusal

    def refusal(s: Situation, policy: str, approval: Any, given: Any) -> str:
        return plain(s, policy, approval, given.model_copy(update={"revision": target(s)}))

    patch.setattr(approvals, "refusal", refusal)


def _one_s_own_approval_counts(patch: Patch) -> None:
    """Who asked for a release approves it."""
    plain = approvals.refusal

    def refusal(s: Situation, policy: str, approval: Any, given: Any) -> str:
        return plain(s, policy, approval.model_copy(update={"not_requester": False}), given)

    for module in (approvals, answers):
        patch.setattr(module, "refusal", refusal)


def _passed_for_ever(patch: Patch) -> None:
    """A bypass does not end."""
    patch.setattr(bypasses, "_standing", lambda s: iter(s.memory.bypasses))


def _clocks_stand_still(patch: Patch) -> None:
    """A stage that is held stands from now on, whenever it is asked."""
    plain = ladder.with_clocks

    def forgetful(s: Situation) -> Situation:
        after = plain(s)
        held = after.under_way and not policy_holds.before_next(after).is_open and after.progress.reached_at
        return after.progress_with(reached_at=text_of(after.now)) if held else after

    patch.setattr(ladder, "with_clocks", forgetful)


def _taken_back_again_and_again(patch: Patch) -> None:
    """What takes back a release lets the next one begin."""
    plain = closing._closed

    def closed(policy: Matched, each: Any, due: Entering, s: Situation, rule: str) -> Answer:
        kinder = replace(each, in_flight="Continue") if not s.under_way else each
        return plain(policy, kinder, due, s, rule)

    patch.setattr(closing, "_closed", closed)


def _not_taken_back(patch: Patch) -> None:
    """What takes back a release only holds it."""
    patch.setattr(ladder, "takes_back", lambda _: "")


def _what_warns_takes_back(patch: Patch) -> None:
    """What only warns takes back a release too."""
    patch.setattr(closing, "mode_of", lambda *_: "Enforce")


def _unreadable_passes(patch: Patch) -> None:
    """A policy that cannot be read holds nothing."""
    plain = policy_holds._of
    patch.setattr(policy_holds, "_of", lambda s, p, due: plain(s, p, due) if p.spec is not None else iter(()))


def _a_way_back_counts(patch: Patch) -> None:
    """A return uses up the quota."""
    plain = transitions.with_start
    patch.setattr(transitions, "with_start", lambda s, revision, back: plain(s, revision, back=False))


def _waiting_is_written(patch: Patch) -> None:
    """What waits says since when, and means now."""

    def since(s: Situation) -> Situation:
        return s.remember(waiting_since=text_of(s.now) if not policy_holds.before_start(s).is_open else None)

    patch.setattr(clocks, "_with_waiting_since", since)


def _nobody_wakes(patch: Patch) -> None:
    """A freeze ends, and nobody looks."""
    patch.setattr(wake_ups, "_waiting", lambda *_: iter(()))


def _exchanged_in_a_pause(patch: Patch) -> None:
    """What pauses lets a roll go on to its end."""
    patch.setattr(goals, "in_flight", lambda _: OPEN)


def _edited_past_a_hold(patch: Patch) -> None:
    """An edit of the strategy asks no policy."""
    patch.setattr(ladder, "before_present", lambda _: OPEN)


BUGS = (
    Bug(_the_way_back_is_held, "bigBang", "policies: the way back", "at rest the cluster is as it is wanted"),
    Bug(_failures_wait, "canary", "policies: frozen", "no policy delays the way back"),
    Bug(_returns_after_the_hold, "blueGreen", "policies: windows", "no policy delays the way back"),
    Bug(_promoted_past_a_hold, "blueGreen", "policies: frozen", "a hold lets no stage pass"),
    Bug(_skipped_past_a_hold, "canary", "policies: frozen", "a hold lets no stage pass"),
    Bug(_asked_at_the_start_only, "bigBang", "policies: windows", "a hold lets no stage pass"),
    Bug(_asked_at_the_start_only, "recreate", "policies: a freeze", "a hold lets no stage pass"),
    Bug(_never_asked_at_the_start, "rolling", "policies: passed", "a hold lets no release begin"),
    Bug(_held_in_between, "recreate", "policies: a freeze", "a verdict has a cause"),
    Bug(_old_approvals_count, "bigBang", "policies: approved before", "a hold lets no release begin"),
    Bug(
        _one_s_own_approval_counts,
        "canary",
        "policies: approvals",
        "an approval is somebody s for what is wanted",
    ),
    Bug(_passed_for_ever, "rolling", "policies: passed", "a bypass is asked for and ends"),
    Bug(_clocks_stand_still, "canary", "policies: frozen", "a hold forgets no clock"),
    Bug(_taken_back_again_and_again, "blueGreen", "policies: windows", "a hold lets no release begin"),
    Bug(_not_taken_back, "canary", "policies: windows", "at rest the cluster is as it is wanted"),
    Bug(_what_warns_takes_back, "canary", "policies: windows", "it comes to rest once nothing disturbs it"),
    Bug(_unreadable_passes, "bigBang", "policies: passed", "a hold lets no stage pass"),
    Bug(_a_way_back_counts, "rolling", "policies: the way back", "a release that begins is counted"),
    Bug(_waiting_is_written, "canary", "policies: turns", "at rest time alone makes it write nothing"),
    Bug(_exchanged_in_a_pause, "rolling", "policies: windows", "a pause exchanges no pods"),
    Bug(_edited_past_a_hold, "canary", "policies: edited while held", "an edit passes no hold"),
    Bug(_edited_past_a_hold, "blueGreen", "policies: edited while held", "an edit passes no hold"),
    Bug(_nobody_wakes, "rolling", "policies: a while", "at rest time alone makes it write nothing"),
)
