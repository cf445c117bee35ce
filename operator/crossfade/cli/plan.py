"""`crossfade plan -f FILE`: what a manifest will do, before it is applied.

Needs no cluster. Where one answers, it says also what of a route that the manifest names is in the way, which policies would refuse
or hold the release, and what the API server says against the pod template. Ends with 2 where something would be refused.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crossfade.cli.errors import CommandError
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.output import written

if TYPE_CHECKING:
    from crossfade.cli.manifests import Manifests
    from crossfade.view.forecast import Forecast


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "plan", parents=[where], help="what a manifest will do, before it is applied; needs no cluster"
    )
    parser.add_argument(
        "-f",
        "--filename",
        action="append",
        required=True,
        metavar="FILE",
        help="manifest with one or more Rollouts; - reads standard input; may be repeated",
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help="ask no cluster, neither for its policies nor for a route that is named",
    )
    parser.set_defaults(run=plan)


def plan(options: argparse.Namespace) -> int:
    """Print the plan of every Rollout in the files; raises CommandError with all that is wrong in any of them."""
    from crossfade.cli.manifests import read  # noqa: PLC0415 -- pydantic costs 150 ms

    found = read(options.filename)
    if found.problems:
        raise CommandError("\n".join(found.problems))
    forecasts = list(_forecasts(found))
    forecasts = _looked(options, found, forecasts)
    if options.output:
        print(written({"rollouts": [_jsonable(each) for each in forecasts]}, options.output))
    else:
        _print(forecasts)
    refused = any(each.refused_by or each.obstacles for each in forecasts)
    return ExitCode.FAILED if refused else ExitCode.DONE


def _forecasts(found: Manifests) -> Iterator[Forecast]:
    from crossfade.view.forecast import forecast  # noqa: PLC0415 -- pydantic costs 150 ms

    for rollout in found.rollouts:
        try:
            yield forecast(rollout, found.service_of(rollout), found.workload_of(rollout))
        except ValueError as error:
            raise CommandError(f"Rollout '{rollout.metadata.name}': spec.template: {error}") from error


def _looked(options: argparse.Namespace, found: Manifests, forecasts: list[Forecast]) -> list[Forecast]:
    """Look at the routes and the policies, where there is a cluster to look at."""
    if options.offline:
        return [replace(each, unseen="--offline" if each.route else "") for each in forecasts]
    if any(each.route for each in forecasts):
        from crossfade.cli.route_look import looked  # noqa: PLC0415 -- only where a route is named

        forecasts = asyncio.run(looked(options, found, forecasts))
    from crossfade.cli.policy_look import asked, template_tried  # noqa: PLC0415 -- pydantic costs 150 ms

    forecasts = asyncio.run(asked(options, found, forecasts))
    return asyncio.run(template_tried(options, found, forecasts))


def _jsonable(forecast: Forecast) -> dict[str, Any]:
    from crossfade.view.quantity import show_cpu, show_memory  # noqa: PLC0415 -- pydantic costs 150 ms
    from crossfade.view.text import jsonable  # noqa: PLC0415 -- with the others

    peak = forecast.peak
    if peak is None:  # unknown, where null for one of them is that nothing is requested
        return {**jsonable(forecast), "peak": None}
    amounts = {
        "cpu": None if peak.cpu is None else show_cpu(peak.cpu),
        "memory": None if peak.memory is None else show_memory(peak.memory),
    }
    return {**jsonable(forecast), "peak": amounts}


def _print(forecasts: list[Forecast]) -> None:
    from crossfade.cli.columns import console  # noqa: PLC0415 -- rich costs 60 ms
    from crossfade.cli.plan_table import drawn  # noqa: PLC0415 -- imports rich

    screen = console()
    for i, forecast in enumerate(forecasts):
        screen.print(*([""] if i else []), drawn(forecast), sep="\n")
