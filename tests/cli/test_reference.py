"""How a Rollout is named on the command line, and what is no name of one."""

from collections.abc import Callable

import pytest

from cli.fake_cluster import FakeCluster
from crossfade.cli.reference import KINDS
from view.stored import rollout

Run = Callable[..., int]


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("command", ["status", "history"])
def test_the_kind_may_stand_before_the_name(
    crossfade: Run, capsys: pytest.CaptureFixture[str], command: str, kind: str
) -> None:
    assert crossfade(FakeCluster(rollout(phase="Healthy")), command, f"{kind}/shop") == 0
    assert "shop in demo" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["deployment/shop", "cf/", "a/b/shop"])
def test_another_kind_is_refused_with_what_to_write(
    crossfade: Run, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        crossfade(FakeCluster(rollout()), "status", name)
    assert ended.value.code == 1
    assert f"'{name}' is no Rollout: write its name alone, or for example cf/shop" in capsys.readouterr().err


def test_every_command_about_one_rollout_takes_the_kind(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each says that there is none of that name, and not of the name with its kind."""
    for command in (
        ("status",),
        ("tree",),
        ("logs",),
        ("history",),
        ("diff",),
        ("promote",),
        ("undo",),
        ("set", "image"),
    ):
        more = ["app=shop:v2"] if command[0] == "set" else []
        assert crossfade(FakeCluster(), *command, "cf/shop", *more) == 1
        assert "There is no Rollout 'shop' in namespace 'demo'" in capsys.readouterr().err
