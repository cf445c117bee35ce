"""Which ports of a Service a pod template declares.

A Service that names a port finds it in the containers of each pod. Where none has it, the pod is listed as ready and without
that port, and every connection to it fails. A number needs no declaration: then a list in the template is only a hint.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Object = Mapping[str, Any]

Declared = frozenset[tuple[str | int, str]]
"""Names and numbers, each with its protocol."""


def declared(template: Object) -> Declared:
    """The ports that the containers declare, by name and by number."""
    listed = [port for container in _containers(template) for port in _objects(container.get("ports"))]
    keys = (
        (port.get(key), str(port.get("protocol") or "TCP"))
        for port in listed
        for key in ("name", "containerPort")
    )
    return frozenset((key, protocol) for key, protocol in keys if isinstance(key, str | int))


def _containers(template: Object) -> list[Object]:
    """Those that stay: the containers, and init containers that are sidecars."""
    pod = template.get("spec") or {}
    sidecars = (c for c in _objects(pod.get("initContainers")) if c.get("restartPolicy") == "Always")
    return [*_objects(pod.get("containers")), *sidecars]


def undeclared_names(ports: Iterable[Object], template: Object) -> list[str]:
    """The names that the Service sends requests to, and that the template does not declare."""
    return [str(target) for target in _missing(ports, template) if isinstance(target, str)]


def undeclared_numbers(ports: Iterable[Object], template: Object) -> list[int]:
    """The numbers that the Service sends requests to, and that the template does not declare."""
    return [target for target in _missing(ports, template) if isinstance(target, int)]


def tcp_numbers(ports: Iterable[Object], template: Object) -> list[int]:
    """The numbers of the pods' TCP ports that the Service sends requests to, names looked up in the template."""
    named = {
        (port.get("name"), str(port.get("protocol") or "TCP")): port.get("containerPort")
        for container in _containers(template)
        for port in _objects(container.get("ports"))
    }
    targets = (
        port.get("targetPort") or port.get("port") for port in ports if port.get("protocol", "TCP") == "TCP"
    )
    found = (named.get((each, "TCP")) if isinstance(each, str) else each for each in targets)
    return sorted({each for each in found if isinstance(each, int)})


def probed_numbers(template: Object) -> tuple[int, ...]:
    """The TCP ports that readiness probes connect to: something listens there in a pod that is ready."""
    found = set[int]()
    for container in _containers(template):
        probe = container.get("readinessProbe")
        asked = (
            [probe.get(kind) for kind in ("httpGet", "tcpSocket", "grpc")]
            if isinstance(probe, Mapping)
            else []
        )
        ports = [{"targetPort": each.get("port")} for each in asked if isinstance(each, Mapping)]
        found.update(tcp_numbers(ports, template))
    return tuple(sorted(found))


def _missing(ports: Iterable[Object], template: Object) -> Iterator[str | int]:
    known = declared(template)
    for port in ports:
        target = port.get("targetPort") or port.get("port")
        if isinstance(target, str | int) and (target, str(port.get("protocol") or "TCP")) not in known:
            yield target


def _objects(listed: Any) -> list[Object]:
    """What of a list can be read; the API server refuses the rest."""
    return [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
