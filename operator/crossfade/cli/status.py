"""`crossfade status NAME [--watch]`: where a Rollout stands, and what to type next."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

from crossfade.api.conditions import Phase
from crossfade.cli import listing
from crossfade.cli.connection import Api, Raw, find_rollout, readable, with_cluster
from crossfade.cli.errors import CommandError
from crossfade.cli.exit_codes import BY_OUTCOME, ExitCode
from crossfade.cli.follow import states
from crossfade.cli.output import streamed, written
from crossfade.cli.reference import add_name
from crossfade.view import text
from crossfade.view.model import RolloutView
from crossfade.view.nearness import service_name
from crossfade.view.read import release_name, rollout_view

Show = Callable[[RolloutView], None]
T = TypeVar("T")


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "status",
        parents=[where],
        help="where a Rollout stands, and what to type next; without a name: as list",
        description=f"Without a name it is as list. {listing.EXIT_CODES}",
    )
    add_name(parser, nargs="?", meaning="name of the Rollout; all of the namespace where it is left out")
    listing.add_options(
        parser,
        watch="follow it until it is done, has failed, or waits for a person; without a name until Ctrl-C",
    )
    parser.set_defaults(run=lambda options: asyncio.run(with_cluster(status, options)))


async def status(options: argparse.Namespace, cluster: Api) -> int:
    """Show the Rollout, once or until it is settled, and give the exit code for what was seen last."""
    if options.name is None:
        return await listing.show(options, cluster)
    if options.all_namespaces:
        raise CommandError(
            "Write either a name or -A: a Rollout of that name is in one namespace, chosen with -n."
        )
    first = await find_rollout(cluster, options)
    if not options.watch:
        view = await Views(cluster, options).view(first)
        show_once(view, options.output)
        return BY_OUTCOME[view.outcome]
    with shown(options.output) as show:
        return await watch(options, cluster, show)


async def watch(options: argparse.Namespace, cluster: Api, show: Show) -> int:
    """Show every state until it is settled; raises CommandError when time is over or the Rollout is gone."""
    views, view = Views(cluster, options), None
    try:
        async with asyncio.timeout(options.timeout):
            async for rollout in states(cluster, "Rollout", options.namespace, options.name):
                view = await views.view(rollout)
                show(view)
                if view.outcome.settled:
                    return BY_OUTCOME[view.outcome]
    except TimeoutError:
        last = f" Last seen: {text.line(view)}" if view else ""
        raise CommandError(
            f"'{options.name}' was not settled within {options.timeout:g} s.{last}", ExitCode.TIMED_OUT
        ) from None
    raise CommandError(f"Rollout '{options.name}' was deleted.")


class Views:
    """Views of one Rollout, with the names of its stages: each Release is read once, since its plan never changes."""

    def __init__(self, cluster: Api, options: argparse.Namespace) -> None:
        self.cluster = cluster
        self.options = options
        self.release: Raw | None = None
        self.autoscalers: list[Raw] | None = None
        self.service: Raw | None = None

    async def view(self, rollout: Raw) -> RolloutView:
        """Give what there is to show; without the right to read something of it, without that."""
        name = release_name(rollout)
        if name and (self.release or {}).get("metadata", {}).get("name") != name:
            self.release = await readable(self.cluster.get("Release", self.options.namespace, name))
        if self.autoscalers is None:
            listed = self.cluster.list("HorizontalPodAutoscaler", self.options.namespace)
            self.autoscalers = await readable(listed) or []
            self.service = await self._service(rollout)
        elif (rollout.get("status") or {}).get("phase") == Phase.WAITING:  # for who else writes it, by now
            self.service = await self._service(rollout)
        return rollout_view(
            rollout,
            self.release,
            autoscalers=self.autoscalers,
            service=self.service,
            scope=self.options.scope,
        )

    async def _service(self, rollout: Raw) -> Raw | None:
        name = service_name(rollout)
        return await readable(self.cluster.get("Service", self.options.namespace, name)) if name else None


def show_once(view: RolloutView, output: str | None) -> None:
    """Print one state: JSON or YAML, coloured rows on a terminal, plain rows elsewhere."""
    if output:
        print(written(text.jsonable(view), output))
    elif sys.stdout.isatty():
        from crossfade.cli import screen  # noqa: PLC0415 -- rich costs 60 ms

        screen.print_view(view)
    else:
        print(text.paragraph(view, datetime.now(UTC)))


@contextlib.contextmanager
def shown(output: str | None) -> Iterator[Show]:
    """Give what shows each state: in place on a terminal, else a line for each change."""
    if output is None and sys.stdout.isatty():
        from crossfade.cli import screen  # noqa: PLC0415 -- rich costs 60 ms

        with screen.live() as show:
            yield show
    else:
        yield line_by_line(output)


def line_by_line(output: str | None) -> Show:
    """Print a state only where its line differs from the one before; below the last one, what there is to know of it."""
    last = ""

    def show(view: RolloutView) -> None:
        """Print a line where it says something new."""
        nonlocal last
        said = streamed(text.jsonable(view), output) if output else text.line(view)
        if said != last:
            stamp = "" if output else f"{datetime.now(UTC):%H:%M:%S} "
            print(stamp + said, flush=True)
        if not output and view.outcome.settled:
            print(*text.details(view), sep="\n", end="\n" if text.details(view) else "")
        last = said

    return show
