"""`crossfade undo --to N`: which revision is asked for, what is refused, and what is left to do in Git."""

from collections.abc import Callable
from typing import Any

import pytest

from cli.fake_cluster import FakeCluster
from crossfade.core.revision import revision_of
from view.releases import release, template
from view.stored import rollout, under_way

Run = Callable[..., int]
DONE = {"status": {"state": "Done", "message": "going back"}}
T1, T2 = template("shop:v1"), template("shop:v2")
R1, R2 = revision_of(T1), revision_of(T2)


def at_rest(**status: Any) -> dict[str, Any]:
    fields = {"phase": "Healthy", "release": 3, "stable": {"revision": R2}, "completed": [R2, R1], **status}
    return rollout(spec={"template": T2}, **fields)


def cluster(stored: dict[str, Any]) -> FakeCluster:
    made = FakeCluster(
        stored,
        release(1, R1, pod_template=T1),
        release(2, "fff999", "RolledBack"),
        release(3, R2, pod_template=T2),
    )
    made.coming["RolloutAction"] = [DONE]
    return made


def asked(made: FakeCluster) -> dict[str, Any]:
    [(_, body)] = made.created
    return dict(body["spec"])


def test_the_number_of_a_release_becomes_its_revision(crossfade: Run) -> None:
    made = cluster(at_rest())
    assert crossfade(made, "undo", "shop", "--to", "1") == 0
    assert asked(made) == {"rollout": "shop", "action": "Undo", "revision": R1}


def test_without_a_number_the_completed_revision_before_is_named(crossfade: Run) -> None:
    made = cluster(at_rest())
    crossfade(made, "undo", "shop")
    assert asked(made)["revision"] == R1


def test_while_a_release_is_under_way_none_is_named_since_stable_is_meant(crossfade: Run) -> None:
    made = cluster(under_way(release=4, stable={"revision": R2}))
    crossfade(made, "undo", "shop")
    assert asked(made) == {"rollout": "shop", "action": "Undo"}


def test_while_a_release_is_under_way_stables_own_number_may_be_named(crossfade: Run) -> None:
    made = cluster(under_way(release=4, stable={"revision": R2}))
    assert crossfade(made, "undo", "shop", "--to", "3") == 0
    assert asked(made)["revision"] == R2


def test_what_belongs_into_git_is_printed_as_a_difference(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    crossfade(cluster(at_rest()), "undo", "shop", "--to", "1", "-n", "demo")
    printed = capsys.readouterr().out
    assert printed.startswith(
        f"Done: going back\nThe manifest still names {R2}. Put the template of release 1 "
    )
    assert f"--- the manifest (revision {R2})\n+++ shop release 1 (revision {R1}, Completed)\n" in printed
    assert "-    image: shop:v2\n+    image: shop:v1\n" in printed
    assert "kubectl get releases.crossfade.dev shop-1 -n demo -o jsonpath='{.spec.template}'" in printed


def test_where_git_was_put_right_before_nothing_is_left_to_do(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = at_rest()
    stored["spec"]["template"] = T1
    crossfade(cluster(stored), "undo", "shop", "--to", "1")
    assert capsys.readouterr().out == "Done: going back\n"


def test_a_null_in_git_is_no_difference(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    stored = at_rest()
    stored["spec"]["template"] = {**T1, "metadata": {**T1.get("metadata", {}), "annotations": None}}
    crossfade(cluster(stored), "undo", "shop", "--to", "1")
    assert capsys.readouterr().out == "Done: going back\n"


def test_a_template_that_a_deployment_holds_belongs_back_there(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = at_rest()
    del stored["spec"]["template"]
    stored["spec"]["workloadRef"] = {"name": "web"}
    assert crossfade(cluster(stored), "undo", "shop", "--to", "1") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Done: going back\nThe template comes from Deployment web. ")
    assert "kubectl get releases.crossfade.dev shop-1" in printed


def test_a_refused_undo_leaves_nothing_to_do(crossfade: Run, capsys: pytest.CaptureFixture[str]) -> None:
    made = cluster(at_rest())
    made.coming["RolloutAction"] = [{"status": {"state": "Refused", "message": "No."}}]
    assert crossfade(made, "undo", "shop", "--to", "1") == 2
    assert capsys.readouterr().out == "Refused: No.\n"


@pytest.mark.parametrize(
    ("number", "code", "told"),
    [
        ("9", 1, "has no release 9 any more, or never had. Kept are: 3, 2, 1."),
        ("2", 2, "Release 2 ended as RolledBack: only a release that completed can be gone back to."),
        ("3", 2, "is what serves already. Nothing was done. See `crossfade history shop -n demo`."),
    ],
)
def test_a_number_that_cannot_be_gone_back_to_is_refused_and_nothing_is_asked(
    crossfade: Run, capsys: pytest.CaptureFixture[str], number: str, code: int, told: str
) -> None:
    made = cluster(at_rest())
    assert crossfade(made, "undo", "shop", "--to", number, "-n", "demo") == code
    assert made.created == []
    assert told in capsys.readouterr().err


def test_another_revision_than_stable_cannot_be_gone_back_to_in_the_middle(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    made = cluster(under_way(release=4, stable={"revision": R2}))
    assert crossfade(made, "undo", "shop", "--to", "1") == 2
    assert "Release 4 is under way: abort it first, then undo." in capsys.readouterr().err


def test_without_the_right_to_read_releases_the_way_back_still_works(crossfade: Run) -> None:
    made = cluster(at_rest())
    made.unreadable = {"Release"}
    assert crossfade(made, "undo", "shop") == 0
    assert asked(made) == {"rollout": "shop", "action": "Undo"}


def test_a_number_needs_the_right_to_read_releases(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    made = cluster(at_rest())
    made.unreadable = {"Release"}
    assert crossfade(made, "undo", "shop", "--to", "1") == 1
    assert "You may not do this" in capsys.readouterr().err


def test_a_number_and_a_revision_exclude_each_other(
    crossfade: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        crossfade(cluster(at_rest()), "undo", "shop", "--to", "1", "--revision", R1)
    assert ended.value.code == 1
    assert "not allowed with argument" in capsys.readouterr().err
