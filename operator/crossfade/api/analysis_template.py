"""Metrics that several Rollouts share: for one namespace, and for the whole cluster."""

from typing import Annotated, Literal

from pydantic import Field

from crossfade.api.analysis import METRICS_LENGTH, Argument, Metric
from crossfade.api.base import Metadata, Model, list_map
from crossfade.api.labels import API_VERSION


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


class AnalysisTemplate(Model):
    """Metrics that Rollouts of the same namespace name in `analysis.templates`."""

    api_version: Literal["crossfade.dev/v1alpha1"] = API_VERSION
    kind: Literal["AnalysisTemplate"] = "AnalysisTemplate"
    metadata: Metadata = Field(default_factory=Metadata)
    spec: AnalysisTemplateSpec
    """What is measured."""


class ClusterAnalysisTemplate(Model):
    """Metrics that Rollouts of every namespace name in `analysis.templates` with `cluster: true`.

    A Secret that it names is looked for in the namespace of the Rollout.
    """

    api_version: Literal["crossfade.dev/v1alpha1"] = API_VERSION
    kind: Literal["ClusterAnalysisTemplate"] = "ClusterAnalysisTemplate"
    metadata: Metadata = Field(default_factory=Metadata)
    spec: AnalysisTemplateSpec
    """What is measured."""
