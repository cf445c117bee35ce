"""What the demo shows: the shop live, and the table at the end."""

import time
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from bench import analysis
from bench.analysis import Record
from bench.kube import Object
from bench.scenarios.seen import Result
from bench.scenarios.shop import Shop

COLOURS = {"v1": "blue", "v2": "green", "v3": "magenta"}
PHASES = {
    "Healthy": "green",
    "RolledBack": "red",
    "RollingBack": "red",
    "Degraded": "red",
    "Paused": "yellow",
}
BAR_WIDTH = 40
SHARES_OVER_S = 2.0
LATEST_AFTER_START_S = 10.0
"""Records arrive when a request ends, so one that timed out stands behind many that started later."""

Pods = list[tuple[str, int, int]]


@dataclass(frozen=True)
class Picture:
    """One moment of a release, `at_s` seconds after it was applied.

    `pods` is (side with image, ready, existing); `shares` is percent of the good answers of the last seconds; `judged` is what the
    judge says of the counts so far.
    """

    at_s: float
    phase: str
    stage: str
    told: str
    pods: Pods
    shares: dict[str, float]
    requests: int
    lost: int
    judged: str = ""


def picture(shop: Shop, since: float) -> Picture:
    """What is to be seen now of the release that was applied at unix time `since`."""
    assert shop.load
    status = shop.status or {"phase": "Applied", "message": "waits for the operator to see it"}
    recent = [record for record in shop.load.recent(SHARES_OVER_S) if not record.lost]
    requests = new_since(shop.load.arrived, since)
    return Picture(
        at_s=time.time() - since,
        phase=status.get("phase", ""),
        stage=stage_of(status, by_route=shop.route is not None),
        told=told_by(status),
        pods=pods_of(status),
        shares={each: analysis.share(recent, each) for each in sorted({record.version for record in recent})},
        requests=len(requests),
        lost=len(analysis.lost(requests)),
        judged=judged_by(status),
    )


def new_since(records: list[Record], since: float) -> list[Record]:
    """The requests on new connections since a moment; only the end of a long record is looked at."""
    found = []
    for record in reversed(records):
        if record.at < since - LATEST_AFTER_START_S:
            break
        if record.kind == "n" and record.at >= since:
            found.append(record)
    return found


def stage_of(status: Object, *, by_route: bool = False) -> str:
    """Which stage, and the shares wanted and real; empty when nothing is under way."""
    if not status.get("stage"):
        return ""
    if by_route:
        return f"stage {status['stage']}: {status.get('weight', 0):g} % by the route"
    return f"stage {status['stage']}: {status.get('weight', 0)} % wanted, {status.get('realWeight', 0)} % by ready pods"


def told_by(status: Object) -> str:
    """What is awaited, or else the message."""
    awaited = status.get("progress", {}).get("waitingFor")
    return f"waits for {awaited}" if awaited else str(status.get("message", ""))


def judged_by(status: Object) -> str:
    """What has been measured of the release, in the judge's words; empty before its first window."""
    said = (each.get("message", "") for each in status.get("measurements", ()) if each.get("windows"))
    return next(filter(None, said), "")


def pods_of(status: Object) -> Pods:
    """The pods of both sides, as far as there are two."""
    found = [(name, status[name]) for name in ("stable", "candidate") if status.get(name)]
    return [
        (f"{name} {each.get('image', '').rpartition(':')[2]}", each.get("ready", 0), each.get("replicas", 0))
        for name, each in found
    ]


def drawn(seen: Picture, versions: tuple[str, ...]) -> Group:
    """A moment on the screen; `versions` always have a bar, so that the rows stay where they are."""
    head = Text.assemble(
        (f"{seen.at_s:6.1f} s  ", "dim"),
        (seen.phase, f"bold {PHASES.get(seen.phase, 'cyan')}"),
        f"  {seen.stage}",
    )
    bars = [bar(version, seen.shares.get(version, 0.0)) for version in sorted({*versions, *seen.shares})]
    losses = Text.assemble(
        f"requests {seen.requests:,}   lost ", (f"{seen.lost:,}", "bold red" if seen.lost else "bold green")
    )
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", justify="right", width=10)
    rows.add_column()
    rows.add_row("now", Text(seen.told))
    rows.add_row(
        "pods", Text("     ".join(f"{side} {ready}/{all_} ready" for side, ready, all_ in seen.pods))
    )
    for label, each in zip([f"last {SHARES_OVER_S:.0f} s", *[""] * len(bars)], bars, strict=False):
        rows.add_row(label, each)
    rows.add_row("so far", losses)
    if seen.judged:
        rows.add_row("judged", Text(seen.judged))
    return Group(head, rows)


def bar(version: str, share: float) -> Text:
    """One version's share of the answers as a bar."""
    full = round(share * BAR_WIDTH / 100)
    return Text.assemble(
        f"{version} ",
        ("█" * full, COLOURS.get(version, "")),
        ("·" * (BAR_WIDTH - full), "dim"),
        f" {share:3.0f} %",
    )


def line(seen: Picture) -> str:
    """The same as one line, for where there is no terminal."""
    shares = ", ".join(f"{version} {share:.0f} %" for version, share in seen.shares.items()) or "none"
    pods = ", ".join(f"{side} {ready}/{all_}" for side, ready, all_ in seen.pods)
    words = [seen.phase, seen.stage, pods, f"answers: {shares}", f"lost {seen.lost}", seen.judged]
    return f"{seen.at_s:5.1f} s  " + "; ".join(word for word in words if word)


def changes_of(seen: Picture) -> tuple[Any, ...]:
    """What makes a new line worth printing; shares wobble all the time."""
    return seen.phase, seen.stage, tuple(seen.pods), seen.lost > 0


def table(results: list[Result]) -> Table:
    """What became of each release."""
    rows = Table(title="What the shop's users met: 200 new connections a second", box=box.SIMPLE_HEAD)
    for column in ("strategy", "release"):
        rows.add_column(column, no_wrap=True)
    for column in ("requests", "lost", "seconds"):
        rows.add_column(column, no_wrap=True, justify="right")
    rows.add_column("what happened and why", overflow="fold")
    for each in results:
        lost = Text(str(each.lost), style="bold red" if each.lost else "bold green")
        happened = Text(f"{each.happened}: {each.why}".strip(": "))
        rows.add_row(
            each.figures["strategy"],
            each.scenario,
            f"{each.requests:,}",
            lost,
            f"{each.seconds:.1f}",
            happened,
        )
    return rows
