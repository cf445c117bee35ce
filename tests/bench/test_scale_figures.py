"""Which figures a run has, which targets they meet, and how the table says so."""

import math
from dataclasses import replace

from rich.console import Console

from bench.scale import figures
from bench.scale.figures import Measured, Restart, Row, Stretch
from bench.scale.readings import Reading


def growth(
    *, get: float = 0, patch: float = 0, put: float = 0, wait_s: float = 0.1, cpu_s: float = 1
) -> Reading:
    """What the operator's figures did: requests by method, all waits in the bucket below `wait_s`."""
    sent = {("GET", "Pod"): get, ("PATCH", "Rollout"): patch, ("PUT", "Lease"): put, ("GET", "Lease"): put}
    samples = {
        (figures.REQUESTS, frozenset({("method", method), ("kind", kind), ("code", "200")})): count
        for (method, kind), count in sent.items()
    }
    samples |= {
        (figures.WRITES, frozenset({("verb", "Status"), ("kind", "Rollout")})): patch,
        (figures.PASSES, frozenset({("result", "success")})): 10.0,
        (figures.CPU, frozenset()): cpu_s,
        (f"{figures.QUEUE_WAIT}_bucket", frozenset({("le", str(wait_s))})): 10.0,
        (f"{figures.QUEUE_WAIT}_bucket", frozenset({("le", "+Inf")})): 10.0,
        (f"{figures.LATENCY}_bucket", frozenset({("le", "0.1")})): 10.0,
        (f"{figures.LATENCY}_bucket", frozenset({("le", "+Inf")})): 10.0,
    }
    return Reading(samples, {})


def run(rollouts: int = 10, **changes: object) -> Measured:
    """A run that meets every target."""
    within = Measured(
        rollouts=rollouts,
        per_second=2.0,
        created=Stretch(12.0, growth(get=10, patch=70, put=99)),
        updated=Stretch(30.0, growth(get=50, patch=150, put=99)),
        rested=Stretch(120.0, growth(get=6, put=120)),
        abort_s=1.2,
        restart=Restart(1.0, 2.0, 0.0),
        memory_bytes=120e6,
    )
    return replace(within, **changes)  # type: ignore[arg-type]


def shown(*runs: Measured) -> str:
    console = Console(width=160, record=True, force_terminal=False)
    console.print(figures.table(runs))
    return console.export_text()


def test_a_run_within_all_targets_misses_none() -> None:
    assert figures.missed([run()]) == []
    assert "MISSED" not in shown(run())


def test_a_run_is_named_by_its_rollouts_and_their_pace() -> None:
    assert run().name == "10 Rollouts, 2 a second"
    assert run(per_second=math.inf).name == "10 Rollouts, all at once"


def test_requests_are_counted_without_the_lease() -> None:
    assert figures.requests(growth(get=1, patch=2, put=99)) == 3
    assert figures.writes(growth(get=1, patch=2, put=99)) == 2


def test_each_target_that_is_missed_is_named_with_its_figure() -> None:
    bad = run(
        created=Stretch(12.0, growth(get=10, patch=71)),
        updated=Stretch(30.0, growth(patch=201, wait_s=2.5)),
        rested=Stretch(120.0, growth(patch=1)),
        abort_s=2.1,
        restart=Restart(1.0, 2.0, 3.0),
        memory_bytes=161e6,
    )
    assert figures.missed([bad]) == [
        "10 Rollouts, 2 a second: create: requests per Rollout: 8.1, target ≤ 8",
        "10 Rollouts, 2 a second: update: requests per Rollout: 20.1, target ≤ 20",
        "10 Rollouts, 2 a second: update: queue wait p99, s: 2.475, target < 1",
        "10 Rollouts, 2 a second: at rest for 120 s: writes: 1, target ≤ 0",
        f"10 Rollouts, 2 a second: {figures.ABORT}: 2.10, target < 2",
        "10 Rollouts, 2 a second: restart: writes: 3, target ≤ 0",
        "10 Rollouts, 2 a second: memory of the leader at its highest, MB: 161, target ≤ 160",
    ]


def test_the_table_marks_what_is_missed() -> None:
    text = shown(run(memory_bytes=161e6))
    assert "161 MISSED" in text
    assert text.count("MISSED") == 1


def test_the_table_tells_requests_by_method_and_kind_per_rollout() -> None:
    text = shown(run())
    assert "PATCH Rollout 7.00, GET Pod 1.00" in text
    assert "Status Rollout 15.00" in text
    assert "PUT" not in text


def test_a_figure_that_was_not_measured_reaches_no_target() -> None:
    assert Row("wait", "nan", math.nan, 1.0).missed
    assert not Row("wait", "nan").missed


def test_a_value_at_the_limit_reaches_it_unless_it_must_stay_below() -> None:
    assert not Row("requests", "8", 8, 8).missed
    assert Row("wait", "1", 1, 1, strict=True).missed


def test_memory_has_a_target_for_up_to_500_rollouts_only() -> None:
    many = run(1000, memory_bytes=400e6)
    assert all("memory" not in sentence for sentence in figures.missed([many]))


def test_runs_of_two_sizes_show_whether_costs_grow_linearly() -> None:
    few, many = run(10), run(20)
    doubled = replace(
        many,
        created=Stretch(24.0, growth(get=20, patch=140)),
        updated=Stretch(60.0, growth(get=100, patch=300, cpu_s=3)),
    )
    rows = figures.growth_rows([few, doubled])
    assert [row.shown for row in rows] == ["1.00", "1.00", "1.50"]
    assert [row.missed for row in rows] == [False, False, True]
    assert "1.50 MISSED" in shown(few, doubled)
    assert figures.growth_rows([few]) == []


def test_what_routes_cost_the_router_is_told_for_each_stretch() -> None:
    def reading(cpu_s: float, reloads: float, memory: float) -> Reading:
        counted = {(figures.CPU, frozenset[tuple[str, str]]()): cpu_s}
        counted |= {(figures.RELOADS, frozenset[tuple[str, str]]()): reloads}
        return Reading(counted, {(figures.MEMORY, frozenset()): memory})

    router = {
        "without": reading(1, 10, 100e6),
        "created": reading(4, 30, 150e6),
        "at rest": reading(5, 30, 140e6),
    }
    text = shown(run(router=router))
    assert "10 Rollouts with routes" in text
    assert "created 3.0, at rest 1.0" in text
    assert "created 20, at rest 0" in text
    assert "without 100, created 150, at rest 140" in text
    assert "router" not in shown(run())


def test_a_release_through_a_route_may_cost_more() -> None:
    dear = Stretch(30.0, growth(patch=10 * figures.ROUTED_UPDATE_LIMIT))
    assert figures.missed([run(updated=dear)]) != []
    assert figures.missed([run(updated=dear, router={"without": growth()})]) == []
