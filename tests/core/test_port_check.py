"""Before the first requests of a candidate its ports are tried: where nobody listens, none come."""

from __future__ import annotations

from typing import Any

import pytest

from builders import STRATEGIES, rollout, template
from crossfade.core.observed import Tried
from crossfade.core.revision import revision_of
from samples import every
from simulation import sight
from simulation.cluster import Sim
from simulation.live import phase, rest, run, until

SERVED_BY_OTHERS = sorted(set(STRATEGIES) - {"recreate"})


def probed(image: str) -> dict[str, Any]:
    """A template whose readiness probe asks another port than the Service."""
    made = template(image)
    made["spec"]["containers"][0] |= {"readinessProbe": {"tcpSocket": {"port": 9090}}}
    return made


V1, V2 = (revision_of(probed(f"shop:v{i}")) for i in (1, 2))


def tried(strategy: str, *deaf: str, **spec: Any) -> Sim:
    first = rollout(STRATEGIES[strategy], **spec)
    first["spec"]["template"] = probed("shop:v1")
    sim = rest(Sim(first))
    sim.edit(template=probed("shop:v2"))
    sim.deaf = frozenset(deaf)
    return sim


def waits_for_the_port(sim: Sim) -> bool:
    ready = next(c for c in sim.status["conditions"] if c["type"] == "Ready")
    return ready["reason"] == "PortClosed"


@pytest.mark.parametrize("strategy", every(3, STRATEGIES))
def test_where_something_listens_a_release_ends_as_without_the_check(strategy: str) -> None:
    sim = rest(tried(strategy))
    assert sim.status["phase"] == "Healthy"
    assert sim.selected() == {V2: 4}


@pytest.mark.parametrize("strategy", every(2, SERVED_BY_OTHERS))
def test_where_nobody_listens_the_candidate_gets_no_request_and_the_port_is_named(strategy: str) -> None:
    sim = until(tried(strategy, V2), waits_for_the_port)
    assert "something to listen on port 8080" in sim.status["message"]
    assert f"pod shop-{V2}-" in sim.status["message"]
    for _ in range(20):
        run(sim, 1)
        assert V2 not in sim.selected()


@pytest.mark.parametrize("strategy", every(3, STRATEGIES))
def test_after_the_deadline_it_has_failed_and_the_port_is_the_cause(strategy: str) -> None:
    sim = rest(tried(strategy, V2, progressDeadlineSeconds=30))
    assert sim.status["phase"] == "RolledBack"
    assert sim.selected() == {V1: 4}
    assert "port 8080" in sim.status["failed"]["message"]


@pytest.mark.parametrize("strategy", SERVED_BY_OTHERS)
def test_once_something_listens_it_goes_on_by_itself(strategy: str) -> None:
    sim = until(tried(strategy, V2), waits_for_the_port)
    sim.deaf = frozenset()
    assert rest(sim).selected() == {V2: 4}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_first_release_is_not_healthy_before_something_listens(strategy: str) -> None:
    first = rollout(STRATEGIES[strategy])
    first["spec"]["template"] = probed("shop:v1")
    sim = Sim(first)
    sim.deaf = frozenset({V1})
    until(sim, waits_for_the_port)
    run(sim, 10)
    assert sim.status["phase"] != "Healthy"
    sim.deaf = frozenset()
    assert rest(sim).status["phase"] == "Healthy"


@pytest.mark.parametrize("strategy", SERVED_BY_OTHERS)
def test_where_stable_refuses_too_somebody_on_the_way_does_and_nothing_is_held_up(strategy: str) -> None:
    """A firewall that rejects looks like a port that nobody listens on, for every pod."""
    assert rest(tried(strategy, V1, V2)).selected() == {V2: 4}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_first_release_whose_port_refuses_waits_and_is_degraded_at_the_deadline(strategy: str) -> None:
    """Nothing shows that its pods can be reached; but nobody is served yet, so nobody loses anything by waiting."""
    sim = Sim(rollout(STRATEGIES[strategy], progressDeadlineSeconds=30))
    sim.deaf = frozenset({revision_of(template())})
    until(sim, waits_for_the_port)
    assert "serves" not in sim.status["message"]
    until(sim, phase("Degraded"), limit_s=60)
    assert "port 8080" in sim.status["message"]
    sim.deaf = frozenset()
    assert rest(sim).status["phase"] == "Healthy"


def unchecked(sim: Sim) -> list[tuple[str, str]]:
    return [(c["status"], c["message"]) for c in sim.status["conditions"] if c["type"] == "PortsChecked"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_port_that_neither_answers_nor_refuses_holds_nothing_up_and_is_told(strategy: str) -> None:
    sim = tried(strategy)
    sim.silent = frozenset({8080})
    rest(sim)
    why = "port 8080 was not checked: no connection to its pods from the operator within 10 s"
    assert unchecked(sim) == [("False", why)]
    assert (sim.status["phase"], sim.status["message"]) == ("Healthy", f"{V2} serves with 4 pods; {why}")
    assert [(e.kind, e.note) for e in sim.events if e.reason == "PortNotChecked"] == [("Warning", why)]
    sim.silent = frozenset()
    sim.edit(template=probed("shop:v3"))
    assert unchecked(rest(sim)) == []


def test_it_is_not_said_to_serve_where_its_port_refused_and_nothing_else_is_known() -> None:
    sim = rest(tried("canary", V1, V2))
    (told,) = unchecked(sim)
    assert "port 8080 was not checked: it refuses connections from the operator" in told[1]
    assert "serves" not in sim.status["message"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_connection_that_is_still_awaited_is_waited_for(
    strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim = tried(strategy)
    awaited = Tried(awaited=frozenset({8080, 9090}))
    with monkeypatch.context() as patch:
        patch.setattr(sight, "_tried", lambda *_: awaited)
        run(sim, 60)
        assert sim.status["phase"] == "Progressing"
        assert V2 not in sim.selected() or strategy == "recreate"  # then nothing else could answer
    assert rest(sim).selected() == {V2: 4}


def edited(port: int, *, shut: bool = False, silent: bool = False) -> Sim:
    """V1 serves, and somebody edits nothing but the Service's target."""
    sim = tried("canary")
    rest(sim)
    sim.shut = frozenset({port} if shut else ())
    sim.silent = frozenset({port} if silent else ())
    sim.edit(service={"ports": [{"port": 80, "targetPort": port}]})
    run(sim, 5)
    return sim


def target(sim: Sim) -> int:
    return int(sim.services["shop"]["spec"]["ports"][0]["targetPort"])


def test_a_port_that_is_edited_alone_is_tried_before_it_is_written() -> None:
    sim = edited(8081, shut=True)
    assert (sim.status["phase"], target(sim)) == ("Invalid", 8080)
    assert "were edited, and stay as they are: pod shop-" in sim.status["message"]
    assert "refuses connections on port 8081: set targetPort" in sim.status["message"]
    sim.shut = frozenset()
    run(sim, 60)
    assert (sim.status["phase"], target(sim)) == ("Healthy", 8081)


def test_a_port_that_is_edited_alone_and_answers_is_written_at_once() -> None:
    assert target(edited(8081)) == 8081


def test_a_port_that_is_edited_alone_and_is_silent_is_written_and_told() -> None:
    sim = edited(8081, silent=True)
    assert (sim.status["phase"], target(sim)) == ("Healthy", 8081)
    assert "port 8081 was not checked" in unchecked(sim)[0][1]


def test_a_release_that_changes_its_port_to_one_that_nobody_listens_on_gets_no_request() -> None:
    """Stable does not listen there either: that it can be reached shows by its own port."""
    sim = rest(tried("blueGreen"))
    sim.shut = frozenset({8081})
    sim.edit(template=probed("shop:v3"), service={"ports": [{"port": 80, "targetPort": 8081}]})
    until(sim, waits_for_the_port)
    assert (sim.selected(), target(sim)) == ({V2: 4}, 8080)


def test_an_abort_does_not_wait_for_a_port() -> None:
    sim = until(tried("canary", V2), waits_for_the_port)
    sim.act("Abort")
    assert rest(sim).selected() == {V1: 4}


def test_without_the_option_no_port_is_tried() -> None:
    sim = tried("canary", V2)
    sim.deaf = None
    assert rest(sim).selected() == {V2: 4}


@pytest.mark.parametrize("strategy", ["rolling", "canary"])
def test_a_pod_that_crashes_before_it_is_ready_fails_at_once_and_not_by_the_deadline(strategy: str) -> None:
    """Where pods are exchanged each serves once it can: waiting for its ports changes nothing of that."""
    sim = tried(strategy)
    sim.broken = frozenset({V2})
    until(sim, lambda s: s.of(V2))
    run(sim, 2)
    sim.crash(sim.of(V2)[0], ready=False)
    run(sim, 12)
    assert sim.status["phase"] in {"RollingBack", "RolledBack"}
    assert rest(sim).status["failed"]["reason"] == "CandidateCrashed"
