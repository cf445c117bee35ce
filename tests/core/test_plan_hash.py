"""A plan is known again by its hash: an upgrade of the operator moves no release that is under way."""

from datetime import UTC, datetime
from typing import Any

import pytest

from builders import STRATEGIES, V1, rollout
from crossfade.api.rollout import Rollout
from crossfade.api.status import RevisionStatus, RolloutStatus
from crossfade.api.strategy import Rolling, Strategy
from crossfade.core.observed import Observed
from crossfade.core.situation import Situation

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
STORED = {
    "recreate": "35c865e087",
    "rolling": "ba27b952de",
    "blueGreen": "9dfd128cf5",
    "canary": "043e4c9615",
    "bigBang": "bfa0106dd5",
}

WITH_DEFAULTS: dict[str, Any] = {
    "recreate": {"recreate": {"maxDowntimeSeconds": 120, "pullFirst": True}},
    "rolling": {"rolling": {"maxSurge": "25%", "maxUnavailable": 0, "batches": []}},
    "blueGreen": {"blueGreen": {"promoteAfterSeconds": 5, "promote": "Automatic"}},
    "canary": {"canary": {**STRATEGIES["canary"]["canary"], "maxSurge": "25%"}},
    "bigBang": {"bigBang": {}},
}


def situation(strategy: dict[str, Any]) -> Situation:
    memory = RolloutStatus(stable=RevisionStatus(revision=V1))
    return Situation(Rollout.model_validate(rollout(strategy)), Observed(), NOW, memory)


class NextRolling(Rolling):
    pace_seconds: int = 5
    """A field that a later version adds."""


class NextStrategy(Strategy):
    rolling: NextRolling | None = None
    another: NextRolling | None = None


def with_next(strategy: dict[str, Any]) -> Situation:
    s = situation({"rolling": {}})
    spec = s.spec.model_copy(update={"strategy": NextStrategy.model_validate(strategy)})
    return Situation(s.rollout.model_copy(update={"spec": spec}), s.seen, s.now, s.memory)


@pytest.mark.parametrize("chosen", [{}, {"maxSurge": 1}, {"batches": [{"replicas": 1, "pauseSeconds": 3}]}])
def test_a_field_that_a_later_version_adds_changes_no_hash_until_it_is_set(chosen: dict[str, Any]) -> None:
    before = situation({"rolling": chosen}).plan_hash
    assert with_next({"rolling": chosen}).plan_hash == before
    assert with_next({"rolling": {**chosen, "paceSeconds": 5}}).plan_hash == before
    assert with_next({"rolling": {**chosen, "paceSeconds": 6}}).plan_hash != before


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_default_that_is_written_out_changes_no_hash(strategy: str) -> None:
    assert situation(WITH_DEFAULTS[strategy]).plan_hash == situation(STRATEGIES[strategy]).plan_hash


def test_each_strategy_has_a_hash_of_its_own_and_it_is_the_same_for_ever() -> None:
    assert {name: situation(strategy).plan_hash for name, strategy in STRATEGIES.items()} == STORED
