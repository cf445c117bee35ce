"""A view in words: rows for a screen, one line for a log."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from enum import Enum
from typing import Any

from crossfade.view.model import Place, RolloutView, SideView, Wait

Row = tuple[str, str]


def headline(view: RolloutView) -> str:
    """Say which Rollout, in which phase. Example: `shop in demo: Progressing (canary, release 2)`."""
    facts = [view.strategy, f"release {view.release}" if view.release else ""]
    known = ", ".join(fact for fact in facts if fact)
    return f"{view.name} in {view.namespace}: {view.phase}" + (f" ({known})" if known else "")


def rows(view: RolloutView, now: datetime) -> list[Row]:
    """Give a label and its text for each thing that is known; `now` makes count-downs."""
    found = [
        ("Stage", _stage(view.stage)),
        ("Weight", _weight(view)),
        ("Stable", _side(view.stable)),
        ("Candidate", _side(view.candidate)),
        ("Waiting", _wait(view.awaited, now)),
        ("Held", view.held.what if view.held else ""),
        ("Downtime", "" if view.downtime_s is None else f"{view.downtime_s:g} s in the last release"),
        ("Failed", "" if view.why in view.message else view.why),
        *(("Warning", warning) for warning in view.warnings),
        *(("Next" if i == 0 else "or", f"{s.command}   {s.purpose}") for i, s in enumerate(view.next_steps)),
    ]
    return [(label, text) for label, text in found if text]


def paragraph(view: RolloutView, now: datetime) -> str:
    """Give all of it as aligned lines of plain text."""
    table = [f"  {label:<10} {text}" for label, text in rows(view, now)]
    return "\n".join([headline(view), *([f"  {sentence(view)}"] if sentence(view) else []), *table])


def sentence(view: RolloutView) -> str:
    """Give the message, unless it only repeats the stage and what is awaited, which are told apart."""
    repeats = view.stage and view.awaited and view.message.endswith(view.awaited.what)
    return "" if repeats else view.message


def line(view: RolloutView) -> str:
    """Give one line that changes only when something changed, for logs and pipelines."""
    parts = [
        view.phase,
        f"stage {view.stage.number}/{view.stage.total} {view.stage.name}".rstrip() if view.stage else "",
        f"weight {view.weight}% (real {view.real_weight}%)" if _has_weight(view) else "",
        f"stable {_pods(view.stable)}" if view.stable else "",
        f"candidate {_pods(view.candidate)}" if view.candidate else "",
    ]
    told = sentence(view) or (f"waits for {view.awaited.what}" if view.awaited else "")
    return ", ".join(part for part in parts if part) + (f": {told}" if told else "")


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


def duration(seconds: float) -> str:
    """Say a time as people do. Examples: `45 s`, `6 min 30 s`, `2 h`."""
    whole = round(seconds)
    hours, minutes, left = whole // 3600, whole % 3600 // 60, whole % 60
    parts = [(hours, "h"), (minutes, "min"), (left, "s")]
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount) or "0 s"


def _has_weight(view: RolloutView) -> bool:
    return view.weight is not None and view.candidate is not None


def _stage(place: Place | None) -> str:
    if place is None:
        return ""
    return f"{place.number} of {place.total}" + (f": {place.name}" if place.name else "")


def _weight(view: RolloutView) -> str:
    if not _has_weight(view):
        return ""
    real = "not known yet" if view.real_weight is None else f"{view.real_weight} %"
    return f"{view.weight} % of the requests wanted on the candidate, {real} by its ready pods"


def _side(side: SideView | None) -> str:
    if side is None:
        return ""
    ready = "" if side.ready == side.available else f", {side.ready} ready"
    return f"{side.revision}  {side.image}  {_pods(side)} pods available{ready}"


def _pods(side: SideView | None) -> str:
    if side is None:
        return ""
    wanted = side.pods if side.desired is None else side.desired
    return f"{side.available}/{wanted}"


def _wait(wait: Wait | None, now: datetime) -> str:
    if wait is None:
        return ""
    if wait.until is None:
        return wait.what
    left_s = max((wait.until - now).total_seconds(), 0)
    return f"{wait.what} ({duration(left_s)} left, until {wait.until:%H:%M:%S} UTC)"
