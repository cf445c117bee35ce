"""Metrics that several Rollouts share: for one namespace, and for the whole cluster."""

from typing import Annotated, Final, Literal

from pydantic import Field

from crossfade.api.analysis import METRICS_LENGTH, Argument, Metric
from crossfade.api.base import Metadata, Model, list_map
from crossfade.api.labels import API_VERSION
from crossfade.api.status import CONDITIONS_LENGTH, Condition

VALID: Final = "Valid"
"""The condition that tells whether a template can be used."""
CHECKED: Final = "Checked"
NOT_CHECKED: Final = "NotChecked"


class AnalysisTemplateSpec(Model):
    """Metrics, and the arguments that their queries and conditions name."""

    metrics: Annotated[list[Metric], Field(min_length=1, max_length=METRICS_LENGTH)] = Field(
        json_schema_extra=list_map("name")
    )
    """The metrics, 1 to 16. Example: `[{name: errors, builtIn: {errors: {}}}]`."""

    arguments: Annotated[list[Argument], Field(max_length=16)] = Field(
        default_factory=list, json_schema_extra=list_map("name")
    )
    """Arguments, at most 16, each with a default or without: then whoever names the template gives it. Example:
    `[{name: limit, value: "0.01"}]`."""


class TemplateStatus(Model):
    """What is to be said of a template. Written by the operator only."""

    observed_generation: int = -1
    """The `metadata.generation` that this status is about; -1 before the operator has seen the template."""

    conditions: Annotated[list[Condition], Field(max_length=CONDITIONS_LENGTH)] = Field(
        default_factory=list, json_schema_extra=list_map("type")
    )
    """`Valid`: True where each expression and query can be used (reason `Checked`), False where one is wrong (reason
    `AnalysisInvalid`; the message has each with its metric), Unknown where nobody could say yet (reason `NotChecked`)."""


class AnalysisTemplate(Model):
    """Metrics that Rollouts of the same namespace name in `analysis.templates`."""

    api_version: Literal["crossfade.dev/v1alpha1"] = API_VERSION
    kind: Literal["AnalysisTemplate"] = "AnalysisTemplate"
    metadata: Metadata = Field(default_factory=Metadata)
    spec: AnalysisTemplateSpec
    """What is measured."""
    status: TemplateStatus | None = None
    """Whether it can be used."""


class ClusterAnalysisTemplate(Model):
    """Metrics that Rollouts of every namespace name in `analysis.templates` with `cluster: true`.

    A Secret that it names is looked for in the namespace of the Rollout.
    """

    api_version: Literal["crossfade.dev/v1alpha1"] = API_VERSION
    kind: Literal["ClusterAnalysisTemplate"] = "ClusterAnalysisTemplate"
    metadata: Metadata = Field(default_factory=Metadata)
    spec: AnalysisTemplateSpec
    """What is measured."""
    status: TemplateStatus | None = None
    """Whether it can be used."""
