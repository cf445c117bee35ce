"""Manifests as files: finds the Rollouts in them and everything that is wrong with them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from crossfade.api.labels import API_VERSION, GROUP
from crossfade.api.rollout import Rollout
from crossfade.api.strict import InvalidObjectError, parse_strict
from crossfade.cli.documents import documents
from crossfade.cli.errors import CommandError

GATEWAY_API: Final = "gateway.networking.k8s.io"


@dataclass(frozen=True)
class Manifests:
    """What the files hold: Rollouts, Services, Deployments, routes, RolloutPolicies, Namespaces, and in sentences what is wrong with
    Rollouts that do not parse.
    """

    rollouts: list[Rollout] = field(default_factory=list)
    services: list[dict[str, Any]] = field(default_factory=list)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    routes: list[dict[str, Any]] = field(default_factory=list)
    policies: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Each with the file that it is in, as it is written there."""
    namespaces: list[dict[str, Any]] = field(default_factory=list)
    written: list[dict[str, Any]] = field(default_factory=list)
    """The Rollouts as they are written, in the order of `rollouts`."""
    problems: list[str] = field(default_factory=list)

    def service_of(self, rollout: Rollout) -> dict[str, Any] | None:
        """Give the production Service of a Rollout; None where no file has it."""
        name = (rollout.spec.service.name or rollout.metadata.name) if rollout.spec.service else ""
        return _named(name, rollout, self.services)

    def workload_of(self, rollout: Rollout) -> dict[str, Any] | None:
        """Give the Deployment that holds the template of a Rollout; None where no file has it."""
        ref = rollout.spec.workload_ref
        return _named(ref.name if ref else "", rollout, self.deployments)

    def route_of(self, rollout: Rollout, kind: str, name: str) -> dict[str, Any] | None:
        """Give the route of that kind and name beside a Rollout; None where no file has it."""
        return _named(name, rollout, (each for each in self.routes if each["kind"] == kind))


def _named(name: str, rollout: Rollout, objects: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    namespace = rollout.metadata.namespace
    found = (each for each in objects if _name(each) == name and _namespace(each) == namespace)
    return next(found, None) if name else None


def read(names: Iterable[str]) -> Manifests:
    """Read the files. Each must have a Rollout, or something that belongs to one in another file: a Deployment or a route that it
    names, its Namespace, a RolloutPolicy.
    """
    found = Manifests()
    lacking: list[str] = []
    for name in names:
        objects = list(_objects(name))
        found.services.extend(each for each in objects if _is(each, "v1", "Service"))
        routes = [each for each in objects if _is_route(each)]
        found.routes.extend(routes)
        workloads = [each for each in objects if _is(each, "apps/v1", "Deployment")]
        found.deployments.extend(workloads)
        around = [each for each in objects if _is(each, "v1", "Namespace", spec=False)]
        found.namespaces.extend(around)
        rules = [each for each in objects if _is(each, API_VERSION, "RolloutPolicy", spec=False)]
        found.policies.extend((name, each) for each in rules)
        mine = [each for each in objects if _is_rollout(each)]
        if not mine:
            problems = lacking if workloads or routes or around or rules else found.problems
            problems.append(f"{name}: no Rollout in it ({_contents(objects)}).")
        for each in mine:
            try:
                found.rollouts.append(_parsed(each))
                found.written.append(each)
            except InvalidObjectError as error:
                wrong = (f"{name}: Rollout '{_name(each)}': {problem}" for problem in error.problems)
                found.problems.extend(wrong)
    if not found.rollouts:
        found.problems.extend(lacking)
    return found


def _objects(name: str) -> Iterator[Any]:
    """Give the objects of a file, those inside a List one by one."""
    try:
        found = documents(_text(name))
    except yaml.YAMLError as error:
        raise CommandError(f"{name} is not YAML: {_first_lines(error)}") from error
    for document in found:
        if isinstance(document, dict) and str(document.get("kind", "")).endswith("List"):
            yield from document.get("items") or ()
        elif document is not None:
            yield document


def _text(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise CommandError(
            f"Cannot read {name}: {reason}. Name a manifest with -f, or - for standard input."
        ) from error


def _is_rollout(candidate: object) -> bool:
    """Whether it is meant as one of ours; other projects have Rollouts too."""
    if not isinstance(candidate, dict) or candidate.get("kind") != "Rollout":
        return False
    group = str(candidate.get("apiVersion", "")).partition("/")[0]
    return group in {"", GROUP}


def _is(candidate: object, version: str, kind: str, *, spec: bool = True) -> bool:
    return (
        isinstance(candidate, dict)
        and (candidate.get("apiVersion"), candidate.get("kind")) == (version, kind)
        and (not spec or isinstance(candidate.get("spec"), dict))
    )


def _is_route(candidate: object) -> bool:
    if not isinstance(candidate, dict) or not str(candidate.get("kind", "")).endswith("Route"):
        return False
    version = str(candidate.get("apiVersion", ""))
    return version.startswith(f"{GATEWAY_API}/") and _is(candidate, version, candidate["kind"])


def _parsed(candidate: dict[str, Any]) -> Rollout:
    version = candidate.get("apiVersion", API_VERSION)
    if version != API_VERSION:
        raise CommandError(f"Rollout '{_name(candidate)}' has apiVersion {version}: write {API_VERSION}.")
    return parse_strict(Rollout, candidate)


def _name(candidate: dict[str, Any]) -> str:
    metadata = candidate.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""


def _namespace(candidate: dict[str, Any]) -> str:
    metadata = candidate.get("metadata")
    return str(metadata.get("namespace", "")) if isinstance(metadata, dict) else ""


def _contents(objects: list[Any]) -> str:
    kinds = [f"{each.get('kind')} of {each.get('apiVersion')}" for each in objects if isinstance(each, dict)]
    seen = ", ".join(dict.fromkeys(kinds)) or "it is empty"
    return f"{seen}; a Rollout has kind: Rollout and apiVersion: {API_VERSION}"


def _first_lines(error: yaml.YAMLError) -> str:
    return " ".join(str(error).split("\n")[:3])
