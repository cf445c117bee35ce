"""What measuring many Rollouts costs is told beside what they cost without, and aborts have a target."""

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from bench.kube import ApiError, Kube
from bench.scale import figures, held_figures, holding, many
from bench.scale.held_figures import Compared, Held
from bench.scale.readings import Reading, RestartedError
from crossfade.api.rollout import Rollout

SECONDS = 120.0
ABORTS = [0.5] * 98 + [1.5, 1.9]


def counted(name: str, value: float, **labels: str) -> dict[Any, float]:
    return {(name, frozenset(labels.items())): value}


def held(aborts_s: list[float] = ABORTS, measured: int = 240) -> Held:
    """Ten Rollouts, each measured twelve times a minute for two minutes."""
    growth = {
        **counted(figures.REQUESTS, 120, method="PUT", kind="Rollout", code="200"),
        **counted(figures.REQUESTS, 999, method="PUT", kind="Lease", code="200"),
        **counted(figures.PASSES, 60, result="success"),
        **counted(figures.CPU, 8),
        **counted(f"{figures.LATENCY}_bucket", 60, le="0.1"),
        **counted(f"{figures.LATENCY}_bucket", 60, le="+Inf"),
    }
    source = {
        **counted(held_figures.ASKED, 590, handler="/api/v1/query", code="200"),
        **counted(held_figures.ASKED, 10, handler="/api/v1/query", code="503"),
        **counted(held_figures.ASKED, 999, handler="/-/ready", code="200"),
        **counted(figures.CPU, 3),
    }
    return Held(SECONDS, Reading(growth, {}), Reading(source, {}), measured, 150e6, 240.0, aborts_s)


def shown(told: Held, figure: str) -> str:
    return next(row.shown for row in held_figures.rows(told, rollouts=10) if row.figure.strip() == figure)


def test_costs_are_told_by_rollout_and_minute_without_the_lease() -> None:
    assert shown(held(), "requests to the API server per Rollout and minute") == "6.00"
    assert shown(held(), "passes per Rollout and minute") == "success 3.00"
    assert shown(held(), "CPU seconds of the operator a minute") == "4.0"


def test_the_source_tells_how_often_it_was_asked() -> None:
    assert shown(held(), "requests to the source a minute") == "300"
    assert shown(held(), "of these not answered with 200") == "10"
    assert shown(held(), "CPU seconds of Prometheus a minute") == "1.5"


def test_measurements_stand_beside_those_that_were_due() -> None:
    figure = "measurements per Rollout and minute, and how many were due"
    assert shown(held(measured=239), figure) == "11.95, 12.00"


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_one_of_the_values(share: float, value: float) -> None:
    assert held_figures.percentile([float(each) for each in range(100, 0, -1)], share) == value


def test_a_stretch_without_a_pass_has_no_times_of_passes() -> None:
    rested = replace(held(), growth=Reading({}, {}))
    assert shown(rested, "pass p50, p99") == ""
    assert shown(rested, "queue wait p99, s") == ""


def test_there_is_no_percentile_of_nothing() -> None:
    assert math.isnan(held_figures.percentile([], 0.5))


def test_one_slow_abort_in_a_hundred_is_within_the_target_and_two_are_not() -> None:
    within = Compared(10, held(), held([0.5] * 99 + [5.0]), 2.0)
    assert held_figures.missed(within) == []
    beyond = replace(within, by_measuring=held([0.5] * 98 + [2.0, 5.0]))
    assert held_figures.missed(beyond) == [
        f"held by measuring: {held_figures.ABORT_P99}: 2.00, target < 2",
    ]


def test_too_few_aborts_are_told() -> None:
    few = Compared(10, held(), held([0.5] * 99), 2.0)
    assert held_figures.missed(few) == ["only 99 aborts, target ≥ 100"]


def test_the_table_marks_what_is_missed_and_names_the_load() -> None:
    console = Console(width=160, record=True, force_terminal=False)
    console.print(held_figures.table(Compared(10, held(), held([3.0] * 100), 7.25)))
    text = console.export_text()
    assert "load of the machine 7.2" in text
    assert text.count("MISSED") == 1


def test_nothing_that_the_rollouts_measure_is_shown_before_the_bench_is_over() -> None:
    spec = Rollout.model_validate(many.manifest("place", 1, "v3", strategy=holding.BY_MEASURING)).spec
    assert spec.strategy.canary is not None
    analysis = spec.strategy.canary.steps[0].analysis
    assert analysis is not None
    assert all(each.max_seconds >= 86_400 for each in analysis.metrics)
    assert {each.interval_seconds for each in analysis.metrics} == {holding.EVERY_S}


def test_restarts_of_all_containers_are_counted() -> None:
    pods = [{"status": {"containerStatuses": [{"restartCount": 2}]}}, {"status": {}}]
    assert holding.restarts(pods) == 2


class Stretches:
    """A stretch that ends in these ways, one after the other."""

    def __init__(self, *ends: Exception | Held) -> None:
        self.ends = list(ends)

    def __call__(self, *_: object) -> Held:
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


def test_a_stretch_in_which_the_operator_was_restarted_is_measured_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost = RestartedError("the operator was restarted")
    monkeypatch.setattr(holding, "Leader", SimpleNamespace(found=lambda _: None))
    monkeypatch.setattr(holding, "_measured_once", Stretches(lost, ApiError(404, "no such pod"), held()))
    assert holding.measured_for(cast("Kube", None), 1.0) == held()
    monkeypatch.setattr(holding, "_measured_once", Stretches(lost, lost, lost, held()))
    with pytest.raises(RestartedError):
        holding.measured_for(cast("Kube", None), 1.0)


def rollout(*, generation: int = 3, reason: str = "", windows: tuple[int, ...] = ()) -> dict[str, Any]:
    progress = {"reachedAt": "2026-01-31T12:00:00Z", "rollbackReason": reason}
    measurements = [{"windows": each} for each in windows]
    return {
        "metadata": {"generation": generation},
        "status": {
            "observedGeneration": 3,
            "weight": 50,
            "realWeight": 50,
            "progress": progress,
            "measurements": measurements,
        },
    }


def test_one_stands_in_its_step_with_its_newest_spec_and_going_forward() -> None:
    assert holding.stands(rollout())
    assert not holding.stands(rollout(generation=4))
    assert not holding.stands(rollout(reason="AbortedByUser"))
    assert not holding.stands({"metadata": {"generation": 1}})


def test_one_is_measured_when_each_metric_has_an_answer() -> None:
    assert holding.is_measured(rollout(windows=(1, 2)))
    assert not holding.is_measured(rollout(windows=(1, 0)))
    assert not holding.is_measured(rollout())


def test_all_answers_that_were_taken_in_are_counted() -> None:
    assert holding.windows([rollout(windows=(1, 2)), rollout(windows=(3,)), {}]) == 6
