"""`crossfade history NAME`: what was released when, how it went, and why it ended so."""

from __future__ import annotations

import argparse
import asyncio
from datetime import UTC, datetime
from typing import Any

from crossfade.cli.connection import Api, find_rollout, with_cluster
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.output import written
from crossfade.cli.reference import add_name
from crossfade.cli.releases import releases_of
from crossfade.view.history import history
from crossfade.view.text import jsonable


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "history", parents=[where], help="what was released when, how it went, and why"
    )
    add_name(parser)
    parser.set_defaults(run=lambda options: asyncio.run(with_cluster(show, options)))


async def show(options: argparse.Namespace, cluster: Api) -> int:
    """Print the releases that are kept, newest first."""
    rollout = await find_rollout(cluster, options)
    releases = await releases_of(cluster, rollout)
    now = datetime.now(UTC)
    view = history(rollout, releases, now, scope=options.scope)
    if options.output:
        print(written(jsonable(view), options.output))
        return ExitCode.DONE
    from crossfade.cli.columns import console  # noqa: PLC0415 -- rich costs 60 ms
    from crossfade.cli.history_table import drawn  # noqa: PLC0415 -- imports rich

    screen = console()
    screen.print(drawn(view, screen.width, now))
    return ExitCode.DONE
