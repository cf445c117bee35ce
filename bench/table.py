"""Results as people read them: one row per story, with the figures that the story is about."""

from collections.abc import Callable, Iterable
from typing import Any

from rich.table import Table

from bench import routes
from bench.scenarios.seen import Result

TITLE = "200 new connections a second, 4 pods, an app that stops at once on SIGTERM"
COLUMNS = ("scenario", "requests", "lost", "seconds", "what happened and why")
NUMBERS = {"requests", "lost", "seconds"}


def shares(measured: list[tuple[Any, ...]]) -> str:
    """The share of answers on each plateau, beside the wanted one, or what the pods allow where that differs."""
    seen = [
        f"{real:g} % {'wanted' if wanted == real else 'by pods'}, {share:.1f} % seen"
        for wanted, real, share in measured
        if 0 < real < 100
    ]
    return f"shares: {', '.join(seen)}" if seen else ""


def kept_off(seconds: float) -> str:
    """How long kept-alive connections stayed; nothing where they had left before the last pod was told."""
    return f"kept-alive off v1 {seconds:.1f} s after its last pod was told to stop" if seconds > 0 else ""


def lost(kind: str) -> Callable[[tuple[int, int]], str]:
    """How many requests of a kind were lost, of how many."""
    return lambda counts: f"{kind}: {counts[0]} lost of {counts[1]}"


# How each figure is told; one that is missing, None or told as "" is left out.
WORDS: dict[str, Callable[[Any], str]] = {
    "order": lambda versions: f"answers of {', then '.join(versions)}",
    "all_on_v2_s": lambda seconds: f"all on v2 after {seconds:.1f} s",
    "mixing_s": lambda seconds: f"both answer for {seconds:.1f} s",
    "shares": shares,
    "sizes": lambda sizes: "; ".join(
        f"{n} replicas: {old} + {new} pods, {s:.1f} % seen" for n, old, new, s in sizes
    ),
    "last_answer_s": lambda seconds: f"last answer of v2 {seconds:.1f} s after the abort",
    "back_s": lambda seconds: f"all on v1 {seconds:.1f} s after the first lost request",
    "downtime_s": lambda seconds: f"no answer for {seconds:.1f} s" if seconds > 1 else "",
    "status_downtime_s": lambda seconds: f"status says {seconds:.1f} s",
    "kept_off_s": kept_off,
    "kept_lost": lost("kept-alive"),
    "h2_lost": lost("HTTP/2"),
    "rolled_back_s": lambda seconds: f"over after {seconds:.1f} s",
    "v2_answers": lambda count: f"{count} answers of v2",
}


def table(results: Iterable[Result], router: str = routes.NONE) -> Table:
    """One row per story: what its users saw, and what the Release says."""
    rows = Table(title=TITLE if router == routes.NONE else f"{TITLE}, through {router}")
    for column in COLUMNS:
        rows.add_column(column, justify="right" if column in NUMBERS else "left", overflow="fold")
    for each in results:
        rows.add_row(each.scenario, str(each.requests), str(each.lost), f"{each.seconds:.1f}", told(each))
    return rows


def told(result: Result) -> str:
    """The outcome and the reason, and the figures of the story."""
    known = {name: result.figures.get(name) for name in WORDS}
    figures = [WORDS[name](figure) for name, figure in known.items() if figure is not None]
    losses = ", ".join(f"{count} {how}" for how, count in result.figures.get("losses", {}).items())
    parts = [result.happened, result.why, "; ".join(part for part in (losses, *figures) if part)]
    return ". ".join(part.rstrip(".") for part in parts if part)
