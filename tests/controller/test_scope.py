"""Which namespaces an operator works in: one, all, or all but some."""

import pytest

from crossfade.controller.options import parse


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
