"""The command line of the operator."""

import pytest

from crossfade.controller.options import parse


def test_nodes_get_two_seconds_to_follow_unless_the_operator_is_told_otherwise() -> None:
    assert parse([]).settle_seconds == 2.0
    assert parse(["--settle-seconds", "5"]).settle_seconds == 5.0


@pytest.mark.parametrize("text", ["-1", "61", "nan", "soon"])
def test_a_settle_time_that_cannot_be_meant_ends_the_process(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(["--settle-seconds", text])
    assert "--settle-seconds" in capsys.readouterr().err
