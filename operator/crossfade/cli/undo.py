"""What is special about `crossfade undo`: release numbers, and the template that belongs into Git afterwards."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from crossfade.cli.connection import Api, Raw
from crossfade.cli.errors import CommandError
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.releases import attempts_of, numbered, scoped
from crossfade.view.attempts import Attempt
from crossfade.view.way_back import goal, newest_of, refusal, warning
from crossfade.wire.errors import ApiError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only undo has."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--to",
        type=int,
        metavar="N",
        help="number of the release to go back to, as `crossfade history` shows it (default: the one before)",
    )
    which.add_argument("--revision", metavar="HASH", help="the same by its revision")


async def meant(options: argparse.Namespace, cluster: Api, rollout: Raw) -> tuple[Attempt | None, str | None]:
    """Give the release to go back to, where it is known, and the revision that the action names.

    It is named so that what is printed here is what is done. Not while a release is under way: then whatever is
    stable when the operator reads the action is right.
    """
    to = await destination(options, cluster, rollout)
    if to is not None and (warned := warning(to, datetime.now(UTC))):
        print(f"crossfade: Warning: {warned}", file=sys.stderr)
    under_way = (rollout.get("status") or {}).get("progress") and options.to is None
    return to, options.revision or (to.revision if to and not under_way else None)


async def destination(options: argparse.Namespace, cluster: Api, rollout: Raw) -> Attempt | None:
    """Give the release to go back to; raises CommandError where a number is given and it cannot be gone back to.

    None where no number is given and Releases cannot be read or are gone: the way back needs none of that, so it is
    never held up by it.
    """
    try:
        known = await attempts_of(cluster, rollout)
    except ApiError:
        if options.to is None:
            return None
        raise
    if options.to is None:
        return newest_of(options.revision, known) if options.revision else goal(rollout, known)
    wanted = numbered(known, options.to, options)
    why_not = refusal(rollout, wanted)
    if why_not:
        see = scoped(f"crossfade history {options.name}", options)
        raise CommandError(f"{why_not} Nothing was done. See `{see}`.", ExitCode.FAILED)
    return wanted


def left_to_do(options: argparse.Namespace, rollout: Raw, to: Attempt) -> Iterator[str]:
    """Say what belongs into the manifest now; nothing where it is there already."""
    lines = tuple(_in_the_manifest(rollout, to))
    if not lines:
        return
    yield from lines
    name = f"{to.rollout}-{to.number}"
    whole = scoped(f"kubectl get releases.crossfade.dev {name}", options)
    yield f"The whole template: {whole} -o jsonpath='{{.spec.template}}'"


def _in_the_manifest(rollout: Raw, to: Attempt) -> Iterator[str]:
    from crossfade.core.revision import revision_of  # noqa: PLC0415 -- only here
    from crossfade.view.comparison import difference, title  # noqa: PLC0415 -- imports yaml

    ref = rollout["spec"].get("workloadRef")
    if ref:
        yield (
            f"The template comes from Deployment {ref['name']}. Unless it is there already, put that of release "
            f"{to.number} back there, or into the chart that makes it: the next change would bring the rest along."
        )
        return
    template = rollout["spec"]["template"]
    named = revision_of(template)
    lines = difference(template, to.template, f"the manifest (revision {named})", title(to))
    if not lines or named == to.revision:
        return
    yield (
        f"The manifest still names {named}. Put the template of release {to.number} back there too, in Git where it "
        "comes from: the next change of any other field of the template would bring the rest along. The difference:"
    )
    yield from lines
