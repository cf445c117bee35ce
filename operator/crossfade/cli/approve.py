"""What is special about `crossfade approve` and `crossfade bypass`: the revision, the policy, and how long."""

from __future__ import annotations

import argparse
import re
from typing import Any

from crossfade.cli.connection import Raw
from crossfade.cli.errors import CommandError

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 24 * 3600}
"""Seconds of each unit that a time may be written in."""
LONGEST_S = 7 * 24 * 3600


def add_approve(parser: argparse.ArgumentParser) -> None:
    """Add what only approve has."""
    parser.add_argument(
        "--policy", metavar="NAME", help="for this policy only (default: each that asks for it)"
    )
    parser.add_argument(
        "--step",
        metavar="N",
        type=step,
        help="for this stage, by number or name (default: the one that waits)",
    )


def add_bypass(parser: argparse.ArgumentParser) -> None:
    """Add what only bypass has."""
    parser.add_argument("--policy", metavar="NAME", required=True, help="the policy to pass")
    parser.add_argument(
        "--expires",
        metavar="TIME",
        type=seconds,
        help="for so long: 900, 30m, 1h, 2d (default: 1h; at most 7d)",
    )


def step(text: str) -> int | str:
    """Read a stage: digits are its number, anything else its name."""
    if re.fullmatch("[0-9]+", text) is None:
        return text
    if int(text) == 0:
        raise argparse.ArgumentTypeError("stages are counted from 1")
    return int(text)


def seconds(text: str) -> int:
    """Read a time such as `90`, `30m`, `1h` or `2d`, in seconds."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text)
    count = int(found[1]) * UNITS[found[2]] if found else 0
    if not 0 < count <= LONGEST_S:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no time from 1s to 7d: write for example 900, 30m, 1h or 2d"
        )
    return count


def approved(rollout: Raw) -> str:
    """Give the revision that is approved: the candidate, or before a release begins the one in the spec.

    Should another one have taken its place by the time the operator reads it, the approval is not for that one.
    """
    candidate = ((rollout.get("status") or {}).get("candidate") or {}).get("revision")
    template: Any = rollout["spec"].get("template")
    if candidate or template is None:
        return candidate or _unnamed(rollout)
    from crossfade.core.revision import revision_of  # noqa: PLC0415 -- only here

    return revision_of(template)


def _unnamed(rollout: Raw) -> str:
    ref = (rollout["spec"].get("workloadRef") or {}).get("name", "")
    raise CommandError(
        f"No release is under way, and the template is in Deployment {ref}: name the revision that you approve with "
        "--revision. `crossfade status` shows it. Nothing was done."
    )
