"""A pod template as its author wrote it: without what the API server fills in where nothing is written.

Left out is only what the server puts back when the pods are made, so they are the same pods. A field that the author wrote
with the very value of the default is left out too, which nobody can tell apart. Defaults: `pkg/apis/core/v1/defaults.go` of
Kubernetes 1.36; those that it has for rare volumes stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Object = Mapping[str, Any]

POD: Final[Object] = {
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
    "nodeName": "",
}
CONTAINER: Final[Object] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": {},
}
PROBE: Final[Object] = {
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}
PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
HANDLER: Final[Mapping[str, Object]] = {"httpGet": {"scheme": "HTTP"}, "grpc": {"service": ""}}
PORT: Final[Object] = {"protocol": "TCP"}
FIELD: Final[Object] = {"apiVersion": "v1"}
MODE: Final[Object] = {"defaultMode": 420}
VOLUME: Final[Mapping[str, Object]] = {
    "configMap": MODE,
    "secret": MODE,
    "downwardAPI": MODE,
    "projected": MODE,
    "hostPath": {"type": ""},
}
TOKEN: Final[Object] = {"expirationSeconds": 3600}


def as_written(template: Object) -> dict[str, Any]:
    """Give the template less the defaults; what was read is not changed."""
    spec = _less(template.get("spec") or {}, POD)
    if spec.get("serviceAccount") == spec.get("serviceAccountName"):
        spec.pop(
            "serviceAccount", None
        )  # the old name of the field, which the server writes beside the new one
    for kind in ("initContainers", "containers"):
        _each(spec, kind, _container)
    _each(spec, "volumes", _volume)
    return {**template, "spec": spec}


def _less(holder: Object, defaults: Object) -> dict[str, Any]:
    return {key: each for key, each in holder.items() if key not in defaults or each != defaults[key]}


def _each(holder: dict[str, Any], field: str, trimmed: Any) -> None:
    if holder.get(field):
        holder[field] = [trimmed(each) for each in holder[field]]


def _within(holder: dict[str, Any], field: str, trimmed: Any) -> None:
    if isinstance(holder.get(field), Mapping):
        holder[field] = trimmed(holder[field])


def _container(container: Object) -> dict[str, Any]:
    pulled = {"imagePullPolicy": pull_policy(str(container.get("image", "")))}
    made = _less(container, {**CONTAINER, **pulled})
    _each(made, "ports", lambda port: _less(port, PORT))
    _each(made, "env", _variable)
    for probe in PROBES:
        _within(made, probe, lambda each: _handler(_less(each, PROBE)))
    _within(made, "lifecycle", lambda hooks: {name: _handler(hook) for name, hook in hooks.items()})
    return made


def pull_policy(image: str) -> str:
    """Give what the server sets for an image: `Always` only for `latest` and for none of tag and digest."""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return "Always" if tag == "latest" or not (tag or digest) else "IfNotPresent"


def _handler(handler: Object) -> dict[str, Any]:
    made = dict(handler)
    for kind, defaults in HANDLER.items():
        _within(made, kind, lambda each, defaults=defaults: _less(each, defaults))
    return made


def _variable(variable: Object) -> dict[str, Any]:
    made = dict(variable)
    _within(made, "valueFrom", _with_field)
    return made


def _with_field(holder: Object) -> dict[str, Any]:
    made = dict(holder)
    _within(made, "fieldRef", lambda ref: _less(ref, FIELD))
    return made


def _volume(volume: Object) -> dict[str, Any]:
    made = dict(volume)
    for kind, defaults in VOLUME.items():
        _within(made, kind, lambda each, defaults=defaults: _source(_less(each, defaults)))
    return made


def _source(source: dict[str, Any]) -> dict[str, Any]:
    """A downwardAPI has items with fields; a projected volume has sources that are such, or tokens."""
    if "sources" in source or "items" in source:
        _each(source, "items", _with_field)
        _each(source, "sources", _projection)
    return source


def _projection(projection: Object) -> dict[str, Any]:
    made = dict(projection)
    _within(made, "serviceAccountToken", lambda each: _less(each, TOKEN))
    _within(made, "downwardAPI", lambda each: _source(dict(each)))
    return made
