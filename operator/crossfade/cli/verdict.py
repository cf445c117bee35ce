"""`crossfade verdict RELEASE`: what was measured of a release, and its verdicts, computed again from the counts."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from crossfade.cli.connection import Api, with_cluster
from crossfade.cli.errors import CommandError
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.output import written


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "verdict", parents=[where], help="what was measured of a release, and the verdicts computed again"
    )
    parser.add_argument(
        "release", metavar="RELEASE", help="name of a Release, as `crossfade history` counts: shop-3"
    )
    parser.set_defaults(run=lambda options: asyncio.run(with_cluster(show, options)))


async def show(options: argparse.Namespace, cluster: Api) -> int:
    """Print each metric with its windows; the exit code is 2 where a verdict is not what was stored."""
    namespace = options.namespace or cluster.namespace
    release = await cluster.get("Release", namespace, options.release)
    if release is None:
        raise CommandError(
            f"there is no Release '{options.release}' in namespace '{namespace}'. `crossfade history NAME` has the numbers: "
            "a Release is called NAME-NUMBER"
        )
    from crossfade.view.text import jsonable  # noqa: PLC0415 -- with the models, as below
    from crossfade.view.verdicts import verdicts  # noqa: PLC0415 -- imports the models

    found = verdicts(release)
    if options.output:
        print(written(jsonable(found), options.output))
    else:
        from crossfade.cli.columns import console  # noqa: PLC0415 -- rich costs 60 ms
        from crossfade.cli.verdict_table import drawn  # noqa: PLC0415 -- imports rich

        console().print(drawn(found, options.release))
    return ExitCode.DONE if all(each.agrees for each in found) else ExitCode.FAILED
