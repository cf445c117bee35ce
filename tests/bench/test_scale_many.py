"""The Rollouts of the scale bench are valid, land on the fake node only, and are told apart by their phase."""

import math
from typing import Any

import pytest

from bench.scale import fake_node, many
from crossfade.api.rollout import Rollout


def test_an_update_changes_nothing_but_the_image() -> None:
    before, after = (Rollout.model_validate(many.manifest("place", 3, version)) for version in ("v1", "v2"))
    assert before.spec.template != after.spec.template
    assert before.spec.model_copy(update={"template": after.spec.template}) == after.spec


def test_the_rollouts_have_one_or_two_pods_and_a_canary_with_two_steps() -> None:
    specs = [Rollout.model_validate(many.manifest("place", number, "v1")).spec for number in range(4)]
    assert {spec.replicas for spec in specs} == {1, 2}
    assert all(spec.strategy.canary and len(spec.strategy.canary.steps) == 2 for spec in specs)


def test_they_are_changed_at_the_pace_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s, begun = [100.0], []
    monkeypatch.setattr(many, "AT_ONCE", 1)
    monkeypatch.setattr(many.time, "monotonic", lambda: now_s[0])
    monkeypatch.setattr(many.time, "sleep", lambda s: now_s.__setitem__(0, now_s[0] + s))

    class Taking:
        def create(self, _body: Any) -> Any:
            begun.append(now_s[0])

    many.create(Taking(), ["place"], 4, per_second=2.0)  # type: ignore[arg-type]
    many.create(Taking(), ["place"], 2, per_second=math.inf)  # type: ignore[arg-type]
    assert begun == [100.0, 100.5, 101.0, 101.5, 101.5, 101.5]


def test_pods_land_on_the_fake_node_and_tolerate_its_taint() -> None:
    pod = many.manifest("place", 1, "v1")["spec"]["template"]["spec"]
    node = fake_node.node()
    assert pod["nodeSelector"].items() <= node["metadata"]["labels"].items()
    (taint,), (toleration,) = node["spec"]["taints"], pod["tolerations"]
    assert {key: toleration[key] for key in taint} == taint
    assert toleration["operator"] == "Equal"


def test_a_phase_that_is_about_an_older_spec_does_not_count() -> None:
    def rollout(**status: Any) -> dict[str, Any]:
        return {"metadata": {"generation": 2}, "status": status}

    assert many.phase_of(rollout(observedGeneration=2, phase="Healthy")) == "Healthy"
    assert many.phase_of(rollout(observedGeneration=1, phase="Healthy")) == "Behind"
    assert many.phase_of({"metadata": {"generation": 1}}) == "Behind"


def test_kwok_plays_only_nodes_that_ask_for_it() -> None:
    told = fake_node.arguments(fake_node.ROOT / "kubeconfig", fake_node.ROOT / "stages.yaml")
    assert "--manage-all-nodes=false" in told
    annotations = fake_node.node()["metadata"]["annotations"]
    selector = next(each.partition("=")[2] for each in told if "annotation-selector" in each)
    name, _, value = selector.partition("=")
    assert annotations[name] == value


def test_with_routes_each_is_shared_by_the_one_rule_of_its_own_route() -> None:
    spec = Rollout.model_validate(many.manifest("place", 3, "v1", routed=True)).spec
    (rule,) = many.route("place", 3).manifest()["spec"]["rules"]
    assert spec.traffic is not None
    assert spec.traffic.named() is not None
    kind, ref = spec.traffic.named() or ("", None)
    assert (kind, ref and ref.name, ref and ref.rule) == ("HTTPRoute", "app-3", rule["name"])
    assert [each["name"] for each in rule["backendRefs"]] == ["app-3"]
    assert Rollout.model_validate(many.manifest("place", 3, "v1")).spec.traffic is None
