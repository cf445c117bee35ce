"""The command line as a whole: help, usage errors, failures of the cluster, and how quick it is."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.fake_cluster import FakeCluster
from crossfade import __version__
from crossfade.cli.main import main
from crossfade.cluster import ApiError
from view.stored import rollout

Run = Callable[..., int]
SOURCE_ROOT = Path(__file__).parents[2] / "operator"
HEAVY = {
    "kubernetes",
    "pydantic",
    "rich",
    "yaml",
    "aiohttp",
    "kopf",
    "crossfade.cluster",
    "crossfade.api.rollout",
}
HELP_WITHIN_S = 0.25


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    setup = f"import sys; sys.path.insert(0, {str(SOURCE_ROOT)!r}); "
    answer = subprocess.run(
        [sys.executable, "-I", "-c", setup + code], capture_output=True, text=True, check=True
    )
    return answer.stdout


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    imported = json.loads(python("import json, crossfade.cli.main; print(json.dumps(sorted(sys.modules)))"))
    assert "crossfade.cli.main" in imported
    assert HEAVY.isdisjoint(imported)


def test_help_answers_within_a_quarter_of_a_second() -> None:
    """Counted is the processor's time, which other work on the machine does not lengthen."""
    show = "import crossfade.cli.main as m; sys.argv = ['crossfade', '--help']; m.run()"
    before_s = processor_s_of_children()
    assert "promote" in python(show)
    assert processor_s_of_children() - before_s < HELP_WITHIN_S


def processor_s_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(
    "arguments",
    [
        ["sttus", "shop"],
        ["history"],
        ["status", "shop", "--wach"],
        ["promote", "shop", "--timeout", "soon"],
        ["plan"],
        ["set"],
        ["set", "image", "shop"],
        ["status", "shop", "-o", "xml"],
    ],
)
def test_a_wrong_command_line_ends_with_1_and_points_to_help(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 1
    assert "--help` shows what there is" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "usage", "meant"),
    [
        (["statsu", "shop"], "usage: crossfade ", "Did you mean status?"),
        (["policy", "tset"], "usage: crossfade policy ", "Did you mean test?"),
        (["status", "shop", "--wtach"], "usage: crossfade status ", "Did you mean --watch?"),
        (
            ["list", "--xyz"],
            "usage: crossfade list ",
            "unrecognized arguments: --xyz. `crossfade list --help`",
        ),
    ],
)
def test_what_was_probably_meant_is_said_with_the_usage_of_that_command(
    arguments: list[str],
    usage: str,
    meant: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["crossfade"])
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert told.startswith(usage)
    assert meant in told


def test_the_user_that_is_named_is_in_the_commands_to_type_next(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(FakeCluster(rollout()), "status", "shop", "--as", "ann", "--as-group", "devs") == 0
    assert "--as ann --as-group devs" in capsys.readouterr().out


def test_a_group_needs_a_user(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "shop", "--as-group", "devs"]) == 1
    assert "--as-group needs --as" in capsys.readouterr().err


def test_no_command_at_all_shows_the_help_and_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 1
    assert "exit codes: 0 done or healthy" in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"crossfade {__version__}\n"


def test_the_name_of_the_program_is_the_one_that_was_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["/usr/local/bin/kubectl-crossfade"])
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "usage: kubectl crossfade " in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [("-n", "demo", "status", "shop"), ("status", "shop", "-n", "demo")])
def test_the_namespace_may_stand_before_and_after_the_command(
    crossfade: Run, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    stored = rollout(phase="Paused")
    assert crossfade(FakeCluster(stored), *arguments) == 4
    assert "crossfade promote shop -n demo" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            ApiError(0, "NoCluster", "there is no kubeconfig at /x; set KUBECONFIG"),
            "there is no kubeconfig at /x",
        ),
        (
            ApiError(0, "Unreachable", "cannot reach the API server at https://x"),
            "cannot reach the API server",
        ),
        (ApiError(401, "Unauthorized", "Unauthorized"), "does not know you (Unauthorized). Log in again"),
        (
            ApiError(403, "Forbidden", "ann cannot list rollouts"),
            "You may not do this: ann cannot list rollouts",
        ),
        (
            ApiError(404, "NotFound", "the server could not find the requested resource"),
            "Crossfade is not installed there. Install it with `kubectl apply --server-side -k manifests/`",
        ),
        (ApiError(422, "Invalid", "spec.x: too long"), "The API server refused it: spec.x: too long"),
    ],
)
def test_each_failure_of_the_cluster_ends_with_1_and_says_what_to_do(
    crossfade: Run, capsys: pytest.CaptureFixture[str], error: ApiError, told: str
) -> None:
    cluster = FakeCluster(rollout())
    cluster.failures = [error]
    assert crossfade(cluster, "status", "shop") == 1
    assert told in capsys.readouterr().err


def test_a_namespace_without_rollouts_says_how_to_find_them(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(FakeCluster(), "status", "shop") == 1
    told = capsys.readouterr().err
    assert "There is no Rollout 'shop' in namespace 'demo', nor any other" in told
    assert "crossfade list -A" in told


def test_a_kubeconfig_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "shop", "--kubeconfig", "/nowhere/config"]) == 1
    assert "there is no kubeconfig at /nowhere/config" in capsys.readouterr().err
