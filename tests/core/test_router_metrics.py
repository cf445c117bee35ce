"""Where a router's own metrics show requests to the canary Service, the candidate's pods stay until they show none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from builders import BY_ROUTE, V1, V2, routing_v2
from crossfade.core.observed import Found
from crossfade.core.plan import ReadRequest
from simulation import passes
from simulation.cluster import Sim
from simulation.live import each_second, quiet, rest, run, stands_at, until

CANARY = "shop-canary"
STILL = f"the router to stop sending requests to Service {CANARY} (its metrics still show some)"


def aborted(strategy: str = "canary", **sent_for_s: float) -> Sim:
    """A candidate that got requests, and was aborted just now; for how long the metrics go on to show some, by Service."""
    sim = until(routing_v2(strategy), stands_at(1))
    sim.act("Abort")
    quiet(sim)
    sim.sent_until = {CANARY if n == "canary" else n: after(sim, s) for n, s in sent_for_s.items()}
    return sim


def after(sim: Sim, seconds: float) -> Any:
    return sim.now + timedelta(seconds=seconds)


def gone_after_s(sim: Sim) -> float:
    """How long the candidate's pods are kept from now on."""
    begun = sim.now
    until(sim, lambda s: s.desired(V2) == 0)
    return (sim.now - begun).total_seconds()


@pytest.mark.parametrize("strategy", ["canary", "blueGreen", "bigBang"])
def test_pods_go_once_the_metrics_have_shown_nothing_for_the_settle_time(strategy: str) -> None:
    sim = aborted(strategy, canary=10)
    assert gone_after_s(sim) == 12
    assert rest(sim).status["phase"] == "RolledBack"


def test_meanwhile_requests_are_back_and_the_status_says_what_pods_are_kept_for() -> None:
    sim = run(aborted(canary=30), 5)
    assert sim.routes["shop"]["spec"]["rules"][0]["backendRefs"] == [{"name": "shop", "port": 80}]
    assert sim.status["message"].endswith(f"waits for {STILL}")
    assert sim.services[CANARY]["spec"]["selector"]["crossfade.dev/revision"] == V2


def test_an_action_that_is_answered_meanwhile_lets_no_pod_go() -> None:
    """No other pass is one that reads less."""
    sim = run(aborted(canary=30), 5)
    sim.act("Skip")
    quiet(sim)
    assert sim.desired(V2) > 0


def test_meanwhile_it_is_looked_at_every_second() -> None:
    sim = run(aborted(canary=30), 5)
    assert quiet(sim).wake_after_s == 1
    early = aborted(canary=0)
    assert quiet(early).wake_after_s == 1, "also while nodes follow, so that nothing is waited for twice"


@pytest.mark.parametrize("sent", [{}, {"other": 100.0}, {"canary": -100.0}])
def test_a_router_that_does_not_know_or_has_sent_nothing_keeps_pods_no_longer(sent: dict[str, float]) -> None:
    unasked = aborted()
    unasked.sent_until = None
    assert gone_after_s(aborted(**sent)) == gone_after_s(unasked)


def test_a_router_that_is_not_asked_any_more_keeps_pods_no_longer() -> None:
    sim = run(aborted(canary=1000), 5)
    assert sim.desired(V2)
    sim.sent_until = {}
    quiet(sim)
    assert not sim.desired(V2)


def test_requests_that_never_end_get_stable_and_the_pods_go_then() -> None:
    """Somebody's own route names the canary Service."""
    sim = run(aborted(canary=10_000), 50)
    assert sim.desired(V2)
    until(sim, lambda s: s.desired(V2) == 0, limit_s=30)
    assert sim.selected(CANARY) == {V1: 4}
    assert rest(sim).status["phase"] == "RolledBack"


def test_pods_go_only_once_the_canary_service_lists_stable() -> None:
    sim = run(aborted(canary=10_000), 50)
    sim.instant = False
    for _ in each_second(sim, 30):
        assert sim.desired(V2), "its endpoints still list the candidate"
    sim.sync_all()
    quiet(sim)
    assert not sim.desired(V2)


def test_another_version_begins_after_the_requests_have_left_the_one_that_is_given_up() -> None:
    sim = until(routing_v2("canary"), stands_at(1))
    sim.set_image("shop:v3")
    quiet(sim)
    sim.sent_until = {CANARY: after(sim, 10)}
    run(sim, 8)
    assert sim.status["progress"]["revision"] == V2
    sim.sent_until = {}
    assert rest(sim).status["phase"] == "Healthy"


@pytest.mark.parametrize("strategy", sorted(BY_ROUTE))
def test_a_release_that_ends_well_asks_nothing_and_waits_for_no_router(
    strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = watched(monkeypatch)
    sim = routing_v2(strategy)
    sim.sent_until = {CANARY: after(sim, 10_000), "shop": after(sim, 10_000)}
    assert rest(sim).status["phase"] == "Healthy"
    assert asked == []


def test_only_the_canary_service_is_asked_about_and_at_rest_none(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = watched(monkeypatch)
    sim = rest(aborted(canary=10))
    assert set(asked) == {frozenset({CANARY})}
    asked.clear()
    run(sim, 100)
    assert asked == []


def test_where_no_router_is_named_none_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = watched(monkeypatch)
    sim = until(routing_v2("canary"), stands_at(1))
    sim.act("Abort")
    assert rest(sim).status["phase"] == "RolledBack"
    assert asked == []


def watched(monkeypatch: pytest.MonkeyPatch) -> list[frozenset[str]]:
    """The Services that the router is asked about, each time."""
    asked: list[frozenset[str]] = []
    look = passes.look

    def noted(sim: Sim, wanted: ReadRequest, found: Found) -> Found:
        asked.extend([wanted.sent] if wanted.sent else [])
        return look(sim, wanted, found)

    monkeypatch.setattr(passes, "look", noted)
    return asked
