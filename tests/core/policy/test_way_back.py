"""Which returns no policy holds: an Undo, and the last few revisions that completed. No spec makes that more."""

from dataclasses import replace
from typing import Any

import pytest

from builders import V1, V2, serving_v1, template
from core.policy.wanting import policy, wanting
from crossfade.core.observed import Observed
from crossfade.core.policy import bypasses
from crossfade.core.policy.beginning import begins
from crossfade.core.transitions import started
from simulation.live import rest, until

BETWEEN = ("b", "c", "d", "e")


@pytest.mark.parametrize(
    ("kept", "before", "held"), [(3, 2, False), (3, 3, True), (50, 2, False), (50, 3, True), (1, 1, True)]
)
def test_no_more_than_three_revisions_before_the_present_one_come_back_past_policies(
    kept: int, before: int, held: bool
) -> None:
    """However many the spec says; `before`: so many others completed between it and the one that serves."""
    s = wanting({"rollbackRevisions": kept}, completed=[V1, *BETWEEN[:before], V2])
    assert begins(s) is held


def test_an_undo_passes_to_whatever_it_asks_for() -> None:
    s = wanting({"rollbackRevisions": 0}, completed=[V1, *BETWEEN, V2], goingBack={"revision": V2})
    assert not begins(s)


MIGRATE = {"spec": {"restartPolicy": "Never", "containers": [{"name": "migrate", "image": "migrate:1"}]}}
HOOKED = {"hooks": [{"name": "migrate", "before": "Start", "job": {"template": MIGRATE}}]}


@pytest.mark.parametrize(
    ("image", "told"), [("shop@sha256:" + "a" * 64, ""), ("shop:v1", "containers[app].image shop:v1")]
)
def test_an_undo_is_judged_by_the_pods_that_come_back_and_not_by_hooks_of_the_present_spec(
    image: str, told: str
) -> None:
    digests = policy(images={"digestRequired": True})
    s = wanting(HOOKED)
    forbidden = bypasses.forbidden(replace(s, seen=replace(s.seen, policies=(digests,))), template(image))
    assert bool(forbidden) is bool(told)
    assert told in forbidden


@pytest.mark.parametrize(
    ("before", "rule", "at_once"),
    [
        (2, {"steps": {"minBakeSeconds": 600}}, True),
        (3, {"steps": {"minBakeSeconds": 600}}, False),
        (3, {"analysis": {"required": True}}, False),
        (3, {"quota": {"maxPerDay": 1}}, True),
    ],
)
def test_an_older_one_comes_back_through_the_gates_that_a_policy_asks_for(
    before: int, rule: dict[str, Any], at_once: bool
) -> None:
    s = wanting({"rollbackRevisions": 50}, completed=[V1, *BETWEEN[:before], V2])
    s = replace(s, seen=Observed(policies=(policy(**rule),)))
    assert started(s, V2).s.progress.begun_as == ("Return" if at_once else "New")


@pytest.mark.parametrize(("before", "counts"), [(2, False), (3, True)])
def test_only_what_no_policy_holds_counts_against_no_quota(before: int, counts: bool) -> None:
    s = wanting({"rollbackRevisions": 50}, completed=[V1, *BETWEEN[:before], V2])
    assert bool(started(s, V2).s.memory.starts) is counts


@pytest.mark.parametrize(("last", "taken_back"), [(4, False), (5, True)])
def test_a_freeze_that_aborts_takes_back_all_but_a_way_back(last: int, taken_back: bool) -> None:
    """v1 comes back at once by `rollbackRevisions`, and is under way when the line is stopped."""
    sim = serving_v1("canary", rollbackRevisions=50)
    for number in range(2, last + 1):
        sim.set_image(f"shop:v{number}")
        rest(sim)
    sim.set_image("shop:v1")
    until(sim, lambda s: bool(s.status.get("progress")))
    sim.policies = (policy(freeze={"inFlight": "Abort"}),)
    until(sim, lambda s: not s.status.get("progress"))
    assert (sim.status["stable"]["revision"] != V1) is taken_back
