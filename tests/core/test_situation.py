"""A situation is a value, and what is worked out in it is kept while nothing is remembered anew."""

from datetime import UTC, datetime

from builders import V1, rollout
from crossfade.api.rollout import Rollout
from crossfade.api.status import Progress, RolloutStatus
from crossfade.core.observed import Observed
from crossfade.core.situation import Situation

MEMORY = RolloutStatus(release=2, progress=Progress(revision=V1, stage=1))
S = Situation(
    Rollout.model_validate(rollout({"bigBang": {}})), Observed(), datetime(2026, 1, 31, tzinfo=UTC), MEMORY
)


def test_what_is_remembered_already_makes_no_other_situation() -> None:
    assert S.remember(release=2) is S
    assert S.progress_with(stage=1, begun_as="New") is S


def test_what_is_new_is_remembered_in_another_one() -> None:
    assert S.remember(release=3).memory == MEMORY.model_copy(update={"release": 3})
    assert S.progress_with(stage=2).progress.stage == 2
    assert S.progress.stage == 1


def test_progress_begins_where_there_was_none() -> None:
    resting = S.remember(progress=None)
    assert not resting.under_way
    assert resting.progress_with(stage=0).under_way
