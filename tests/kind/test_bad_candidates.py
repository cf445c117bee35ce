"""Users never meet a revision that cannot serve."""

from functools import partial

import pytest

from bench.scenarios.bad_candidates import (
    DEADLINE_S,
    LONG_S,
    NO_IMAGE_NAME,
    NO_SUCH_IMAGE,
    image_missing,
    image_name_invalid,
    never_ready,
)
from bench.scenarios.seen import Result
from kind.side_by_side import SideBySide, Story, Told, of

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet]

NEVER_READY, ROLLED = (
    Story(f"{each}, never ready", partial(never_ready, strategy=each)) for each in ("blueGreen", "rolling")
)
MISSING, RECREATED = (
    Story(f"{each}, no such image", partial(image_missing, strategy=each)) for each in ("canary", "recreate")
)
NO_NAME = Story("no such name", partial(image_name_invalid, strategy="bigBang"))


class TestABadCandidate(SideBySide):
    @of(NEVER_READY, MISSING, NO_NAME, deep=(ROLLED, RECREATED))
    def test_users_never_meet_it_and_it_is_rolled_back(self, told: Told) -> None:
        result: Result = told()
        assert result.lost == 0, result.figures
        assert result.figures["v2_answers"] == 0
        assert result.happened == "RolledBack", result.why

    @of(NEVER_READY, deep=(ROLLED,))
    def test_one_that_never_becomes_ready_is_rolled_back_by_the_deadline(self, told: Told) -> None:
        assert DEADLINE_S - 1 <= told().figures["rolled_back_s"] < 120, "the default is 600"

    @of(MISSING, deep=(RECREATED,))
    def test_an_image_that_does_not_exist_is_named(self, told: Told) -> None:
        result: Result = told()
        assert NO_SUCH_IMAGE in result.why
        assert NO_SUCH_IMAGE in result.figures["message"]

    @of(NO_NAME)
    def test_an_image_name_that_cannot_exist_is_named_and_rolled_back_at_once(self, told: Told) -> None:
        result: Result = told()
        assert NO_IMAGE_NAME in result.why
        assert result.figures["rolled_back_s"] < LONG_S / 2, "it waited for its deadline"
