"""What is said of a manifest before it is applied is what the engine does once it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from builders import STRATEGIES, template
from crossfade.api.rollout import Rollout
from crossfade.core.policy.beginning import begins
from crossfade.core.policy.content import broken
from crossfade.core.policy.entering import NOTHING, following
from crossfade.core.policy.holds import before_next, before_start
from crossfade.core.policy.matched import Matched
from crossfade.core.revision import revision_of
from crossfade.core.situation import Situation
from crossfade.view.known_policies import Known, known
from crossfade.view.policy_answers import answers, matched
from crossfade.view.rule_answers import PolicyAnswer, Verdict
from crossfade.view.situations import Tried

NOW = datetime(2026, 12, 4, 15, 0, tzinfo=UTC)
V1, V2 = (revision_of(template(f"shop:v{i}")) for i in (1, 2))
FRIDAY = {
    "name": "friday",
    "kind": "Deny",
    "schedule": "0 12 * * FRI",
    "durationSeconds": 43200,
    "timeZone": "Europe/Berlin",
}
FRIDAY_ALL = {**FRIDAY, "applies": ["Start", "Step", "Promote"]}
POLICIES: dict[str, dict[str, Any]] = {
    "frozen": {"freeze": {"reason": "x"}},
    "was frozen": {"freeze": {"reason": "x", "until": "2026-12-04T14:00:00Z"}},
    "friday": {"windows": [FRIDAY]},
    "friday, only at the end": {"windows": [{**FRIDAY, "applies": ["Promote"]}]},
    "no friday": {"windows": [{**FRIDAY, "schedule": "0 12 * * SAT"}]},
    "approved at first": {"approvals": [{"name": "a", "before": "Start"}]},
    "approved at last": {"approvals": [{"name": "a", "before": "Promote"}]},
    "once a day": {"quota": {"maxPerDay": 1}},
    "digests": {"images": {"digestRequired": True}},
    "steps": {"steps": {"maxInitialWeight": 10}},
    "only warns": {"freeze": {"reason": "x"}, "enforcement": "Warn"},
    "one at once": {"concurrency": {"maxActive": 1}},
}
STATES: dict[str, dict[str, Any]] = {
    "a first release": {},
    "the next release": {"stable": {"revision": V1}, "completed": [V1]},
    "a return": {"stable": {"revision": V1}, "completed": [V1, V2]},
    "nothing new": {"stable": {"revision": V2}, "completed": [V2]},
    "what failed": {
        "stable": {"revision": V1},
        "completed": [V1],
        "failed": {"revision": V2, "reason": "AbortedByUser", "message": "no"},
    },
    "one of today": {
        "stable": {"revision": V1},
        "completed": [V1],
        "starts": [(NOW - timedelta(hours=2)).isoformat()],
    },
}


def tried(state: str, kind: str = "canary", **spec: Any) -> Tried:
    """Version 2 of the shop, as somebody is about to apply it."""
    body = {"replicas": 4, "template": template("shop:v2"), "strategy": STRATEGIES[kind], **spec}
    rollout = Rollout.model_validate({"metadata": {"name": "shop"}, "spec": body})
    live = {"metadata": {"name": "shop"}, "spec": {**body, "template": template("shop:v1")}}
    other = {"metadata": {"name": "till", "namespace": "demo"}, "status": {"progress": {"revision": V1}}}
    return Tried(rollout, "demo", {**live, "status": STATES[state]}, others=(other,))


def said(one: Tried, policy: Known) -> PolicyAnswer:
    [answer] = answers(one, [policy], NOW)
    return answer


def as_seen(one: Tried, policy: Known) -> Situation:
    """The same once it is applied, as the engine sees it."""
    given: Matched = matched(one, policy)
    assert policy.spec is not None
    full = replace(given, broken=broken(policy.spec, one.spec, one.template))
    return one.situation(NOW, full)


def engine(one: Tried, policy: Known) -> str:
    """What the engine holds it for at its beginning, as a sentence; "" where it begins."""
    return before_start(as_seen(one, policy)).waiting_for


@pytest.mark.parametrize("rules", POLICIES)
def test_the_engine_holds_the_beginning_exactly_where_it_was_said(rules: str) -> None:
    """What is said to be refused is held where it came past the API server, if a release begins at all."""
    [policy] = known([{"metadata": {"name": "p"}, "spec": POLICIES[rules]}], NOW)
    mores: list[dict[str, Any]] = [{}, {"replicas": 0}, {"paused": True}]
    cases = [*product(STATES, ["canary", "bigBang"], mores)]
    assert [case for case in cases if not begins_as_said(tried(*case[:2], **case[2]), policy)] == []


def begins_as_said(one: Tried, policy: Known) -> bool:
    answer, held = said(one, policy), engine(one, policy)
    refused = answer.of(Verdict.REFUSED) if begins(as_seen(one, policy)) else ()
    told = [*refused, *(each for each in answer.of(Verdict.HELD) if each.now)]
    return bool(told) == bool(held) and (not told or any(each.message in held for each in told))


@pytest.mark.parametrize("rules", POLICIES)
def test_the_engine_holds_the_next_stage_exactly_where_it_was_said(rules: str) -> None:
    """What the spec breaks is held too; a manifest that changes nothing is refused by nobody."""
    [policy] = known([{"metadata": {"name": "p"}, "spec": POLICIES[rules]}], NOW)
    cases = [*product([0, 1, 2], [{}, {"rollbackReason": "AbortedByUser"}])]
    assert [case for case in cases if not goes_on_as_said(policy, *case)] == []


def goes_on_as_said(policy: Known, stage: int, way: dict[str, str]) -> bool:
    one = tried("the next release")
    spec = one.rollout.spec.to_wire()
    progress = {"revision": V2, "stage": stage, **way}
    live = {
        "metadata": {"name": "shop"},
        "spec": spec,
        "status": {**STATES["a return"], "progress": progress},
    }
    live["status"]["completed"] = [V1]
    one = replace(one, live=live)
    answer, held = said(one, policy), before_next(as_seen(one, policy)).waiting_for
    content = [each for each in answer.of(Verdict.HELD) if not each.before]
    due = following(as_seen(one, policy)) != NOTHING and not way
    told = [*(content if due else ()), *(each for each in answer.of(Verdict.HELD) if each.now)]
    return bool(told) == bool(held)


def test_something_is_held_and_something_is_not() -> None:
    """The comparison above is about both."""
    one = tried("the next release")
    outcomes = {
        name: bool(engine(one, known([{"metadata": {"name": "p"}, "spec": spec}], NOW)[0]))
        for name, spec in POLICIES.items()
    }
    assert outcomes["frozen"]
    assert outcomes["friday"]
    assert outcomes["digests"]
    assert outcomes["one at once"]
    assert not outcomes["was frozen"]
    assert not outcomes["only warns"]
    assert not outcomes["no friday"]


def test_a_moment_that_comes_later_is_told_as_such() -> None:
    [policy] = known([{"metadata": {"name": "p"}, "spec": POLICIES["friday, only at the end"]}], NOW)
    [answer] = said(tried("the next release"), policy).rules
    assert (answer.verdict, answer.before, answer.now) == (Verdict.HELD, "Promote", False)
    assert answer.until == datetime(2026, 12, 4, 23, 0, tzinfo=UTC)


def test_an_open_window_says_when_it_closes() -> None:
    [policy] = known([{"metadata": {"name": "p"}, "spec": POLICIES["no friday"]}], NOW)
    [answer] = said(tried("the next release"), policy).rules
    assert (answer.verdict, answer.message) == (Verdict.KEPT, "open until 2026-12-05 11:00 UTC")


@pytest.mark.parametrize(("pause_s", "waits"), [(600, True), (60, False)])
def test_a_window_that_closes_before_the_release_gets_there_is_told_of(pause_s: int, *, waits: bool) -> None:
    """It begins five minutes before noon in Berlin, when the window closes."""
    now = datetime(2026, 12, 4, 10, 55, tzinfo=UTC)
    [policy] = known([{"metadata": {"name": "p"}, "spec": {"windows": [FRIDAY_ALL]}}], now)
    steps = [{"weight": 25, "pauseSeconds": pause_s}]
    one = replace(tried("the next release", strategy={"canary": {"steps": steps}}), looks_ahead=True)
    [told] = answers(one, [policy], now)
    [answer] = told.rules
    if waits:
        assert (answer.verdict, answer.before, answer.now) == (Verdict.HELD, "Promote", False)
        assert answer.message.startswith(
            "at 2026-12-04 11:05 UTC, when it gets there at the earliest, window friday is closed "
        )
        assert "(Europe/Berlin)" in answer.message
        assert answer.until == datetime(2026, 12, 4, 23, 0, tzinfo=UTC)
    else:
        assert (answer.verdict, answer.message) == (Verdict.KEPT, "open until 2026-12-04 11:00 UTC")
    [blind] = answers(replace(one, looks_ahead=False), [policy], now)
    assert blind.rules[0].verdict is Verdict.KEPT
