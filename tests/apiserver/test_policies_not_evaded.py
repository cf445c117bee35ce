"""Ways round a policy that people try: each is refused, or changes nothing, with a sentence that says why."""

from typing import Any

import pytest

from bench import manifests
from bench.kube import Kube, Object, collection, wait_for
from bench.person import Person, bound
from bench.scenarios.shop import Shop
from kind.policies import LEADS, New, Rule, Tell, approve, canary

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.timeout(900)]

LEADS_APPROVE: dict[str, Any] = {"approvals": [{"name": "leads", "before": "Promote", "groups": [LEADS]}]}


def asked(shop: Shop, verb: str, **spec: Any) -> Object:
    """What an action was answered, with its state."""
    made = shop.kube.create(manifests.action(shop.namespace, verb, name=shop.name, **spec))
    name = made["metadata"]["name"]

    def answer() -> Object | None:
        status: Object = (shop.kube.get("RolloutAction", shop.namespace, name) or {}).get("status") or {}
        return status if status.get("state") else None

    return wait_for(f"an answer to {name}", answer)


def test_no_promote_and_no_skip_goes_past_an_approval_and_an_old_one_counts_for_nothing(
    kube: Kube, dev: Person, namespace: str, rule: Rule, new_person: New, tell: Tell
) -> None:
    ann = new_person("ann", LEADS, roles=("crossfade-approver",))
    with Shop(dev, namespace, canary(50), replicas=2, bakeSeconds=1) as shop:
        shop.created("v1")
        rule("leads", **LEADS_APPROVE)
        shop.apply("v2")
        shop.wait_phase("Waiting")
        old = shop.status["candidate"]["revision"]
        skipped = asked(shop, "Skip")
        tell(f"a Skip past an approval: {skipped['message']}")
        assert (skipped["state"], "a Skip goes past no policy" in skipped["message"]) == ("Refused", True)
        promoted = asked(shop, "PromoteFull")
        tell(f"a PromoteFull past an approval: {promoted['message']}")
        shop.apply("v3")
        shop.wait_status("v3 to wait", lambda told: waits_with_another(told, old))
        assert shop.status["weight"] == 50
        late = manifests.action(namespace, "Approve", name=shop.name, revision=old)
        name = ann.create(late)["metadata"]["name"]
        refused = wait_for("an answer", lambda: status_of(kube, namespace, name).get("message"))
        tell(f"an approval of an old revision: {refused}")
        assert f"it is meant for revision {old}" in refused
        assert "1 of 1" in approve(ann, shop)
        shop.wait_phase("Healthy")


def waits_with_another(status: Object, old: str) -> bool:
    candidate = (status.get("candidate") or {}).get("revision")
    return bool(status["phase"] == "Waiting" and candidate and candidate != old)


def status_of(kube: Kube, namespace: str, action: str) -> Object:
    found: Object = (kube.get("RolloutAction", namespace, action) or {}).get("status") or {}
    return found


@pytest.mark.long
def test_no_promote_and_no_skip_ends_a_bake_that_a_policy_asks_for(
    kube: Kube, namespace: str, rule: Rule, tell: Tell
) -> None:
    steps = manifests.strategy("canary", steps=[{"weight": 50, "pause": "Manual"}])
    with Shop(kube, namespace, steps, replicas=2, bakeSeconds=30) as shop:
        shop.created("v1")
        rule("bake", steps={"minBakeSeconds": 30})
        shop.apply("v2")
        shop.wait_phase("Paused")
        ahead = asked(shop, "PromoteFull")
        tell(f"a PromoteFull with a bake ahead: {ahead['message']}")
        assert ahead["state"] == "Refused"
        assert "rule steps: the bake of stage 2 (bake) lasts 30 s at least" in ahead["message"]
        assert asked(shop, "Promote")["state"] == "Done"
        shop.wait_status("the bake", lambda told: told.get("weight") == 100)
        early = asked(shop, "PromoteFull")
        tell(f"a PromoteFull in the bake: {early['message']}")
        assert (early["state"], "this bake lasts 30 s at least" in early["message"]) == ("Refused", True)
        shop.wait_status("v2", lambda told: told["phase"] == "Healthy" and told["release"] == 2)


def test_two_accounts_of_one_team_are_no_two_people(
    kube: Kube, dev: Person, namespace: str, rule: Rule, tell: Tell
) -> None:
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    robots = [Person(kube, f"system:serviceaccount:{namespace}:{name}", *groups) for name in ("one", "two")]
    try:
        for each in robots:
            bound(kube, namespace, "crossfade-approver", each)
        with Shop(dev, namespace, canary(50), replicas=2, bakeSeconds=1) as shop:
            shop.created("v1")
            rule("anybody", approvals=[{"name": "anybody", "before": "Promote", "count": 2}])
            shop.apply("v2")
            shop.wait_phase("Waiting")
            answers = [approve(each, shop) for each in robots]
            tell(f"an approval by an account: {answers[0]}")
            assert all("is a service account" in each for each in answers)
            assert shop.status["weight"] == 50
    finally:
        for each in robots:
            each.forget()


def test_an_undo_does_not_bring_a_forbidden_image_back_and_is_held_by_no_freeze(
    kube: Kube, dev: Person, namespace: str, rule: Rule, tell: Tell
) -> None:
    with Shop(dev, namespace, canary(50), replicas=2, bakeSeconds=1) as shop:
        shop.created("v1")
        shop.apply("v2")
        shop.wait_status("v2", lambda told: told["phase"] == "Healthy" and told["release"] == 2)
        tag = manifests.IMAGE.rpartition(":")[2]
        rule("tags", images={"deniedTags": [tag]})
        wait_for("the policy to be about it", lambda: is_violated(shop))
        refused = asked(shop, "Undo")
        tell(f"an Undo to a forbidden image: {refused['message']}")
        assert (refused["state"], "rule images" in refused["message"]) == ("Refused", True)
        rule("tags", freeze={"reason": "quiet"})
        assert asked(shop, "Undo")["state"] == "Done"
        shop.wait_status("v1 again", lambda told: told["release"] == 3 and told.get("progress") is None)


def is_violated(shop: Shop) -> bool:
    conditions = shop.status.get("conditions", ())
    return any(each["type"] == "PolicyCompliant" and each["reason"] == "Violated" for each in conditions)


def test_a_scale_to_zero_and_back_skips_no_step(
    kube: Kube, dev: Person, namespace: str, rule: Rule, tell: Tell
) -> None:
    with Shop(dev, namespace, canary(10, 50), replicas=2, bakeSeconds=1) as shop:
        shop.created("v1")
        rule("slow", steps={"maxInitialWeight": 10})
        shop.scale(0)
        shop.wait_status("nothing to run", lambda told: told["message"].startswith("replicas is 0"))
        shop.apply("v2")
        held = shop.wait_phase("Waiting")
        tell(f"a new revision at no replicas: {held['message']}")
        assert "rule steps: replicas is 0" in held["message"]
        shop.scale(2)
        shop.wait_status(
            "v2", lambda told: told["phase"] == "Healthy" and told["release"] == 2, timeout_s=400
        )
        told = wait_for("its Release to be complete", lambda: ended(kube, namespace, f"{shop.name}-2"))
        assert {10, 50} <= {each["weight"] for each in told["timeline"]}


def ended(kube: Kube, namespace: str, release: str) -> Object | None:
    told: Object = (kube.get("Release", namespace, release) or {}).get("status") or {}
    return told if told.get("endedAt") else None


def test_a_chart_that_changes_the_template_behind_a_rollout_is_held_by_what_it_says(
    kube: Kube, dev: Person, namespace: str, rule: Rule, tell: Tell
) -> None:
    dev.apply(manifests.deployment(namespace, manifests.template("v1"), replicas=2))
    spec = {"replicas": 2, "bakeSeconds": 1, "drainSeconds": 0}
    manifest = manifests.rollout(namespace, canary(50), manifests.template("v1"), name="over", **spec)
    del manifest["spec"]["template"]
    manifest["spec"]["workloadRef"] = {"name": manifests.NAME}
    manifest["spec"].pop("service", None)
    dev.apply(manifest)
    told = lambda: (kube.get("Rollout", namespace, "over") or {}).get("status") or {}  # noqa: E731
    wait_for("v1", lambda: told().get("phase") == "Healthy", 240)
    rule("digests", images={"digestRequired": True})
    dev.apply(manifests.deployment(namespace, manifests.template("v2"), replicas=0))
    held = wait_for("v2 to wait", lambda: now if (now := told()).get("phase") == "Waiting" else None)
    tell(f"a chart with a forbidden image: {held['message']}")
    assert "rule images" in held["message"]
    assert held.get("candidate") is None


def test_a_rollout_that_is_made_anew_is_judged_as_a_new_one(
    kube: Kube, dev: Person, namespace: str, rule: Rule
) -> None:
    with Shop(dev, namespace, canary(50), replicas=1, bakeSeconds=1) as shop:
        shop.created("v1")
        rule("freeze", freeze={"reason": "quiet"})
        dev.request("DELETE", f"{collection('Rollout', namespace)}/{shop.name}")
        wait_for("it to be gone", lambda: kube.get("Rollout", namespace, shop.name) is None)
        shop.apply("v2")
        held = shop.wait_phase("Waiting")
        assert "rule freeze" in held["message"]
        assert shop.pods_of("v2") == []
