"""The record says what policies had to do with a release: who asked for it, approved it, and had a policy passed."""

from __future__ import annotations

from typing import Any

from builders import V1, releasing_v2, serving_v1
from core.policy.test_holds import frozen, policy, under
from crossfade.core.moments import later
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, until

ASKED = {"name": "dan", "how": "Admission"}
ASKING = policy("prod", approvals=[{"name": "leads", "before": "Promote", "count": 1}])


def remembering(sim: Sim, **status: Any) -> Sim:
    """The Rollout's own status says that beside what it says."""
    sim.rollout = {**sim.rollout, "status": {**sim.status, **status}}
    return sim


def record(sim: Sim, number: int = 2) -> dict[str, Any]:
    return sim.releases[f"shop-{number}"]


def under_way() -> Sim:
    return run(until(releasing_v2("canary"), phase("Progressing")), 2)


def approval(sim: Sim, by: str = "ben") -> dict[str, Any]:
    revision = sim.status["progress"]["revision"]
    return {"by": by, "at": at(sim), "revision": revision, "policy": "prod", "action": f"approve-{by}"}


def bypass(sim: Sim) -> dict[str, Any]:
    ends = later(at(sim), 600)
    return {
        "policy": "prod",
        "by": "cat",
        "reason": "shop is down",
        "at": at(sim),
        "until": ends,
        "action": "b-1",
    }


def at(sim: Sim) -> str:
    return sim.now.isoformat().replace("+00:00", "Z")


def test_a_release_says_by_which_strategy_it_goes() -> None:
    assert record(rest(releasing_v2("bigBang")))["spec"]["strategy"] == "bigBang"


def test_a_release_keeps_who_asked_for_it_and_how_that_is_known() -> None:
    sim = serving_v1("bigBang")
    sim.annotate({"crossfade.dev/requester": "ann"})
    sim.set_image("shop:v2")
    assert record(rest(sim))["spec"]["requester"] == {"name": "ann", "how": "Admission"}
    assert sim.status["requester"] == {"name": "ann", "how": "Admission"}


def test_where_nobody_knows_who_asked_the_release_says_nothing() -> None:
    sim = remembering(serving_v1("bigBang"), requester=ASKED)
    sim.set_image("shop:v2")
    assert "requester" not in record(rest(sim))["spec"]


def test_who_changed_the_spec_did_not_ask_for_an_undo() -> None:
    sim = remembering(rest(releasing_v2("bigBang")), requester=ASKED)
    sim.act("Undo", actor="ann")
    rest(sim)
    assert record(sim, 3)["spec"]["revision"] == V1
    assert "requester" not in record(sim, 3)["spec"]


def test_an_approval_is_in_the_record_in_the_next_pass() -> None:
    sim = under_way()
    quiet(remembering(sim, approvals=[approval(sim)]))
    [entry] = record(sim)["status"]["approvals"]
    assert (entry["action"], entry["actor"], entry["policy"]) == ("Approve", "ben", "prod")


def test_a_bypass_is_in_the_record_in_the_next_pass_and_stays_after_it_is_over() -> None:
    sim = under(under_way(), policy("prod"))
    quiet(remembering(sim, bypasses=[bypass(sim)]))
    rest(remembering(sim, bypasses=[]))
    status = record(sim)["status"]
    assert status["outcome"] == "Completed"
    assert [(entry["actor"], entry["reason"]) for entry in status["bypasses"]] == [("cat", "shop is down")]


def test_a_bypass_of_a_policy_that_is_not_about_it_any_more_is_not_of_it() -> None:
    sim = under(under_way(), policy("other"))
    rest(remembering(sim, bypasses=[bypass(sim)]))
    assert record(sim)["status"]["bypasses"] == []


def test_what_counts_after_the_end_is_not_of_the_release_that_has_ended() -> None:
    sim = under_way()
    given = approval(sim)
    rest(sim)
    quiet(remembering(sim, approvals=[given], bypasses=[bypass(sim)]))
    assert (record(sim)["status"]["approvals"], record(sim)["status"]["bypasses"]) == ([], [])


def test_what_the_record_says_already_is_not_written_again() -> None:
    sim = under_way()
    quiet(remembering(sim, approvals=[approval(sim)], bypasses=[bypass(sim)]))
    before = record(sim)["metadata"]["resourceVersion"]
    quiet(sim)
    assert record(sim)["metadata"]["resourceVersion"] == before


def test_an_approve_that_is_an_action_says_what_it_was_for() -> None:
    sim = until(under(releasing_v2("bigBang"), ASKING), phase("Waiting"))
    revision = sim.status["progress"]["revision"]
    sim.act("Approve", actor="ben", revision=revision, policy="prod", reason="checked")
    rest(sim)
    status = record(sim)["status"]
    [action], [approval] = status["actions"], status["approvals"]
    assert (action["action"], action["actor"], action["policy"]) == ("Approve", "ben", "prod")
    assert (approval["name"], approval["rule"]) == (action["name"], "leads")


def test_a_second_bypass_does_not_take_the_place_of_the_one_that_let_it_begin() -> None:
    sim = run(under(releasing_v2("canary"), frozen()), 10)
    sim.act("Bypass", actor="cat", policy="prod", reason="shop is down")
    sim.act("Bypass", actor="bob", policy="prod", reason="and again")
    rest(sim)
    assert {each["actor"] for each in record(sim)["status"]["bypasses"]} == {"bob", "cat"}


def test_a_bypass_that_lets_a_release_begin_is_in_its_record() -> None:
    sim = run(under(releasing_v2("bigBang"), frozen()), 10)
    sim.act("Bypass", actor="cat", policy="prod", reason="shop is down")
    rest(sim)
    [entry] = record(sim)["status"]["bypasses"]
    assert (entry["actor"], entry["policy"], entry["reason"]) == ("cat", "prod", "shop is down")
    assert entry["until"]
    assert [hold["rule"] for hold in record(sim)["status"]["heldBy"]] == ["freeze"]


def test_an_approval_of_the_beginning_is_in_the_record_of_what_began() -> None:
    asking = policy("prod", approvals=[{"name": "leads", "before": "Start", "count": 1}])
    sim = run(under(releasing_v2("bigBang"), asking), 10)
    revision = sim.status["message"].partition("release of ")[2].split()[0]
    sim.act("Approve", actor="ben", revision=revision)
    rest(sim)
    assert [each["actor"] for each in record(sim)["status"]["approvals"]] == ["ben"]
