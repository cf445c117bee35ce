"""`crossfade convert deployment/NAME`: a plain Deployment and its Service as a Rollout that takes them over."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crossfade.cli.connection import Api, Raw, with_cluster
from crossfade.cli.errors import CommandError
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.output import written
from crossfade.wire.errors import ApiError

if TYPE_CHECKING:
    from crossfade.view.convert import Conversion

KINDS = frozenset({"deployment", "deployments", "deploy", "deployment.apps", "deployments.apps"})
STRATEGIES = ("canary", "rolling", "blueGreen", "bigBang", "recreate")
AROUND = ("HorizontalPodAutoscaler", "PodDisruptionBudget", "Rollout", "HTTPRoute", "GRPCRoute")
"""Read to warn of them. Who may not read them is warned of that instead: the conversion needs none."""


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "convert",
        parents=[where],
        help="write the Rollout that takes over a plain Deployment and its Service; changes nothing",
        description="Writes the Rollout as YAML, or as -o says; warnings and steps go to standard error.",
    )
    parser.add_argument("deployment", metavar="deployment/NAME", type=deployment, help="what to convert")
    parser.add_argument(
        "--strategy", choices=STRATEGIES, help="how the Rollout releases (default: as the Deployment does)"
    )
    parser.add_argument(
        "--service", metavar="NAME", help="the Service to take over (default: the one that selects the pods)"
    )
    parser.add_argument(
        "--name", metavar="NAME", help="name of the Rollout (default: the Deployment's)", dest="rollout"
    )
    parser.set_defaults(run=lambda options: asyncio.run(with_cluster(convert, options)))


def deployment(text: str) -> str:
    """Read `deployment/NAME`."""
    kind, found, name = text.partition("/")
    if not (found and name and kind.lower() in KINDS):
        raise argparse.ArgumentTypeError(
            f"'{text}' is no Deployment: write for example deployment/shop. Other kinds cannot be converted"
        )
    return name


async def convert(options: argparse.Namespace, cluster: Api) -> int:
    """Print the manifest; say on standard error what has no counterpart, and in which order nothing is lost."""
    from crossfade.view.convert import Around, Wish, converted  # noqa: PLC0415 -- imports pydantic
    from crossfade.view.convert_error import ConversionError  # noqa: PLC0415 -- with the other

    found = await find_deployment(options, cluster)
    services = await cluster.list("Service", options.namespace)
    lists, unread = await around(options, cluster)
    names = [each["metadata"]["name"] for each in lists["Rollout"]]
    surroundings = Around(
        services=services,
        autoscalers=lists["HorizontalPodAutoscaler"],
        budgets=lists["PodDisruptionBudget"],
        rollouts=names,
        routes=[*lists["HTTPRoute"], *lists["GRPCRoute"]],
    )
    wish = Wish(options.strategy, options.service, options.rollout)
    try:
        conversion = converted(found, surroundings, wish, scope=options.scope)
    except ConversionError as error:
        raise CommandError(str(error)) from error
    tell(conversion, unread)
    print(written(conversion.manifest, options.output or "yaml"))
    return ExitCode.DONE


async def find_deployment(options: argparse.Namespace, cluster: Api) -> Raw:
    """Read the Deployment; where there is none, say which ones there are."""
    found = await cluster.get("Deployment", options.namespace, options.deployment)
    if found is None:
        others = await cluster.list("Deployment", options.namespace)
        names = ", ".join(sorted(each["metadata"]["name"] for each in others)) or "none"
        raise CommandError(
            f"There is no Deployment '{options.deployment}' in namespace '{options.namespace}'. There are: {names}. "
            "Choose another namespace with -n."
        )
    return found


async def around(options: argparse.Namespace, cluster: Api) -> tuple[dict[str, list[Raw]], list[str]]:
    """Read what is only warned of; the second value says what could not be read."""
    found: dict[str, list[Raw]] = {kind: [] for kind in AROUND}
    unread: list[str] = []
    for kind in AROUND:
        try:
            found[kind] = await cluster.list(kind, options.namespace)
        except ApiError as error:
            if error.not_found and kind.endswith("Route"):
                continue  # a cluster without the Gateway API has none
            unread.append(
                f"Could not look for {kind}s ({error.message}): look yourself whether there are any."
            )
    return found, unread


def tell(conversion: Conversion, unread: list[str]) -> None:
    """Print warnings and steps on standard error, so that the manifest alone goes into the file."""
    for warning in (*conversion.warnings, *unread):
        print(f"! {warning}", file=sys.stderr)
    if conversion.warnings or unread:
        print(file=sys.stderr)
    stops = "recreate" in conversion.manifest["spec"]["strategy"]
    print("In this order:" if stops else "In this order nothing is lost on the way:", file=sys.stderr)
    for line in numbered(conversion.steps):
        print(line, file=sys.stderr)


def numbered(steps: tuple[str, ...]) -> Iterator[str]:
    """Give each step with its number, its commands below it so that they can be copied whole."""
    for i, step in enumerate(steps, start=1):
        sentence, *commands = step.split("\n")
        yield f"{i}. {sentence}"
        yield from commands
