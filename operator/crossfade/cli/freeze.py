"""`crossfade freeze [POLICY] --reason TEXT [--until TIME]`: one command stops the line.

It writes `spec.freeze` of a RolloutPolicy, without a name of `crossfade-freeze`, which it makes where there is none. The way back
goes on: no policy ever holds it.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from crossfade.api.labels import ANNOTATION_FROZEN_BY
from crossfade.cli.action import user
from crossfade.cli.connection import Api, Raw, readable, with_cluster
from crossfade.cli.errors import CommandError
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.output import written
from crossfade.cli.reference import add_policy
from crossfade.cli.report import period
from crossfade.cli.set_image import MANAGER, TRIES
from crossfade.wire.errors import ApiError

EVERYTHING: Final = "crossfade-freeze"
"""The policy that is meant where none is named: it is about every Rollout, and has no rule but its freeze."""

IN_FLIGHT: Final[dict[str, Raw]] = {
    "Pause": {"inFlight": "Pause"},
    "Continue": {"applies": ["Start"]},
    "Abort": {"inFlight": "Abort"},
}
"""What becomes of releases that are under way, and how a freeze says it."""

RIGHT: Final = (
    "Freezing needs the verb `patch` on rolloutpolicies.crossfade.dev, and `create` the first time that no policy is named; "
    "ask whoever administers the policies of the cluster. To hold one Rollout alone: crossfade pause NAME."
)


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "freeze",
        parents=[where],
        help="let no release begin any more; crossfade unfreeze ends it",
        description="Let no release begin any more. The way back is never held. `crossfade unfreeze` ends it.",
    )
    add_policy(
        parser, f"the RolloutPolicy whose Rollouts are meant (default: all, by the policy {EVERYTHING})"
    )
    parser.add_argument(
        "--reason", required=True, metavar="TEXT", help="why; told to everybody whose release waits"
    )
    parser.add_argument(
        "--until",
        type=ending,
        metavar="TIME",
        help="when it ends by itself: 20s, 30m, 2h, 1d, or 2026-12-01T06:00:00Z (default: when unfreeze is typed)",
    )
    parser.add_argument(
        "--in-flight",
        choices=IN_FLIGHT,
        default="Pause",
        help="what releases do that are under way: stand where they are (the default), go on, or return to stable",
    )
    parser.set_defaults(run=lambda options: asyncio.run(with_cluster(freeze, options)))


def ending(text: str) -> datetime | timedelta:
    """Read when it ends: after a while, or at a moment that says its offset."""
    try:
        return timedelta(seconds=period(text))
    except argparse.ArgumentTypeError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no time: write for example 2h, 1d, or with its offset 2026-12-01T06:00:00Z"
        )
    return moment


async def freeze(options: argparse.Namespace, cluster: Api) -> int:
    """Freeze the policy, and say what is held, what is not, and how it ends."""
    now, who = datetime.now(UTC).replace(microsecond=0), (await user(cluster)).name
    value = frozen(options, now)
    try:
        policy, was = await _written(cluster, options.policy, value, who)
    except ApiError as error:
        raise without_right(error) from error
    reach = await reached(cluster, policy)
    if options.output:
        print(written(_summary(options, policy, reach, who, made=was is None), options.output))
    else:
        from crossfade.view.frozen import told  # noqa: PLC0415 -- not for other commands

        end = ending_command(policy, options.scope)
        print("\n".join(told(policy, reach, now, who=who, was=was, end=end)))
    return ExitCode.DONE


def frozen(options: argparse.Namespace, now: datetime) -> Raw:
    """Give `spec.freeze` as it is to be; raises CommandError where it would have ended already."""
    until = now + options.until if isinstance(options.until, timedelta) else options.until
    if until is not None and until <= now:
        raise CommandError(
            f"--until {until.isoformat()} is over: name a moment to come, or a while such as 2h."
        )
    value = {"reason": options.reason}
    if until is not None:
        value["until"] = until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**value, **IN_FLIGHT[options.in_flight]}


async def _written(cluster: Api, name: str | None, value: Raw, who: str | None) -> tuple[Raw, Raw | None]:
    """Freeze it, and give the policy as it is stored then, and as it was before: None where it was made for this."""
    found = await cluster.get("RolloutPolicy", None, name or EVERYTHING)
    if found is None and name is None:
        try:
            return await cluster.create("RolloutPolicy", None, manifest(value, who)), None
        except ApiError as error:
            if not error.already_exists:
                raise
        found = await cluster.get("RolloutPolicy", None, EVERYTHING)  # somebody else has frozen all just now
    if found is None:
        raise await no_such_policy(cluster, str(name))
    was = copy.deepcopy(found)
    return await patched(cluster, found, lambda policy: operations(policy, value, who)), was


def manifest(value: Raw, who: str | None) -> Raw:
    """Give the policy about everything, as an object."""
    metadata: Raw = {"name": EVERYTHING}
    if who:
        metadata["annotations"] = {ANNOTATION_FROZEN_BY: who}
    return {"metadata": metadata, "spec": {"freeze": value}}


async def patched(cluster: Api, policy: Raw, change: Any) -> Raw:
    """Change a policy by `change(policy)`, a JSON Patch; another writer who comes between is read again."""
    name = policy["metadata"]["name"]
    for left in range(TRIES - 1, -1, -1):
        try:
            return await cluster.json_patch("RolloutPolicy", None, name, change(policy), manager=MANAGER)
        except ApiError as error:
            if not (error.conflict and left):
                raise
        policy = await cluster.get("RolloutPolicy", None, name) or policy
    raise AssertionError("the last try either answers or raises")


def operations(policy: Raw, value: Raw | None, who: str | None) -> list[Raw]:
    """Give the JSON Patch that sets or (None) removes a freeze and who asked for it, on what was read and nothing else."""
    meta = policy["metadata"]
    ops: list[Raw] = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": meta.get("resourceVersion")}
    ]
    if value is not None:
        ops.append({"op": "add", "path": "/spec/freeze", "value": value})
    elif "freeze" in policy["spec"]:
        ops.append({"op": "remove", "path": "/spec/freeze"})
    known = meta.get("annotations") or {}
    path = f"/metadata/annotations/{ANNOTATION_FROZEN_BY.replace('/', '~1')}"
    if who and known:
        ops.append({"op": "add", "path": path, "value": who})
    elif who:
        ops.append({"op": "add", "path": "/metadata/annotations", "value": {ANNOTATION_FROZEN_BY: who}})
    elif ANNOTATION_FROZEN_BY in known:
        ops.append({"op": "remove", "path": path})
    return ops


async def reached(cluster: Api, policy: Raw) -> Any:
    """Give which Rollouts the policy is about; None without the right to list them."""
    from crossfade.view.frozen import reach  # noqa: PLC0415 -- pydantic costs 150 ms

    rollouts = await readable(cluster.list("Rollout", None))
    namespaces = await readable(cluster.list("Namespace", None))
    return None if rollouts is None else reach(policy, rollouts, namespaces)


async def no_such_policy(cluster: Api, name: str) -> CommandError:
    """Say that a policy does not exist, and which ones do."""
    names = sorted(each["metadata"]["name"] for each in await cluster.list("RolloutPolicy", None))
    others = f"There are: {', '.join(names)}." if names else "There is none in the cluster."
    return CommandError(f"There is no RolloutPolicy '{name}'. {others}")


def without_right(error: ApiError) -> Exception:
    """Give what is to be raised: for who has not the right, with what that right is."""
    if error.status != HTTPStatus.FORBIDDEN:
        return error
    return CommandError(f"You may not do this: {error.message}. {RIGHT}")


def _summary(
    options: argparse.Namespace, policy: Raw, reach: Any, who: str | None, *, made: bool
) -> dict[str, Any]:
    from crossfade.view.text import jsonable  # noqa: PLC0415 -- with the others

    return {
        "action": "Freeze",
        "policy": policy["metadata"]["name"],
        "state": "Done",
        "created": made,
        "by": who,
        **policy["spec"]["freeze"],
        "rollouts": jsonable(reach),
        "end": ending_command(policy, options.scope),
    }


def ending_command(policy: Raw, scope: str) -> str:
    """Give what is typed to end a freeze."""
    from crossfade.view.advice import without_namespace  # noqa: PLC0415 -- not for --help

    name = policy["metadata"]["name"]
    words: Sequence[str] = (
        "crossfade unfreeze",
        "" if name == EVERYTHING else name,
        without_namespace(scope),
    )
    return " ".join(filter(None, words))
