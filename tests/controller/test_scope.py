"""Which namespaces an operator works in: one, all, or all but some."""

from pathlib import Path

import pytest
import yaml

from bench.namespaces import OWN
from crossfade.controller.options import parse

CLUSTER = Path(__file__).parents[2] / "cluster"


def covered(*arguments: str) -> list[str]:
    names = ["shop", "team-a", "team-b", "teams"]
    return [name for name in names if parse(arguments).scope.covers(name)]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "all namespaces"),
        (("--namespace", "team-a"), "the namespace team-a"),
        (("--skip-namespaces", "team-a,own-*"), "all namespaces but team-a, own-*"),
    ],
)
def test_it_says_where_it_works(arguments: tuple[str, ...], told: str) -> None:
    assert str(parse(arguments).scope) == told


def test_without_an_option_it_works_everywhere() -> None:
    assert covered() == ["shop", "team-a", "team-b", "teams"]


def test_with_a_namespace_it_works_there_and_nowhere_else() -> None:
    assert covered("--namespace", "team-a") == ["team-a"]
    assert parse(["--namespace", "team-a"]).scope.namespace == "team-a"


@pytest.mark.parametrize(
    ("skipped", "left"),
    [
        ("team-a", ["shop", "team-b", "teams"]),
        ("team-*", ["shop", "teams"]),
        ("team-a, shop", ["team-b", "teams"]),
        ("team*,s*", []),
        ("", ["shop", "team-a", "team-b", "teams"]),
    ],
)
def test_what_is_skipped_is_left_to_others(skipped: str, left: list[str]) -> None:
    assert covered("--skip-namespaces", skipped) == left
    assert parse(["--skip-namespaces", skipped]).scope.namespace is None, "all are watched"


@pytest.mark.parametrize("wrong", ["*", "*-own", "te*am", "Team-a", "team_a", "team-a;team-b", "-a"])
def test_a_name_that_no_namespace_can_have_ends_the_process(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse([f"--skip-namespaces={wrong}"])
    assert f"'{wrong}' is no name of a namespace" in capsys.readouterr().err


def test_one_namespace_and_namespaces_to_skip_are_not_said_together() -> None:
    with pytest.raises(SystemExit):
        parse(["--namespace", "team-a", "--skip-namespaces", "team-b"])


def test_the_installed_operator_of_the_kind_cluster_leaves_those_alone_that_tests_give_an_operator() -> None:
    overlay = yaml.safe_load((CLUSTER / "operator" / "kustomization.yaml").read_text())
    (patch,) = overlay["patches"]
    (change,) = yaml.safe_load(patch["patch"])
    scope = parse(change["value"]).scope
    assert [scope.covers(f"{prefix}-1234abcd") for prefix in (OWN, "t", "bench")] == [False, True, True]
