"""What somebody should know about a manifest before it is applied: allowed, but perhaps not what was meant."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from crossfade.api.base import Weight
from crossfade.api.rollout import RolloutSpec
from crossfade.core.stages import Stage, pods_of
from crossfade.core.strategies.canary import split_of
from crossfade.view.quantity import pod_requests
from crossfade.view.words import number

NOTICEABLE_POINTS = 5
MOST_PODS_SUGGESTED = 200


def concerns(spec: RolloutSpec, plan: Sequence[Stage]) -> Iterator[str]:
    """Give each concern as a sentence with what to do about it."""
    if spec.replicas == 0:
        yield "replicas is 0: nothing runs, and a new template completes at once."
        return
    yield from _worker(spec)
    yield from _shares(spec, plan)
    yield from _aside(spec)
    yield from _few_for_their_share(spec, plan)
    yield from _copied(plan)
    yield from _downtime(spec)
    yield from _fewer_pods(spec)
    yield from _nothing_old(spec, plan)
    yield from _people(plan)
    yield from _no_bake(spec)
    yield from _unknown_readiness(spec)
    yield from _unknown_cost(spec)


def real_share(stage: Stage, *, worker: bool = False) -> Weight:
    """Give the percent of requests that the stage's pods allow on the candidate; of a worker, of the pods."""
    if not (stage.counted or worker):
        return stage.weight if stage.candidate else 0
    return round(100 * stage.candidate / max(1, stage.candidate + stage.stable))


def _worker(spec: RolloutSpec) -> Iterator[str]:
    if spec.service is None and spec.strategy.recreate is None:
        yield (
            "It has no service: the pods of both revisions work side by side until the old ones are gone, also while "
            "they are kept warm. Where that must not be, take strategy recreate."
        )


def _shares(spec: RolloutSpec, plan: Sequence[Stage]) -> Iterator[str]:
    if spec.strategy.canary is None:
        return
    what = "pods" if spec.service is None else "requests"
    for stage in plan:
        real = real_share(stage)
        if abs(real - stage.weight) > NOTICEABLE_POINTS:
            counts = f"{stage.candidate} of {stage.candidate + stage.stable} pods"
            yield (
                f"Stage '{stage.name}' wants {number(stage.weight)} % of the {what} on the new revision, and {counts} give "
                f"{real} %: {_closer(spec, stage.weight)}."
            )


def _closer(spec: RolloutSpec, weight: Weight) -> str:
    """Say how many replicas would meet the weight."""
    max_surge = spec.strategy.canary.max_surge if spec.strategy.canary else 0
    for replicas in range(spec.replicas + 1, MOST_PODS_SUGGESTED + 1):
        surge = max(1, pods_of(max_surge, replicas, up=True))
        new, old = split_of(weight, replicas, surge)
        if abs(100 * new / (new + old) - weight) <= NOTICEABLE_POINTS:
            return f"replicas: {replicas} would come within {NOTICEABLE_POINTS} points"
    return "take a larger weight"


def _aside(spec: RolloutSpec) -> Iterator[str]:
    """What is written for a route and does nothing, or the other way round."""
    if spec.traffic is None:
        return
    canary = spec.strategy.canary
    if spec.strategy.recreate is not None or spec.strategy.rolling is not None:
        yield (
            f"Strategy {spec.strategy.name} goes as without a route: traffic is left alone, and requests follow the pods "
            "behind the Service. Take canary, blueGreen or bigBang to move them by the route."
        )
    if canary is not None and "max_surge" in canary.model_fields_set:
        yield "maxSurge does nothing with a route, where the new pods come beside the old ones: leave it out."


def _few_for_their_share(spec: RolloutSpec, plan: Sequence[Stage]) -> Iterator[str]:
    canary = spec.strategy.canary
    if spec.traffic is None or canary is None or not any(step.candidate_replicas for step in canary.steps):
        return
    for stage in plan:
        needed = math.ceil(spec.replicas * stage.weight / 100)
        if stage.candidate < needed:
            yield (
                f"Stage '{stage.name}' gives {number(stage.weight)} % of the requests to {stage.candidate} of "
                f"{spec.replicas} pods: candidateReplicas: {needed} would give each no more than it gets now."
            )


def _copied(plan: Sequence[Stage]) -> Iterator[str]:
    names = [f"'{stage.name}'" for stage in plan if stage.mirror]
    if names:
        yield f"{', '.join(names)}: requests that write are copied too. Mirror only what may happen twice."


def _downtime(spec: RolloutSpec) -> Iterator[str]:
    recreate = spec.strategy.recreate
    if recreate is None:
        return
    if spec.workload_ref is not None:
        yield (
            f"recreate, and whoever applies Deployment {spec.workload_ref.name} with spec.replicas starts its pods beside the Rollout's "
            "until they are set back to 0: leave replicas out of the chart or manifest, where two versions must not run at once."
        )
    serves, serving = ("runs", "ready") if spec.service is None else ("serves", "serving")
    limit = f"after {recreate.max_downtime_seconds} s without a {serving} pod the old revision comes back"
    yield f"recreate: nothing {serves} between the last old pod and the first new ready one; {limit}."
    if not recreate.pull_first:
        yield (
            "pullFirst is false: a missing image or a pod that fits nowhere is found only after the old pods have "
            "stopped. Leave pullFirst out to find it before."
        )


def _fewer_pods(spec: RolloutSpec) -> Iterator[str]:
    rolling = spec.strategy.rolling
    missing = pods_of(rolling.max_unavailable, spec.replicas, up=False) if rolling else 0
    if missing:
        yield f"maxUnavailable: up to {missing} of {spec.replicas} pods are missing while it rolls."


def _nothing_old(spec: RolloutSpec, plan: Sequence[Stage]) -> Iterator[str]:
    if spec.strategy.rolling is None:
        return
    for stage in plan:
        if stage.counted and stage.gates and not stage.stable:
            yield (
                f"Stage '{stage.name}' already replaces the last old pod, since maxSurge is 0 and replicas is "
                f"{spec.replicas}: its pause decides nothing. Allow a surge of 1, or take more replicas."
            )


def _people(plan: Sequence[Stage]) -> Iterator[str]:
    names = [f"'{stage.name}'" for stage in plan if stage.asks_a_person]
    if names:
        yield f"{', '.join(names)}: waits until a person types `crossfade promote`; it does not go on by itself."


def _no_bake(spec: RolloutSpec) -> Iterator[str]:
    if spec.bake_seconds == 0:
        yield (
            "bakeSeconds is 0: the old pods go at once, so a revision that fails afterwards is not taken back by "
            "itself. Leave it out for 30 s."
        )


def _unknown_readiness(spec: RolloutSpec) -> Iterator[str]:
    if spec.template is None:
        return
    containers = spec.template["spec"]["containers"]
    bare = [each["name"] for each in containers if not each.get("readinessProbe")]
    if spec.service is not None and len(bare) == len(containers):
        yield (
            f"No container has a readinessProbe ({', '.join(bare)}): a pod counts as ready as soon as it runs, and "
            "requests reach it before it can answer. Add a readinessProbe."
        )


def _unknown_cost(spec: RolloutSpec) -> Iterator[str]:
    if spec.template is None:
        named = spec.workload_ref.name if spec.workload_ref else ""
        yield (
            f"The template is in Deployment {named}: what a pod asks for is unknown here, and so is the peak. Plan both "
            "files together: `crossfade plan -f rollout.yaml -f deployment.yaml`."
        )
        return
    asked = pod_requests(spec.template)
    lacking = [word for word, amount in (("CPU", asked.cpu), ("memory", asked.memory)) if amount is None]
    if lacking:
        yield (
            f"No container requests {' or '.join(lacking)}: the peak is not known, and the scheduler reserves nothing. "
            "Set resources.requests."
        )
