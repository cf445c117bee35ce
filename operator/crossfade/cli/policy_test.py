"""`crossfade policy test -f FILE`: reads what is needed of files and cluster, asks the API server itself, and prints both answers."""

from __future__ import annotations

import argparse
import copy
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from crossfade.api.rollout import Rollout
from crossfade.cli.action import user
from crossfade.cli.connection import Api, Raw, readable, with_cluster
from crossfade.cli.errors import CommandError
from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.manifests import Manifests, read
from crossfade.cli.output import written
from crossfade.cli.policy_files import checked
from crossfade.view.known_policies import Known, known
from crossfade.view.policy_answers import answers, as_dry_run
from crossfade.view.policy_text import Server, Tested, jsonable_of, told
from crossfade.view.selected import asks_more_than_name, labels_by_name
from crossfade.view.situations import Tried
from crossfade.wire.errors import ApiError

UNLISTED = (
    "you may not list rolloutpolicies.crossfade.dev, so only the API server's own answer is known, and not what would wait: ask an admin "
    "of the cluster for the ClusterRole crossfade-policy-viewer by a ClusterRoleBinding"
)
HERE = "default"
"""The namespace of a manifest that names none, where no cluster is asked."""


@dataclass(frozen=True)
class Around:
    """What is read once for all Rollouts. `unread`: what could not be, in sentences."""

    policies: list[Known]
    namespaces: Mapping[str, Mapping[str, str]]
    rollouts: list[Raw] | None = None
    requester: str = ""
    unread: tuple[str, ...] = field(default=())


async def test(options: argparse.Namespace) -> int:
    """Test every Rollout in the files; raises CommandError with all that is wrong in any of them."""
    found = read(options.filename)
    if found.problems:
        raise CommandError("\n".join(found.problems))
    if found.policies:
        return show(options, _offline(options, found))
    if options.namespace_labels:
        raise CommandError(
            "--namespace-labels is for tests without a cluster: name a file with RolloutPolicies too, with another -f."
        )
    return await with_cluster(lambda given, cluster: _in_cluster(given, cluster, found), options)


def _offline(options: argparse.Namespace, found: Manifests) -> list[Tested]:
    policies = known(checked(found.policies), datetime.now(UTC))
    labels = labels_by_name(found.namespaces)
    tested = []
    for rollout in found.rollouts:
        namespace = rollout.metadata.namespace or options.namespace or HERE
        around = {**labels, namespace: {**labels.get(namespace, {}), **options.namespace_labels}}
        source = _source(found.workload_of(rollout))
        tried = Tried(rollout, namespace, namespaces=around, source=source, looks_ahead=True)
        server = Server(unasked="no cluster was asked: the policies are those of the files")
        tested.append(_tested(tried, policies, server, _unlabelled(tried, policies)))
    return tested


def _unlabelled(tried: Tried, policies: list[Known]) -> tuple[str, ...]:
    """Say what to write where the labels of the namespace are asked for and nobody has told them."""
    asking = [each.name for each in policies if each.spec and asks_more_than_name(each.spec)]
    if tried.namespace_labels or not asking:
        return ()
    return (
        (
            f"the labels of namespace {tried.namespace} are not known, and {', '.join(asking)} asks for some: tell them with "
            "--namespace-labels env=production, or name a file with the Namespace"
        ),
    )


async def _in_cluster(options: argparse.Namespace, cluster: Api, found: Manifests) -> int:
    around = await surroundings(cluster)
    tested = [each async for each in _each(options, cluster, found, around)]
    return show(options, tested)


async def surroundings(cluster: Api) -> Around:
    """Read policies, the labels of namespaces, and the other Rollouts, as far as that is allowed."""
    try:
        policies = await cluster.list("RolloutPolicy", None)
    except ApiError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        return Around([], {}, unread=(UNLISTED,))
    if not policies:
        return Around([], {})
    namespaces = await readable(cluster.list("Namespace", None))
    rollouts = await readable(cluster.list("Rollout", None))
    unread = {
        "you may not list namespaces: only the one of the Rollout is known, where you may read that": namespaces,
        "you may not list the Rollouts of all namespaces: nobody knows how many are under way": rollouts,
    }
    return Around(
        known(policies, datetime.now(UTC)),
        labels_by_name(namespaces or ()),
        rollouts,
        (await user(cluster)).name or "",
        tuple(what for what, found in unread.items() if found is None),
    )


async def _each(
    options: argparse.Namespace, cluster: Api, found: Manifests, around: Around
) -> AsyncIterator[Tested]:
    for rollout, text in zip(found.rollouts, found.written, strict=True):
        tried = await tried_in(cluster, found, rollout, options.namespace, around)
        server = await _dry_run(cluster, tried, text)
        yield _tested(tried, around.policies, server, around.unread)


async def tried_in(cluster: Api, found: Manifests, rollout: Rollout, at_hand: str, around: Around) -> Tried:
    """Give a manifest with what the cluster has beside it."""
    namespace = rollout.metadata.namespace or at_hand
    live = await cluster.get("Rollout", namespace, rollout.metadata.name)
    ref = rollout.spec.workload_ref
    workload = found.workload_of(rollout)
    if workload is None and ref is not None:
        workload = await readable(cluster.get("Deployment", namespace, ref.name))
    return Tried(
        rollout,
        namespace,
        live,
        await _with_its_own(cluster, namespace, around.namespaces),
        _source(workload),
        around.rollouts,
        around.requester,
        looks_ahead=True,
    )


async def _with_its_own(
    cluster: Api, namespace: str, known_ones: Mapping[str, Mapping[str, str]]
) -> Mapping[str, Mapping[str, str]]:
    """Give the labels of namespaces, that of the Rollout among them where who asks may read it alone."""
    if namespace in known_ones:
        return known_ones
    found = await readable(cluster.get("Namespace", None, namespace))
    return {**known_ones, **labels_by_name([found] if found else [])}


def _source(deployment: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    template: Mapping[str, Any] | None = ((deployment or {}).get("spec") or {}).get("template")
    return template


async def _dry_run(cluster: Api, tried: Tried, text: Raw) -> Server:
    """Ask the API server for its own answer to the same manifest."""
    body = as_applied(text, tried)
    try:
        warnings = await cluster.dry_run("Rollout", tried.namespace, body, replaces=tried.live is not None)
    except ApiError as error:
        if error.status == HTTPStatus.FORBIDDEN and not _is_verdict(error):
            verb = "update" if tried.live is not None else "create"
            told_ = (
                f"you may not {verb} Rollouts in {tried.namespace}, so it judged nothing ({error.message})"
            )
            return Server(unasked=told_)
        if error.passing:
            return Server(unasked=error.message)
        return Server(asked=True, refusal=error.message)
    return Server(asked=True, warnings=warnings)


def _is_verdict(error: ApiError) -> bool:
    """Whether it is an admission policy that says no, and not a lack of rights."""
    return "ValidatingAdmissionPolicy" in error.message or "admission webhook" in error.message


def as_applied(text: Raw, tried: Tried) -> Raw:
    """Give the object as it would be stored: the manifest's spec in what is there already. `replicas` stays where it says none."""
    if tried.live is None:
        meta = {**text["metadata"], "namespace": tried.namespace}
        return {**copy.deepcopy(text), "metadata": meta}
    body = copy.deepcopy(dict(tried.live))
    meta, given = body["metadata"], text["metadata"]
    for key in ("labels", "annotations"):
        meta[key] = {**(meta.get(key) or {}), **(given.get(key) or {})}
    replicas = body["spec"].get("replicas")
    kept = {"replicas": replicas} if replicas is not None else {}
    body["spec"] = {**kept, **copy.deepcopy(text["spec"])}
    return body


def _tested(tried: Tried, policies: list[Known], server: Server, unread: tuple[str, ...] = ()) -> Tested:
    said = answers(tried, policies, datetime.now(UTC))
    if server.asked and not server.refusal and tried.changed:
        by_name = {each.name: each for each in policies}
        said = tuple(as_dry_run(each, by_name[each.policy]) for each in said)
    return Tested(tried.rollout.metadata.name, tried.namespace, said, server, unread)


def show(options: argparse.Namespace, tested: list[Tested]) -> int:
    """Print what was found, and give the exit code of the worst."""
    if options.output:
        print(written({"rollouts": [jsonable_of(each) for each in tested]}, options.output))
    else:
        print("\n\n".join("\n".join(told(each)) for each in tested))
    return ExitCode.FAILED if any(each.refused for each in tested) else ExitCode.DONE
