"""The checker of statuses finds each rule that is broken, and computes what kstatus's own rules give."""

import copy
from typing import Any

import pytest

from builders import STRATEGIES, releasing_v2, rollout, serving_v1
from controller.fakes import FakeCluster
from controller.fakes import rollout as unseen
from kstatus import broken_rule, computed
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, until
from simulation.passes import carry_out, decided
from simulation.promise import Violation

Object = dict[str, Any]


def _settled() -> Object:
    return copy.deepcopy(serving_v1("bigBang").rollout)


def _condition(obj: Object, kind: str) -> Object:
    return next(c for c in obj["status"]["conditions"] if c["type"] == kind)


def _more(obj: Object, kind: str, status: str = "True", **fields: str) -> None:
    obj["status"]["conditions"].append({**_condition(obj, "Ready"), "type": kind, "status": status, **fields})


def _ready(**fields: Any) -> Any:
    return lambda obj: _condition(obj, "Ready").update(fields)


@pytest.mark.parametrize(
    ("break_it", "rule"),
    [
        (lambda obj: _more(obj, "Ready"), "each condition is there once"),
        (lambda obj: _more(obj, "Synced"), "each condition is a documented one"),
        (lambda obj: obj["status"]["conditions"].pop(0), "Ready is always there"),
        (lambda obj: _more(obj, "Stalled", "False"), "what does not hold is left out"),
        (lambda obj: _more(obj, "Reconciling"), "Ready is False while Reconciling or Stalled, and only then"),
        (_ready(status="False"), "Ready is False while Reconciling or Stalled, and only then"),
        (
            lambda obj: (_ready(status="False")(obj), _more(obj, "Reconciling"), _more(obj, "Stalled")),
            "Reconciling and Stalled exclude each other",
        ),
        (lambda obj: obj["status"].update(phase="Paused"), "Ready is Healthy"),
        (_ready(reason="Whatever"), "each reason is documented"),
        (_ready(message=" "), "each condition says why"),
        (lambda obj: obj["status"].update(observedGeneration=0), "the status is about this generation"),
        (_ready(observedGeneration=0), "each condition is about this generation"),
        (
            _ready(lastTransitionTime="2026-01-31T13:00:00.000Z"),
            "the time of a transition changes with the status and only then",
        ),
        (_ready(lastTransitionTime=""), "the time of a transition changes with the status and only then"),
    ],
)
def test_a_broken_rule_is_named(break_it: Any, rule: str) -> None:
    broken = _settled()
    break_it(broken)
    assert broken_rule(_settled(), broken) == rule


def test_a_transition_never_goes_back_in_time() -> None:
    after = _settled()
    before = copy.deepcopy(after)
    _condition(before, "Ready").update(status="False", lastTransitionTime="2027-01-01T00:00:00.000Z")
    assert "time of a transition" in broken_rule(before, after)


def test_what_the_operator_stores_breaks_none() -> None:
    assert broken_rule({"status": {}}, _settled()) == ""


@pytest.mark.parametrize(
    ("change", "result"),
    [
        (lambda obj: None, "Current"),
        (lambda obj: obj["metadata"].update(generation=9), "InProgress"),
        (lambda obj: obj["metadata"].update(deletionTimestamp="2026-01-31T12:00:00Z"), "Terminating"),
        (lambda obj: _more(obj, "Reconciling"), "InProgress"),
        (lambda obj: _more(obj, "Stalled"), "Failed"),
        (_ready(status="False"), "InProgress"),
        (lambda obj: obj["status"].update(observedGeneration=-1, conditions=[]), "InProgress"),
    ],
)
def test_kstatus_computes(change: Any, result: str) -> None:
    obj = _settled()
    change(obj)
    assert computed(obj) == result


def test_every_status_of_the_simulated_cluster_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.passes.broken_rule", lambda *_: "a rule is broken")
    sim = Sim(rollout({"bigBang": {}}))
    with pytest.raises(Violation, match="a rule is broken"):
        carry_out(sim, decided(sim))


async def test_every_status_of_the_shells_cluster_is_checked() -> None:
    cluster = FakeCluster()
    cluster.hold("Rollout", unseen())
    with pytest.raises(AssertionError, match="Ready is always there"):
        await cluster.replace_status("Rollout", "ns", "shop", {"status": {}, "metadata": {}})


def _paused(strategy: str) -> Sim:
    sim = run(releasing_v2(strategy), 1)
    sim.edit(paused=True)
    quiet(sim)
    return sim


def _rolled_back(strategy: str) -> Sim:
    sim = run(releasing_v2(strategy), 1)
    sim.act("Abort")
    return rest(sim)


def _invalid(strategy: str) -> Sim:
    sim = serving_v1(strategy)
    sim.refusal = "spec.containers: Required value"
    sim.set_image("shop:refused")
    return until(sim, phase("Invalid"))


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    ("story", "result"),
    [
        (serving_v1, "Current"),
        (releasing_v2, "InProgress"),
        (_paused, "InProgress"),
        (_rolled_back, "Failed"),
        (_invalid, "Failed"),
    ],
    ids=["at rest", "just edited", "paused", "rolled back", "invalid"],
)
def test_gitops_tools_see(story: Any, strategy: str, result: str) -> None:
    assert computed(story(strategy).rollout) == result
