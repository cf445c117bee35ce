"""What the stories read from raw objects."""

from typing import Any

from bench.scenarios.seen import Plateau, plateaus, status_of
from bench.scenarios.workers import ever_together
from bench.watch import Sighting


def rollout(weight: int, *, reached: bool, generation: int = 1, observed: int = 1) -> dict[str, Any]:
    return {
        "metadata": {"name": "shop", "generation": generation},
        "status": {
            "observedGeneration": observed,
            "weight": weight,
            "realWeight": weight,
            "progress": {"reachedAt": "2030-01-01T00:00:00Z"} if reached else {},
        },
    }


def pod(name: str, version: str, *, ready: bool) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {"version": version}},
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def test_a_plateau_lasts_from_the_standing_of_a_stage_to_the_next_change() -> None:
    seen = [
        Sighting(1.0, rollout(25, reached=False)),
        Sighting(2.0, rollout(25, reached=True)),
        Sighting(3.0, rollout(25, reached=True)),
        Sighting(8.0, rollout(50, reached=False)),
        Sighting(9.0, rollout(50, reached=True)),
        Sighting(12.0, rollout(100, reached=True)),
    ]
    assert plateaus(seen) == [Plateau(25, 25, 2.0, 8.0), Plateau(50, 50, 9.0, 12.0)]


def test_a_status_of_an_older_generation_says_nothing() -> None:
    assert status_of(rollout(50, reached=True, generation=2, observed=1)) == {}
    assert status_of(rollout(50, reached=True))["weight"] == 50


def test_versions_are_together_only_while_pods_of_both_are_ready() -> None:
    old, new = pod("a", "v1", ready=True), pod("b", "v2", ready=True)
    versions = {"v1", "v2"}
    assert ever_together([Sighting(1, old), Sighting(2, new)], versions)
    assert not ever_together([Sighting(1, old), Sighting(2, old, gone=True), Sighting(3, new)], versions)
    assert not ever_together([Sighting(1, old), Sighting(2, pod("b", "v2", ready=False))], versions)
