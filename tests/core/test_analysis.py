"""What is measured decides: it takes a release back, lets it pass, or asks a person; and each window counts once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from builders import V1, V2, releasing_v2, routing_v2
from crossfade.api.analysis_template import AnalysisTemplate
from crossfade.core.check import Check, Language, Result
from crossfade.core.measured import Answer, Ask, Compared, Down, Nothing, Said, Valued, Wrong
from crossfade.judge.counts import Counts
from simulation.cluster import Sim
from simulation.live import phase, rest, run, stands_at, until
from simulation.passes import carry_out, decided, reconcile, restart
from simulation.router import CONTROLLER

Measure = Callable[[Sim, Ask], Answer | None]

ERRORS = {"name": "errors", "builtIn": {"errors": {}}, "maxSeconds": 300}
LIMIT = {"name": "limit", "prometheus": {"query": "up"}, "success": "result < 1.0"}


def step(*metrics: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A canary whose first step has these metrics."""
    return {
        "canary": {"steps": [{"weight": 10, "analysis": {"metrics": list(metrics), **more}}, {"weight": 50}]}
    }


def measured(strategy: dict[str, Any], by: Measure, **spec: Any) -> Sim:
    """v2 is released behind a route, and measured by `by`."""
    sim = routing_v2(strategy, **spec)
    sim.measures = by
    return sim


def requests(candidate_bad: int, stable_bad: int, of: int = 1000) -> Measure:
    """Each window has so many bad requests of `of` on the candidate, and of ten times as many on stable."""
    return lambda _sim, _ask: Compared(Counts(candidate_bad, of), Counts(stable_bad, of * 10))


def always(answer: Answer) -> Measure:
    return lambda _sim, _ask: answer


def metric(sim: Sim, name: str = "errors") -> dict[str, Any]:
    """What the status says of a metric."""
    return next(each for each in sim.status["measurements"] if each["metric"] == name)


def test_a_step_waits_for_its_metrics_and_goes_on_once_they_have_passed() -> None:
    sim = until(measured(step(ERRORS), always(Compared(Counts(0, 50), Counts(1, 500)))), stands_at(0))
    run(sim, 25)
    assert sim.status["stage"].startswith("1/")
    assert "more requests needed" in sim.status["message"]
    sim.measures = requests(1, 10)
    assert rest(sim).status["phase"] == "Healthy"
    assert metric(sim)["outcome"] == "Passed"


def test_a_worse_candidate_is_taken_back_in_its_step_with_the_counts() -> None:
    sim = rest(measured(step(ERRORS), requests(50, 10)))
    assert sim.status["phase"] == "RolledBack"
    assert sim.status["failed"]["reason"] == "AnalysisFailed"
    assert (
        "errors: candidate 50 of 1,000, stable 10 of 10,000; shown to be worse than stable"
        in sim.status["message"]
    )
    assert sim.releases["shop-2"]["status"]["measurements"][0]["outcome"] == "Failed"


def test_what_is_shown_to_be_fine_passes_once_the_candidate_has_had_so_many_requests() -> None:
    sim = until(
        measured(step({**ERRORS, "judge": {"minRequests": 200_000}}), requests(1, 10, 10_000)), stands_at(0)
    )
    run(sim, 100)
    assert metric(sim)["outcome"] == ""
    assert "; it passes from 200,000 requests on (minRequests)" in metric(sim)["message"]
    assert rest(sim).status["phase"] == "Healthy"


def test_too_few_requests_when_the_time_is_over_leave_it_undecided() -> None:
    few = {**ERRORS, "maxSeconds": 60, "judge": {"minRequests": 1_000_000}}
    sim = rest(measured(step(few), requests(1, 10, 10_000)))
    assert metric(sim)["outcome"] == "Inconclusive"
    assert metric(sim)["message"].endswith(
        "; it passes from 1,000,000 requests on (minRequests), and its time is over"
    )


def test_what_is_shown_to_be_worse_waits_for_no_number_of_requests() -> None:
    few = {**ERRORS, "judge": {"minRequests": 1_000_000}}
    assert rest(measured(step(few), requests(50, 10))).status["phase"] == "RolledBack"


def test_what_a_source_says_itself_decides_and_not_yet_is_waited_for() -> None:
    sim = until(measured(step(LIMIT), always(Said(None, "not yet: ann has not looked"))), stands_at(0))
    run(sim, 25)
    assert "limit: not yet: ann has not looked" in sim.status["message"]
    sim.measures = always(Said(good=True, told="yes"))
    assert rest(sim).status["phase"] == "Healthy"
    sim = rest(measured(step(LIMIT), always(Said(good=False, told="no: the payment team has a freeze"))))
    assert "limit: no: the payment team has a freeze" in sim.status["message"]


@pytest.mark.parametrize("answer", [Said(None, "not yet", 45.0), Down("it is busy", 45.0)])
def test_a_source_that_says_when_to_ask_again_is_not_asked_before(answer: Answer) -> None:
    asked: list[Ask] = []

    def busy(_sim: Sim, ask: Ask) -> Answer:
        asked.append(ask)
        return answer

    sim = until(measured(step(LIMIT), busy), stands_at(0))
    run(sim, 50)
    assert len(asked) == 1
    run(sim, 10)
    assert len(asked) == 2


def test_several_numbers_are_told_by_the_last_of_them() -> None:
    sim = rest(measured(step(LIMIT), always(Valued(2.0, good=False, told="2, the last of 12,"))))
    assert "limit: 2, the last of 12, is bad (result < 1.0); 1 of 1 bad" in sim.status["message"]


def test_who_is_measured_and_who_carries_the_route_out_goes_with_the_question() -> None:
    asked: list[Ask] = []
    rest(measured(step(LIMIT), lambda _sim, ask: asked.append(ask) or Valued(0.5, good=True)))
    assert (asked[0].owner.rollout, asked[0].owner.release) == ("shop", 2)
    assert asked[0].both.controllers == (CONTROLLER,)


def test_too_few_requests_end_in_a_pause_that_says_how_many_are_wanting() -> None:
    sim = measured(step({**ERRORS, "maxSeconds": 60}), always(Compared(Counts(0, 20), Counts(0, 200))))
    until(sim, phase("Paused"))
    assert sim.status["conditions"][1]["reason"] or sim.status["message"]
    assert "more requests needed" in sim.status["message"]
    sim.act("Promote")
    assert rest(sim).status["phase"] == "Healthy"


@pytest.mark.parametrize(("then", "ends"), [("Promote", "Healthy"), ("Abort", "RolledBack")])
def test_what_could_not_be_decided_ends_as_its_author_has_chosen(then: str, ends: str) -> None:
    unsure = {**ERRORS, "maxSeconds": 60, "inconclusive": then}
    sim = measured(step(unsure), always(Compared(Counts(0, 20), Counts(0, 200))))
    assert rest(sim).status["phase"] == ends


def test_a_source_that_is_down_is_told_asked_again_and_held_against_nobody() -> None:
    sim = until(measured(step(ERRORS), always(Down("connection refused"))), stands_at(0))
    run(sim, 35)
    assert "does not answer: connection refused" in sim.status["message"]
    assert metric(sim)["windows"] == 0
    sim.measures = requests(1, 10)
    assert rest(sim).status["phase"] == "Healthy"
    assert metric(sim)["kept"][0]["at"] > 20, "the first window is longer, and nothing is lost"


def test_a_source_that_stays_down_asks_a_person() -> None:
    sim = until(measured(step(ERRORS), always(Down("connection refused"))), phase("Paused"), limit_s=600)
    assert "5 times in a row, 4 allowed" in sim.status["message"]


def test_no_data_is_never_taken_for_good() -> None:
    sim = until(measured(step(LIMIT), always(Nothing("it is NaN"))), phase("Paused"))
    assert "limit: no data: it is NaN; 4 times in a row, 3 allowed" in sim.status["message"]


def test_what_cannot_be_measured_asks_a_person() -> None:
    sim = until(measured(step(LIMIT), always(Wrong("its query is wrong"))), phase("Paused"))
    assert "limit: it cannot be measured: its query is wrong" in sim.status["message"]


def test_one_bad_number_is_too_many_unless_more_are_allowed() -> None:
    sim = rest(measured(step(LIMIT), always(Valued(2.0, good=False))))
    assert sim.status["phase"] == "RolledBack"
    assert "limit: 2 is bad (result < 1.0); 1 of 1 bad, 0 allowed" in sim.status["message"]


def test_a_metric_passes_after_as_many_measurements_as_it_asks_for() -> None:
    sim = until(measured(step({**LIMIT, "count": 3}), always(Valued(0.5, good=True))), stands_at(0))
    run(sim, 25)
    assert sim.status["stage"].startswith("1/")
    assert rest(sim).status["phase"] == "Healthy"
    assert metric(sim, "limit")["good"] == 3


def test_a_metric_that_only_tells_decides_nothing() -> None:
    strategy = {"canary": {"steps": [{"weight": 10, "pauseSeconds": 30}]}}
    tried = {"metrics": [{**LIMIT, "dryRun": True}]}
    sim = rest(measured(strategy, always(Valued(2.0, good=False)), analysis=tried))
    assert sim.status["phase"] == "Healthy"
    assert metric(sim, "limit")["outcome"] == "Failed"


def test_in_the_background_a_late_failure_takes_back_what_is_at_a_hundred_percent() -> None:
    strategy = {"canary": {"steps": [{"weight": 50, "pauseSeconds": 20}]}}
    sim = measured(strategy, requests(1, 10), analysis={"metrics": [ERRORS]}, bakeSeconds=300)
    until(sim, lambda s: s.status.get("weight") == 100)
    run(sim, 30)
    sim.measures = requests(100, 10)
    assert rest(sim).status["phase"] == "RolledBack"
    assert metric(sim)["run"] == "background"


def test_the_bake_measures_by_itself_and_ends_with_its_time() -> None:
    sim = measured({"bigBang": {}}, requests(1, 10), bakeAnalysis={"metrics": [ERRORS]}, bakeSeconds=60)
    assert rest(sim).status["phase"] == "Healthy"
    assert metric(sim)["run"] == "bake"
    assert metric(sim)["outcome"] == ""
    sim.set_image("shop:v3")
    sim.measures = requests(100, 10)
    assert rest(sim).status["phase"] == "RolledBack"


def test_a_blue_green_switch_waits_for_what_is_measured_before_it() -> None:
    strategy = {"blueGreen": {"beforeSwitch": {"metrics": [LIMIT]}}}
    sim = until(measured(strategy, always(Nothing("no pod was asked yet"))), stands_at(0))
    run(sim, 15)
    assert sim.status["weight"] == 0
    sim.measures = always(Valued(0.5, good=True))
    assert rest(sim).status["phase"] == "Healthy"


def test_each_window_counts_once_though_the_operator_dies_after_every_write() -> None:
    sim = until(measured(step(ERRORS), always(Compared(Counts(0, 50), Counts(0, 500)))), stands_at(0))
    for cut in (0, 1, 2, 0, 1, 2):
        run(sim, 10)
        carry_out(sim, decided(sim), cut_after=cut)
        restart(sim)
        reconcile(sim)
        reconcile(sim)
    kept = metric(sim)["kept"]
    assert [each["at"] for each in kept] == sorted({each["at"] for each in kept})
    assert metric(sim)["windows"] == len(kept)
    assert sum(each["candidateTotal"] for each in kept) == 50 * len(kept)


def test_an_answer_to_another_window_is_not_taken_in() -> None:
    sim = until(measured(step(ERRORS), requests(1, 10)), stands_at(0))
    run(sim, 11)
    stale = sim.measured
    reconcile(sim)
    before = metric(sim)["windows"]
    sim.measured = stale
    reconcile(sim)
    assert metric(sim)["windows"] == before


def test_an_answer_to_a_metric_as_it_was_before_an_edit_is_not_taken_in() -> None:
    spec = {"analysis": {"metrics": [LIMIT]}, "bakeSeconds": 60}
    sim = until(measured({"bigBang": {}}, always(Valued(2.0, good=False)), **spec), stands_at(1))
    until(sim, lambda s: s.status["progress"]["reachedAt"])
    sim.tick(11)
    reconcile(sim)
    assert sim.measured, "its answer has come, and no pass has taken it in"
    sim.edit(analysis={"metrics": [{**LIMIT, "success": "result < 3.0"}]})
    reconcile(sim)
    assert sim.status["phase"] != "RollingBack"
    assert metric(sim, "limit")["windows"] == 0


def test_an_error_that_is_told_twice_counts_once() -> None:
    sim = until(measured(step(ERRORS), always(Down("connection refused"))), stands_at(0))
    sim.tick(11)
    reconcile(sim)
    told = sim.measured
    reconcile(sim)
    sim.measured = told  # the pass that stored it was cut off before its end
    reconcile(sim)
    assert metric(sim)["errorsInARow"] == 1


def test_a_retry_measures_anew_what_had_failed() -> None:
    sim = until(measured(step(LIMIT), always(Valued(2.0, good=False)), onFailure="Pause"), phase("Paused"))
    sim.measures = always(Valued(0.5, good=True))
    sim.act("Retry")
    assert rest(sim).status["phase"] == "Healthy"


@pytest.mark.parametrize("action", ["Promote", "PromoteFull", "Skip"])
def test_nobody_promotes_what_has_failed_in_the_same_moment(action: str) -> None:
    sim = until(measured(step(LIMIT), lambda _sim, _ask: None), stands_at(0))
    sim.measures = always(Valued(2.0, good=False))
    sim.tick(11)
    reconcile(sim)
    name = sim.act(action)
    assert rest(sim).status["phase"] == "RolledBack"
    assert "limit: 2 is bad" in sim.actions[name]["status"]["message"]


def test_after_an_edit_of_the_strategy_a_step_is_measured_anew() -> None:
    def steps(weight: int) -> dict[str, Any]:
        held = {"weight": weight, "pauseSeconds": 60, "analysis": {"metrics": [LIMIT]}}
        return {"canary": {"steps": [{"weight": 10}, held]}}

    sim = until(measured(steps(50), always(Valued(0.5, good=True))), stands_at(1))
    run(sim, 15)
    assert metric(sim, "limit")["outcome"] == "Passed"
    sim.measures = always(Valued(2.0, good=False))
    sim.edit(strategy=steps(90))
    assert rest(sim).status["phase"] == "RolledBack"


def test_a_promote_goes_past_a_step_that_is_measured() -> None:
    sim = until(measured(step(ERRORS), always(Compared(Counts(0, 20), Counts(0, 200)))), stands_at(0))
    sim.act("Promote")
    assert rest(sim).status["phase"] == "Healthy"


def test_a_revision_that_comes_back_is_not_measured_again() -> None:
    sim = rest(measured(step(ERRORS), requests(1, 10), analysis={"metrics": [ERRORS]}))
    sim.measures = requests(500, 10)
    sim.set_image("shop:v1")
    assert rest(sim).status["phase"] == "Healthy"
    assert sim.status["stable"]["revision"] == V1


def after_the_switch(bad: int) -> Measure:
    """Once the candidate has everything, stable has no requests; until then both are well."""

    def measure(sim: Sim, _ask: Ask) -> Answer:
        if sim.status.get("weight") == 100:
            return Compared(Counts(bad, 1000), Counts(0, 0))
        return Compared(Counts(1, 1000), Counts(10, 10_000))

    return measure


def test_in_the_bake_it_is_compared_with_what_stable_was_before() -> None:
    strategy = {"canary": {"steps": [{"weight": 50, "pauseSeconds": 40}]}}
    sim = rest(measured(strategy, after_the_switch(100), analysis={"metrics": [ERRORS]}, bakeSeconds=300))
    assert sim.status["phase"] == "RolledBack"
    assert "stable before 30 of 30,000 (compared with the past, which is weaker)" in sim.status["message"]


def test_a_good_one_bakes_to_its_end_though_stable_has_no_requests() -> None:
    strategy = {"canary": {"steps": [{"weight": 50, "pauseSeconds": 40}]}}
    sim = rest(measured(strategy, after_the_switch(1), analysis={"metrics": [ERRORS]}, bakeSeconds=300))
    assert sim.status["phase"] == "Healthy"


def test_where_stable_never_had_requests_it_is_compared_with_the_release_before() -> None:
    first = always(Compared(Counts(1, 1000), Counts(0, 0)))
    sim = rest(measured({"bigBang": {}}, first, bakeAnalysis={"metrics": [ERRORS]}, bakeSeconds=100))
    sim.set_image("shop:v3")
    sim.measures = always(Compared(Counts(100, 1000), Counts(0, 0)))
    rest(sim)
    assert sim.status["phase"] == "RolledBack"
    assert (
        "release 2 9 of 9,000" in sim.status["message"] or "release 2 10 of 10,000" in sim.status["message"]
    )


def test_with_nothing_to_compare_with_only_what_is_plainly_broken_is_found() -> None:
    spec = {"bakeAnalysis": {"metrics": [ERRORS]}, "bakeSeconds": 100}
    sim = rest(measured({"bigBang": {}}, always(Compared(Counts(100, 1000), Counts(0, 0))), **spec))
    assert sim.status["phase"] == "Healthy"
    assert "nothing to compare with" in metric(sim)["message"]
    sim = rest(measured({"bigBang": {}}, always(Compared(Counts(600, 1000), Counts(0, 0))), **spec))
    assert sim.status["phase"] == "RolledBack"
    assert "plainly broken" in sim.status["message"]


def test_a_metric_that_is_edited_begins_anew() -> None:
    sim = until(
        measured({"bigBang": {}}, requests(1, 10), analysis={"metrics": [ERRORS]}, bakeSeconds=300),
        stands_at(1),
    )
    run(sim, 40)
    assert metric(sim)["windows"] >= 3
    sim.edit(analysis={"metrics": [{**ERRORS, "intervalSeconds": 20}]})
    run(sim, 25)
    assert metric(sim)["windows"] <= 2


def test_only_the_newest_windows_are_kept_and_the_verdict_is_the_same() -> None:
    sim = measured({"bigBang": {}}, requests(1, 10), analysis={"metrics": [ERRORS]}, bakeSeconds=600)
    assert rest(sim).status["phase"] == "Healthy"
    told = metric(sim)
    assert len(told["kept"]) == 30
    assert told["windows"] == told["earlier"]["windows"] + 30
    assert told["windows"] >= 58
    assert told["message"].startswith(f"errors: candidate {told['windows']} of {told['windows']},000")


TEMPLATE = {
    "metadata": {"name": "shared", "namespace": "default"},
    "spec": {"metrics": [LIMIT], "arguments": [{"name": "status", "value": "5.."}, {"name": "most"}]},
}


def by_template(**more: Any) -> dict[str, Any]:
    return {"canary": {"steps": [{"weight": 10, "analysis": {"templates": [{"name": "shared"}], **more}}]}}


def test_a_template_that_does_not_exist_is_told_before_anything_moves() -> None:
    sim = rest(routing_v2(by_template()))
    assert sim.status["phase"] == "Invalid"
    assert (
        "AnalysisTemplate shared, which spec.strategy.canary.steps[0].analysis names, does not exist"
        in sim.status["message"]
    )
    assert not sim.of(V2)


def test_an_argument_without_a_value_is_told_before_anything_moves() -> None:
    sim = routing_v2(by_template())
    sim.templates = {("shared", False): AnalysisTemplate.model_validate(TEMPLATE)}
    assert rest(sim).status["phase"] == "Invalid"
    assert "needs a value for most: give it in" in sim.status["message"]


def test_a_template_brings_its_metrics_with_the_values_that_are_given() -> None:
    asked: list[Ask] = []

    def measures(_sim: Sim, ask: Ask) -> Answer:
        asked.append(ask)
        return Valued(0.5, good=True)

    sim = measured(by_template(arguments=[{"name": "most", "value": "0.1"}]), measures)
    sim.templates = {("shared", False): AnalysisTemplate.model_validate(TEMPLATE)}
    assert rest(sim).status["phase"] == "Healthy"
    assert asked[0].arguments == {"status": "5..", "most": "0.1"}
    assert (asked[0].both.candidate.revision, asked[0].both.stable.revision) == (V2, V1)
    assert (asked[0].both.candidate.service, asked[0].both.stable.service) == ("shop-canary", "shop")


def without_copies(sim: Sim) -> Sim:
    """The release began under an operator that kept no copy of its templates."""
    for name, record in sim.releases.items():
        spec = {key: value for key, value in record["spec"].items() if key != "analysisTemplates"}
        sim.releases[name] = {**record, "spec": spec}
    return sim


def with_spoiled_copies(sim: Sim) -> Sim:
    """Somebody has written into the records."""
    for name, record in sim.releases.items():
        copies = [{**each, "spec": {"metrics": 5}} for each in record["spec"].get("analysisTemplates", ())]
        sim.releases[name] = {**record, "spec": {**record["spec"], "analysisTemplates": copies}}
    return sim


SHARED = {"templates": [{"name": "shared"}], "arguments": [{"name": "most", "value": "0.1"}]}
MANUAL = {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}
PARTS: dict[str, dict[str, Any]] = {
    "in the background": {"analysis": SHARED},
    "in the bake": {"bakeAnalysis": SHARED},
}


def begun_with_a_template(strategy: dict[str, Any], **spec: Any) -> Sim:
    sim = measured(strategy, always(Valued(0.05, good=True)), **spec)
    sim.templates = {("shared", False): AnalysisTemplate.model_validate(TEMPLATE)}
    return sim


@pytest.mark.parametrize("spec", PARTS.values(), ids=PARTS)
def test_a_template_that_goes_away_is_measured_by_the_copy_that_the_release_began_with(
    spec: dict[str, Any],
) -> None:
    sim = until(
        begun_with_a_template("bigBang", bakeSeconds=120, **spec), lambda s: s.status.get("measurements")
    )
    sim.templates, sim.measures = {}, always(Valued(0.5, good=False))
    run(sim, 5)
    assert (
        "AnalysisTemplate shared is gone, and what the release began with is measured"
        in sim.status["message"]
    )
    assert rest(sim).status["phase"] == "RolledBack"


@pytest.mark.parametrize("spec", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("robbed", [without_copies, with_spoiled_copies])
def test_without_a_copy_a_template_that_goes_away_holds_the_bake(
    spec: dict[str, Any], robbed: Callable[[Sim], Sim]
) -> None:
    sim = until(begun_with_a_template("bigBang", bakeSeconds=20, **spec), stands_at(1))
    robbed(sim).templates = {}
    run(sim, 120)
    assert sim.status["progress"]["stage"] == 1
    assert "AnalysisTemplate shared, which does not exist: create it" in sim.status["message"]


def test_without_a_copy_a_template_that_goes_away_holds_its_step() -> None:
    sim = measured(by_template(arguments=[{"name": "most", "value": "0.1"}]), always(Nothing("wait")))
    sim.templates = {("shared", False): AnalysisTemplate.model_validate(TEMPLATE)}
    until(sim, stands_at(0))
    without_copies(sim).templates, sim.measures = {}, always(Valued(0.5, good=True))
    run(sim, 60)
    assert sim.status["stage"].startswith("1/")
    assert "AnalysisTemplate shared, which does not exist: create it" in sim.status["message"]


def many(count: int, prefix: str = "m") -> list[dict[str, Any]]:
    return [{**LIMIT, "name": f"{prefix}{i}"} for i in range(count)]


def test_what_is_measured_in_the_background_is_never_dropped_for_what_steps_have_measured() -> None:
    steps = [{"weight": 10 * (i + 1), "analysis": {"metrics": many(16, f"s{i}-")}} for i in range(5)]
    background = {"metrics": [{**LIMIT, "name": "always", "failureLimit": 1000}]}
    sim = measured(
        {"canary": {"steps": steps}}, always(Valued(0.5, good=True)), analysis=background, bakeSeconds=30
    )
    bad: list[int] = []
    for _ in range(40):
        run(sim, 5)
        always_ = [each for each in sim.status["measurements"] if each["run"] == "background"]
        bad += [each["windows"] for each in always_]
        if sim.status["phase"] == "Healthy":
            break
    assert len(sim.status["measurements"]) == 64
    assert bad == sorted(bad), "it never begins to count anew"
    assert bad[-1] > 5


def test_more_than_can_be_kept_is_refused_before_anything_moves() -> None:
    names = [f"t{i}" for i in range(5)]
    sim = measured(
        {
            "canary": {
                "steps": [{"weight": 10, "analysis": {"templates": [{"name": name} for name in names]}}]
            }
        },
        always(Valued(0.5, good=True)),
    )
    sim.templates = {
        (name, False): AnalysisTemplate.model_validate(
            {**TEMPLATE, "spec": {"metrics": many(13, f"{name}-")}}
        )
        for name in names
    }
    assert rest(sim).status["phase"] == "Invalid"
    assert "65 metrics and hooks would be measured at once, and 64 are the most" in sim.status["message"]
    assert set(sim.selected()) == {V1}


def test_one_window_without_requests_of_stable_leaves_no_weaker_rules_behind() -> None:
    windows = iter(range(100))

    def by(_sim: Sim, _ask: Ask) -> Answer:
        return Compared(Counts(0, 50), Counts(0, 0) if next(windows) == 0 else Counts(5, 500))

    sim = measured(step({**ERRORS, "judge": {"minRequests": 100_000}}), by)
    sim.releases = {
        name: {**each, "status": {**each["status"], "measurements": PAST}}
        for name, each in sim.releases.items()
    }
    run(until(sim, stands_at(0)), 15)
    assert metric(sim)["past"]["told"] == "release 1"
    assert metric(sim)["judgedBy"]["tolerance"] == 2
    run(sim, 20)
    assert "past" not in metric(sim)
    assert metric(sim)["judgedBy"]["tolerance"] == 1


PAST = [
    {
        "run": "background",
        "metric": "errors",
        "windows": 1,
        "kept": [{"at": 10, "candidateBad": 1, "candidateTotal": 1000}],
    }
]


def wrong(
    *texts: str, why: str = "the condition is wrong at character 8: '<' does not go with a number and a text"
) -> Any:
    """What is said of these texts, and nothing of others."""
    return lambda check: why if check.text in texts else ""


def test_a_wrong_expression_is_told_with_its_place_before_anything_moves_and_put_right_it_begins() -> None:
    sim = measured(step(LIMIT), always(Valued(0.5, good=True)))
    sim.checks = wrong("result < 1.0")
    assert rest(sim).status["phase"] == "Invalid"
    assert sim.status["message"].startswith(
        "spec.strategy.canary.steps[0].analysis.metrics[limit].success: the condition is wrong at character 8: "
        "'<' does not go with a number and a text. Correct it, and the release begins"
    )
    assert not sim.of(V2)
    sim.edit(strategy=step({**LIMIT, "success": "result < 2.0"}))
    assert rest(sim).status["phase"] == "Healthy"


def test_what_is_wrong_in_a_template_is_told_with_the_templates_name() -> None:
    sim = routing_v2(by_template(arguments=[{"name": "most", "value": "0.1"}]))
    sim.templates = {("shared", False): AnalysisTemplate.model_validate(TEMPLATE)}
    sim.checks = wrong("up", why="the query is wrong: a quote in the query has no end: close it")
    assert rest(sim).status["phase"] == "Invalid"
    assert (
        "AnalysisTemplate shared, metric limit, prometheus.query: the query is wrong" in sim.status["message"]
    )
    assert not sim.of(V2)


def test_a_text_is_checked_with_the_values_that_it_will_be_asked_with() -> None:
    asked: list[Check] = []
    sim = routing_v2(by_template(arguments=[{"name": "most", "value": "0.1"}]))
    sim.templates = {("shared", False): AnalysisTemplate.model_validate(TEMPLATE)}
    sim.checks = lambda check: asked.append(check) or ""
    rest(sim)
    given = (("most", "0.1"), ("status", "5.."))
    assert Check(Language.CEL, "result < 1.0", given, Result.NUMBER) in asked
    assert Check(Language.PROMQL, "up", (("most", None), ("status", None))) in asked


def test_what_nobody_can_say_now_holds_nothing_up() -> None:
    sim = measured(step(LIMIT), always(Valued(0.5, good=True)))
    sim.checks = lambda _check: None
    assert rest(sim).status["phase"] == "Healthy"


def test_a_metric_that_only_tells_is_not_checked() -> None:
    sim = measured(step({**LIMIT, "dryRun": True}, ERRORS), requests(1, 10))
    sim.checks = wrong("result < 1.0")
    assert rest(sim).status["phase"] == "Healthy"


def test_the_way_back_to_what_has_proved_itself_is_held_up_by_nothing_that_is_wrong() -> None:
    sim = rest(measured(step(LIMIT), always(Valued(0.5, good=True))))
    sim.checks = wrong("result < 1.0")
    sim.edit(analysis={"templates": [{"name": "gone"}]})
    sim.set_image("shop:v1")
    assert rest(sim).status["phase"] == "Healthy"
    assert sim.status["stable"]["revision"] == V1


def test_while_a_release_is_under_way_and_at_rest_nothing_is_checked() -> None:
    sim = until(measured(step(LIMIT), always(Nothing("wait"))), stands_at(0))
    asked: list[Check] = []
    sim.checks = lambda check: asked.append(check) or ""
    run(sim, 15)
    sim.measures = always(Valued(0.5, good=True))
    run(rest(sim), 60)
    assert asked == []


def test_without_analysis_nothing_is_measured() -> None:
    sim = releasing_v2("canary")
    asked: list[Ask] = []
    sim.measures = lambda _sim, ask: asked.append(ask)
    assert rest(sim).status["phase"] == "Healthy"
    assert asked == []
