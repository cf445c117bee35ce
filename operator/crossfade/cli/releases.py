"""Finding the Releases of a Rollout."""

from __future__ import annotations

import argparse

from crossfade.api.labels import LABEL_ROLLOUT
from crossfade.cli.connection import Api, Raw
from crossfade.cli.errors import CommandError
from crossfade.view.attempts import Attempt, attempts, owned_by


async def releases_of(cluster: Api, rollout: Raw) -> list[Raw]:
    """List the Releases of this very Rollout, in no order."""
    meta = rollout["metadata"]
    found = await cluster.list("Release", meta["namespace"], f"{LABEL_ROLLOUT}={meta['name']}")
    return [dict(each) for each in owned_by(rollout, found)]


async def attempts_of(cluster: Api, rollout: Raw) -> list[Attempt]:
    """Give them as values, newest first."""
    return attempts(await releases_of(cluster, rollout))


def numbered(known: list[Attempt], number: int, options: argparse.Namespace) -> Attempt:
    """Give the release of that number; raises CommandError with the numbers that there are."""
    found = next((each for each in known if each.number == number), None)
    if found is None:
        numbers = ", ".join(str(each.number) for each in known) or "none"
        raise CommandError(
            f"Rollout '{options.name}' has no release {number} any more, or never had. Kept are: {numbers}. "
            f"See `{scoped(f'crossfade history {options.name}', options)}`; "
            "spec.revisionHistoryLimit says how many are kept."
        )
    return found


def scoped(command: str, options: argparse.Namespace) -> str:
    """Give a command to type next, with the flags that this one was given."""
    return f"{command} {options.scope}".rstrip()
