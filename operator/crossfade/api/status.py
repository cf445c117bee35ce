"""The status of a Rollout: what the operator saw and decided. Every field has a default, so that parts parse.

Nothing here is a clock reading or a counter: at rest the operator writes nothing, and count-downs follow from a stored
start. Every time is RFC 3339 in UTC and may carry microseconds.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Strict

from crossfade.api.action import ACTION_LENGTH, ActionEntry
from crossfade.api.base import (
    BegunAs,
    Count,
    Duration,
    Message,
    Model,
    Name,
    ReleaseNumber,
    Revision,
    Seconds,
    Time,
    Weight,
    harmless,
    list_map,
)
from crossfade.api.bounds import ACTOR_LENGTH, RECORD_LENGTHS
from crossfade.api.conditions import Phase
from crossfade.api.measurements import MEASURED_LENGTH, MetricStatus
from crossfade.api.reading import read

COMPLETED_LENGTH = 50
UNCHECKED_LENGTH = 20
TIMELINE_LENGTH = 200
CONDITIONS_LENGTH = 16
APPROVALS_LENGTH = 64
BYPASSES_LENGTH = 16
STARTS_LENGTH = 50
LAST_LINES_LENGTH = 5
LINE_LENGTH = 200
Word = Annotated[str, Field(max_length=128)]
LastLines = Annotated[
    list[Annotated[str, Field(max_length=LINE_LENGTH)]], Field(max_length=LAST_LINES_LENGTH)
]
"""The last lines of a container that ended, the last one first, without control characters."""


class Failed(Model):
    """A revision that failed. It is not tried again until the template changes or a Retry is asked for."""

    revision: Revision = ""
    """The revision that failed."""
    release: ReleaseNumber = 0
    """Number of the release in which it failed; 0 where it never began, and where an Undo left it. Example: `3`."""
    reason: Word = ""
    """Why, in one word, as in the conditions. Example: `CandidateCrashed`."""
    message: Message = ""
    """Why, in one sentence that a person can act on."""
    last_lines: LastLines = Field(default_factory=list)
    """What the container that `message` speaks of wrote last, the last line first, at most 5 lines of 200 characters; empty
    where no container ended, or it wrote nothing. Example: `["ValueError: no DATABASE_URL"]`."""
    pod: Annotated[str, harmless(253), Field(max_length=253)] = ""
    """The pod that `message` speaks of; empty where it speaks of none. Example: `shop-2399ac3e29-7c9d8-x2k4p`."""
    container: Annotated[str, harmless(253), Field(max_length=253)] = ""
    """The container of it that failed or is not ready; empty where none has started. The end of its log is in the Release's
    `failedLog`. Example: `shop`."""
    at: Time | None = None
    """When it was judged."""
    shared_cause: Message = ""
    """That others failed within the same minute, where two or more did, in one sentence, as it stood when that was seen.
    Rollouts of other namespaces are counted, not named; empty otherwise. Example: `3 Rollouts failed within a minute, in 2
    namespaces (in this one also cart): a shared cause is likely`."""
    act: ActionEntry | None = None
    """What a person asked that sent it back: an Abort or an Undo, by whom, when and why. Absent where the operator sent it
    back by itself. With `onFailure: Pause` the failure before it stays the `reason` and the `message`."""


class RevisionStatus(Model):
    """One of the two sides: a revision and its pods."""

    revision: Revision = ""
    """Hash of the pod template as submitted; also the label `crossfade.dev/revision` of its pods."""
    image: Annotated[str, harmless(1024), Field(max_length=1024)] = ""
    """Images of its containers, joined by commas."""
    replicas: Count = 0
    """Pods that exist."""
    ready: Count = 0
    """Pods that answer their readiness probe now."""
    available: Count = 0
    """Pods that have been ready for `minReadySeconds`."""
    release: ReleaseNumber = 0
    """Number of the release that introduced it."""


class Progress(Model):
    """Where the release under way stands. Absent when none is."""

    revision: Revision = ""
    """The candidate that it is about."""
    stage: Count = 0
    """Index of the stage in the plan, from 0."""
    plan: Name = ""
    """Hash of the plan, so that an edited strategy is noticed."""
    started_at: Time | None = None
    """When this stage began."""
    seen_in: Word = ""
    """The `metadata.resourceVersion` of the Rollout in which this stage was first seen: a Promote that was made before is for the
    stage before. Empty until then."""
    reached_at: Time | None = None
    """When its pods and its share of requests stood; pauses and the bake run from here."""
    reached_weight: Weight = 0
    """The share of the last stage that stood, in percent of the requests; 0 before the first one has. An edited strategy goes on
    from here: on the way to a stage nothing was proved of it."""
    short_since: Time | None = None
    """Since when pods have been awaited without any progress; absent while they stand. The deadline runs from here, and anew
    when more of the candidate's pods are available than ever in this stage: not when more are asked for."""
    most_available: Count = 0
    """The most pods of the candidate that were available at once in this stage. A stage that stood with them is not judged by
    pods that are asked for later and for which the cluster has no room."""
    asked_at: Time | None = None
    """When pods or requests were asked for last: what was just asked for is given a moment before it is looked at."""
    release_started_at: Time | None = None
    """When the release began; an action that is older is refused."""
    serving_since: Time | None = None
    """Since when the candidate may serve; anew after it was scaled to nothing. What crashed before is not its failure."""
    ends_before: Annotated[dict[str, Count], Field(max_length=1000)] = Field(default_factory=dict)
    """How often containers had ended when it began to serve, by pod; a pod that is not named counts from 0, or
    where more than 999 had, from the number at `*`. More ends than these are crashes while it serves."""
    emptied: bool = False
    """Whether its pods were told to go since none were wanted, and the stage was not ready again since: until the
    ReplicaSet has seen the new size, their counts are not believed."""
    pulls: bool = False
    """Whether a pod that pulls images (recreate) may exist, which has to go whatever the strategy is by then."""
    attempts: Count = 1
    """Which attempt in a row it is at this revision, where nodes took the pods of the one before."""
    begun_as: BegunAs = "New"
    """What kind of release it is. `New` passes every gate. `Return`: a revision that completed before comes back, and pauses and gates
    are skipped. `WakeUp`: stable completed while there were to be no pods, and runs for the first time now: it bakes."""
    urgent: bool = False
    """Whether the candidate failed, so that requests leave it with as few as 1 in 4 of stable's pods ready (1 in 2 where both
    can serve until then). Otherwise both serve until stable has enough."""
    now: bool = False
    """Whether an Abort requested that all traffic shifts to stable at once (`now: true`): one ready pod of stable is enough."""
    promoted: bool = False
    """Whether a person let this stage pass."""
    promoted_full: bool = False
    """Whether a person let all stages pass, as soon as they stand."""
    waiting_for: Message = ""
    """What is awaited, as a sentence."""
    until: Time | None = None
    """When the wait ends by itself, where it does."""
    stable_was_down: bool = False
    """Whether stable was unavailable when the release began and has been ever since: then the release may be the cure, and
    goes on. False from the moment on at which stable is whole."""
    rollback_reason: Word = ""
    """Why requests go back to stable, in one word; empty while the release goes forward."""
    frozen: Message = ""
    """Why the release is frozen after a failure (`onFailure: Pause`); empty otherwise."""
    failure: Failed | None = None
    """The failure that froze it; absent otherwise. An Abort keeps it as the cause, a Retry forgives it."""
    listed_at: Time | None = None
    """Since when the canary Service lists the candidate's pods: a router needs a moment to learn of them before it may send
    them a request. Absent without a route."""
    served_at: Time | None = None
    """When the candidate could first get a request: production selected it, and one of its pods was ready. Absent before.
    It stays while requests go back."""
    turned_back_at: Time | None = None
    """When it was decided that requests go back to stable; absent while the release goes forward."""
    taken_back_by: Message = ""
    """Which policy takes it back, by which rule; empty where none does. Its Release keeps it as the reason.
    Example: `policy quiet, rule windows: window night has closed`."""


class TimelineEntry(Model):
    """What stood at one moment."""

    at: Time | None = None
    """When."""
    stage: Count = 0
    """Index of the stage, from 0."""
    weight: Weight = 0
    """Percent of the requests that the new revision was to get."""
    candidate: Count = 0
    """Available pods of the new revision."""
    stable: Count = 0
    """Available pods of the old revision."""
    note: Message = ""
    """What happened, in one sentence."""


class GoingBack(Model):
    """An Undo under way: from which release to which one, who asked, and why."""

    revision: Revision = ""
    """The revision that it goes to."""
    from_release: ReleaseNumber = 0
    """Number of the release that is left: the one that served when it was asked for. Example: `4`."""
    to_release: ReleaseNumber = 0
    """Number of the release that it goes to, which had brought that revision. Example: `1`."""
    actor: Annotated[str, Field(max_length=ACTOR_LENGTH)] = ""
    """Who asked, as the action's `spec.actor` says; empty where it says nothing."""
    action: Annotated[str, Field(max_length=253)] = ""
    """Name of the RolloutAction."""
    reason: Message = ""
    """Why, as they wrote it; empty where they wrote nothing."""
    at: Time | None = None
    """When it was asked for."""


class LastRelease(Model):
    """How the release before the present one, or the last one, ended."""

    number: ReleaseNumber = 0
    """Its number."""
    outcome: Literal["", "Completed", "RolledBack", "Superseded", "Cancelled"] = ""
    """How it ended."""
    why: Message = ""
    """Why it ended so, in one sentence."""
    last_lines: LastLines = Field(default_factory=list)
    """What the container that `why` speaks of wrote last, the last line first; as in its Release."""
    at: Time | None = None
    """When it ended."""
    served_at: Time | None = None
    """When it could first get a request; absent where it never could. Example: with `turnedBackAt` 8 s later, it was rolled
    back 8 s after its first request."""
    turned_back_at: Time | None = None
    """When it was decided that requests go back to stable; absent where they never had to."""
    went_back: GoingBack | None = None
    """The Undo that it was, where it was one."""
    node_took: Name = ""
    """Its revision, where it was given up since nodes took its pods: it is tried once more. Empty otherwise."""
    window_took: Name = ""
    """Its revision, where a window or a freeze with `inFlight: Abort` took it back before it had failed: it begins anew once that
    opens. Empty otherwise."""


class LastAction(Model):
    """The RolloutAction that was answered last, so that none is ever carried out twice."""

    uid: Word = ""
    """Its UID."""
    name: Annotated[str, Field(max_length=253)] = ""
    """Its name."""
    action: Annotated[str, Field(max_length=ACTION_LENGTH)] = ""
    """What it asked for. Example: `Promote`."""
    state: Literal["", "Done", "Refused"] = ""
    """The answer."""
    release: Count = 0
    """Number of the release that it is about: the one under way, or the one that it causes."""
    message: Message = ""
    """What was done, or why not, in one sentence."""
    at: Time | None = None
    """When it was answered."""


class Restarted(Model):
    """The last Restart: which revision's pods were asked to start anew, and when."""

    revision: Revision = ""
    """The revision."""
    at: Time | None = None
    """When; also the annotation of its pods."""
    generation: Count = 0
    """The `metadata.generation` of its Deployment that first carried the annotation; 0 until it was seen."""
    actor: Annotated[str, Field(max_length=ACTOR_LENGTH)] = ""
    """Who asked, as the action's `spec.actor` says; empty where it says nothing."""
    action: Annotated[str, Field(max_length=253)] = ""
    """Name of the RolloutAction."""
    reason: Message = ""
    """Why, as they wrote it; empty where they wrote nothing."""


class PausedBy(Model):
    """The RolloutAction that holds the release, until a Resume."""

    actor: Annotated[str, Field(max_length=ACTOR_LENGTH)] = ""
    """Who asked, as the action's `spec.actor` says; empty where it says nothing."""
    action: Annotated[str, Field(max_length=253)] = ""
    """Name of the RolloutAction."""
    at: Time | None = None
    """When it was taken up."""
    reason: Message = ""
    """Why, as they wrote it; empty where they wrote nothing."""


class Downtime(Model):
    """The time of the last recreate in which no pod served."""

    started_at: Time | None = None
    """When the last old pod ceased to serve. While `endedAt` is absent nothing serves: the time from here on is what
    `maxDowntimeSeconds` limits."""
    ended_at: Time | None = None
    """When the first pod served again; absent while nothing serves."""
    seconds: Duration | None = None
    """How long it lasted, in seconds, once it has ended."""


class Condition(Model):
    """One aspect of the state, for programs."""

    type: Annotated[str, Field(min_length=1, max_length=128)]
    """Name of the aspect. Example: `Ready`."""
    status: Literal["True", "False", "Unknown"]
    """Whether it holds: `True`, `False` or `Unknown`."""
    reason: Annotated[str, Field(max_length=128)] = ""
    """Why, in one CamelCase word."""
    message: Message = ""
    """Why, in a sentence."""
    observed_generation: int = -1
    """The `metadata.generation` that it was judged for."""
    last_transition_time: Time | None = None
    """When `status` last changed."""


class Requester(Model):
    """Who asked for the template that is wanted."""

    name: Annotated[str, Field(max_length=ACTOR_LENGTH)] = ""
    """A user name, or where `how` is `FieldManager` the name of a program. Example: `ann@example.com`."""
    how: Literal["", "Admission", "FieldManager"] = ""
    """How it is known: `Admission`: the API server wrote it down as the template was changed. `FieldManager`: only the name of the program that
    changed it is known, which anybody can choose. Empty: nobody knows."""


class Bypass(Model):
    """A policy that is passed for a while, by whom and why."""

    policy: Name = ""
    """Name of the RolloutPolicy."""
    by: Annotated[str, Field(max_length=ACTOR_LENGTH)] = ""
    """Who asked for it, and had the verb `bypass` on the policy."""
    reason: Message = ""
    """Why, as they wrote it."""
    at: Time | None = None
    """When it was asked for."""
    until: Time | None = None
    """When it ends."""
    action: Annotated[str, Field(max_length=253)] = ""
    """Name of the RolloutAction."""


class Approved(Model):
    """One approval of the release under way, or of the one that is to begin."""

    policy: Name = ""
    """The policy that asked for it; empty: for every one that does."""
    approval: Name = ""
    """The approval of that policy, by its name; empty: each of them."""
    revision: Revision = ""
    """The revision that was approved."""
    step: Count | None = None
    """The step that it is for; absent: for whatever waits."""
    by: Annotated[str, Field(max_length=ACTOR_LENGTH)] = ""
    """Who approved."""
    groups: Annotated[list[Annotated[str, Field(max_length=253)]], Field(max_length=64)] = Field(
        default_factory=list
    )
    """The groups that the API server knew them in, of those that policies ask for."""
    reason: Message = ""
    """Why, as they wrote it; empty where they wrote nothing."""
    at: Time | None = None
    """When."""
    action: Annotated[str, Field(max_length=253)] = ""
    """Name of the RolloutAction."""


class HeldBy(Model):
    """A rule of a policy that holds or held a release, and how long."""

    policy: Annotated[str, harmless(253), Field(max_length=253)] = ""
    """Name of the RolloutPolicy; empty where nobody could say which policies are about the Rollout. Example: `production`."""
    rule: Annotated[str, harmless(128), Field(max_length=128)] = ""
    """The rule of it. Example: `windows`."""
    since: Time | None = None
    """Since when it held it, as far as the operator saw."""
    until: Time | None = None
    """When it no longer did; absent while it does."""


class Afterwards(Model):
    """The end of a release that has hooks `after` it."""

    moment: Annotated[str, Field(max_length=16)] = ""
    """`Promote` or `Rollback`."""
    at: Time | None = None
    """When it ended."""
    candidate: Revision = ""
    """The revision that was introduced, or taken back."""
    stable: Revision = ""
    """The revision that served before it."""


class UncheckedPort(Model):
    """A port of which the operator could not find out whether a revision's pods listen on it."""

    revision: Revision
    """Whose pods."""
    port: Annotated[int, Field(ge=1, le=65535)]
    """The port of the pod. Example: `8081`."""
    refused: bool = False
    """Whether connections were refused, while nothing shows that pods can be reached at all; false where none was answered within 10 s."""


class RolloutStatus(Model):
    """What is. Written by the operator only."""

    observed_generation: int = -1
    """The `metadata.generation` that this status is about; -1 before the operator has seen the object."""
    strategy: Word = ""
    """Name of the strategy in the spec. Example: `canary`."""
    phase: Annotated[Phase, Strict(strict=False)] | None = None
    """One word for people: Healthy, Progressing, Paused (a person must act), Waiting (something else holds it),
    RollingBack, RolledBack (stable serves, the spec does not), Degraded (stable is not available, or a first release
    is late) or Invalid. Programs read the conditions."""
    since: Time | None = None
    """Since when `phase` stands; it changes with the phase and only then."""
    message: Message = ""
    """What is going on or what went wrong, in one sentence, with what to do about it."""
    last_lines: LastLines = Field(default_factory=list)
    """What the container that `message` speaks of wrote last, the last line first, at most 5 lines of 200 characters; empty
    where it speaks of none that ended. Example: `["ValueError: no DATABASE_URL"]`."""
    replicas: Count | None = None
    """Pods that the scale subresource counts: while two revisions run, more than `spec.replicas`."""
    available_replicas: Count | None = None
    """Pods of both revisions that are available."""
    ready: Annotated[str, Field(max_length=16)] = ""
    """Ready pods that requests may reach, of `spec.replicas`, as `2/4`; pods beyond those are left out."""
    selector: Annotated[str, Field(max_length=1024)] = ""
    """Label selector of the pods that the scale subresource counts; an autoscaler measures these."""
    stage: Annotated[str, Field(max_length=16)] = ""
    """Which stage of how many, as `3/6`; empty when no release is under way."""
    weight: Weight | None = None
    """Percent of the requests that the candidate is to get now."""
    real_weight: Weight | None = None
    """Percent of the requests that the candidate gets: by its share of ready pods, or where a route divides them (`traffic`)
    by the weights that are written there."""
    release: ReleaseNumber = 0
    """Number of the release under way or of the last one."""
    stable: RevisionStatus | None = None
    """The last revision that completed: what serves when no release is under way."""
    candidate: RevisionStatus | None = None
    """The revision that is being introduced; absent when none is."""
    progress: Progress | None = None
    """Where the release under way stands; absent when none is."""
    timeline: Annotated[list[TimelineEntry], Field(max_length=TIMELINE_LENGTH)] = Field(default_factory=list)
    """What stood when in the release under way or in the last one, oldest first, at most 200 entries. Its Release gets
    it when the release waits for a person, and when it ends."""
    measurements: Annotated[list[MetricStatus], Field(max_length=MEASURED_LENGTH)] = Field(
        default_factory=list
    )
    """What was measured in the release under way or in the last one, at most 64 entries: one for each metric of each step, of the
    background and of the bake. Its Release gets it when the release waits for a person, and when it ends."""
    afterwards: Afterwards | None = None
    """What the hooks `after` the last release are about, whose outcomes are in `measurements`; absent where it had none, and as soon
    as the next release begins."""
    requester: Requester | None = None
    """Who asked for the release under way, or the last one; absent where nobody knows, and after an Undo."""
    approvals: Annotated[list[Approved], Field(max_length=APPROVALS_LENGTH)] = Field(default_factory=list)
    """Who approved the release under way, the one that is to begin, or the last one, at most 64. The next one needs its own."""
    bypasses: Annotated[list[Bypass], Field(max_length=BYPASSES_LENGTH)] = Field(default_factory=list)
    """Policies that are passed for now, at most 16; one that has ended is taken out."""
    held_by: Annotated[list[HeldBy], Field(max_length=RECORD_LENGTHS["heldBy"])] = Field(default_factory=list)
    """Which rules of policies hold or held the release under way, the one that is to begin, or the last one, oldest first, the last 50.
    Its Release gets them when it waits for a person, and when it ends."""
    waiting_since: Time | None = None
    """Since when a release that is wanted has waited for policies, until it begins; absent where none held it. The queue goes by it."""
    starts: Annotated[list[Time], Field(max_length=STARTS_LENGTH)] = Field(default_factory=list)
    """When the last releases began, the newest first, at most 50, those of the last 24 hours and one more: quotas go by it."""
    moved_at: Time | None = None
    """Since when production selects one revision and its endpoints list only that one; other pods go a little later."""
    failed: Failed | None = None
    """The revision that failed last, which is not tried again by itself; absent once another has completed."""
    undone: Failed | None = None
    """The revision that an Undo left, where the one that it went to has failed as well: neither is tried again by itself."""
    unserved: Annotated[list[Revision], Field(max_length=COMPLETED_LENGTH)] = Field(default_factory=list)
    """Revisions that completed while `replicas` was 0, so that they have never served: they skip no gate, and bake when
    they first wake up."""
    unchecked: Annotated[list[UncheckedPort], Field(max_length=UNCHECKED_LENGTH)] = Field(
        default_factory=list
    )
    """Ports that requests come to and that could not be checked, of stable and of the candidate, at most 20."""
    completed: Annotated[list[Revision], Field(max_length=COMPLETED_LENGTH)] = Field(default_factory=list)
    """Hashes of the last completed revisions, newest first."""
    last: LastRelease | None = None
    """How the last release ended."""
    last_action: LastAction | None = None
    """The RolloutAction that was answered last."""
    undo_to: Revision = ""
    """The revision that an Undo goes back to while the spec still names the undone one; empty otherwise."""
    going_back: GoingBack | None = None
    """The Undo that is under way, or about to begin: from which release to which, who asked and why. Absent otherwise; once
    it has ended, `last.wentBack` has it."""
    restarted: Restarted | None = None
    """The last Restart; absent where there was none."""
    paused_by: PausedBy | None = None
    """The RolloutAction that holds the release; absent when none does."""
    downtime: Downtime | None = None
    """The time of the last recreate in which no pod served."""
    conditions: Annotated[list[Condition], Field(max_length=CONDITIONS_LENGTH)] = Field(
        default_factory=list, json_schema_extra=list_map("type")
    )
    """The state for programs: Ready, Reconciling and Stalled as kstatus means them, and Available, Paused and
    RolledBack."""

    @classmethod
    def readable(cls, stored: Mapping[str, Any]) -> Self:
        """Read a stored status: what cannot be used is as if it were absent. `reading.read` tells what that is."""
        return read(cls, stored).value


__all__ = [
    "COMPLETED_LENGTH",
    "CONDITIONS_LENGTH",
    "UNCHECKED_LENGTH",
    "Condition",
    "Downtime",
    "Failed",
    "PausedBy",
    "Progress",
    "Restarted",
    "RevisionStatus",
    "RolloutStatus",
    "Seconds",
]
