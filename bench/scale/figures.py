"""What was measured, against which target, as rows of a table. Pure."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from bench.scale.readings import Reading, grown

REQUESTS = "crossfade_api_requests_total"
WRITES = "crossfade_writes_total"
PASSES = "crossfade_reconciles_total"
LATENCY = "crossfade_reconcile_seconds"
QUEUE_WAIT = "crossfade_queue_wait_seconds"
QUEUED = "crossfade_queue_depth"
RUNNING = "crossfade_passes_running"
PHASES = "crossfade_rollouts"
CPU = "process_cpu_seconds_total"
MEMORY = "process_resident_memory_bytes"

ABORTS = 5
ABORT = f"in the middle of a wave: slowest of {ABORTS} aborts, s until stable serves alone"
LEASE = "Lease"
"""The kind that is renewed once a second, whatever happens, and not counted."""
READ_METHOD = "GET"
RELOADS = "traefik_config_reloads_total"

CREATE_LIMIT = 8
UPDATE_LIMIT = 20
ROUTED_UPDATE_LIMIT = 40
"""Through a route each weight is a write of the route, and a status that says what it is waited for."""
QUEUE_LIMIT_S = 1.0
ABORT_LIMIT_S = 2.0
MEMORY_LIMIT_MB = 160
MEMORY_LIMIT_UP_TO = 500
"""Rollouts that the limit on memory is meant for."""
GROWTH_LIMIT = 1.2
"""Costs of one Rollout among many, as a multiple of those among few, that still count as linear growth."""


@dataclass(frozen=True)
class Stretch:
    """One measured stretch of time: how long until all Rollouts were there, and what the operator's figures did.

    `seconds` ends when the last Rollout was Healthy; `growth` ends when the operator had come to rest.
    """

    seconds: float
    growth: Reading


@dataclass(frozen=True)
class Restart:
    """Seconds from the start of the pods until the first pass, until all Rollouts were looked at, and writes then."""

    first_pass_s: float
    all_seen_s: float
    writes: float


@dataclass(frozen=True, kw_only=True)
class Changes:
    """All of `rollouts` Rollouts made, updated and at rest; `per_second` are changed a second, infinite: all at once.

    `memory_bytes`: of the leader, at its highest.
    """

    rollouts: int
    per_second: float
    created: Stretch
    updated: Stretch
    rested: Stretch
    memory_bytes: float
    router: Mapping[str, Reading] | None = None
    """Its figures `without`, once all are `created`, `updated` and `at rest`; None: there are no routes."""

    @property
    def name(self) -> str:
        """How many, and how fast they are changed."""
        pace = "all at once" if math.isinf(self.per_second) else f"{self.per_second:g} a second"
        return f"{self.rollouts} Rollouts{' with routes' if self.router else ''}, {pace}"


@dataclass(frozen=True, kw_only=True)
class Measured(Changes):
    """The same, then a restart, and aborts in the middle of one more wave."""

    abort_s: float
    restart: Restart


@dataclass(frozen=True)
class Row:
    """One figure: `value` where there is a `limit` (`strict`: it must stay below it), else only what is `shown`."""

    figure: str
    shown: str
    value: float = math.nan
    limit: float = math.nan
    strict: bool = False

    @property
    def target(self) -> str:
        """The target in words; empty where there is none."""
        return "" if math.isnan(self.limit) else f"{'<' if self.strict else '≤'} {self.limit:g}"

    @property
    def missed(self) -> bool:
        """Whether there is a target and it was not reached; a figure that is not there reaches none."""
        if math.isnan(self.limit):
            return False
        return not (self.value < self.limit if self.strict else self.value <= self.limit)


def requests(growth: Reading) -> float:
    """All requests to the API server but those for the Lease."""
    return growth.total(REQUESTS) - growth.total(REQUESTS, kind=LEASE)


def writes(growth: Reading) -> float:
    """The requests that may have changed something, the Lease left out."""
    reads = growth.total(REQUESTS, method=READ_METHOD)
    return requests(growth) - (reads - growth.total(REQUESTS, method=READ_METHOD, kind=LEASE))


def rows(measured: Measured) -> list[Row]:
    """Every figure of one run, always in the same order."""
    memory_mb = measured.memory_bytes / 1e6
    limit_mb = MEMORY_LIMIT_MB if measured.rollouts <= MEMORY_LIMIT_UP_TO else math.nan
    return [
        *_of_change("create", measured.created, measured.rollouts, CREATE_LIMIT),
        *_of_change(
            "update",
            measured.updated,
            measured.rollouts,
            ROUTED_UPDATE_LIMIT if measured.router else UPDATE_LIMIT,
        ),
        *_of_rest(measured.rested),
        Row(
            ABORT,
            f"{measured.abort_s:.2f}",
            measured.abort_s,
            ABORT_LIMIT_S,
            strict=True,
        ),
        *_of_restart(measured.restart),
        Row("memory of the leader at its highest, MB", f"{memory_mb:.0f}", memory_mb, limit_mb),
        *(_of_router(measured.router) if measured.router else ()),
    ]


def _of_change(what: str, stretch: Stretch, rollouts: int, limit: float) -> list[Row]:
    growth, each = stretch.growth, requests(stretch.growth) / rollouts
    wait_s = growth.quantile(QUEUE_WAIT, 0.99)
    return [
        Row(f"{what}: seconds until all are Healthy", f"{stretch.seconds:.1f}"),
        Row(f"{what}: requests per Rollout", f"{each:.1f}", each, limit),
        Row("  of these", shares(growth.by_label(REQUESTS, "method", "kind"), rollouts)),
        Row("  writes in passes", shares(growth.by_label(WRITES, "verb", "kind"), rollouts)),
        Row(f"{what}: passes per Rollout", shares(growth.by_label(PASSES, "result"), rollouts)),
        Row(f"{what}: pass p50, p99", f"{_ms(growth, LATENCY, 0.5)}, {_ms(growth, LATENCY, 0.99)}"),
        Row(f"{what}: queue wait p99, s", f"{wait_s:.3f}", wait_s, QUEUE_LIMIT_S, strict=True),
        Row(f"{what}: CPU ms per Rollout", f"{1000 * growth.total(CPU) / rollouts:.0f}"),
    ]


def _of_rest(stretch: Stretch) -> list[Row]:
    growth, minutes = stretch.growth, stretch.seconds / 60
    written = writes(growth)
    return [
        Row(f"at rest for {stretch.seconds:.0f} s: writes", f"{written:.0f}", written, 0),
        Row("at rest: requests a minute, the Lease left out", f"{requests(growth) / minutes:.1f}"),
        Row("at rest: CPU ms a minute", f"{1000 * growth.total(CPU) / minutes:.0f}"),
    ]


def _of_restart(restart: Restart) -> list[Row]:
    return [
        Row("restart: seconds until the first decision", f"{restart.first_pass_s:.1f}"),
        Row("restart: seconds until every Rollout was looked at", f"{restart.all_seen_s:.1f}"),
        Row("restart: writes", f"{restart.writes:.0f}", restart.writes, 0),
    ]


def _of_router(told: Mapping[str, Reading]) -> list[Row]:
    """What each stretch cost it; the reading before is the one that stands before in `told`."""
    stretches = [
        (what, grown(before, after)) for (_, before), (what, after) in itertools.pairwise(told.items())
    ]
    cost = ", ".join(f"{what} {g.total(CPU):.1f}" for what, g in stretches)
    reloads = ", ".join(f"{what} {g.total(RELOADS):.0f}" for what, g in stretches)
    memory = ", ".join(f"{what} {reading.total(MEMORY) / 1e6:.0f}" for what, reading in told.items())
    return [
        Row("router: CPU seconds until", cost),
        Row("router: configurations taken until", reloads),
        Row("router: memory, MB", memory),
    ]


def shares(sums: dict[tuple[str, ...], float], rollouts: float) -> str:
    """`Status Rollout 3.0, Create Release 1.0`: per Rollout, the largest first."""
    kept = {place: value for place, value in sums.items() if place[-1] != LEASE and value}
    ordered = sorted(kept.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{' '.join(place)} {value / rollouts:.2f}" for place, value in ordered)


def _ms(growth: Reading, histogram: str, share: float) -> str:
    return f"{1000 * growth.quantile(histogram, share):.0f} ms"


def growth_rows(runs: Sequence[Measured]) -> list[Row]:
    """How the costs of one Rollout changed from the smallest run to the largest; nothing for a single run."""
    few, many = runs[0], runs[-1]
    if few.rollouts == many.rollouts:
        return []
    compared = {
        "create: requests": (requests(few.created.growth), requests(many.created.growth)),
        "update: requests": (requests(few.updated.growth), requests(many.updated.growth)),
        "update: CPU": (few.updated.growth.total(CPU), many.updated.growth.total(CPU)),
    }
    made = []
    for what, (little, much) in compared.items():
        ratio = (much / many.rollouts) / (little / few.rollouts)
        figure = f"{what} of one Rollout among {many.rollouts}, as a multiple of among {few.rollouts}"
        made.append(Row(figure, f"{ratio:.2f}", ratio, GROWTH_LIMIT))
    return made


def missed(runs: Sequence[Measured]) -> list[str]:
    """A sentence for each target that was not reached."""
    by_run = [(f"{run.name}: ", row) for run in runs for row in rows(run)]
    return [
        f"{where}{row.figure.strip()}: {row.shown}, target {row.target}"
        for where, row in (*by_run, *(("", row) for row in growth_rows(runs)))
        if row.missed
    ]


def table(runs: Sequence[Measured]) -> Table:
    """Every figure of every run beside its target."""
    drawn = Table(title="Crossfade with many Rollouts: canary with two steps, pods played by kwok")
    drawn.add_column("figure")
    for run in runs:
        drawn.add_column(run.name, justify="right")
    drawn.add_column("target", no_wrap=True)
    for line in zip(*(rows(run) for run in runs), strict=True):
        drawn.add_row(line[0].figure, *(marked(row) for row in line), line[0].target)
    for row in growth_rows(runs):
        drawn.add_row(row.figure, *([""] * (len(runs) - 1)), marked(row), row.target)
    return drawn


def marked(row: Row) -> str:
    """What is shown, and whether it misses its target."""
    return f"[bold red]{row.shown} MISSED[/]" if row.missed else row.shown
