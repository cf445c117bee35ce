"""Users never meet a revision that cannot serve."""

import pytest

from bench.kube import Kube
from bench.scenarios import bad_candidates
from bench.scenarios.bad_candidates import DEADLINE_S, LONG_S, NO_IMAGE_NAME, NO_SUCH_IMAGE
from bench.scenarios.seen import Result

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet]


def assert_users_never_met_it(result: Result) -> None:
    assert result.lost == 0, result.figures
    assert result.figures["v2_answers"] == 0
    assert result.happened == "RolledBack", result.why


@pytest.mark.parametrize("strategy", ["blueGreen", "rolling"])
def test_a_candidate_that_never_becomes_ready_is_rolled_back_by_the_deadline(
    kube: Kube, namespace: str, strategy: str
) -> None:
    result = bad_candidates.never_ready(kube, namespace, strategy)
    assert_users_never_met_it(result)
    assert DEADLINE_S - 1 <= result.figures["rolled_back_s"] < 120, "the default is 600"


@pytest.mark.parametrize("strategy", ["canary", "recreate"])
def test_an_image_that_does_not_exist_is_rolled_back_and_named(
    kube: Kube, namespace: str, strategy: str
) -> None:
    result = bad_candidates.image_missing(kube, namespace, strategy)
    assert_users_never_met_it(result)
    assert NO_SUCH_IMAGE in result.why
    assert NO_SUCH_IMAGE in result.figures["message"]


def test_an_image_name_that_cannot_exist_is_rolled_back_at_once(kube: Kube, namespace: str) -> None:
    result = bad_candidates.image_name_invalid(kube, namespace, "bigBang")
    assert_users_never_met_it(result)
    assert NO_IMAGE_NAME in result.why
    assert result.figures["rolled_back_s"] < LONG_S / 2, "it waited for its deadline"
