"""Every value of every field, in the simulated cluster: from a rest, and from the middle of a release."""

from __future__ import annotations

import json
from functools import cache

import pytest

from crossfade.api.labels import FINALIZER
from mutation.bases import BASES
from mutation.cases import Case, cases
from mutation.leaves import leaves, values
from mutation.rows import ROWS, Story
from mutation.seen import Object, Seen, differences, standing
from mutation.simulated import (
    candidate,
    change,
    failing,
    half_way,
    made,
    refusal,
    seen,
    settle,
    still_writes,
    update,
)
from simulation.cluster import Sim
from simulation.live import quiet

pytestmark = pytest.mark.deep

STRATEGIES = ["recreate", "rolling", "blueGreen", "canary", "bigBang"]
CASES = cases()
ALLOWED = [case for case in CASES if case.allowed]
REFUSED = [case for case in CASES if not case.allowed and not (case.row.server_only and case.says)]


def test_every_leaf_of_the_schema_has_a_row_that_says_where_it_shows() -> None:
    assert {leaf.path for leaf in leaves() if values(leaf)} == set(ROWS)


@cache
def _settled(base: str) -> Sim:
    return made(next(case.before for case in CASES if case.row.base == base))


@cache
def _half_way(base: str) -> Sim:
    return half_way(next(case.before for case in CASES if case.row.base == base))


def _v2(spec: Object) -> Object:
    """The spec as it is in the middle of the release of v2."""
    if "template" not in spec or "containers" not in spec["template"].get("spec", {}):
        return spec
    template = spec["template"]
    first, *others = template["spec"]["containers"]
    containers = [{**first, "image": "shop:v2"}, *others]
    return {**spec, "template": {**template, "spec": {**template["spec"], "containers": containers}}}


def otherwise(case: Case, settled: Seen, spec: Object, image: str = "shop:v1") -> list[str]:
    """In what it differs from a Rollout that was made with this spec."""
    fresh, drains = _made_so(json.dumps(spec), image), not case.row.drains
    return list(differences(standing(settled, drains=drains), standing(fresh, drains=drains)))


@cache
def _made_so(spec: str, image: str) -> Seen:
    return seen(made(json.loads(spec), image))


@pytest.mark.parametrize("case", ALLOWED, ids=str)
def test_an_allowed_value_shows_where_it_must_and_leaves_no_trace_of_the_way(case: Case) -> None:
    sim, spec = _settled(case.row.base).fork(), case.over(case.before)
    assert refusal(spec) == ""
    change(sim, spec)
    settled = settle(sim)
    assert still_writes(sim) == []
    if settled.phase != "Invalid" and not spec.get("paused"):  # made so, nothing would have begun
        assert otherwise(case, settled, spec) == []
    seen_, expected = case.row.shows(Story(settled, _ended(case, sim)), case.value)
    assert seen_ == expected
    if settled.phase == "Invalid":
        change(sim, case.before)
        assert otherwise(case, settle(sim), case.before) == []


def _ended(case: Case, sim: Sim) -> Seen:
    if sim.status["phase"] == "Invalid":
        return seen(sim)
    if case.row.fails:
        return failing(sim)
    update(sim)
    ended = settle(sim)
    if case.row.back:
        update(sim, "shop:v1")
        ended = settle(sim)
    return ended


@pytest.mark.parametrize("case", ALLOWED, ids=str)
def test_in_the_middle_of_a_release_an_allowed_value_comes_to_the_same_end(case: Case) -> None:
    sim, spec = _half_way(case.row.base).fork(), case.over(_v2(case.before))
    change(sim, spec)
    settled = settle(sim)
    assert still_writes(sim) == []
    waits = case.kind in case.row.waits or bool(spec.get("paused"))
    assert settled.under_way == waits
    if waits or settled.phase == "Invalid":
        spec = _v2(case.before)
        change(sim, spec)
        settled = settle(sim)
    assert otherwise(case, settled, spec, "shop:v2") == []


@pytest.mark.parametrize("middle", [False, True], ids=["at rest", "in the middle"])
@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_a_value_that_is_not_allowed_is_refused_and_where_it_was_stored_it_harms_nothing(
    case: Case, middle: bool
) -> None:
    """An older definition may have let it through: then the operator says so, and the next good manifest is enough."""
    before = _v2(case.before) if middle else case.before
    sim = (_half_way if middle else _settled)(case.row.base).fork()
    served, under_way = sim.selected("shop"), candidate(sim)
    bad = case.over(before)
    told = refusal(bad)
    assert told
    assert case.says in told
    change(sim, bad)
    quiet(sim)
    assert (sim.status["phase"], sim.selected("shop"), candidate(sim)) == ("Invalid", served, under_way)
    assert [write.kind for write in sim.writes] == ["Rollout"]
    assert still_writes(sim) == []
    change(sim, before)
    assert otherwise(case, settle(sim), before, "shop:v2" if middle else "shop:v1") == []


@pytest.mark.parametrize("middle", [False, True], ids=["at rest", "in the middle"])
@pytest.mark.parametrize("after", STRATEGIES)
@pytest.mark.parametrize("before", STRATEGIES)
def test_another_strategy_leaves_no_trace_of_the_one_before(before: str, after: str, middle: bool) -> None:
    sim, base = (_half_way if middle else _settled)(before).fork(), BASES[before]
    spec = {**(_v2(base) if middle else base), "strategy": BASES[after]["strategy"]}
    change(sim, spec)
    settled = settle(sim)
    assert still_writes(sim) == []
    fresh = _made_so(json.dumps(spec), "shop:v2" if middle else "shop:v1")
    assert list(differences(standing(settled), standing(fresh))) == []


@pytest.mark.parametrize("middle", [False, True], ids=["at rest", "in the middle"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_adoption_of_what_is_ours_may_be_asked_for_and_taken_back(strategy: str, middle: bool) -> None:
    """Then it is held by a finalizer instead of an owner, and by an owner again."""
    sim, base = (_half_way if middle else _settled)(strategy).fork(), BASES[strategy]
    spec = _v2(base) if middle else base
    served = set(sim.selected())
    change(sim, {**spec, "service": {**spec["service"], "name": "shop", "adopt": True}})
    quiet(sim)
    assert sim.rollout["metadata"]["finalizers"] == [FINALIZER]
    assert not any(d["metadata"]["ownerReferences"] for d in sim.deployments.values())
    assert set(sim.selected()) == served
    change(sim, {**spec, "service": {**spec["service"], "name": "shop"}})
    fresh = _made_so(json.dumps(spec), "shop:v2" if middle else "shop:v1")
    assert list(differences(standing(settle(sim)), standing(fresh))) == []
