"""Reaching the cluster, and finding the Rollout that a command is about."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from crossfade.cli.errors import CommandError, explained, no_such_rollout
from crossfade.wire.errors import ApiError

Raw = dict[str, Any]
T = TypeVar("T")


class Api(Protocol):
    """What the commands need of a cluster; `wire.direct` has it, `cluster.Cluster`, and the tests' clusters."""

    namespace: str

    async def get(self, kind: str, namespace: str | None, name: str) -> Raw | None:
        """Read one object; None where there is none."""

    async def list(self, kind: str, namespace: str | None = None, labels: str | None = None) -> list[Raw]:
        """List objects of a kind; `labels` is a selector as in `kubectl -l`, `namespace` None means all."""

    async def create(self, kind: str, namespace: str | None, body: Mapping[str, Any]) -> Raw:
        """Create an object."""

    async def json_patch(
        self, kind: str, namespace: str | None, name: str, ops: Sequence[Mapping[str, Any]], *, manager: str
    ) -> Raw:
        """Change an object; a `test` that fails is a Conflict."""

    async def dry_run(
        self, kind: str, namespace: str | None, body: Mapping[str, Any], *, replaces: bool
    ) -> tuple[str, ...]:
        """Ask whether an object would be taken, and store nothing; give the warnings."""

    async def logs(self, namespace: str, pod: str, query: Mapping[str, str]) -> str:
        """Read what a container of a pod has written."""

    def watch(
        self, kind: str, namespace: str | None, *, name: str | None = None, resource_version: str = ""
    ) -> AsyncIterator[tuple[str, Raw]]:
        """Give changes as they come."""


Command = Callable[[argparse.Namespace, Api], Awaitable[int]]
"""`options.namespace` is set when it is called."""


async def with_cluster(command: Command, options: argparse.Namespace) -> int:
    """Run a command against the cluster that the options name; raises CommandError for what goes wrong there."""
    try:
        async with connected(options) as cluster:
            options.scope = scope_of(options)
            options.namespace = options.namespace or cluster.namespace
            return await command(options, cluster)
    except ApiError as error:
        raise CommandError(explained(error)) from error


def connected(options: argparse.Namespace) -> AbstractAsyncContextManager[Api]:
    """Give the cluster that the options name, by the light client wherever the kubeconfig is a plain one."""
    from crossfade.wire.kubeconfig import plain_access  # noqa: PLC0415 -- imports yaml, and --help has no need of it

    acting_as = _acting_as(options)
    access = plain_access(options.kubeconfig, options.context, acting_as)
    if access is not None:
        from crossfade.wire.direct import Direct  # noqa: PLC0415 -- with the other

        return Direct(access)
    from crossfade.cluster import Cluster  # noqa: PLC0415 -- costs 0.3 s

    return Cluster.connect(options.kubeconfig, options.context, acting_as=acting_as)


def _acting_as(options: argparse.Namespace) -> Raw:
    """The user and the groups of `--as` and `--as-group`, in the words of a kubeconfig."""
    if options.as_groups and not options.as_user:
        raise CommandError("--as-group needs --as: name the user too, for example --as ann --as-group devs")
    named: Raw = {"as": options.as_user} if options.as_user else {}
    return named | ({"as-groups": options.as_groups} if options.as_groups else {})


def scope_of(options: argparse.Namespace) -> str:
    """Give the flags that a command to type next needs too, as the user gave them."""
    flags = {
        "-n": options.namespace,
        "--context": options.context,
        "--kubeconfig": options.kubeconfig,
        "--as": options.as_user,
    }
    groups = [f"--as-group {group}" for group in options.as_groups or ()]
    return " ".join([*(f"{flag} {value}" for flag, value in flags.items() if value), *groups])


async def readable(answer: Awaitable[T | None]) -> T | None:
    """Give an answer of the API server; None where it refuses."""
    try:
        return await answer
    except ApiError:
        return None


async def find_rollout(cluster: Api, options: argparse.Namespace) -> Raw:
    """Read the Rollout that the command names; where there is none, say which ones there are."""
    found = await cluster.get("Rollout", options.namespace, options.name)
    if found is None:
        others = await cluster.list("Rollout", options.namespace)
        names = [each["metadata"]["name"] for each in others]
        raise CommandError(no_such_rollout(options.name, options.namespace, names))
    return found
