"""The Rollout: the one kind that users write."""

import re
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from crossfade.api.analysis import Analysis
from crossfade.api.base import MAX_REPLICAS, Metadata, Model, Rule, Seconds, list_map
from crossfade.api.base import WEEK_SECONDS as WEEK
from crossfade.api.hook_rules import RESTS_OF_HOOKS
from crossfade.api.hooks import HOOKS_LENGTH, Hook
from crossfade.api.labels import API_VERSION
from crossfade.api.service import SERVICE_NAME, ServicePort, ServiceSpec
from crossfade.api.status import (
    Condition,
    Downtime,
    Failed,
    PausedBy,
    Progress,
    RevisionStatus,
    RolloutStatus,
)
from crossfade.api.strategy import (
    Batch,
    BigBang,
    BlueGreen,
    Canary,
    CanaryStep,
    Recreate,
    Rolling,
    Strategy,
    StrategyName,
)
from crossfade.api.template import PodTemplate
from crossfade.api.traffic import Traffic
from crossfade.api.traffic_rules import NEEDS_A_ROUTE, NEEDS_HTTP

__all__ = [
    "Batch",
    "BigBang",
    "BlueGreen",
    "Canary",
    "CanaryStep",
    "Condition",
    "Downtime",
    "Failed",
    "PausedBy",
    "PodTemplate",
    "Progress",
    "Recreate",
    "RevisionStatus",
    "Rolling",
    "Rollout",
    "RolloutMetadata",
    "RolloutSpec",
    "RolloutStatus",
    "ServicePort",
    "ServiceSpec",
    "Strategy",
    "StrategyName",
    "WorkloadRef",
]

NAME_LENGTH = 40

WORKLOAD_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
"""The name of a Deployment: the API server takes no other, and one with a `/` would lead to somebody else's."""


def _service_name(rollout: str) -> str:
    """Give the CEL of the name that the Service of `rollout` (`self` or `oldSelf`) has."""
    return f"(has({rollout}.spec.service.name) ? {rollout}.spec.service.name : {rollout}.metadata.name)"


def _strategy_is_optional_in_the_schema(schema: dict[str, Any]) -> None:
    """Leave a missing strategy to a rule: the server's own "Required value" says nothing and hides all other rules."""
    schema["required"].remove("strategy")


class WorkloadRef(Model):
    """The Deployment that holds the pod template, for example one that a Helm chart makes."""

    kind: Literal["Deployment"] = "Deployment"
    """Kind of the workload: `Deployment` (default), the only one."""

    name: Annotated[str, Field(min_length=1, max_length=253, pattern=WORKLOAD_NAME)]
    """Name of the Deployment, in the namespace of the Rollout. Example: `shop`."""

    drain_seconds: Annotated[int, Field(ge=0, le=3600)] = 15
    """How long its pods stay after the requests have left them, in seconds, 0 to 3600, by default 15, where a container has no `preStop`: it
    stops at once when it is told to, and a busy node may still send it requests. Example: `30`."""


class RolloutSpec(Model):
    """What is wanted. Everything but `template` and `strategy` has a default."""

    model_config = ConfigDict(json_schema_extra=_strategy_is_optional_in_the_schema)

    rules = (
        Rule(
            cel="has(self.strategy)",
            message="say how to release: exactly one of recreate, rolling, blueGreen, canary and bigBang, "
            "for example `strategy: {rolling: {}}`",
            field=("strategy",),
        ),
        Rule(
            cel="has(self.template) != has(self.workloadRef)",
            message="say what to run: either template (a pod template) or workloadRef (a Deployment that holds one), "
            "for example `workloadRef: {name: shop}`",
            holds=lambda self: (self.template is None) != (self.workload_ref is None),
        ),
        Rule(
            cel="self.minReadySeconds < self.progressDeadlineSeconds",
            message="minReadySeconds must be below progressDeadlineSeconds, since no revision could be available in "
            "time: raise progressDeadlineSeconds or lower minReadySeconds",
            holds=lambda self: self.min_ready_seconds < self.progress_deadline_seconds,
            field=("minReadySeconds",),
        ),
        *NEEDS_A_ROUTE,
        *NEEDS_HTTP,
        *RESTS_OF_HOOKS,
    )

    replicas: Annotated[int, Field(ge=0, le=MAX_REPLICAS)] = 1
    """Pods that serve when no release is under way, 0 to 10000, by default 1. Leave it out when an autoscaler or
    `kubectl scale` sets it. With 0 nothing runs and a new template completes without stages. Example: `4`."""

    template: PodTemplate | None = None

    workload_ref: WorkloadRef | None = None
    """A Deployment that holds the pod template, instead of `template`. It stays what a chart or a pipeline writes; once
    the first revision serves it is kept at no pods, and it gets its pods back when the Rollout is deleted. Set
    `replicas` on the Rollout. Example: `{name: shop}`."""

    strategy: Strategy
    """How the new revision takes over from the old one. Needed, exactly one member. Example: `rolling: {}`."""

    service: ServiceSpec | None = None
    """The Service that users reach the pods through. Leave it out for a worker that gets no requests. It is made and
    owned by Crossfade, unless `adopt` is true. Example: `{ports: [{port: 80, targetPort: 8080}]}`."""

    traffic: Traffic | None = None
    """A Gateway API route that shares the requests exactly. Default: the share follows from the pods behind the Service
    (canary, rolling) or from its selector (blueGreen, bigBang). Canary, blueGreen and bigBang move requests by it;
    recreate and rolling go as without. Clients inside the cluster that call the Service itself do not pass the route:
    they meet the stable revision until the bake ends. Needs `service`. Example: `{httpRoute: {name: shop}}`."""

    bake_seconds: Seconds = 30
    """Seconds that the old pods are kept warm after the new revision got all requests, 0 to 604800, by default 30.
    While it bakes, requests go back by themselves when the new revision fails. 0 removes the old pods at once."""

    analysis: Analysis | None = None
    """What is measured in the background, from the first request that the new revision gets to the end of the bake. A metric
    that fails takes everything back at once; no stage waits for one. Default: nothing. Example:
    `{metrics: [{name: errors, builtIn: {errors: {}}}]}`."""

    bake_analysis: Analysis | None = None
    """What is measured in the bake, and so after a blue/green switch. A metric that fails takes everything back; the bake
    ends with its time all the same. Default: nothing. Example: `{templates: [{name: errors}]}`."""

    hooks: Annotated[list[Hook], Field(max_length=HOOKS_LENGTH)] = Field(
        default_factory=list, json_schema_extra=list_map("name")
    )
    """Jobs that are run and webhooks that are asked at moments of each release, at most 8: a migration before it starts, a smoke
    test before traffic, a word from a change board before all users get it, a clean-up after it. Default: none. Example: `[{name: migrate, before: Start, job: {template: …}}]`."""

    on_failure: Literal["Abort", "Pause"] = "Abort"
    """What a failed release leads to: `Abort` (default) returns all requests to the stable revision; `Pause` leaves
    everything as it is until a person decides, for changes that cannot be undone such as a migration."""

    progress_deadline_seconds: Annotated[int, Field(ge=1, le=WEEK)] = 600
    """Seconds that new pods may take to become available before the release has failed, 1 to 604800, by default
    600. It starts anew with each stage; pauses and bakes are not counted. A first release has nothing to return to: it
    is told as Stalled then, and its pods are kept, since they may still become available. So is a Restart that is not
    over by then: pods that it has not replaced yet go on serving."""

    min_ready_seconds: Seconds = 0
    """Seconds that a new pod must be ready without a crash before it is available, 0 to 604800, by default 0."""

    drain_seconds: Annotated[int, Field(ge=0, le=3600)] = 5
    """Seconds that a pod goes on serving after it is told to stop, 0 to 3600, by default 5, so that requests that are
    still sent to it are answered. It is a preStop sleep, added to containers that have no preStop of their own, kept
    below `terminationGracePeriodSeconds`, and none without `service`. 0 adds nothing. A change counts from the next
    revision on. Raise it where the control plane is busy: Kubernetes may tell a pod's end to the network some seconds
    late."""

    keep_failed_seconds: Seconds = 600
    """Seconds that one pod of a revision that failed is kept after the rollback, 0 to 604800, by default 600, so that its logs can be
    read (`crossfade logs NAME --failed`) and its state examined. It is in no Service of this Rollout. It is terminated earlier
    where the next release begins, and where the cluster has no room for the stable revision's pods; `recreate` keeps none, since
    two revisions must never run at once, nor does a rollback after an Abort, an Undo or a change of the template. A worker's pod goes on
    working meanwhile: set 0 where that does harm. Example: `3600`."""

    revision_history_limit: Annotated[int, Field(ge=0, le=50)] = 5
    """Old revisions and finished Releases that are kept for `undo`, 0 to 50, by default 5."""

    rollback_revisions: Annotated[int, Field(ge=0, le=50)] = 3
    """How many of the last completed revisions may come back without pauses and gates, 0 to 50, by default 3: they
    have proved themselves. 0 makes every way back a full release."""

    paused: bool = False
    """Whether the release is held where it stands, by default false. Requests keep their shares; abort and the safety
    net still work."""

    hold_when_others_fail: bool = False
    """Whether nothing new is let in while other Rollouts fail, by default false. Where two or more others failed within a
    minute, no release begins and no stage is passed until a minute has gone by without another failure (phase `Waiting`,
    reason `OthersFailed`); then it goes on by itself. What was reached stays, and the safety net works. Others are all
    Rollouts that the operator looks after; of another namespace all failures together count as one, so that no namespace
    alone holds another one's. An Abort by a person is no failure. A Promote opens the stage. Never held are the way back, an
    Undo or another revision that may skip the gates, a first release, one that began while stable was down, and a recreate
    between its old pods and its new ones. Example: `true`."""

    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    """Where a RolloutPolicy limits how many releases run at once: which of those that wait is next, -1000 to 1000, by default 0. The
    higher one goes first, of equal ones the one that has waited longer. It counts for nothing else. Example: `100`."""

    on_delete: Literal["Delete", "GiveBack"] = "Delete"
    """What is left when the Rollout is deleted: `Delete` (default) nothing; `GiveBack` a plain Deployment of the stable
    revision and the Service, which go on serving."""


class RolloutMetadata(Metadata):
    """Metadata of a Rollout: its name must leave room for the names of its children.

    The API server allows rules about metadata at the root only; the converter lifts them there, so `self` is the
    Rollout in their CEL form and the metadata in their Python form.
    """

    rules = (
        Rule(
            cel=f"self.metadata.name.size() <= {NAME_LENGTH}",
            message=f"a Rollout's name has at most {NAME_LENGTH} characters, so that the names of its "
            "pods keep the revision: choose a shorter name",
            holds=lambda self: len(self.name) <= NAME_LENGTH,
            field=("name",),
        ),
        Rule(
            cel=f"self.metadata.name.matches('{SERVICE_NAME}')",
            message="a Rollout's name becomes the name of a Service, so it begins with a small letter "
            "and has small letters, digits and - only, for example shop-2",
            holds=lambda self: not self.name or re.fullmatch(SERVICE_NAME, self.name) is not None,
            field=("name",),
        ),
    )


class Rollout(Model):
    """A workload that changes version by a strategy of your choice.

    Crossfade runs one Deployment for each revision of the pod template, points a Service at the right pods, and takes a
    revision that fails back by itself. Change the template (for example the image) to start a release; follow it with
    `crossfade status NAME --watch`.
    """

    rules = (
        Rule(
            cel="!has(self.spec.service) || !has(oldSelf.spec.service) || "
            f"{_service_name('self')} == {_service_name('oldSelf')}",
            message="the Service's name cannot be changed, since clients use it: keep the old name, or make a new "
            "Rollout",
            field=("spec", "service", "name"),
        ),
    )

    api_version: Literal["crossfade.dev/v1alpha1"] = API_VERSION
    kind: Literal["Rollout"] = "Rollout"
    metadata: RolloutMetadata = Field(default_factory=RolloutMetadata)
    spec: RolloutSpec
    """What is wanted. Everything but `template` and `strategy` has a default."""

    status: RolloutStatus | None = Field(
        default=None, json_schema_extra={"default": {"observedGeneration": -1}}
    )
    """What is. Written by the operator only."""
