"""`crossfade unfreeze [POLICY]`: the line starts again."""

from __future__ import annotations

import argparse
import asyncio
from datetime import UTC, datetime
from typing import Any

from crossfade.api.labels import ANNOTATION_FROZEN_BY
from crossfade.cli.connection import Api, Raw, with_cluster
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.freeze import (
    EVERYTHING,
    ending_command,
    no_such_policy,
    operations,
    patched,
    without_right,
)
from crossfade.cli.output import written
from crossfade.cli.reference import add_policy
from crossfade.wire.errors import ApiError


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("unfreeze", parents=[where], help="end a freeze: releases begin again")
    add_policy(parser, f"the RolloutPolicy that is frozen (default: {EVERYTHING})")
    parser.set_defaults(run=lambda options: asyncio.run(with_cluster(unfreeze, options)))


async def unfreeze(options: argparse.Namespace, cluster: Api) -> int:
    """Take the freeze out of the policy, and name the ones that stay frozen."""
    policies = await cluster.list("RolloutPolicy", None)
    name = options.policy or EVERYTHING
    found = next((each for each in policies if each["metadata"]["name"] == name), None)
    if found is None and options.policy:
        raise await no_such_policy(cluster, name)
    was = (found or {}).get("spec", {}).get("freeze")
    if found is not None and was is not None:
        try:
            await patched(cluster, found, lambda policy: operations(policy, None, None))
        except ApiError as error:
            raise without_right(error) from error
    others = [each for each in policies if each["metadata"]["name"] != name and is_frozen(each)]
    if options.output:
        print(written(_summary(name, was, others), options.output))
    else:
        print("\n".join(_lines(name, found, others, options.scope)))
    return ExitCode.DONE


def is_frozen(policy: Raw) -> bool:
    """Whether it has a freeze that has not ended."""
    freeze = (policy.get("spec") or {}).get("freeze")
    if freeze is None:
        return False
    from crossfade.view.times import time_of  # noqa: PLC0415 -- small, and not for --help

    until = time_of(freeze.get("until"))
    return until is None or until > datetime.now(UTC)


def _lines(name: str, found: Raw | None, others: list[Raw], scope: str) -> list[str]:
    was = (found or {}).get("spec", {}).get("freeze")
    if was is None:
        first = (
            f"Policy {name} is not frozen." if found else f"Nothing was frozen: there is no policy {name}."
        )
    else:
        by = (found or {})["metadata"].get("annotations", {}).get(ANNOTATION_FROZEN_BY)
        told = ", ".join(filter(None, (f"by {by}" if by else "", was.get("reason", ""))))
        first = f"Unfrozen: policy {name}" + (
            f" (it was frozen {told})" if by else f" (it was frozen: {told})"
        )
        first += ". What waited for it goes on, unless another rule holds it."
    more = [
        f"Still frozen: policy {each['metadata']['name']}   {ending_command(each, scope)}" for each in others
    ]
    return [first, *more]


def _summary(name: str, was: Raw | None, others: list[Raw]) -> Raw:
    return {
        "action": "Unfreeze",
        "policy": name,
        "state": "Unchanged" if was is None else "Done",
        "was": was,
        "stillFrozen": [each["metadata"]["name"] for each in others],
    }
