# ruff: noqa: INP001 -- a script beside the page that it writes
"""Writes routers.md, which controller can do what, from `crossfade.routers.abilities`.

    PYTHONPATH=operator python docs/routers.py

A test fails when the page says something else than the code.
"""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from crossfade.routers.abilities import PROVEN, Row, table

PAGE = Path(__file__).parent / "routers.md"
HEAD = """# Which router can what

For those who choose a Gateway API controller, or wonder why a Rollout is `Invalid` with reason `RouterLacks`. This page is
made from the code by `docs/routers.py`: what it says is what the operator goes by. What the features are for is in
[traffic.md](traffic.md).

Before anything moves, the operator asks what a release needs of the Gateway's controller:

1. `status.supportedFeatures` of its GatewayClass, where there is such a list. It is believed, in both directions.
2. Else, and for what Gateway API has no name for, the table below: controllers that were tried on a real cluster.
3. Of a controller that is in neither, weights and exact header matches of HTTPRoute and GRPCRoute are taken to work, since
   every one must have them. All else is refused, by name: an answer of 500 to every user is too much for a guess.

`crossfade plan -f rollout.yaml` says the same before anything is applied, where a cluster answers.
"""
FIELDS = {
    "weights": "`weight`",
    "mirror": "`mirror: 100%`",
    "mirror share": "`mirror` below 100 %",
    "second mirror": "`mirror` beside a mirror of the route's own",
    "sticky": "`sticky`",
    "header match": "`match` by `header`, `exact`",
    "header regex match": "`match` by `header`, `regex`",
    "cookie match": "`match` by `cookie`",
    "query match": "`match` by `query`, `exact`",
    "query regex match": "`match` by `query`, `regex`",
    "request timeout": "`gateway.timeouts.request`",
    "backend timeout": "`gateway.timeouts.backendRequest`",
}
"""What a wish is called where it is written; of a wish that is new here its own words are shown."""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_tried(), *_kinds()])


def _tried() -> Iterator[str]:
    yield "| controller | version that was tried | `controllerName` |\n|---|---|---|"
    yield from (f"| {each.name} | {each.version} | `{name}` |" for name, each in PROVEN.items())
    yield ""


def _kinds() -> Iterator[str]:
    for kind, rows in groupby(table(), lambda row: row.kind):
        yield f"## {kind}\n"
        names = [each.name for each in PROVEN.values()]
        yield f"| what you write | what it needs | {' | '.join(names)} |"
        yield "|---|---|" + "---|" * len(names)
        yield from map(_line, rows)
        yield ""


def _line(row: Row) -> str:
    needs = ", ".join(f"`{each}`" if " " not in each else each for each in row.needs)
    return f"| {FIELDS.get(row.wish, row.wish)} | {needs} | {' | '.join(row.can[each] for each in PROVEN)} |"


if __name__ == "__main__":
    PAGE.write_text(page())
