"""Objects of others whose selectors match our pods: before the first pod with such labels is made, they are looked for.

A Service that selects them by accident sends its requests to every revision, whatever the stage says. One that is adopted
is meant to; but until its selector is ours alone, what it selects must be what serves already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from crossfade.api.labels import ANNOTATION_ANY_REVISION, LABEL_REVISION, LABEL_ROLLOUT, PREFIX
from crossfade.core.observed import Stranger
from crossfade.core.same import has
from crossfade.core.situation import Situation
from crossfade.core.wanted import target

Labels = Mapping[str, str]

NAMED = 3
"""So many pods are named in a sentence."""

RUNS = ("name", "image", "command", "args", "env", "envFrom")
"""What of a container says that it is the same version; the rest the API server may spell in another way (`0.5`, `500m`)."""


def rogues(s: Situation) -> str:
    """Which pods get requests by our labels, though no revision of ours has made them; "" where none does."""
    service = s.production
    names = service.foreign if service is not None and service.selector.get(LABEL_ROLLOUT) == s.name else ()
    if not names:
        return ""
    shown = ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")
    are = "pod that is" if len(names) == 1 else "pods that are"
    gets = "gets" if len(names) == 1 else "get"
    return f"{len(names)} {are} not of this Rollout {gets} requests: {shown}. Take the labels {LABEL_ROLLOUT} and {LABEL_REVISION} off, or delete what has them"


def are_unread(s: Situation) -> bool:
    """Whether pods with labels that no pod of ours had before are about to be made, and nobody has looked yet."""
    return s.seen.found.strangers is None and not s.under_way and _new_labels(s) is not None


def in_the_way(s: Situation) -> str:
    """Whose selector matches the pods that are about to be made, and the ways out; "" where nobody's does."""
    labels, strangers = _new_labels(s), s.seen.found.strangers
    if labels is None or not strangers:
        return ""
    return next(chain(_services(s, labels), _deployments(s, labels), _other_template(s, labels)), "")


def _new_labels(s: Situation) -> Labels | None:
    """The labels of the pods that are about to be made, as the user gives them; None where we had pods with them before."""
    revision = target(s)
    template = s.template_of(revision)
    if template is None or revision in s.seen.sides:
        return None
    labels = _labels(template)
    return None if labels in _known_labels(s) else labels


def _known_labels(s: Situation) -> list[Labels]:
    """The labels that pods of ours have or had."""
    made = [(side.manifest.get("spec") or {}).get("template") or {} for side in s.seen.sides.values()]
    released = [release.spec.template for release in s.seen.releases if release.spec.template]
    return [_labels(each) for each in (*made, *released)]


def _labels(template: Mapping[str, Any]) -> Labels:
    labels = (template.get("metadata") or {}).get("labels") or {}
    return {key: value for key, value in labels.items() if not key.startswith(PREFIX)}


def _services(s: Situation, labels: Labels) -> Iterator[str]:
    ours = s.service_name if s.adopts else ""
    names = [e.name for e in _selecting(s, "Service", labels) if e.name != ours and not e.any_revision]
    if names:
        yield (
            f"Service {_listed(names)} selects the pods of this template too ({_said(labels)}), so its requests would reach "
            f"every revision: adopt it (service.name: {names[0]}, service.adopt: true), give the template other labels, or "
            f'annotate the Service with {ANNOTATION_ANY_REVISION}: "true" where it may reach every revision'
        )


def _deployments(s: Situation, labels: Labels) -> Iterator[str]:
    if s.adopts or s.spec.workload_ref is not None:
        return
    names = [e.name for e in _selecting(s, "Deployment", labels)]
    if names:
        yield (
            f"Deployment {_listed(names)} selects the pods of this template too ({_said(labels)}): take it over with its "
            f"Service (`crossfade convert deployment/{names[0]}` writes how), or give the template other labels"
        )


def _other_template(s: Situation, labels: Labels) -> Iterator[str]:
    """Behind the Service that is to be adopted, new pods stand beside the old ones as soon as they are ready."""
    found = s.seen.found.services.get(s.service_name) if s.adopts else None
    template = s.template_of(target(s))
    if (
        found is None
        or found.ours
        or not found.selector
        or template is None
        or not _matches(found.selector, labels)
    ):
        return
    named = s.spec.workload_ref.name if s.spec.workload_ref else ""
    for each in s.seen.found.strangers or ():
        serves = each.kind == "Deployment" and each.replicas and each.name != named
        if (
            serves
            and _matches(found.selector, _labels(each.template))
            and not _is_same(each.template, template)
        ):
            yield (
                f"Service {s.service_name} sends requests to Deployment {each.name}, which runs another version: new pods "
                "would get requests beside its pods before any stage. Apply the version that serves first "
                f"(`crossfade convert deployment/{each.name}` writes it), then change it; or give the template labels that "
                "the Service does not select"
            )


def _selecting(s: Situation, kind: str, labels: Labels) -> Iterator[Stranger]:
    """Whose selector matches these pods, and none that we had: what reaches our pods already is no news."""
    known = _known_labels(s)
    for each in s.seen.found.strangers or ():
        selects = each.kind == kind and each.selector and _matches(each.selector, labels)
        if selects and not any(_matches(each.selector, before) for before in known):
            yield each


def _matches(selector: Labels, labels: Labels) -> bool:
    return selector.items() <= labels.items()


def _is_same(live: Mapping[str, Any], template: Mapping[str, Any]) -> bool:
    ours, theirs = (_runs(each) for each in (template, live))
    return len(ours) == len(theirs) and has(theirs, ours)


def _runs(template: Mapping[str, Any]) -> list[dict[str, Any]]:
    spec = template.get("spec") or {}
    listed = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    return [{key: each.get(key) for key in RUNS if each.get(key)} for each in listed]


def _listed(names: list[str]) -> str:
    return ", ".join(sorted(names)[:3])


def _said(labels: Labels) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))
