"""`crossfade policy test` and `crossfade policy impact`: what policies would say, before a Rollout or a policy is applied."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

TEST = """\
Says what the RolloutPolicies say to the Rollouts in the files, as the API server and the operator would: what is refused, what waits
for what until when, what only warns. It asks the cluster for its policies, and the API server for a dry run of the same manifest. Where
a file has a RolloutPolicy, those of the files are taken instead, and no cluster is asked. Exit code: 0 where the manifests would be
taken, also where their release waits then; 2 where one would be refused."""
IMPACT = """\
Says which Rollouts of the cluster a RolloutPolicy would be about, which it would refuse at their next change, which it would hold, and
what of that differs from the version of the policy that is in the cluster now. Nothing is written."""


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the commands to the command line."""
    policy = commands.add_parser(
        "policy", help="test, impact: what policies would say, before they or a Rollout are applied"
    )
    kinds = policy.add_subparsers(metavar="test|impact", required=True)
    test = kinds.add_parser(
        "test", parents=[where], help="what policies say to a manifest of a Rollout", description=TEST
    )
    _add_files(test, "manifest with Rollouts; to ask no cluster, also with RolloutPolicies and Namespaces")
    test.add_argument(
        "--namespace-labels",
        metavar="KEY=VALUE,…",
        type=labels,
        default={},
        help="labels of the namespace, where no cluster is asked, for example env=production",
    )
    test.set_defaults(run=_test)
    impact = kinds.add_parser(
        "impact", parents=[where], help="what a policy would change in the cluster", description=IMPACT
    )
    _add_files(impact, "manifest with RolloutPolicies")
    impact.set_defaults(run=_impact)


def _add_files(parser: argparse.ArgumentParser, meaning: str) -> None:
    parser.add_argument(
        "-f",
        "--filename",
        action="append",
        required=True,
        metavar="FILE",
        help=f"{meaning}; - reads standard input; may be repeated",
    )


def labels(text: str) -> dict[str, str]:
    """Read `env=production,team=web`."""
    found: dict[str, str] = {}
    for each in text.split(","):
        key, sign, value = each.partition("=")
        if not (key and sign):
            raise argparse.ArgumentTypeError(f"'{each}' is not KEY=VALUE: write for example env=production")
        found[key] = value
    return found


def _test(options: argparse.Namespace) -> int:
    from crossfade.cli.policy_test import test  # noqa: PLC0415 -- pydantic costs 150 ms

    return asyncio.run(test(options))


def _impact(options: argparse.Namespace) -> int:
    from crossfade.cli.policy_impact import show_impact  # noqa: PLC0415 -- pydantic costs 150 ms

    return asyncio.run(show_impact(options))
