"""A share names who gets requests, and nobody else."""

from datetime import UTC, datetime

from builders import V1, V2, rollout
from crossfade.api.rollout import Rollout
from crossfade.api.status import Progress, RevisionStatus, RolloutStatus
from crossfade.core.goals import goal_of
from crossfade.core.observed import Observed
from crossfade.core.situation import Situation


def share(replicas: int, stage: int) -> dict[str, float]:
    """Of a rolling update from v1 to v2 that stands there."""
    spec = rollout({"rolling": {"batches": [{"replicas": 1}]}}, image="shop:v2", replicas=replicas)
    memory = RolloutStatus(
        release=2, stable=RevisionStatus(revision=V1), progress=Progress(revision=V2, stage=stage)
    )
    now = datetime(2026, 1, 31, tzinfo=UTC)
    return dict(goal_of(Situation(Rollout.model_validate(spec), Observed(), now, memory)).share or {})


def test_a_batch_too_small_for_a_whole_percent_has_requests_all_the_same() -> None:
    assert share(400, stage=0) == {V1: 100, V2: 0}


def test_while_old_pods_are_left_both_have_requests() -> None:
    assert share(4, stage=1) == {V1: 1, V2: 99}


def test_scaled_to_nothing_at_full_weight_the_old_revision_is_named_no_more() -> None:
    assert share(0, stage=1) == {V2: 100}
