"""The Service of a Rollout as a user writes it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from crossfade.api.base import IntOrString, Model, Rule, list_map

SERVICE_NAME = "^[a-z]([-a-z0-9]*[a-z0-9])?$"

TargetPort = Annotated[
    int | str,
    IntOrString(
        1, 65535, r"^([0-9]-?)*[a-z](-?[a-z0-9])*$", 15, "a port number (1 to 65535) or the name of a port"
    ),
]


class ServicePort(Model):
    """One port of the Service."""

    port: Annotated[int, Field(ge=1, le=65535)]
    """Port that clients connect to, 1 to 65535. Example: `80`."""

    target_port: TargetPort = Field(default_factory=lambda data: data["port"])
    """Port of the pods: a number from 1 to 65535, or the name of a container's port, at most 15 characters. Default:
    the same as `port`. Example: `8080` or `http`."""

    name: Annotated[str, Field(max_length=63, pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")] | None = None
    """Name of the port, needed when there is more than one. Example: `http`."""

    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    """Protocol of the port: `TCP` (default), `UDP` or `SCTP`."""


def _once(ports: list[ServicePort]) -> list[ServicePort]:
    keys = [(port.port, port.protocol) for port in ports]
    twice = sorted({f"{port}/{protocol}" for port, protocol in keys if keys.count((port, protocol)) > 1})
    if twice:
        raise PydanticCustomError("duplicate", "has {ports} more than once", {"ports": ", ".join(twice)})
    return ports


def _names_differ(ports: list[ServicePort]) -> bool:
    names = [port.name for port in ports if port.name is not None]
    return len(set(names)) == len(names)


class ServiceSpec(Model):
    """The Service that users reach the pods through. It is made and owned by Crossfade, unless `adopt` is true."""

    rules = (
        Rule(
            cel="!self.adopt || has(self.name)",
            message="adopt: true needs the name of the Service to take over: write name: <existing Service>",
            holds=lambda self: not self.adopt or self.name is not None,
            field=("name",),
        ),
        Rule(
            cel="self.ports.size() == 1 || self.ports.all(port, has(port.name))",
            message="each of several ports needs a name: write for example {name: http, port: 80}",
            holds=lambda self: len(self.ports) == 1 or all(port.name is not None for port in self.ports),
            field=("ports",),
        ),
        Rule(
            cel="self.ports.all(port, !has(port.name) || "
            "self.ports.exists_one(other, has(other.name) && other.name == port.name))",
            message="two ports have the same name: give each its own",
            holds=lambda self: _names_differ(self.ports),
            field=("ports",),
        ),
    )

    name: Annotated[str, Field(max_length=55, pattern=SERVICE_NAME)] | None = None
    """Name of the Service: small letters, digits and `-`, beginning with a letter, at most 55 characters, so that
    `<name>-preview` is a name too. Default: the name of the Rollout. It cannot be changed, since clients use it.
    Example: `shop`."""

    ports: Annotated[list[ServicePort], Field(min_length=1, max_length=50), AfterValidator(_once)] = Field(
        json_schema_extra=list_map("port", "protocol")
    )
    """The ports of the Service, 1 to 50. Ports belong to a revision: edited with the template, they change in one write with
    the selector, and an Abort or Undo brings the old ones back. Edited alone, they change at once, but not while the Rollout is
    paused or a policy is frozen or its window closed. Strategies rolling and canary (without a route) have old and new pods behind
    one Service, so both need the ports: with another number or name the phase is Invalid. Behind a route, a port that the route names must
    stay. Example: `[{port: 80, targetPort: 8080}]`."""

    adopt: bool = False
    """Whether to take over an existing Service of this name, by default false: then a Service of that name that is not
    ours makes the Rollout Invalid. With true its selector is changed to select one revision, and given back when the
    Rollout is deleted. Needs `name`."""
