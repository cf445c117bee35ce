"""What a change of the template will do, stage by stage, before it is applied. Needs no cluster."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from crossfade.api.base import Weight
from crossfade.api.rollout import Rollout, RolloutSpec
from crossfade.core.compile import compiled
from crossfade.core.stages import Exclusive, Gate, GateKind, Stage
from crossfade.view.concerns import concerns, real_share
from crossfade.view.nearness import uneven
from crossfade.view.quantity import Requests, pod_requests
from crossfade.view.route_notes import notes
from crossfade.view.routes import routed_by
from crossfade.view.target_ports import unknown_names, unlisted_numbers


@dataclass(frozen=True)
class StageForecast:
    """One stage as it will stand. A share is percent of the requests (of the pods, for a worker), as wanted and as the pods
    allow.

    `gate` is the gate's word, `awaits` says what must hold before the next stage. `peak_pods` may exist on the way.
    """

    number: int
    name: str
    candidate: int
    stable: int
    wanted_share: Weight
    real_share: Weight
    gate: str
    awaits: str
    peak_pods: int


@dataclass(frozen=True)
class Forecast:
    """A plan with its cost.

    `peak` is what `peak_pods` pods ask for, the stable ones taken to ask for the same as the new ones; None where that is
    unknown, since the template is in a Deployment that is not at hand.
    `at_least_s` is the time that gates and `minReadySeconds` take in any case; pods that start and pull come on top.
    `people` is how many stages wait for a person. `worker`: it has no Service, so no requests are shared.
    `route`: what shares the requests (`HTTPRoute shop`), "" where pods or the selector do; `notes` say what it means for
    clients. `obstacles`: what of the route and its Gateway is in the way; None where nobody has looked,
    and `unseen` says why. `afterwards`: the hooks after it, as `clean-up after Promote`. `refused_by`, `held_by`: the rules of policies
    that refuse it, and that hold it at some moment or only warn; None where nobody has asked, and `unasked` says why, where a cluster is named.
    """

    name: str
    namespace: str
    strategy: str
    replicas: int
    stages: tuple[StageForecast, ...]
    peak_pods: int
    peak: Requests | None
    at_least_s: int
    people: int
    concerns: tuple[str, ...]
    worker: bool = False
    route: str = ""
    notes: tuple[str, ...] = ()
    obstacles: tuple[str, ...] | None = None
    unseen: str = ""
    afterwards: tuple[str, ...] = ()
    refused_by: tuple[str, ...] | None = None
    held_by: tuple[str, ...] | None = None
    unasked: str = ""


def forecast(
    rollout: Rollout, service: Mapping[str, Any] | None = None, deployment: Mapping[str, Any] | None = None
) -> Forecast:
    """Say what a change of the template will do.

    `service`: its production Service, `deployment`: the one that a `workloadRef` names, where they are known. Raises
    ValueError where an amount of CPU or memory is none, or the Service names a port that no container has.
    """
    spec = _with_template(rollout.spec, deployment)
    if unknown := unknown_names(spec.to_wire(), service):
        raise ValueError(unknown)
    plan, wire = compiled(spec), rollout.to_wire()
    before = [Stage("now", 0, spec.replicas, 0), *plan]
    stages = tuple(_shown(spec, i, a, b) for i, (a, b) in enumerate(pairwise(before), start=1))
    peak = max([spec.replicas, *(stage.peak_pods for stage in stages)])
    return Forecast(
        name=rollout.metadata.name,
        namespace=rollout.metadata.namespace,
        strategy=spec.strategy.name,
        replicas=spec.replicas,
        stages=stages,
        peak_pods=peak,
        peak=None if spec.template is None else pod_requests(spec.template).times(peak),
        at_least_s=sum(at_least_s(spec, a, b) for a, b in pairwise(before)),
        people=sum(stage.asks_a_person for stage in plan),
        concerns=(
            *concerns(spec, plan),
            *unlisted_numbers(spec.to_wire(), service),
            *(() if routed_by(wire) else uneven(spec.strategy.name, service)),
        ),
        worker=spec.service is None,
        route=str(routed_by(wire) or ""),
        notes=tuple(notes(rollout, plan)),
        afterwards=tuple(f"{each.name} after {each.after}" for each in spec.hooks if each.after),
    )


def _with_template(spec: RolloutSpec, deployment: Mapping[str, Any] | None) -> RolloutSpec:
    template = (deployment or {}).get("spec", {}).get("template") or {}
    if spec.template is not None or not (template.get("spec") or {}).get("containers"):
        return spec
    return spec.model_copy(update={"template": template})


def peak_pods(spec: RolloutSpec, before: Stage, stage: Stage) -> int:
    """Give the most pods that may exist on the way from one stage to the next.

    The receiving side grows before the giving side shrinks; a counted stage never exceeds replicas + surge.
    """
    both = max(before.candidate, stage.candidate) + max(before.stable, stage.stable)
    if stage.pull_check:
        return both + 1
    return min(both, spec.replicas + stage.surge) if stage.counted else both


def at_least_s(spec: RolloutSpec, before: Stage, stage: Stage) -> int:
    """Give the seconds that a stage takes in any case: its gate, new pods proving themselves, old ones draining."""
    return (
        stage.gate_seconds + _waves(before, stage) * spec.min_ready_seconds + _draining_s(spec, before, stage)
    )


def _waves(before: Stage, stage: Stage) -> int:
    """Give in how many turns the new pods come: a counted stage brings surge + unavailable of them at a time."""
    new = max(stage.candidate - before.candidate, 0)
    at_once = stage.surge + stage.unavailable if stage.counted else new
    return math.ceil(new / max(at_once, 1))


def _draining_s(spec: RolloutSpec, before: Stage, stage: Stage) -> int:
    """Only a stage that waits for the last old pod to be gone waits for its drain."""
    return spec.drain_seconds if stage.stops_old and before.stable and spec.service else 0


def _shown(spec: RolloutSpec, number: int, before: Stage, stage: Stage) -> StageForecast:
    real = real_share(stage, worker=spec.service is None)
    return StageForecast(
        number=number,
        name=stage.name,
        candidate=stage.candidate,
        stable=stage.stable,
        wanted_share=stage.weight if spec.service is not None or stage.counted else real,
        real_share=real,
        gate=stage.gate,
        awaits=", then ".join([*_pods_awaited(spec, before, stage), *map(_gate_awaited, stage.gates)]),
        peak_pods=peak_pods(spec, before, stage),
    )


def _pods_awaited(spec: RolloutSpec, before: Stage, stage: Stage) -> list[str]:
    proved = f" for {spec.min_ready_seconds} s" if spec.min_ready_seconds else ""
    conditions = {
        "one pod has pulled the new images": stage.pull_check,
        "every old pod is gone": stage.stops_old,
        f"{_pods(stage.candidate)} ready{proved}": stage.candidate > before.candidate,
        "all requests have moved": spec.service is not None and _has_all(stage) and not _has_all(before),
        "the old pods are gone": stage.only_retires,
    }
    return [condition for condition, applies in conditions.items() if applies]


def _pods(count: int) -> str:
    return "1 new pod is" if count == 1 else f"{count} new pods are"


def _has_all(stage: Stage) -> bool:
    """Whether all requests have moved to the new pods by a move, and not with the last old pod."""
    return stage.weight == 100 and not stage.counted and not isinstance(stage.order, Exclusive)


def _gate_awaited(gate: Gate) -> str:
    match gate.kind:
        case GateKind.MANUAL:
            return "a person promotes"
        case GateKind.BAKE:
            return f"{gate.seconds} s without a crash"
        case GateKind.PAUSE:
            return f"{gate.seconds} s pass"
        case GateKind.ANALYSIS:
            return "its metrics pass"
        case GateKind.HOOK:
            return "its hooks succeed"
