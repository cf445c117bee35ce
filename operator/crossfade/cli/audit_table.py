"""An audit as one table where the screen is wide enough, else as some lines for each release. Imports rich."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crossfade.api.printable import one_line
from crossfade.cli.columns import needed, wrapped
from crossfade.cli.columns import one_line as cut
from crossfade.cli.history_stack import COLOURS
from crossfade.view import audit_words as words
from crossfade.view.audit import Audit
from crossfade.view.audit_row import Row

ROOM_FOR_WHO = 64
"""With fewer columns left for the sentences, a row grows taller than the release would be without a table."""
LINES_OF_A_FACT = 3
MOST_ROWS = 200
"""Releases that are drawn, the newest: more take long to draw, and nobody reads them on a screen."""
MOST_FACTS = 6
"""Facts of one kind that are shown of a release; `-o json` has all."""
RED, YELLOW = "bold red", "yellow"


def drawn(answer: Audit, width: int) -> RenderableType:
    """Give what was asked for, each release, bypasses that none has used yet, and how far back the records reach."""
    head = Text("\n".join(wrapped(_head(answer), width, 3)), style="bold")
    if not answer.releases:
        return Group(head, Text("  No release."), *_below(answer, width))
    room = width - needed(_table(answer, 0))
    body = [_table(answer, room)] if room >= ROOM_FOR_WHO else _stacked(answer, width)
    return Group(head, *body, *_below(answer, width))


def _head(answer: Audit) -> str:
    asked = answer.asked
    place = f"namespace {asked.namespace}" if asked.namespace else "all namespaces"
    whose = f"Rollout {asked.rollout} in {place}" if asked.rollout else place
    count = len(answer.releases)
    only = f" {asked.only}" if asked.only else ""
    between = f"{words.moment(asked.since)} to {words.moment(asked.until)}"
    return f"{count}{only} release{'' if count == 1 else 's'} of {whose}, {between}"


def _below(answer: Audit, width: int) -> Iterator[Text]:
    if len(answer.releases) > MOST_ROWS:
        more = f"The newest {MOST_ROWS} are shown, and {len(answer.releases) - MOST_ROWS} are not: -o csv and -o json have all."
        yield from _wrapped(more, width, YELLOW, most=3)
    for each in answer.unused_bypasses:
        yield from _wrapped(words.unused(each), width, YELLOW, most=LINES_OF_A_FACT + 1)
    yield from _wrapped(words.reach(answer), width, "", most=40)


def _table(answer: Audit, room: int) -> Table:
    """The table, with so many columns for the sentences; for none, it is as wide as the rest of it needs."""
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    for title in ("began, ended (UTC)", "release", "images", "outcome"):
        table.add_column(title, no_wrap=True)
    table.add_column("who, and why" if room else "", width=room)
    for row in answer.releases[:MOST_ROWS]:
        who = Text("\n").join(_facts(row, room)) if room else Text("")
        outcome = Text(row.outcome, style=COLOURS.get(row.outcome, ""))
        table.add_row(_times(row), _name(row), "\n".join(_images(row)), outcome, who, end_section=True)
    return table


def _times(row: Row) -> str:
    return f"{words.moment(row.started_at)}\n{words.moment(row.ended_at)}".rstrip()


def _name(row: Row) -> str:
    return (
        one_line(f"{row.namespace}/{row.rollout} {row.release}")
        + f"\n{one_line(row.revision)}\n{row.strategy}"
    )


def _images(row: Row) -> list[str]:
    return _few(map(words.changed, row.images))


def _stacked(answer: Audit, width: int) -> Iterator[Text]:
    """A line with what it was, one with when, and then a line or two for each fact."""
    for row in answer.releases[:MOST_ROWS]:
        name, more = (
            one_line(f"{row.namespace}/{row.rollout} {row.release}"),
            f" {row.revision} {row.strategy}",
        )
        head = Text.assemble((name, "bold"), " ", (row.outcome, COLOURS.get(row.outcome, "")), one_line(more))
        head.truncate(width, overflow="ellipsis")
        yield head
        ended = words.moment(row.ended_at)
        when = f"  {words.moment(row.started_at)}" + (f" to {ended}" if ended else "")
        yield Text(cut(when, width))
        for image in _images(row):
            yield Text(cut(f"  {image}", width))
        for fact in _facts(row, width - 2):
            yield Text("  ") + fact if "\n" not in fact.plain else _indented(fact)


def _indented(fact: Text) -> Text:
    return Text("\n").join(Text("  ") + line for line in fact.split("\n"))


def _facts(row: Row, width: int) -> Iterator[Text]:
    """Who asked, who approved, which policies were passed and held it, who acted, and why it ended so."""
    facts = [
        *((f"could pass a policy {each}", RED) for each in _few(map(words.said, row.bypasses))),
        (f"requested by {words.requested(row.requested_by)}", ""),
        *((f"approved {each}", "") for each in _few(map(words.said, row.approvals))),
        *((f"held by {each}", "") for each in _few(map(words.held, row.held_by))),
        *((each, "") for each in _few(map(words.did, row.actions))),
        *((f"undone {words.said(each)}", YELLOW) for each in (row.undone,) if each),
        *((each, YELLOW) for each in words.full(row.full)),
        (one_line(row.why), ""),
    ]
    for fact, style in facts:
        if fact:
            yield Text("\n".join(wrapped(fact, width, LINES_OF_A_FACT)), style=style)


def _wrapped(fact: str, width: int, style: str, *, most: int) -> Iterator[Text]:
    yield Text("\n".join(wrapped(fact, width, most)), style=style)


def _few(facts: Iterable[str]) -> list[str]:
    known = [fact for fact in facts if fact]
    if len(known) <= MOST_FACTS:
        return known
    return [*known[: MOST_FACTS - 1], f"… and {len(known) - MOST_FACTS + 1} more"]
