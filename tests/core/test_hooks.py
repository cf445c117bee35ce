"""Hooks run at the moments of a release: those before hold it there, those after hold nothing."""

from __future__ import annotations

from typing import Any

import pytest

from builders import V2, V3, rollout, routed_v1, serving_v1
from crossfade.api.rollout import RolloutSpec
from crossfade.core.compile import compiled
from crossfade.core.measured import Answer, Ask, Nothing, Said
from simulation.cluster import Sim
from simulation.live import phase, rest, run, until

POD = {"spec": {"containers": [{"name": "job", "image": "{{image}}"}]}}
DONE = Said(good=True, told="exit code 0")
BROKEN = Said(good=False, told="exit code 3: no table named users")

CANARY = {"canary": {"steps": [{"weight": 10}, {"weight": 50}]}}
BLUE_GREEN = {"blueGreen": {}}


def hook(name: str, job: dict[str, Any] | None = None, **when: str) -> dict[str, Any]:
    return {"name": name, "job": {"template": POD, **(job or {})}, **when}


class Jobs:
    """What the Jobs came to, by hook; one that is not named has not ended. `asked`: the runs and hooks, in order."""

    def __init__(self, **outcomes: Answer) -> None:
        self.outcomes = outcomes
        self.asked: list[str] = []

    def __call__(self, _sim: Sim, ask: Ask) -> Answer | None:
        told = f"{ask.window.run}: {ask.metric.name}"
        if told not in self.asked:
            self.asked.append(told)
        return self.outcomes.get(ask.metric.name)


def releasing(strategy: dict[str, Any], *hooks: dict[str, Any], routed: bool = False, **spec: Any) -> Sim:
    """v1 serves, and the user has just changed the image to v2 and named these hooks; no Job has ended."""
    sim = routed_v1(strategy) if routed else serving_v1(strategy)
    sim.edit(hooks=list(hooks), **spec)
    sim.set_image("shop:v2")
    return by(sim)


def by(sim: Sim, **outcomes: Answer) -> Sim:
    """The release is under way, and its Jobs come to these outcomes."""
    sim.measures = Jobs(**outcomes)
    return sim


def asked(sim: Sim) -> list[str]:
    assert isinstance(sim.measures, Jobs)
    return sim.measures.asked


def pods_of_v2(sim: Sim) -> int:
    return sum(pod.revision == V2 for pod in sim.pods)


@pytest.mark.parametrize(
    "strategy",
    [CANARY, BLUE_GREEN, {"bigBang": {}}, {"rolling": {}}, {"recreate": {}}],
    ids=lambda each: next(iter(each)),
)
def test_a_hook_before_start_holds_every_strategy_before_its_first_pod(strategy: dict[str, Any]) -> None:
    sim = releasing(strategy, hook("migrate", before="Start"))
    run(sim, 30)
    assert not pods_of_v2(sim)
    assert sim.status["message"].endswith("(before Start: migrate) waits for hook migrate to end")
    sim.measures = Jobs(migrate=DONE)
    assert rest(sim).status["phase"] == "Healthy"
    assert sim.status["stable"]["revision"] == V2


def test_a_hook_that_fails_before_start_ends_the_release_and_nothing_was_moved() -> None:
    sim = rest(by(releasing(CANARY, hook("migrate", before="Start")), migrate=BROKEN))
    assert sim.status["phase"] == "RolledBack"
    assert sim.status["failed"]["reason"] == "HookFailed"
    assert "hook migrate: exit code 3: no table named users" in sim.status["message"]
    assert sim.releases["shop-2"]["status"]["measurements"][0]["run"] == "before Start"


def test_with_on_failure_pause_a_failed_migration_waits_for_a_person() -> None:
    sim = releasing(CANARY, hook("migrate", before="Start"), onFailure="Pause")
    until(by(sim, migrate=BROKEN), phase("Paused"))
    assert "hook migrate: exit code 3" in sim.status["message"]


@pytest.mark.parametrize("strategy", [BLUE_GREEN, {"bigBang": {}}], ids=lambda each: next(iter(each)))
def test_a_smoke_test_before_traffic_meets_ready_pods_that_get_no_request(strategy: dict[str, Any]) -> None:
    sim = releasing(strategy, hook("smoke", before="Traffic"))
    run(sim, 60)
    assert pods_of_v2(sim)
    assert "hook smoke to end" in sim.status["message"]
    assert sim.status["weight"] == 0
    sim.measures = Jobs(smoke=DONE)
    assert rest(sim).status["phase"] == "Healthy"


def test_a_canary_behind_a_route_has_the_pods_of_its_first_step_before_traffic() -> None:
    sim = releasing(CANARY, hook("smoke", before="Traffic"), routed=True)
    run(sim, 60)
    assert (pods_of_v2(sim), sim.status["weight"]) == (1, 0)
    assert asked(sim) == ["before Traffic: smoke"]
    sim.measures = Jobs(smoke=BROKEN)
    assert "hook smoke: exit code 3" in rest(sim).status["message"]


def test_before_promote_the_candidate_has_what_the_last_step_gave_it() -> None:
    sim = releasing(CANARY, hook("load", before="Promote"))
    run(sim, 120)
    assert sim.status["weight"] == 50
    assert "before Promote: load" in sim.status["message"]
    sim.measures = Jobs(load=DONE)
    assert rest(sim).status["phase"] == "Healthy"


def test_a_hook_asks_for_its_own_promote_beside_that_of_a_preview() -> None:
    strategy = {"blueGreen": {"promote": "Manual"}}
    sim = until(releasing(strategy, hook("smoke", before="Promote")), phase("Paused"))
    sim.act("Promote")
    run(sim, 30)
    assert "hook smoke to end" in sim.status["message"]
    sim.act("Promote")
    assert rest(sim).status["phase"] == "Healthy"


def test_hooks_of_one_moment_run_together_and_all_must_succeed() -> None:
    both = [hook("one", before="Start"), hook("two", before="Start")]
    sim = by(releasing(CANARY, *both), one=DONE)
    run(sim, 20)
    assert asked(sim) == ["before Start: one", "before Start: two"]
    assert "waits for hook two to end" in sim.status["message"]


def test_a_first_release_runs_its_migration_and_holds_where_it_fails() -> None:
    sim = Sim(rollout(CANARY, hooks=[hook("migrate", before="Start"), hook("smoke", before="Promote")]))
    by(sim, migrate=BROKEN)
    run(sim, 60)
    assert not sim.pods
    assert sim.status["phase"] == "Paused"
    assert "waits for migrate: exit code 3: no table named users" in sim.status["message"]
    sim.edit(hooks=[hook("migrate", {"timeoutSeconds": 300}, before="Start")])
    sim.measures = Jobs(migrate=DONE)
    assert rest(sim).status["phase"] == "Healthy"
    assert asked(sim) == ["before Start: migrate"]


def test_a_job_that_never_started_asks_a_person_and_is_no_failure() -> None:
    never = Nothing("no container of Job shop-migrate has started: ErrImagePull")
    sim = until(by(releasing(CANARY, hook("migrate", before="Start")), migrate=never), phase("Paused"))
    assert "a Promote or an Abort: hook migrate: no data: no container" in sim.status["message"]
    sim.act("Promote")
    assert rest(sim).status["phase"] == "Healthy"


def test_a_webhook_is_asked_until_it_says_yes_and_a_no_ends_the_release() -> None:
    board = {
        "name": "board",
        "before": "Promote",
        "webhook": {"url": "https://gates.example.com", "secret": {"name": "gate", "key": "key"}},
    }
    sim = by(
        releasing(CANARY, board), board=Said(good=None, told="the webhook says not yet (ann looks at it)")
    )
    run(sim, 60)
    assert "hook board: the webhook says not yet (ann looks at it)" in sim.status["message"]
    assert sim.status["weight"] == 50
    by(sim, board=Said(good=True, told="the webhook says yes"))
    assert rest(sim).status["phase"] == "Healthy"
    sim = rest(by(releasing(CANARY, board), board=Said(good=False, told="the webhook says no (a freeze)")))
    assert "hook board: the webhook says no (a freeze)" in sim.status["message"]


def test_a_webhook_that_never_says_yes_or_no_asks_a_person_after_its_time() -> None:
    asked_of = {"url": "https://gates.example.com", "secret": {"name": "gate", "key": "key"}}
    board = {"name": "board", "before": "Start", "webhook": asked_of, "maxSeconds": 60}
    sim = by(releasing(CANARY, board), board=Said(good=None, told="the webhook says not yet"))
    until(sim, phase("Paused"))
    assert "its 60 s are over" in sim.status["message"]


def test_after_the_release_a_clean_up_runs_and_holds_nothing() -> None:
    sim = rest(releasing(CANARY, hook("clean-up", after="Promote")))
    assert sim.status["phase"] == "Healthy"
    assert asked(sim) == ["after Promote: clean-up"]
    sim.measures = Jobs(**{"clean-up": BROKEN})
    run(sim, 5)
    assert sim.status["phase"] == "Healthy"
    assert "hook after Promote: clean-up: exit code 3" in sim.status["message"]
    assert "HookFailed" in [each.reason for each in sim.events]
    assert sim.releases["shop-2"]["status"]["measurements"][-1]["outcome"] == "Failed"


def test_after_a_rollback_its_hook_runs_and_that_of_a_promotion_does_not() -> None:
    both = [hook("clean-up", after="Promote"), hook("restore", after="Rollback")]
    sim = by(releasing({"canary": {"steps": [{"weight": 10, "pause": "Manual"}]}}, *both), restore=DONE)
    until(sim, phase("Paused"))
    sim.act("Abort")
    rest(sim)
    assert asked(sim) == ["after Rollback: restore"]
    assert "HookSucceeded" in [each.reason for each in sim.events]


def test_an_undo_runs_no_hook_but_the_one_after_a_rollback() -> None:
    hooks = [
        hook("migrate", before="Start"),
        hook("clean-up", after="Promote"),
        hook("restore", after="Rollback"),
    ]
    every = {"migrate": DONE, "clean-up": DONE, "restore": DONE}
    sim = rest(by(releasing(CANARY, *hooks), **every))
    sim.measures = Jobs(**every)
    sim.act("Undo")
    rest(sim)
    assert sim.status["stable"]["revision"] != V2
    assert asked(sim) == ["after Rollback: restore"]


def test_the_next_release_begins_while_a_clean_up_still_runs() -> None:
    sim = rest(releasing(CANARY, hook("clean-up", after="Promote")))
    sim.set_image("shop:v3")
    assert rest(sim).status["stable"]["revision"] == V3


def test_the_way_back_waits_for_no_hook() -> None:
    sim = releasing(BLUE_GREEN, hook("smoke", before="Promote"))
    run(sim, 60)
    sim.act("Abort")
    assert rest(sim).status["phase"] == "RolledBack"


@pytest.mark.parametrize(
    ("strategy", "names"),
    [
        (CANARY, ["before Start: a", "10 %", "50 %", "before Promote: c"]),
        (BLUE_GREEN, ["before Start: a", "preview", "before Traffic: b", "before Promote: c"]),
        ({"bigBang": {}}, ["before Start: a", "get ready", "before Traffic: b", "before Promote: c"]),
        ({"rolling": {"batches": [{"replicas": 1}]}}, ["before Start: a", "batch 1", "before Promote: c"]),
    ],
)
def test_the_rests_stand_in_the_plan_by_name(strategy: dict[str, Any], names: list[str]) -> None:
    hooks = [hook("a", before="Start"), hook("c", before="Promote")]
    if "blueGreen" in strategy or "bigBang" in strategy:
        hooks.append(hook("b", before="Traffic"))
    spec = RolloutSpec.model_validate(rollout(strategy, hooks=hooks)["spec"])
    assert [stage.name for stage in compiled(spec)][: len(names)] == names
