"""The Release: the record of one attempt to introduce a revision, written by the operator only."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from crossfade.api.action import ActionEntry
from crossfade.api.analysis_template import AnalysisTemplateSpec
from crossfade.api.base import (
    Duration,
    Message,
    Metadata,
    Model,
    Name,
    PodCount,
    ReleaseNumber,
    Revision,
    Time,
    Weight,
    harmless,
    list_map,
)
from crossfade.api.bounds import RECORD_LENGTHS
from crossfade.api.labels import API_VERSION
from crossfade.api.measurements import MEASURED_LENGTH, MetricStatus
from crossfade.api.status import TIMELINE_LENGTH, HeldBy, LastLines, Requester, TimelineEntry

ACTIONS_LENGTH = RECORD_LENGTHS["actions"]
PLAN_LENGTH = 200
LOG_LENGTH = 50
LOG_LINE_LENGTH = 400
Outcome = Literal["", "Completed", "RolledBack", "Superseded", "Cancelled"]
Short = Annotated[str, Field(max_length=253)]


class PlannedStage(Model):
    """One stage of the plan."""

    name: Short = ""
    """What the stage is for. Example: `canary 25 %`."""
    candidate: PodCount = 0
    """Pods of the new revision."""
    stable: PodCount = 0
    """Pods of the old revision."""
    weight: Weight = 0
    """Percent of the requests that the new revision gets."""
    gate: Short = ""
    """What must hold before the next stage. Example: `ready, then 60 s`."""


def _is_usable(template: dict[str, Any]) -> dict[str, Any]:
    """Refuse a template of which no pod could be made; an empty one is a lost one.

    Only its shape: what the API server took once for a revision is to be taken for its way back too.
    """
    if template and not (_is_metadata(template.get("metadata") or {}) and _is_pod(template.get("spec"))):
        raise PydanticCustomError("template", "must be a pod template")
    return template


def _is_metadata(meta: Any) -> bool:
    return isinstance(meta, dict) and all(
        isinstance(meta.get(key) or {}, dict) for key in ("labels", "annotations")
    )


def _is_pod(spec: Any) -> bool:
    if not isinstance(spec, dict) or not isinstance(spec.get("terminationGracePeriodSeconds"), int | None):
        return False
    containers = spec.get("containers")
    return isinstance(containers, list) and all(map(_is_container, containers))


def _is_container(each: Any) -> bool:
    return isinstance(each, dict) and isinstance(each.get("image"), str)


class TemplateChange(Model):
    """Who changed the pod template last, as far as the API server knows: a client's name, which proves no person."""

    manager: Annotated[str, Field(max_length=128)] = ""
    """The field manager of the template's newest entry in `metadata.managedFields`. Any client may give itself any name.
    Example: `kubectl-edit`."""
    at: Time | None = None
    """When that field manager last changed something, to the second; absent where the API server keeps no time. Another
    field that it owns, such as `replicas`, counts too. Example: `2026-01-31T12:00:00Z`."""


def _is_template(spec: dict[str, Any]) -> dict[str, Any]:
    """Refuse what no metric could be read from."""
    AnalysisTemplateSpec.model_validate(spec)
    return spec


class TemplateCopy(Model):
    """A template as it was when the release began."""

    name: Annotated[str, Field(max_length=253)]
    """Its name."""
    cluster: bool = False
    """Whether it is a ClusterAnalysisTemplate."""
    spec: Annotated[dict[str, Any], AfterValidator(_is_template)]
    """The `spec` of the template. A copy that is not a valid template is ignored."""


class ReleaseSpec(Model):
    """What was to be introduced, and how."""

    rollout: Name = ""
    """Name of the Rollout."""
    number: ReleaseNumber = 0
    """Number of this release, from 1, rising."""
    revision: Revision = ""
    """The revision that it introduces: the hash of the template."""
    from_revision: Revision = ""
    """The revision that was stable when it began; empty for the first."""
    template: Annotated[dict[str, Any], AfterValidator(_is_usable)] = Field(default_factory=dict)
    """The pod template as submitted."""
    strategy: Annotated[str, Field(max_length=32)] | None = None
    """Name of the strategy when it began; absent in a record of an older operator. Example: `canary`."""
    plan: Annotated[list[PlannedStage], Field(max_length=PLAN_LENGTH)] = Field(default_factory=list)
    """The stages, in order, as they were planned when it began."""
    analysis_templates: Annotated[list[TemplateCopy], Field(max_length=32)] = Field(
        default_factory=list, json_schema_extra=list_map("name", "cluster")
    )
    """The AnalysisTemplates and ClusterAnalysisTemplates that it was measured by, as they were when it began. A metric that is deleted
    meanwhile is measured by this copy."""
    requester: Requester | None = None
    """Who asked for it, by changing the template, and how that is known. Absent where nobody knows, and where the template is
    not the one in the spec (an Undo): then `actions` say who asked. Example: `{name: ann@example.com, how: Admission}`."""
    changed_by: TemplateChange | None = None
    """Which field manager had changed the template last when the release began, and when. Absent where the API server does
    not tell, and where the template is not the one in the spec (an Undo). Example: `{manager: kubectl-edit, at: …}`."""


class FailedLog(Model):
    """The end of the log of the first container that failed, read by the operator soon after the failure."""

    pod: Short = ""
    """The pod."""
    container: Short = ""
    """Its container."""
    lines: Annotated[
        list[Annotated[str, harmless(LOG_LINE_LENGTH), Field(max_length=LOG_LINE_LENGTH)]],
        Field(max_length=LOG_LENGTH),
    ] = Field(default_factory=list)
    """The last lines, oldest first, at most 50 lines of 400 characters, of the container that ended, or of the one that runs where
    none did. Empty where it wrote nothing, and where `note` says why there are none."""
    note: Message = ""
    """Why the log was not read; empty where it was. Example: `the operator may not read logs (manifests/logs.yaml allows it)`."""


class ReleaseStatus(Model):
    """How it went."""

    outcome: Outcome = ""
    """How it ended: `Completed`, `RolledBack`, `Superseded` (another template came first) or `Cancelled` (the template
    went back, its nodes took its pods, or a policy took it back); empty while it is under way."""
    why: Message = ""
    """Why it ended so, in one sentence that a person can act on. Where it had failed before somebody gave it up, the
    failure; who gave it up is in `actions`."""
    last_lines: LastLines = Field(default_factory=list)
    """What the container that `why` speaks of wrote last, the last line first, at most 5 lines of 200 characters; empty
    where no container ended, or it wrote nothing. Example: `["ValueError: no DATABASE_URL"]`."""
    failed_log: FailedLog | None = None
    """The end of the log of the container that failed first. Absent where no container failed, and until it was read: that is tried
    for 30 s after the failure. It needs the right to read logs, which an admin gives (`manifests/logs.yaml`)."""
    started_at: Time | None = None
    """When it began."""
    served_at: Time | None = None
    """When it could first get a request: production selected it, and one of its pods was ready. Absent where that never
    was so."""
    turned_back_at: Time | None = None
    """When it was decided that requests go back to the stable revision; absent where it never was. `turnedBackAt` less
    `servedAt` is for how long users met the new revision."""
    ended_at: Time | None = None
    """When it ended."""
    undone: ActionEntry | None = None
    """The Undo that took this release back after it had completed: by whom, when and why. Absent where none did. It is not
    what the next Undo goes to, unless it is named."""
    timeline: Annotated[list[TimelineEntry], Field(max_length=TIMELINE_LENGTH)] = Field(default_factory=list)
    """What stood when, oldest first, at most 200 entries."""
    actions: Annotated[list[ActionEntry], Field(max_length=ACTIONS_LENGTH)] = Field(default_factory=list)
    """What people and pipelines did, oldest first, at most 100 entries: while it was under way, by which it came about, and
    each Restart while it served."""
    approvals: Annotated[list[ActionEntry], Field(max_length=RECORD_LENGTHS["approvals"])] = Field(
        default_factory=list
    )
    """Who approved it, oldest first, the last 64: also before it began. For which policy is in `policy`, `rule` and `step`."""
    bypasses: Annotated[list[ActionEntry], Field(max_length=RECORD_LENGTHS["bypasses"])] = Field(
        default_factory=list
    )
    """Who had a policy passed while it was under way, why, and until when, oldest first, the last 50."""
    held_by: Annotated[list[HeldBy], Field(max_length=RECORD_LENGTHS["heldBy"])] = Field(default_factory=list)
    """Which rules of policies held it, oldest first, the last 50."""
    measurements: Annotated[list[MetricStatus], Field(max_length=MEASURED_LENGTH)] = Field(
        default_factory=list
    )
    """What was measured, with the counts of the newest windows: `crossfade verdict RELEASE` computes the verdicts again from
    them."""
    downtime_seconds: Duration | None = None
    """Seconds without a serving pod; only recreate has any."""


class Release(Model):
    """The record of one attempt to introduce a revision: what, how, when, by whom, and how it ended.

    Written by the operator only, owned by its Rollout and named `<rollout>-<number>`. The last
    `revisionHistoryLimit` are kept.
    """

    api_version: Literal["crossfade.dev/v1alpha1"] = API_VERSION
    kind: Literal["Release"] = "Release"
    metadata: Metadata = Field(default_factory=Metadata)
    spec: ReleaseSpec
    """What was to be introduced, and how."""
    status: ReleaseStatus | None = None
    """How it went."""
