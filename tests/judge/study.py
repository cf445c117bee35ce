"""What the judge promises, shown on simulated releases, beside what others do on the same ones.

    cd tests && PYTHONPATH=../operator:. python -m judge.study

prints the tables of docs/judge.md; `make docs` writes them there, a test asserts each promise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from judge import bake, figures, past, wanting


@dataclass(frozen=True)
class Table:
    """A title, what it shows, the head, and the rows."""

    title: str
    text: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def lines(self) -> Iterator[str]:
        """The table in Markdown."""
        yield from (f"### {self.title}", "", self.text, "")
        yield "| " + " | ".join(self.head) + " |"
        yield "|" + "---|" * len(self.head)
        yield from ("| " + " | ".join(row) + " |" for row in self.rows)
        yield ""


def percent(part: float, digits: int = 1) -> str:
    """Example: `4.2 %`."""
    return f"{100 * part:.{digits}f} %"


def said(requests: int, base: float) -> tuple[str, str]:
    """How a world is told in a row."""
    return f"{requests:,}", f"{100 * base:g} %"


def _cells(found: figures.Caught) -> tuple[str, ...]:
    mean = f"{found.mean:.1f}" if found.mean == found.mean else "never"
    return percent(found.one), percent(found.three), percent(found.six), mean


def tables() -> Iterable[Table]:
    """All of them, in the order of the page."""
    yield _false_aborts_table()
    yield _caught_table()
    yield _false_passes_table()
    yield _tolerance_table()
    yield _design_table()
    yield Table(*bake.table())
    yield Table(*past.table())
    yield Table(*wanting.table())
    yield _strata_table()
    yield _distrust_table()


def _false_aborts_table() -> Table:
    rows = [
        (*said(*key), *(percent(part) for part in parts.values()))
        for key, parts in figures.false_aborts().items()
    ]
    steps = "100, then 500, then 1,000 (5, 25, 50 % of all)"
    rows.append((steps, "0.5 %", *(percent(part) for part in figures.stepped().values())))
    return Table(
        "Good candidates that are taken back",
        f"The candidate is as good as stable and gets 10 % of the requests; the base rate drifts; {figures.LOOKS} looks, one after each "
        f"window. {figures.RELEASES:,} releases a row ({figures.FEW} for Fisher and Mann-Whitney).",
        ("requests to the candidate a window", "base rate", *figures.stepped()),
        rows,
    )


def _caught_table() -> Table:
    rows = [
        (f"{world.ratio:g}x, {world.requests:,}, {100 * world.base:g} %", method, *_cells(found))
        for world in figures.WORSE_WORLDS
        for method, found in figures.caught(world).items()
    ]
    return Table(
        "Bad candidates that are taken back",
        "The candidate gets 10 % of the requests. Read it beside the table above: Fisher's test and a fixed limit are faster since "
        "they do not keep 5 %.",
        (
            "how much worse, requests a window, base rate",
            "method",
            "in 1 window",
            "in 3",
            "in 6",
            "windows, mean",
        ),
        rows,
    )


def _false_passes_table() -> Table:
    rows = [(*said(*key), percent(bad), percent(good)) for key, (bad, good) in figures.false_passes().items()]
    return Table(
        "What passes",
        f"Within {figures.LOOKS} windows, with `certify: 2` and `negligible: 0.001`.",
        (
            "requests to the candidate a window",
            "base rate",
            "candidates 2x worse that pass",
            "good ones that pass",
        ),
        rows,
    )


def _tolerance_table() -> Table:
    rows = [
        (f"{ratio:g}x, in {figures.LOOKS} windows of 2,000", *(percent(part) for part in parts.values()))
        for ratio, parts in figures.tolerances().items()
    ]
    rows += [(name, *(percent(part) for part in parts.values())) for name, parts in figures.soon().items()]
    return Table(
        "What tolerance means",
        "The part of the candidates that is taken back, base rate 0.5 %.",
        ("how bad the candidate is", *(f"`tolerance: {each:g}`" for each in figures.TOLERANCES)),
        rows,
    )


def _design_table() -> Table:
    rows = [(name, *(percent(part) for part in parts)) for name, parts in figures.designs().items()]
    return Table(
        "How evidence adds up, and what a cap on one window costs",
        f"Base rate 0.5 %; false aborts within {figures.LOOKS} windows of 200.",
        ("design", "false aborts", "5x at 200, in 3 windows", "5x at 200, in 6", "2x at 2,000, in 3"),
        rows,
    )


def _strata_table() -> Table:
    rows = [(str(count), *(percent(part) for part in parts)) for count, parts in figures.strata().items()]
    return Table(
        "What strata cost",
        "Where nothing differs between them, so that they are of no use: all requests fall evenly into so many strata, base rate 0.5 %; "
        f"false aborts within {figures.LOOKS} windows of 200. What they save is the last line of the next table.",
        ("strata", "false aborts", "5x at 200, in 3 windows", "5x at 200, in 6", "2x at 2,000, in 3"),
        rows,
    )


def _distrust_table() -> Table:
    return Table(
        "What breaks the bound, and what mends it",
        f"Good candidates that are taken back within {figures.LOOKS} windows of 200 requests.",
        ("what is the case", "taken back"),
        [(name, percent(part)) for name, part in figures.distrust().items()],
    )


def page() -> str:
    """All tables in Markdown."""
    return "\n".join(line for table in tables() for line in table.lines())


if __name__ == "__main__":
    print(page())
