"""The order of steps in which a Rollout takes a Deployment over and no request is lost.

Why this order, each measured on a cluster:

- A selector that Git still writes comes back with the next apply: client-side it is merged into the operator's,
  server-side a forced apply points production back at the old pods. So its ownership is handed over first, while it
  still means the same.
- Taken out of a file that is applied client-side, the selector is deleted from the Service, since the annotation of the
  last apply still has it. `kubectl apply set-last-applied` changes the annotation alone.
- Taken out of a file that is applied server-side, it is deleted where nobody else owns it. A second owner of the same
  value keeps it, and `crossfade` is the one that the operator writes as later.
- The old pods go last: until then the way back is to delete the Rollout, which gives the Service its selector back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crossfade.api.labels import API_VERSION, FIELD_MANAGER
from crossfade.view.convert_service import Writer, writers
from crossfade.view.convert_warnings import targeting
from crossfade.view.yaml_text import yaml_of

Object = Mapping[str, Any]

FILE = "rollout.yaml"
SERVICE_FILE = "service.yaml"


def steps(
    deployment: Object, manifest: Object, service: Object | None, autoscalers: Sequence[Object], scope: str
) -> Iterator[str]:
    """Give each step as a sentence, commands on lines of their own; `scope` is added to each command."""
    there = f" {scope}" if scope else ""
    scaled = targeting(deployment, autoscalers)
    yield f"Keep the manifest as {FILE}, and see what each release will do:\ncrossfade plan -f {FILE}"
    if service is not None:
        yield from _selector_handed_over(service, writers(service), there)
    if "recreate" in manifest["spec"]["strategy"]:
        yield _stopped_first(deployment, there)
    yield _applied(manifest, service, there, scaled=bool(scaled))
    yield f"Wait until it is Healthy (exit code 0):\ncrossfade status {manifest['metadata']['name']} --watch{there}"
    for each in scaled:
        yield _rescaled(each, manifest, there)
    yield _committed(scaled=bool(scaled))
    yield _removed(deployment, manifest, service, there)


def _selector_handed_over(service: Object, found: Sequence[Writer], there: str) -> Iterator[str]:
    if not found:
        return
    name, sides = service["metadata"]["name"], {writer.side for writer in found}
    who = ", ".join(writer.manager or "client-side apply" for writer in found)
    yield (
        f"The selector of Service {name} is applied again and again ({who}). Pause automatic syncs of it, and take "
        f"`spec.selector` out of its manifest in Git (here {SERVICE_FILE}) without applying that yet."
    )
    if "client" in sides:
        yield (
            "Let the cluster forget that the selector was applied, or the next apply would delete it; nothing else "
            f"changes:\nkubectl apply set-last-applied -f {SERVICE_FILE}{there}"
        )
    if "server" in sides:
        yield (
            "Make Crossfade a second owner of the selector as it is, so that it stays when it is no longer applied; "
            f"nothing else changes:\n{_owned_too(service, there)}"
        )
    flag = " --server-side" if sides == {"server"} else ""
    yield (
        "Apply the manifest without the selector, and let syncs go on: the selector in the cluster stays as it is:\n"
        f"kubectl apply{flag} -f {SERVICE_FILE}{there}"
    )


def _owned_too(service: Object, there: str) -> str:
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": service["metadata"]["name"]},
        "spec": {"selector": service["spec"]["selector"]},
    }
    return (
        f"kubectl apply --server-side --field-manager={FIELD_MANAGER}{there} -f - <<'EOF'\n{yaml_of(body)}EOF"
    )


def _stopped_first(deployment: Object, there: str) -> str:
    name, labels = deployment["metadata"]["name"], deployment["spec"]["selector"].get("matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    return (
        "With recreate two versions must not run at once, so the Deployment stops first. Requests fail from here until "
        "the Rollout's pods are ready; leave this step out where old and new pods may run together:\n"
        f"kubectl scale deployment/{name} --replicas=0{there}\n"
        f"kubectl wait --for=delete pod -l {selector} --timeout=5m{there}"
    )


def _applied(manifest: Object, service: Object | None, there: str, *, scaled: bool) -> str:
    replicas, alone = manifest["spec"]["replicas"], "recreate" in manifest["spec"]["strategy"]
    pods = "1 pod comes" if replicas == 1 else f"{replicas} pods come"
    beside = "" if alone else " beside the Deployment's"
    moved = (
        f", and once available they get Service {service['metadata']['name']}'s requests" if service else ""
    )
    verb = "create" if scaled else "apply"
    note = " (create, not apply: then a later apply without replicas leaves them alone)" if scaled else ""
    return f"Make the Rollout{note}. Its {pods} up{beside}{moved}:\nkubectl {verb} -f {FILE}{there}"


def _rescaled(autoscaler: Object, manifest: Object, there: str) -> str:
    name = autoscaler["metadata"]["name"]
    ref = f'{{"apiVersion":"{API_VERSION}","kind":"Rollout","name":"{manifest["metadata"]["name"]}"}}'
    return (
        f"Point HorizontalPodAutoscaler {name} at the Rollout, here and where it is made:\n"
        f'kubectl patch hpa {name} --type=merge{there} -p \'{{"spec":{{"scaleTargetRef":{ref}}}}}\''
    )


def _committed(*, scaled: bool) -> str:
    without = " without its line `replicas`, which the autoscaler sets now," if scaled else ""
    return f"Put {FILE}{without} into Git in place of the Deployment, where there is one."


def _removed(deployment: Object, manifest: Object, service: Object | None, there: str) -> str:
    name, kind = deployment["metadata"]["name"], manifest["metadata"]["name"]
    back = (
        f" Up to here the way back is `kubectl delete rollouts.crossfade.dev {kind}{there}`: the Service selects the old pods again."
        if service is not None and "recreate" not in manifest["spec"]["strategy"]
        else ""
    )
    idle = "get no requests any more" if service is not None else "do the same work twice"
    return (
        f"Delete the Deployment, whose pods {idle}. It is not needed for going back later.{back}\n"
        f"kubectl delete deployment {name}{there}"
    )
