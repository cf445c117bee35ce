"""Before the first requests of a candidate its ports are tried: where nobody listens, none come."""

from __future__ import annotations

from typing import Any

import pytest

from builders import STRATEGIES, rollout, template
from crossfade.core.revision import revision_of
from samples import every
from simulation.cluster import Sim
from simulation.live import rest, run, until

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
def test_a_first_release_that_nothing_shows_to_be_reachable_is_not_held_up(strategy: str) -> None:
    sim = Sim(rollout(STRATEGIES[strategy]))
    sim.deaf = frozenset({revision_of(template())})
    assert rest(sim).status["phase"] == "Healthy"


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
