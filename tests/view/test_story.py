"""Who did what and how long ago: read from the status, and told in words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from crossfade.view import text
from crossfade.view.model import Outcome
from crossfade.view.read import rollout_view
from view.stored import STABLE, condition, release, rollout, under_way

NOW = datetime(2026, 1, 31, 12, 0, 18, tzinfo=UTC)
ANN = {"actor": "ann", "action": "shop-undo-1", "at": "2026-01-31T11:57:18Z", "reason": "checkout is slow"}
LAST = {
    "number": 2,
    "outcome": "RolledBack",
    "servedAt": "2026-01-31T11:40:00Z",
    "turnedBackAt": "2026-01-31T11:40:08.2Z",
    "at": "2026-01-31T11:48:10Z",
}


def shown(stored: dict[str, Any], made: dict[str, Any] | None = None) -> dict[str, str]:
    return dict(text.facts(rollout_view(stored, made), NOW))


def progress(**fields: Any) -> dict[str, Any]:
    return {"revision": "bbb222", "stage": 1, "releaseStartedAt": "2026-01-31T11:58:10Z", **fields}


def rolled_back(**last: Any) -> dict[str, Any]:
    return rollout(phase="RolledBack", release=2, stable=STABLE, last={**LAST, **last})


def test_a_rollback_is_told_with_how_long_ago_and_how_long_users_had_met_it() -> None:
    told = shown(rolled_back())["Ended"]
    assert told == "release 2 rolled back 12 min ago, 8 s after its first request"


def test_a_revision_that_no_user_met_is_told_as_such() -> None:
    assert shown(rolled_back(servedAt=None))["Ended"].endswith(", before its first request")


def test_what_an_older_operator_stored_is_told_without_what_it_did_not_know() -> None:
    told = shown(rolled_back(servedAt=None, turnedBackAt=None))["Ended"]
    assert told == "release 2 rolled back 12 min ago"


def test_the_end_of_an_earlier_release_is_not_told_of_the_present_one() -> None:
    stored = rollout(phase="Progressing", release=3, last=LAST)
    assert "Ended" not in shown(stored)
    assert "Ended" not in shown(under_way(last=LAST))


def test_while_it_goes_back_it_is_told_since_when_and_how_long_users_had_met_it() -> None:
    back = progress(
        rollbackReason="CandidateCrashed",
        servedAt="2026-01-31T12:00:07Z",
        turnedBackAt="2026-01-31T12:00:15Z",
    )
    rows = shown(under_way("RollingBack", progress=back))
    assert rows["Back"] == "3 s ago, 8 s after its first request"
    assert "Started" not in rows


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (None, "2 min ago"),
        ({"manager": "kubectl-set"}, "2 min ago, by field manager kubectl-set"),
        (
            {"manager": "kubectl-set", "at": "2026-01-31T11:58:08Z"},
            "2 min ago, by field manager kubectl-set",
        ),
        (
            {"manager": "argocd", "at": "2026-01-31T09:00:00Z"},
            "2 min ago; field manager argocd had changed the template 3 h ago",
        ),
    ],
    ids=["nobody is known", "no time is known", "just before", "long before: it had to wait, or is retried"],
)
def test_a_release_under_way_says_since_when_and_which_client_changed_the_template(
    changed: dict[str, Any] | None, told: str
) -> None:
    made = release()
    made["spec"]["changedBy"] = changed
    assert shown(under_way(progress=progress()), made)["Started"] == told


def test_who_paused_it_when_and_why_is_told() -> None:
    stored = under_way("Paused", pausedBy={**ANN, "reason": "lunch"})
    assert shown(stored)["Paused"] == "by ann 3 min ago: lunch"


def test_a_pause_that_says_less_is_told_with_what_it_says() -> None:
    assert shown(under_way("Paused", pausedBy={}))["Paused"] == "by a RolloutAction"


def test_where_nothing_moves_what_is_awaited_is_what_the_person_has_to_do() -> None:
    stored = under_way(
        "Paused",
        message="stage 2 of 3 (50 %) waits for a Resume (ann paused it)",
        progress=progress(waitingFor="a person"),
    )
    assert shown(stored, release())["Waiting"] == "a Resume (ann paused it)"


UNDO = {"revision": "aaa111", "fromRelease": 4, "toRelease": 1, **ANN}


def undoing() -> dict[str, Any]:
    message = (
        "going back from 4 to 1, asked by ann: checkout is slow; stage 2 of 3 (50 %) waits for 60 s to pass"
    )
    return under_way(goingBack=UNDO, message=message, release=5)


def test_an_undo_says_from_where_to_where_who_asked_and_why() -> None:
    view = rollout_view(undoing(), release())
    assert text.sentence(view) == "going back from 4 to 1, asked by ann: checkout is slow"
    assert dict(text.facts(view, NOW))["Asked"] == "3 min ago"
    assert text.line(view).endswith(
        ": going back from 4 to 1, asked by ann: checkout is slow; waits for 60 s to pass"
    )


def test_in_an_undo_the_sides_are_called_by_what_they_are_and_nothing_is_called_stable() -> None:
    view = rollout_view(undoing(), release())
    rows = dict(text.facts(view, NOW))
    assert rows["Leaving"].startswith("release 4  aaa111")
    assert rows["Going to"].startswith("release 1  bbb222")
    assert "Stable" not in rows
    assert "Failed" not in rows
    assert rows["Weight"].startswith("50 % of the requests wanted on release 1,")
    assert "leaving 2/2, going to 1/2" in text.line(view)
    assert [step.purpose for step in view.next_steps if "abort" in step.command] == [
        "to stay with release 4 after all"
    ]


def test_an_undo_that_turns_back_itself_has_a_stable_side_again() -> None:
    stored = undoing()
    stored["status"]["progress"]["rollbackReason"] = "AbortedByUser"
    assert "Stable" in shown(stored)


def undone() -> dict[str, Any]:
    last = {
        "number": 5,
        "outcome": "Completed",
        "at": "2026-01-31T11:58:18Z",
        "wentBack": UNDO,
    }
    return rollout(phase="RolledBack", release=5, stable=STABLE, last=last)


def test_after_an_undo_it_is_told_from_where_to_where_it_went_and_who_asked() -> None:
    told = shown(undone())["Ended"]
    assert told == "went back from release 4 to release 1 2 min ago; asked by ann 3 min ago: checkout is slow"


def test_after_an_undo_what_belongs_into_the_manifest_comes_first() -> None:
    view = rollout_view(undone(), scope="-n demo")
    assert [(step.command, step.purpose) for step in view.next_steps] == [
        ("crossfade diff shop 4 5 -n demo", "to see what the manifest must get back"),
        ("crossfade set image shop CONTAINER=IMAGE -n demo", "to release a corrected image"),
        ("crossfade retry shop -n demo", "to release 4 again after all"),
    ]


def recreating(**downtime: Any) -> dict[str, Any]:
    spec = {"strategy": {"recreate": {"maxDowntimeSeconds": 60}}}
    stored = under_way(strategy="recreate", downtime={"startedAt": "2026-01-31T12:00:10Z", **downtime})
    stored["spec"] = rollout(spec=spec)["spec"]
    return stored


def test_while_recreate_is_down_the_time_is_counted_against_its_limit() -> None:
    stored = recreating()
    assert shown(stored)["Downtime"] == "down for 8 s of at most 1 min"
    assert "down since 12:00:10 UTC" in text.line(rollout_view(stored))


def test_once_something_serves_again_the_down_time_is_what_it_was() -> None:
    stored = recreating(endedAt="2026-01-31T12:00:14Z", seconds=4.0)
    assert shown(stored)["Downtime"] == "4 s in this release"
    assert "down since" not in text.line(rollout_view(stored))


def previewing(**status: Any) -> dict[str, Any]:
    fields = {"strategy": "blueGreen", "weight": 0, "realWeight": 0, **status}
    stored = under_way("Paused", conditions=[condition("Paused", "AwaitingPromotion")], **fields)
    stored["spec"] = rollout(spec={"strategy": {"blueGreen": {}}})["spec"]
    return stored


def test_a_preview_has_its_services_name_and_a_command_to_look_at_it() -> None:
    view = rollout_view(previewing(), scope="-n demo")
    assert (
        dict(text.facts(view, NOW))["Preview"]
        == "Service shop-preview reaches the candidate, and no user does"
    )
    step = view.next_steps[-1]
    assert step.command == "kubectl port-forward service/shop-preview 8080:80 -n demo"
    assert step.purpose == "to look at it on localhost:8080"


def test_a_port_that_anybody_may_listen_on_is_forwarded_as_it_is() -> None:
    stored = previewing()
    stored["spec"]["service"] = {"name": "web", "ports": [{"port": 9000}]}
    assert rollout_view(stored).next_steps[-1].command == "kubectl port-forward service/web-preview 9000:9000"


@pytest.mark.parametrize(
    "stored",
    [
        previewing(weight=100),
        previewing(progress={"revision": "bbb222", "rollbackReason": "AbortedByUser"}),
        previewing(candidate={"revision": "bbb222", "ready": 0}),
        previewing(progress=None),
        under_way(weight=0),
    ],
    ids=["users meet it", "it goes back", "no pod answers yet", "nothing is under way", "another strategy"],
)
def test_there_is_no_preview_where_there_is_nothing_to_look_at(stored: dict[str, Any]) -> None:
    assert rollout_view(stored).preview is None


def worker(**status: Any) -> dict[str, Any]:
    stored = under_way(**status)
    stored["spec"] = rollout(spec={"service": None})["spec"]
    return stored


def test_of_a_worker_pods_are_told_and_no_requests() -> None:
    view = rollout_view(worker(message="stage 2 of 3 (50 %)", progress=progress()), release())
    told = text.paragraph(view, NOW)
    assert "request" not in told
    assert "50 % of the pods wanted on the candidate, 33 % by available pods" in told
    assert "crossfade abort shop   to return to stable" in told


def test_how_long_a_worker_ran_is_counted_from_its_first_ready_pod() -> None:
    stored = rolled_back()
    stored["spec"] = rollout(spec={"service": None})["spec"]
    assert shown(stored)["Ended"].endswith(", 8 s after its first pod was ready")


def test_what_a_container_wrote_last_is_told_the_last_line_first() -> None:
    lines = ["ValueError: no DATABASE_URL", '  File "app.py", line 3']
    stored = rollout(phase="RolledBack", stable=STABLE, lastLines=lines)
    assert text.paragraph(rollout_view(stored), NOW).splitlines()[1:3] == [
        "  Last line  ValueError: no DATABASE_URL",
        '               File "app.py", line 3',
    ]


def test_lines_that_belong_to_an_older_message_are_not_told() -> None:
    stored = rollout(phase="RolledBack", lastLines=["ValueError"], observedGeneration=2)
    assert rollout_view(stored).last_lines == ()


def test_json_has_who_when_and_why_too() -> None:
    made = release()
    made["spec"]["changedBy"] = {"manager": "kubectl-set", "at": "2026-01-31T11:58:08Z"}
    plain = text.jsonable(rollout_view(undoing() | {"spec": recreating()["spec"]}, made))
    assert plain["undoing"] == {
        "fromRelease": 4,
        "toRelease": 1,
        "asked": {"actor": "ann", "reason": "checkout is slow", "at": "2026-01-31T11:57:18+00:00"},
    }
    assert plain["changedBy"]["manager"] == "kubectl-set"
    assert text.jsonable(rollout_view(recreating()))["down"] == {
        "since": "2026-01-31T12:00:10+00:00",
        "limitSeconds": 60,
        "seconds": None,
    }
    assert text.jsonable(rollout_view(rolled_back()))["course"]["servedAt"] == "2026-01-31T11:40:00+00:00"
    assert text.jsonable(rollout_view(previewing()))["preview"] == {"service": "shop-preview", "port": 80}


@pytest.mark.parametrize(
    ("side", "told"),
    [
        ({"replicas": 4, "ready": 4, "available": 4}, "2/2 pods available, 2 to go"),
        ({"replicas": 2, "ready": 2, "available": 1}, "1/2 pods available, 2 ready"),
        ({"replicas": 2, "ready": 2, "available": 2}, "2/2 pods available"),
    ],
)
def test_never_more_pods_than_are_wanted_are_told_as_available(side: dict[str, int], told: str) -> None:
    stored = under_way(stable={"revision": "aaa111", "image": "shop:v1", **side})
    assert shown(stored, release())["Stable"] == f"aaa111  shop:v1  {told}"


def waiting() -> dict[str, Any]:
    message = "stage 1 of 3 waits for argocd (server-side apply) to leave the selector of Service shop"
    return under_way("Waiting", message=message, conditions=[condition("Reconciling", "NotSoleOwner")])


def owned_by(*managers: str) -> dict[str, Any]:
    fields = {"f:spec": {"f:selector": {}}}
    entries = [{"manager": m, "operation": "Apply", "fieldsV1": fields} for m in managers]
    return {
        "metadata": {"name": "shop", "managedFields": entries},
        "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80}]},
    }


def test_waiting_for_another_owner_of_the_selector_is_waiting_for_a_person_with_steps_to_take() -> None:
    view = rollout_view(waiting(), release(), service=owned_by("argocd", "crossfade"), scope="-n demo")
    assert view.outcome is Outcome.NEEDS_PERSON
    assert len(view.to_do) == 2
    assert "Pause automatic syncs of it" in view.to_do[0]
    assert view.to_do[1].endswith("\nkubectl apply --server-side -f service.yaml -n demo")
    assert [step.command for step in view.next_steps] == ["crossfade abort shop -n demo"]


def test_what_crossfade_owns_already_is_not_made_its_own_again() -> None:
    alone = rollout_view(waiting(), service=owned_by("argocd")).to_do
    assert any("--field-manager=crossfade" in step for step in alone)


def test_commands_of_a_step_stand_below_its_sentence() -> None:
    view = rollout_view(waiting(), service=owned_by("argocd", "crossfade"))
    assert (
        "             kubectl apply --server-side -f service.yaml" in text.paragraph(view, NOW).splitlines()
    )


def test_without_the_service_at_hand_a_person_is_still_waited_for() -> None:
    view = rollout_view(waiting())
    assert (view.outcome, view.to_do) == (Outcome.NEEDS_PERSON, ())


@pytest.mark.parametrize("phase", ["Degraded", "Invalid", "Waiting", "Paused"])
def test_where_somebody_is_needed_it_is_told_since_when(phase: str) -> None:
    stored = rollout(phase=phase, since="2026-01-31T11:48:18Z")
    assert shown(stored)["Since"] == "12 min ago, 2026-01-31 11:48:18 UTC"


def test_what_another_row_tells_is_not_told_twice() -> None:
    assert "Since" not in shown(under_way("Paused", since="2026-01-31T11:48:18Z", pausedBy=ANN))
    assert "Since" not in shown(rollout(phase="Healthy", since="2026-01-31T11:48:18Z"))


def test_who_asked_for_a_restart_that_goes_on_is_told() -> None:
    asked = {"revision": "aaa111", **ANN, "reason": "it leaks"}
    going = rollout(phase="Progressing", restarted=asked, conditions=[condition("Reconciling", "Restarting")])
    assert shown(going)["Restart"] == "by ann 3 min ago: it leaks"
    assert "Restart" not in shown(rollout(phase="Healthy", restarted=asked))


def test_a_log_line_is_one_line_whatever_the_message_is() -> None:
    assert text.line(rollout_view(rollout(phase="Invalid", message="one\n  two"))) == "Invalid: one two"


def test_a_failure_that_froze_a_release_is_told_on_top_and_not_as_what_is_awaited() -> None:
    why = "stage 2 of 3 (50 %) waits for a person: release 2 failed: 1 of 1 pods crashed. Abort, or Retry"
    frozen = progress(
        frozen="release 2 failed",
        waitingFor="a person: release 2 failed: 1 of 1 pods crashed. Abort, or Retry",
    )
    view = rollout_view(under_way("Paused", message=why, progress=frozen), release())
    assert text.sentence(view) == why
    assert dict(text.facts(view, NOW))["Waiting"] == "a person"
