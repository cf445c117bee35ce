"""Releases and old Deployments are kept up to `revisionHistoryLimit`, and none that is still needed goes."""

from typing import Any

import pytest

from builders import V1, serving_v1, template
from crossfade.core.revision import revision_of
from samples import every
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, stands_at, until

MANUAL = {"canary": {"steps": [{"weight": 25, "pause": "Manual"}]}}


def _image(number: int) -> str:
    return revision_of(template(f"shop:v{number}"))


def _released(sim: Sim, *numbers: int) -> Sim:
    for number in numbers:
        sim.set_image(f"shop:v{number}")
        rest(sim)
    return sim


def _kept(sim: Sim) -> list[int]:
    return sorted(release["spec"]["number"] for release in sim.releases.values())


@pytest.mark.parametrize("strategy", every(3, ["recreate", "rolling", "blueGreen", "canary", "bigBang"]))
def test_as_many_ended_releases_and_empty_deployments_are_kept_beside_the_stable_one(strategy: str) -> None:
    sim = _released(serving_v1(strategy, revisionHistoryLimit=2), 2, 3, 4, 5, 6)
    assert _kept(sim) == [4, 5, 6]
    assert sorted(sim.deployments) == sorted(f"shop-{_image(n)}" for n in (4, 5, 6))
    assert sim.selected() == {_image(6): 4}


def test_with_none_to_keep_the_stable_one_stays_alone() -> None:
    sim = _released(serving_v1("bigBang", revisionHistoryLimit=0), 2, 3)
    assert _kept(sim) == [3]
    assert list(sim.deployments) == [f"shop-{_image(3)}"]


def test_stables_release_stays_however_many_others_end_after_it() -> None:
    sim = serving_v1(MANUAL, revisionHistoryLimit=2)
    for number in range(2, 8):
        sim.set_image(f"shop:v{number}")
        until(sim, phase("Paused"))
        sim.act("Abort")
        rest(sim)
    assert _kept(sim) == [1, 5, 6, 7]
    sim.pods = ()
    del sim.deployments[f"shop-{V1}"]
    assert rest(sim).selected() == {V1: 4}, "its template is still known"


def test_the_release_and_the_deployment_that_an_undo_goes_back_to_stay_until_the_manifest_follows() -> None:
    sim = _released(serving_v1("bigBang", revisionHistoryLimit=1), 2)
    sim.act("Undo")
    rest(sim)
    assert sim.selected() == {V1: 4}
    for number in (5, 6, 7):
        sim.edit(bakeSeconds=number)
        rest(sim)
    sim.pods = ()
    del sim.deployments[f"shop-{V1}"]
    assert rest(sim).selected() == {V1: 4}


def test_nothing_goes_while_a_release_is_under_way() -> None:
    sim = _released(serving_v1(MANUAL, revisionHistoryLimit=9))
    for number in (2, 3, 4):
        sim.set_image(f"shop:v{number}")
        until(sim, phase("Paused"))
        sim.act("PromoteFull")
        rest(sim)
    sim.set_image("shop:v5")
    until(sim, stands_at(0))
    sim.edit(revisionHistoryLimit=1)
    quiet(sim)
    assert {f"shop-{_image(n)}" for n in (4, 5)} <= set(sim.deployments)
    sim.act("Abort")
    rest(sim)
    assert sim.selected() == {_image(4): 4}
    assert {4, 5} <= set(_kept(sim))


def test_a_smaller_limit_takes_effect_at_once_and_the_oldest_go_first() -> None:
    sim = _released(serving_v1("bigBang"), 2, 3, 4, 5)
    assert _kept(sim) == [1, 2, 3, 4, 5]
    sim.edit(revisionHistoryLimit=2)
    rest(sim)
    assert _kept(sim) == [3, 4, 5]
    assert sorted(sim.deployments) == sorted(f"shop-{_image(n)}" for n in (3, 4, 5))


def test_a_deployment_with_pods_never_goes() -> None:
    sim = _released(serving_v1("bigBang", revisionHistoryLimit=1), 2)
    held: dict[str, Any] = sim.deployments[f"shop-{V1}"]
    sim.edit(revisionHistoryLimit=0)
    lagging = {**held, "status": {**held.get("status", {}), "replicas": 1}}
    sim.instant = False
    sim.deployments[f"shop-{V1}"] = lagging
    quiet(sim)
    assert f"shop-{V1}" in sim.deployments
