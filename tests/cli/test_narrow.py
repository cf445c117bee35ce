"""What is printed fits the screen: no line is longer than it is wide, and nothing grows without bound."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console, RenderableType

from crossfade.cli import history_table, report_table
from crossfade.cli.columns import wrapped
from crossfade.view.delivery import report
from crossfade.view.history import history
from view.releases import V1, V2, release
from view.stored import rollout

NOW = datetime(2026, 1, 31, 14, 0, tzinfo=UTC)
LONG = (
    "3 of 4 pods crashed while they served (0 allowed); pod shop-84a2182511-7d9c5-x2x7q: container app ended with exit "
    "code 42 (Error, 2 restarts): Traceback (most recent call last): ValueError: the table orders has no column total"
)
LAST = ["ValueError: the table orders has no column total, and " + "so " * 40, '  File "app.py", line 3']
IMAGE = "registry.example.com/team/shop:2026-01-31-0042"


def printed(drawn: RenderableType, width: int) -> list[str]:
    output = io.StringIO()
    Console(file=output, width=width, color_system=None).print(drawn)
    return output.getvalue().splitlines()


def seven(count: int = 7) -> list[dict[str, Any]]:
    asked = [
        {"at": "2026-01-31T12:01:00Z", "action": "Abort", "actor": "ann@example.com", "reason": "too " * 60}
    ]
    return [
        release(n, V2, "RolledBack", of=V1, why=LONG, pod_template=pods(IMAGE), actions=asked, lastLines=LAST)
        for n in range(2, count + 1)
    ] + [release(1, V1, pod_template=pods("shop:v1"))]


def pods(image: str) -> dict[str, Any]:
    sidecars = [{"name": f"proxy-{i}", "image": IMAGE} for i in range(4)]
    return {"spec": {"containers": [{"name": "app", "image": image}, *sidecars]}}


def drawn_history(width: int, releases: list[dict[str, Any]]) -> list[str]:
    newest = len(releases)
    stored = rollout(phase="RolledBack", release=newest, stable={"revision": V1, "release": 1})
    view = history(stored, releases, NOW, scope="-n demo --context production")
    return printed(history_table.drawn(view, width, NOW), width)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160, 240])
def test_no_line_of_a_history_is_longer_than_the_screen_and_a_release_has_six_at_most(width: int) -> None:
    lines = drawn_history(width, seven())
    assert max(map(len, lines)) <= width
    assert len(lines) <= 6 * 7 + 6


def test_a_release_that_simply_completed_takes_two_lines_of_80_columns() -> None:
    simple = [release(n, f"rev{n}", why=f"rev{n} serves alone") for n in range(1, 8)]
    lines = drawn_history(80, simple)
    assert lines[1:3] == [
        "  7  Completed  shop:rev7  rev7",
        "     2026-01-31 12:00 UTC, 2 h ago, took 1 min 30 s",
    ]
    assert len(lines) <= 2 * 7 + 3


def test_a_release_that_failed_says_at_80_columns_when_why_and_who_acted() -> None:
    asked = [{"at": "2026-01-31T12:01:00Z", "action": "Pause", "actor": "ann", "reason": "lunch"}]
    known = [release(2, V2, "RolledBack", why="2 of 4 pods crashed", actions=asked), release(1, V1)]
    assert drawn_history(80, known)[1:7] == [
        "  2  RolledBack  shop:bbb222  bbb222",
        "     2026-01-31 12:00 UTC, 2 h ago, took 1 min 30 s",
        "     2 of 4 pods crashed",
        "     Pause by ann 119 min ago: lunch",
        "  1  Completed, stable  shop:aaa111  aaa111",
        "     2026-01-31 12:00 UTC, 2 h ago, took 1 min 30 s",
    ]


def test_what_is_left_out_for_want_of_room_is_marked() -> None:
    assert any(line.endswith(" …") for line in drawn_history(80, seven()))


@pytest.mark.parametrize("width", range(20, 60))
def test_what_is_cut_is_cut_between_words(width: int) -> None:
    [line] = wrapped("container app ended with exit code 42 (Error, 2 restarts) and more than fits", width, 1)
    assert line.endswith(" …")
    assert set(line.split()) <= {
        "…",
        "container",
        "app",
        "ended",
        "with",
        "exit",
        "code",
        "42",
        "(Error,",
        "2",
        "restarts)",
    }


def test_a_word_that_is_longer_than_the_screen_is_cut_all_the_same() -> None:
    assert wrapped("x" * 50, 20, 1) == ["x" * 18 + " …"]


def test_where_there_is_room_a_history_is_one_table() -> None:
    assert "why, and who acted" in drawn_history(160, [release(2, V2), release(1, V1)])[1]
    assert "why, and who acted" not in "\n".join(drawn_history(100, [release(2, V2), release(1, V1)]))


def test_an_abort_that_is_why_a_release_ended_is_told_once() -> None:
    asked = [{"at": "2026-01-31T12:01:00Z", "action": "Abort", "actor": "ann", "reason": "too slow"}]
    known = [release(2, V2, "RolledBack", why="aborted by ann: too slow", actions=asked), release(1, V1)]
    assert "\n".join(drawn_history(80, known)).count("too slow") == 1


def drawn_report(width: int, rollouts: int) -> list[str]:
    names = [f"a-service-with-a-long-name-{i}" for i in range(rollouts)]
    releases = [
        release(
            n, f"rev{n}", "RolledBack" if n % 2 else "Completed", of="rev1" if n > 1 else "", rollout=name
        )
        for name in names
        for n in range(1, 9)
    ]
    return printed(report_table.drawn(report(releases, NOW, 30 * 86400), None, width), width)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160, 240])
def test_no_line_of_a_report_is_longer_than_the_screen_and_a_rollout_has_three_at_most(width: int) -> None:
    lines = drawn_report(width, 6)
    assert max(map(len, lines)) <= width
    assert len(lines) <= 3 * 7 + 14


def test_at_80_columns_the_figures_of_a_rollout_are_sentences() -> None:
    assert drawn_report(80, 1)[1:4] == [
        "demo/a-service-with-a-long-name-0, observed for 2 h",
        "  deployments 4 (too short for a rate), lead time 1 min 30 s (median of 4)",
        "  failed changes 3 of 7 (43 %)",
    ]


def test_where_there_is_room_a_report_is_one_table() -> None:
    assert "lead time" in drawn_report(160, 2)[1]


def test_a_release_tells_at_80_columns_what_it_wrote_last_and_who_undid_it() -> None:
    failed = release(
        2,
        V2,
        "RolledBack",
        why="2 of 4 pods crashed",
        lastLines=LAST,
        servedAt="2026-01-31T12:00:02Z",
        turnedBackAt="2026-01-31T12:00:10Z",
    )
    failed["spec"]["changedBy"] = {"manager": "kubectl-set"}
    act = {"action": "Undo", "actor": "ann", "at": "2026-01-31T12:01:00Z", "reason": "slow"}
    lines = drawn_history(80, [failed, release(1, V1, undone=act)])
    assert lines[2] == "     2026-01-31 12:00 UTC, 2 h ago, took 1 min 30 s, via kubectl-set"
    assert lines[3] == "     8 s after its first request: 2 of 4 pods crashed"
    assert lines[4].startswith("     last line: ValueError: the table orders")
    assert lines[7] == "     undone: Undo by ann 119 min ago: slow"


def test_of_a_worker_it_is_told_how_long_its_pods_had_run() -> None:
    times = {"servedAt": "2026-01-31T12:00:02Z", "turnedBackAt": "2026-01-31T12:00:10Z"}
    failed = release(2, V2, "RolledBack", why="2 of 4 pods crashed", **times)
    stored = rollout(phase="RolledBack", release=2, spec={"service": None})
    lines = printed(history_table.drawn(history(stored, [failed], NOW), 80, NOW), 80)
    assert lines[3] == "     8 s after its first ready pod: 2 of 4 pods crashed"
