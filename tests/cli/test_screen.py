"""What a terminal shows."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from crossfade.api.conditions import Phase
from crossfade.cli.screen import COLOURS, drawn, live
from crossfade.view.read import rollout_view
from view.stored import release, rollout, under_way

NOW = datetime(2026, 1, 31, 12, 0, 18, tzinfo=UTC)


def on_screen(
    stored: dict[str, object], width: int = 100, height: int = 1000, *, colour: bool = False
) -> str:
    output = io.StringIO()
    console = Console(
        file=output, width=width, force_terminal=colour, color_system="standard" if colour else None
    )
    console.print(drawn(rollout_view(stored, release()), NOW, width, height))
    return output.getvalue()


def test_the_terminal_shows_the_same_rows_as_plain_text() -> None:
    shown = on_screen(under_way())
    assert "shop in demo: Progressing (canary, release 2)" in shown
    assert "42 s left, until 12:01:00 UTC" in shown
    assert "crossfade abort shop" in shown


def test_a_narrow_terminal_wraps_instead_of_cutting() -> None:
    words = " ".join(on_screen(under_way(), width=40).split())
    assert "33 % by" in words
    assert max(len(line) for line in on_screen(under_way(), width=40).splitlines()) <= 40


def test_brackets_in_a_message_are_not_taken_for_markup() -> None:
    assert "spec.containers[0]: bad [bold]" in on_screen(
        rollout(phase="Invalid", message="spec.containers[0]: bad [bold]")
    )


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_a_colour(phase: Phase) -> None:
    assert phase in COLOURS
    assert "\x1b[" in on_screen(rollout(phase=phase), colour=True)


def test_the_live_view_shows_the_latest_state_and_does_not_advise_to_watch(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with live() as show:
        show(rollout_view(rollout(phase="Healthy", message="First.")))
        show(rollout_view(under_way(), release()))
    shown = capsys.readouterr().out
    assert "crossfade abort shop" in shown
    assert "--watch" not in shown
    assert "First." not in shown


CRASH = (
    "1 of 1 pods crashed while they served (0 allowed); pod shop-84a2182511-7d9c5-x2x7q: container app ended. "
    * 3
)


def crowded() -> dict[str, object]:
    """A state with everything that there can be to show."""
    paused = {"actor": "ann", "at": "2026-01-31T11:57:18Z", "reason": "lunch"}
    began = {"releaseStartedAt": "2026-01-31T11:58:10Z", "waitingFor": "60 s to pass", "stage": 1}
    return under_way(
        message=CRASH,
        lastLines=[f"line {n} " + "and more " * 20 for n in range(5)],
        pausedBy=paused,
        progress={"revision": "bbb222", "until": "2026-01-31T12:01:00.500Z", **began},
        downtime={"startedAt": "2026-01-31T12:00:10Z"},
        failed={"revision": "ccc333", "message": "the one before failed too"},
    )


def test_on_eight_rows_phase_what_is_awaited_and_what_to_type_stay_on_top() -> None:
    lines = on_screen(crowded(), width=80, height=8).splitlines()
    assert lines[0].startswith("shop in demo: Progressing")
    assert lines[1].split(maxsplit=1) == ["Waiting", "60 s to pass (42 s left, until 12:01:00 UTC)"]
    assert lines[2].split()[0] == "Next"
    assert lines[3].strip().startswith("1 of 1 pods crashed")
    assert len(lines) == 8


@pytest.mark.parametrize("height", [3, 5, 8, 12, 40])
@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_screen_gets_more_or_longer_lines_than_it_has(width: int, height: int) -> None:
    lines = on_screen(crowded(), width=width, height=height).splitlines()
    assert len(lines) <= height
    assert max(map(len, lines)) <= width


def test_where_there_is_room_the_order_is_the_usual_one() -> None:
    names = [line.split()[0] for line in on_screen(under_way(), height=40).splitlines()]
    assert names.index("Stage") < names.index("Waiting") < names.index("Next")


def test_what_a_container_wrote_is_cut_to_its_line_and_the_message_hangs_below_its_first_word() -> None:
    lines = on_screen(crowded(), width=80).splitlines()
    assert all(line.startswith("  ") for line in lines[1:])
    assert [line.split()[-1] for line in lines if " line " in f" {line.strip()}" and "more" in line] == [
        "…"
    ] * 5
