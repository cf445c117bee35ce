"""Pods, shares and waits in words."""

from __future__ import annotations

from datetime import datetime

from crossfade.view.model import Passed, Place, Preview, RolloutView, SideView, Wait
from crossfade.view.times import duration


def sides(view: RolloutView) -> tuple[str, str]:
    """What the two revisions are called: in an Undo, what is left is nothing to hold on to."""
    return ("Leaving", "Going to") if view.undoing else ("Stable", "Candidate")


def stage(place: Place | None) -> str:
    """Say where in the plan it is. Example: `2 of 3: 50 %`."""
    if place is None:
        return ""
    return f"{place.number} of {place.total}" + (f": {place.name}" if place.name else "")


def weight(view: RolloutView) -> str:
    """Say the share that is wanted, and the one that there is. A worker has no requests to share, and recreate shares none."""
    if not has_weight(view) or view.strategy == "recreate":
        return ""
    name = f"release {view.undoing.to_release}" if view.undoing else "the candidate"
    real = "not known yet" if view.real_weight is None else f"{number(view.real_weight)} %"
    what, by = ("pods", "available pods") if view.worker else ("requests", view.route or "ready pods")
    return f"{number(view.weight or 0)} % of the {what} wanted on {name}, {real} by {by}"


def number(percent: float) -> str:
    """Give a percentage without decimals where it has none. Examples: `25`, `0.1`."""
    return f"{round(percent, 1):g}"


def has_weight(view: RolloutView) -> bool:
    """Whether there is anything to share."""
    return view.weight is not None and view.candidate is not None


def side(known: SideView | None, release: int = 0) -> str:
    """Say the revision, its image and its pods."""
    if known is None:
        return ""
    number = f"release {release}  " if release else ""
    return f"{number}{known.revision}  {known.image}  {pods(known)}"


def pods(known: SideView) -> str:
    """Say how many are available of those that are wanted, and how many are to go. Example: `3/3 pods available, 1 to go`."""
    ready = f", {known.ready} ready" if known.ready > known.available else ""
    going = max(known.pods - _wanted(known), 0)
    if not _wanted(known):
        return f"{_pods(going)} to go" if going else "no pods"
    return f"{count(known)} pods available{ready}" + (f", {going} to go" if going else "")


def count(known: SideView | None) -> str:
    """Say the same in short. Examples: `3/4`, `1 to go`, `none`."""
    if known is None:
        return ""
    wanted = _wanted(known)
    if not wanted:
        return f"{known.pods} to go" if known.pods else "none"
    return f"{min(known.available, wanted)}/{wanted}"


def _wanted(known: SideView) -> int:
    return known.pods if known.desired is None else known.desired


def _pods(number: int) -> str:
    return "1 pod" if number == 1 else f"{number} pods"


def wait(awaited: Wait | None, now: datetime) -> str:
    """Say what is awaited, and how long that takes at most."""
    if awaited is None:
        return ""
    if awaited.until is None:
        return awaited.what
    left_s = max((awaited.until - now).total_seconds(), 0)
    return f"{awaited.what} ({duration(left_s)} left, until {awaited.until:%H:%M:%S} UTC)"


def to_begin(view: RolloutView) -> str:
    """Say which image a release that waits would bring. Example: `shop:v1 → shop:v2`."""
    serves = view.stable.image if view.stable else ""
    if not view.coming or view.coming == serves:
        return ""
    return " → ".join(filter(None, (serves, view.coming)))


def passed(known: Passed, now: datetime) -> str:
    """Say who passes which policy until when, and why; empty once that is over."""
    if known.until is None or known.until <= now:
        return ""
    why = f": {known.reason}" if known.reason else ""
    return f"policy {known.policy} by {known.by} until {known.until:%Y-%m-%d %H:%M} UTC{why}"


def preview(known: Preview | None) -> str:
    """Say which Service reaches the candidate alone."""
    return f"Service {known.service} reaches the candidate, and no user does" if known else ""
