"""The pages say what the code says."""

import re
import runpy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from crossfade.api import labels
from crossfade.api.action import RolloutActionStatus
from crossfade.api.base import Model
from crossfade.api.conditions import ConditionType, Phase, Reason
from crossfade.api.crd import KINDS, root_schema
from crossfade.api.events import EventReason
from crossfade.api.release import ReleaseStatus
from crossfade.api.rollout import Rollout, StrategyName
from crossfade.api.status import RolloutStatus
from crossfade.api.strict import parse_strict
from crossfade.cli import action
from crossfade.cli.main import COMMANDS, build_parser
from crossfade.controller.delivery import GAUGES
from crossfade.controller.metrics import Metrics
from crossfade.controller.queue import KeyedQueue
from crossfade.controller.store import Key, Store

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {path.name: path.read_text() for path in sorted(DOCS.glob("*.md"))}
README = (ROOT / "README.md").read_text()
STATUSES: dict[str, type[Model]] = {
    "cf": RolloutStatus,
    "cfrel": ReleaseStatus,
    "cfa": RolloutActionStatus,
}
WRITERS = {
    "words.md": "conditions.py",
    "reference.md": "reference.py",
    "routers.md": "routers.py",
    "strategies.md": "strategies.py",
}
SHOWN = {
    "list",
    "status",
    "tree",
    "verdict",
    "logs",
    "completion",
    "plan",
    "set image",
    "history",
    "diff",
    "report",
    "audit",
    "convert",
    "policy test",
    "policies",
    "queue",
    "freeze",
    "unfreeze",
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_page_that_a_script_writes_is_as_it_would_be_written_now(name: str) -> None:
    writer = runpy.run_path(str(DOCS / WRITERS[name]))
    page = writer["rewritten"](PAGES[name]) if "rewritten" in writer else writer["page"]()
    assert page == PAGES[name], f"run: PYTHONPATH=operator python docs/{WRITERS[name]}"


def test_every_field_of_every_kind_is_in_the_reference() -> None:
    for kind in KINDS:
        properties = root_schema(kind.model)["properties"]["spec"]["properties"]
        assert [each for each in properties if f"| `{each}` |" not in PAGES["reference.md"]] == []


def test_every_strategy_has_its_section_and_its_picture() -> None:
    page = PAGES["strategies.md"]
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    assert set(get_args(StrategyName)) <= set(sections)
    assert [name for name in get_args(StrategyName) if "```text\nstage" not in sections[name]] == []


def test_every_word_of_a_condition_is_explained() -> None:
    explained = re.findall(r"^\| `(\w+)` \| [^|]+ \|$", PAGES["words.md"], re.MULTILINE)
    assert {*Phase, *ConditionType, *Reason} - {*explained} == set()


def test_every_event_is_told_with_its_type_its_moment_and_what_to_do() -> None:
    row = r"^\| `(\w+)` \| (?:Normal|Warning) \| [^|]+ \| [^|]+ \|$"
    assert {*EventReason} - {*re.findall(row, PAGES["words.md"], re.MULTILINE)} == set()


def test_the_finalizer_and_the_annotations_are_named_as_they_are() -> None:
    for name in (labels.FINALIZER, labels.ANNOTATION_GIVE_BACK, labels.LABEL_OWNER_UID):
        assert name in PAGES["takeover.md"]


def test_every_metric_is_explained_and_none_that_is_not_there() -> None:
    metrics = Metrics()
    metrics.watch(Store(), KeyedQueue[Key](), lambda: datetime.now(UTC))
    kinds = {family.name: family.type for family in metrics.registry.collect()}
    own = {
        f"{name}_total" if kinds[name] == "counter" else name
        for name in kinds
        if name.startswith("crossfade_")
    }
    assert set(re.findall(r"`(crossfade_\w+)(?:\{[\w,]+\})?`", PAGES["operations.md"])) == own


@pytest.mark.parametrize("name", GAUGES)
def test_every_delivery_metric_is_told_with_its_unit(name: str) -> None:
    assert re.search(rf"^\| `{name}` \| .+ \| .+ \|$", PAGES["operations.md"], re.MULTILINE)


def test_every_kubectl_wait_waits_for_something_that_there_is() -> None:
    page = PAGES["kubectl.md"]
    conditions = re.findall(r"kubectl wait --for=condition=(\w+)", page)
    fields = re.findall(r"kubectl wait --for=jsonpath='\{\.status\.(\w+)\}'=(\w+) (\w+)/", page)
    assert len(conditions) + len(fields) > 5
    assert set(conditions) <= set(ConditionType)
    for field, value, kind in fields:
        read = STATUSES[kind].model_validate({field: value}).to_wire()
        assert read[field] == value


def test_every_command_is_in_the_readme() -> None:
    words = {verb.word for verb in action.VERBS} | SHOWN
    others = [command for command in COMMANDS if command is not action]
    assert len(SHOWN) == len(others), "a new command: add it here and to the README"
    assert [word for word in sorted(words) if f"crossfade {word} " not in README] == []
    assert build_parser().prog == "crossfade"


AMBIGUOUS = re.compile(
    r"kubectl (?!rollout )[a-z-]+ (?:\S+ )?(?:rollouts?|releases?|rolloutactions?)(?![\w.-])"
)
"""A kind of ours by its short name: where Argo's definitions are installed too, `rollouts` is theirs."""


@pytest.mark.parametrize("folder", ["README.md", "operator", "bench", "manifests"])
def test_kubectl_is_told_whose_rollouts_are_meant(folder: str) -> None:
    place = ROOT / folder
    files = (
        [place] if place.is_file() else [p for p in place.rglob("*") if p.suffix in {".py", ".yaml", ".md"}]
    )
    lines = [(path.name, line.strip()) for path in files for line in path.read_text().splitlines()]
    assert [(name, line) for name, line in lines if AMBIGUOUS.search(line)] == []


def test_a_kind_without_its_group_would_be_noticed() -> None:
    for line in ("kubectl get rollouts -A", "kubectl edit rollout shop", "kubectl get rollout/shop"):
        assert AMBIGUOUS.search(line)
    for line in (
        "kubectl get rollouts.crossfade.dev",
        "kubectl get cf",
        "kubectl rollout status deployment/shop",
    ):
        assert not AMBIGUOUS.search(line)


def yaml_blocks() -> list[Any]:
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]


def test_the_readme_shows_every_strategy_and_each_is_valid_as_it_stands() -> None:
    whole, *others = yaml_blocks()
    manifests = [whole, *({**whole, "spec": {**whole["spec"], **other}} for other in others)]
    shown = [parse_strict(Rollout, manifest).spec.strategy.name for manifest in manifests]
    assert sorted(shown) == sorted(get_args(StrategyName))
