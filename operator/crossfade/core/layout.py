"""Which writes take the cluster from what is seen to what is wanted. Nothing is written that is so already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from crossfade.api.labels import FINALIZER, LABEL_REVISION, LABEL_ROLLOUT
from crossfade.core import manifests, routing
from crossfade.core.marks import disowned, scaling, unmarking, without_service
from crossfade.core.observed import Identity, SeenService, Side
from crossfade.core.plan import Verb, Write
from crossfade.core.restarts import marked
from crossfade.core.same import has
from crossfade.core.situation import SOURCE, Situation
from crossfade.core.stepper import Step
from crossfade.core.traffic import traffic_of
from crossfade.core.traffic.route import is_left
from crossfade.core.traffic.selector import kept, selector_before
from crossfade.core.ways_back import served_before


def writes(s: Situation, step: Step, *, without: str = "") -> tuple[Write, ...]:
    """Traffic before pods, growth before shrinking, and old things last. `without`: a revision that is not to be made now."""
    is_ours = s.stable_revision or s.under_way  # else nothing is ours to scale yet
    pods = {track: count for track, count in step.pods.items() if track != without} if is_ours else {}
    return (
        *_finalizer(s),
        *moving(s, replace(step, pods=pods)),
        *_preview(s),
        *_pull_pod(s),
        *_leftovers(s),
    )


def moving(s: Situation, step: Step) -> Iterator[Write]:
    """The step itself: what production selects, and how many pods each track has."""
    given_back = step.share is None and s.rollout.metadata.deletion_timestamp
    if s.service_name and not given_back and (s.stable_revision or s.progress.revision):
        yield from traffic_of(s).writes(step.share)
    yield from _deployments(s, step.pods)


def _finalizer(s: Situation) -> Iterator[Write]:
    """Held only while there is something to give back."""
    held, needed = FINALIZER in s.rollout.metadata.finalizers, holds_something(s)
    if held != needed:
        body = {"metadata": {"finalizers": [FINALIZER] if needed else []}}
        yield Write(Verb.APPLY, "Rollout", s.name, body, identity(s))


def holds_something(s: Situation) -> bool:
    """Whether something must be given back before the Rollout may go: also numbers of somebody's route."""
    named = routing.place(s) is not None and not routing.is_owned(s)
    return manifests.outlives(s) or named or routing.is_split(s)


def identity(s: Situation) -> Identity:
    """The Rollout that was seen."""
    return Identity(s.rollout.metadata.uid, s.rollout.metadata.resource_version)


def _deployments(s: Situation, pods: Mapping[str, int]) -> Iterator[Write]:
    for track, count in sorted(
        pods.items(), key=lambda item: item[1] - s.side(item[0]).desired, reverse=True
    ):
        if track == SOURCE:
            yield from _source(s, count)
        elif track not in s.others:
            yield from _deployment(s, track, count)
        elif (side := s.side(track)).desired != count:
            yield _scaled(s, side, count)


def _deployment(s: Situation, revision: str, count: int) -> Iterator[Write]:
    side = s.seen.sides.get(revision)
    found = s.seen.found.deployments.get(manifests.deployment_name(s, revision))
    if side is None and found is not None:
        if found.ours:  # its labels are lost
            yield _scaled(s, found, count)
    elif side is None:
        template = s.template_of(revision)
        if template is not None:
            body = manifests.deployment(s, revision, template, count)
            strict = manifests.is_new(s, revision)
            yield Write(Verb.CREATE, "Deployment", body["metadata"]["name"], body, strict=strict)
    elif side.ours:
        yield from disowned(s, "Deployment", manifests.deployment_name(s, revision), side)
        yield from _replaced_by(s, side)
        if side.desired != count or not has(side.manifest, _upkeep(s, side)):
            yield _scaled(s, side, count)
        elif count and not _as_made(s, side):
            yield from _remade(s, side)


def _replaced_by(s: Situation, side: Side) -> Iterator[Write]:
    """Its own strategy follows the Rollout's: made for recreate, a Restart would stop all pods of a canary at once.

    As a whole: `Recreate` beside what is left of `rollingUpdate` is refused.
    """
    wanted = manifests.own_strategy(s)
    if not has(side.manifest.get("spec", {}).get("strategy"), wanted):
        change = [{"op": "replace", "path": "/spec/strategy", "value": wanted}]
        yield Write(
            Verb.PATCH, "Deployment", manifests.deployment_name(s, side.revision), change, side.identity
        )


def _as_made(s: Situation, side: Side) -> bool:
    """Whether nobody has written into its template, and it carries the mark of the last Restart."""
    return not side.edited_by and marked(s, side)


def _remade(s: Situation, side: Side) -> Iterator[Write]:
    """The template as it was made, in place of the live one: an apply could not remove what another writer added."""
    template = s.template_of(side.revision)
    if template is None:
        return
    made = manifests.pod_template(s, side.revision, template, manifests.injected_in(s, side))
    change = [{"op": "replace", "path": "/spec/template", "value": made}]
    yield Write(Verb.PATCH, "Deployment", manifests.deployment_name(s, side.revision), change, side.identity)


def _upkeep(s: Situation, side: Side) -> dict[str, Any]:
    """What is kept as it should be on a revision's Deployment, besides its replicas."""
    meta = manifests.owned(s, {LABEL_REVISION: side.revision})
    if not meta["ownerReferences"]:
        del meta["ownerReferences"]
    meta["annotations"] = manifests.annotations_of(s, side)
    return {"metadata": meta, "spec": {"minReadySeconds": s.spec.min_ready_seconds}}


def _scaled(s: Situation, side: Side, count: int) -> Write:
    body = _upkeep(s, side)
    body["spec"]["replicas"] = count
    return Write(Verb.APPLY, "Deployment", manifests.deployment_name(s, side.revision), body, side.identity)


def _source(s: Situation, count: int) -> Iterator[Write]:
    """The Deployment that `workloadRef` names: ours to watch, and its pods as the goal has them.

    Whatever a chart or a pipeline sets its replicas to is answered each time; the pods so made are not selected.
    """
    source, ref = s.source, s.spec.workload_ref
    if source is None or ref is None:
        return
    if LABEL_ROLLOUT not in source.manifest["metadata"].get("labels", {}):
        body = {"metadata": {"labels": {LABEL_ROLLOUT: s.name}}}
        yield Write(Verb.APPLY, "Deployment", ref.name, body, source.identity)
    elif source.desired != count:
        yield Write(Verb.PATCH, "Deployment", ref.name, scaling(count), source.identity)


def _preview(s: Situation) -> Iterator[Write]:
    """Points at the candidate, and at stable where nothing is under way."""
    name, revision = s.preview_name, s.progress.revision or s.stable_revision
    if not name or not revision:
        return
    selector = {LABEL_ROLLOUT: s.name, LABEL_REVISION: revision}
    live = s.seen.services.get(name) or s.seen.found.services.get(name)
    if live is None:
        yield Write(Verb.CREATE, "Service", name, manifests.service(s, name, "preview", selector))
    elif live.ours:
        yield from kept(s, live, selector, "preview")


def _pull_pod(s: Situation) -> Iterator[Write]:
    """One of this revision while its images are to be pulled; every other one goes, whatever the strategy is by now."""
    pods = s.seen.found.pull_pods
    if pods is None or not s.under_way:
        return
    name = manifests.pull_pod_name(s)
    wanted = s.stage.pull_check and not s.progress.rollback_reason
    template = s.template_of(s.progress.revision)
    if wanted and not manifests.pull_pods(s) and template is not None:
        yield Write(Verb.CREATE, "Pod", name, manifests.pull_pod(s, template))
    for pod in pods:
        if not pod.leaving and not (wanted and pod.name == name):
            yield Write(Verb.DELETE, "Pod", pod.name, None, Identity(pod.uid, ""))


def _leftovers(s: Situation) -> Iterator[Write]:
    """Services that the spec does not ask for any more, and empty Deployments beyond the history limit."""
    if s.seen.spec_error:  # nobody knows what it asks for
        return
    names = {s.service_name, s.preview_name, s.canary_name if _needs_canary(s) else ""}
    for name, live in s.seen.services.items():
        if live.ours and name not in names:
            yield (given_back(live) if selector_before(live) is not None else without_service(s, live))
    if not s.under_way:
        yield from _routes_left(s)
        for side in _forgotten(s):
            yield Write(
                Verb.DELETE, "Deployment", manifests.deployment_name(s, side.revision), None, side.identity
            )


def _routes_left(s: Situation) -> Iterator[Write]:
    """A route that was made for `gateway`, where the spec names none or another."""
    live, at = s.seen.routes.get(f"HTTPRoute/{s.service_name}"), routing.place(s)
    if live is not None and live.ours and (at is None or at.key != f"HTTPRoute/{live.name}"):
        yield Write(Verb.DELETE, live.kind, live.name, None, live.identity)


def _needs_canary(s: Situation) -> bool:
    """Whether the canary Service is asked for, or a route may still send requests to it."""
    return s.routed or not is_left(s)


def given_back(live: SeenService) -> Write:
    """An adopted Service with its selector from before, and without our marks."""
    ops = [{"op": "replace", "path": "/spec/selector", "value": selector_before(live)}, *unmarking(live)]
    return Write(Verb.PATCH, "Service", live.name, ops, live.identity)


def _forgotten(s: Situation) -> list[Side]:
    """Empty Deployments beyond `revisionHistoryLimit`, oldest first."""
    kept = {s.stable_revision, s.memory.undo_to, served_before(s)}
    old = [side for rev, side in s.seen.sides.items() if side.ours and rev not in kept and not side.desired]
    empty = [side for side in old if not side.replicas]
    by_age = sorted(empty, key=lambda side: str(side.created_at or ""))
    return by_age[: max(0, len(by_age) - s.spec.revision_history_limit)]
