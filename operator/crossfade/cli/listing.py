"""`crossfade list [-A] [-w]`, and `crossfade status` without a name: all Rollouts, one line each."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from crossfade.cli.connection import Api, Raw, with_cluster
from crossfade.cli.exit_codes import BY_OUTCOME
from crossfade.cli.follow import all_states
from crossfade.cli.output import streamed, written
from crossfade.view import text
from crossfade.view.listing import Listed, listing, table, worst
from crossfade.view.plain import plain
from crossfade.view.read import rollout_view

Show = Callable[[list[Raw]], None]
EXIT_CODES = "Exit code: 2 where one has failed or is failing, else 4 where one needs a person, else 0."


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "list", parents=[where], help="all Rollouts, one line each", description=EXIT_CODES
    )
    add_options(parser)
    parser.set_defaults(run=lambda options: asyncio.run(with_cluster(show, options)))


def add_options(parser: argparse.ArgumentParser, *, watch: str = "follow them until Ctrl-C") -> None:
    """Add what `list` and `status` have in common."""
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="of all namespaces")
    parser.add_argument("-w", "--watch", action="store_true", help=watch)
    parser.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="with --watch: end after so long (default: never)"
    )


async def show(options: argparse.Namespace, cluster: Api) -> int:
    """List them once, or follow them; the exit code is of the one that asks most for somebody."""
    namespace = None if options.all_namespaces else options.namespace
    if options.watch:
        return await follow(options, cluster, namespace)
    rows = listing(await cluster.list("Rollout", namespace))
    print_once(rows, namespace, options.output)
    return BY_OUTCOME[worst(rows)]


async def follow(options: argparse.Namespace, cluster: Api, namespace: str | None) -> int:
    """Show every change until Ctrl-C or until time is over; then the exit code is of what was seen last.

    The first look is impatient: an outage is waited for only once there is something to follow.
    """
    seen = await cluster.list("Rollout", namespace)
    with contextlib.suppress(TimeoutError), shown(options.output, namespace) as tell:
        async with asyncio.timeout(options.timeout):
            async for seen in all_states(cluster, "Rollout", namespace):
                tell(seen)
    return BY_OUTCOME[worst(listing(seen))]


def print_once(rows: list[Listed], namespace: str | None, output: str | None) -> None:
    """Print all of them: for programs, or as a table as wide as the terminal."""
    if output:
        print(written({"rollouts": [jsonable(each) for each in rows]}, output))
    elif not rows:
        print(nothing(namespace), file=sys.stderr)
    else:
        width = os.get_terminal_size().columns if sys.stdout.isatty() else None
        print("\n".join(table(rows, datetime.now(UTC), namespaces=namespace is None, width=width)))


def nothing(namespace: str | None) -> str:
    """Say that there is none, and where else to look."""
    where = (
        f"in namespace '{namespace}'. `crossfade list -A` shows those of all"
        if namespace
        else "in any namespace"
    )
    return f"There is no Rollout {where}."


def jsonable(row: Listed) -> dict[str, Any]:
    """Give one for programs."""
    told: dict[str, Any] = text.jsonable(row)
    return told


@contextlib.contextmanager
def shown(output: str | None, namespace: str | None) -> Iterator[Show]:
    """Give what shows all of them: in place on a terminal, else a line for each that has changed."""
    if output is None and sys.stdout.isatty():
        from crossfade.cli.listing_screen import live  # noqa: PLC0415 -- rich costs 60 ms

        with live(namespaces=namespace is None) as tell:
            yield tell
    else:
        yield line_by_line(output)


def line_by_line(output: str | None) -> Show:
    """Print those whose line differs from the one before, and those that are gone."""
    known: dict[tuple[str, str], str] = {}

    def show(rollouts: list[Raw]) -> None:
        """Print what is new."""
        lines = {key_of(each): line_of(each, output) for each in rollouts}
        for key in sorted(lines):
            if lines[key] != known.get(key):
                print(stamped(lines[key], output), flush=True)
        for key in sorted(known.keys() - lines.keys()):
            if output is None:
                print(stamped(f"{'/'.join(key)}: deleted", output), flush=True)
        known.clear()
        known.update(lines)

    return show


def key_of(rollout: Raw) -> tuple[str, str]:
    """Give namespace and name."""
    return rollout["metadata"].get("namespace", ""), rollout["metadata"]["name"]


def line_of(rollout: Raw, output: str | None) -> str:
    """Give one Rollout's state as a line, or as a value for programs."""
    if output:
        return streamed(jsonable(listing([rollout])[0]), output)
    view = rollout_view(rollout)
    return plain(f"{view.namespace}/{view.name}: {text.line(replace(view, next_steps=()))}")


def stamped(line: str, output: str | None) -> str:
    """Put the time before a line that people read."""
    return line if output else f"{datetime.now(UTC):%H:%M:%S} {line}"
