"""Evidence adds up over windows: validly, the same however it is folded, and in bounded space."""

from dataclasses import replace
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossfade.judge.counts import Counts, Past, Pod, Stratum, Window
from crossfade.judge.pods import MAX_PODS, OTHERS
from crossfade.judge.progress import Progress, fold, folded, start
from crossfade.judge.settings import Settings
from crossfade.judge.trail import shortened, trail
from crossfade.judge.verdict import judged, verdict
from judge.exact import binomial, mean

NAMES = ("a", "b", "c")
COUNTS = st.integers(0, 300).flatmap(lambda total: st.builds(Counts, st.integers(0, total), st.just(total)))
WINDOWS = st.lists(st.builds(Window, st.just(10.0), COUNTS, COUNTS), max_size=12).map(
    lambda looks: tuple(replace(look, at=10.0 * (i + 1)) for i, look in enumerate(looks))
)


@st.composite
def in_strata(draw: st.DrawFn) -> Window:
    """A window in up to three strata, with or without requests in none of them."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    strata = tuple(Stratum(name, draw(COUNTS), draw(COUNTS)) for name in names)
    whole = [sum((getattr(each, side) for each in strata), draw(COUNTS)) for side in ("candidate", "stable")]
    return Window(10.0, *whole, strata)


STRATA = st.lists(in_strata(), max_size=12).map(
    lambda looks: tuple(replace(look, at=10.0 * (i + 1)) for i, look in enumerate(looks))
)
PASTS = st.one_of(st.none(), st.builds(Past, COUNTS, st.just("release 7")))
HAIR = 1e-9


@given(WINDOWS | STRATA, PASTS, st.integers(0, 12), st.booleans())
def test_window_by_window_is_the_same_as_all_at_once(
    looks: tuple[Window, ...], past: Past | None, cut: int, endless: bool
) -> None:
    settings, begun = Settings(), start(endless=endless)
    whole = folded(looks, settings, past, begun)
    assert folded(looks[cut:], settings, past, folded(looks[:cut], settings, past, begun)) == whole
    done = begun
    for look in looks:
        done = fold(done, look, settings, past)
    assert done == whole


@given(WINDOWS | STRATA, PASTS, st.integers(0, 12))
def test_no_verdict_changes_when_old_windows_are_dropped(
    looks: tuple[Window, ...], past: Past | None, keep: int
) -> None:
    settings = Settings()
    since, kept = shortened(looks, settings, past, None, keep)
    assert len(kept) <= keep
    assert verdict(kept, settings, past, since) == verdict(looks, settings, past)


@given(WINDOWS, PASTS)
def test_the_trail_ends_where_the_verdict_stands(looks: tuple[Window, ...], past: Past | None) -> None:
    points = trail(looks, Settings(), past)
    done = folded(looks, Settings(), past)
    assert len(points) == len(looks)
    if points:
        assert points[-1].e_worse == done.not_worse.e
        assert points[-1].e_fine == judged(done, Settings(), past).e_fine


def test_the_trail_has_counts_share_and_evidence() -> None:
    point = trail([Window(10.0, Counts(3, 100), Counts(1, 900))], Settings())[0]
    assert (point.at, point.candidate, point.stable, point.share) == (
        10.0,
        Counts(3, 100),
        Counts(1, 900),
        0.1,
    )
    assert point.e_worse > 5
    assert 0 < point.e_fine < 1


SMALL = [(binomial(2, 0.2), binomial(3, 0.2))] * 3


def log_worse(looks: list[Window], settings: Settings) -> float:
    return exp(folded(looks, settings).not_worse.log_e)


def test_evidence_against_a_good_candidate_does_not_grow_in_the_mean_and_less_with_a_lower_cap() -> None:
    low, high = (
        mean(lambda looks, cap=cap: log_worse(looks, Settings(cap=cap)), SMALL) for cap in (2.0, 50.0)
    )
    assert low < high <= 1 + HAIR


def test_an_endless_process_gains_at_most_one_a_window_in_the_mean() -> None:
    def after(looks: list[Window]) -> float:
        return exp(folded(looks, Settings(), None, start(endless=True)).not_worse.log_e)

    assert 1 < mean(after, SMALL) <= 3 + HAIR


@pytest.mark.parametrize("base", [0.1, 0.3])
def test_evidence_for_a_bad_candidate_does_not_grow_in_the_mean(base: float) -> None:
    bad = [(binomial(2, 2 * base), binomial(3, base))] * 3
    assert mean(lambda looks: exp(folded(looks, Settings(negligible=0.2)).log_fine), bad) <= 1 + HAIR


@pytest.mark.parametrize("base", [0.01, 0.2])
def test_strata_with_other_shares_and_rates_are_bet_on_one_by_one(base: float) -> None:
    """The candidate gets most requests where most fail: together it looks worse, in each it is the same."""

    def after(looks: list[Window]) -> float:
        (one, other) = looks
        both = (Stratum("a", one.candidate, one.stable), Stratum("b", other.candidate, other.stable))
        whole = Window(10.0, one.candidate + other.candidate, one.stable + other.stable, both)
        return exp(fold(start(), whole, Settings()).not_worse.log_e)

    sides = [(binomial(6, 3 * base), binomial(3, 3 * base)), (binomial(2, base), binomial(9, base))]
    assert mean(after, sides) <= 1 + HAIR


def test_what_is_in_no_stratum_is_one_of_its_own() -> None:
    part = Stratum("a", Counts(2, 50), Counts(1, 400))
    some = Window(10.0, Counts(3, 100), Counts(5, 900), (part,))
    all_of_it = (part, Stratum("b", Counts(1, 50), Counts(4, 500)))
    assert evidence(fold(start(), some, Settings())) == evidence(
        fold(start(), replace(some, strata=all_of_it), Settings())
    )


def evidence(done: Progress) -> tuple[float, float]:
    return done.not_worse.log_e, done.log_fine


def test_each_stratum_is_bet_on_with_stables_own_rate_in_it() -> None:
    """A zone where one in ten fails, and one where none does: what is expected of each is its own."""
    first = Window(10.0, Counts(), Counts(100, 2000), (Stratum("a", Counts(), Counts(100, 1000)),))
    calm = Window(20.0, Counts(5, 100), Counts(0, 900))
    alone = folded([Window(10.0, Counts(), Counts(0, 1000)), calm], Settings())
    assert folded([first, calm], Settings()).not_worse == alone.not_worse


def test_a_stratum_without_stables_requests_says_nothing_while_others_have_some() -> None:
    """The past is of all zones together: it is no measure for the one that fails most."""
    past, here = Past(Counts(10, 10_000), "stable before"), Stratum("a", Counts(1, 100), Counts(1, 100))
    lonely = Window(10.0, Counts(51, 200), Counts(1, 100), (here, Stratum("b", Counts(50, 100), Counts())))
    without = Window(10.0, here.candidate, here.stable, (here,))
    settings = Settings(max_error_ratio=None)
    assert (
        folded([lonely], settings, past).not_worse.log_e == folded([without], settings, past).not_worse.log_e
    )


def test_runs_of_bad_requests_count_as_one() -> None:
    """Three requests of one user fail together, or none: as blocks of three, with a third of the evidence."""

    def after(looks: list[Window]) -> float:
        thrice = [
            replace(each, candidate=times(3, each.candidate), stable=times(3, each.stable)) for each in looks
        ]
        return log_worse(thrice, Settings(burst=burst))

    burst = 3.0
    assert mean(after, SMALL) <= 1 + HAIR
    burst = 1.0
    assert mean(after, SMALL) > 1.2


def times(k: int, counts: Counts) -> Counts:
    return Counts(k * counts.bad, k * counts.total)


def test_an_empty_window_changes_no_evidence() -> None:
    done = folded([Window(10.0, Counts(2, 50), Counts(3, 450))], Settings())
    after = fold(done, Window(20.0, Counts(), Counts()), Settings())
    assert (after.not_worse, after.worse, after.not_broken) == (done.not_worse, done.worse, done.not_broken)


def test_pods_are_kept_in_bounded_number_and_the_worst_are() -> None:
    pods = tuple(Pod(f"shop-{i}", Counts(i, 200)) for i in range(150))
    done = fold(start(), Window(10.0, Counts(), Counts(), pods=pods), Settings())
    assert len(done.pods) == MAX_PODS + 1
    assert done.pods[-1] == Pod(OTHERS, Counts(sum(range(150 - MAX_PODS)), 200 * (150 - MAX_PODS)))
    assert done.pods[0] == Pod("shop-149", Counts(149, 200))
    assert fold(done, Window(20.0, Counts(), Counts(), pods=pods), Settings()).pods[0].counts == Counts(
        298, 400
    )
