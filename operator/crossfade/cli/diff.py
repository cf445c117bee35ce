"""`crossfade diff NAME [N [M]]`: what changed in the template from one release to another."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from crossfade.cli.connection import Api, Raw, find_rollout, with_cluster
from crossfade.cli.errors import CommandError
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.output import written
from crossfade.cli.reference import add_name
from crossfade.cli.releases import attempts_of, numbered, scoped
from crossfade.cli.terminal import terminal
from crossfade.view.attempts import Attempt, previous

COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "diff", parents=[where], help="what changed in the template from one release to another"
    )
    add_name(parser)
    parser.add_argument(
        "older",
        metavar="N",
        type=int,
        nargs="?",
        help="number of a release (default: the one that M took over from)",
    )
    parser.add_argument("newer", metavar="M", type=int, nargs="?", help="default: the newest release")
    parser.set_defaults(run=lambda options: asyncio.run(with_cluster(show, options)))


async def show(options: argparse.Namespace, cluster: Api) -> int:
    """Print the difference of two releases' templates; equal ones are told as such."""
    from crossfade.view.comparison import difference, title  # noqa: PLC0415 -- imports yaml

    known = await attempts_of(cluster, await find_rollout(cluster, options))
    older, newer = chosen(known, options)
    lines = difference(older.template, newer.template, title(older), title(newer))
    if options.output:
        sides = {"from": jsonable(older), "to": jsonable(newer), "diff": list(lines)}
        print(written(sides, options.output))
    elif lines:
        print_diff(lines)
    else:
        print(f"{title(older)} and {title(newer)} have the same template.")
    return ExitCode.DONE


def chosen(known: list[Attempt], options: argparse.Namespace) -> tuple[Attempt, Attempt]:
    """Give the two releases that are meant; raises CommandError where there are none such."""
    if not known:
        raise CommandError(
            f"Nothing was released yet by Rollout '{options.name}': there is nothing to compare."
        )
    newer = known[0] if options.newer is None else numbered(known, options.newer, options)
    older = previous(known, newer) if options.older is None else numbered(known, options.older, options)
    if older is None:
        raise CommandError(
            f"Release {newer.number} is the only one that is kept of Rollout '{options.name}': there is nothing to "
            f"compare it with. See `{scoped(f'crossfade history {options.name}', options)}`."
        )
    return older, newer


def jsonable(attempt: Attempt) -> Raw:
    """Give one side for programs, its template as submitted."""
    return {
        "release": attempt.number,
        "revision": attempt.revision,
        "outcome": attempt.outcome,
        "template": attempt.template,
    }


def print_diff(lines: Sequence[str]) -> None:
    """Print a diff, coloured on a terminal."""
    if not sys.stdout.isatty():
        print("\n".join(lines))
        return
    from rich.text import Text  # noqa: PLC0415 -- rich costs 60 ms

    for line in lines:
        terminal().print(Text(line, style=COLOURS.get(line[:1], "")), soft_wrap=True)
