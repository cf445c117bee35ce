"""`crossfade history NAME`: what was released when, how it went, and why it ended so."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import Any

from crossfade.cli.connection import Api, find_rollout, with_cluster
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.releases import releases_of
from crossfade.cli.terminal import terminal
from crossfade.view.history import history
from crossfade.view.text import jsonable


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "history", parents=[where], help="what was released when, how it went, and why"
    )
    parser.add_argument("name", metavar="NAME", help="name of the Rollout")
    parser.set_defaults(run=lambda options: asyncio.run(with_cluster(show, options)))


async def show(options: argparse.Namespace, cluster: Api) -> int:
    """Print the releases that are kept, newest first."""
    rollout = await find_rollout(cluster, options)
    releases = await releases_of(cluster, rollout)
    view = history(rollout, releases, datetime.now(UTC), scope=options.scope)
    if options.output == "json":
        print(json.dumps(jsonable(view), indent=2))
        return ExitCode.DONE

    from crossfade.cli.history_table import drawn  # noqa: PLC0415 -- imports rich

    console = terminal(None if sys.stdout.isatty() else 160)
    console.print(drawn(view))
    return ExitCode.DONE
