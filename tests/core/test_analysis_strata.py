"""Counts by zone and by pod: each zone is compared by itself, and what is stored of them gives the same verdict again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.test_analysis import always, measured, metric, step
from crossfade.api.analysis import Metric
from crossfade.api.measurements import (
    EVENTS_MOST,
    MEASURED_LENGTH,
    PODS_KEPT,
    STRATA_KEPT,
    WINDOWS_KEPT,
    WINDOWS_KEPT_IN_STRATA,
    MetricStatus,
)
from crossfade.core.analysis import strata
from crossfade.core.analysis.evidence import progress_of, settings_of, with_window
from crossfade.core.measured import Answer, Ask, Compared
from crossfade.judge.counts import NO_REQUESTS, Counts, Pod, Stratum, Window
from crossfade.judge.pods import MAX_PODS
from crossfade.judge.progress import folded, start
from crossfade.judge.verdict import judged
from crossfade.judge.words import sentence
from samples import examples
from simulation.cluster import Sim
from simulation.live import phase, rest, run, stands_at, until

QUERY = "sum by (zone) (increase(x[{{window}}]))"
ZONED = {
    "name": "errors",
    "compare": {"bad": QUERY, "total": QUERY, "by": {"stratum": "zone", "pod": "pod"}},
    "maxSeconds": 300,
}
ASKED = Metric.model_validate(ZONED)
COUNTS = st.integers(0, 300).flatmap(lambda total: st.builds(Counts, st.integers(0, total), st.just(total)))
NAMES = [f"zone-{n}" for n in range(STRATA_KEPT + 4)]


def whole(zones: tuple[Stratum, ...], pods: tuple[Pod, ...] = ()) -> Compared:
    """What comes of a source that counts by zone: each side is the sum of its zones."""
    candidate = sum((each.candidate for each in zones), NO_REQUESTS)
    return Compared(candidate, sum((each.stable for each in zones), NO_REQUESTS), zones, pods)


def simpson(_sim: Sim, _ask: Ask) -> Answer:
    """Zone b fails ten times as often, and has most of the candidate's requests: the candidate is as good as stable in each."""
    return whole(
        (Stratum("a", Counts(1, 100), Counts(9, 900)), Stratum("b", Counts(30, 300), Counts(10, 100)))
    )


def test_a_zone_that_fails_more_and_has_more_of_its_requests_is_not_held_against_the_candidate() -> None:
    sim = rest(measured(step(ZONED), simpson))
    assert sim.status["phase"] == "Healthy"
    assert "compared in each of 2 strata by itself; shown to be less than 2x worse" in metric(sim)["message"]


def test_the_same_counts_without_zones_take_it_back() -> None:
    sim = rest(measured(step(ZONED), lambda sim, ask: replace(simpson(sim, ask), strata=())))
    assert sim.status["phase"] == "RolledBack"
    assert "shown to be worse than stable" in sim.status["message"]


def test_one_that_is_worse_in_each_zone_is_taken_back() -> None:
    worse = whole(
        (Stratum("a", Counts(10, 100), Counts(9, 900)), Stratum("b", Counts(90, 300), Counts(10, 100)))
    )
    sim = rest(measured(step(ZONED), always(worse)))
    assert sim.status["phase"] == "RolledBack"
    assert "compared in each of 2 strata by itself; shown to be worse than stable" in sim.status["message"]


def test_the_pod_that_has_all_errors_is_named() -> None:
    pods = (
        Pod("shop-v2-a", Counts(12, 100)),
        Pod("shop-v2-b", Counts(0, 100)),
        Pod("shop-v2-c", Counts(0, 100)),
    )
    sim = rest(measured(step(ZONED), always(Compared(Counts(12, 300), Counts(3, 2700), pods=pods))))
    assert sim.status["phase"] == "RolledBack"
    assert "all 12 of the candidate's on pod shop-v2-a" in sim.status["message"]
    assert metric(sim)["pods"][0] == {"name": "shop-v2-a", "bad": 12, "total": 100}


def test_sums_of_pods_go_on_over_the_windows_that_are_not_kept_any_more() -> None:
    pods = (Pod("a", Counts(2, 500)), Pod("b", Counts(1, 500)))
    answer = Compared(Counts(3, 1000), Counts(30, 10_000), pods=pods)
    sim = measured({"bigBang": {}}, always(answer), analysis={"metrics": [ZONED]}, bakeSeconds=600)
    assert rest(sim).status["phase"] == "Healthy"
    told = metric(sim)
    assert told["windows"] > len(told["kept"]) == WINDOWS_KEPT
    assert [each["total"] for each in told["pods"]] == [500 * told["windows"]] * 2


def test_where_counts_come_in_strata_fewer_windows_are_kept() -> None:
    sim = measured({"bigBang": {}}, simpson, analysis={"metrics": [ZONED]}, bakeSeconds=600)
    assert rest(sim).status["phase"] == "Healthy"
    told = metric(sim)
    assert len(told["kept"]) == WINDOWS_KEPT_IN_STRATA
    assert told["windows"] == told["earlier"]["windows"] + WINDOWS_KEPT_IN_STRATA
    assert told["strata"] == ["a", "b"]
    assert told["kept"][0]["strata"] == [1, 100, 9, 900, 30, 300, 10, 100]


def test_without_strata_nothing_of_them_is_stored() -> None:
    sim = until(measured(step(ZONED), always(Compared(Counts(0, 20), Counts(0, 200)))), stands_at(0))
    run(sim, 15)
    assert "strata" not in metric(sim)["kept"][0]


def test_an_operator_that_dies_reads_its_strata_back() -> None:
    sim = until(measured(step({**ZONED, "maxSeconds": 60}), zones_of(20)), phase("Paused"))
    assert "compared in each of 2 strata by itself" in sim.status["message"]
    assert metric(sim)["kept"][-1]["strata"] == [0, 10, 0, 100] * 2


def zones_of(requests: int) -> Any:
    part = Counts(0, requests // 2), Counts(0, requests * 5)
    return always(whole((Stratum("a", *part), Stratum("b", *part))))


@st.composite
def answers(draw: st.DrawFn) -> Compared:
    """Counts of some zones in any order, more than are kept, and of some pods."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=6))
    found = tuple(Stratum(name, draw(COUNTS), draw(COUNTS)) for name in names)
    expected = st.none() | st.floats(0, 100)
    pods = draw(st.lists(st.builds(Pod, st.sampled_from(["", "p", "q", "r"]), COUNTS, expected), max_size=4))
    return whole(found, tuple(pods))


@settings(max_examples=examples(60))
@given(st.lists(answers(), max_size=20), st.booleans())
def test_what_is_stored_gives_the_verdict_of_all_windows(came: list[Compared], decides: bool) -> None:
    """Written and read back after each window, as an operator that dies each time would."""
    state, looks, names = MetricStatus(metric="errors"), [], list[str]()
    asked = settings_of(ASKED, state, decides=decides)
    for number, answer in enumerate(came, 1):
        state = MetricStatus.model_validate(
            json.loads(json.dumps(with_window(state, 10.0 * number, answer, asked).to_wire()))
        )
        names = strata.names(names, answer.strata)
        kept = strata.among(names, answer.strata)
        looks.append(Window(10.0 * number, answer.candidate, answer.stable, kept, answer.pods))
    whole_run = judged(folded(looks, asked, None, start(endless=not decides)), asked)
    again = judged(progress_of(state, asked), asked)
    assert again == whole_run
    assert sentence(again, "errors", asked) == sentence(whole_run, "errors", asked)


def test_the_strata_that_came_first_stay_and_later_ones_are_the_rest() -> None:
    first = whole(tuple(Stratum(name, Counts(0, 10), Counts(0, 100)) for name in NAMES[:STRATA_KEPT]))
    later = whole(
        (Stratum("new", Counts(9, 90), Counts(9, 90)), Stratum(NAMES[0], Counts(1, 10), Counts(1, 100)))
    )
    asked = settings_of(ASKED, MetricStatus(), decides=True)
    state = with_window(with_window(MetricStatus(), 10.0, first, asked), 20.0, later, asked)
    assert state.strata == NAMES[:STRATA_KEPT]
    assert state.kept[1].strata == [1, 10, 1, 100] + [0] * 4 * (STRATA_KEPT - 1)
    told = sentence(judged(progress_of(state, asked), asked), "errors", asked)
    assert "compared in each of 16 strata by itself, all others as one" in told


def test_a_name_that_is_too_long_is_cut_and_two_stay_two() -> None:
    one, other = strata.short("/a" * 100 + "1"), strata.short("/a" * 100 + "2")
    assert len(one) == strata.LONGEST == len(other)
    assert one != other
    assert strata.short("zone-a") == "zone-a"


def test_as_many_pods_are_stored_as_the_judge_keeps() -> None:
    assert PODS_KEPT == MAX_PODS + 1


def test_a_status_full_of_strata_and_pods_fits_into_an_object() -> None:
    """An object in etcd has 1.5 MiB at most. The longest names, numbers of eight digits and more, as many metrics as there may be."""
    big = Counts(10**7, 10**7)
    found = tuple(Stratum(f"{name:x<64}", big, big) for name in NAMES[:STRATA_KEPT])
    pods = tuple(Pod(f"{n:x<64}", big) for n in range(2 * MAX_PODS))
    asked, state = settings_of(ASKED, MetricStatus(), decides=True), MetricStatus(message="m" * 500)
    for number in range(10):
        state = with_window(state, 10.0 * number, whole(found, pods), asked)
    size = len(json.dumps(state.to_wire(), separators=(",", ":")))
    assert size * MEASURED_LENGTH < 1.2 * 2**20


def test_counts_that_are_too_many_to_be_stored_stop_no_pass() -> None:
    big = Counts(10**12, 10**15)
    answer = whole((Stratum("a", big, big), Stratum("b", big, big)), (Pod("p", big),))
    sim = rest(measured(step(ZONED), always(answer)))
    assert sim.status["phase"] == "Healthy"
    assert metric(sim)["kept"][0]["stableTotal"] == EVENTS_MOST


@pytest.mark.parametrize("pods", [[{"name": "a", "bad": 5, "total": 1}], [{"name": "a"}]])
def test_pods_that_cannot_be_counts_stop_nothing(pods: list[dict[str, Any]]) -> None:
    state = MetricStatus.model_validate({"pods": pods})
    asked = settings_of(ASKED, state, decides=True)
    assert judged(progress_of(state, asked), asked).pod is None
