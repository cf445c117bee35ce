"""What the checker reads from a spec, against what the documents of the strategies say."""

from typing import Any

import pytest

from builders import rollout
from simulation.asked import Share, is_routed, may_be_missing, most_pods, points

Row = tuple[int, int, int, Share, bool, int]
"""Pods of the candidate at most, of stable at least, weight, share; whether a person is asked, and seconds."""

NONE, SOME, ALL = Share
STEPS = [{"weight": 25, "pauseSeconds": 60}, {"weight": 50, "pause": "Manual"}]
BATCHES = [{"replicas": 1, "pauseSeconds": 3}, {"replicas": "50%", "pause": "Manual"}, {"replicas": 1}]

ASKED: list[tuple[dict[str, Any], list[Row]]] = [
    (
        {"recreate": {}},
        [(0, 4, 0, NONE, False, 0), (0, 0, 0, SOME, False, 0), (4, 0, 100, SOME, False, 9)],
    ),
    (
        {"rolling": {"batches": BATCHES, "maxSurge": 1}},
        [
            (1, 3, 25, SOME, False, 3),
            (3, 1, 75, SOME, True, 0),
            (4, 1, 100, SOME, False, 0),
            (4, 1, 100, SOME, False, 0),
            (4, 1, 100, ALL, False, 9),
            (4, 0, 100, ALL, False, 0),
        ],
    ),
    (
        {"blueGreen": {"previewReplicas": 1, "promote": "Manual"}},
        [
            (1, 4, 0, NONE, True, 0),
            (4, 4, 0, NONE, False, 0),
            (4, 4, 100, ALL, False, 9),
            (4, 0, 100, ALL, False, 0),
        ],
    ),
    (
        {"canary": {"steps": STEPS}},
        [
            (1, 3, 25, SOME, False, 60),
            (2, 2, 50, SOME, True, 0),
            (4, 2, 100, ALL, False, 9),
            (4, 0, 100, ALL, False, 0),
        ],
    ),
    (
        {"bigBang": {}},
        [(4, 4, 0, NONE, False, 0), (4, 4, 100, ALL, False, 9), (4, 0, 100, ALL, False, 0)],
    ),
]


def spec_of(strategy: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """The spec of a Rollout of four pods."""
    return dict(rollout(strategy, bakeSeconds=9, **spec)["spec"])


@pytest.mark.parametrize(("strategy", "wanted"), ASKED, ids=[next(iter(s)) for s, _ in ASKED])
def test_each_strategy_asks_for_its_points(strategy: dict[str, Any], wanted: list[Row]) -> None:
    asked = points(spec_of(strategy))
    assert [
        (p.candidate, p.stable, p.weight, p.share, p.gate.person, p.gate.seconds) for p in asked
    ] == wanted


ROUTED_STEPS = [
    {"match": [{"header": {"name": "x-group", "exact": "beta"}}], "pauseSeconds": 60},
    {"weight": 0.5, "mirror": "10%"},
    {"weight": 30, "candidateReplicas": 3, "pause": "Manual"},
    {"weight": 100, "pauseSeconds": 5},
]
ROUTED: list[tuple[dict[str, Any], list[Row]]] = [
    (
        {"canary": {"steps": ROUTED_STEPS}},
        [
            (1, 4, 0, SOME, False, 60),
            (1, 4, 0.5, SOME, False, 0),
            (3, 4, 30, SOME, True, 0),
            (4, 4, 100, ALL, False, 5),
            (4, 4, 100, ALL, False, 9),
            (4, 0, 100, ALL, False, 0),
        ],
    ),
    (
        {"canary": {"steps": [{"weight": 30}, {"weight": 80}], "dynamicStable": True}},
        [
            (2, 3, 30, SOME, False, 0),
            (4, 1, 80, SOME, False, 0),
            (4, 1, 100, ALL, False, 9),
            (4, 0, 100, ALL, False, 0),
        ],
    ),
]


@pytest.mark.parametrize(("strategy", "wanted"), ROUTED, ids=["groups and copies", "dynamic"])
def test_with_a_route_a_canary_asks_for_other_points(strategy: dict[str, Any], wanted: list[Row]) -> None:
    spec = spec_of(strategy, traffic={"httpRoute": {"name": "shop"}})
    asked = [(p.candidate, p.stable, p.weight, p.share, p.gate.person, p.gate.seconds) for p in points(spec)]
    assert asked == wanted
    assert most_pods(spec, 4) == 8


def test_a_route_says_which_step_has_groups_and_copies() -> None:
    asked = points(spec_of({"canary": {"steps": ROUTED_STEPS}}, traffic={"httpRoute": {"name": "shop"}}))
    assert [(p.groups, p.copies) for p in asked[:3]] == [(True, 0), (False, 10), (False, 0)]


@pytest.mark.parametrize(
    ("strategy", "routed"),
    [({"bigBang": {}}, True), ({"blueGreen": {}}, True), ({"rolling": {}}, False), ({"recreate": {}}, False)],
)
def test_a_route_is_left_alone_by_strategies_that_only_exchange_pods(
    strategy: dict[str, Any], routed: bool
) -> None:
    assert is_routed(spec_of(strategy, traffic={"httpRoute": {"name": "shop"}})) == routed
    assert not is_routed(spec_of(strategy))


def test_a_batch_leaves_the_old_pods_that_stay_warm() -> None:
    asked = points(spec_of({"rolling": {"batches": [{"replicas": 3, "pause": "Manual"}], "maxSurge": 2}}))
    assert (asked[0].candidate, asked[0].stable) == (3, 2)


def test_recreate_asks_for_pulled_images_and_then_for_no_old_pod() -> None:
    pull, stop, start = points(spec_of({"recreate": {}}))
    assert (pull.pulled, stop.gone, start.pulled or start.gone) == (True, True, False)
    assert len(points(spec_of({"recreate": {"pullFirst": False}}))) == 2


@pytest.mark.parametrize(
    ("strategy", "missing", "most"),
    [
        ({"bigBang": {}}, 0, 8),
        ({"rolling": {}}, 0, 5),
        ({"rolling": {"maxSurge": 0, "maxUnavailable": "50%"}}, 2, 4),
        ({"rolling": {"maxSurge": 0, "maxUnavailable": "10%"}}, 1, 4),
        ({"canary": {"steps": [{"weight": 50}], "maxSurge": 2}}, 0, 6),
    ],
)
def test_each_strategy_has_its_limits(strategy: dict[str, Any], missing: int, most: int) -> None:
    spec = spec_of(strategy)
    assert (may_be_missing(spec), most_pods(spec, 4)) == (missing, most)
