"""The Service in front of a Deployment's pods, and who else writes its selector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from crossfade.api.labels import FIELD_MANAGER, LABEL_ROLLOUT
from crossfade.api.parsing import parsed
from crossfade.view.convert_error import ConversionError

Object = Mapping[str, Any]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True)
class Writer:
    """Somebody who writes the selector again at each apply.

    `client`: by a patch from what was applied before (kubectl apply, Argo CD by default). `server`: as an owner of the
    field, under `manager` (kubectl apply --server-side, Flux).
    """

    side: Literal["client", "server"]
    manager: str = ""


def selecting(deployment: Object, services: Sequence[Object]) -> list[Object]:
    """Give the Services that select the Deployment's pods, by name."""
    labels = (deployment["spec"]["template"].get("metadata") or {}).get("labels") or {}
    found = [each for each in services if selects(each, labels)]
    return sorted(found, key=lambda each: str(each["metadata"]["name"]))


def selects(service: Object, labels: Mapping[str, str]) -> bool:
    """Whether pods with these labels get the Service's requests."""
    spec = service.get("spec") or {}
    selector = spec.get("selector") or {}
    return bool(selector) and spec.get("type") != "ExternalName" and selector.items() <= labels.items()


def headless(service: Object) -> bool:
    """Whether the Service only names its pods in DNS, so that no selector moves requests."""
    return bool(service["spec"].get("clusterIP") == "None")


def chosen_service(deployment: Object, services: Sequence[Object], wanted: str | None) -> Object | None:
    """Give the Service to take over; None where no Service selects the pods.

    Of several the one named like the Deployment; headless ones and those without ports only where they are asked for.
    Raises ConversionError where the user must choose, or has chosen one that cannot be taken over.
    """
    found = selecting(deployment, services)
    if wanted is not None:
        return _named(wanted, found, services)
    fit = [each for each in found if not headless(each) and each["spec"].get("ports")]
    same_name = [each for each in fit if each["metadata"]["name"] == deployment["metadata"]["name"]]
    candidates = same_name or fit
    if len(candidates) > 1:
        names = ", ".join(each["metadata"]["name"] for each in candidates)
        raise ConversionError(
            f"Several Services select its pods: {names}. Choose the one to take over with --service."
        )
    return _free(candidates[0]) if candidates else None


def _named(wanted: str, found: Sequence[Object], services: Sequence[Object]) -> Object:
    service = next((each for each in found if each["metadata"]["name"] == wanted), None)
    if service is None:
        exists = any(each["metadata"]["name"] == wanted for each in services)
        what = f"Service {wanted} does not select its pods" if exists else f"There is no Service {wanted}"
        names = ", ".join(each["metadata"]["name"] for each in found) or "none"
        raise ConversionError(f"{what}. Its pods are selected by: {names}.")
    if not service["spec"].get("ports"):
        raise ConversionError(
            f"Service {wanted} has no ports, so there is no traffic to move: choose another one."
        )
    return _free(service)


def _free(service: Object) -> Object:
    meta = service["metadata"]
    owner = (meta.get("labels") or {}).get(LABEL_ROLLOUT)
    if owner:
        raise ConversionError(
            f"Service {meta['name']} belongs to Rollout {owner} already: two cannot serve behind one Service."
        )
    return service


def ports_of(service: Object) -> list[dict[str, Any]]:
    """Give the ports as a Rollout writes them. What it has no field for (nodePort, appProtocol) stays on the Service."""
    return [_port(port) for port in service["spec"]["ports"]]


def _port(port: Object) -> dict[str, Any]:
    fields = {
        "name": port.get("name"),
        "port": port["port"],
        "targetPort": port.get("targetPort") or port["port"],
        "protocol": port.get("protocol") if port.get("protocol") != "TCP" else None,
    }
    return {key: value for key, value in fields.items() if value is not None}


def writers(service: Object) -> list[Writer]:
    """Give who writes the selector again at each apply, the operator left out.

    What was written once by hand (kubectl create, expose, edit) is not: those who only update stay in managedFields
    for ever, and so does `kubectl-client-side-apply`, which is known by its annotation instead.
    """
    client = [Writer("client")] if _applied_selector(service) else []
    return [*client, *(Writer("server", manager) for manager in sorted(set(_appliers(service))))]


def _applied_selector(service: Object) -> bool:
    text = (service["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    try:
        applied = parsed(text or "{}")
        return bool((applied.get("spec") or {}).get("selector"))
    except (ValueError, AttributeError):
        return False


def _appliers(service: Object) -> Iterator[str]:
    for entry in _owners_of_selector(service):
        applies = entry.get("operation") == "Apply" and not entry.get("subresource")
        if applies and entry.get("manager") != FIELD_MANAGER:
            yield str(entry.get("manager", ""))


def owns_selector(service: Object, manager: str) -> bool:
    """Whether the selector stays when all others cease to apply it, since this field manager has applied it too."""
    mine = (entry for entry in _owners_of_selector(service) if entry.get("manager") == manager)
    return any(entry.get("operation") == "Apply" for entry in mine)


def _owners_of_selector(service: Object) -> Iterator[Object]:
    for entry in service["metadata"].get("managedFields") or ():
        if "f:selector" in ((entry.get("fieldsV1") or {}).get("f:spec") or {}):
            yield entry
