"""Turns raw objects into the core's values: one function for each kind of value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from crossfade.api.labels import ANNOTATION_ANY_REVISION, LABEL_OWNER_UID, LABEL_REVISION, LABEL_ROLLOUT
from crossfade.controller.lean import others_writing
from crossfade.controller.slices import Endpoints
from crossfade.core.observed import (
    Exit,
    Identity,
    Pod,
    SeenGateway,
    SeenRoute,
    SeenService,
    Side,
    Stranger,
    Waiting,
)

Obj = Mapping[str, Any]

_STARTING: Final = frozenset({"ContainerCreating", "PodInitializing"})
_TAKEN_BY_NODE: Final = frozenset(
    {"Evicted", "Preempting", "NodeShutdown", "NodeLost", "NodeAffinity", "Shutdown", "Terminated"}
)
"""Reasons of a Failed pod that speak of its node: the kubelet's admission, evictions and shutdowns."""
_NO_ROOM: Final = ("OutOf", "UnexpectedAdmissionError")
_ENDED: Final = frozenset({"Failed", "Succeeded"})
_LOST_BY_NODE: Final = frozenset({"Unknown", "ContainerStatusUnknown"})
"""Reasons of an end that nobody saw: exit code 255 after a reboot, 137 where the runtime had lost the container."""


FIRST_LOOK_S: Final = 1.0
"""The kubelet writes the first conditions with the start, at most a turn of the second later."""


def identity_of(obj: Obj) -> Identity:
    """Which object it is, and in which version it was seen."""
    meta = obj["metadata"]
    return Identity(meta["uid"], meta["resourceVersion"])


def label(obj: Obj, name: str) -> str:
    """The value of a label, "" where it has none."""
    return str((obj["metadata"].get("labels") or {}).get(name, ""))


def is_ours(obj: Obj, rollout_uid: str) -> bool:
    """Whether that very Rollout made it: by owner reference, or by label where it is to outlive its Rollout."""
    return is_owned_by(obj, rollout_uid) or label(obj, LABEL_OWNER_UID) == rollout_uid


def is_owned_by(obj: Obj, uid: str) -> bool:
    """Whether the object with that UID owns it."""
    return any(owner["uid"] == uid for owner in obj["metadata"].get("ownerReferences") or ())


def is_current(obj: Obj) -> bool:
    """Whether its status is about its newest spec."""
    return observed_generation(obj) >= generation(obj)


def generation(obj: Obj) -> int:
    """The number of its present spec; 0 where the server gives none."""
    return int(obj["metadata"].get("generation", 0))


def observed_generation(obj: Obj) -> int:
    """The generation that its status speaks of; 0 where it has none yet."""
    return int((obj.get("status") or {}).get("observedGeneration", 0))


def is_made_for(obj: Obj, rollout: str, revision: str) -> bool:
    """Whether a Deployment is as that Rollout makes one: by its name and its selector, which nobody can change.

    What is not was marked as ours by somebody who may edit it: it is neither scaled nor deleted in his place.
    """
    selector = _match_labels(obj)
    named = bool(rollout and revision) and obj["metadata"]["name"] == f"{rollout}-{revision}"
    return named and (selector.get(LABEL_ROLLOUT), selector.get(LABEL_REVISION)) == (rollout, revision)


def is_orphan(obj: Obj, rollout: str, selector: Obj) -> bool:
    """Whether it has every mark of that Rollout but an owner: somebody took that away, and it is taken back.

    A Deployment that was given back has no label any more, and is nobody's.
    """
    owned = obj["metadata"].get("ownerReferences") or label(obj, LABEL_OWNER_UID)
    marked = bool(rollout) and label(obj, LABEL_ROLLOUT) == rollout == selector.get(LABEL_ROLLOUT)
    return marked and not owned


def revision_of_deployment(obj: Obj) -> str:
    """The revision of a Deployment of ours, "" for any other.

    By its name and its selector where they agree, since nobody can change those; else by its label.
    """
    revision = str(_match_labels(obj).get(LABEL_REVISION, ""))
    named = revision and obj["metadata"]["name"].endswith(f"-{revision}")
    return revision if named else label(obj, LABEL_REVISION)


def _match_labels(obj: Obj) -> Obj:
    return ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}


def side_of(obj: Obj, rollout_uid: str, rollout: str = "") -> Side:
    """Read a Deployment; what its status does not say is 0."""
    meta, status = obj["metadata"], obj.get("status") or {}
    refusal, available = _condition(status, "ReplicaFailure"), _condition(status, "Available")
    revision = revision_of_deployment(obj)
    marked = is_ours(obj, rollout_uid) or is_orphan(obj, rollout, _match_labels(obj))
    return Side(
        identity=identity_of(obj),
        revision=revision,
        desired=(obj.get("spec") or {}).get("replicas", 1),
        replicas=status.get("replicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        updated=status.get("updatedReplicas", 0),
        terminating=status.get("terminatingReplicas"),
        current=is_current(obj),
        ours=marked and is_made_for(obj, rollout, revision),
        refusal=refusal.get("message", "") if refusal.get("status") == "True" else "",
        edited_by=_other_writer(obj, "template"),
        scaled_by=_other_writer(obj, "replicas"),
        created_at=_moment(meta.get("creationTimestamp")),
        manifest=obj,
        available_since=_moment(available.get("lastTransitionTime"))
        if available.get("status") == "True"
        else None,
        generation=generation(obj),
        observed_generation=observed_generation(obj),
    )


def _other_writer(obj: Obj, field: str) -> str:
    """Who else, as a field manager, has changed that field of a Deployment's spec; "" where nobody has."""
    writers = others_writing(obj["metadata"].get("managedFields") or (), field)
    return str(writers[0].get("manager") or "somebody") if writers else ""


def service_of(obj: Obj, endpoints: Endpoints, rollout_uid: str, rollout: str = "") -> SeenService:
    """Read a Service, with what its EndpointSlices say."""
    selector = (obj.get("spec") or {}).get("selector") or {}
    return SeenService(
        identity=identity_of(obj),
        name=obj["metadata"]["name"],
        ours=is_ours(obj, rollout_uid) or is_orphan(obj, rollout, selector),
        owner=label(obj, LABEL_ROLLOUT),
        selector=selector,
        manifest=obj,
        ready=endpoints.ready,
        serving=endpoints.serving,
        foreign=endpoints.foreign,
    )


def route_of(kind: str, obj: Obj, rollout_uid: str) -> SeenRoute:
    """Read a route. Unlike a Service, one with our label and no owner is not ours: a person may have put the label on it."""
    return SeenRoute(
        identity=identity_of(obj),
        kind=kind,
        name=obj["metadata"]["name"],
        ours=is_ours(obj, rollout_uid),
        owner=label(obj, LABEL_ROLLOUT),
        manifest=obj,
    )


def gateway_of(place: str, gateway_class: Obj) -> SeenGateway:
    """Read the class of the Gateway at `namespace/name`. Features are texts, or objects with a name (since 1.3)."""
    told = (gateway_class.get("status") or {}).get("supportedFeatures")
    names = (each.get("name", "") if isinstance(each, Mapping) else each for each in told or ())
    return SeenGateway(
        name=place,
        controller=(gateway_class.get("spec") or {}).get("controllerName", ""),
        features=None if told is None else frozenset(map(str, names)),
    )


def stranger_of(kind: str, obj: Obj) -> Stranger:
    """Read a Service or Deployment that is nobody's of ours."""
    meta, spec = obj["metadata"], obj.get("spec") or {}
    selector = spec.get("selector") or {}
    return Stranger(
        kind=kind,
        name=meta["name"],
        selector=selector if kind == "Service" else _exact(selector),
        any_revision=(meta.get("annotations") or {}).get(ANNOTATION_ANY_REVISION) == "true",
        replicas=spec.get("replicas", 1) if kind == "Deployment" else 0,
        template=spec.get("template") or {},
    )


def _exact(selector: Obj) -> Mapping[str, str]:
    """A selector's labels; one with expressions matches fewer pods than these tell, so that it is not judged."""
    return {} if selector.get("matchExpressions") else selector.get("matchLabels") or {}


def pod_of(obj: Obj) -> Pod:
    """Read a pod."""
    status = obj.get("status") or {}
    scheduled = _condition(status, "PodScheduled")
    statuses = list(_container_statuses(obj))
    waiting = [(one, (one.get("state") or {}).get("waiting")) for one in statuses]
    return Pod(
        name=obj["metadata"]["name"],
        revision=label(obj, LABEL_REVISION),
        ready=_condition(status, "Ready").get("status") == "True",
        leaving=_is_leaving(obj),
        exits=tuple(_exits(obj)),
        waiting=tuple(
            Waiting(one["name"], state.get("reason", ""), state.get("message", ""))
            for one, state in waiting
            if state and state.get("reason") not in _STARTING
        ),
        unschedulable=scheduled.get("message", "") if scheduled.get("reason") == "Unschedulable" else "",
        pulled=_is_pulled(obj, statuses),
        uid=obj["metadata"]["uid"],
        started=status.get("phase", "Pending") != "Pending",
        unready=tuple(one["name"] for one in status.get("containerStatuses") or () if _is_unready(one)),
        ended=status.get("phase") in _ENDED,
        ends=_ends(obj),
        node_lost=_taken(status),
        was_ready=_was_ready(status),
    )


def _was_ready(status: Obj) -> bool:
    """Whether it is ready, or was: the condition turned False again, later than when the kubelet took the pod up.

    One clock writes both, to the second. What was ready for less than that has served nobody: no node knew of it.
    """
    ready, begun = _condition(status, "Ready"), _moment(status.get("startTime"))
    changed = _moment(ready.get("lastTransitionTime"))
    if ready.get("status") == "True" or begun is None or changed is None:
        return ready.get("status") == "True"
    return (changed - begun).total_seconds() > FIRST_LOOK_S


def _is_unready(one: Obj) -> bool:
    return "running" in (one.get("state") or {}) and not one.get("ready")


def newest_note(events: Iterable[Obj]) -> str:
    """What the newest of some events says, "" where there is none.

    `BackOff` is left out: it only says that what failed is tried again later. One that is told again and again has its last time in its series, or, told by an older client, in a field of old.
    """
    told = (each for each in events if each.get("reason") != "BackOff")
    return max(((_told_at(each), each.get("note") or "") for each in told), default=("", ""))[1]


def _told_at(event: Obj) -> str:
    """The time as the API server writes it, to the second, so that all of them compare."""
    last = (event.get("series") or {}).get("lastObservedTime") or event.get("deprecatedLastTimestamp")
    return str(last or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")[:19]


def _is_leaving(obj: Obj) -> bool:
    """Deleted, evicted or preempted: what its containers do is not the revision's fault."""
    return bool(obj["metadata"].get("deletionTimestamp") or _taken(obj.get("status") or {}))


def _taken(status: Obj) -> str:
    """Why its node, or what clears nodes, took a pod, as "Evicted: the node was low on memory"; "" where that is not so."""
    reason, disrupted = status.get("reason") or "", _condition(status, "DisruptionTarget")
    of_node = reason in _TAKEN_BY_NODE or reason.startswith(_NO_ROOM)
    if status.get("phase") == "Failed" and of_node:
        return _sentence(reason, status.get("message"))
    if disrupted.get("status") == "True":
        return _sentence(disrupted.get("reason") or "DisruptionTarget", disrupted.get("message"))
    return ""


def _sentence(word: str, more: str | None) -> str:
    return f"{word}: {more.strip()}" if more and more.strip() else word


def _exits(obj: Obj) -> Iterator[Exit]:
    """Each container's ends that are still told of.

    An init container ends in the course of things, so only its failures count; a sidecar, which is an init
    container that is restarted always, counts as a container.
    """
    to_end = _init_containers(obj)
    for one in _container_statuses(obj):
        for end in _told_ends(one):
            if not (one["name"] in to_end and end.get("exitCode") == 0):
                yield from _exit(one, end)


def _init_containers(obj: Obj) -> frozenset[str]:
    """Names of the containers that are to end before the others start."""
    inits = (obj.get("spec") or {}).get("initContainers") or ()
    return frozenset(c["name"] for c in inits if c.get("restartPolicy") != "Always")


def _told_ends(one: Obj) -> list[Obj]:
    """The ends that a container's status tells of, the older one first."""
    told = ((one.get(state) or {}).get("terminated") for state in ("lastState", "state"))
    return [end for end in told if end]


def _ends(obj: Obj) -> int:
    to_end = _init_containers(obj)
    return sum(_ends_of(one, to_end=one["name"] in to_end) for one in _container_statuses(obj))


def _ends_of(one: Obj, *, to_end: bool) -> int:
    """How often a container has ended; 0 for an init container that has done its work, this time or the time before."""
    told, now = _told_ends(one), one.get("state") or {}
    if to_end and told and told[-1].get("exitCode") == 0:
        return 0
    is_down = bool(now.get("terminated") or (now.get("waiting") and told))
    return int(one.get("restartCount", 0)) + is_down


def _exit(status: Obj, end: Obj) -> Iterator[Exit]:
    at, reason = _moment(end.get("finishedAt")), end.get("reason", "")
    if at is not None:  # a container whose runtime had lost it has no time, and is no crash
        restarts, by_node = status.get("restartCount", 0), reason in _LOST_BY_NODE
        message = end.get("message", "")
        yield Exit(status["name"], end.get("exitCode", 0), reason, message, at, restarts, by_node)


def _is_pulled(obj: Obj, statuses: Iterable[Obj]) -> bool:
    spec = obj.get("spec") or {}
    names = {c["name"] for c in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))}
    return bool(names) and names == {one["name"] for one in statuses if one.get("imageID")}


def _container_statuses(obj: Obj) -> Iterator[Obj]:
    status = obj.get("status") or {}
    yield from status.get("initContainerStatuses") or ()
    yield from status.get("containerStatuses") or ()


def _condition(status: Obj, kind: str) -> Obj:
    return next((c for c in status.get("conditions") or () if c.get("type") == kind), {})


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
