"""Nothing that is stored stops a pass: what the schema lets through is used, or counts as lost."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from builders import STRATEGIES, V1, V2, releasing_v2
from crossfade.api.status import RolloutStatus
from crossfade.core.plan import Write
from samples import examples
from schema_values import schema_of, values
from simulation.cluster import Sim
from simulation.live import rest, step, until
from simulation.passes import decided
from simulation.stored import versioned

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

STATUS, RELEASE, ACTION = (schema_of(kind, "status") for kind in ("rollouts", "releases", "rolloutactions"))
RECORD = schema_of("releases", "spec")
BODIES = {
    ("Status", "Rollout"): Draft202012Validator({"properties": {"status": STATUS}}),
    ("Status", "Release"): Draft202012Validator({"properties": {"status": RELEASE}}),
    ("Status", "RolloutAction"): Draft202012Validator({"properties": {"status": ACTION}}),
    ("Create", "Release"): Draft202012Validator({"properties": {"spec": RECORD}}),
}
MOMENTS = ("at rest", "under way", "on its way back", "rolled back")
fuzz = settings(
    max_examples=examples(150),
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),  # shrinking takes minutes, and each failure names its values
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@cache
def _story(strategy: str, moment: str) -> Sim:
    sim = releasing_v2(strategy)
    if moment == "at rest":
        return rest(sim)
    until(sim, lambda s: s.status.get("progress"))
    step(sim)
    if moment == "under way":
        return sim
    sim.act("Abort")
    if moment == "on its way back":
        return sim
    return rest(sim)


def _merged(stored: Any, over: Any) -> Any:
    """`stored` with the fields of `over`; those that `over` lacks stay."""
    if isinstance(stored, Mapping) and isinstance(over, Mapping):
        return {**stored, **{key: _merged(stored.get(key), each) for key, each in over.items()}}
    return copy.deepcopy(over)


def _passes(sim: Sim) -> None:
    """A pass decides, and writes only what the API server takes."""
    for write in decided(sim).writes:
        _is_taken(write)


def _is_taken(write: Write) -> None:
    validator = BODIES.get((str(write.verb), write.kind))
    refused = [error.message[-300:] for error in validator.iter_errors(write.body)] if validator else []
    assert not refused, refused
    if write.kind == "Rollout" and "status" in write.body:
        assert RolloutStatus.model_validate(write.body["status"]).to_wire()


STORIES = st.tuples(st.sampled_from([*STRATEGIES]), st.sampled_from(MOMENTS))


@given(story=STORIES, over=values(STATUS), whole=st.booleans())
@fuzz
def test_no_status_stops_a_pass(story: tuple[str, str], over: Any, whole: bool) -> None:
    sim = _story(*story).fork()
    stored = over if whole else _merged(sim.status, over)
    sim.rollout = versioned({**sim.rollout, "status": stored}, sim.tick_version())
    _passes(sim)


@given(
    story=STORIES,
    spec=values({**RECORD, "required": []}),
    status=values(RELEASE),
    revision=st.sampled_from([{}, {"revision": V1}, {"revision": V2}]),
)
@fuzz
def test_no_release_stops_a_pass(
    story: tuple[str, str], spec: Any, status: Any, revision: dict[str, str]
) -> None:
    sim = _story(*story).fork()
    name = max(sim.releases)
    over = {"spec": {**spec, **revision, "rollout": "shop"}, "status": status}
    sim.releases[name] = versioned(_merged(sim.releases[name], over), sim.tick_version())
    _passes(sim)


@given(story=STORIES, status=values(ACTION))
@fuzz
def test_no_answer_of_an_action_stops_a_pass(story: tuple[str, str], status: Any) -> None:
    sim = _story(*story).fork()
    name = sim.act("Pause")
    sim.actions[name] = versioned({**sim.actions[name], "status": status}, sim.tick_version())
    _passes(sim)
