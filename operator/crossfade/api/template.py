"""The pod template: kept exactly as submitted, with the few fields that Crossfade reads checked."""

from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from crossfade.api.base import Model, Rule, list_map
from crossfade.api.labels import PREFIX


class Open(Model):
    """A model of an object that has many more fields, all of which are kept."""

    model_config = ConfigDict(extra="allow")


class TemplateMetadata(Open):
    """Labels and annotations of the pods, as in a Deployment."""

    rules = (
        Rule(
            cel=f"!has(self.labels) || !self.labels.exists(key, key.startsWith('{PREFIX}'))",
            message=f"labels that begin with {PREFIX} are set by Crossfade: leave them out of the template",
            holds=lambda self: not any(key.startswith(PREFIX) for key in self.labels),
            field=("labels",),
        ),
        Rule(
            cel="!has(self.labels) || self.labels.all(key, type(self.labels[key]) == string)",
            message='a label has a text, not null: write for example `tier: ""`, or leave the label out',
            holds=lambda self: None not in self.labels.values(),
            field=("labels",),
        ),
    )

    # A null is allowed by the type and refused by the rule: else the API server would drop the label and say nothing.
    labels: Annotated[dict[str, Annotated[str, Field(max_length=63)] | None], Field(max_length=64)] = Field(
        default_factory=dict
    )
    """Labels of the pods, as in a Deployment, at most 64. Crossfade adds its own, which tell revisions apart, and
    selects by those, so none is needed. Example: `{app: shop}`."""


class Container(Open):
    """One container, as in a Deployment; name and image are needed."""

    name: Annotated[str, Field(min_length=1, max_length=63)]
    """Name of the container, unique in the pod. Example: `app`."""

    image: Annotated[str, Field(min_length=1, max_length=1024)]
    """Image to run. A new image makes a new revision. Example: `registry.example.com/shop:1.4.2`."""


def _named_once(containers: list[Container]) -> list[Container]:
    names = [container.name for container in containers]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PydanticCustomError("duplicate", "has more than one {names}", {"names": ", ".join(twice)})
    return containers


class PodSpec(Open):
    """What the pods run, as in a Deployment. The API server checks it all when the revision's Deployment is made."""

    containers: Annotated[
        list[Container], Field(min_length=1, max_length=64), AfterValidator(_named_once)
    ] = Field(json_schema_extra=list_map("name"))
    """The containers of the pod, at least one and at most 64."""

    # No default: it would be written into the stored template and so change the revision's hash.
    termination_grace_period_seconds: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    """Seconds that a pod gets to end before it is killed, by the API server's default 30. `drainSeconds` is kept
    below it."""


class PodTemplateShape(Open):
    """What the pods of the new revision look like, exactly as in a Deployment.

    Any change makes a new revision and starts a release. Its name is a hash of the template as submitted, so a value
    that the API server would fill in is not a change unless it is written. A null, and labels or annotations that are
    empty, say nothing: they are no change.
    """

    metadata: TemplateMetadata | None = None
    """Labels and annotations of the pods, as in a Deployment."""

    spec: PodSpec
    """What the pods run, as in a Deployment. The API server checks all of it by a dry run before anything changes."""


def _keep_as_submitted(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Check the shape, and give back the very object: the revision's hash is over what was submitted."""
    check(value)
    return value


AS_SUBMITTED: Final = (WrapValidator(_keep_as_submitted), PlainSerializer(lambda template: template))
"""Makes a shape a check only: what was submitted stays the very object that it was."""

if TYPE_CHECKING:
    PodTemplate = dict[str, Any]
else:
    PodTemplate = Annotated[PodTemplateShape, *AS_SUBMITTED]

__all__ = [
    "AS_SUBMITTED",
    "Container",
    "Open",
    "PodSpec",
    "PodTemplate",
    "PodTemplateShape",
    "TemplateMetadata",
]
