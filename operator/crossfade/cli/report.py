"""`crossfade report [-A] [--since 30d]`: how often, how fast and how safely is released."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from datetime import UTC, datetime
from typing import Any

from crossfade.cli.connection import Api, with_cluster
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.terminal import terminal

UNITS_S = {"m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}


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
    """Read `90m`, `12h`, `30d` or `4w` as seconds."""
    found = re.fullmatch(r"(\d+)([mhdw])", text)
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
    if options.output == "json":
        print(json.dumps(jsonable(figures), indent=2))
        return ExitCode.DONE

    from crossfade.cli.report_table import drawn  # noqa: PLC0415 -- imports rich

    console = terminal(None if sys.stdout.isatty() else 160)
    console.print(drawn(figures, namespace))
    return ExitCode.DONE
