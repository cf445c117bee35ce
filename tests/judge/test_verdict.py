"""What is decided, why, and which of two claims wins."""

from math import log

import pytest

from crossfade.judge import claims, limits
from crossfade.judge.bounds import at_least, at_most
from crossfade.judge.counts import Counts, Past, Window
from crossfade.judge.progress import fold, start
from crossfade.judge.settings import Settings
from crossfade.judge.verdict import Basis, Outcome, Reason, Verdict, verdict, watch
from judge.exact import binomial

SETTINGS = Settings(max_seconds=600)
RELEASE_7 = Past(Counts(30, 9000), "release 7")


def looks(*counts: tuple[tuple[int, int], tuple[int, int]], every_s: float = 10.0) -> list[Window]:
    """Windows from (bad, total) of the candidate and of stable."""
    return [
        Window(every_s * (i + 1), Counts(*ours), Counts(*theirs)) for i, (ours, theirs) in enumerate(counts)
    ]


def told(seen: Verdict) -> tuple[Outcome, Reason, Basis]:
    return seen.outcome, seen.reason, seen.basis


GOOD = ((10, 2000), (90, 18_000))
BAD = ((50, 2000), (90, 18_000))


def test_a_candidate_that_is_worse_fails() -> None:
    seen = verdict(looks(GOOD, BAD, BAD), SETTINGS)
    assert told(seen) == (Outcome.FAILED, Reason.WORSE, Basis.STABLE)
    assert seen.e_worse > 20
    assert (seen.candidate, seen.stable) == (Counts(110, 6000), Counts(270, 54_000))


def test_a_candidate_that_is_as_good_passes() -> None:
    seen = verdict(looks(*[GOOD] * 6), SETTINGS)
    assert told(seen) == (Outcome.PASSED, Reason.NOT_WORSE, Basis.STABLE)
    assert seen.e_fine > 20
    assert seen.needed is None


def test_a_candidate_without_errors_passes_though_stable_has_none_to_compare_with() -> None:
    seen = verdict(looks(*[((0, 2000), (0, 18_000))] * 5), SETTINGS)
    assert told(seen) == (Outcome.PASSED, Reason.NEGLIGIBLE, Basis.STABLE)
    only_compared = verdict(looks(*[((0, 2000), (0, 18_000))] * 5), Settings(negligible=None))
    assert only_compared.outcome is Outcome.NOT_YET


def test_too_few_requests_decide_nothing() -> None:
    seen = verdict(looks(((1, 200), (9, 1800))), SETTINGS)
    assert told(seen) == (Outcome.NOT_YET, Reason.MORE_NEEDED, Basis.STABLE)
    assert seen.needed is not None


def test_what_is_not_shown_in_its_time_is_inconclusive() -> None:
    windows = looks(((1, 200), (9, 1800)), ((1, 200), (9, 1800)), every_s=300)
    assert verdict(windows[:1], SETTINGS).outcome is Outcome.NOT_YET
    assert told(verdict(windows, SETTINGS)) == (Outcome.INCONCLUSIVE, Reason.MORE_NEEDED, Basis.STABLE)
    assert verdict(windows, Settings()).outcome is Outcome.NOT_YET


def test_what_is_shown_in_the_last_window_of_its_time_counts() -> None:
    assert verdict(looks(BAD, BAD, every_s=300), SETTINGS).outcome is Outcome.FAILED


@pytest.mark.parametrize("again", [GOOD, BAD])
def test_failed_is_failed_whatever_comes_later(again: tuple[tuple[int, int], tuple[int, int]]) -> None:
    windows = looks(BAD, BAD, BAD, *[again] * 40)
    assert verdict(windows[:3], SETTINGS).outcome is Outcome.FAILED
    assert verdict(windows, SETTINGS).outcome is Outcome.FAILED


def test_failing_wins_over_having_passed() -> None:
    windows = looks(*[GOOD] * 6, *[BAD] * 20)
    assert verdict(windows[:6], Settings()).outcome is Outcome.PASSED
    assert verdict(windows, Settings()).outcome is Outcome.FAILED


def test_failing_wins_where_both_are_shown_in_one_window() -> None:
    """1.5 times as bad, on very many requests: worse than stable, and less than 2 times as bad."""
    window = looks(((7500, 1_000_000), (45_000, 9_000_000)))
    seen = verdict(window, Settings(cap=1e9))
    assert min(seen.e_worse, seen.e_fine) > 20
    assert seen.outcome is Outcome.FAILED


def test_tolerance_says_how_much_worse_it_may_be() -> None:
    windows = looks(*[((16, 2000), (90, 18_000))] * 12)
    assert verdict(windows, Settings()).outcome is Outcome.FAILED
    assert verdict(windows, Settings(tolerance=1.5)).outcome is not Outcome.FAILED


def test_one_window_cannot_outweigh_a_long_good_time() -> None:
    windows = looks(*[GOOD] * 5, ((35, 2000), (90, 18_000)))
    assert verdict(windows, Settings(cap=1e9)).e_worse > 2 * verdict(windows, Settings(cap=10)).e_worse


@pytest.mark.parametrize(
    ("bad", "outcome"), [(20, Outcome.FAILED), (15, Outcome.FAILED), (2, Outcome.NOT_YET)]
)
def test_a_candidate_that_is_plainly_broken_fails_at_its_first_20_requests(
    bad: int, outcome: Outcome
) -> None:
    """Whatever stable does, also where it gets no requests."""
    alone = verdict(looks(((bad, 20), (0, 0))), SETTINGS)
    assert alone.outcome is outcome
    assert alone.basis is Basis.NOTHING
    if outcome is Outcome.FAILED:
        assert alone.reason is Reason.BROKEN
        without = verdict(looks(((bad, 20), (0, 0))), Settings(max_error_ratio=None))
        assert told(without) == (Outcome.NOT_YET, Reason.NOTHING_TO_COMPARE, Basis.NOTHING)


@pytest.mark.deep
def test_the_guard_errs_in_one_of_a_thousand_at_most() -> None:
    """A candidate with just 25 % bad, looked at after each of 300 requests: computed, not simulated."""
    settings, failed = Settings(), 0.0
    alive = {(0, start()): 1.0}
    for request in range(1, 301):
        after: dict[int, tuple[float, object]] = {}
        for (bad, done), p in alive.items():
            for more, chance in binomial(1, 0.25):
                grown = fold(done, Window(float(request), Counts(more, 1)), settings)  # type: ignore[arg-type]
                if grown.failed_by == "not_broken":
                    failed += p * chance
                else:
                    after[bad + more] = (after.get(bad + more, (0.0, None))[0] + p * chance, grown)
        alive = {(bad, grown): p for bad, (p, grown) in after.items()}
    assert 0.0001 < failed <= 0.001


def test_without_stable_it_is_compared_with_the_past() -> None:
    one, other = looks(((30, 1000), (0, 0))), looks(*[((1, 1000), (0, 0))] * 30)
    assert told(verdict(one, SETTINGS, RELEASE_7)) == (Outcome.FAILED, Reason.WORSE, Basis.PAST)
    assert told(verdict(other, SETTINGS, RELEASE_7)) == (Outcome.PASSED, Reason.NOT_WORSE, Basis.PAST)


def test_the_past_is_weaker_than_stable_beside_it() -> None:
    beside = verdict(looks(((12, 1000), (30, 9000))), SETTINGS)
    past = verdict(looks(((12, 1000), (0, 0))), SETTINGS, RELEASE_7)
    assert beside.e_worse > 2 * past.e_worse


def test_half_of_alpha_goes_into_guessing_the_past() -> None:
    """So a candidate fails at twice the evidence, and the guess errs with what is left."""
    assert limits.compared(SETTINGS, RELEASE_7, endless=False) == pytest.approx(
        limits.compared(SETTINGS, None, endless=False) + log(2)
    )
    base = claims.baseline(SETTINGS, RELEASE_7)
    assert base
    assert base.at_most == at_most(RELEASE_7.counts, 0.05 * 0.98 / 2)
    assert base.at_least == at_least(RELEASE_7.counts, 0.05 * 0.98 / 2)


def test_what_passes_is_better_than_the_least_that_the_past_may_have_been() -> None:
    """30 of 9,000 may have been 0.2 %: twice that is less than the candidate's 0.6 %."""
    seen = verdict(looks(*[((6, 1000), (0, 0))] * 20), Settings(), RELEASE_7)
    assert seen.outcome is not Outcome.PASSED


def test_where_stable_has_requests_the_past_does_not_count() -> None:
    seen = verdict(looks(*[GOOD] * 6), SETTINGS, RELEASE_7)
    assert told(seen) == (Outcome.PASSED, Reason.NOT_WORSE, Basis.STABLE)


@pytest.mark.parametrize("past", [None, Past(Counts(), "release 7")])
def test_nothing_to_compare_with_is_told(past: Past | None) -> None:
    seen = verdict(looks(((3, 1000), (0, 0))), SETTINGS, past)
    assert told(seen) == (Outcome.NOT_YET, Reason.NOTHING_TO_COMPARE, Basis.NOTHING)


def test_no_requests_are_no_evidence() -> None:
    seen = verdict(looks(((0, 0), (9, 1800))), SETTINGS)
    assert (seen.outcome, seen.reason, seen.needed) == (Outcome.NOT_YET, Reason.NO_REQUESTS, None)
    assert verdict([], SETTINGS).reason is Reason.NO_REQUESTS


def test_in_the_bake_nothing_passes_and_nothing_is_inconclusive() -> None:
    seen = watch(looks(*[GOOD] * 100), SETTINGS)
    assert told(seen) == (Outcome.NOT_YET, Reason.NOTHING_FOUND, Basis.STABLE)


def test_in_the_bake_a_late_leak_is_found_where_a_verdict_has_forgotten_nothing() -> None:
    leak = ((20, 2000), (90, 18_000))
    windows = looks(*[GOOD] * 40, *[leak] * 6)
    assert watch(windows, SETTINGS).outcome is Outcome.FAILED
    assert verdict(windows, Settings()).outcome is not Outcome.FAILED


def test_in_the_bake_rarer_false_alarms_are_paid_for_with_a_later_alarm() -> None:
    leak = ((17, 2000), (90, 18_000))
    windows = looks(*[GOOD] * 10, *[leak] * 8)
    for length, outcome in ((20, Outcome.FAILED), (1e6, Outcome.NOT_YET)):
        assert watch(windows, Settings(run_length=length)).outcome is outcome
    later = looks(*[GOOD] * 10, *[leak] * 40)
    assert watch(later, Settings(run_length=1e6)).outcome is Outcome.FAILED


def test_in_the_bake_stable_of_before_is_what_it_is_compared_with() -> None:
    before = Past(Counts(90, 18_000), "stable before the bake")
    windows = looks(*[((10, 2000), (0, 0))] * 20, *[((40, 2000), (0, 0))] * 4)
    assert watch(windows[:20], SETTINGS, before).outcome is Outcome.NOT_YET
    assert told(watch(windows, SETTINGS, before)) == (Outcome.FAILED, Reason.WORSE, Basis.PAST)
