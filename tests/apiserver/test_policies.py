"""Policies that hold: approvals by people with groups of their own, freezes, windows, turns, and a way back that is always open.

Each policy selects the namespace of its test by the name that the API server labels it with, so none is about another one's.
"""

import time

import pytest

from bench import manifests
from bench.kube import ApiError, Kube, Object, collection, wait_for
from bench.operator_pods import rfc3339
from bench.person import Person
from bench.scenarios.shop import Shop
from kind.policies import LEADS, STAFF, New, Rule, Tell, approve, canary

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.quiet, pytest.mark.timeout(1200)]

PROMISED_S = 2.0
"""An approval or the end of a window moves traffic within that."""
ROOM_S = 4.0
"""Beyond what is promised, for a machine that others keep busy; the counts at the end show the figures."""


def test_two_leads_have_to_approve_before_all_users_get_it_and_the_second_one_moves_the_traffic_at_once(
    kube: Kube, namespace: str, rule: Rule, new_person: New, tell: Tell
) -> None:
    name = rule("two", approvals=[{"name": "leads", "before": "Promote", "count": 2, "groups": [LEADS]}])
    ann, bob = (new_person(who, LEADS, roles=("crossfade-approver",)) for who in ("ann", "bob"))
    eve = new_person("eve", STAFF, roles=("crossfade-approver",))
    with Shop(kube, namespace, canary(50), replicas=2, bakeSeconds=1) as shop:
        first = rule("open")  # a first release is held by nothing here
        assert first
        kube.delete("RolloutPolicy", "", name)
        shop.created("v1")
        name = rule("two", approvals=[{"name": "leads", "before": "Promote", "count": 2, "groups": [LEADS]}])
        shop.apply("v2")
        held = shop.wait_phase("Waiting")
        tell(f"two approvals: {held['message']}")
        assert (
            f"policy {name}, rule approvals: approval leads before Promote: 0 of 2 given" in held["message"]
        )
        assert "is in none of the groups leads" in approve(eve, shop)
        assert "1 of 2" in approve(ann, shop)
        assert "has approved that already" in approve(ann, shop)
        assert shop.status["weight"] == 50
        at = time.time()
        assert "2 of 2" in approve(bob, shop)
        shop.wait_status("100 %", lambda told: told.get("weight") == 100 or told["phase"] == "Healthy")
        took_s = time.time() - at
        tell(f"an approval moves traffic after {took_s:.2f} s")
        assert took_s < PROMISED_S + ROOM_S
        shop.wait_phase("Healthy")


def test_who_asked_for_a_release_may_not_approve_it(
    kube: Kube, namespace: str, rule: Rule, new_person: New
) -> None:
    ann = new_person("ann", LEADS, roles=("crossfade-approver", "edit"))
    bob = new_person("bob", LEADS, roles=("crossfade-approver",))
    with Shop(kube, namespace, canary(50), replicas=2, bakeSeconds=1) as shop:
        shop.created("v1")
        rule("one", approvals=[{"name": "leads", "before": "Promote", "groups": [LEADS]}])
        image = {"spec": {"template": manifests.template("v2")}}
        path = f"{collection('Rollout', namespace)}/{shop.name}"
        ann.request("PATCH", path, image, "application/merge-patch+json")
        shop.wait_phase("Waiting")
        assert "asked for this release, and may not approve it" in approve(ann, shop)
        assert "1 of 1" in approve(bob, shop)
        shop.wait_phase("Healthy")
        release = kube.get("Release", namespace, f"{shop.name}-2") or {}
        assert release["spec"]["requester"] == {"name": ann.user, "how": "Admission"}


def test_a_freeze_stops_the_line_and_its_end_starts_it_again_and_an_abort_needs_nobody(
    kube: Kube, namespace: str, rule: Rule, tell: Tell
) -> None:
    with Shop(kube, namespace, canary(50), replicas=2, bakeSeconds=1) as shop:
        shop.created("v1")
        name = rule("freeze", freeze={"reason": "incident 4711"})
        shop.apply("v2")
        held = shop.wait_phase("Waiting")
        tell(f"a freeze: {held['message']}")
        assert f"policy {name}, rule freeze: frozen until somebody ends it: incident 4711" in held["message"]
        assert shop.pods_of("v2") == []
        at = time.time()
        rule("freeze")
        shop.wait_status("a candidate", lambda told: told.get("candidate") or told["phase"] == "Healthy")
        tell(f"the end of a freeze: it begins after {time.time() - at:.2f} s")
        shop.wait_phase("Healthy")

        rule("step", approvals=[{"name": "anybody", "before": "Promote"}])
        shop.apply("v3")
        shop.wait_phase("Waiting")
        rule("freeze", freeze={"reason": "incident 4712"})
        asked_at = shop.act("Abort", now=True)
        shop.wait_phase("RolledBack")
        tell(f"an abort under a freeze: back after {time.time() - asked_at:.2f} s")


@pytest.mark.long
def test_the_end_of_a_window_moves_traffic_within_two_seconds(
    kube: Kube, namespace: str, rule: Rule, tell: Tell
) -> None:
    with Shop(kube, namespace, canary(50), replicas=2, bakeSeconds=1) as shop:
        shop.created("v1")
        window = {
            "name": "quiet",
            "kind": "Deny",
            "start": rfc3339(time.time() - 3600),
            "end": rfc3339(time.time() + 3600),
            "timeZone": "Europe/Berlin",
            "applies": ["Promote"],
            "reason": "a quiet hour",
        }
        rule("hour", windows=[window])
        shop.apply("v2")
        held = shop.wait_phase("Waiting")
        tell(f"a window: {held['message']}")
        # The last end is near, and is set once the release waits: a pod may take longer than any near end.
        end = int(time.time()) + 45
        rule("hour", windows=[{**window, "end": rfc3339(end)}])
        shop.wait_status("100 %", lambda told: told.get("weight") == 100 or told["phase"] == "Healthy")
        late_s = time.time() - end
        tell(f"the end of a window moves traffic after {late_s:.2f} s")
        assert 0 <= late_s < PROMISED_S + ROOM_S
        shop.wait_phase("Healthy")


def test_of_two_that_race_for_the_last_turn_one_waits_and_goes_on_by_itself(
    dev: Person, namespace: str, rule: Rule, tell: Tell
) -> None:
    name = rule("one", concurrency={"maxActive": 1})
    strategy = manifests.strategy("canary", steps=[{"weight": 50, "pauseSeconds": 8}])
    with (
        Shop(dev, namespace, strategy, name="one", replicas=2, bakeSeconds=1) as one,
        Shop(dev, namespace, strategy, name="two", replicas=2, bakeSeconds=1) as two,
    ):
        for shop in (one, two):
            shop.apply("v1")
        for shop in (one, two):
            shop.wait_phase("Healthy")
        for shop in (one, two):
            shop.apply("v2")

        def one_waits() -> tuple[Shop, str] | None:
            seen = [(each.status, each) for each in (one, two)]
            told = {status.get("phase"): (each, str(status.get("message", ""))) for status, each in seen}
            return told.get("Waiting") if told.keys() == {"Waiting", "Progressing"} else None

        waiting, message = wait_for("one of them to wait", one_waits)
        tell(f"a turn: {message}")
        assert f"policy {name}, rule concurrency: 1 of 1 release is under way" in message
        for shop in (one, two):
            shop.wait_status(
                "v2", lambda told: told["phase"] == "Healthy" and told["release"] == 2, timeout_s=400
            )
        first = next(each for each in (one, two) if each is not waiting)
        ended = (dev.get("Release", namespace, f"{first.name}-2") or {})["status"]["endedAt"]
        made = [each["metadata"]["creationTimestamp"] for each in waiting.pods_of("v2")]
        assert made
        assert all(each[:19] >= ended[:19] for each in made), "it began before the first one had ended"


def test_a_bypass_needs_the_verb_on_that_policy_and_lets_one_rollout_through_for_a_while(
    kube: Kube, namespace: str, rule: Rule, new_person: New, tell: Tell
) -> None:
    ann = new_person("ann", roles=("edit",))
    with Shop(kube, namespace, canary(50), replicas=2, bakeSeconds=1) as shop:
        shop.created("v1")
        name = rule("freeze", freeze={"reason": "incident 4711"})
        shop.apply("v2")
        shop.wait_phase("Waiting")
        asked = {"policy": name, "reason": "incident 12", "name": shop.name}
        with pytest.raises(ApiError) as refused:
            ann.create(manifests.action(namespace, "Bypass", **asked))
        tell(f"a bypass without the verb: {refused.value}")
        assert "bypass" in str(refused.value)
        kube.create(manifests.action(namespace, "Bypass", **asked))
        shop.wait_phase("Healthy")
        (bypass,) = shop.rollout["status"]["bypasses"]
        assert (bypass["policy"], bypass["reason"]) == (name, "incident 12")
        wait_for("its Event", lambda: "PolicyBypassed" in reasons(kube, namespace))


def test_a_policy_that_comes_later_holds_what_is_new_and_leaves_what_serves(
    kube: Kube, namespace: str, rule: Rule
) -> None:
    with Shop(kube, namespace, canary(50), replicas=2, bakeSeconds=1) as shop:
        shop.created("v1")
        name = rule("digests", images={"digestRequired": True})
        told = shop.wait_status("the violation", lambda told: compliance(told) == ("False", "Violated"))
        assert told["phase"] == "Healthy"
        found = wait_for("the policy to count it", lambda: counted(kube, name))
        assert (found["matching"], found["violating"]) == (1, 1)
        with pytest.raises(ApiError, match=r"rule images"):
            shop.apply("v2")
        labelled = {"metadata": {"labels": {"team": "a"}}}
        path = f"{collection('Rollout', namespace)}/{shop.name}"
        kube.request("PATCH", path, labelled, "application/merge-patch+json")


def reasons(kube: Kube, namespace: str) -> set[str]:
    return {str(each.get("reason")) for each in kube.list("Event", namespace)}


def compliance(status: Object) -> tuple[str, str] | None:
    found = (each for each in status.get("conditions", ()) if each["type"] == "PolicyCompliant")
    return next(((each["status"], each["reason"]) for each in found), None)


def counted(kube: Kube, name: str) -> Object | None:
    status: Object = (kube.get("RolloutPolicy", "", name) or {}).get("status") or {}
    return status if status.get("violating") else None
