"""Whatever is stuck says why: the cause of whichever side is waited for, and Stalled once the deadline has passed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from builders import V1, V2, releasing_v2, serving_v1
from crossfade.api.events import EventReason
from crossfade.core.observed import Found, Observed, Waiting
from simulation import passes
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, stands_at, step, until

GONE = (Waiting("app", "ErrImagePull", "the registry is down"),)
WORDS = "admission webhook denied the request: no Services on Fridays"


def goes_on(sim: Sim, seconds: int, holds: Callable[[Sim], bool] = lambda _: False) -> float:
    """The world goes on while new pods of stable cannot start; gives the seconds until something holds."""
    for second in range(seconds):
        if holds(sim):
            return second
        step(sim)
        sim.pods = tuple(p if p.ready or p.revision != V1 else p.but(waiting=GONE) for p in sim.pods)
        quiet(sim)
    return seconds


def condition(sim: Sim, kind: str) -> Any:
    return next((c["status"] for c in sim.status["conditions"] if c["type"] == kind), None)


def returning_to_pods_that_cannot_start() -> Sim:
    """Recreate: v2 crashes, and the image of v1 cannot be had any more."""
    sim = releasing_v2(
        {"recreate": {"pullFirst": False, "maxDowntimeSeconds": 3600}}, progressDeadlineSeconds=60
    )
    until(sim, lambda s: s.selected() == {V2: 4})
    sim.broken = frozenset({V1, V2})
    for pod in sim.of(V2):
        sim.crash(pod, ready=False)
    goes_on(sim, 60, lambda s: bool(s.of(V1)))
    return sim


def test_a_way_back_whose_pods_cannot_start_says_why_within_ten_seconds() -> None:
    sim = returning_to_pods_that_cannot_start()
    assert goes_on(sim, 30, lambda s: "the registry is down" in s.status["message"]) <= 10
    assert sim.status["phase"] == "RollingBack"
    assert "the registry is down" in sim.status["progress"]["waitingFor"]


def test_a_way_back_that_does_not_end_is_stalled_after_the_deadline_and_heals() -> None:
    sim = returning_to_pods_that_cannot_start()
    goes_on(sim, 40)
    assert condition(sim, "Stalled") is None
    goes_on(sim, 30)
    assert condition(sim, "Stalled") == "True"
    assert condition(sim, "Reconciling") is None
    assert "the registry is down" in sim.status["message"]
    sim.broken = frozenset()
    sim.pods = tuple(p.but(waiting=()) for p in sim.pods)
    assert rest(sim).selected() == {V1: 4}
    assert condition(sim, "Stalled") == "True", "it is rolled back: the spec is not carried out"
    assert sim.status["phase"] == "RolledBack"


def test_an_abort_that_waits_for_stable_says_why_within_ten_seconds() -> None:
    sim = until(releasing_v2({"canary": {"steps": [{"weight": 75, "pause": "Manual"}]}}), stands_at(0))
    sim.broken = frozenset({V1})
    sim.act("Abort")
    assert goes_on(sim, 30, lambda s: "the registry is down" in s.status["message"]) <= 10
    assert set(sim.selected()) == {V1, V2}


def test_stable_that_is_unavailable_is_stalled_after_the_deadline() -> None:
    sim = releasing_v2({"blueGreen": {"promoteAfterSeconds": 10}}, progressDeadlineSeconds=60)
    until(sim, stands_at(0))
    sim.broken = frozenset({V1})
    for pod in sim.of(V1):
        sim.crash(pod, ready=False)
    run(sim, 50)
    assert (sim.status["phase"], condition(sim, "Stalled")) == ("Degraded", None)
    run(sim, 20)
    assert (sim.status["phase"], condition(sim, "Stalled")) == ("Degraded", "True")
    sim.broken = frozenset()
    assert rest(sim).status["phase"] == "Healthy"
    assert condition(sim, "Stalled") is None


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API server refuses a Service that each pass asks for, and the shell tells each pass so."""
    plain = passes.observed

    def observed(sim: Sim, found: Found, *shell: Any) -> Observed:
        return replace(plain(sim, found, *shell), refused={"Service/shop-preview": WORDS})

    monkeypatch.setattr(passes, "observed", observed)


@pytest.mark.usefixtures("refusing")
def test_a_write_that_is_refused_is_told_with_the_servers_words_and_is_no_rest() -> None:
    sim = serving_v1("bigBang", replicas=3)
    assert f"the API server refuses Service/shop-preview: {WORDS}" in sim.status["message"]
    assert (sim.status["phase"], condition(sim, "Ready")) == ("Degraded", "False")
    assert condition(sim, "Stalled") == "True"


@pytest.mark.usefixtures("refusing")
def test_a_release_goes_on_where_a_write_is_refused_that_it_does_not_need() -> None:
    sim = releasing_v2("bigBang", replicas=5)
    until(sim, stands_at(1))
    assert WORDS in sim.status["message"]
    assert rest(sim).selected() == {V2: 5}
    assert sim.status["stable"]["revision"] == V2


@pytest.mark.usefixtures("refusing")
def test_a_refused_write_is_an_event_once_and_not_at_every_pass_or_count_of_pods() -> None:
    sim = serving_v1("bigBang", replicas=3)
    told = [event for event in sim.events if event.reason == EventReason.WRITE_REFUSED]
    assert {event.kind for event in told} == {"Warning"}
    assert all(WORDS in event.note for event in told)
    assert len(told) == len(set(told))
    run(sim, 60)
    assert sim.events.count(told[-1]) == 1
