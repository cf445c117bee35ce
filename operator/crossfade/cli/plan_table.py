"""A forecast as a table. Imports rich."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from crossfade.view.forecast import Forecast, StageForecast
from crossfade.view.quantity import Requests, show_cpu, show_memory
from crossfade.view.times import duration
from crossfade.view.words import number


def drawn(forecast: Forecast) -> RenderableType:
    """Give the stages as a table, the cost and the time below it, then what should be known."""
    place = f" in {forecast.namespace}" if forecast.namespace else ""
    head = Text(f"{forecast.name}{place}: {forecast.strategy} with {_pods(forecast.replicas)}", style="bold")
    facts = _hanging([(f"  {label:<9}", words) for label, words in _facts(forecast)], "")
    known = [
        *(_hanging([("  ✗", obstacle)], "red") for obstacle in forecast.obstacles or ()),
        *(_hanging([("  ✗", refusal)], "red") for refusal in forecast.refused_by or ()),
        *(_hanging([("  !", hold)], "yellow") for hold in forecast.held_by or ()),
        *(
            _hanging([("  !", f"nobody knows what policies say: {forecast.unasked}")], "yellow")
            for _ in [1]
            if forecast.unasked
        ),
        *(_hanging([("  !", concern)], "yellow") for concern in forecast.concerns),
        *(_hanging([("  ·", note)], "") for note in forecast.notes),
    ]
    return Group(head, *([_table(forecast)] if forecast.stages else []), facts, *known)


def _hanging(rows: list[tuple[str, str]], style: str) -> Table:
    """Rows whose text, where it takes several lines, stays beside its label."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(style=style, no_wrap=True)
    grid.add_column()
    for label, words in rows:
        grid.add_row(label, Text(words))
    return grid


def _table(forecast: Forecast) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    table.add_column("#", justify="right")
    table.add_column("stage", no_wrap=True)
    for title in ("new pods", "old pods", "peak"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("new of all pods" if forecast.worker else "new share", justify="right", no_wrap=True)
    table.add_column("goes on when")
    for stage in forecast.stages:
        counts = (stage.candidate, stage.stable, stage.peak_pods)
        table.add_row(str(stage.number), stage.name, *map(str, counts), _share(stage), stage.awaits)
    return table


def _share(stage: StageForecast) -> str:
    """Say the share that is wanted, and the one that the pods give where it is another."""
    wanted, real = stage.wanted_share, stage.real_share
    return f"{number(wanted)} %" if wanted == real else f"{number(wanted)} %, real {number(real)} %"


def _facts(forecast: Forecast) -> Iterator[tuple[str, str]]:
    asked = _asked(forecast.peak)
    yield "Peak", f"{_pods(forecast.peak_pods)}: {asked}; pods that drain count until they are gone"
    people = f", and as long as {_people(forecast.people)} may take" if forecast.people else ""
    if forecast.route:
        yield "Route", _route(forecast)
    yield "Earliest", f"{duration(forecast.at_least_s)} and the time that pods need to start{people}"
    if forecast.afterwards:
        yield "After", f"{', '.join(forecast.afterwards)}; nothing waits for it"
    if forecast.stages:
        yield "First", "a new Rollout has nothing to protect: its first revision starts in one stage"


def _route(forecast: Forecast) -> str:
    if forecast.obstacles is None:
        return f"{forecast.route}; nobody has looked whether it is there ({forecast.unseen or 'no cluster'})"
    found = "something is in the way, see below" if forecast.obstacles else "nothing is in the way"
    return f"{forecast.route}; {found}"


def _asked(peak: Requests | None) -> str:
    if peak is None:
        return "CPU unknown, memory unknown"
    cpu = "not requested" if peak.cpu is None else show_cpu(peak.cpu)
    memory = "not requested" if peak.memory is None else show_memory(peak.memory)
    return f"CPU {cpu}, memory {memory}"


def _people(count: int) -> str:
    return "one decision of a person" if count == 1 else f"{count} decisions of people"


def _pods(count: int) -> str:
    return "1 pod" if count == 1 else f"{count} pods"
