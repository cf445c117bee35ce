"""What people did to the objects of a Rollout by hand, told when it is put right. Edits are read, never guessed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crossfade.api.labels import FIELD_MANAGER, LABEL_REVISION, LABEL_ROLLOUT
from crossfade.core import manifests
from crossfade.core.observed import SeenService, Side
from crossfade.core.plan import Verb, Write
from crossfade.core.situation import Situation
from crossfade.core.traffic.selector import selector_before


def repaired(s: Situation, made: Iterable[Write]) -> Iterator[str]:
    """A sentence for each write of `made` that puts right what somebody else did."""
    sides = {manifests.deployment_name(s, side.revision): side for side in s.seen.sides.values()}
    for write in made:
        if write.verb is Verb.APPLY and _unmarked(s, write):
            yield f"the labels of {write.kind} {write.name} were edited: they are as they were again"
        elif write.kind == "Deployment" and write.name in sides:
            yield from _deployment(write, sides[write.name])
        elif write.kind == "Deployment" and write.name == manifests.deployment_name(s, s.stable_revision):
            yield f"Deployment {write.name} was deleted: it is made again"
        elif write.kind == "Deployment" and write.verb is Verb.PATCH:
            yield from _source(s, write)
        elif write.kind.endswith("Route") and write.verb is Verb.PATCH:
            yield from _route(s, write)
        elif write.kind == "Service" and write.verb is Verb.APPLY and write.name in s.seen.services:
            yield from _service(s, s.seen.services[write.name])


def _unmarked(s: Situation, write: Write) -> bool:
    """Whether what is written to is ours, and was not found by its labels."""
    found = {"Deployment": s.seen.found.deployments, "Service": s.seen.found.services}
    seen = found.get(write.kind, {}).get(write.name)
    return seen is not None and seen.ours and seen.identity == write.identity


def _deployment(write: Write, side: Side) -> Iterator[str]:
    if write.verb is Verb.PATCH and side.edited_by and write.body[0]["path"] == "/spec/template":
        yield f"the pod template of {write.name} was edited by {side.edited_by}: it is as it was again"
    replicas = write.body["spec"]["replicas"] if write.verb is Verb.APPLY else side.desired
    if side.scaled_by and replicas != side.desired:
        yield f"{write.name} was scaled to {side.desired} by {side.scaled_by}: it is set back to {replicas}"


def _source(s: Situation, write: Write) -> Iterator[str]:
    """Somebody gives the Deployment of `workloadRef` pods again, after the Rollout's own have taken over."""
    ref, source = s.spec.workload_ref, s.source
    if ref is None or source is None or write.name != ref.name or not (s.stable_revision and source.desired):
        return
    beside = ", and two versions may have run at once" if s.exclusive else ""
    yield (
        f"{write.name} was scaled to {source.desired} by {source.scaled_by or 'somebody'}: it is set back to 0{beside}. "
        "Leave spec.replicas out of what applies it"
    )


def _route(s: Situation, write: Write) -> Iterator[str]:
    """A route that changed although its stage stands, or that splits nothing although the candidate has its requests."""
    live = s.seen.routes.get(f"{write.kind}/{write.name}")
    stands = s.under_way and s.progress.reached_at is not None and not s.progress.rollback_reason
    if live is None or not stands or not write.body[0]["path"].startswith("/spec/rules/"):
        return
    who = _editor(live.manifest, "f:rules")
    yield f"the rules of {live.kind} {live.name} were written by {who}: they are divided again as the release wants"


def _service(s: Situation, live: SeenService) -> Iterator[str]:
    """Ours are selectors of the Rollout's pods, of one revision or of all; an adopted Service begins with its own."""
    ours = live.selector.get(LABEL_ROLLOUT) == s.name and live.selector.keys() <= {
        LABEL_ROLLOUT,
        LABEL_REVISION,
    }
    before = not s.stable_revision and dict(live.selector) == selector_before(live)  # an adoption begins so
    if live.ours and not ours and not before:
        yield f"the selector of Service {live.name} was edited by {_editor(live.manifest, 'f:selector')}: it is ours again"


def _editor(manifest: Mapping[str, Any], field: str) -> str:
    """The field manager that the API server knows as the field's writer."""
    entries = manifest["metadata"].get("managedFields") or ()
    owners = [e.get("manager") for e in entries if field in (e.get("fieldsV1") or {}).get("f:spec", {})]
    return str(next((owner for owner in owners if owner != FIELD_MANAGER), "somebody"))
