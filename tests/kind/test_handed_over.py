"""What Crossfade takes over from others, and gives back, serves all the while: Deployments, charts, deleted Rollouts."""

from functools import partial

import pytest

from kind import chart, converting, deleting
from kind.side_by_side import SideBySide, Story, Told, of

# Quiet: what is promised is 0 lost, of pods that do not drain.
pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet]


def given_back(name: str, strategy: deleting.Object, stands: deleting.Stands, cascade: str) -> Story:
    return Story(name, partial(deleting.given_back, strategy=strategy, stands=stands, cascade=cascade))


BY_APPLY, SERVER_SIDE = (
    Story(each, partial(converting.taken_over, applied=each))
    for each in ("kubectl apply", "kubectl apply --server-side")
)
LEFT_AGAIN = Story("left again", converting.left_again)
CHART = Story("a chart", chart.had)
SWITCHED = given_back("blue/green switched", deleting.SWITCHED, deleting.bakes, "Foreground")
OTHER_MOMENTS = (
    given_back("canary at rest", deleting.HALF, deleting.at_rest, "Background"),
    given_back("canary at 50 %", deleting.HALF, deleting.waits_for_a_person, "Foreground"),
    given_back("blue/green previewed", deleting.PREVIEWED, deleting.waits_for_a_person, "Orphan"),
)
ORPHANED = Story("orphaned", deleting.orphaned)


class TestHandedOver(SideBySide):
    @of(BY_APPLY, deep=(SERVER_SIDE,))
    def test_the_printed_steps_take_a_deployment_over_and_no_request_is_lost(self, told: Told) -> None:
        assert told() == {}

    @of(LEFT_AGAIN)
    def test_before_the_last_step_deleting_the_rollout_is_a_way_back_and_no_request_is_lost(
        self, told: Told
    ) -> None:
        assert told() == {}

    @of(CHART)
    def test_a_chart_is_taken_over_synced_released_missed_and_given_back_and_no_request_is_lost(
        self, told: Told
    ) -> None:
        assert told() == {}

    @of(SWITCHED, deep=OTHER_MOMENTS)
    def test_give_back_leaves_a_plain_deployment_and_the_service_serving(self, told: Told) -> None:
        assert told() == {}

    @of(ORPHANED)
    def test_an_orphaning_deletion_leaves_all_as_it_is_and_a_new_rollout_takes_it_back(
        self, told: Told
    ) -> None:
        assert told() == {}
