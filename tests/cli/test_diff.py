"""`crossfade diff`: which releases are compared, and what is printed."""

import json
from collections.abc import Callable

import pytest

from cli.fake_cluster import FakeCluster
from view.releases import V1, V2, V3, release
from view.stored import rollout

Run = Callable[..., int]


def kept() -> FakeCluster:
    failed = release(2, V2, "RolledBack", of=V1)
    return FakeCluster(rollout(phase="Healthy", release=3), release(1, V1), failed, release(3, V3, of=V1))


def titles(printed: str) -> list[str]:
    return [line[4:] for line in printed.splitlines() if line.startswith(("--- ", "+++ "))]


def test_without_numbers_the_newest_release_is_compared_with_what_served_before_it(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(kept(), "diff", "shop") == 0
    printed = capsys.readouterr().out
    assert titles(printed) == [
        "shop release 1 (revision aaa111, Completed)",
        "shop release 3 (revision ccc333, Completed)",
    ]
    assert "-    image: shop:aaa111\n+    image: shop:ccc333\n" in printed


@pytest.mark.parametrize(("numbers", "compared"), [(("2",), "23"), (("3", "2"), "32"), (("1", "2"), "12")])
def test_numbers_choose_the_releases_in_the_order_they_are_given(
    crossfade: Run, capsys: pytest.CaptureFixture[str], numbers: tuple[str, ...], compared: str
) -> None:
    assert crossfade(kept(), "diff", "shop", *numbers) == 0
    assert [line.split()[2] for line in titles(capsys.readouterr().out)] == list(compared)


def test_a_number_that_is_not_kept_is_answered_with_those_that_are(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(kept(), "diff", "shop", "7", "-n", "demo") == 1
    told = capsys.readouterr().err
    assert "has no release 7 any more, or never had. Kept are: 3, 2, 1." in told
    assert "`crossfade history shop -n demo`" in told


def test_equal_templates_are_told_as_such(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossfade(kept(), "diff", "shop", "3", "3") == 0
    assert "have the same template." in capsys.readouterr().out


def test_json_gives_both_templates_and_the_diff(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    crossfade(kept(), "diff", "shop", "-o", "json")
    shown = json.loads(capsys.readouterr().out)
    assert (shown["from"]["release"], shown["to"]["release"], shown["to"]["revision"]) == (1, 3, V3)
    assert shown["from"]["template"]["spec"]["containers"][0]["image"] == "shop:aaa111"
    assert len(shown["diff"]) > 2


def test_a_single_release_has_nothing_to_be_compared_with(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(FakeCluster(rollout(), release(1, V1)), "diff", "shop") == 1
    assert "Release 1 is the only one that is kept" in capsys.readouterr().err


def test_before_the_first_release_there_is_nothing_to_compare(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossfade(FakeCluster(rollout()), "diff", "shop") == 1
    assert "Nothing was released yet" in capsys.readouterr().err


def test_a_number_that_is_none_is_a_usage_error(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        crossfade(kept(), "diff", "shop", "two")
    assert ended.value.code == 1
    assert "invalid int value: 'two'" in capsys.readouterr().err
