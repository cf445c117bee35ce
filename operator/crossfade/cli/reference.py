"""The name of a Rollout, as people write it: `shop`, `cf/shop`, `rollout/shop`, `rollouts.crossfade.dev/shop`."""

from __future__ import annotations

import argparse

KINDS = frozenset({"cf", "cfro", "rollout", "rollouts", "rollout.crossfade.dev", "rollouts.crossfade.dev"})
ROLLOUT = "NAME"
"""What stands for the name in usage lines; completion offers the cluster's Rollouts there."""
POLICY = "POLICY"
"""The same for the name of a RolloutPolicy."""


def add_name(parser: argparse.ArgumentParser, *, nargs: str | None = None, meaning: str = "") -> None:
    """Add the name of a Rollout to a command."""
    more = {"nargs": nargs} if nargs else {}
    told = meaning or "name of the Rollout; cf/NAME and rollout/NAME are the same"
    parser.add_argument("name", metavar=ROLLOUT, type=rollout_name, help=told, **more)  # type: ignore[arg-type]


def rollout_name(text: str) -> str:
    """Read a name with or without its kind before it."""
    kind, found, name = text.rpartition("/")
    if not found:
        return text
    if kind.lower() not in KINDS or not name:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no Rollout: write its name alone, or for example cf/shop or rollouts.crossfade.dev/shop"
        )
    return name


def add_policy(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Add the name of a RolloutPolicy, which may be left out, to a command."""
    parser.add_argument("policy", metavar=POLICY, nargs="?", help=meaning)
