"""Amounts of CPU and memory, and what a pod asks for."""

from decimal import Decimal
from typing import Any

import pytest

from crossfade.view.quantity import parse_quantity, pod_requests, show_cpu, show_memory


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("250m", Decimal("0.25")),
        ("2", Decimal(2)),
        (2, Decimal(2)),
        (0.5, Decimal("0.5")),
        ("64Mi", Decimal(64 * 2**20)),
        ("1.5Gi", Decimal(3 * 2**29)),
        ("100M", Decimal(10**8)),
        ("1e3", Decimal(1000)),
        ("1E", Decimal(10**18)),
        ("100k", Decimal(100_000)),
    ],
)
def test_amounts_are_read_as_kubernetes_reads_them(text: str, amount: Decimal) -> None:
    assert parse_quantity(text) == amount


@pytest.mark.parametrize("text", ["", "64MB", "many", "1.2.3", "5 Mi", "64mi"])
def test_what_is_no_amount_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write for example 250m"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("amount", "shown"), [("0.05", "50m"), ("0.6", "600m"), ("1", "1"), ("10", "10"), ("1.5", "1.5")]
)
def test_cores_are_shown_short(amount: str, shown: str) -> None:
    assert show_cpu(Decimal(amount)) == shown


@pytest.mark.parametrize(
    ("amount", "shown"), [("120Mi", "120Mi"), ("1536Mi", "1.5Gi"), ("100", "100"), ("10Gi", "10Gi")]
)
def test_memory_is_shown_in_the_largest_unit_that_fits(amount: str, shown: str) -> None:
    assert show_memory(parse_quantity(amount)) == shown


def asking(cpu: str, **more: Any) -> dict[str, Any]:
    return {"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu}}, **more}


@pytest.mark.parametrize(
    ("spec", "cores"),
    [
        ({"containers": [asking("100m"), asking("200m")]}, "0.3"),
        ({"containers": [asking("100m"), {"name": "quiet"}]}, "0.1"),
        ({"containers": [asking("100m")], "initContainers": [asking("500m"), asking("300m")]}, "0.5"),
        ({"containers": [asking("100m")], "initContainers": [asking("50m", restartPolicy="Always")]}, "0.15"),
        (
            {
                "containers": [asking("100m")],
                "initContainers": [asking("50m", restartPolicy="Always"), asking("400m")],
            },
            "0.45",
        ),
        ({"containers": [{"name": "c", "resources": {"limits": {"cpu": "1"}}}]}, "1"),
        ({"containers": [asking("100m")], "resources": {"requests": {"cpu": "2"}}}, "2"),
        ({"containers": [asking("100m")], "overhead": {"cpu": "50m"}}, "0.15"),
    ],
    ids=[
        "containers together",
        "one that asks for nothing",
        "the hungriest init container",
        "a sidecar runs beside the containers",
        "an init container runs beside earlier sidecars",
        "a limit counts as a request",
        "the pod as a whole goes first",
        "overhead on top",
    ],
)
def test_a_pod_asks_for_what_the_scheduler_reserves(spec: dict[str, Any], cores: str) -> None:
    assert pod_requests({"spec": spec}).cpu == Decimal(cores)


def test_a_pod_that_asks_for_nothing_is_not_a_pod_that_asks_for_zero() -> None:
    asked = pod_requests({"spec": {"containers": [asking("0")]}})
    assert (asked.cpu, asked.memory) == (Decimal(0), None)
    assert asked.times(3).memory is None
