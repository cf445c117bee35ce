"""Since when a release waits for policies: its place in queues."""

import pytest

from builders import releasing_v2
from core.policy.wanting import UNHELD, policy, wanting
from crossfade.core.clocks import with_clocks
from crossfade.core.moments import moment_of
from crossfade.core.policy.matched import Place
from simulation.live import rest, run

SINCE = "2026-01-31T11:00:00.000Z"


def test_it_stays_as_it_is_while_policies_take_turns_at_holding_it_and_ends_when_it_begins() -> None:
    sim = releasing_v2("bigBang")
    sim.policies = (policy(Place(granted=False, place=1, active=1, limit=1, where="in the cluster")),)
    run(sim, 5)
    since = sim.status["waitingSince"]
    assert moment_of(since) <= sim.now
    sim.policies = (policy(freeze={"reason": "audit"}),)
    run(sim, 60)
    assert sim.status["waitingSince"] == since
    sim.policies = (policy(Place(granted=True)),)
    rest(sim)
    assert "waitingSince" not in sim.status


def test_who_has_its_turn_and_cannot_begin_yet_keeps_its_place() -> None:
    assert with_clocks(wanting(waitingSince=SINCE)).memory.waiting_since == SINCE


def test_what_no_policy_holds_does_not_begin_to_wait() -> None:
    assert with_clocks(wanting()).memory.waiting_since is None


@pytest.mark.parametrize("why", [why for why in UNHELD if "way" not in why])
def test_it_ends_where(why: str) -> None:
    spec, status = UNHELD[why]
    assert with_clocks(wanting(spec, **status, waitingSince=SINCE)).memory.waiting_since is None
