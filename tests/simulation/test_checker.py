"""A run says what repeats it, and how many worlds of how many it searched."""

import subprocess
from pathlib import Path

import pytest

from simulation import checker
from simulation.shares import Outcome, Shares
from simulation.worlds import cases

Patch = pytest.MonkeyPatch


def told(
    patch: Patch, capsys: pytest.CaptureFixture[str], *options: str, broken: str = ""
) -> tuple[int, list[str]]:
    """The exit code and the lines of a run of rolling in which nothing is really searched."""

    def run(wanted: list[Shares], _: int) -> list[Outcome]:
        for shares in wanted:
            for task in iter(shares.next, None):
                shares.end(Outcome(task, task.states, broken=broken))
        return [outcome for shares in wanted for outcome in shares.outcomes]

    patch.setattr(checker, "run", run)
    patch.setattr("sys.argv", ["checker", "--only", "rolling", *options])
    with pytest.raises(SystemExit) as end:
        checker.main()
    return int(str(end.value.code)), capsys.readouterr().out.splitlines()


def test_it_says_which_command_repeats_it(monkeypatch: Patch, capsys: pytest.CaptureFixture[str]) -> None:
    _, lines = told(monkeypatch, capsys, "--states", "6000")
    assert lines[0].endswith(
        f"simulation.checker --seed {checker.seed_of_the_tree()} --states 6000 --only rolling"
    )
    options = lines[0].partition("simulation.checker ")[2].split()
    assert told(monkeypatch, capsys, *options)[1][:-1] == lines[:-1]


def test_it_says_how_many_worlds_of_how_many_it_searched(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    every = len(cases("rolling"))
    assert f"{every} of {every} worlds" in told(monkeypatch, capsys, "--states", "20000")[1][-2]
    assert f" of {every} worlds" in told(monkeypatch, capsys, "--states", "6000")[1][-2]


def test_a_broken_promise_fails_it(monkeypatch: Patch, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(monkeypatch, capsys)[0] == 0
    assert told(monkeypatch, capsys, broken="it never ends")[0] == 1


def test_the_seed_is_that_of_the_commit() -> None:
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=checker.HERE, capture_output=True, text=True, check=False
    )
    if head.returncode:
        pytest.skip("no git here")
    assert checker.seed_of_the_tree() == int(head.stdout, 16) % checker.SEEDS


def test_where_there_is_no_commit_the_seed_is_that_of_the_core(monkeypatch: Patch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    of_ours = checker.seed_of_the_tree()
    monkeypatch.setattr(checker, "CORE", tmp_path)
    tmp_path.joinpath("goals.py").write_text("A = 1")
    first = checker.seed_of_the_tree()
    assert first == checker.seed_of_the_tree() != of_ours
    tmp_path.joinpath("goals.py").write_text("A = 2")
    assert checker.seed_of_the_tree() != first
