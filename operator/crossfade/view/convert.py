"""A plain Deployment, and the Service in front of its pods, as a Rollout that takes them over.

Raw objects in, a manifest with warnings and steps out; nothing is asked of a cluster. `convert_service` finds the Service
and who writes its selector, `convert_strategy` the strategy, `convert_traffic` the route, `convert_warnings` what has no counterpart, `convert_steps`
the order in which nothing is lost.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossfade.api.base import WEEK_SECONDS
from crossfade.api.labels import API_VERSION, LABEL_ROLLOUT, PREFIX
from crossfade.api.rollout import Rollout
from crossfade.api.strict import InvalidObjectError, parse_strict
from crossfade.core.revision import revision_of
from crossfade.view.convert_defaults import as_written
from crossfade.view.convert_error import ConversionError
from crossfade.view.convert_service import chosen_service, ports_of
from crossfade.view.convert_steps import steps
from crossfade.view.convert_strategy import strategy_name, strategy_of
from crossfade.view.convert_traffic import traffic_of
from crossfade.view.convert_warnings import warnings

Object = Mapping[str, Any]

MOST_REVISIONS = 50
DEADLINE_S = 600
BOOKKEEPING = (
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/instance",
    "argocd.argoproj.io/",
    "helm.sh/",
    "helm.toolkit.fluxcd.io/",
    "kustomize.toolkit.fluxcd.io/",
    PREFIX,
)
"""Labels by which tools know what they have made: on the Rollout they would say that somebody else made it."""


@dataclass(frozen=True)
class Around:
    """What else is in the Deployment's namespace, as raw objects; `rollouts` are names."""

    services: Sequence[Object] = ()
    autoscalers: Sequence[Object] = ()
    budgets: Sequence[Object] = ()
    rollouts: Collection[str] = ()
    routes: Sequence[Object] = ()


@dataclass(frozen=True)
class Wish:
    """What the user chose; None leaves it to what is found."""

    strategy: str | None = None
    service: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Conversion:
    """The Rollout's manifest, what has no counterpart, and the order in which no request is lost."""

    manifest: dict[str, Any]
    warnings: tuple[str, ...]
    steps: tuple[str, ...]


def converted(deployment: Object, around: Around, wish: Wish, *, scope: str = "") -> Conversion:
    """Give the Rollout that takes the Deployment over.

    `scope` is what the commands to type next need in addition, such as `-n shop`. Raises ConversionError where no
    Rollout can take it over, or where the user must choose first.
    """
    name = wish.name or default_name(deployment)
    _refuse_our_own(deployment, name, around)
    service = chosen_service(deployment, around.services, wish.service)
    chosen = strategy_name(deployment, wish.strategy)
    route = traffic_of(service, around.routes, chosen)
    manifest = _manifest(deployment, name, service, strategy_of(deployment, chosen), route.traffic)
    _refuse_invalid(manifest)
    _refuse_its_own_name(deployment, manifest)
    told = warnings(deployment, manifest, service, around.services, around.autoscalers, around.budgets)
    exists = [_exists(name)] if name in around.rollouts else []
    order = steps(deployment, manifest, service, around.autoscalers, scope)
    return Conversion(manifest, (*exists, *route.warnings, *told), tuple(order))


def default_name(deployment: Object) -> str:
    """Give the name of the Rollout: the Deployment's, or the Rollout's that gave this Deployment back."""
    meta = deployment["metadata"]
    return str((meta.get("labels") or {}).get(LABEL_ROLLOUT) or meta["name"])


def _manifest(
    deployment: Object, name: str, service: Object | None, strategy: Object, traffic: Object | None
) -> dict[str, Any]:
    spec, meta = deployment["spec"], deployment["metadata"]
    labels = {k: v for k, v in (meta.get("labels") or {}).items() if not k.startswith(BOOKKEEPING)}
    fields = {
        "replicas": spec.get("replicas", 1),
        "template": template_of(deployment),
        "service": service
        and {"name": service["metadata"]["name"], "ports": ports_of(service), "adopt": True},
        "traffic": traffic,
        "strategy": strategy,
        "minReadySeconds": _at_most(spec.get("minReadySeconds"), WEEK_SECONDS - 1),
        "progressDeadlineSeconds": _deadline(spec.get("progressDeadlineSeconds")),
        "revisionHistoryLimit": _at_most(spec.get("revisionHistoryLimit"), MOST_REVISIONS),
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "Rollout",
        "metadata": {
            "name": name,
            "namespace": meta.get("namespace", ""),
            **({"labels": labels} if labels else {}),
        },
        "spec": {key: value for key, value in fields.items() if value is not None},
    }


def template_of(deployment: Object) -> dict[str, Any]:
    """Give the pod template as its author wrote it.

    Left out are what the API server has filled in, the empty `creationTimestamp` that some servers write, and the labels
    that Crossfade sets itself. The pods are the same. The revision is not that of the stored template, whose hash is over
    all of it: a Rollout that holds the longer form, or takes it from the Deployment by `workloadRef`, releases this one
    once, to pods that are the same.
    """
    template = as_written(deployment["spec"]["template"])
    meta = {k: v for k, v in (template.get("metadata") or {}).items() if k != "creationTimestamp"}
    if "labels" in meta:
        meta["labels"] = {k: v for k, v in (meta["labels"] or {}).items() if not k.startswith(PREFIX)}
    return {**template, "metadata": meta} if meta else {k: v for k, v in template.items() if k != "metadata"}


def _deadline(seconds: int | None) -> int | None:
    """A Rollout has the same default; that of `revisionHistoryLimit` is another one, so what is stored is kept."""
    return None if seconds == DEADLINE_S else _at_most(seconds, WEEK_SECONDS)


def _at_most(value: int | None, limit: int) -> int | None:
    return None if value is None else min(value, limit)


def _refuse_our_own(deployment: Object, name: str, around: Around) -> None:
    meta = deployment["metadata"]
    owner = (meta.get("labels") or {}).get(LABEL_ROLLOUT)
    if owner in around.rollouts:
        raise ConversionError(
            f"Deployment {meta['name']} is made by Rollout {owner}: there is nothing to convert. "
            f"`crossfade status {owner}` shows it."
        )
    if meta.get("deletionTimestamp"):
        raise ConversionError(
            f"Deployment {meta['name']} is being deleted: Rollout {name} could not take over."
        )


def _refuse_invalid(manifest: Object) -> None:
    try:
        parse_strict(Rollout, manifest)
    except InvalidObjectError as error:
        raise ConversionError(
            "The Rollout would be refused: "
            + "; ".join(str(problem) for problem in error.problems)
            + ". Another name is chosen with --name."
        ) from error


def _refuse_its_own_name(deployment: Object, manifest: Object) -> None:
    """The first revision's Deployment must not be the very one that is to be taken over."""
    name, meta = deployment["metadata"]["name"], manifest["metadata"]
    if name == f"{meta['name']}-{revision_of(manifest['spec']['template'])}":
        raise ConversionError(
            f"Rollout {meta['name']} would name its first Deployment {name}, which is this one: choose another name "
            "with --name."
        )


def _exists(name: str) -> str:
    return (
        f"Rollout {name} exists already: applying this changes it. Where its template is written in another form (with "
        "what the API server fills in), that is a new revision, and is released, although its pods are the same. "
        "Another name is chosen with --name."
    )
