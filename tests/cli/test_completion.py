"""Completion: the script that a shell sources, and what the program answers it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.fake_cluster import FakeCluster
from cli.policies import policy
from crossfade.cli import completion, connection
from crossfade.cli.action import VERBS
from crossfade.cli.main import build_parser
from view.stored import rollout

Run = Callable[..., int]
SOURCE_ROOT = Path(__file__).parents[2] / "operator"


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_each_shell_gets_a_script_that_names_the_program(
    crossfade: Run, capsys: pytest.CaptureFixture[str], shell: str
) -> None:
    assert crossfade(FakeCluster(), "completion", shell) == 0
    script = capsys.readouterr().out
    assert "crossfade" in script
    assert "_ARGCOMPLETE" in script


def test_the_help_says_where_to_put_it(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        crossfade(FakeCluster(), "completion", "--help")
    assert "source <(crossfade completion bash)" in capsys.readouterr().out


def test_every_name_of_a_rollout_is_completed_from_the_cluster() -> None:
    """One for each action, and for status, tree, logs, history, diff, audit and set image."""
    assert len(completion.names_in(build_parser())) == len(VERBS) + 7


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("", ["shop", "till"]),
        ("sh", ["shop"]),
        ("cf/", ["cf/shop", "cf/till"]),
        ("rollout/t", ["rollout/till"]),
    ],
)
def test_names_are_those_of_the_namespace_that_begin_so(
    monkeypatch: pytest.MonkeyPatch, crossfade: Run, prefix: str, found: list[str]
) -> None:
    cluster = FakeCluster(rollout())
    till = rollout()
    till["metadata"]["name"] = "till"
    far = rollout()
    far["metadata"] |= {"name": "shopping", "namespace": "elsewhere"}
    cluster.objects |= {("Rollout", "till"): till, ("Rollout", "shopping"): far}
    crossfade(cluster, "list")  # makes it the cluster that is connected to
    options = build_parser().parse_args(["status"])
    assert completion.names(prefix, options) == found


def test_names_of_all_namespaces_are_given_where_all_are_asked_for(crossfade: Run) -> None:
    far, same = rollout(), rollout()
    far["metadata"] |= {"name": "till", "namespace": "elsewhere"}
    same["metadata"] |= {"namespace": "elsewhere"}
    cluster = FakeCluster(rollout(), far)
    cluster.objects["Rollout", "elsewhere/shop"] = same
    crossfade(cluster, "list")
    assert completion.names("", build_parser().parse_args(["audit"])) == ["shop"]
    assert completion.names("", build_parser().parse_args(["audit", "-A"])) == ["shop", "till"]


def test_every_name_of_a_policy_is_completed_from_the_cluster(crossfade: Run) -> None:
    """Of policies, freeze, unfreeze, approve and bypass."""
    assert len(completion.policies_in(build_parser())) == 5
    cluster = FakeCluster(policy("production"), policy("quiet"))
    crossfade(cluster, "policies")  # makes it the cluster that is connected to
    options = build_parser().parse_args(["policies"])
    assert completion.policies("pro", options) == ["production"]
    cluster.unreadable = {"RolloutPolicy"}
    assert completion.policies("", options) == []


def test_a_cluster_that_does_not_answer_gives_no_names_and_no_complaint(
    crossfade: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = FakeCluster(rollout())
    cluster.unreadable = {"Rollout"}
    crossfade(cluster, "list")
    capsys.readouterr()
    options = build_parser().parse_args(["status"])
    assert completion.names("", options) == []
    monkeypatch.setattr(connection, "connected", lambda _options: 1 / 0)
    assert completion.names("", options) == []
    assert capsys.readouterr() == ("", "")


def completed(line: str, tmp_path: Path) -> set[str]:
    """What the program answers a shell in which this was typed."""
    answer = tmp_path / "answer"
    environment = {
        **os.environ,
        "PYTHONPATH": str(SOURCE_ROOT),
        "KUBECONFIG": str(tmp_path / "nowhere"),
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    said = subprocess.run(
        [sys.executable, "-m", "crossfade.cli"], env=environment, capture_output=True, text=True, check=False
    )
    assert (said.stdout, said.stderr) == ("", "")
    return set(answer.read_text().split("\n"))


def test_commands_and_options_are_completed(tmp_path: Path) -> None:
    assert {"promote", "promote-full"} == completed("crossfade prom", tmp_path)
    assert {"--previous"} == completed("crossfade logs shop --prev", tmp_path)
    assert {"json", "yaml"} == completed("crossfade list -o ", tmp_path)
    assert {"json", "yaml", "csv"} == completed("crossfade audit -o ", tmp_path)
    assert {"bypassed", "failed", "unapproved"} == completed("crossfade audit --only ", tmp_path)


def test_without_a_cluster_a_name_is_left_to_the_user_in_silence(tmp_path: Path) -> None:
    assert not {each for each in completed("crossfade tree ", tmp_path) if each and not each.startswith("-")}
