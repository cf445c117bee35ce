"""What is read from the operator's metrics, and what two readings tell."""

import math

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bench.scale.readings import Reading, RestartedError, grown, parsed

TEXT = """\
# TYPE crossfade_api_requests counter
crossfade_api_requests_total{method="GET",code="200"} 3.0
crossfade_api_requests_total{method="GET",code="404"} 1.0
crossfade_api_requests_total{method="PATCH",code="200"} 5.0
# TYPE crossfade_queue_depth gauge
crossfade_queue_depth 2.0
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1000.0
"""


class Process:
    """A process whose figures can be moved and read, as the operator's are."""

    def __init__(self, started: float = 1000.0) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("requests", "Requests.", ["method"], registry=self.registry)
        self.waits = Histogram("wait_seconds", "Waits.", buckets=(0.1, 0.5, 1), registry=self.registry)
        self.depth = Gauge("depth", "Depth.", registry=self.registry)
        Gauge("process_start_time_seconds", "Start.", registry=self.registry).set(started)

    def read(self) -> Reading:
        return parsed(generate_latest(self.registry).decode())


def test_a_total_is_the_sum_over_the_labels_that_are_not_asked_for() -> None:
    reading = parsed(TEXT)
    assert reading.total("crossfade_api_requests_total") == 9
    assert reading.total("crossfade_api_requests_total", method="GET") == 4
    assert reading.total("crossfade_api_requests_total", method="GET", code="404") == 1
    assert reading.total("crossfade_queue_depth") == 2
    assert reading.total("crossfade_api_requests_total", method="PUT") == 0


def test_sums_are_told_apart_by_the_labels_that_are_asked_for() -> None:
    reading = parsed(TEXT)
    assert reading.by_label("crossfade_api_requests_total", "method") == {("GET",): 4, ("PATCH",): 5}
    assert reading.by_label("crossfade_api_requests_total", "kind") == {("",): 9}


def test_what_grew_is_the_difference_and_what_stands_is_the_last_value() -> None:
    process = Process()
    process.requests.labels("GET").inc(7)
    process.depth.set(9)
    before = process.read()
    process.requests.labels("GET").inc(2)
    process.requests.labels("POST").inc(3)  # a series that was not there before
    process.depth.set(4)
    growth = grown(before, process.read())
    assert growth.total("requests_total", method="GET") == 2
    assert growth.total("requests_total", method="POST") == 3
    assert growth.total("depth") == 4


def test_readings_of_two_processes_are_not_compared() -> None:
    with pytest.raises(RestartedError, match="restarted"):
        grown(Process(started=1000.0).read(), Process(started=1001.0).read())


def test_a_quantile_lies_within_the_bucket_that_holds_it() -> None:
    process = Process()
    for _ in range(8):
        process.waits.observe(0.3)
    for _ in range(2):
        process.waits.observe(0.7)
    reading = process.read()
    assert reading.quantile("wait_seconds", 0.5) == pytest.approx(0.1 + 0.4 * 5 / 8)
    assert reading.quantile("wait_seconds", 0.8) == pytest.approx(0.5)
    assert reading.quantile("wait_seconds", 0.9) == pytest.approx(0.75)


def test_a_quantile_counts_only_what_was_observed_since() -> None:
    process = Process()
    for _ in range(1000):
        process.waits.observe(0.01)
    before = process.read()
    process.waits.observe(0.9)
    assert grown(before, process.read()).quantile("wait_seconds", 0.5) > 0.5


def test_a_quantile_above_the_last_bound_is_infinite_and_one_of_nothing_is_no_number() -> None:
    process = Process()
    assert math.isnan(process.read().quantile("wait_seconds", 0.99))
    process.waits.observe(20)
    assert math.isinf(process.read().quantile("wait_seconds", 0.99))
    assert math.isnan(process.read().quantile("absent", 0.99))
