"""Every action that cannot be carried out is refused with a sentence that says what to do, and changes nothing."""

import ast
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from builders import V1, V2, releasing_v2, rollout, serving_v1
from crossfade.core import actions
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, stands_at, step, until

MANUAL = {"canary": {"steps": [{"weight": 25, "pause": "Manual"}, {"weight": 50, "pause": "Manual"}]}}


def _resting() -> Sim:
    return serving_v1(MANUAL)


def _waiting(**spec: Any) -> Sim:
    return until(releasing_v2(MANUAL, **spec), stands_at(0))


def _first() -> Sim:
    sim = Sim(rollout(MANUAL), broken=frozenset({V1}))
    return until(sim, lambda s: s.of(V1))


def _never_begun() -> Sim:
    sim = Sim(rollout(MANUAL, paused=True))
    quiet(sim)
    return sim


def _returning() -> Sim:
    sim = _waiting()
    sim.act("Abort")
    quiet(sim)
    assert sim.status["progress"]["rollbackReason"]
    return sim


def _frozen() -> Sim:
    sim = _waiting(onFailure="Pause")
    run(sim, 3)
    sim.crash(sim.of(V2)[0])
    return until(sim, lambda s: s.status["progress"].get("frozen"))


def _paused_by(spec: bool) -> Sim:
    sim = _waiting()
    if spec:
        sim.edit(paused=True)
    else:
        sim.act("Pause")
    return until(sim, phase("Paused"))


def _stopping() -> Sim:
    """Recreate, with the old pods told to go and the new ones not there yet."""
    return until(releasing_v2("recreate"), lambda s: s.status["progress"]["stage"] == 1)


def _baking() -> Sim:
    return until(releasing_v2("bigBang"), stands_at(1))


def _restarting() -> Sim:
    sim = _resting()
    sim.act("Restart")
    quiet(sim)
    return sim


def _without_its_release() -> Sim:
    sim = rest(releasing_v2("bigBang"))
    del sim.releases["shop-1"]
    return sim


NOTHING = "no release goes forward: there is nothing to promote"
FROZEN = "the release failed and is frozen: Retry to go on, Abort to return"
PAUSED = "the Rollout is paused: Resume it first (or set spec.paused to false)"
Row = tuple[str, dict[str, Any], Callable[[], Sim], str]
ROWS: list[Row] = [
    ("Abort", {}, _resting, "nothing is under way: to go back to an earlier revision use Undo"),
    (
        "Abort",
        {},
        _first,
        "this is the first release: there is nothing to return to. Change the template instead",
    ),
    *((name, {}, _resting, NOTHING) for name in ("Promote", "PromoteFull", "Skip")),
    *((name, {}, _returning, NOTHING) for name in ("Promote", "PromoteFull", "Skip")),
    *((name, {}, _frozen, FROZEN) for name in ("Promote", "PromoteFull", "Skip")),
    *((name, {}, lambda: _paused_by(spec=True), PAUSED) for name in ("Promote", "PromoteFull", "Skip")),
    *((name, {}, lambda: _paused_by(spec=False), PAUSED) for name in ("Promote", "PromoteFull", "Skip")),
    ("Skip", {}, _baking, "stage 2 (bake) cannot be left early: Abort returns"),
    ("Skip", {}, _stopping, "stage 2 (stop old) cannot be left early: Abort returns"),
    (
        "Restart",
        {},
        _waiting,
        "a release is under way: its pods are new anyway. Restart when it has ended",
    ),
    ("Restart", {}, _never_begun, "no release has completed yet: there are no pods to replace"),
    ("Retry", {}, _resting, "no failed revision is in the spec: there is nothing to retry"),
    ("Retry", {}, _waiting, "no failed revision is in the spec: there is nothing to retry"),
    (
        "Resume",
        {},
        lambda: _paused_by(spec=True),
        "spec.paused is true: set it to false, since the spec is yours to change",
    ),
    (
        "Pause",
        {},
        _restarting,
        (
            "a Restart is under way, and a Restart cannot be paused: its Deployment replaces the pods, a few at a time, and "
            "stops by itself where a new one is not ready. Pause again when it is over; spec.paused holds the next release"
        ),
    ),
    ("Resume", {}, _waiting, "it is not paused. A stage that waits for a person is passed by Promote"),
    ("Undo", {"revision": V2}, _waiting, f"a release is under way: Abort it first, then Undo to {V2}"),
    ("Undo", {}, _resting, "no such completed revision to go back to; known are: none"),
    (
        "Undo",
        {"revision": "7c9f4b8d5"},
        lambda: rest(releasing_v2("bigBang")),
        f"no such completed revision to go back to; known are: {V1}",
    ),
    (
        "Undo",
        {},
        _without_its_release,
        f"the Release that holds the template of {V1} is gone (revisionHistoryLimit)",
    ),
    *(
        (
            name,
            {"revision": V1},
            _waiting,
            f"it is meant for revision {V1}, and {V2} is under way: nothing was done",
        )
        for name in ("Promote", "PromoteFull", "Skip", "Abort", "Retry", "Pause", "Resume", "Restart")
    ),
]


NEEDED: dict[str, dict[str, Any]] = {
    "Approve": {"actor": "ann", "revision": V2},
    "Bypass": {"actor": "ann", "policy": "prod", "reason": "incident 12"},
}
"""What the API server asks of these."""


def _answer(sim: Sim, action: str, **spec: Any) -> dict[str, Any]:
    name = sim.act(action, **{**NEEDED.get(action, {}), **spec})
    quiet(sim)
    status: dict[str, Any] = sim.actions[name]["status"]
    return status


def _essence(sim: Sim) -> dict[str, Any]:
    """What a refused action must not change: the memory but for the answer, and what is asked of the cluster."""
    memory = {k: v for k, v in sim.status.items() if k not in {"lastAction", "message", "conditions"}}
    wanted = {name: d["spec"]["replicas"] for name, d in sim.deployments.items()}
    return {**memory, "wanted": wanted, "selectors": [s["spec"]["selector"] for s in sim.services.values()]}


@pytest.mark.parametrize(("action", "spec", "story", "message"), ROWS)
def test_it_is_refused_with_a_sentence_and_nothing_is_done(
    action: str, spec: dict[str, Any], story: Callable[[], Sim], message: str
) -> None:
    sim = story()
    quiet(sim)
    before = _essence(sim)
    answer = _answer(sim, action, **spec)
    assert (answer["state"], answer["message"]) == ("Refused", message)
    assert _essence(sim) == before


@pytest.mark.parametrize("action", sorted(actions.ANSWERS))
def test_an_action_from_before_the_release_under_way_is_refused(action: str) -> None:
    sim = _waiting()
    name = sim.act(action, **NEEDED.get(action, {}))
    old = sim.actions[name]
    sim.actions[name] = {
        **old,
        "metadata": {**old["metadata"], "creationTimestamp": "2026-01-01T00:00:00+00:00"},
    }
    quiet(sim)
    status = sim.actions[name]["status"]
    assert status["state"] == "Refused"
    assert status["message"] == "the action is older than the release under way: make a new one"


def test_every_refusal_has_its_row() -> None:
    met = [message for *_, message in ROWS] + [
        "the action is older than the release under way: make a new one",
        "abort-7, an Abort that was made after it, went first: make a new one where it is still meant",
        "it is meant for stage 1, and stage 2 of 5 (50 %) waits now: nothing was done",  # test_two_people.py
        "it was made before that stage began, so it was for another one: ",  # test_two_people.py
        "the spec breaks a rule, so no stage is known to be promoted: ",  # test_wrong_spec.py
        "what was measured has just failed, which nobody could know yet: ",  # its story: test_analysis.py
        "a Skip goes past no policy: ",  # these two: policy/test_holds.py
        "its pods would be made anew, and may not be: … In an emergency: crossfade bypass",
    ]
    calls = [n for n in ast.walk(ast.parse(inspect.getsource(actions))) if isinstance(n, ast.Call)]
    refusals = [c.args[1] for c in calls if isinstance(c.func, ast.Name) and c.func.id == "_refused"]
    literals = [sentence for each in refusals for sentence in _texts(each)]
    assert len(refusals) > 12
    assert [text for text in literals if not any(text.strip(". ") in message for message in met)] == []


def _texts(node: ast.expr) -> list[str]:
    """The fixed parts of a sentence."""
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


@pytest.mark.parametrize("story", [_resting, _waiting, _frozen, _returning, _first, _stopping, _baking])
def test_each_action_is_answered_once_and_within_a_pass(story: Callable[[], Sim]) -> None:
    told = story()
    quiet(told)
    for action in actions.ANSWERS:
        sim = told.fork()
        answer = _answer(sim, action)
        assert answer["state"] in {"Done", "Refused"}
        again = dict(answer)
        for _ in range(5):
            step(sim)
            quiet(sim)
        assert [a["status"] for a in sim.actions.values() if a["spec"]["action"] == action][-1] == again


def test_people_are_answered_although_a_name_is_taken() -> None:
    sim = rest(releasing_v2("blueGreen"))
    sim.edit(service={"name": "theirs", "ports": [{"port": 80}]})
    theirs = {
        "name": "theirs",
        "uid": "x",
        "resourceVersion": "1",
        "labels": {"crossfade.dev/rollout": "shop"},
    }
    sim.services["theirs"] = {"metadata": theirs, "spec": {"selector": {"app": "theirs"}}}
    until(sim, phase("Invalid"))
    assert _answer(sim, "Promote")["message"] == NOTHING
    assert _answer(sim, "Undo")["state"] == "Done"
    assert sim.status["phase"] == "Invalid"
    del sim.services["theirs"]
    assert rest(sim).selected() == {V1: 4}
