"""What it costs to measure many Rollouts that stand in a step, beside what the step costs without: rows of a table. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from bench.scale import figures
from bench.scale.figures import Row
from bench.scale.readings import Reading

ASKED = "prometheus_http_requests_total"
ASKED_FOR = "/api/v1/query"
LEAST_ABORTS = 100
"""With fewer there is no 99th percentile but the slowest one."""
ABORT_P99 = "an abort until stable serves alone, p99, s"


@dataclass(frozen=True)
class Held:
    """A stretch of `seconds` in which all Rollouts stand in their step, and the aborts that came then, one after the other.

    `growth` and `source`: what the figures of the operator and of Prometheus did. `measured`: answers that were taken in;
    `due`: those that the intervals come to. `aborts_s`: seconds until requests went to stable alone. `restarts`: of the operator,
    from the update before to the last abort.
    """

    seconds: float
    growth: Reading
    source: Reading
    measured: int
    memory_bytes: float
    due: float = 0.0
    aborts_s: Sequence[float] = ()
    restarts: int = 0


@dataclass(frozen=True)
class Compared:
    """The same Rollouts, held by a person and held by what is measured of them. `load`: of the machine, at the end."""

    rollouts: int
    by_a_person: Held
    by_measuring: Held
    load: float


def rows(held: Held, rollouts: int) -> list[Row]:
    """Every figure of one stretch, always in the same order."""
    each = rollouts * held.seconds / 60
    growth, per_minute = held.growth, 60 / held.seconds
    wait_s = growth.quantile(figures.QUEUE_WAIT, 0.99)
    p99_s = percentile(held.aborts_s, 0.99)
    asked = held.source.total(ASKED, handler=ASKED_FOR)
    return [
        Row("measurements per Rollout and minute, and how many were due", _measured(held, each)),
        Row("requests to the source a minute", f"{asked * per_minute:.0f}"),
        Row("  of these not answered with 200", f"{asked - _good(held.source):.0f}"),
        Row("requests to the API server per Rollout and minute", f"{figures.requests(growth) / each:.2f}"),
        Row("  of these", figures.shares(growth.by_label(figures.REQUESTS, "method", "kind"), each)),
        Row("passes per Rollout and minute", figures.shares(growth.by_label(figures.PASSES, "result"), each)),
        Row("pass p50, p99", _both_ms(growth)),
        Row("queue wait p99, s", "" if math.isnan(wait_s) else f"{wait_s:.3f}"),
        Row("CPU seconds of the operator a minute", f"{growth.total(figures.CPU) * per_minute:.1f}"),
        Row("CPU seconds of Prometheus a minute", f"{held.source.total(figures.CPU) * per_minute:.1f}"),
        Row("memory of the operator at its highest, MB", f"{held.memory_bytes / 1e6:.0f}"),
        Row("restarts of the operator", f"{held.restarts}"),
        Row("aborts, one after the other", f"{len(held.aborts_s)}"),
        Row("an abort until stable serves alone, p50, s", f"{percentile(held.aborts_s, 0.5):.2f}"),
        Row(ABORT_P99, f"{p99_s:.2f}", p99_s, figures.ABORT_LIMIT_S, strict=True),
        Row("  the slowest of them, s", f"{max(held.aborts_s, default=math.nan):.2f}"),
    ]


def _measured(held: Held, each: float) -> str:
    return f"{held.measured / each:.2f}, {held.due / each:.2f}"


def _good(source: Reading) -> float:
    return source.total(ASKED, handler=ASKED_FOR, code="200")


def _both_ms(growth: Reading) -> str:
    half, most = (1000 * growth.quantile(figures.LATENCY, share) for share in (0.5, 0.99))
    return "" if math.isnan(half) else f"{half:.0f} ms, {most:.0f} ms"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed (nearest rank); NaN of none."""
    if not values:
        return math.nan
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


def missed(compared: Compared) -> list[str]:
    """A sentence for each target that was not reached."""
    stretches = {"held by a person": compared.by_a_person, "held by measuring": compared.by_measuring}
    told = [
        f"{where}: {row.figure.strip()}: {row.shown}, target {row.target}"
        for where, held in stretches.items()
        for row in rows(held, compared.rollouts)
        if row.missed
    ]
    few = min(len(held.aborts_s) for held in stretches.values())
    return [*told, *([f"only {few} aborts, target ≥ {LEAST_ABORTS}"] if few < LEAST_ABORTS else [])]


def table(compared: Compared) -> Table:
    """Both stretches side by side."""
    drawn = Table(
        title=f"{compared.rollouts} Rollouts, a canary at 50 % each, pods played by kwok, "
        f"load of the machine {compared.load:.1f}"
    )
    drawn.add_column("figure")
    drawn.add_column("held by a person", justify="right")
    drawn.add_column("measured every 10 s", justify="right")
    drawn.add_column("target", no_wrap=True)
    without, measured = (
        rows(held, compared.rollouts) for held in (compared.by_a_person, compared.by_measuring)
    )
    for one, other in zip(without, measured, strict=True):
        drawn.add_row(one.figure, figures.marked(one), figures.marked(other), one.target)
    return drawn
