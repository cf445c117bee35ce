"""`crossfade tree NAME`: releases, Deployments with their pods, Services, and how each of them stands."""

from __future__ import annotations

import argparse
import asyncio
from datetime import UTC, datetime
from typing import Any

from crossfade.api.labels import LABEL_ROLLOUT
from crossfade.cli.connection import Api, Raw, find_rollout, readable, with_cluster
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.output import written
from crossfade.cli.reference import add_name
from crossfade.view.nearness import service_name
from crossfade.view.text import jsonable
from crossfade.view.tree import SLICE_OF, Parts, Tree, tree


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "tree", parents=[where], help="its releases, Deployments, pods and Services, and how they stand"
    )
    add_name(parser)
    parser.set_defaults(run=lambda options: asyncio.run(with_cluster(show, options)))


async def show(options: argparse.Namespace, cluster: Api) -> int:
    """Print all that the Rollout consists of; what the user may not read is left out, and named."""
    rollout = await find_rollout(cluster, options)
    found = tree(rollout, await parts_of(rollout, options, cluster))
    if options.output:
        print(written(for_programs(found), options.output))
        return ExitCode.DONE
    from crossfade.view.tree_text import lines  # noqa: PLC0415 -- only here

    print("\n".join(lines(found, datetime.now(UTC))))
    return ExitCode.DONE


async def parts_of(rollout: Raw, options: argparse.Namespace, cluster: Api) -> Parts:
    """Read what is labelled with the Rollout's name, and the two that may be somebody else's: they are named in it."""
    labels, namespace = f"{LABEL_ROLLOUT}={options.name}", options.namespace
    services = await readable(cluster.list("Service", namespace, labels))
    deployments = await readable(cluster.list("Deployment", namespace, labels))
    ref = rollout["spec"].get("workloadRef") or {}
    services = await with_named(services, "Service", service_name(rollout), options, cluster)
    return Parts(
        releases=await readable(cluster.list("Release", namespace, labels)),
        deployments=await with_named(deployments, "Deployment", ref.get("name", ""), options, cluster),
        pods=await readable(cluster.list("Pod", namespace, labels)),
        services=services,
        slices=await slices_of(services or [], options, cluster),
    )


async def slices_of(services: list[Raw], options: argparse.Namespace, cluster: Api) -> list[Raw] | None:
    """Read the slices of these Services; None where the user may not."""
    found: list[Raw] = []
    for service in services:
        labels = f"{SLICE_OF}={service['metadata']['name']}"
        listed = await readable(cluster.list("EndpointSlice", options.namespace, labels))
        if listed is None:
            return None
        found.extend(listed)
    return found


async def with_named(
    found: list[Raw] | None, kind: str, name: str, options: argparse.Namespace, cluster: Api
) -> list[Raw] | None:
    """Add the one of that name where it is not among those that were found by label."""
    if found is None or not name or any(each["metadata"]["name"] == name for each in found):
        return found
    other = await readable(cluster.get(kind, options.namespace, name))
    return [*found, other] if other else found


def for_programs(found: Tree) -> Raw:
    """Give it without the templates of the releases, which `diff` and the Releases have."""
    told: Raw = jsonable(found)
    for release in told["releases"]:
        release.pop("template", None)
    return told
