"""The objects that a Rollout consists of, as manifests. Names, labels and owners of everything ours are here."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crossfade.api.labels import (
    ANNOTATION_DRAIN,
    ANNOTATION_LAST_WORDS,
    ANNOTATION_RELEASE,
    ANNOTATION_RESTARTED_AT,
    ANNOTATION_SPEC,
    API_VERSION,
    LABEL_OWNER_UID,
    LABEL_REVISION,
    LABEL_ROLE,
    LABEL_ROLLOUT,
)
from crossfade.core import ports
from crossfade.core.observed import Pod, SeenRoute, Side
from crossfade.core.plan import Verb, Write
from crossfade.core.restarts import restarted_at
from crossfade.core.same import has
from crossfade.core.situation import Situation

LABEL_PULL = "crossfade.dev/pull"
"""On the pod that pulls images, instead of the labels that production selects: it never gets traffic."""

FROM_LOGS = "FallbackToLogsOnError"
"""The kubelet tells the end of the log of a container that failed and left no message of its own."""

HARMLESS = ["/crossfade-pull-check"]
"""A command that no image has: its container ends when the image is there, without running anything of it."""

DEFAULT_GRACE_S = 30

NUMBER = re.compile(r"[0-9]{1,9}")
"""What an annotation of ours holds: digits that every reader of numbers takes, and no more than a release has."""


def deployment_name(s: Situation, revision: str) -> str:
    """One Deployment per revision."""
    return f"{s.name}-{revision}"


def outlives(s: Situation) -> bool:
    """Whether something of this Rollout must go on after it: then a finalizer is held, and owners are labels."""
    return s.spec.on_delete == "GiveBack" or s.adopts or s.spec.workload_ref is not None


def is_first(s: Situation) -> bool:
    """Whether nothing served before this release: neither a stable revision nor what an adopted Service selects."""
    return not s.stable_revision and not s.adopts


def owner(s: Situation) -> dict[str, Any]:
    """The owner reference to the Rollout."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Rollout",
        "name": s.name,
        "uid": s.rollout.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owned(s: Situation, labels: Mapping[str, str] | None = None, *, always: bool = False) -> dict[str, Any]:
    """The metadata that says whose an object is: an owner reference, or (where it may outlive) a label."""
    marks = {LABEL_ROLLOUT: s.name, **(labels or {})}
    if outlives(s) and not always:
        return {"labels": {**marks, LABEL_OWNER_UID: s.rollout.metadata.uid}, "ownerReferences": []}
    return {"labels": marks, "ownerReferences": [owner(s)]}


def is_new(s: Situation, revision: str) -> bool:
    """Whether its template was never served: a field that nobody knows is refused then. What has served may come back."""
    return revision not in {s.stable_revision, *s.memory.completed}


def deployment(s: Situation, revision: str, template: Mapping[str, Any], replicas: int) -> dict[str, Any]:
    """The Deployment of one revision. Its template is never changed afterwards."""
    metadata = owned(s, {LABEL_REVISION: revision})
    labels = pod_labels(s, revision, template)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": deployment_name(s, revision),
            "namespace": s.rollout.metadata.namespace,
            "annotations": {
                ANNOTATION_RELEASE: str(s.memory.release),
                ANNOTATION_DRAIN: str(drain_seconds(s, template)),
                ANNOTATION_LAST_WORDS: FROM_LOGS,
                **ports.note(s, revision),
            },
            **metadata,
        },
        "spec": {
            "replicas": replicas,
            "minReadySeconds": s.spec.min_ready_seconds,
            "revisionHistoryLimit": 1,
            "strategy": own_strategy(s),
            "selector": {"matchLabels": labels},
            "template": pod_template(s, revision, template, Injected(drain_seconds(s, template))),
        },
    }


def pod_labels(s: Situation, revision: str, template: Mapping[str, Any]) -> dict[str, str]:
    """The user's labels and ours; also the Deployment's selector."""
    users = (template.get("metadata") or {}).get("labels", {})
    return {**users, LABEL_ROLLOUT: s.name, LABEL_REVISION: revision}


@dataclass(frozen=True)
class Injected:
    """What is added to the containers of a revision where its template says nothing, fixed when its Deployment is made.

    `drain_s`: a preStop sleep. `last_words`: that a container which fails tells the end of its log.
    """

    drain_s: int
    last_words: bool = True


def injected_in(s: Situation, side: Side) -> Injected:
    """What was added when its Deployment was made: an operator that adds more does not start its pods anew."""
    return Injected(drain_of(side), tells_last_words(s, side))


def pod_template(s: Situation, revision: str, template: Mapping[str, Any], added: Injected) -> dict[str, Any]:
    """The template as submitted, with our labels, what is added to its containers, and the mark of the last Restart."""
    mark = restarted_at(s, revision)
    meta = {**(template.get("metadata") or {}), "labels": pod_labels(s, revision, template)}
    if mark is not None:
        meta["annotations"] = {**meta.get("annotations", {}), ANNOTATION_RESTARTED_AT: mark}
    pod = drained(template["spec"], added.drain_s)
    return {**template, "metadata": meta, "spec": _with_last_words(pod) if added.last_words else pod}


def own_strategy(s: Situation) -> dict[str, Any]:
    """How the Deployment replaces pods of one revision (Restart, a repaired template): as carefully as we do."""
    if s.exclusive:
        return {"type": "Recreate"}
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}


def drain_seconds(s: Situation, template: Mapping[str, Any]) -> int:
    """The preStop sleep that is added: below the grace period, and none without a Service."""
    grace_s = template["spec"].get("terminationGracePeriodSeconds", DEFAULT_GRACE_S)
    return max(0, min(s.spec.drain_seconds, grace_s - 1)) if s.spec.service else 0


def drain_of(side: Side) -> int:
    """The preStop sleep that was added to a revision's pods when its Deployment was made; 0 where none was.

    By its annotation; where that is lost, by the longest sleep in its template.
    """
    told = _number(side, ANNOTATION_DRAIN)
    if told:
        return int(told)
    return max(((stop.get("sleep") or {}).get("seconds", 0) for stop in _stops(side)), default=0)


def drains(side: Side) -> bool:
    """Whether every container of its pods does something before it stops."""
    return all(_stops(side))


def _stops(side: Side) -> list[dict[str, Any]]:
    template = side.manifest.get("spec", {}).get("template", {})
    containers = (template.get("spec") or {}).get("containers", ())
    return [(each.get("lifecycle") or {}).get("preStop") or {} for each in containers]


def tells_last_words(s: Situation, side: Side) -> bool:
    """Whether its containers were made to leave the end of their log; those of an older operator are left as they are.

    By its annotation; where that is lost, by a container that does so though the template as submitted says nothing of it.
    """
    if ANNOTATION_LAST_WORDS in (side.manifest.get("metadata", {}).get("annotations") or {}):
        return True
    says = _policies(s.template_of(side.revision) or {})
    live = _policies(side.manifest.get("spec", {}).get("template") or {})
    return any(policy == FROM_LOGS and says.get(name, "said") is None for name, policy in live.items())


def _policies(template: Mapping[str, Any]) -> dict[str, Any]:
    """What each container is to tell of its end, by name; None where that is not said."""
    pod = template.get("spec") or {}
    lists = (pod.get(name) for name in ("initContainers", "containers"))
    known = [each for listed in lists if isinstance(listed, list) for each in listed]
    return {str(c.get("name")): c.get("terminationMessagePolicy") for c in known if isinstance(c, Mapping)}


def annotations_of(s: Situation, side: Side) -> dict[str, str]:
    """What a revision's Deployment says of itself, told anew where somebody took it away."""
    number = _number(side, ANNOTATION_RELEASE)
    known = [r.spec.number for r in s.seen.releases if r.spec.revision == side.revision]
    return {
        ANNOTATION_RELEASE: number or str(max(known, default=s.memory.release)),
        ANNOTATION_DRAIN: str(drain_of(side)),
        **({ANNOTATION_LAST_WORDS: FROM_LOGS} if tells_last_words(s, side) else {}),
        **ports.note(s, side.revision),
    }


def _number(side: Side, name: str) -> str:
    """The digits of an annotation; "" where somebody wrote there what is no number of ours."""
    told = str((side.manifest.get("metadata", {}).get("annotations") or {}).get(name, ""))
    return told if NUMBER.fullmatch(told) else ""


def _with_last_words(pod: Mapping[str, Any]) -> dict[str, Any]:
    """The pod spec in which a container that fails tells the end of its log, unless it says what it tells."""
    lists = [name for name in ("initContainers", "containers") if isinstance(pod.get(name), list)]
    return {**pod, **{name: [_telling(each) for each in pod[name]] for name in lists}}


def _telling(container: Any) -> Any:
    """What is no container at all is the API server's to refuse."""
    says = {"terminationMessagePolicy": FROM_LOGS}
    return {**says, **container} if isinstance(container, Mapping) else container


def drained(pod: Mapping[str, Any], seconds: int) -> dict[str, Any]:
    """The pod spec with a preStop sleep where a container has no preStop.

    An application that stops at once on SIGTERM would lose the requests that kube-proxy still sends it.
    """
    return {**pod, "containers": [_sleeping(c, seconds) for c in pod["containers"]]} if seconds else dict(pod)


def _sleeping(container: Mapping[str, Any], seconds: int) -> dict[str, Any]:
    lifecycle = container.get("lifecycle") or {}
    unknown = not isinstance(lifecycle, Mapping)  # the API server refuses it
    if unknown or lifecycle.get("preStop"):
        return dict(container)
    return {**container, "lifecycle": {**lifecycle, "preStop": {"sleep": {"seconds": seconds}}}}


def service(s: Situation, name: str, role: str, selector: Mapping[str, str]) -> dict[str, Any]:
    """A Service of ours: `role` is production, preview or canary."""
    own = ports.behind if role == "production" else ports.beside
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": s.rollout.metadata.namespace,
            **owned(s, {LABEL_ROLE: role}),
        },
        "spec": {"selector": dict(selector), "ports": own(s, selector)},
    }


def route(s: Situation, kind: str, name: str, role: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """A route of ours: `role` is production (it is all there is), or canary (beside the one that is split)."""
    notes = {ANNOTATION_SPEC: spec_hash(spec)}
    meta = {"name": name, "namespace": s.rollout.metadata.namespace, "annotations": notes}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": kind,
        "metadata": {**meta, **owned(s, {LABEL_ROLE: role})},
        "spec": dict(spec),
    }


def is_made_from(live: SeenRoute, body: Mapping[str, Any], *, shared: bool = False) -> bool:
    """Whether a route was made from this very manifest, and nobody has taken anything of that away.

    `shared`: its references are not looked at: a split changes them.
    """
    notes, spec = live.manifest.get("metadata", {}).get("annotations") or {}, live.manifest.get("spec") or {}
    left = {"backendRefs"} if shared else set()
    rules = [{key: value for key, value in rule.items() if key not in left} for rule in body["spec"]["rules"]]
    whole = has(spec, {**body["spec"], "rules": rules}) and len(spec.get("rules") or ()) == len(rules)
    return bool(whole) and notes.get(ANNOTATION_SPEC) == body["metadata"]["annotations"][ANNOTATION_SPEC]


def remade(live: SeenRoute, body: Mapping[str, Any]) -> Write:
    """The write that makes a route of ours what the manifest says: an apply would leave what we made it with."""
    now, wanted = live.manifest.get("metadata", {}), body["metadata"]
    marks = [(part, {**(now.get(part) or {}), **wanted[part]}) for part in ("labels", "annotations")]
    change = [{"op": "replace", "path": "/spec", "value": body["spec"]}]
    change += [{"op": "add", "path": f"/metadata/{part}", "value": value} for part, value in marks]
    return Write(Verb.PATCH, live.kind, live.name, change, live.identity)


def spec_hash(spec: Mapping[str, Any]) -> str:
    """A short hash of what a route is made from."""
    text = json.dumps(spec, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def marks_of_release(s: Situation, revision: str) -> dict[str, Any]:
    """Labels and owner of a record: it goes with its Rollout."""
    return owned(s, {LABEL_REVISION: revision}, always=True)


def release(s: Situation, number: int, revision: str, template: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a release that begins."""
    wanted = revision == s.spec_revision
    changed, asked = s.seen.template_change if wanted else None, s.memory.requester
    plan = [
        {
            "name": st.name,
            "candidate": st.candidate,
            "stable": st.stable,
            "weight": st.weight,
            "gate": str(st.gate),
        }
        for st in s.plan
    ]
    return {
        "apiVersion": API_VERSION,
        "kind": "Release",
        "metadata": {
            "name": f"{s.name}-{number}",
            "namespace": s.rollout.metadata.namespace,
            **marks_of_release(s, revision),
            "annotations": ports.note(s, revision),
        },
        "spec": {
            "rollout": s.name,
            "number": number,
            "revision": revision,
            "fromRevision": s.stable_revision,
            "template": template,
            "strategy": s.spec.strategy.name,
            "plan": plan,
            **({"requester": asked.to_wire()} if asked is not None and asked.name else {}),
            **({"changedBy": changed.to_wire()} if changed is not None else {}),
        },
    }


def pull_pod_name(s: Situation) -> str:
    """The pod that pulls the candidate's images: one of another revision says nothing of them."""
    return f"{deployment_name(s, s.progress.revision)}-pull"


def pull_pods(s: Situation) -> tuple[Pod, ...]:
    """The pod that pulls the candidate's images, where it was read and is there."""
    return tuple(pod for pod in s.seen.found.pull_pods or () if pod.name == pull_pod_name(s))


def pull_pod(s: Situation, template: Mapping[str, Any]) -> dict[str, Any]:
    """A pod with all images of the candidate, which runs none of them and is selected by nothing."""
    pod = template["spec"]
    containers = [_pulling(c) for c in (*pod.get("initContainers", ()), *pod["containers"])]
    spec = {k: v for k, v in pod.items() if k not in {"initContainers", "containers", "restartPolicy"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pull_pod_name(s),
            "namespace": s.rollout.metadata.namespace,
            "labels": {LABEL_PULL: s.name},
            "ownerReferences": [owner(s)],
        },
        "spec": {**spec, "restartPolicy": "Never", "containers": containers},
    }


def _pulling(container: Mapping[str, Any]) -> dict[str, Any]:
    ran = {"args", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "ports", "restartPolicy"}
    return {**{k: v for k, v in container.items() if k not in ran}, "command": HARMLESS}
