"""The simulated cluster answers a look as the shell does."""

from builders import V1, serving_v1
from crossfade.core.observed import Found
from crossfade.core.plan import ReadRequest
from simulation.cluster import Sim
from simulation.passes import look


def counted(sim: Sim) -> bool:
    return look(sim, ReadRequest(counted=frozenset({V1})), Found()).counted[V1]


def test_counts_are_of_the_newest_size_unless_pods_are_due_or_a_status_is_late() -> None:
    sim = serving_v1("bigBang")
    assert counted(sim)
    sim.remove("Deployment", f"shop-{V1}")
    assert counted(sim), "there is nothing to count"


def test_counts_are_late_while_pods_are_due() -> None:
    sim = serving_v1("bigBang")
    sim.pods = sim.pods[1:]
    assert not counted(sim)


def test_counts_are_late_while_the_status_has_not_caught_up() -> None:
    sim = serving_v1("bigBang")
    sim.instant = False
    sim.change(sim.pods[0], sim.pods[0].but(ready=False))
    assert not counted(sim)
    sim.sync_all()
    assert counted(sim)
