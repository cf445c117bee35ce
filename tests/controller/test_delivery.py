"""The delivery figures as metrics: of the Rollouts that there are, in base units, and nothing where nothing is known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from controller.fakes import Raw, child, rollout
from crossfade.controller.delivery import GAUGES, Delivery
from crossfade.controller.store import Store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY_S = 24 * 3600


def release(number: int, *, ago: float, took_s: float = 60, outcome: str = "Completed", **parts: Any) -> Raw:
    """Release `number` of the Rollout `shop`, each with a revision of its own; it began `ago` days ago."""
    began = NOW - timedelta(days=ago)
    judged, ended = began + timedelta(seconds=10), began + timedelta(seconds=took_s)
    back = [{"at": judged.isoformat(), "note": "back: CandidateCrashed"}] if outcome == "RolledBack" else []
    spec = {"rollout": "shop", "number": number, "revision": f"r{number}"}
    if number > 1:
        spec["fromRevision"] = f"r{number - 1}"
    times = {"startedAt": began.isoformat(), "endedAt": ended.isoformat()}
    return child(f"shop-{number}", spec=spec, status={"outcome": outcome, "timeline": back, **times}, **parts)


class Bench:
    """A store, and what Prometheus reads of it."""

    def __init__(self) -> None:
        self.store, self.registry = Store(), CollectorRegistry()
        self.registry.register(Delivery(self.store, lambda: NOW))
        self.store.put("Rollout", rollout())

    def have(self, *releases: Raw) -> None:
        for one in releases:
            self.store.put("Release", one)

    def values(self) -> dict[str, float]:
        """What is told of the Rollout `shop`, by metric, without the common beginning of the names."""
        return {
            sample.name.removeprefix("crossfade_delivery_"): sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.labels == {"namespace": "ns", "rollout": "shop"}
        }


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_four_figures_and_what_they_rest_on_are_told_in_seconds_and_shares(bench: Bench) -> None:
    bench.have(
        release(1, ago=10),
        release(2, ago=8, took_s=100),
        release(3, ago=6, took_s=200),
        release(4, ago=4, took_s=40, outcome="RolledBack"),
        release(5, ago=3, took_s=300),
        release(6, ago=2, took_s=400),
    )
    assert bench.values() == {
        "observed_seconds": 10 * DAY_S,
        "deployments": 4,
        "deployments_per_day": pytest.approx(0.4),
        "lead_time_seconds": 250,
        "changes": 5,
        "failed_changes": 1,
        "change_failure_ratio": pytest.approx(0.2),
        "restore_seconds": 30,
    }


def test_what_cannot_be_told_yet_has_no_series(bench: Bench) -> None:
    assert bench.values() == {}
    bench.have(release(1, ago=0.5))
    assert bench.values() == {
        "observed_seconds": DAY_S / 2,
        "deployments": 0,
        "changes": 0,
        "failed_changes": 0,
    }


def test_nothing_older_than_thirty_days_counts(bench: Bench) -> None:
    bench.have(release(1, ago=60), release(2, ago=40), release(3, ago=20))
    assert bench.values()["observed_seconds"] == 30 * DAY_S
    assert bench.values()["deployments"] == 1


def test_releases_of_an_earlier_rollout_of_the_same_name_do_not_count(bench: Bench) -> None:
    bench.have(release(1, ago=5, owners=["uid-of-an-earlier-one"]), release(2, ago=4))
    assert bench.values()["observed_seconds"] == 4 * DAY_S


def test_a_rollout_that_is_gone_has_no_series_any_more(bench: Bench) -> None:
    bench.have(release(1, ago=5), release(2, ago=4))
    assert bench.values()
    bench.store.remove("Rollout", "ns", "shop", "uid-shop")
    assert bench.values() == {}


def test_each_rollout_adds_one_series_to_each_metric_and_no_other_label(bench: Bench) -> None:
    bench.have(
        *(
            release(number, ago=20 - number, outcome=outcome)
            for number, outcome in enumerate(
                ["Completed", "Completed", "RolledBack", "Completed", "Completed", "Completed", "Completed"],
                start=1,
            )
        )
    )
    families = list(bench.registry.collect())
    assert [family.name for family in families] == list(GAUGES)
    assert [len(family.samples) for family in families] == [1] * len(GAUGES)
    assert {tuple(sample.labels) for family in families for sample in family.samples} == {
        ("namespace", "rollout")
    }
