"""The five strategies as a user writes them; what each becomes is a list of stages, made in `core`."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from crossfade.api.analysis import Analysis
from crossfade.api.base import WEEK_SECONDS as WEEK
from crossfade.api.base import (
    Model,
    PodCount,
    PodsOrPercent,
    Rule,
    Seconds,
    SomePodsOrPercent,
    StepWeight,
)
from crossfade.api.traffic import Hostname, Matches

StrategyName = Literal["recreate", "rolling", "blueGreen", "canary", "bigBang"]

ONE_PAUSE = Rule(
    cel="!(has(self.pause) && has(self.pauseSeconds))",
    message="pause and pauseSeconds exclude each other: write `pause: Manual` to wait for a person, "
    "or `pauseSeconds: 60` to go on by itself",
    holds=lambda self: self.pause is None or self.pause_seconds is None,
)


class Recreate(Model):
    """Stops all old pods, then starts the new ones: for applications that cannot run in two versions at once.

    Nothing serves in between. The down time is measured and shown in the status and the Release, and limited: when it
    lasts longer than `maxDowntimeSeconds`, the stable revision comes back.
    """

    max_downtime_seconds: Annotated[int, Field(ge=1, le=WEEK)] = 120
    """Longest time without a serving pod, in seconds, 1 to 604800, by default 120. When it has passed and the new
    revision does not serve, the old one is brought back and the release has failed. Take the start-up time of the
    application twice."""

    pull_first: bool = True
    """Whether one pod with the new images and a harmless command is started before anything stops, by default true.
    It finds an image that does not exist and a pod that cannot be scheduled while the old revision still serves. It
    never runs the application and never gets requests."""


class Batch(Model):
    """One part of a rolling update: how many pods are replaced, and what is waited for afterwards."""

    rules = (ONE_PAUSE,)

    replicas: SomePodsOrPercent
    """Size of this batch: pods that are replaced before the pause, in addition to those of the batches before, as a
    number or as a share of `spec.replicas`, rounded up. Example: `1` or `25%`."""

    pause_seconds: Seconds | None = None
    """Seconds to wait after this batch is available, 0 to 604800. Default: no wait. Example: `60`."""

    pause: Literal["Manual"] | None = None
    """`Manual` waits after this batch until a person promotes (`crossfade promote NAME`). Excludes `pauseSeconds`."""


class Rolling(Model):
    """Replaces the pods in turns behind one Service, as a Deployment does, but watched and taken back when it fails.

    Users meet both revisions at random while it lasts. The last old pods stay warm, out of the Service, for
    `bakeSeconds`. A batch that fails stops the roll and the stable revision gets all pods back.
    """

    rules = (
        Rule(
            cel="!(self.maxSurge in [dyn(0), dyn('0%')] && self.maxUnavailable in [dyn(0), dyn('0%')])",
            message="maxSurge and maxUnavailable cannot both be 0, since no pod could be replaced: "
            "write for example maxSurge: 25%",
            holds=lambda self: not (self.max_surge in (0, "0%") and self.max_unavailable in (0, "0%")),
        ),
    )

    max_surge: PodsOrPercent = "25%"
    """Pods that may run beyond `spec.replicas`, as a number or as a share of it, rounded up. Default 25%. More is
    faster and needs more room in the cluster. Example: `1` or `50%`."""

    max_unavailable: PodsOrPercent = 0
    """Pods that may be missing from `spec.replicas`, as a number or as a share of it, rounded down. Default 0: the
    full number is available at every moment. When it and `maxSurge` both round to nothing, one pod may be missing."""

    batches: Annotated[list[Batch], Field(max_length=50)] = Field(default_factory=list)
    """Parts that the roll is cut into, with pauses between them, at most 50. Default: one roll without a pause. Pods
    that the batches leave over follow as a last batch without a pause; a batch that would replace the last pod is left out.
    Example: `[{replicas: 1, pauseSeconds: 60}, {replicas: 50%, pause: Manual}]`."""


class BlueGreen(Model):
    """Brings up the new revision beside the old one, lets it be looked at, then switches all requests at once.

    The new pods are reached through the Service `<service>-preview` before the switch. After it the old pods are kept
    for `bakeSeconds`, and requests go back to them by themselves when the new ones fail. It needs up to twice
    `spec.replicas` pods.
    """

    rules = (
        Rule(
            cel="self.promote == 'Automatic' || self.promoteAfterSeconds == 0",
            message="promoteAfterSeconds counts only with promote: Automatic: leave it out, or write promote: Automatic",
            holds=lambda self: self.promote == "Automatic" or self.promote_after_seconds == 0,
        ),
    )

    preview_replicas: Annotated[PodCount, Field(ge=1)] | None = None
    """Pods of the new revision while it is only previewed, 1 to 10000, at most `spec.replicas`. They grow to
    `spec.replicas` just before the switch. Default: `spec.replicas` from the start. Example: `1` saves room during a
    long preview."""

    promote: Literal["Automatic", "Manual"] = "Automatic"
    """Who switches: `Automatic` (default) as soon as the new pods are available and `promoteAfterSeconds` has passed;
    `Manual` when a person promotes (`crossfade promote NAME`)."""

    promote_after_seconds: Seconds = 0
    """Seconds that the preview stands before an automatic switch, 0 to 604800, by default 0. Only with
    `promote: Automatic`."""

    preview_match: Matches = Field(default_factory=list)
    """Requests that meet the new revision before the switch, through the same Gateway and hostnames as all others, at
    most 8; one of them is enough. All others meet the old revision. Default: none. Needs `spec.traffic` with an HTTP or
    a gRPC route. Example: `[{header: {name: x-preview, exact: "1"}}]`."""

    preview_hostnames: Annotated[list[Hostname], Field(max_length=16)] = Field(default_factory=list)
    """Hostnames at which the route's Gateway serves the new revision before the switch, at most 16, none of them one of
    the route's own. After the switch they are gone. The Gateway's listener must take them. Default: none. Needs
    `spec.traffic` with an HTTP or a gRPC route. Example: `[preview.shop.example]`."""

    before_switch: Analysis | None = None
    """What is measured while the preview stands; the switch waits until each metric has passed. What is compared needs
    requests to the preview. Default: nothing. What is measured after the switch: `spec.bakeAnalysis`. Example:
    `{templates: [{name: smoke}]}`."""


class CanaryStep(Model):
    """One step of a canary: which requests the new revision gets, and what is waited for before the next step."""

    rules = (
        ONE_PAUSE,
        Rule(
            cel="has(self.weight) || (has(self.match) && self.match.size() > 0) || has(self.mirror)",
            message="say which requests the new revision gets in this step: a weight, a match or a mirror, "
            "for example `weight: 5`",
            holds=lambda self: self.weight is not None or bool(self.match) or self.mirror is not None,
        ),
    )

    weight: StepWeight | None = None
    """Percent of the requests that the new revision gets in this step, 0.1 to 100 with one decimal at most, more than in
    the steps before. Default: as in the step before, and 0 in the first ones, for steps that have `match` or `mirror`.
    With `spec.traffic` the route gives exactly this share. Without it the share follows from the number of pods, so
    with 4 pods it moves by 25 percent at a time: the status shows the wanted share and the real one. Example: `25` or
    `0.5`."""

    pause_seconds: Seconds | None = None
    """Seconds to wait once this step's pods stand and its requests reach them, 0 to 604800. Default: no wait. Example:
    `300`."""

    pause: Literal["Manual"] | None = None
    """`Manual` waits in this step until a person promotes (`crossfade promote NAME`). Excludes `pauseSeconds`."""

    match: Matches = Field(default_factory=list)
    """Requests that meet the new revision in this step whatever its weight is, at most 8; one of them is enough. The
    others are shared by the weight. Only in this step: write it again in the next one to keep the group there. Default:
    none. Needs `spec.traffic` with an HTTP or a gRPC route. Example: `[{header: {name: x-group, exact: beta}}]`."""

    mirror: Annotated[str, Field(max_length=4, pattern=r"^([1-9][0-9]?|100)%$")] | None = None
    """Share of the requests that is copied to the new revision, `1%` to `100%`; its answers are dropped, so users lose
    nothing when it fails. Copies of writes are made too: mirror only what may happen twice. Only in this step. Default:
    no copies. Needs `spec.traffic` with an HTTP or a gRPC route, and a Gateway controller that can mirror. Example:
    `10%`."""

    candidate_replicas: Annotated[PodCount, Field(ge=1)] | None = None
    """Pods of the new revision in this step, 1 to 10000, at most `spec.replicas`. Default: its weight's part of
    `spec.replicas`, rounded up, and 1 at least. For a step whose weight does not say enough: a load test at 1 percent, a
    group of users, a mirror. Needs `spec.traffic`. Example: `3`."""

    analysis: Analysis | None = None
    """What is measured once this step's pods stand and its requests reach them; the next step waits until each metric has
    passed, and one that fails takes everything back. Default: nothing. Example:
    `{metrics: [{name: errors, builtIn: {errors: {}}}]}`."""


class Canary(Model):
    """Gives the new revision a growing share of the requests, step by step, and stops or returns when it fails.

    Without `spec.traffic` old and new pods serve behind one Service, in the proportion that comes closest to the step's
    weight. With it the route shares the requests exactly, groups of users can be sent to the new revision (`match`),
    and the old pods keep their full number. After the last step the new revision gets everything, the old pods are kept
    warm for `bakeSeconds`, and then it is stable. Example:

        canary:
          steps:
          - {weight: 5, pauseSeconds: 60}
          - {weight: 25, pause: Manual}
          - {weight: 50, pauseSeconds: 300}
    """

    rules = (
        Rule(
            cel="self.steps.filter(step, has(step.weight)).map(step, step.weight).isSorted() && "
            "self.steps.all(step, !has(step.weight) || "
            "self.steps.exists_one(other, has(other.weight) && other.weight == step.weight))",
            message="weights must rise from step to step: sort them and leave out repeats, for example 5, 25, 50",
            holds=lambda self: _rise([step.weight for step in self.steps if step.weight is not None]),
            field=("steps",),
        ),
    )

    steps: Annotated[list[CanaryStep], Field(min_length=1, max_length=50)]
    """The steps in order, 1 to 50, with rising weights. 100 percent follows the last step by itself."""

    max_surge: SomePodsOrPercent = "25%"
    """Pods that may run beyond `spec.replicas` while old pods are exchanged for new ones, as a number or as a share of
    it, rounded up, at least 1. Default 25%. More is faster and meets small weights better: with 4 pods and `maxSurge`
    1, a weight of 20 is met by 1 new pod and 4 old ones. Not used with `spec.traffic`: the old pods keep their full
    number there, and the new ones come beside them."""

    sticky: bool = False
    """Whether a user keeps the revision first met, by a cookie, until the release ends, by default false. After an abort
    everybody is on the old revision at once. The share holds for users who come new. Needs `spec.traffic` with
    `httpRoute` or `gateway`, and a Gateway controller that sets headers on the answers of one backend."""

    dynamic_stable: bool = False
    """Whether the old pods become fewer as requests leave them, by default false: they keep their full number until the
    bake ends, so that the way back needs no pod. With true it takes less room, and an abort waits until enough old pods
    are back. Needs `spec.traffic`."""


def _rise(weights: list[int | float]) -> bool:
    """Whether each is above the one before."""
    return all(a < b for a, b in pairwise(weights))


class BigBang(Model):
    """Brings up the whole new revision beside the old one, then switches all requests at once, without a preview.

    Like a blue/green without a pause before the switch: the old pods stay warm for `bakeSeconds`, and requests go back
    to them by themselves when the new ones fail. It needs twice `spec.replicas` pods. It has no fields: write
    `bigBang: {}`.
    """


class Strategy(Model):
    """How the new revision takes over from the old one; exactly one member."""

    rules = (
        Rule(
            cel="[has(self.recreate), has(self.rolling), has(self.blueGreen), has(self.canary), has(self.bigBang)]"
            ".filter(chosen, chosen).size() == 1",
            message="choose exactly one of recreate, rolling, blueGreen, canary and bigBang, "
            "for example `strategy: {rolling: {}}`",
            holds=lambda self: len(self.chosen()) == 1,
        ),
    )

    recreate: Recreate | None = None
    rolling: Rolling | None = None
    blue_green: BlueGreen | None = None
    canary: Canary | None = None
    big_bang: BigBang | None = None

    def chosen(self) -> list[StrategyName]:
        """Give the names of the members that are set; the rule of this class lets only one through."""
        members: dict[StrategyName, Model | None] = {
            "recreate": self.recreate,
            "rolling": self.rolling,
            "blueGreen": self.blue_green,
            "canary": self.canary,
            "bigBang": self.big_bang,
        }
        return [name for name, member in members.items() if member is not None]

    @property
    def name(self) -> StrategyName:
        """Give the name of the one member that is set, as it is written in the manifest."""
        return self.chosen()[0]
