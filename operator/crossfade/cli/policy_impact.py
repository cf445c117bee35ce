"""`crossfade policy impact -f FILE`: what a policy would change in the cluster; nothing is written."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from crossfade.cli.connection import Api, Raw, readable, with_cluster
from crossfade.cli.errors import CommandError
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.manifests import read
from crossfade.cli.output import written
from crossfade.cli.policy_files import checked
from crossfade.view.impact_text import told
from crossfade.view.policy_impact import Around, Impact, impact
from crossfade.view.selected import labels_by_name, namespace_of
from crossfade.view.text import jsonable


async def show_impact(options: argparse.Namespace) -> int:
    """Compare every policy in the files with the one in the cluster; raises CommandError where a file has none, or a wrong one."""
    found = read(options.filename)
    if not found.policies:
        raise CommandError(
            f"{', '.join(options.filename)}: no RolloutPolicy in it: write kind: RolloutPolicy and apiVersion: "
            "crossfade.dev/v1alpha1."
        )
    policies = checked(found.policies)
    return await with_cluster(lambda given, cluster: _compared(given, cluster, policies), options)


async def _compared(options: argparse.Namespace, cluster: Api, policies: list[Raw]) -> int:
    around, now = await _around(cluster), datetime.now(UTC)
    compared = [
        impact(each, await cluster.get("RolloutPolicy", None, each["metadata"]["name"]), around, now)
        for each in policies
    ]
    if options.output:
        print(written({"policies": [_jsonable(each) for each in compared]}, options.output))
    else:
        print("\n\n".join("\n".join(told(each)) for each in compared))
    return ExitCode.DONE


def _jsonable(compared: Impact) -> dict[str, Any]:
    found: dict[str, Any] = jsonable(compared)
    return found


async def _around(cluster: Api) -> Around:
    """Read the Rollouts, the labels of namespaces, and the Deployments that hold templates."""
    rollouts = await cluster.list("Rollout", None)
    namespaces = await cluster.list("Namespace", None)
    named = {place for each in rollouts if (place := _workload(each))}
    found = await asyncio.gather(*(readable(cluster.get("Deployment", *place)) for place in named))
    templates = {place: _template(each) for place, each in zip(named, found, strict=True) if each}
    return Around(rollouts, labels_by_name(namespaces), templates)


def _workload(rollout: Raw) -> tuple[str, str] | None:
    name = ((rollout.get("spec") or {}).get("workloadRef") or {}).get("name")
    return (namespace_of(rollout), name) if name else None


def _template(deployment: Raw) -> Mapping[str, Any]:
    template: Mapping[str, Any] = (deployment.get("spec") or {}).get("template") or {}
    return template
