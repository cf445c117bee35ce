"""Manifests as files: finds the Rollouts in them and everything that is wrong with them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from crossfade.api.labels import API_VERSION, GROUP
from crossfade.api.rollout import Rollout
from crossfade.api.strict import InvalidObjectError, parse_strict
from crossfade.cli.errors import CommandError


def rollouts_in(names: Iterable[str]) -> tuple[list[Rollout], list[str]]:
    """Give the Rollouts in the files and, as sentences, what is wrong with those that cannot be read."""
    found: list[Rollout] = []
    problems: list[str] = []
    for name in names:
        objects = list(_objects(name))
        mine = [each for each in objects if _is_rollout(each)]
        if not mine:
            problems.append(f"{name}: no Rollout in it ({_contents(objects)}).")
        for each in mine:
            try:
                found.append(_parsed(each))
            except InvalidObjectError as error:
                problems.extend(f"{name}: Rollout '{_name(each)}': {problem}" for problem in error.problems)
    return found, problems


def _objects(name: str) -> Iterator[Any]:
    """Give the objects of a file, those inside a List one by one."""
    try:
        documents = list(yaml.safe_load_all(_text(name)))
    except yaml.YAMLError as error:
        raise CommandError(f"{name} is not YAML: {_first_lines(error)}") from error
    for document in documents:
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


def _parsed(candidate: dict[str, Any]) -> Rollout:
    version = candidate.get("apiVersion", API_VERSION)
    if version != API_VERSION:
        raise CommandError(f"Rollout '{_name(candidate)}' has apiVersion {version}: write {API_VERSION}.")
    return parse_strict(Rollout, candidate)


def _name(candidate: dict[str, Any]) -> str:
    metadata = candidate.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""


def _contents(objects: list[Any]) -> str:
    kinds = [f"{each.get('kind')} of {each.get('apiVersion')}" for each in objects if isinstance(each, dict)]
    seen = ", ".join(dict.fromkeys(kinds)) or "it is empty"
    return f"{seen}; a Rollout has kind: Rollout and apiVersion: {API_VERSION}"


def _first_lines(error: yaml.YAMLError) -> str:
    return " ".join(str(error).split("\n")[:3])
