"""What is wrong with pods, as one sentence, and whose events are worth reading."""

from datetime import UTC, datetime, timedelta

import pytest

from crossfade.core.evidence import main_cause, not_pulled, silent
from crossfade.core.observed import Exit, Pod, Waiting

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def pod(name: str = "shop-1", **seen: object) -> Pod:
    return Pod(name, "aaa", **{"ready": False, **seen})  # type: ignore[arg-type]


def ended(code: int, reason: str, message: str = "") -> dict[str, object]:
    return {"exits": (Exit("app", code, reason, message, AT, 3),)}


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        (ended(137, "OOMKilled"), "container app ended with exit code 137 (OOMKilled, 3 restarts)"),
        (ended(3, "Error", "no database\n"), "container app ended with exit code 3 (Error, 3 restarts): no database"),
        ({"waiting": (Waiting("app", "ErrImagePull", "not found"),)}, "container app cannot start: ErrImagePull: not found"),
        ({"unschedulable": "Insufficient cpu."}, "cannot be scheduled: Insufficient cpu."),
        ({"warning": "Readiness probe failed: 503"}, "is not ready: Readiness probe failed: 503"),
        (
            {"unready": ("app",), "warning": "Readiness probe failed: 503"},
            "container app is not ready: Readiness probe failed: 503",
        ),
        (
            ended(137, "Error") | {"warning": "Liveness probe failed: refused"},
            "container app ended with exit code 137 (Error, 3 restarts): Liveness probe failed: refused",
        ),
        ({}, "runs, but its readiness probe does not pass"),
        ({"unready": ("app",)}, "container app runs, but its readiness probe does not pass"),
        ({"started": False}, "its containers have not started yet"),
    ],
)  # fmt: skip
def test_a_pod_that_is_not_ready_says_why(seen: dict[str, object], sentence: str) -> None:
    assert main_cause([pod(**seen)]).sentence == f"pod shop-1: {sentence}"


def test_an_oom_kill_is_told_though_the_runtime_missed_it_at_the_next_end() -> None:
    """Both ends are there: the one before, and the one that it waits after."""
    oom, bare = (
        Exit("app", 137, why, "", AT + timedelta(seconds=n), 2)
        for n, why in enumerate(["OOMKilled", "Error"])
    )
    assert "(OOMKilled, 2 restarts)" in main_cause([pod(exits=(oom, bare))]).sentence
    other = Exit("sidecar", 137, "Error", "", AT + timedelta(seconds=9), 1)
    assert (
        "container sidecar ended with exit code 137 (Error"
        in main_cause([pod(exits=(oom, bare, other))]).sentence
    )


def test_pods_that_share_a_cause_are_told_once_and_ready_or_leaving_ones_not_at_all() -> None:
    pods = [pod("c"), pod("b"), pod("a", leaving=True), pod("d", ready=True)]
    assert (
        main_cause(pods).sentence == "pod b (and 1 more alike): runs, but its readiness probe does not pass"
    )


def test_an_event_of_one_pod_is_told_although_others_that_were_not_asked_are_as_silent() -> None:
    pods = [pod("b", warning="Readiness probe failed: 503"), pod("c"), pod("d")]
    assert main_cause(pods).sentence == "pod b (and 2 more alike): is not ready: Readiness probe failed: 503"


@pytest.mark.parametrize(
    "seen",
    [
        {"ready": True},
        {"leaving": True},
        {"unschedulable": "no room"},
        ended(1, "Error"),
        ended(137, "OOMKilled"),
    ],
)
def test_the_events_of_a_pod_are_not_worth_reading_where_it_is_well_or_says_why_itself(
    seen: dict[str, object],
) -> None:
    assert silent([pod("a", **seen)]) == ""
    assert silent([pod("c"), pod("a", **seen), pod("b")]) == "b"


def test_a_container_that_was_killed_does_not_say_by_whom() -> None:
    assert silent([pod("a", **ended(137, "Error"))]) == "a"


def test_a_pod_that_pulls_tells_of_the_image_that_is_missing_and_not_of_the_container_that_has_ended() -> (
    None
):
    waits = (Waiting("other", "ErrImagePull", "not found"),)
    pulling = pod(waiting=waits, **ended(128, "StartError"))
    assert not_pulled([pulling]) == "pod shop-1: container other cannot start: ErrImagePull: not found"
    assert not_pulled([pod(**ended(128, "StartError"))]) == ""


def test_pods_that_ended_alike_share_a_cause_whatever_each_wrote_and_however_often_it_was_started() -> None:
    ends = [
        Exit("app", 1, "Error", f"12:00:0{n} no database at 10.0.0.{n}\n", AT + timedelta(seconds=n), n)
        for n in (1, 2, 3)
    ]
    cause = main_cause([pod(f"shop-{n}", exits=(end,)) for n, end in enumerate(ends, start=1)])
    assert cause.sentence == (
        "pod shop-1 (and 2 more alike): container app ended with exit code 1 (Error, 1 restart): "
        "12:00:01 no database at 10.0.0.1"
    )
    assert cause.last_lines == ("12:00:01 no database at 10.0.0.1",)
