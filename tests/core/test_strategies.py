"""Each strategy is nothing but a list of stages: (name, candidate, stable, weight, gate)."""

from typing import Any

import pytest

from builders import STRATEGIES, rollout
from crossfade.api.rollout import RolloutSpec
from crossfade.core.compile import compiled, crash_allowance
from crossfade.core.stages import Stage, pods_of
from crossfade.core.strategies.canary import split_of

Row = tuple[str, int, int, int, str]


def _spec(strategy: dict[str, Any], replicas: int) -> RolloutSpec:
    return RolloutSpec.model_validate(rollout(strategy, replicas=replicas)["spec"])


def _stages(strategy: dict[str, Any], replicas: int) -> list[Stage]:
    return compiled(_spec(strategy, replicas))


STEPS = {"canary": {"steps": [{"weight": 10, "pauseSeconds": 60}, {"weight": 50, "pause": "Manual"}]}}
PLANS: list[tuple[dict[str, Any], int, list[Row]]] = [
    (
        {"recreate": {}},
        3,
        [
            ("pull images", 0, 3, 0, "ready"),
            ("stop old", 0, 0, 0, "ready"),
            ("start new", 3, 0, 100, "bake 30s"),
        ],
    ),
    (
        {"recreate": {"pullFirst": False}},
        1,
        [("stop old", 0, 0, 0, "ready"), ("start new", 1, 0, 100, "bake 30s")],
    ),
    (
        {"rolling": {}},
        10,
        [
            ("roll", 10, 3, 100, "ready"),
            ("bake", 10, 3, 100, "bake 30s"),
            ("retire old", 10, 0, 100, "ready"),
        ],
    ),
    (
        {
            "rolling": {
                "batches": [{"replicas": "25%", "pauseSeconds": 30}, {"replicas": 1, "pause": "Manual"}]
            }
        },
        4,
        [
            ("batch 1", 1, 3, 25, "pause 30s"),
            ("batch 2", 2, 2, 50, "manual"),
            ("roll", 4, 1, 100, "ready"),
            ("bake", 4, 1, 100, "bake 30s"),
            ("retire old", 4, 0, 100, "ready"),
        ],
    ),
    (
        {"blueGreen": {"previewReplicas": 1, "promote": "Manual"}},
        3,
        [
            ("preview", 1, 3, 0, "manual"),
            ("grow", 3, 3, 0, "ready"),
            ("bake", 3, 3, 100, "bake 30s"),
            ("retire old", 3, 0, 100, "ready"),
        ],
    ),
    (
        {"blueGreen": {"promoteAfterSeconds": 9}},
        1,
        [
            ("preview", 1, 1, 0, "pause 9s"),
            ("bake", 1, 1, 100, "bake 30s"),
            ("retire old", 1, 0, 100, "ready"),
        ],
    ),
    (
        STEPS,
        10,
        [
            ("10 %", 1, 9, 10, "pause 60s"),
            ("50 %", 5, 5, 50, "manual"),
            ("bake", 10, 5, 100, "bake 30s"),
            ("retire old", 10, 0, 100, "ready"),
        ],
    ),
    (
        {"canary": {"steps": [{"weight": 50}, {"weight": 100, "pause": "Manual"}]}},
        2,
        [
            ("50 %", 1, 1, 50, "ready"),
            ("100 %", 2, 1, 100, "manual"),
            ("bake", 2, 1, 100, "bake 30s"),
            ("retire old", 2, 0, 100, "ready"),
        ],
    ),
    (
        {"bigBang": {}},
        2,
        [
            ("get ready", 2, 2, 0, "ready"),
            ("bake", 2, 2, 100, "bake 30s"),
            ("retire old", 2, 0, 100, "ready"),
        ],
    ),
]


@pytest.mark.parametrize(("strategy", "replicas", "rows"), PLANS)
def test_the_stages_of_a_strategy(strategy: dict[str, Any], replicas: int, rows: list[Row]) -> None:
    assert [(s.name, s.candidate, s.stable, s.weight, s.gate) for s in _stages(strategy, replicas)] == rows


@pytest.mark.parametrize("strategy", [*STRATEGIES.values(), STEPS, PLANS[3][0], PLANS[4][0]])
def test_a_plan_has_as_many_stages_for_any_number_of_replicas(strategy: dict[str, Any]) -> None:
    assert len({len(_stages(strategy, n)) for n in (1, 2, 3, 7, 10, 50)}) == 1


@pytest.mark.parametrize("strategy", [*STRATEGIES.values(), STEPS])
@pytest.mark.parametrize("replicas", [1, 2, 3, 10])
def test_a_plan_ends_with_the_candidate_alone_and_in_full(strategy: dict[str, Any], replicas: int) -> None:
    last = _stages(strategy, replicas)[-1]
    assert (last.candidate, last.stable, last.weight) == (replicas, 0, 100)


@pytest.mark.parametrize("strategy", [*STRATEGIES.values(), STEPS])
@pytest.mark.parametrize("replicas", [1, 2, 3, 10])
def test_a_counted_stage_stays_within_its_surge(strategy: dict[str, Any], replicas: int) -> None:
    for stage in _stages(strategy, replicas):
        if stage.counted:
            assert (
                replicas - stage.unavailable
                <= stage.candidate + stage.stable
                <= replicas + max(1, stage.surge)
            )


def test_without_replicas_there_are_no_stages() -> None:
    assert all(_stages(strategy, 0) == [] for strategy in STRATEGIES.values())


def test_the_first_release_has_one_stage_and_a_proven_revision_no_gates() -> None:
    spec = _spec(STEPS, 4)
    assert [(s.candidate, s.weight) for s in compiled(spec, first=True)] == [(4, 100)]
    assert {s.gate for s in compiled(spec, "Return")} == {"ready"}


@pytest.mark.parametrize(
    ("weight", "replicas", "surge", "split"),
    [
        (50, 1, 1, (1, 1)),
        (5, 1, 1, (1, 1)),
        (20, 4, 1, (1, 4)),
        (25, 4, 1, (1, 3)),
        (99, 4, 1, (4, 1)),
        (1, 10, 3, (1, 12)),
        (33, 3, 1, (1, 2)),
    ],
)
def test_a_split_is_the_closest_that_its_pods_allow(
    weight: int, replicas: int, surge: int, split: tuple[int, int]
) -> None:
    assert split_of(weight, replicas, surge) == split


@pytest.mark.parametrize("replicas", [10, 20, 50])
@pytest.mark.parametrize("weight", range(10, 91, 5))
def test_with_ten_pods_or_more_a_share_is_within_five_points(weight: int, replicas: int) -> None:
    new, old = split_of(weight, replicas, pods_of("25%", replicas, up=True))
    assert abs(100 * new / (new + old) - weight) <= 5


@pytest.mark.parametrize(
    ("amount", "replicas", "up", "down"),
    [("25%", 3, 1, 0), ("25%", 4, 1, 1), ("34%", 3, 2, 1), (2, 9, 2, 2), ("0%", 5, 0, 0)],
)
def test_shares_of_pods_round_up_for_surge_and_down_for_what_may_be_missing(
    amount: int | str, replicas: int, up: int, down: int
) -> None:
    assert (pods_of(amount, replicas, up=True), pods_of(amount, replicas, up=False)) == (up, down)


@pytest.mark.parametrize(
    ("strategy", "replicas", "allowed"),
    [
        ({"bigBang": {}}, 3, 0),
        ({"bigBang": {}}, 10, 1),
        ({"canary": {"steps": [{"weight": 50}]}}, 9, 0),
        ({"rolling": {}}, 10, 0),
        ({"rolling": {"maxUnavailable": 2}}, 10, 2),
        ({"rolling": {"maxSurge": "1%", "maxUnavailable": "1%"}}, 3, 0),
    ],
)
def test_so_many_crashes_are_forgiven(strategy: dict[str, Any], replicas: int, allowed: int) -> None:
    assert crash_allowance(_spec(strategy, replicas), replicas) == allowed
