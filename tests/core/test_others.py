"""Other Rollouts that fail at the same time: told as a likely shared cause."""

from datetime import timedelta
from typing import Any

import pytest

from builders import V1, V2, releasing_v2
from crossfade.core.moments import moment_of
from crossfade.core.observed import OTHERS_SHOWN, Failure
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, stands_at, step, until
from simulation.passes import restart

MANUAL = {"canary": {"steps": [{"weight": 25, "pause": "Manual"}, {"weight": 50, "pause": "Manual"}]}}


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
    sim = crash()
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
