"""`crossfade report [-A] [--since 30d]`: how often, how fast and how safely is released."""

from __future__ import annotations

import argparse
import asyncio
import re
from datetime import UTC, datetime
from typing import Any

from crossfade.cli.connection import Api, with_cluster
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.output import written

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "report", parents=[where], help="how often, how fast and how safely is released"
    )
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="of all namespaces")
    parser.add_argument(
        "--since",
        type=period,
        default=period("30d"),
        metavar="TIME",
        help="how far back, as 12h, 30d or 4w (default: 30d); less is counted where less is kept",
    )
    parser.set_defaults(run=lambda options: asyncio.run(with_cluster(show, options)))


def period(text: str) -> float:
    """Read `20s`, `90m`, `12h`, `30d` or `4w` as seconds."""
    found = re.fullmatch(r"(\d+)([smhdw])", text)
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError(f"'{text}' is no time: write for example 12h, 30d or 4w")
    return float(int(found[1]) * UNITS_S[found[2]])


async def show(options: argparse.Namespace, cluster: Api) -> int:
    """Print the figures of each Rollout and of all together."""
    from crossfade.view.delivery import report  # noqa: PLC0415 -- statistics costs 10 ms
    from crossfade.view.text import jsonable  # noqa: PLC0415 -- with the other

    namespace = None if options.all_namespaces else options.namespace
    releases = await cluster.list("Release", namespace)
    figures = report(releases, datetime.now(UTC), options.since)
    if options.output:
        print(written(jsonable(figures), options.output))
        return ExitCode.DONE
    from crossfade.cli.columns import console  # noqa: PLC0415 -- rich costs 60 ms
    from crossfade.cli.report_table import drawn  # noqa: PLC0415 -- imports rich

    screen = console()
    screen.print(drawn(figures, namespace, screen.width))
    return ExitCode.DONE
