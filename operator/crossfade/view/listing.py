"""All Rollouts of a namespace or a cluster, one line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossfade.view.ages import age
from crossfade.view.model import Outcome
from crossfade.view.plain import plain
from crossfade.view.read import rollout_view
from crossfade.view.times import time_of
from crossfade.view.words import number

Object = Mapping[str, Any]

TITLES = ("NAME", "STRATEGY", "PHASE", "STEP", "WEIGHT", "READY", "IMAGE", "SINCE", "MESSAGE")
GAP = "  "
LEAST_MESSAGE = 12
"""Columns that a message must have to be worth showing."""

GIVE_WAY = ("IMAGE", "STRATEGY", "STEP")
"""Left out where the terminal is narrow, the first one first, until a message has its room."""

MOST_OF_AN_IMAGE = 32


@dataclass(frozen=True)
class Listed:
    """One Rollout at a glance. `weight` is percent of the requests wanted on the candidate, None at rest."""

    namespace: str
    name: str
    strategy: str
    phase: str
    step: str
    weight: float | None
    ready: str
    image: str
    since: datetime | None
    message: str
    outcome: Outcome


def listing(rollouts: Iterable[Object]) -> list[Listed]:
    """Give them by namespace and name."""
    return sorted(map(_listed, rollouts), key=lambda each: (each.namespace, each.name))


def worst(rows: Iterable[Listed]) -> Outcome:
    """Give the outcome that asks most for somebody: failed, failing, a person's decision, under way, done."""
    order = (Outcome.FAILED, Outcome.FAILING, Outcome.NEEDS_PERSON, Outcome.UNDER_WAY, Outcome.DONE)
    found = {row.outcome for row in rows}
    return next((outcome for outcome in order if outcome in found), Outcome.DONE)


def table(rows: Sequence[Listed], now: datetime, *, namespaces: bool, width: int | None = None) -> list[str]:
    """Give a line of titles and one for each Rollout, cut to `width`; `namespaces` adds their column."""
    titles = ("NAMESPACE", *TITLES) if namespaces else TITLES
    cells: list[tuple[str, ...]] = [titles, *(_cells(row, now, namespaces=namespaces) for row in rows)]
    for title in GIVE_WAY:
        if width is not None and sum(_widths(cells)) + len(GAP) * (len(cells[0]) - 1) + LEAST_MESSAGE > width:
            cells = _without(cells[0].index(title), cells)
    return [_line(line, _widths(cells), width) for line in cells]


def _widths(cells: Sequence[Sequence[str]]) -> list[int]:
    """Give the width of each column but the last, which is the message."""
    return [max(len(line[i]) for line in cells) for i in range(len(cells[0]) - 1)]


def _without(column: int, cells: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    return [(*line[:column], *line[column + 1 :]) for line in cells]


def _listed(rollout: Object) -> Listed:
    view, status = rollout_view(rollout), rollout.get("status") or {}
    stable = view.stable or view.candidate
    return Listed(
        namespace=view.namespace,
        name=view.name,
        strategy=view.strategy,
        phase=view.phase,
        step=status.get("stage", ""),
        weight=view.weight if view.candidate else None,
        ready=status.get("ready", ""),
        image=plain(stable.image) if stable else "",
        since=time_of(status.get("since")),
        message=plain(view.message),
        outcome=view.outcome,
    )


def _cells(row: Listed, now: datetime, *, namespaces: bool) -> tuple[str, ...]:
    weight = "" if row.weight is None else f"{number(row.weight)}%"
    cells = (
        row.name,
        row.strategy,
        row.phase,
        row.step,
        weight,
        row.ready,
        _short(row.image),
        age(row.since, now),
        row.message,
    )
    told = tuple(cell or "-" for cell in cells[:-1])
    return (*((row.namespace,) if namespaces else ()), *told, row.message)


def _short(image: str) -> str:
    """Give an image without the registry that it comes from: what differs is at the end."""
    name = image.rpartition("/")[2]
    return name if len(name) <= MOST_OF_AN_IMAGE else f"…{name[1 - MOST_OF_AN_IMAGE :]}"


def _line(cells: Sequence[str], widths: Sequence[int], width: int | None) -> str:
    *first, message = cells
    head = GAP.join(cell.ljust(size) for cell, size in zip(first, widths, strict=True))
    left = len(message) if width is None else width - len(head) - len(GAP)
    if left < LEAST_MESSAGE and left < len(message):
        return _cut(head.rstrip(), width)
    return f"{head}{GAP}{_cut(message, left)}".rstrip()


def _cut(text: str, width: int | None) -> str:
    return text if width is None or len(text) <= width else f"{text[: max(width - 1, 0)]}…"
