"""What people copy from a page works as it stands: manifests are valid, and our commands are commands."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossfade.api.action import ACTIONS, RolloutAction
from crossfade.api.analysis import Analysis
from crossfade.api.base import Model
from crossfade.api.conditions import Phase
from crossfade.api.labels import FIELD_MANAGER
from crossfade.api.policy import RolloutPolicy
from crossfade.api.rollout import Rollout, RolloutSpec
from crossfade.api.strict import parse_strict
from crossfade.cli.main import build_parser

ROOT = Path(__file__).parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
}
BLOCKS = [
    pytest.param(block, id=f"{name} {number}")
    for name, page in PAGES.items()
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL), start=1)
]
AROUND: dict[str, Any] = {
    "template": {"spec": {"containers": [{"name": "app", "image": "shop:1"}]}},
    "service": {"ports": [{"port": 80}]},
}
OURS: dict[str, type[Model]] = {
    "Rollout": Rollout,
    "RolloutAction": RolloutAction,
    "RolloutPolicy": RolloutPolicy,
}
OTHERS = {
    "argoproj.io": "Argo CD",
    "kustomize.toolkit.fluxcd.io": "Flux",
    "gateway.envoyproxy.io": "Envoy Gateway",
    "gateway.networking.k8s.io": "Gateway API",
}
"""Whose objects a page shows beside ours."""
ENDS = re.compile(r" (#|>|\||&&) ?")


@pytest.mark.parametrize("block", BLOCKS)
def test_every_manifest_is_valid_as_it_stands(block: str) -> None:
    manifest = yaml.safe_load(block)
    assert isinstance(manifest, dict)
    match manifest:
        case {"kind": str() as kind} if ours := OURS.get(kind):
            parse_strict(ours, manifest)
        case {"apiVersion": str() as version} if other := OTHERS.get(version.partition("/")[0]):
            assert names_the_route_as_it_is(manifest), other
        case {"kind": "Role", "rules": rules}:
            assert all(each["resources"] and each["verbs"] for each in rules)
        case {"kind": "RoleBinding", "roleRef": {"kind": "Role", "name": str() as role}}:
            assert any(f"kind: Role\nmetadata: {{name: {role}" in page for page in PAGES.values())
        case {"kind": "Kustomization"}:
            assert manifest["resources"]
        case {"http": {"middlewares": middlewares}}:
            assert all(each["retry"]["attempts"] > 1 for each in middlewares.values())
        case {"data": {"resource.customizations.health.crossfade.dev_Rollout": script}}:
            assert set(re.findall(r"(\w+) = \"", script)) - {"status", "message"} <= set(Phase)
        case {"spec": spec}:
            RolloutSpec.model_validate(spec)
        case {"metrics": _}:
            parse_strict(Analysis, manifest)
        case {"strategy": _} | {"hooks": _}:
            whole = {"apiVersion": "crossfade.dev/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"}}
            parse_strict(Rollout, {**whole, "spec": {**AROUND, "strategy": {"blueGreen": {}}, **manifest}})
        case _:
            pytest.fail(f"nobody knows what this is part of: {block}")


def names_the_route_as_it_is(manifest: dict[str, Any]) -> bool:
    """Whether it is, or points at, the route that the page is about, and a field manager in it is ours."""
    route = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "shop"}
    spec = manifest["spec"]
    targets = [
        *(each["target"] for each in spec.get("ignore", ())),
        *spec.get("ignoreDifferences", ()),
        *spec.get("targetRefs", ()),
    ]
    managers = {name for each in targets for name in each.get("managedFieldsManagers", ())}
    itself = {
        "group": manifest["apiVersion"].partition("/")[0],
        "kind": manifest["kind"],
        "name": manifest["metadata"]["name"],
    }
    return managers <= {FIELD_MANAGER} and all(route.items() <= each.items() for each in targets or [itself])


@pytest.mark.parametrize("name", PAGES)
def test_every_command_of_ours_is_one(name: str) -> None:
    parser = build_parser()
    for command in commands(PAGES[name]):
        words = shlex.split(ENDS.split(command)[0])
        try:
            parser.parse_args(words[1:])
        except SystemExit:
            pytest.fail(f"{name}: {command}")


@pytest.mark.parametrize("name", PAGES)
def test_every_command_that_is_named_in_a_sentence_exists(name: str) -> None:
    known = {action for group in build_parser()._subparsers._group_actions for action in group.choices}  # type: ignore[union-attr]
    named = set(re.findall(r"`(?:kubectl )?crossfade ([a-z][a-z-]*)[^`]*`", PAGES[name]))
    assert named <= known


def test_every_action_is_told_with_its_command() -> None:
    told = re.findall(r"^\| `(\w+)` \| `(?:crossfade )?([\w-]+)` \|", PAGES["docs/actions.md"], re.MULTILINE)
    assert tuple(action for action, _ in told) == ACTIONS
    assert [word for action, word in told if word.replace("-", "") != action.lower()] == []


def commands(page: str) -> list[str]:
    """Command lines of ours: indented ones, and those in blocks of a shell."""
    shell = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))
    indented = re.findall(r"^ {4,}(crossfade [a-z].*)$", page, re.MULTILINE)
    return [*indented, *re.findall(r"^(crossfade [a-z].*)$", shell, re.MULTILINE)]


def test_the_scan_is_not_blind() -> None:
    assert sum(len(commands(page)) for page in PAGES.values()) > 30
    assert len(BLOCKS) > 10
