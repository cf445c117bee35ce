"""The page on traffic shows every example, and each is a Rollout with a route that can be divided for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from crossfade.api.rollout import CanaryStep, Rollout, StrategyName
from crossfade.api.strategy import BlueGreen, Canary
from crossfade.api.strict import parse_strict
from crossfade.api.traffic import Traffic
from crossfade.routers.rules import problem
from crossfade.routers.split import Names
from crossfade.view.routes import route_of, routed_by

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "manifests" / "examples" / "traffic"
PAGE = (ROOT / "docs" / "traffic.md").read_text()
EXAMPLES = sorted(FOLDER.glob("*.yaml"))
MOVED = {"canary", "blueGreen", "bigBang"}


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


def test_the_page_links_every_example_and_none_that_is_not_there() -> None:
    linked = set(re.findall(r"\(\.\./manifests/examples/traffic/([\w-]+\.yaml)\)", PAGE))
    assert linked == {path.name for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_valid_and_its_route_can_be_divided(path: Path) -> None:
    first, *others = documents(path)
    rollout = parse_strict(Rollout, first)
    named = routed_by(first)
    assert named is not None
    if named.owned:
        assert others == []
        return
    (route,) = others
    assert (route["kind"], route["metadata"]["name"]) == (named.kind, named.name)
    assert problem(route, Names(rollout.metadata.name, f"{rollout.metadata.name}-canary", named.rule)) == ""


def test_every_field_of_traffic_and_of_what_needs_it_is_in_an_example() -> None:
    text = "\n".join(path.read_text() for path in EXAMPLES)
    fields = {info.alias for model in (Traffic, CanaryStep, Canary) for info in model.model_fields.values()}
    fields |= {info.alias for name, info in BlueGreen.model_fields.items() if name.startswith("preview_")}
    assert {each for each in fields if each and f"{each}:" not in text} == {"maxSurge", "analysis"}


@pytest.mark.parametrize("name", [*Traffic.model_fields])
def test_every_kind_of_route_is_read_from_a_raw_object_as_the_model_reads_it(name: str) -> None:
    alias = Traffic.model_fields[name].alias or ""
    value = {"parentRefs": [{"name": "public"}]} if alias == "gateway" else {"name": "shop"}
    traffic = Traffic.model_validate({alias: value})
    stored = {"metadata": {"name": "shop"}, "spec": {"service": {}, "traffic": {alias: value}}}
    read, named = route_of(stored), traffic.named()
    assert read is not None
    assert (read.kind, read.name) == ((named[0], named[1].name) if named else ("HTTPRoute", "shop"))


def test_strategies_that_move_by_a_route_are_those_that_the_page_names() -> None:
    for strategy in ("recreate", "rolling"):
        assert f"`{strategy}`" in PAGE.partition("## Exact shares")[0]
    for strategy in get_args(StrategyName):
        stored = {
            "metadata": {"name": "shop"},
            "spec": {"strategy": {strategy: {}}, "traffic": {"httpRoute": {"name": "a"}}},
        }
        assert (routed_by(stored) is not None) is (strategy in MOVED)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("github.com/argoproj/argo-cd/v3", "Argo CD"),
        ("github.com/fluxcd/kustomize-controller/api", "kustomize-controller"),
    ],
)
def test_the_page_names_the_versions_that_its_rules_for_git_are_tried_with(module: str, name: str) -> None:
    pinned = re.findall(rf"^\s*{module} v(\S+)$", (ROOT / "tests/gitops/go.mod").read_text(), re.MULTILINE)
    assert re.findall(rf"{name} (\d[\d.]+\d)", PAGE) == pinned
