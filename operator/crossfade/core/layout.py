"""Which writes take the cluster from what is seen to what is wanted. Nothing is written that is so already."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from crossfade.api.labels import (
    ANNOTATION_GIVE_BACK,
    FINALIZER,
    LABEL_OWNER_UID,
    LABEL_REVISION,
    LABEL_ROLE,
    LABEL_ROLLOUT,
)
from crossfade.core import manifests
from crossfade.core.observed import Identity, SeenService, Side
from crossfade.core.plan import Verb, Write
from crossfade.core.reach import Wanted
from crossfade.core.restarts import marked
from crossfade.core.situation import Situation
from crossfade.core.stages import Route


def writes(s: Situation, wanted: Wanted) -> tuple[Write, ...]:
    """Traffic before pods, growth before shrinking, and old things last."""
    return (
        *_finalizer(s),
        *_production(s, wanted),
        *_deployments(s, wanted),
        *_source(s),
        *_preview(s),
        *_pull_pod(s),
        *_leftovers(s),
    )


def kept_at_size(s: Situation) -> tuple[Write, ...]:
    """Where the spec cannot be carried out, what serves still has as many pods as the spec says, and the rest none.

    Of another revision that is what a release has left whose last writes were lost: requests must not reach it any more.
    """
    if s.stable_revision not in s.seen.sides:
        return ()
    alone = not s.under_way and s.listed_only(s.stable_revision)
    unselected = alone and (not s.service_name or s.live_route is Route.STABLE)
    others = [side for revision, side in s.seen.sides.items() if revision != s.stable_revision and side.ours]
    left = [_scaled(s, side, 0) for side in others if side.desired and unselected]
    return (*_deployment(s, s.stable_revision, s.n), *left)


def _finalizer(s: Situation) -> Iterator[Write]:
    """Held only while there is something to give back."""
    held, needed = FINALIZER in s.rollout.metadata.finalizers, manifests.outlives(s)
    if held != needed:
        body = {"metadata": {"finalizers": [FINALIZER] if needed else []}}
        yield Write(Verb.APPLY, "Rollout", s.name, body, identity(s))


def identity(s: Situation) -> Identity:
    """The Rollout that was seen."""
    return Identity(s.rollout.metadata.uid, s.rollout.metadata.resource_version)


def _production(s: Situation, wanted: Wanted) -> Iterator[Write]:
    if not s.service_name or not (s.stable_revision or s.progress.revision):
        return
    selector = s.selector(wanted.route) if wanted.route else None
    found, live = s.seen.found.services.get(s.service_name), s.production_read
    if live is not None:
        yield from _kept(s, live, selector or dict(live.selector), "production")
    elif manifests.adopts(s):
        yield from _adopted(s)
    elif selector is not None and found is None:
        body = manifests.service(s, s.service_name, "production", selector)
        yield Write(Verb.CREATE, "Service", s.service_name, body)


def _kept(s: Situation, live: SeenService, selector: Mapping[str, str], role: str) -> Iterator[Write]:
    """Selector, owner and ports of a Service of ours as they should be."""
    meta = _marks(s, role)
    yield from _disowned(s, "Service", live.name, live)
    if dict(live.selector) != dict(selector) or not _has(live.manifest.get("metadata", {}), meta):
        body = {"metadata": {**meta, **_memo(live)}, "spec": {"selector": dict(selector)}}
        yield Write(Verb.APPLY, "Service", live.name, body, live.identity)
    elif not manifests.adopts(s) and not _same_ports(live, manifests.ports(s)):
        change = [{"op": "replace", "path": "/spec/ports", "value": manifests.ports(s)}]
        yield Write(Verb.PATCH, "Service", live.name, change, live.identity)


def _marks(s: Situation, role: str) -> dict[str, Any]:
    meta = manifests.owned(s, {LABEL_ROLE: role})
    return {"labels": meta["labels"]} | (
        {"ownerReferences": meta["ownerReferences"]} if meta["ownerReferences"] else {}
    )


def _memo(live: SeenService) -> dict[str, Any]:
    """What an adopted Service must be given back as: repeated in each apply, since an apply drops what it leaves out."""
    memo = live.manifest.get("metadata", {}).get("annotations", {}).get(ANNOTATION_GIVE_BACK)
    return {"annotations": {ANNOTATION_GIVE_BACK: memo}} if memo is not None else {}


def _adopted(s: Situation) -> Iterator[Write]:
    """Somebody's Service becomes ours to watch, and its selector ours too, as it is: who drops it empties nothing."""
    found = s.seen.found.services.get(s.service_name)
    if found is None:
        return
    memo = {ANNOTATION_GIVE_BACK: json.dumps(dict(found.selector), sort_keys=True)}
    body = {
        "metadata": {**_marks(s, "production"), "annotations": memo},
        "spec": {"selector": dict(found.selector)},
    }
    yield Write(Verb.APPLY, "Service", s.service_name, body, found.identity)


def _has(live: Any, wanted: Any) -> bool:
    """Whether everything `wanted` says is so in `live`, which may say more.

    The API server leaves out zeros (`minReadySeconds: 0` is stored as nothing).
    """
    if wanted == 0 and live is None:
        return True
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(_has(live.get(k), v) for k, v in wanted.items())
    if isinstance(wanted, list):
        return isinstance(live, list) and all(any(_has(item, w) for item in live) for w in wanted)
    return bool(live == wanted)


def _same_ports(live: SeenService, wanted: list[dict[str, Any]]) -> bool:
    """What the API server adds to a port (a nodePort) is left; a name is not: it was ours, and is not wanted any more."""
    listed = live.manifest.get("spec", {}).get("ports", [])
    return len(listed) == len(wanted) and all(
        _has(a, b) and a.get("name") == b.get("name") for a, b in zip(listed, wanted, strict=True)
    )


def _deployments(s: Situation, wanted: Wanted) -> Iterator[Write]:
    pods = {revision: count for revision, count in wanted.pods.items() if revision}
    for revision, count in sorted(
        pods.items(), key=lambda item: item[1] - s.side(item[0]).desired, reverse=True
    ):
        yield from _deployment(s, revision, count)
    for revision, side in s.seen.sides.items():
        if revision not in pods and side.ours and side.desired:
            yield _scaled(s, side, 0)


def _deployment(s: Situation, revision: str, count: int) -> Iterator[Write]:
    side = s.seen.sides.get(revision)
    found = s.seen.found.deployments.get(manifests.deployment_name(s, revision))
    if side is None and found is not None:
        if found.ours:  # its labels are lost
            yield _scaled(s, found, count)
    elif side is None:
        template = manifests.template_of(s, revision)
        if template is not None:
            body = manifests.deployment(s, revision, template, count)
            yield Write(Verb.CREATE, "Deployment", body["metadata"]["name"], body)
    elif side.ours:
        yield from _disowned(s, "Deployment", manifests.deployment_name(s, revision), side)
        yield from _replaced_by(s, side)
        if side.desired != count or not _has(side.manifest, _upkeep(s, side)):
            yield _scaled(s, side, count)
        elif count and not _as_made(s, side):
            yield from _remade(s, side)


def _replaced_by(s: Situation, side: Side) -> Iterator[Write]:
    """Its own strategy follows the Rollout's: made for recreate, a Restart would stop all pods of a canary at once.

    As a whole: `Recreate` beside what is left of `rollingUpdate` is refused.
    """
    wanted = manifests.own_strategy(s)
    if not _has(side.manifest.get("spec", {}).get("strategy"), wanted):
        change = [{"op": "replace", "path": "/spec/strategy", "value": wanted}]
        yield Write(
            Verb.PATCH, "Deployment", manifests.deployment_name(s, side.revision), change, side.identity
        )


def _as_made(s: Situation, side: Side) -> bool:
    """Whether nobody has written into its template, and it carries the mark of the last Restart."""
    return not side.edited_by and marked(s, side)


def _remade(s: Situation, side: Side) -> Iterator[Write]:
    """The template as it was made, in place of the live one: an apply could not remove what another writer added."""
    template = manifests.template_of(s, side.revision)
    if template is None:
        return
    made = manifests.pod_template(s, side.revision, template, manifests.drain_of(side))
    change = [{"op": "replace", "path": "/spec/template", "value": made}]
    yield Write(Verb.PATCH, "Deployment", manifests.deployment_name(s, side.revision), change, side.identity)


def _disowned(s: Situation, kind: str, name: str, live: Side | SeenService) -> Iterator[Write]:
    """What is to outlive the Rollout must not be owned by it: the garbage collector would take it along.

    The other way round, the label that stood for the owner goes once the owner is there.
    """
    owner, label = (
        disowning(s, live),
        live.manifest.get("metadata", {}).get("labels", {}).get(LABEL_OWNER_UID),
    )
    change = owner if manifests.outlives(s) else []
    if owner and label and not manifests.outlives(s):
        change = [{"op": "remove", "path": f"/metadata/labels/{escaped(LABEL_OWNER_UID)}"}]
    if change:
        yield Write(Verb.PATCH, kind, name, change, live.identity)


def disowning(s: Situation, live: Side | SeenService) -> list[dict[str, Any]]:
    """The JSON Patch operation that takes our owner reference off; none where there is no such reference."""
    owners = live.manifest.get("metadata", {}).get("ownerReferences", [])
    others = [ref for ref in owners if ref.get("uid") != s.rollout.metadata.uid]
    if len(others) == len(owners):
        return []
    return [{"op": "replace", "path": "/metadata/ownerReferences", "value": others}]


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


def _source(s: Situation) -> Iterator[Write]:
    """The Deployment that `workloadRef` names: ours to watch, and without pods once another one has taken its place.

    Whatever a chart or a pipeline sets its replicas to is answered each time; the pods so made are not selected.
    """
    source, ref = s.source, s.spec.workload_ref
    if source is None or ref is None:
        return
    if LABEL_ROLLOUT not in source.manifest["metadata"].get("labels", {}):
        yield Write(
            Verb.APPLY,
            "Deployment",
            ref.name,
            {"metadata": {"labels": {LABEL_ROLLOUT: s.name}}},
            source.identity,
        )
    elif s.stable_revision and source.desired:
        yield Write(Verb.PATCH, "Deployment", ref.name, scaling(0), source.identity)


def scaling(replicas: int) -> list[dict[str, Any]]:
    """The JSON Patch that sets the replicas of a Deployment without owning the field by an apply."""
    return [{"op": "replace", "path": "/spec/replicas", "value": replicas}]


def preview_name(s: Situation) -> str:
    """The Service that reaches a blue/green candidate before the switch; empty where there is none."""
    return f"{s.service_name}-preview" if s.service_name and s.spec.strategy.blue_green is not None else ""


def _preview(s: Situation) -> Iterator[Write]:
    """Points at the candidate, and at stable where nothing is under way."""
    name, revision = preview_name(s), s.progress.revision or s.stable_revision
    if not name or not revision:
        return
    selector = s.selector(Route.CANDIDATE if s.progress.revision else Route.STABLE)
    live = s.seen.services.get(name) or s.seen.found.services.get(name)
    if live is None:
        yield Write(Verb.CREATE, "Service", name, manifests.service(s, name, "preview", selector))
    elif live.ours:
        yield from _kept(s, live, selector, "preview")


def _pull_pod(s: Situation) -> Iterator[Write]:
    pods = s.seen.found.pull_pods
    if pods is None or not s.under_way:
        return
    wanted = s.stage.pull_check and not s.progress.returning
    name = f"{manifests.deployment_name(s, s.progress.revision)}-pull"
    template = manifests.template_of(s, s.progress.revision)
    if wanted and not pods and template is not None:
        yield Write(Verb.CREATE, "Pod", name, manifests.pull_pod(s, template))
    for pod in pods:
        if not wanted and not pod.leaving:
            yield Write(Verb.DELETE, "Pod", pod.name, None, Identity(pod.uid, ""))


def _leftovers(s: Situation) -> Iterator[Write]:
    """Services that the spec does not ask for any more, and empty Deployments beyond the history limit."""
    names = {s.service_name, preview_name(s)}
    for name, live in s.seen.services.items():
        if live.ours and name not in names:
            yield (
                given_back(live)
                if selector_before(live) is not None
                else Write(Verb.DELETE, "Service", name, None, live.identity)
            )
    if not s.under_way:
        for side in _forgotten(s):
            yield Write(
                Verb.DELETE, "Deployment", manifests.deployment_name(s, side.revision), None, side.identity
            )


def selector_before(live: SeenService) -> dict[str, str] | None:
    """The selector that an adopted Service had; None where it was not adopted."""
    memo = live.manifest.get("metadata", {}).get("annotations", {}).get(ANNOTATION_GIVE_BACK)
    return json.loads(memo) if memo is not None else None


def given_back(live: SeenService) -> Write:
    """An adopted Service with its selector from before, and without our marks."""
    ops = [{"op": "replace", "path": "/spec/selector", "value": selector_before(live)}, *unmarked(live)]
    return Write(Verb.PATCH, "Service", live.name, ops, live.identity)


def unmarked(live: SeenService) -> list[dict[str, Any]]:
    """JSON Patch operations that take our labels and annotations off a Service."""
    meta = live.manifest.get("metadata", {})
    ours = [("labels", key) for key in (LABEL_ROLLOUT, LABEL_OWNER_UID, LABEL_ROLE)] + [
        ("annotations", ANNOTATION_GIVE_BACK)
    ]
    return [
        {"op": "remove", "path": f"/metadata/{group}/{escaped(key)}"}
        for group, key in ours
        if key in meta.get(group, {})
    ]


def escaped(key: str) -> str:
    """A label or annotation as a part of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _forgotten(s: Situation) -> list[Side]:
    """Empty Deployments beyond `revisionHistoryLimit`, oldest first."""
    kept = {s.stable_revision, s.memory.undo_to}
    old = [side for rev, side in s.seen.sides.items() if side.ours and rev not in kept and not side.desired]
    empty = [side for side in old if not side.replicas]
    by_age = sorted(empty, key=lambda side: str(side.created_at or ""))
    return by_age[: max(0, len(by_age) - s.spec.revision_history_limit)]
