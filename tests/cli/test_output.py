"""Every command answers programs as JSON and as YAML, with the same content."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.fake_cluster import FakeCluster
from view.deployments import deployment, service
from view.releases import release
from view.stored import rollout, under_way

Run = Callable[..., int]
EXAMPLE = Path(__file__).parents[2] / "manifests" / "examples" / "canary.yaml"
COMMANDS = [
    ("status", "shop"),
    ("list",),
    ("tree", "shop"),
    ("history", "shop"),
    ("diff", "shop", "1", "2"),
    ("report",),
    ("audit", "--since", "2026-01-01"),
    ("plan", "-f", str(EXAMPLE)),
    ("promote", "shop"),
    ("set", "image", "shop", "app=shop:v2"),
    ("convert", "deployment/shop"),
]


def cluster() -> FakeCluster:
    """Something for each command to show."""
    stored = under_way()
    found = FakeCluster(stored, release(1, "aaa111"), release(2, "bbb222", ""), deployment(), service())
    found.coming["RolloutAction"] = [{"status": {"state": "Done", "message": "Stage '50 %' passes."}}]
    return found


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_yaml_says_the_same_as_json(
    crossfade: Run, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    assert crossfade(cluster(), *command, "-o", "json") == 0
    as_json = json.loads(capsys.readouterr().out)
    assert crossfade(cluster(), *command, "-o", "yaml") == 0
    as_yaml = capsys.readouterr().out
    assert not as_yaml.startswith("{")
    assert without_times(yaml.safe_load(as_yaml)) == without_times(as_json)


def without_times(value: Any) -> Any:
    """The same value less what tells the moment at which it was printed."""
    if isinstance(value, dict):
        return {
            key: without_times(each)
            for key, each in value.items()
            if key
            not in {
                "since",
                "madeAt",
                "until",
                "seconds",
                "observedFrom",
                "observedUntil",
                "observedDays",
                "observedSeconds",
            }
        }
    return [without_times(each) for each in value] if isinstance(value, list) else value


def test_watching_as_yaml_prints_one_document_for_each_state(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    found = FakeCluster(under_way())
    found.coming["Rollout"] = [rollout(phase="Healthy")]
    assert crossfade(found, "status", "shop", "--watch", "-o", "yaml") == 0
    documents = list(yaml.safe_load_all(capsys.readouterr().out))
    assert [each["phase"] for each in documents] == ["Progressing", "Healthy"]
