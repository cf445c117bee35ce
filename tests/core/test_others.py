"""Other Rollouts that fail at the same time: told as a likely shared cause, and with `holdWhenOthersFail` nothing new is let in."""

from datetime import timedelta
from typing import Any

import pytest

from builders import STRATEGIES, V1, V2, V3, releasing_v2, serving_v1
from crossfade.core.moments import moment_of, text_of
from crossfade.core.observed import OTHERS_SHOWN, Failure
from samples import every
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, stands_at, step, until
from simulation.passes import restart

MANUAL = {"canary": {"steps": [{"weight": 25, "pause": "Manual"}, {"weight": 50, "pause": "Manual"}]}}
HOLDS = {"holdWhenOthersFail": True}


def fail(sim: Sim, *names: str, ago_s: float = 0, reason: str = "CandidateCrashed") -> None:
    """Other Rollouts, as `namespace/name`, fail now or failed a while ago."""
    at = sim.now - timedelta(seconds=ago_s)
    new = [Failure(*name.split("/"), at=at, reason=reason) for name in names]
    sim.others_failed = tuple(sorted((*new, *sim.others_failed), key=lambda each: each.at, reverse=True))


def crash(strategy: dict[str, Any] | str = "bigBang", **spec: Any) -> Sim:
    """V2 serves, and one of its pods has just crashed; no pass has seen it."""
    sim = run(until(releasing_v2(strategy, **spec), lambda s: set(s.selected()) == {V2}), 8)
    sim.crash(sim.of(V2)[0])
    return sim


def notes(sim: Sim) -> list[str]:
    return [event.note for event in sim.events if event.reason == "SharedCause"]


# --- told ---------------------------------------------------------------------------------------------------


def test_a_failure_beside_two_others_within_a_minute_is_told_as_a_shared_cause_once() -> None:
    sim = crash()
    fail(sim, "prod/cart", "staging/pay", ago_s=59)
    quiet(sim)
    sentence = (
        "3 Rollouts failed within a minute, each with CandidateCrashed, in 2 namespaces (in this one also cart): "
        "a shared cause is likely"
    )
    assert sim.status["failed"]["sharedCause"] == sentence
    assert f"; {sentence}; returning to {V1}" in sim.status["message"]
    for _ in range(3):
        run(sim, 20)
        restart(sim)
    assert notes(sim) == [f"release 2: {sentence}"]
    rest(sim)
    assert f"; {sentence}. {V1} serves. Change the template, or Retry" in sim.status["message"]
    assert sim.releases["shop-2"]["status"]["why"].endswith(sentence)


@pytest.mark.parametrize(("others", "ago_s"), [(["prod/cart"], 1), (["prod/cart", "prod/pay"], 60)])
def test_one_other_or_two_that_failed_a_minute_ago_share_nothing(others: list[str], ago_s: float) -> None:
    sim = crash()
    fail(sim, *others, ago_s=ago_s)
    rest(sim)
    assert not sim.status["failed"]["sharedCause"]
    assert notes(sim) == []


def test_the_first_to_fail_is_told_too_once_others_have_followed() -> None:
    sim = crash()
    rest(sim)
    left_s = 50 - (sim.now - moment_of(sim.status["failed"]["at"])).total_seconds()
    run(sim, left_s)
    fail(sim, "prod/cart", reason="NodesGone")
    quiet(sim)
    assert notes(sim) == []
    fail(sim, "prod/pay")
    quiet(sim)
    assert notes(sim) == [
        "release 2: 3 Rollouts failed within a minute in this namespace (also pay and cart): a shared cause is likely"
    ]
    assert "a shared cause is likely" in sim.status["message"]


def test_a_failure_of_more_than_a_minute_ago_has_no_part_in_what_fails_now() -> None:
    sim = crash()
    rest(sim)
    run(sim, 61)
    fail(sim, "prod/cart", "prod/pay")
    quiet(sim)
    assert notes(sim) == []


def test_an_abort_by_a_person_is_no_failure_whatever_else_fails() -> None:
    sim = until(releasing_v2(MANUAL), stands_at(0))
    fail(sim, "prod/cart", "prod/pay")
    sim.act("Abort")
    rest(sim)
    assert notes(sim) == []


def test_a_failure_that_froze_is_told_with_others_and_keeps_that_through_an_abort() -> None:
    sim = crash(onFailure="Pause")
    fail(sim, "prod/cart", "prod/pay")
    quiet(sim)
    assert len(notes(sim)) == 1
    assert "a shared cause is likely. Frozen by onFailure: Pause" in sim.status["message"]
    sim.act("Abort")
    rest(sim)
    assert "a shared cause is likely" in sim.status["failed"]["sharedCause"]
    assert len(notes(sim)) == 1


def test_a_verdict_that_gets_its_cause_later_keeps_what_was_told_of_others() -> None:
    sim = run(until(releasing_v2("bigBang"), lambda s: set(s.selected()) == {V2}), 8)
    fail(sim, "prod/cart", "prod/pay")
    for pod in sim.of(V2):
        sim.fail(pod)
    quiet(sim)
    assert sim.status["failed"]["reason"] == "CandidateUnavailable"
    step(sim)
    rest(sim)
    assert sim.status["failed"]["reason"] == "CandidateCrashed"
    assert "3 Rollouts" in sim.status["failed"]["sharedCause"]
    assert len(notes(sim)) == 1


def test_no_name_of_another_namespace_is_told_to_a_tenant() -> None:
    sim = crash(**HOLDS)
    fail(sim, "secret-customer/secret-app", "hidden/secret-app", "prod/cart")
    quiet(sim)
    told = str(sim.status) + str(sim.events) + str(sim.releases)
    assert "4 Rollouts failed within a minute, each with CandidateCrashed, in 3 namespaces" in told
    assert [word for word in ("secret", "hidden") if word in told] == []


def test_of_many_three_of_the_own_namespace_are_named() -> None:
    sim = crash()
    fail(sim, *(f"prod/shop-{i}" for i in range(5)), reason="NodesGone")
    quiet(sim)
    [note] = notes(sim)
    assert (
        "6 Rollouts failed within a minute in this namespace (also shop-0, shop-1, shop-2 and 2 more):"
        in note
    )


def test_more_than_are_shown_are_told_as_so_many_or_more() -> None:
    sim = crash()
    fail(sim, *(f"team-{i}/shop" for i in range(OTHERS_SHOWN)))
    quiet(sim)
    assert "101 or more Rollouts failed within a minute" in sim.status["failed"]["sharedCause"]


# --- held ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_release_begins_while_others_fail_and_it_begins_by_itself_a_minute_after_the_last(
    strategy: str,
) -> None:
    sim = serving_v1(strategy, **HOLDS)
    fail(sim, "prod/cart", "prod/pay", ago_s=10)
    sim.set_image("shop:v2")
    begins = sim.now + timedelta(seconds=50)
    plan = quiet(sim)
    assert sim.status["phase"] == "Waiting"
    assert {c["reason"] for c in sim.status["conditions"]} == {"OthersFailed"}
    assert sim.status["message"] == (
        f"the release of {V2} waits for other Rollouts to stop failing: 2 failed within a minute in this namespace "
        f"(cart and pay). It begins at {begins:%H:%M:%S} UTC, where no other one fails until then"
    )
    assert plan.wake_after_s == 50
    run(sim, 48)
    assert list(sim.releases) == ["shop-1"]
    run(sim, 3)
    assert list(sim.releases) == ["shop-1", "shop-2"]
    assert rest(sim).selected() == {V2: 4}


def _stages(sim: Sim) -> int:
    return int(sim.status["progress"]["stage"])


@pytest.mark.parametrize("strategy", every(2, ["rolling", "blueGreen", "canary", "bigBang"]))
def test_a_stage_is_not_passed_while_others_fail_and_what_was_reached_stays(strategy: str) -> None:
    sim = until(releasing_v2(strategy, **HOLDS), lambda s: s.status.get("progress"))
    fail(sim, "prod/cart", "prod/pay")
    last = sim.now
    run(sim, 20)
    stage, served = _stages(sim), sim.selected()
    assert sim.status["phase"] == "Waiting"
    assert sim.status["progress"]["until"] == text_of(last + timedelta(seconds=60))
    assert sim.status["progress"]["waitingFor"].startswith("other Rollouts to stop failing: 2 failed within")
    run(sim, 38)
    assert (_stages(sim), sim.selected()) == (stage, served)
    run(sim, 3)
    assert _stages(sim) > stage
    assert rest(sim).selected() == {V2: 4}


def test_a_further_failure_holds_on_for_a_minute_more_although_the_first_ones_are_past() -> None:
    sim = until(releasing_v2("canary", **HOLDS), stands_at(0))
    fail(sim, "prod/cart", ago_s=55)
    fail(sim, "prod/pay")
    run(sim, 50)
    assert sim.status["phase"] == "Waiting"
    fail(sim, "prod/mail")
    run(sim, 59)
    assert (sim.status["phase"], _stages(sim)) == ("Waiting", 0)
    run(sim, 2)
    assert _stages(sim) == 1


def test_a_further_failure_that_would_hold_nothing_by_itself_ends_no_hold_early() -> None:
    sim = until(releasing_v2("canary", **HOLDS), stands_at(0))
    fail(sim, "prod/cart", ago_s=10)
    fail(sim, "team/pay")
    last = sim.now
    run(sim, 55)
    fail(sim, "team/mail")
    quiet(sim)
    assert sim.status["phase"] == "Waiting"
    assert sim.status["progress"]["until"] == text_of(last + timedelta(seconds=60))
    run(sim, 6)
    assert _stages(sim) == 1


@pytest.mark.parametrize("strategy", ["rolling", "blueGreen", "canary", "bigBang"])
def test_a_release_that_bakes_keeps_its_old_pods_until_others_have_stopped_failing(strategy: str) -> None:
    sim = until(releasing_v2(strategy, **HOLDS), lambda s: "bake" in str(s.status["message"]))
    fail(sim, "prod/cart", "prod/pay")
    run(sim, 55)
    assert sim.status["phase"] == "Waiting"
    assert sim.of(V1)
    rest(sim)
    assert sim.status["phase"] == "Healthy"


@pytest.mark.parametrize(
    ("others", "held"),
    [
        (["prod/cart"], False),
        (["team/cart", "team/pay", "team/mail"], False),
        (["prod/cart", "team/pay"], True),
        (["team/cart", "crew/pay"], True),
    ],
)
def test_two_of_the_own_namespace_or_of_different_ones_hold_and_another_namespace_alone_never_does(
    others: list[str], held: bool
) -> None:
    sim = serving_v1("bigBang", **HOLDS)
    fail(sim, *others)
    sim.set_image("shop:v2")
    quiet(sim)
    assert (sim.status["phase"] == "Waiting") is held


@pytest.mark.parametrize(
    ("others", "words"),
    [
        (["team/cart", "crew/pay"], "2 failed within a minute, in 2 other namespaces"),
        (["prod/cart", "team/pay"], "2 failed within a minute, in 2 namespaces (in this one cart)"),
    ],
)
def test_a_hold_says_how_many_failed_and_where(others: list[str], words: str) -> None:
    sim = serving_v1("bigBang", **HOLDS)
    fail(sim, *others)
    sim.set_image("shop:v2")
    quiet(sim)
    assert f"other Rollouts to stop failing: {words}. It begins" in sim.status["message"]


@pytest.mark.parametrize("strategy", every(3, STRATEGIES))
def test_without_the_field_others_change_nothing(strategy: str) -> None:
    sim = releasing_v2(strategy)
    fail(sim, "prod/cart", "prod/pay")
    quiet(sim)
    run(sim, 55)
    alone = rest(run(releasing_v2(strategy), 55))
    assert rest(sim).status["phase"] == "Healthy"
    assert len(sim.status["timeline"]) == len(alone.status["timeline"])
    assert "Waiting" not in str(sim.status)


@pytest.mark.parametrize("verb", ["Promote", "Skip"])
def test_a_person_opens_the_stage_and_the_next_one_is_held_again(verb: str) -> None:
    sim = until(releasing_v2("canary", **HOLDS), stands_at(0))
    fail(sim, "prod/cart", "prod/pay")
    run(sim, 10)
    sim.act(verb)
    run(sim, 15)
    assert (sim.status["phase"], _stages(sim)) == ("Waiting", 1)


def test_promote_full_opens_all_stages() -> None:
    sim = until(releasing_v2("canary", **HOLDS), stands_at(0))
    fail(sim, "prod/cart", "prod/pay")
    run(sim, 10)
    sim.act("PromoteFull")
    assert run(sim, 20).selected() == {V2: 4}


def test_a_promote_before_its_release_is_refused_with_the_way_to_begin_now() -> None:
    sim = serving_v1("bigBang", **HOLDS)
    fail(sim, "prod/cart", "prod/pay")
    sim.set_image("shop:v2")
    quiet(sim)
    name = sim.act("Promote")
    quiet(sim)
    answer = sim.actions[name]["status"]
    assert answer["state"] == "Refused"
    assert "To begin now set spec.holdWhenOthersFail to false" in answer["message"]
    sim.edit(holdWhenOthersFail=False)
    quiet(sim)
    assert sim.status["phase"] == "Progressing"


def test_an_abort_before_its_release_is_done_while_others_fail() -> None:
    sim = serving_v1("bigBang", **HOLDS)
    fail(sim, "prod/cart", "prod/pay")
    sim.set_image("shop:v2")
    quiet(sim)
    sim.act("Abort")
    quiet(sim)
    assert sim.status["phase"] == "RolledBack"


@pytest.mark.parametrize("strategy", ["rolling", "blueGreen", "canary", "bigBang"])
def test_the_way_back_is_never_held(strategy: str) -> None:
    sim = crash(strategy, **HOLDS)
    fail(sim, "prod/cart", "prod/pay")
    quiet(sim)
    assert sim.status["phase"] == "RollingBack"
    assert until(sim, phase("RolledBack"), limit_s=40).selected() == {V1: 4}


def test_an_undo_and_the_template_of_before_are_not_held() -> None:
    for back in ("Undo", "Git"):
        sim = rest(releasing_v2("canary", **HOLDS))
        fail(sim, "prod/cart", "prod/pay")
        if back == "Undo":
            sim.act("Undo")
        else:
            sim.set_image("shop:v1")
        assert set(run(sim, 30).selected()) == {V1}


def test_an_undo_to_an_old_revision_is_not_held_although_it_passes_through_all_stages() -> None:
    sim = rest(releasing_v2("canary", rollbackRevisions=0, **HOLDS))
    sim.act("Undo")
    until(sim, stands_at(0))
    fail(sim, "prod/cart", "prod/pay")
    run(sim, 20)
    assert sim.status["phase"] != "Waiting"
    assert set(sim.selected()) == {V1}


def test_recreate_is_held_before_it_stops_the_old_pods_and_never_while_nothing_serves() -> None:
    sim = until(releasing_v2("recreate", **HOLDS), lambda s: _stages(s) == 1)
    fail(sim, "prod/cart", "prod/pay")
    assert until(sim, lambda s: set(s.selected()) == {V2}, limit_s=30).status["downtime"]
    held = until(releasing_v2("recreate", **HOLDS), lambda s: s.status["progress"])
    fail(held, "prod/cart", "prod/pay")
    run(held, 50)
    assert (held.status["phase"], _stages(held), held.selected()) == ("Waiting", 0, {V1: 4})


def test_a_first_release_is_not_held_since_nothing_serves_that_could_be_harmed() -> None:
    sim = Sim(serving_v1("canary", **HOLDS).rollout)
    sim.rollout = {key: value for key, value in sim.rollout.items() if key != "status"}
    fail(sim, "prod/cart", "prod/pay")
    assert run(sim, 30).selected() == {V1: 4}


def test_a_release_that_may_be_the_cure_of_a_stable_that_is_down_is_not_held() -> None:
    sim = serving_v1("bigBang", **HOLDS)
    sim.broken = frozenset({V1})
    for pod in sim.of(V1):
        sim.crash(pod, ready=False)
    run(sim, 20)
    fail(sim, "prod/cart", "prod/pay")
    sim.set_image("shop:v2")
    assert run(sim, 20).selected() == {V2: 4}


def test_with_no_replicas_a_new_template_completes_although_others_fail() -> None:
    sim = serving_v1("bigBang", replicas=0, **HOLDS)
    fail(sim, "prod/cart", "prod/pay")
    sim.set_image("shop:v2")
    quiet(sim)
    assert (sim.status["phase"], sim.status["stable"]["revision"]) == ("Healthy", V2)


def test_a_template_that_supersedes_takes_the_old_one_back_at_once_and_begins_later() -> None:
    sim = until(releasing_v2("canary", **HOLDS), stands_at(0))
    fail(sim, "prod/cart", "prod/pay")
    sim.set_image("shop:v3")
    run(sim, 30)
    assert sim.selected() == {V1: 4}
    assert sim.status["phase"] == "Waiting"
    assert set(rest(sim).selected()) == {V3}


def test_a_crash_while_it_is_held_still_takes_the_candidate_back() -> None:
    sim = until(releasing_v2("bigBang", **HOLDS), lambda s: set(s.selected()) == {V2})
    fail(sim, "prod/cart", "prod/pay")
    run(sim, 40)
    assert sim.status["phase"] == "Waiting"
    sim.crash(sim.of(V2)[0])
    quiet(sim)
    assert set(sim.selected()) == {V1}


def test_held_it_writes_nothing_however_often_it_is_looked_at() -> None:
    sim = until(releasing_v2("canary", **HOLDS), stands_at(0))
    fail(sim, "prod/cart", "prod/pay")
    run(sim, 20)
    writes = len(sim.writes)
    run(sim, 30)
    assert len(sim.writes) == writes
