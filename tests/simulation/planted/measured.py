"""Bugs in what measurements decide: each breaks one promise about them."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from crossfade.api.conditions import Reason
from crossfade.api.measurements import MetricStatus
from crossfade.core import actions, ladder, verdicts
from crossfade.core.analysis import outcome, runs, taken, windows
from crossfade.core.analysis.runs import Asked, Run
from crossfade.core.gates.answer import OPEN
from crossfade.core.gates.answer import Answer as Held
from crossfade.core.measured import Answer, Down, Window, Wrong
from crossfade.core.moments import later
from crossfade.core.situation import Situation
from simulation.planted.bug import Bug, Patch


def _down_taken_for_bad(patch: Patch) -> None:
    """A source that does not answer, or cannot be asked, is held against the candidate."""
    plain = taken.decided

    def harsh(run: Run, asked: Asked, state: MetricStatus, answer: Answer) -> MetricStatus:
        after = plain(run, asked, state, answer)
        fails = isinstance(answer, Down | Wrong)
        return after.model_copy(update={"outcome": "Failed", "message": "it is down"}) if fails else after

    patch.setattr(taken, "decided", harsh)


def _any_window_taken(patch: Patch) -> None:
    """An answer counts for the window that is awaited, whichever it was given to."""
    plain = taken._after

    def after(s: Situation, run: Run, asked: Asked) -> MetricStatus:
        number = windows.state_of(s, run, asked).windows + 1
        came = tuple(replace(m, window=replace(m.window, number=number)) for m in s.seen.measured)
        return plain(replace(s, seen=replace(s.seen, measured=came)), run, asked)

    patch.setattr(taken, "_after", after)


def _an_error_counts_twice(patch: Patch) -> None:
    """An error that was stored, by a pass that did not come to its end, counts once more."""
    patch.setattr(taken, "_is_early", lambda *_: False)


def _any_answer_lets_it_pass(patch: Patch) -> None:
    """A stage waits for the first answer to what is measured in it, whatever it says."""
    plain = outcome.gate

    def gate(s: Situation) -> Held:
        answer, told = plain(s), s.memory.measurements
        came = any(each.windows or each.errors_in_a_row for each in told)
        return OPEN if came and answer.why == Reason.ANALYSING else answer

    patch.setattr(outcome, "gate", gate)


def _undecided_passes(patch: Patch) -> None:
    """A metric that could not decide lets its stage pass."""
    patch.setattr(outcome, "_asks_a_person", lambda *_: False)


def _dry_runs_decide(patch: Patch) -> None:
    """What is only tried takes a release back."""

    def told(s: Situation, run: Run) -> Any:
        return [(asked.metric, windows.state_of(s, run, asked)) for asked in run.asked]

    patch.setattr(outcome, "_told", told)


def _failures_ignored(patch: Patch) -> None:
    """What was measured is told, and takes nothing back."""
    patch.setattr(verdicts, "measured_bad", lambda _: None)


def _promoted_past_a_failure(patch: Patch) -> None:
    """Somebody promotes a stage in the moment in which its metric fails, and nobody hears of it any more."""
    patch.setattr(actions, "outcome", SimpleNamespace(failure=lambda _: None, ended=outcome.ended))


def _measured_on_the_way_back(patch: Patch) -> None:
    """A release that returns is measured on."""
    for module in (windows, taken, outcome):
        patch.setattr(module, "active", lambda s: tuple(runs._measured(s)) if s.under_way else ())


def _outcomes_forgotten(patch: Patch) -> None:
    """What has passed is measured on, as if it had not."""
    plain = windows.state_of
    for module in (windows, taken, outcome):
        patch.setattr(module, "state_of", lambda *asked: plain(*asked).model_copy(update={"outcome": ""}))


def _windows_with_gaps(patch: Patch) -> None:
    """A window ends a second before it could, and the next one begins where it should have ended."""
    plain = windows._window

    def late(*asked: Any) -> Window:
        window = plain(*asked)
        return replace(window, until=later(window.until, -1))

    patch.setattr(windows, "_window", late)


def _edits_not_seen(patch: Patch) -> None:
    """A metric that is edited goes on with what was measured before."""
    patch.setattr(runs.Asked, "definition", property(lambda _: "the same"))


def _steps_measured_once(patch: Patch) -> None:
    """After an edit of the strategy a step goes by what another one of that number has come to."""
    patch.setattr(ladder, "STEP", "none of that name")


def _retried_with_the_old_answers(patch: Patch) -> None:
    """A Retry keeps what had failed, and freezes again at once."""
    plain = actions.ANSWERS["Retry"]

    def retried(s: Situation, action: Any) -> actions.Answer:
        answer = plain(s, action)
        return replace(answer, s=answer.s.remember(measurements=s.memory.measurements))

    patch.setitem(actions.ANSWERS, "Retry", retried)


def _returns_after_the_answer(patch: Patch) -> None:
    """A release that returns waits until nothing is told of it any more."""
    plain = ladder._returned
    patch.setattr(ladder, "_returned", lambda s: None if s.seen.measured else plain(s))


BUGS = (
    Bug(_down_taken_for_bad, "canary", "measured, and down", "a verdict has a cause"),
    Bug(_any_window_taken, "canary", "measured to its end", "each window counts once"),
    Bug(_an_error_counts_twice, "canary", "measured, and down", "each window counts once"),
    Bug(_any_answer_lets_it_pass, "canary", "measured in a step", "the candidate grows as far as it may"),
    Bug(
        _any_answer_lets_it_pass,
        "blueGreen",
        "measured before the switch",
        "the candidate grows as far as it may",
    ),
    Bug(_undecided_passes, "canary", "measured, and down", "the candidate grows as far as it may"),
    Bug(_dry_runs_decide, "canary", "measured in a step", "a verdict has a cause"),
    Bug(_failures_ignored, "canary", "measured, and bad", "what failed returns"),
    Bug(_promoted_past_a_failure, "canary", "measured, and bad", "what failed returns"),
    Bug(
        _measured_on_the_way_back,
        "bigBang",
        "measured to its end",
        "nothing is asked on the way back or at rest",
    ),
    Bug(_outcomes_forgotten, "rolling", "measured to its end", "an outcome stays"),
    Bug(_windows_with_gaps, "canary", "measured in a step", "windows follow each other"),
    Bug(_edits_not_seen, "canary", "measured by a template", "an outcome has an answer"),
    Bug(_steps_measured_once, "canary", "measured, and edited", "the candidate grows as far as it may"),
    Bug(_retried_with_the_old_answers, "canary", "measured, and frozen", "a retry measures anew"),
    Bug(_returns_after_the_answer, "canary", "measured, and bad", "no answer delays the way back"),
)
