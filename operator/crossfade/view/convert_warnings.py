"""What of a Deployment and its surroundings has no counterpart in a Rollout, or behaves otherwise there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crossfade.api.labels import PREFIX
from crossfade.view.autoscalers import misled, scaling
from crossfade.view.convert_service import LAST_APPLIED, headless, selecting
from crossfade.view.convert_strategy import recreates, surge_is_cut
from crossfade.view.nearness import uneven

Object = Mapping[str, Any]

UNTOLD = (
    LAST_APPLIED,
    "deployment.kubernetes.io/",
    "meta.helm.sh/",
    "argocd.argoproj.io/",
    "kubectl.kubernetes.io/",
)
"""Annotations of a Deployment that mean nothing to anybody but the tool that wrote them."""

HELM_RELEASE = "meta.helm.sh/release-name"


def warnings(
    deployment: Object,
    manifest: Object,
    service: Object | None,
    services: Sequence[Object],
    autoscalers: Sequence[Object],
    budgets: Sequence[Object],
) -> Iterator[str]:
    """Give each as a sentence with what to do about it."""
    yield from _state(deployment)
    yield from _clipped(deployment, manifest)
    yield from _left_out(deployment)
    yield from _makers(deployment, service)
    yield from _strategy(deployment, manifest)
    yield from _pods(deployment, manifest)
    yield from _service(deployment, service, services)
    if "traffic" not in manifest["spec"]:
        yield from uneven(next(iter(manifest["spec"]["strategy"])), service)
    yield from _autoscalers(deployment, manifest, autoscalers)
    yield from _budgets(deployment, budgets)


def _state(deployment: Object) -> Iterator[str]:
    spec, status, name = deployment["spec"], deployment.get("status") or {}, deployment["metadata"]["name"]
    if spec.get("paused"):
        yield (
            "The Deployment is paused, which a Rollout does not take over: its template may be newer than what its "
            f"pods run, and the Rollout releases the template. `kubectl rollout history deployment/{name}` shows both."
        )
    elif spec.get("replicas", 1) and not _settled(deployment, status):
        yield (
            "The Deployment is in the middle of an update: its template is not what all of its pods run. "
            f"`kubectl rollout status deployment/{name}` waits for the end; convert it then."
        )
    if spec.get("replicas", 1) == 0:
        yield "The Deployment has 0 replicas, and so will the Rollout: it serves nothing until it is scaled."


def _settled(deployment: Object, status: Object) -> bool:
    current = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    wanted = deployment["spec"].get("replicas", 1)
    return current and {status.get("updatedReplicas"), status.get("replicas")} == {wanted}


def _clipped(deployment: Object, manifest: Object) -> Iterator[str]:
    for field in ("minReadySeconds", "progressDeadlineSeconds", "revisionHistoryLimit"):
        before, after = deployment["spec"].get(field), manifest["spec"].get(field)
        if after is not None and before != after:
            yield f"{field} is {after} instead of {before}: that is the most that a Rollout accepts."
    if "rolling" in manifest["spec"]["strategy"] and surge_is_cut(deployment):
        yield "maxSurge is 100% instead of more: a Rollout has at most twice its replicas."


def _left_out(deployment: Object) -> Iterator[str]:
    meta = deployment["metadata"]
    lost = sorted(key for key in meta.get("annotations") or () if not key.startswith(UNTOLD))
    if lost:
        yield (
            f"Annotations of the Deployment are not carried over: {', '.join(lost)}. Tools that read them look at "
            "Deployments; those of the pod template are kept."
        )
    ours = (deployment["spec"]["template"].get("metadata") or {}).get("labels") or {}
    if any(key.startswith(PREFIX) for key in ours):
        yield f"Labels of the pods that begin with {PREFIX} are left out: Crossfade sets its own."


def _makers(deployment: Object, service: Object | None) -> Iterator[str]:
    """Whoever made the objects may make them again, or take them away."""
    meta = deployment["metadata"]
    for owner in meta.get("ownerReferences") or ():
        yield (
            f"{owner.get('kind')} {owner.get('name')} owns the Deployment and may make it anew when it is deleted: it "
            "must stop making it."
        )
    for kind, found in (("Deployment", deployment), ("Service", service)):
        release = ((found or {}).get("metadata", {}).get("annotations") or {}).get(HELM_RELEASE)
        if release:
            yield (
                f"Helm release {release} holds the {kind}: its next upgrade writes it as the chart says. Take the "
                + ("Deployment" if kind == "Deployment" else "Service's selector")
                + " out of the chart once the Rollout is Healthy."
            )


def _strategy(deployment: Object, manifest: Object) -> Iterator[str]:
    strategy = manifest["spec"]["strategy"]
    if "canary" in strategy:
        yield "The canary's steps are an example: edit weights and pauses before you apply it."
    if recreates(deployment) and "recreate" not in strategy:
        yield (
            "The Deployment recreates its pods, perhaps because two versions must not run at once; with "
            f"{next(iter(strategy))} they do."
        )


def _pods(deployment: Object, manifest: Object) -> Iterator[str]:
    pod = deployment["spec"]["template"]["spec"]
    grace_s = pod.get("terminationGracePeriodSeconds")
    if grace_s is not None and grace_s < 2 and "service" in manifest["spec"]:
        yield (
            f"terminationGracePeriodSeconds is {grace_s}: there is no time to drain, and requests may be lost when "
            "pods end. 30 leaves enough."
        )
    alone = sorted(set(_bound_to_one(pod)))
    if alone and "recreate" not in manifest["spec"]["strategy"]:
        yield (
            f"The pods use {', '.join(alone)}, which two pods of a node or cluster may not be able to share: new pods "
            "may not start beside the old ones. --strategy recreate never runs both."
        )


def _bound_to_one(pod: Object) -> Iterator[str]:
    if pod.get("hostNetwork"):
        yield "hostNetwork"
    for container in pod.get("containers") or ():
        yield from (
            f"hostPort {port['hostPort']}" for port in container.get("ports") or () if port.get("hostPort")
        )
    for volume in pod.get("volumes") or ():
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim:
            yield f"the volume claim {claim}"


def _service(deployment: Object, service: Object | None, services: Sequence[Object]) -> Iterator[str]:
    mine = service["metadata"]["name"] if service else ""
    others = [each["metadata"]["name"] for each in selecting(deployment, services) if each is not service]
    if service is not None and headless(service):
        yield (
            f"Service {mine} is headless: clients find pods by DNS and keep what they found, so requests follow a "
            "change of the selector late."
        )
    if service is not None and service["spec"].get("publishNotReadyAddresses"):
        yield (
            f"Service {mine} has publishNotReadyAddresses: pods get requests before they are ready, and no strategy "
            "can keep them from it. Take it out."
        )
    if others:
        which = f"Service {others[0]} selects" if len(others) == 1 else f"Services {', '.join(others)} select"
        not_by = f" and not {mine}" if mine else ""
        yield (
            f"{which} the same pods by labels of the template: requests through it{not_by} reach the pods of every "
            "revision as soon as they are ready, whatever the strategy says."
        )


def _autoscalers(deployment: Object, manifest: Object, autoscalers: Sequence[Object]) -> Iterator[str]:
    found = targeting(deployment, autoscalers)
    for each in found:
        name = each["metadata"]["name"]
        owners = [f"{o.get('kind')} {o.get('name')}" for o in each["metadata"].get("ownerReferences") or ()]
        where = f" (made by {', '.join(owners)}: change it there)" if owners else ""
        yield (
            f"HorizontalPodAutoscaler {name} scales the Deployment: it must scale the Rollout instead{where}, and the "
            "manifest must not say replicas once it does. The steps say when."
        )
    yield from misled(next(iter(manifest["spec"]["strategy"])), found)


def targeting(deployment: Object, autoscalers: Sequence[Object]) -> list[Object]:
    """Give the autoscalers that scale this Deployment."""
    return scaling("Deployment", deployment["metadata"]["name"], autoscalers)


def _budgets(deployment: Object, budgets: Sequence[Object]) -> Iterator[str]:
    labels = (deployment["spec"]["template"].get("metadata") or {}).get("labels") or {}
    for each in budgets:
        selector = each["spec"].get("selector")
        if selector is not None and _matches(selector, labels):
            yield (
                f"PodDisruptionBudget {each['metadata']['name']} goes on protecting the pods, those of both revisions "
                "together while a release is under way: a fixed minAvailable then lets more of the serving ones be "
                "evicted than you may think."
            )


def _matches(selector: Object, labels: Mapping[str, str]) -> bool:
    """Whether a label selector with both kinds of requirements selects these labels; an empty one selects all."""
    exact = (selector.get("matchLabels") or {}).items() <= labels.items()
    return exact and all(_fulfils(each, labels) for each in selector.get("matchExpressions") or ())


def _fulfils(requirement: Object, labels: Mapping[str, str]) -> bool:
    key, values = requirement["key"], requirement.get("values") or ()
    match requirement["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
