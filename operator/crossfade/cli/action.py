"""`crossfade promote|promote-full|skip|abort|retry|pause|resume|undo|restart|approve|bypass NAME`.

Each makes a RolloutAction and waits for the answer.
"""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import dataclass
from typing import Any

from crossfade.api.bounds import ACTOR_LENGTH, GROUPS_LENGTH
from crossfade.api.labels import API_VERSION
from crossfade.cli import approve, undo
from crossfade.cli.connection import Api, Raw, find_rollout, with_cluster
from crossfade.cli.errors import CommandError
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.follow import states
from crossfade.cli.output import written
from crossfade.cli.reference import add_name
from crossfade.wire.errors import ApiError

OPERATOR_PODS = "kubectl get pods -A -l app.kubernetes.io/name=crossfade-operator"
"""Shows the operator's pods, whatever namespace it was put into."""


@dataclass(frozen=True)
class Verb:
    """What is typed, what the action is called, and what it does."""

    word: str
    action: str
    meaning: str


VERBS = (
    Verb("promote", "Promote", "let the stage that waits pass"),
    Verb("promote-full", "PromoteFull", "let all stages pass, each as soon as its pods and traffic stand"),
    Verb("skip", "Skip", "go on to the next stage although this one does not stand yet"),
    Verb("abort", "Abort", "return all requests to the stable revision, at any moment"),
    Verb("retry", "Retry", "try a revision that failed again"),
    Verb("pause", "Pause", "hold a release where it stands"),
    Verb("resume", "Resume", "let a held release go on"),
    Verb("undo", "Undo", "go back to the revision that completed before"),
    Verb("restart", "Restart", "replace the stable revision's pods by new ones, a few at a time"),
    Verb("approve", "Approve", "approve the revision, where a policy asks for approvals"),
    Verb("bypass", "Bypass", "pass a policy for a time, in an emergency"),
)

BY_WHOM = frozenset({"Approve", "Bypass"})
"""Actions that count by the groups of who asks."""


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add a command for each action to the command line."""
    for verb in VERBS:
        parser = commands.add_parser(
            verb.word, parents=[where], help=verb.meaning, description=f"{verb.meaning}."
        )
        add_name(parser)
        needed = verb.action == "Bypass"
        parser.add_argument("--reason", metavar="TEXT", required=needed, help="why; kept in the Release")
        if verb.action == "Undo":
            undo.add_options(parser)
        else:
            parser.add_argument(
                "--revision", metavar="HASH", help="refuse it unless it is about this revision"
            )
        if verb.action == "Approve":
            approve.add_approve(parser)
        if verb.action == "Bypass":
            approve.add_bypass(parser)
        if verb.action == "Abort":
            parser.add_argument(
                "--now",
                action="store_true",
                help="at once, with one pod of stable ready (default: with 1 in 4 of them where the candidate fails; else "
                "both serve until stable has enough)",
            )
        parser.add_argument(
            "--timeout",
            type=float,
            default=60,
            metavar="SECONDS",
            help="wait so long for the answer (default: 60)",
        )
        parser.set_defaults(run=lambda options: asyncio.run(with_cluster(act, options)), verb=verb)


async def act(options: argparse.Namespace, cluster: Api) -> int:
    """Make the action and wait until the operator has answered; the exit code says Done or Refused."""
    rollout = await find_rollout(cluster, options)
    if options.verb.action == "Undo":
        to, revision = await undo.meant(options, cluster, rollout)
    else:
        to, revision = None, options.revision or seen(options, rollout)
    body = manifest(options, revision, await user(cluster))
    if (stage := stage_seen(options, rollout)) is not None:
        body["spec"]["step"] = stage
    made = await cluster.create("RolloutAction", options.namespace, body)
    try:
        answered = await answer(cluster, options, made["metadata"]["name"])
    except CommandError:
        if options.output:
            unanswered = {**made, "status": {"state": "Unanswered"}}
            print(written(await summary(options, cluster, unanswered), options.output))
        raise
    done = answered["status"]["state"] == "Done"
    if options.output:
        print(written(await summary(options, cluster, answered), options.output))
    else:
        print(f"{answered['status']['state']}: {answered['status'].get('message', '')}".rstrip(": "))
        for line in undo.left_to_do(options, rollout, to) if to and done else ():
            print(line)
    return ExitCode.DONE if done else ExitCode.FAILED


async def summary(options: argparse.Namespace, cluster: Api, answered: Raw) -> Raw:
    """Give what was asked and what came of it, for programs; `release` is None where no release is known to be meant."""
    spec, status, name = answered["spec"], answered["status"], answered["metadata"]["name"]
    rollout = await cluster.get("Rollout", options.namespace, options.name) or {}
    last = (rollout.get("status") or {}).get("lastAction") or {}
    return {
        "action": spec["action"],
        "rollout": options.name,
        "namespace": options.namespace,
        "revision": spec.get("revision"),
        "actor": spec.get("actor"),
        "reason": spec.get("reason"),
        "name": name,
        "state": status["state"],
        "message": status.get("message", ""),
        "release": last.get("release") if last.get("name") == name else None,
    }


def seen(options: argparse.Namespace, rollout: Raw) -> str | None:
    """Give the candidate that stood there when a promotion was typed, None for other verbs.

    Should another one have taken its place by the time the operator reads it, the promotion is refused rather
    than applied to that one. An approval is always for one revision.
    """
    if options.verb.action == "Approve":
        return approve.approved(rollout)
    candidate = ((rollout.get("status") or {}).get("candidate") or {}).get("revision")
    return candidate if options.verb.action in {"Promote", "PromoteFull", "Skip"} else None


def stage_seen(options: argparse.Namespace, rollout: Raw) -> int | None:
    """Give the number of the stage that stood there when a promotion or a skip was typed: it opens no other one."""
    progress = (rollout.get("status") or {}).get("progress")
    if options.verb.action not in {"Promote", "Skip"} or not progress:
        return None
    return int(progress.get("stage") or 0) + 1


@dataclass(frozen=True)
class User:
    """Who types, as far as the API server says it and an action can hold it."""

    name: str | None = None
    groups: tuple[str, ...] = ()


async def user(cluster: Api) -> User:
    """Ask the API server who types; a name, or groups, that are more than fits are left out."""
    try:
        review = await cluster.create("SelfSubjectReview", None, {})
    except ApiError:
        return User()
    told = (review.get("status") or {}).get("userInfo") or {}
    name, groups = told.get("username") or "", tuple(told.get("groups") or ())
    fit = len(groups) <= GROUPS_LENGTH and all(0 < len(group) <= ACTOR_LENGTH for group in groups)
    return User(name if 0 < len(name) <= ACTOR_LENGTH else None, groups if fit else ())


def manifest(options: argparse.Namespace, revision: str | None, who: User) -> Raw:
    """Give the action as an object; the server gives it its name."""
    spec = {
        "rollout": options.name,
        "action": options.verb.action,
        "revision": revision,
        "actor": who.name,
        "groups": list(who.groups) if options.verb.action in BY_WHOM else None,
        "step": getattr(options, "step", None),
        "policy": getattr(options, "policy", None),
        "reason": options.reason,
        "expiresSeconds": getattr(options, "expires", None),
        "now": getattr(options, "now", False),
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "RolloutAction",
        "metadata": {"generateName": f"{options.name}-{options.verb.word}-", "namespace": options.namespace},
        "spec": {key: value for key, value in spec.items() if value},
    }


async def answer(cluster: Api, options: argparse.Namespace, name: str) -> Raw:
    """Wait for the operator's answer; raises CommandError when none comes in time."""
    try:
        async with asyncio.timeout(options.timeout):
            async for state in states(cluster, "RolloutAction", options.namespace, name):
                if (state.get("status") or {}).get("state"):
                    return state
    except TimeoutError:
        raise CommandError(
            f"The operator did not answer within {options.timeout:g} s. RolloutAction '{name}' stays and is taken up "
            f"when the operator runs again: see `{OPERATOR_PODS}`; "
            f"`kubectl delete rolloutactions.crossfade.dev {name} -n {options.namespace}` takes it back.",
            ExitCode.TIMED_OUT,
        ) from None
    raise CommandError(f"RolloutAction '{name}' was deleted before the operator answered.")
