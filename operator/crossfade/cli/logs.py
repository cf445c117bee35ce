"""`crossfade logs NAME`: what the pods of one side wrote, each line with its pod; with the user's own rights.

Of a revision that failed also the end of the log that its Release keeps, though the pod has terminated.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from crossfade.api.labels import LABEL_REVISION, LABEL_ROLLOUT
from crossfade.cli.connection import Api, Raw, find_rollout, readable, with_cluster
from crossfade.cli.errors import CommandError
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.output import written
from crossfade.cli.reference import add_name
from crossfade.view.attempts import owned_by
from crossfade.view.plain import plain
from crossfade.view.sides import kept_log, likeliest, no_pods, no_such_side, revision_on
from crossfade.wire.errors import ApiError

TAIL = 50
SIDES = ("candidate", "failed", "stable")


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "logs",
        parents=[where],
        help="what the pods of one side wrote last",
        description="Without a side: the candidate's where a release is under way, else those of the revision that "
        "failed while it has pods, else stable's. Of what failed, the end of the log that its release keeps comes first.",
    )
    add_name(parser)
    sides = parser.add_mutually_exclusive_group()
    for side, meaning in zip(
        SIDES, ("being introduced", "that failed last", "that completed last"), strict=True
    ):
        sides.add_argument(
            f"--{side}", dest="side", action="store_const", const=side, help=f"of the revision {meaning}"
        )
    sides.add_argument(
        "--release", type=int, metavar="N", help="of release N, as `crossfade history` numbers it"
    )
    parser.add_argument(
        "--previous",
        action="store_true",
        help="of the containers before the last restart, where there was one",
    )
    parser.add_argument("-c", "--container", metavar="NAME", help="of this container (default: of all)")
    parser.add_argument(
        "--tail",
        type=int,
        default=TAIL,
        metavar="N",
        help=f"lines of each container (default: {TAIL}; -1: all)",
    )
    parser.set_defaults(run=lambda options: asyncio.run(with_cluster(show, options)))


async def show(options: argparse.Namespace, cluster: Api) -> int:
    """Print the logs; raises CommandError where there is no pod to have any, and no record, saying why."""
    rollout = await find_rollout(cluster, options)
    listed = cluster.list("Release", options.namespace, f"{LABEL_ROLLOUT}={options.name}")
    releases = owned_by(rollout, await readable(listed) or [])
    side, wanted, pods = await chosen(rollout, releases, options, cluster)
    kept = from_record(side, wanted, releases, pods, options)
    if not pods and not kept:
        raise CommandError(no_pods(side, wanted, rollout, releases, options.scope))
    found = [*kept, *[each async for each in read(pods, options, cluster)]]
    if options.output:
        print(written({"side": side, "revision": wanted, "logs": found}, options.output))
    return ExitCode.DONE if any("lines" in each for each in found) else ExitCode.ERROR


async def chosen(
    rollout: Raw, releases: Sequence[Mapping[str, Any]], options: argparse.Namespace, cluster: Api
) -> tuple[str, str, list[Raw]]:
    """Give the side that is meant, its revision, and its pods, oldest first."""
    pods = await cluster.list("Pod", options.namespace, f"{LABEL_ROLLOUT}={options.name}")
    if options.release is not None:
        side, wanted = f"release {options.release}", revision_of(options.release, releases, options.name)
    else:
        side = options.side or likeliest(rollout, [revision(pod) for pod in pods])
        wanted = revision_on(side, rollout)
    if not wanted:
        raise CommandError(no_such_side(side, rollout))
    mine = [pod for pod in pods if revision(pod) == wanted]
    return (
        side,
        wanted,
        sorted(mine, key=lambda pod: (pod["metadata"].get("creationTimestamp") or "", name_of(pod))),
    )


def revision_of(number: int, releases: Sequence[Mapping[str, Any]], name: str) -> str:
    """Give the revision of a release; raises CommandError where its record is not kept."""
    numbers = {int(each["spec"]["number"]): str(each["spec"]["revision"]) for each in releases}
    if number not in numbers:
        known = ", ".join(map(str, sorted(numbers))) or "none"
        raise CommandError(f"Rollout '{name}' has no record of release {number}. Kept are: {known}.")
    return numbers[number]


def from_record(
    side: str,
    wanted: str,
    releases: Sequence[Mapping[str, Any]],
    pods: list[Raw],
    options: argparse.Namespace,
) -> list[Raw]:
    """Give the end of the log that the release of what failed keeps, printing it; none where its pod is there to be read."""
    if side not in {"failed", f"release {options.release}"}:
        return []
    number, log = kept_log(releases, wanted, options.release)
    there = {name_of(pod) for pod in pods}
    if not log.get("lines") or log["pod"] in there or options.container not in {None, log["container"]}:
        return []
    lines = [plain(line) for line in log["lines"]]
    one = {"pod": str(log["pod"]), "container": str(log["container"])}
    lines = lines[-options.tail :] if options.tail > 0 else lines if options.tail else []
    if not options.output:
        print(f"Release {number} keeps the end of the log of pod {one['pod']}:", file=sys.stderr)
        tell(one, lines, alone=True)
    return [{**one, "release": number, "lines": lines}]


async def read(pods: list[Raw], options: argparse.Namespace, cluster: Api) -> AsyncIterator[Raw]:
    """Give what each container wrote, printing it on the way where people read it."""
    for pod in pods:
        for container in containers(pod, options):
            one = {"pod": name_of(pod), "container": container}
            try:
                text = await cluster.logs(options.namespace, name_of(pod), query(container, options))
            except ApiError as error:
                yield {**one, "error": refused(error, one, quiet=bool(options.output))}
                continue
            lines = [plain(line) for line in text.splitlines()]
            if not options.output:
                tell(one, lines, alone=len(containers(pod, options)) == 1)
            yield {**one, "lines": lines}


def refused(error: ApiError, one: dict[str, str], *, quiet: bool) -> str:
    """Say why a container has no logs (it has not started, was not there before), and go on with the others."""
    if error.status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}:
        raise error
    if not quiet:
        print(f"{one['pod']}: no logs of {one['container']}: {plain(str(error))}", file=sys.stderr)
    return str(error)


def tell(one: dict[str, str], lines: list[str], *, alone: bool) -> None:
    """Print each line with its pod, and with its container where there are several."""
    prefix = one["pod"] if alone else f"{one['pod']} {one['container']}"
    for line in lines:
        print(f"{prefix}: {line}")


def containers(pod: Raw, options: argparse.Namespace) -> list[str]:
    """Give the containers to read; raises CommandError where the pod has not the one that is named."""
    spec = pod.get("spec") or {}
    usual = [each["name"] for each in spec.get("containers") or ()]
    if not options.container:
        return usual
    every = [*usual, *(each["name"] for each in spec.get("initContainers") or ())]
    if options.container not in every:
        raise CommandError(
            f"Pod {name_of(pod)} has no container '{options.container}'. It has: {', '.join(every)}."
        )
    return [options.container]


def query(container: str, options: argparse.Namespace) -> dict[str, str]:
    """Give what is asked of the API server."""
    asked = {"container": container}
    asked |= {"tailLines": str(options.tail)} if options.tail >= 0 else {}
    return asked | ({"previous": "true"} if options.previous else {})


def revision(pod: Raw) -> str:
    """Give the revision that a pod is of."""
    return str((pod["metadata"].get("labels") or {}).get(LABEL_REVISION, ""))


def name_of(pod: Raw) -> str:
    """Give its name."""
    return str(pod["metadata"]["name"])
