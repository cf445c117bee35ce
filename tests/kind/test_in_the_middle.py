"""Whatever comes in the middle of a release or of the day, users notice nothing.

An abort, a third version, a scaling, an eviction; a restart, an undo, a failure that waits for a person.
"""

from functools import partial

import pytest

from bench import analysis, manifests
from bench.load_pod import Rates
from bench.scenarios.abort import aborted
from bench.scenarios.crashes import evicted_while_baking
from bench.scenarios.scale import scaled_in_the_middle
from bench.scenarios.seen import Result
from bench.scenarios.superseding import superseded_at_half, superseded_while_baking
from kind.acting import frozen, restarted, undone
from kind.side_by_side import SideBySide, Story, Told, of

# Quiet: what is promised is 0 lost, and a starved kube-proxy would lose requests for everybody.
pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet]

REPLICAS = 4
SAMPLING = 3  # points: kube-proxy draws lots, and 1,000 requests miss by more than 5 in 3 of 1,000 runs
RATES = Rates(per_s=60, kept=2)
ABORTED = Story("an abort", partial(aborted, weight=75, rates=RATES, now=False))
HELD = Story(
    "v2 holds 75 %",
    partial(superseded_at_half, weight=75, then=manifests.strategy("bigBang"), rates=RATES),
)
BAKING = Story("v2 bakes", partial(superseded_while_baking, strategy="blueGreen", rates=RATES))
SCALED = Story("scaled", partial(scaled_in_the_middle, to=(8, 3), rates=Rates(per_s=200, kept=2)))
EVICTED = Story("a pod of v2 is evicted", partial(evicted_while_baking, strategy="blueGreen"))

RESTARTED, UNDONE, FROZEN = (Story(each.__name__, each) for each in (restarted, undone, frozen))


class TestTheMiddleOfARelease(SideBySide):
    @of(ABORTED, HELD, BAKING, SCALED, EVICTED, RESTARTED, UNDONE, FROZEN)
    def test_no_request_is_lost(self, told: Told) -> None:
        result: Result = told()
        assert result.lost == 0, result.figures

    @of(ABORTED, HELD)
    def test_a_healthy_candidate_serves_beside_stable_until_stable_has_enough_pods(self, told: Told) -> None:
        """Without a failure the ready pods behind the Service never fall below what is wanted."""
        assert told().figures["fewest"] >= REPLICAS

    @of(ABORTED)
    def test_an_abort_is_a_rollback_with_its_reason(self, told: Told) -> None:
        result: Result = told()
        assert result.happened == "RolledBack"
        assert "more errors in the checkout" in result.why
        assert result.new[-1].version == "v1"

    @of(HELD)
    def test_v3_applied_before_v2_is_done_replaces_it(self, told: Told) -> None:
        result: Result = told()
        assert result.happened == "Completed", result.why
        assert result.figures["v2_outcome"] == "Superseded"
        assert result.figures["v2_pods"] == 0
        assert result.figures["last"] == "v3"

    @of(BAKING)
    def test_v3_applied_while_v2_bakes_in_good_health_starts_from_v2(self, told: Told) -> None:
        result: Result = told()
        assert result.happened == "Completed", result.why
        assert result.figures["v2_outcome"] == "Completed"
        assert result.figures["v1_answers"] == 0
        assert result.figures["last"] == "v3"

    @of(SCALED)
    def test_scaling_a_canary_keeps_the_shares(self, told: Told) -> None:
        result: Result = told()
        assert result.happened == "Completed", result.why
        for replicas, old, new, share in result.figures["sizes"]:
            assert replicas <= old + new <= replicas + max(1, replicas // 4)
            assert 100 * new / (old + new) == pytest.approx(50, abs=5)
            assert share == pytest.approx(100 * new / (old + new), abs=5 + SAMPLING)

    @of(EVICTED)
    def test_an_evicted_pod_is_not_a_crash(self, told: Told) -> None:
        result: Result = told()
        assert result.happened == "Completed", result.why
        assert result.new[-1].version == "v2"

    @of(RESTARTED)
    def test_a_restart_replaces_all_pods_and_releases_nothing(self, told: Told) -> None:
        assert analysis.versions_in_order(told().new) == ["v1"]

    @of(UNDONE)
    def test_an_undo_skips_the_pause(self, told: Told) -> None:
        result: Result = told()
        assert analysis.versions_in_order(result.new) == ["v1", "v2"]
        assert result.new[-1].version == "v1"

    @of(FROZEN)
    def test_a_failure_freezes_until_a_person_decides(self, told: Told) -> None:
        assert analysis.versions_in_order(told().new) == ["v1"]
