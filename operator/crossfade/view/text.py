"""A view in words: rows for a screen, one line for a log."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import Any

from crossfade.api.conditions import ALSO
from crossfade.view import story, words
from crossfade.view.model import RolloutView

Row = tuple[str, str]

AWAITED = "Waiting"
LAST_LINE = "Last line"
LABEL_WIDTH = 10
NEWLINE = "\n"


def headline(view: RolloutView) -> str:
    """Say which Rollout, in which phase. Example: `shop in demo: Progressing (canary, release 2)`."""
    release = (
        view.release + 1 if view.coming else view.release
    )  # one that waits to begin has no number in the status yet
    facts = [view.strategy, f"release {release}" if release else ""]
    known = ", ".join(fact for fact in facts if fact)
    return f"{view.name} in {view.namespace}: {view.phase}" + (f" ({known})" if known else "")


def rows(view: RolloutView, now: datetime) -> list[Row]:
    """Give a label and its text for each thing that is known; `now` makes count-downs."""
    steps = [f"{step.command}   {step.purpose}" for step in view.next_steps]
    return [*facts(view, now), *(("or" if i else "Next", step) for i, step in enumerate(steps))]


def facts(view: RolloutView, now: datetime) -> list[Row]:
    """The same without what can be typed next."""
    first, second = words.sides(view)
    undoing = view.undoing
    found = [
        *_last_lines(view),
        ("Since", story.since(view, now)),
        ("Ended", story.ended(view, now)),
        ("Asked", story.asked(view, now)),
        ("Back", story.turned_back(view, now)),
        ("Paused", story.paused(view, now)),
        ("Restart", story.restarted(view, now)),
        ("Started", story.started(view, now)),
        ("Stage", words.stage(view.stage)),
        ("Weight", words.weight(view)),
        (first, words.side(view.stable, undoing.from_release if undoing else 0)),
        (second, words.side(view.candidate, undoing.to_release if undoing else 0)),
        ("To begin", words.to_begin(view)),
        ("Preview", words.preview(view.preview)),
        (AWAITED, words.wait(view.awaited, now)),
        *_to_do(view),
        ("Held", story.held(view, now)),
        *(("Bypassed", words.passed(each, now)) for each in view.bypasses),
        ("Downtime", story.down(view, now)),
        ("Failed", "" if undoing or view.why in view.message else view.why),
        *(("Warning", warning) for warning in view.warnings),
    ]
    return [(label, text) for label, text in found if text]


def _last_lines(view: RolloutView) -> Iterator[Row]:
    """What a container wrote last, the last line first: those below it were written before."""
    for i, said in enumerate(view.last_lines):
        yield "" if i else LAST_LINE, said


def _to_do(view: RolloutView) -> Iterator[Row]:
    yield from ((f"{i}.", step) for i, step in enumerate(view.to_do, start=1))


def paragraph(view: RolloutView, now: datetime) -> str:
    """Give all of it as aligned lines of plain text."""
    told = [f"  {sentence(view).replace(ALSO, f'{NEWLINE}  also ')}"] if sentence(view) else []
    return NEWLINE.join([headline(view), *told, *_aligned(rows(view, now))])


def details(view: RolloutView) -> list[str]:
    """Give the rows that one line has no room for: what a container wrote last, and the steps that somebody must take."""
    return _aligned([*_last_lines(view), *_to_do(view)])


def _aligned(table: list[Row]) -> list[str]:
    below = NEWLINE + " " * (LABEL_WIDTH + 3)
    return [f"  {label:<{LABEL_WIDTH}} {below.join(words.split(NEWLINE))}" for label, words in table]


def sentence(view: RolloutView) -> str:
    """Give the message, unless it only repeats the stage and what is awaited, which are told apart; an Undo's way stays."""
    repeats = view.stage and view.awaited and view.message.endswith(view.awaited.what)
    return _way(view) if repeats else view.message


def _way(view: RolloutView) -> str:
    """From where to where an Undo goes, and who asked: what stands before the stage in its message."""
    way, found, _ = view.message.partition("; stage ")
    return way if view.undoing and found else ""


def line(view: RolloutView) -> str:
    """Give one line that changes only when something changed, for logs and pipelines."""
    first, second = (name.lower() for name in words.sides(view))
    parts = [
        view.phase,
        f"stage {view.stage.number}/{view.stage.total} {view.stage.name}".rstrip() if view.stage else "",
        _weight(view),
        f"{first} {words.count(view.stable)}" if view.stable else "",
        f"{second} {words.count(view.candidate)}" if view.candidate else "",
        f"down since {view.down.since:%H:%M:%S} UTC" if view.down and view.down.since else "",
    ]
    waits = f"waits for {view.awaited.what}" if view.awaited else ""
    told = "; ".join(filter(None, (_way(view), waits))) if sentence(view) == _way(view) else sentence(view)
    return ", ".join(part for part in parts if part) + (f": {' '.join(told.split())}" if told else "")


def _weight(view: RolloutView) -> str:
    if view.weight is None or not words.has_weight(view):
        return ""
    real = "None" if view.real_weight is None else words.number(view.real_weight)
    return f"weight: wanted {words.number(view.weight)} %, now {real} %"


def jsonable(value: Any) -> Any:
    """Turn dataclasses into plain values with camelCase keys, times into RFC 3339."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {camel(name): jsonable(each) for name, each in fields.items()}
    if isinstance(value, list | tuple):
        return [jsonable(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def camel(name: str) -> str:
    """Give `real_weight` as `realWeight`; a trailing unit `_s` becomes `Seconds`."""
    first, *rest = name.split("_")
    return first + "".join("Seconds" if word == "s" else word.title() for word in rest)
