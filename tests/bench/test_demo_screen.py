"""What the demo shows of a release, and what it counts."""

import io
from dataclasses import replace

from rich.console import Console

from bench.analysis import Record
from bench.demo_screen import (
    Picture,
    changes_of,
    drawn,
    judged_by,
    line,
    new_since,
    pods_of,
    stage_of,
    table,
    told_by,
)
from bench.scenarios.seen import Result

SEEN = Picture(
    at_s=12.3,
    phase="Progressing",
    stage="stage 2/5: 50 % wanted, 40 % by ready pods",
    told="waits for 1 old pods to go",
    pods=[("stable v1", 3, 3), ("candidate v2", 2, 2)],
    shares={"v1": 61.0, "v2": 39.0},
    requests=2460,
    lost=0,
)


def on_screen(shown: object, width: int = 90) -> str:
    output = io.StringIO()
    Console(file=output, width=width).print(shown)
    return output.getvalue()


def test_the_screen_shows_stage_pods_shares_and_losses() -> None:
    shown = on_screen(drawn(SEEN, ("v1", "v2")))
    assert "12.3 s  Progressing  stage 2/5: 50 % wanted, 40 % by ready pods" in shown
    assert "stable v1 3/3 ready     candidate v2 2/2 ready" in shown
    assert "v1 " + 24 * "█" + 16 * "·" + "  61 %" in shown
    assert "requests 2,460   lost 0" in shown


def test_both_versions_keep_their_rows_when_one_does_not_answer() -> None:
    shown = on_screen(drawn(replace(SEEN, shares={"v1": 100.0}), ("v1", "v2")))
    assert "v2 " + 40 * "·" + "   0 %" in shown


def test_without_a_terminal_a_line_tells_the_same() -> None:
    assert line(SEEN) == (
        " 12.3 s  Progressing; stage 2/5: 50 % wanted, 40 % by ready pods; stable v1 3/3, candidate v2 2/2; "
        "answers: v1 61 %, v2 39 %; lost 0"
    )


def test_shares_that_wobble_are_no_news_and_the_first_loss_is() -> None:
    assert changes_of(replace(SEEN, shares={"v1": 60.0}, at_s=13, requests=9)) == changes_of(SEEN)
    assert changes_of(replace(SEEN, lost=1)) != changes_of(SEEN)
    assert changes_of(replace(SEEN, lost=1)) == changes_of(replace(SEEN, lost=2))


def test_requests_are_counted_from_the_change_on_also_those_that_end_late() -> None:
    def record(at: float, kind: str = "n") -> Record:
        return Record(at, kind, "200", "v1", 0.01)

    arrived = [record(1), record(100), record(101, "k"), record(103), record(98), record(102)]
    assert sorted(each.at for each in new_since(arrived, 100)) == [100, 102, 103]


def test_the_stage_and_the_pods_are_read_from_the_status() -> None:
    status = {
        "stage": "1/4",
        "weight": 25,
        "realWeight": 20,
        "stable": {"image": "reg:5000/shop:v1", "ready": 4, "replicas": 4},
        "candidate": {"image": "reg:5000/shop:v2", "ready": 0, "replicas": 1},
    }
    assert stage_of(status) == "stage 1/4: 25 % wanted, 20 % by ready pods"
    assert stage_of({**status, "weight": 0.5}, by_route=True) == "stage 1/4: 0.5 % by the route"
    assert pods_of(status) == [("stable v1", 4, 4), ("candidate v2", 0, 1)]
    assert (stage_of({}), pods_of({})) == ("", [])


def test_what_is_awaited_is_told_or_else_the_message() -> None:
    assert told_by({"message": "m", "progress": {"waitingFor": "a Promote"}}) == "waits for a Promote"
    assert told_by({"message": "v2 serves with 4 pods"}) == "v2 serves with 4 pods"


def test_the_table_says_what_happened_and_why() -> None:
    result = Result(
        "v2 → v3", 2299, 42, 8.14, "RolledBack", "pod [x] ended with 42", [], {"strategy": "canary"}
    )
    shown = on_screen(table([result]), width=120)
    for cell in ("canary", "v2 → v3", "2,299", "42", "8.1", "RolledBack: pod [x] ended with 42"):
        assert cell in shown


def test_what_the_judge_says_is_shown_as_soon_as_something_was_measured() -> None:
    said = "errors: candidate 3 of 412, stable 9 of 3,710"
    assert (
        judged_by({"measurements": [{"windows": 0, "message": ""}, {"windows": 2, "message": said}]}) == said
    )
    assert not judged_by({"measurements": [{"windows": 0, "message": "its source does not answer"}]})
    assert said in on_screen(drawn(replace(SEEN, judged=said), ("v1", "v2")))
    assert line(replace(SEEN, judged=said)).endswith(f"; {said}")
