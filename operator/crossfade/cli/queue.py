"""`crossfade queue [-n NAME]`: who waits for a turn, by which policy, in which place."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from crossfade.cli.connection import Api, Raw, readable, with_cluster
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.output import written
from crossfade.wire.errors import ApiError

NOBODY = "Nobody waits for a turn: no RolloutPolicy with concurrency has a queue."
BY_ROLLOUTS = """\
You may not list RolloutPolicies: these are the Rollouts of namespace '{namespace}' that wait, with the places that they told last."""


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "queue",
        parents=[where],
        help="who waits for a turn, where policies limit how many releases run at once; of all namespaces, or with -n of one",
    )
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="of all namespaces (the default)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the queues. Places are those among all, so a namespace is looked at alone only where one is named."""
    options.only = None if options.all_namespaces else options.namespace
    return asyncio.run(with_cluster(show, options))


async def show(options: argparse.Namespace, cluster: Api) -> int:
    """Print the queue of each policy, the next one first."""
    from crossfade.view.queue import Queue, as_lines, queues, told_by  # noqa: PLC0415 -- not for other commands
    from crossfade.view.text import jsonable  # noqa: PLC0415 -- with the other

    now, stored = datetime.now(UTC), await _policies(cluster)
    found: list[Queue]
    if stored is None:
        found = told_by(await cluster.list("Rollout", options.namespace))
        print(BY_ROLLOUTS.format(namespace=options.namespace), file=sys.stderr)
    else:
        found = queues(stored, await readable(cluster.list("Rollout", options.only)) or [], now, options.only)
    if options.output:
        print(written({"queues": jsonable(found)}, options.output))
    elif any(each.waiting for each in found):
        print("\n".join(as_lines(found, now)))
    else:
        print(NOBODY if stored is not None else "None of them waits for a turn.", file=sys.stderr)
    return ExitCode.DONE


async def _policies(cluster: Api) -> list[Raw] | None:
    """All of them; None for who may not list them, which most who own Rollouts may not: they belong to the cluster."""
    try:
        return await cluster.list("RolloutPolicy", None)
    except ApiError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        return None
