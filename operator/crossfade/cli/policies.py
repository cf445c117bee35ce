"""`crossfade policies [NAME]`: all RolloutPolicies, one line each, or one in full."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

from crossfade.cli.connection import Api, Raw, readable, with_cluster
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.freeze import no_such_policy
from crossfade.cli.output import written
from crossfade.cli.reference import add_policy

NONE = "There is no RolloutPolicy in the cluster: every release may go on. `crossfade policy test` tries one before it is applied."


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "policies",
        parents=[where],
        help="the rules that releases are held by: whom they are about, who breaks them, what is closed, who waits",
        description="The RolloutPolicies as the operator last counted: what it says of Rollouts may be some seconds old.",
    )
    add_policy(parser, "one RolloutPolicy in full (default: all, one line each)")
    parser.set_defaults(run=lambda options: asyncio.run(with_cluster(show, options)))


async def show(options: argparse.Namespace, cluster: Api) -> int:
    """List them, or show the one that is named."""
    return await _one(options, cluster) if options.policy else await _all(options, cluster)


async def _all(options: argparse.Namespace, cluster: Api) -> int:
    from crossfade.view.policies import policies, table  # noqa: PLC0415 -- not for other commands
    from crossfade.view.text import jsonable  # noqa: PLC0415 -- with the other

    found = policies(await cluster.list("RolloutPolicy", None), datetime.now(UTC))
    if options.output:
        print(written({"policies": jsonable(found)}, options.output))
    elif found:
        print("\n".join(table(found)))
    else:
        print(NONE, file=sys.stderr)
    return ExitCode.DONE


async def _one(options: argparse.Namespace, cluster: Api) -> int:
    from crossfade.view.policies import details, policy_view  # noqa: PLC0415 -- not for other commands
    from crossfade.view.text import jsonable  # noqa: PLC0415 -- with the other

    stored = await cluster.get("RolloutPolicy", None, options.policy)
    if stored is None:
        raise await no_such_policy(cluster, options.policy)
    now = datetime.now(UTC)
    found, may = policy_view(stored, now), await may_bypass(cluster, options.policy)
    if options.output:
        print(written({**jsonable(found), "youMayBypass": may}, options.output))
        return ExitCode.DONE
    print(f"{found.name}: RolloutPolicy")
    words = bypass_words(found.name, allowed=found.bypass_allowed, seconds=found.bypass_seconds, may=may)
    for label, told in details(found, _about(stored), words, now):
        print(f"  {label:<10} {told}")
    return ExitCode.DONE


async def may_bypass(cluster: Api, name: str) -> bool | None:
    """Ask the API server whether who types may pass a policy; None where it does not say."""
    attributes = {
        "group": "crossfade.dev",
        "resource": "rolloutpolicies",
        "verb": "bypass",
        "name": name,
    }
    review = {"spec": {"resourceAttributes": attributes}}
    answer: Raw | None = await readable(cluster.create("SelfSubjectAccessReview", None, review))
    return None if answer is None else bool((answer.get("status") or {}).get("allowed"))


def bypass_words(name: str, *, allowed: bool, seconds: int, may: bool | None) -> str:
    """Say who may pass a policy, as far as that can be known."""
    from crossfade.view.times import duration  # noqa: PLC0415 -- small, and not for --help

    if not allowed:
        return "by nobody (breakGlass.allowed is false)"
    you = {None: "", True: "; you have it", False: "; you have it not"}[may]
    return (
        f"whoever has the verb bypass on rolloutpolicies.crossfade.dev/{name}{you}; for {duration(seconds)} at most: "
        f"crossfade bypass NAME --policy {name} --reason TEXT"
    )


def _about(stored: Raw) -> str:
    from pydantic import ValidationError  # noqa: PLC0415 -- costs 150 ms

    from crossfade.api.policy import RolloutPolicySpec  # noqa: PLC0415 -- the same
    from crossfade.view.selected import by_words  # noqa: PLC0415 -- the same

    try:
        return by_words(RolloutPolicySpec.model_validate(stored.get("spec") or {}))
    except ValidationError:
        return "nobody knows which Rollouts: its spec cannot be read"
