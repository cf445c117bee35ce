"""Each event is told when its documentation says, with that type, and once for each time that it happens."""

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import crossfade.core
from builders import (
    MAIN,
    STRATEGIES,
    V1,
    V2,
    releasing_v2,
    rollout,
    routed_v1,
    routing_v2,
    serving_v1,
    template,
)
from core.odd_pods import OddPod
from crossfade.api.conditions import Reason
from crossfade.api.events import EventReason
from crossfade.api.policy import RolloutPolicySpec
from crossfade.core.decide import unreadable
from crossfade.core.measured import Answer, Said, Valued, Wrong
from crossfade.core.observed import Failure, Waiting
from crossfade.core.plan import Event
from crossfade.core.policy.matched import Matched
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, stands_at, until
from simulation.passes import carry_out, decided, reconcile, restart
from simulation.promise import Violation
from simulation.router import Mode
from simulation.stored import versioned
from simulation.takeovers import taking_over

MANUAL = {"canary": {"steps": [{"weight": 25, "pause": "Manual"}, {"weight": 50, "pause": "Manual"}]}}
ARGO = {"manager": "argocd", "operation": "Apply", "fieldsV1": {"f:spec": {"f:selector": {}}}}
SCALED = {"manager": "kubectl", "subresource": "scale", "fieldsV1": {"f:spec": {"f:replicas": {}}}}


def _recovered() -> Sim:
    sim = serving_v1("rolling")
    sim.rollout = versioned({k: v for k, v in sim.rollout.items() if k != "status"}, sim.tick_version())
    return sim


def _asked(action: str, at: Callable[[Sim], object] | None = None) -> Sim:
    sim = until(releasing_v2(MANUAL), at) if at else serving_v1(MANUAL)
    sim.act(action)
    return sim


def _crashed(**spec: Any) -> Sim:
    sim = until(releasing_v2("bigBang", **spec), stands_at(1))
    sim.crash(sim.of(V2)[0])
    return sim


def _crashed_beside_others() -> Sim:
    sim = _crashed()
    sim.others_failed = tuple(Failure("prod", name, sim.now, "CandidateCrashed") for name in ("cart", "pay"))
    return sim


def _evicted() -> Sim:
    """The only pod of a candidate that serves alone is taken by its node."""
    sim = until(releasing_v2("bigBang", replicas=1, bakeSeconds=60), stands_at(1))
    (pod,) = sim.of(V2)
    sim.change(pod, None)
    sim.pods += (OddPod(f"evicted-{pod.name}", V2, more={"ended": True, "node_lost": "Evicted: no memory"}),)
    sim.drop(V2)
    return sim


def _never_ready(strategy: dict[str, Any] | str, **spec: Any) -> Sim:
    sim = releasing_v2(strategy, **spec)
    sim.broken = frozenset({V2})
    return sim


def _waiting(reason: str, message: str) -> Sim:
    sim = until(_never_ready("bigBang"), lambda s: s.of(V2))
    cause = (Waiting("app", reason, message),)
    sim.pods = tuple(replace(p, waiting=cause) if p.revision == V2 else p for p in sim.pods)
    return sim


def _not_pulled() -> Sim:
    sim = releasing_v2("recreate", progressDeadlineSeconds=20)
    quiet(sim)
    sim.pull_pods = tuple(replace(p, waiting=(Waiting("app", "ErrImagePull", ""),)) for p in sim.pull_pods)
    return sim


def _without_stables_pods() -> Sim:
    sim = serving_v1("rolling")
    sim.broken = frozenset({V1})
    for pod in sim.of(V1):
        sim.crash(pod, ready=False)
    return sim


def _restarted_and_never_ready() -> Sim:
    sim = serving_v1("rolling", progressDeadlineSeconds=20)
    sim.broken = frozenset({V1})
    sim.act("Restart")
    return sim


def _scaled_by_hand() -> Sim:
    sim = serving_v1("rolling")
    side = sim.deployments[f"shop-{V1}"]
    edited = {**side, "spec": {**side["spec"], "replicas": 1}}
    sim.deployments[f"shop-{V1}"] = versioned(edited, sim.tick_version(), managedFields=[SCALED])
    return sim


def _adopting_what_argo_writes() -> Sim:
    service = {"name": "front", "adopt": True, "ports": [{"port": 80}]}
    sim = Sim({**(base := rollout({"bigBang": {}})), "spec": {**base["spec"], "service": service}})
    meta = {
        "name": "front",
        "uid": "front-uid",
        "resourceVersion": "1",
        "labels": {},
        "managedFields": [ARGO],
    }
    sim.services["front"] = {"metadata": meta, "spec": {"selector": {"app": "old"}, "ports": [{"port": 80}]}}
    return sim


def _over_a_chart(replicas: int | None) -> Sim:
    """A Rollout of 4 pods over the Deployment of a chart; None: there is no such Deployment."""
    sim = Sim(base := rollout({"bigBang": {}}))
    spec = {k: v for k, v in base["spec"].items() if k != "template"}
    sim.rollout = {**base, "spec": {**spec, "workloadRef": {"name": "chart"}}}
    if replicas:
        meta = {"name": "chart", "uid": "c", "resourceVersion": "1", "labels": {}, "generation": 1}
        chart = {"replicas": replicas, "selector": {"matchLabels": {"app": "shop"}}, "template": template()}
        sim.deployments["chart"] = {"metadata": meta, "spec": chart}
    return sim


def _refused_template() -> Sim:
    sim = serving_v1("rolling")
    sim.refusal = "spec.containers: Required value"
    sim.set_image("shop:refused")
    return sim


def _closed_port() -> Sim:
    sim = releasing_v2("canary", progressDeadlineSeconds=30)
    sim.deaf = frozenset({V2})
    return sim


def _unknown_port() -> Sim:
    sim = Sim(rollout(STRATEGIES["canary"]))
    sim.edit(service={"ports": [{"port": 80, "targetPort": "http"}]})
    return sim


def _taken_name() -> Sim:
    sim = Sim(rollout({"bigBang": {}}))
    meta = {"name": "shop", "uid": "x", "resourceVersion": "1", "labels": {"crossfade.dev/rollout": "shop"}}
    sim.services["shop"] = {"metadata": meta, "spec": {"selector": {"app": "theirs"}}}
    return sim


def _without_its_route() -> Sim:
    sim = routing_v2("canary")
    sim.delete_route("shop")
    return sim


def _not_accepted() -> Sim:
    sim = routed_v1("canary")
    sim.delete_route("shop")
    sim.treats_routes(Mode.SILENT)
    sim.make_route("shop", MAIN)
    sim.set_image("shop:v2")
    return sim


def _of_others() -> Sim:
    sim = routed_v1("canary")
    sim.apply_rules("shop", [{"name": "main", "backendRefs": [{"name": "legacy", "port": 80}]}])
    return sim


def _beyond_the_router() -> Sim:
    sim = routed_v1({"canary": {"steps": [{"mirror": "10%"}]}})
    sim.router = replace(sim.router, controller="traefik.io/gateway-controller")
    sim.set_image("shop:v2")
    return sim


def _edited(image: str, **spec: Any) -> Sim:
    """Another template in the middle of a release."""
    sim = until(releasing_v2("canary"), stands_at(0))
    sim.edit(template=template(image), **spec)
    return sim


def _analysis(**analysis: Any) -> dict[str, Any]:
    return {"canary": {"steps": [{"weight": 10, "analysis": analysis}]}}


def _hooked(*, good: bool, **when: str) -> Sim:
    """A release with a hook whose Job succeeds or fails."""
    pod = {"spec": {"containers": [{"name": "job", "image": "{{image}}"}]}}
    sim = serving_v1(STRATEGIES["canary"])
    sim.measures = lambda _sim, _ask: Said(good=good, told=f"exit code {0 if good else 3}")
    sim.edit(hooks=[{"name": "migrate", "job": {"template": pod}, **when}])
    sim.set_image("shop:v2")
    return sim


def _measured(answer: Answer) -> Sim:
    """A step whose only metric comes to this."""
    limit = {"name": "limit", "prometheus": {"query": "up"}, "success": "result < 1.0"}
    sim = routing_v2(_analysis(metrics=[limit]))
    sim.measures = lambda _sim, _ask: answer
    return sim


def _governed(policy: dict[str, Any]) -> Sim:
    """A release that has just been asked for, under a policy."""
    sim = serving_v1("canary")
    sim.policies = (Matched("prod", RolloutPolicySpec.model_validate(policy)),)
    sim.set_image("shop:v2")
    return sim


def _bypassed() -> Sim:
    sim = run(_governed({"freeze": {}}), 5)
    sim.act("Bypass", policy="prod", actor="ann", reason="incident 12", revision=V2)
    return sim


def _frozen_in_the_middle() -> Sim:
    sim = until(releasing_v2("canary"), stands_at(0))
    sim.policies = (Matched("prod", RolloutPolicySpec.model_validate({"freeze": {"inFlight": "Abort"}})),)
    return sim


STORIES: dict[EventReason, Callable[[], Sim]] = {
    EventReason.RELEASE_STARTED: lambda: releasing_v2("bigBang"),
    EventReason.STAGE_STARTED: lambda: releasing_v2("canary"),
    EventReason.COMPLETED: lambda: releasing_v2("bigBang"),
    EventReason.RELEASE_RETURNED: _crashed,
    EventReason.NODE_LOST: _evicted,
    EventReason.SUPERSEDED: lambda: _edited("shop:v3"),
    EventReason.CANCELLED: lambda: _edited("shop:v1"),
    EventReason.MEMORY_RECOVERED: _recovered,
    EventReason.AWAITING_PROMOTION: lambda: releasing_v2(MANUAL),
    EventReason.PAUSED_BY_SPEC: lambda: _edited("shop:v3", paused=True),
    EventReason.PAUSED_BY_ACTION: lambda: _asked("Pause", stands_at(0)),
    EventReason.NOT_SOLE_OWNER: _adopting_what_argo_writes,
    EventReason.ACTION_DONE: lambda: _asked("Restart"),
    EventReason.ACTION_REFUSED: lambda: _asked("Promote"),
    EventReason.ABORTED_BY_USER: lambda: _asked("Abort", stands_at(0)),
    EventReason.CANDIDATE_CRASHED: _crashed,
    EventReason.CANDIDATE_UNAVAILABLE: lambda: _never_ready("bigBang", progressDeadlineSeconds=20),
    EventReason.IMAGE_CANNOT_BE_PULLED: lambda: _waiting("InvalidImageName", "couldn't parse it"),
    EventReason.CONTAINER_CANNOT_START: lambda: _waiting(
        "CreateContainerConfigError", "container has runAsNonRoot and image will run as root"
    ),
    EventReason.PULL_CHECK_FAILED: _not_pulled,
    EventReason.DOWNTIME_EXCEEDED: lambda: _never_ready({"recreate": {"maxDowntimeSeconds": 20}}),
    EventReason.SHARED_CAUSE: _crashed_beside_others,
    EventReason.WINDOW_CLOSED: _frozen_in_the_middle,
    EventReason.POLICY_BYPASSED: _bypassed,
    EventReason.HELD_BY_POLICY: lambda: _governed({"freeze": {}}),
    EventReason.POLICY_AUDITED: lambda: _governed({"freeze": {}, "enforcement": "Audit"}),
    EventReason.RELEASE_FROZEN: lambda: _crashed(onFailure="Pause"),
    EventReason.STABLE_UNAVAILABLE: _without_stables_pods,
    EventReason.RESTARTING: _restarted_and_never_ready,
    EventReason.CHILD_REPAIRED: _scaled_by_hand,
    EventReason.INVALID_TEMPLATE: _refused_template,
    EventReason.WORKLOAD_MISSING: lambda: _over_a_chart(None),
    EventReason.REPLICAS_TOO_FEW: lambda: _over_a_chart(9),
    EventReason.NAME_TAKEN: _taken_name,
    EventReason.PORT_UNKNOWN: _unknown_port,
    EventReason.PORT_CLOSED: _closed_port,
    EventReason.ROUTE_MISSING: _without_its_route,
    EventReason.ROUTE_NOT_ACCEPTED: _not_accepted,
    EventReason.ROUTE_INVALID: _of_others,
    EventReason.ROUTER_LACKS: _beyond_the_router,
    EventReason.ANALYSIS_FAILED: lambda: _measured(Valued(2.0, good=False)),
    EventReason.HOOK_FAILED: lambda: _hooked(before="Start", good=False),
    EventReason.HOOK_SUCCEEDED: lambda: _hooked(after="Promote", good=True),
    EventReason.ANALYSIS_INCONCLUSIVE: lambda: _measured(Wrong("its query is wrong")),
    EventReason.ANALYSIS_INVALID: lambda: routing_v2(_analysis(templates=[{"name": "gone"}])),
    EventReason.SELECTED_BY_OTHERS: lambda: taking_over(STRATEGIES["canary"], image="shop:v2"),
}
TOLD_ELSEWHERE = {
    EventReason.INVALID_SPEC,
    EventReason.STORED_VALUE_LOST,
    EventReason.WRITE_REFUSED,
    EventReason.ROUTE_TAKEN,
}
"""Their stories have tests of their own: in this file, in `controller`, in `test_stuck_told` and in `test_routes`."""


def _documented_type(reason: EventReason) -> str:
    """What stands before the colon in the documentation of a reason."""
    tree = ast.parse(Path(crossfade.core.__file__).parents[1].joinpath("api", "events.py").read_text())
    (words,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    told = {
        ast.literal_eval(member.value): str(ast.literal_eval(text.value))
        for member, text in zip(words.body, words.body[1:], strict=False)
        if isinstance(member, ast.Assign) and isinstance(text, ast.Expr)
    }
    return told[reason].partition(":")[0]


def _happened(reason: EventReason) -> tuple[Sim, Event]:
    """The story of a reason up to the pass that tells it."""
    sim = STORIES[reason]()
    sim.events.clear()
    until(sim, lambda s: any(e.reason == reason for e in s.events))
    return sim, next(e for e in sim.events if e.reason == reason)


def test_there_is_a_story_for_every_documented_reason() -> None:
    assert set(STORIES) | TOLD_ELSEWHERE == set(EventReason)


@pytest.mark.parametrize("reason", STORIES)
def test_it_is_told_with_its_documented_type_and_once_however_often_the_operator_starts_anew(
    reason: EventReason,
) -> None:
    sim, event = _happened(reason)
    assert event.kind == _documented_type(reason)
    assert len(event.note.split()) > 2
    for _ in range(5):
        run(sim, 20)
        restart(sim)
        reconcile(sim)
    assert Counter(sim.events)[event] == 1


def test_a_pass_that_tells_without_a_change_is_found_in_every_simulation() -> None:
    sim = serving_v1("rolling")
    decision = decided(sim)
    told = replace(decision.plan, events=(Event("Normal", EventReason.COMPLETED, "again"),))
    with pytest.raises(Violation, match="changes nothing has nothing to tell"):
        carry_out(sim, replace(decision, plan=told))


def test_a_spec_that_cannot_be_read_is_told_once_for_each_message() -> None:
    sim = serving_v1("rolling")

    def told(message: str) -> list[str]:
        plan = unreadable(sim.rollout, message, sim.now)
        sim.rollout = {**sim.rollout, "status": plan.status}
        return [f"{e.kind} {e.reason}: {e.note}" for e in plan.events]

    assert told("spec.replicas: not a number") == ["Warning InvalidSpec: spec.replicas: not a number"]
    assert told("spec.replicas: not a number") == []
    assert told("spec.strategy: exactly one") == ["Warning InvalidSpec: spec.strategy: exactly one"]


def test_each_gate_asks_for_a_person_once() -> None:
    sim = until(releasing_v2(MANUAL), phase("Paused"))
    run(sim, 60)
    sim.act("Promote")
    run(sim, 60)
    asked = [e.note for e in sim.events if e.reason == EventReason.AWAITING_PROMOTION]
    assert asked == ["stage 1 of 4 (25 %) waits for a Promote", "stage 2 of 4 (50 %) waits for a Promote"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_release_without_trouble_tells_of_its_start_its_rests_and_its_end_alone(strategy: str) -> None:
    sim = releasing_v2(strategy)
    sim.events.clear()
    rest(sim)
    rests = [
        s for s in sim.releases["shop-2"]["spec"]["plan"][1:] if s["gate"].startswith(("pause", "manual"))
    ]
    assert [e.reason for e in sim.events] == ["ReleaseStarted", *["StageStarted"] * len(rests), "Completed"]


def test_other_counts_of_missing_pods_are_no_news() -> None:
    sim = until(_without_stables_pods(), phase("Degraded"))
    sim.broken = frozenset()
    for pod in sim.of(V1)[:3]:
        sim.change(pod, replace(pod, ready=True))
        quiet(sim)
    assert Counter(e.reason for e in sim.events)[EventReason.STABLE_UNAVAILABLE] == 1


def _reasons_told(folder: Path) -> Iterator[tuple[str, str]]:
    """Each `Reason.X` that is handed to what becomes an event, with the module that does it."""
    tellers = {"Verdict", "Conflict", "turned_back", "normal", "warning", "_refused", "frozenset"}
    for module in sorted(folder.glob("*.py")):
        for call in (n for n in ast.walk(ast.parse(module.read_text())) if isinstance(n, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id in tellers:
                named = [x for given in call.args for x in ast.walk(given) if isinstance(x, ast.Attribute)]
                for each in named:
                    if isinstance(each.value, ast.Name) and each.value.id == "Reason":
                        yield module.name, Reason[each.attr]


def test_every_reason_that_the_core_makes_an_event_of_is_documented() -> None:
    told = set(_reasons_told(Path(crossfade.core.__file__).parent))
    assert len({reason for _, reason in told}) > 15
    assert [each for each in told if each[1] not in set(EventReason)] == []
