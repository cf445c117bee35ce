"""What an autoscaler would be misled by, and the load that it measures."""

import pytest

from bench.metrics_api import shared
from bench.scenarios.autoscaled import changes, mismatch, untrue

BOTH = "crossfade.dev/rollout=shop"
NEW = f"{BOTH},crossfade.dev/revision=bbb"


@pytest.mark.parametrize(
    ("selector", "replicas", "told"),
    [
        (BOTH, 6, ""),
        (NEW, 2, ""),
        (BOTH, 4, "4 replicas, and crossfade.dev/rollout=shop selects 6"),
        (NEW, 6, "6 replicas"),
        (f"{BOTH},crossfade.dev/revision=ccc", 2, "selects None"),
    ],
)
def test_a_count_of_other_pods_than_those_selected_is_a_mismatch(
    selector: str, replicas: int, told: str
) -> None:
    sides = {
        "stable": {"revision": "aaa", "replicas": 4},
        "candidate": {"revision": "bbb", "replicas": 2},
    }
    seen = mismatch({"selector": selector, "replicas": replicas, **sides})
    assert told in seen
    assert bool(seen) == bool(told)


def test_a_load_is_shared_in_whole_millicores_that_add_up() -> None:
    assert shared(20, ["a", "b", "c"]) == {"a": 7, "b": 7, "c": 6}
    assert shared(20, []) == {}


def test_an_autoscaler_that_changes_its_mind_shows_in_the_series() -> None:
    assert changes([4, 4, 6, 6, 4, 6]) == [4, 6, 4, 6]


def test_an_autoscaler_that_has_not_said_anything_is_not_active() -> None:
    assert len(untrue({})) == 2
    held = [{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": "False"}]
    assert [text.partition(":")[0] for text in untrue({"status": {"conditions": held}})] == ["ScalingActive"]
