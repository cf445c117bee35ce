"""`crossfade audit [-A] [--since 30d]`: who released what where, approved by whom, and which policies were passed and why."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from crossfade.cli.connection import Api, Raw, with_cluster
from crossfade.cli.errors import CommandError, no_such_rollout
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.output import FORMATS, written
from crossfade.cli.reference import ROLLOUT, rollout_name
from crossfade.cli.report import period

if TYPE_CHECKING:
    from crossfade.view.audit import Asked, Audit

OUTPUTS: Final = (*FORMATS, "csv")
"""What `-o` takes here."""

ONLY: Final = ("bypassed", "failed", "unapproved")
WHAT: Final = (
    "Lists the releases that are kept, newest first: who asked for each, who approved it, what people did to it, which rules of policies "
    "held it, which policies were passed and why, and how it ended."
)
EXIT_CODES: Final = (
    "Exit code: 0 whatever the releases did, 1 where they could not be read. docs/audit.md has the columns."
)


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "audit",
        parents=[where],
        help="who released what where, approved by whom, which policies were passed and why",
        description=f"{WHAT} {EXIT_CODES}",
    )
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="of all namespaces")
    parser.add_argument(
        "--since",
        type=moment,
        default="30d",
        metavar="TIME",
        help="how far back, as 12h or 30d, or from when on, as 2026-11-01 (its first moment in UTC); default: 30d",
    )
    parser.add_argument(
        "--until", type=moment, metavar="TIME", help="up to when, in the same forms (default: now)"
    )
    parser.add_argument("--rollout", metavar=ROLLOUT, type=rollout_name, help="of this Rollout alone")
    parser.add_argument(
        "--only",
        choices=ONLY,
        help="those in which a policy was passed; that were rolled back or undone; that nobody but the requester approved",
    )
    parser.set_defaults(run=lambda options: asyncio.run(with_cluster(show, options)))


def moment(text: str) -> datetime:
    """Read `12h` and `30d` as so long ago, and a date or a time as that moment, in UTC where it says no offset."""
    try:
        if text[-1:] in "smhdw":
            return datetime.now(UTC) - timedelta(seconds=period(text))
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError(
            f"'{text}' is no time: write for example 12h, 30d, 2026-11-01 or 2026-11-01T08:00:00Z"
        ) from None


async def show(options: argparse.Namespace, cluster: Api) -> int:
    """Print the releases that are kept of that time, newest first, and how far back the records reach."""
    from crossfade.view.audit import audit  # noqa: PLC0415 -- only here

    now = datetime.now(UTC)
    asked = _asked(options, now)
    rollouts = await cluster.list("Rollout", asked.namespace or None)
    releases = await cluster.list("Release", asked.namespace or None)
    _known(options, rollouts, releases)
    _print(audit(releases, rollouts, asked, now), options.output)
    return ExitCode.DONE


def _asked(options: argparse.Namespace, now: datetime) -> Asked:
    from crossfade.view.audit import Asked  # noqa: PLC0415 -- with the other

    until: datetime = options.until or now
    if options.since >= until:
        raise CommandError(
            f"--since ({options.since:%Y-%m-%d %H:%M:%S} UTC) is not before --until ({until:%Y-%m-%d %H:%M:%S} UTC): "
            "write an earlier --since, or a later --until."
        )
    namespace = "" if options.all_namespaces else options.namespace
    return Asked(options.since, until, namespace, options.rollout or "", options.only or "")


def _known(options: argparse.Namespace, rollouts: list[Raw], releases: list[Raw]) -> None:
    """Refuse a name that nothing has: an audit of a mistyped name would look like one of a quiet Rollout."""
    names = {each["metadata"]["name"] for each in rollouts}
    left = {(each.get("spec") or {}).get("rollout") for each in releases}
    if not options.rollout or options.rollout in names | left:
        return
    if options.all_namespaces:
        raise CommandError(
            f"There is no Rollout '{options.rollout}' in any namespace, and no record of one. `crossfade list -A` shows all."
        )
    raise CommandError(no_such_rollout(options.rollout, options.namespace, sorted(names)))


def _print(answer: Audit, output: str | None) -> None:
    if output == "csv":
        from crossfade.cli.audit_csv import lines  # noqa: PLC0415 -- csv costs some ms
        from crossfade.cli.terminal import print_records  # noqa: PLC0415 -- with the other
        from crossfade.view.audit_words import reach  # noqa: PLC0415 -- with the other

        print_records(lines(answer))
        print(f"crossfade: {reach(answer)}", file=sys.stderr)
    elif output:
        from crossfade.view.text import jsonable  # noqa: PLC0415 -- only here

        print(written(jsonable(answer), output))
    else:
        from crossfade.cli.audit_table import drawn  # noqa: PLC0415 -- imports rich
        from crossfade.cli.columns import console  # noqa: PLC0415 -- rich costs 60 ms

        screen = console()
        screen.print(drawn(answer, screen.width))
