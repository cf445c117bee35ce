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


def on_screen(stored: dict[str, object], width: int = 100, *, colour: bool = False) -> str:
    output = io.StringIO()
    console = Console(
        file=output, width=width, force_terminal=colour, color_system="standard" if colour else None
    )
    console.print(drawn(rollout_view(stored, release()), NOW, width))
    return output.getvalue()


def test_the_terminal_shows_the_same_rows_as_plain_text() -> None:
    shown = on_screen(under_way())
    assert "shop in demo: Progressing (canary, release 2)" in shown
    assert "42 s left, until 12:01:00 UTC" in shown
    assert "crossfade abort shop" in shown


def test_a_narrow_terminal_wraps_instead_of_cutting() -> None:
    words = " ".join(on_screen(under_way(), width=40).split())
    assert "33 % by its" in words
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
