"""A history as a few lines for each release, for screens that are too narrow for a table. Imports rich."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.text import Text

from crossfade.cli.columns import one_line, wrapped
from crossfade.view.attempts import said
from crossfade.view.history import UNDER_WAY, HistoryView, ReleaseView
from crossfade.view.times import ago, duration

COLOURS = {"Completed": "green", "RolledBack": "red", UNDER_WAY: "cyan", "Returning": "red"}
MARKS = {"stable": "bold", "candidate": "bold", "undone": "yellow"}
WHY_LINES = 2
"""Lines of why it ended so, at most; all of it is in its Release."""


def stacked(view: HistoryView, width: int, now: datetime) -> Iterator[Text]:
    """Give two to six lines for each release: what it was, when, why it ended so, its last line, and who acted."""
    indent = max((len(str(release.number)) for release in view.releases), default=0) + 4
    for release in view.releases:
        yield _head(release, width, indent)
        for line in _below(release, width - indent, now):
            yield Text(" " * indent + line)


def _head(release: ReleaseView, width: int, indent: int) -> Text:
    """Number, outcome, what it is now, and the images as far as they fit."""
    number = f"{release.number:>{indent - 2}}  "
    mark = f", {release.mark}" if release.mark else ""
    images = f"  {', '.join(release.images)}  {release.revision}"
    room = width - len(number + release.outcome + mark)
    return Text.assemble(
        number,
        (release.outcome, COLOURS.get(release.outcome, "")),
        (mark, MARKS.get(release.mark, "")),
        "  " + one_line(images.strip(), room - 2),
    )


def _below(release: ReleaseView, width: int, now: datetime) -> Iterator[str]:
    yield one_line(", ".join(_times(release, now)), width)
    yield from wrapped(why(release), width, WHY_LINES)
    for line in release.last_lines[:1]:
        yield one_line(f"last line: {line}", width)
    if acts := acted(release, now):
        yield one_line("; ".join(acts), width)


def _times(release: ReleaseView, now: datetime) -> Iterator[str]:
    if release.started_at is not None:
        yield f"{release.started_at:%Y-%m-%d %H:%M} UTC, {ago(release.started_at, now)}"
    if release.seconds is not None:
        yield f"{'took' if release.ended else 'so far'} {duration(release.seconds)}"
    if release.changed_by:
        yield f"via {release.changed_by}"


def why(release: ReleaseView) -> str:
    """Why it ended so, and how long users had met it by then; empty where that only says again that it completed."""
    repeats = release.why.endswith((" serves alone", " runs alone"))
    if release.outcome == "Completed" and repeats:
        return ""
    if release.met_s is None or not release.why:
        return release.why
    first = "ready pod" if release.worker else "request"
    return f"{duration(release.met_s)} after its first {first}: {release.why}"


def acted(release: ReleaseView, now: datetime) -> list[str]:
    """Who asked for what, when and why, the Undo that took it back first; without what is told as why it ended."""
    known = [act for act in release.acts if not (act.reason and act.reason in release.why)]
    undone = [f"undone: {said(release.undone, now)}"] if release.undone else []
    return [*undone, *(said(act, now) for act in known)]
