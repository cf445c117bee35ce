"""An Undo whose target fails: stable serves on, both verdicts are told and kept, and a Retry forgives both."""

import pytest

from builders import STRATEGIES, V1, V2, releasing_v2
from samples import every
from simulation.cluster import Sim
from simulation.live import rest, until

QUICK = {name: strategy for name, strategy in STRATEGIES.items() if name != "recreate"} | {
    "recreate": {"recreate": {"pullFirst": False}}
}


def undone_to_a_broken_v1(strategy: str) -> Sim:
    """V2 has completed; somebody goes back to v1, which does not come up any more."""
    sim = rest(releasing_v2(QUICK[strategy], progressDeadlineSeconds=30))
    sim.broken = frozenset({V1})
    sim.act("Undo")
    return rest(sim)


@pytest.mark.parametrize("strategy", every(2, QUICK))
def test_it_ends_rolled_back_and_tells_both_verdicts(strategy: str) -> None:
    sim = undone_to_a_broken_v1(strategy)
    assert sim.selected() == {V2: 4}
    assert sim.status["phase"] == "RolledBack"
    assert (sim.status["failed"]["revision"], sim.status["undone"]["revision"]) == (V1, V2)
    assert all(revision in sim.status["message"] for revision in (V1, V2))
    stalled = next(c for c in sim.status["conditions"] if c["type"] == "Stalled")
    assert (stalled["status"], stalled["reason"]) == ("True", "Quarantined")


@pytest.mark.parametrize("strategy", every(3, QUICK))
def test_it_stays_so_and_the_undo_is_not_tried_again_by_itself(strategy: str) -> None:
    sim = undone_to_a_broken_v1(strategy)
    sim.broken = frozenset()
    sim.tick(3600)
    releases = len(sim.releases)
    assert rest(sim).status["phase"] == "RolledBack"
    assert len(sim.releases) == releases


@pytest.mark.parametrize("strategy", every(2, QUICK))
def test_a_retry_forgives_the_revision_that_the_manifest_names(strategy: str) -> None:
    sim = undone_to_a_broken_v1(strategy)
    sim.act("Retry")
    rest(sim)
    assert sim.status["phase"] == "Healthy"
    assert not sim.status.get("failed")
    assert not sim.status.get("undone")
    assert sim.selected() == {V2: 4}


def test_another_template_forgives_both() -> None:
    sim = undone_to_a_broken_v1("bigBang")
    sim.set_image("shop:v3")
    until(sim, lambda s: not s.status.get("progress") and s.status["phase"] == "Healthy")
    assert not sim.status.get("failed")
    assert not sim.status.get("undone")
