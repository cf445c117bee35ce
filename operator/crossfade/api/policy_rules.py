"""The rules of a RolloutPolicy as they are written. What each means for a release: `core/policy/rules/`."""

from typing import Annotated, Final, Literal, get_args

from pydantic import Field

from crossfade.api.base import ONE_DECIMAL, WEEK_SECONDS, Model, Rule, Seconds, StepWeight
from crossfade.api.policy_windows import Moment
from crossfade.api.selector import LabelKey
from crossfade.api.strategy import StrategyName

__all__ = ["ONE_DECIMAL"]

Mode = Literal["Enforce", "Warn", "Audit"]

RuleName = Literal[
    "strategies",
    "steps",
    "analysis",
    "rollback",
    "images",
    "expressions",
    "approvals",
    "windows",
    "freeze",
    "concurrency",
    "quota",
]
RULE_NAMES: Final[tuple[RuleName, ...]] = get_args(RuleName)

GROUPS_LENGTH: Final = 32
IMAGES_LENGTH: Final = 32

GroupName = Annotated[str, Field(min_length=1, max_length=253)]
RuleItem = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]


class RuleEnforcement(Model):
    """The mode of single rules, where it is another one than the policy's."""

    strategies: Mode | None = None
    """Mode of `strategies`."""
    steps: Mode | None = None
    """Mode of `steps`."""
    analysis: Mode | None = None
    """Mode of `analysis`."""
    rollback: Mode | None = None
    """Mode of `rollback`."""
    images: Mode | None = None
    """Mode of `images`."""
    expressions: Mode | None = None
    """Mode of `expressions`."""
    approvals: Mode | None = None
    """Mode of `approvals`."""
    windows: Mode | None = None
    """Mode of `windows`."""
    freeze: Mode | None = None
    """Mode of `freeze`."""
    concurrency: Mode | None = None
    """Mode of `concurrency`."""
    quota: Mode | None = None
    """Mode of `quota`."""


class StrategyRule(Model):
    """Which strategies may be used."""

    allowed: Annotated[list[StrategyName], Field(min_length=1, max_length=5)] = Field(
        json_schema_extra={"x-kubernetes-list-type": "set"}
    )
    """Names of strategies. Example: `[canary, blueGreen]`."""


class StepRule(Model):
    """How fast requests may move to a new revision. Recreate has no steps, and only `minBakeSeconds` is asked of it."""

    max_initial_weight: StepWeight | None = None
    """Percent of the requests that the first stage with any may give at most, above 0 up to 100. Blue/green and big bang give 100 at once,
    so a lower limit refuses them. Default: no limit. Example: `10`."""

    max_increase: StepWeight | None = None
    """Percentage points by which a stage may give more than the one before it, above 0 up to 100. Default: no limit. Example: `30`."""

    min_pause_seconds: Seconds | None = None
    """Seconds that each stage with a part of the requests rests at least, unless it waits for a person. Default: no limit. Example: `300`."""

    min_bake_seconds: Seconds | None = None
    """Seconds of `bakeSeconds` at least. Default: no limit. Example: `600`."""

    require_manual_promotion: bool = False
    """Whether a person must let the last stage before 100 % pass (`pause: Manual`, or `promote: Manual` of blueGreen), by default false."""


class AnalysisRule(Model):
    """What must be measured."""

    required: bool = False
    """Whether each release must be measured: in a step, in the background, or in the bake. By default false."""

    required_templates: Annotated[list[RuleItem], Field(max_length=16)] = Field(
        default_factory=list, json_schema_extra={"x-kubernetes-list-type": "set"}
    )
    """ClusterAnalysisTemplates that each release must name (with `cluster: true`), at most 16. Default: none. Example: `[errors]`."""

    judge_required: bool = False
    """Whether at least one metric must compare the new revision with the stable one (`compare`, or a built-in one), by default false."""

    min_requests: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    """Requests that the new revision must have had at least before a metric that compares lets it pass (`judge.minRequests`): asked of
    the Rollout's own metrics, 1 to 1000000000. Default: no limit. Example: `500`."""


class RollbackRule(Model):
    """What a release that fails must lead to."""

    on_failure: Literal["Abort"] = "Abort"
    """`Abort`: the Rollout may not say `onFailure: Pause`, which leaves users with what failed until a person comes."""


class ImageRule(Model):
    """Which images may run."""

    registries: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=253)]], Field(max_length=IMAGES_LENGTH)
    ] = Field(default_factory=list, json_schema_extra={"x-kubernetes-list-type": "set"})
    """Beginnings of image names, up to a `/`, `:` or `@`, at most 32; a name without a host is on `docker.io`. Default: all. Example:
    `[registry.example.com/shop]`."""

    digest_required: bool = False
    """Whether each image must be named by its digest (`name@sha256:…`), by default false: a tag may be another image tomorrow."""

    denied_tags: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=128)]], Field(max_length=IMAGES_LENGTH)
    ] = Field(default_factory=list, json_schema_extra={"x-kubernetes-list-type": "set"})
    """Tags that no image may have, at most 32; one without a tag and without a digest has `latest`. Default: none. Example: `[latest]`."""


class Expression(Model):
    """A rule of your own, in CEL, as in a ValidatingAdmissionPolicy: `object`, `oldObject`, `request`, `namespaceObject`."""

    name: RuleItem
    """Name that messages call it by. Example: `owner`."""

    expression: Annotated[str, Field(min_length=1, max_length=1024)]
    """What must be true. Example: `has(object.spec.drainSeconds)`."""

    message: Annotated[str, Field(min_length=1, max_length=512)]
    """What to write instead, where it is not true. Example: `say how long pods drain`."""


class Approval(Model):
    """Who must agree before a moment of a release, each with `crossfade approve`."""

    rules = (
        Rule(
            cel="(self.before == 'Step') == has(self.step)",
            message="before: Step needs the step that it is about, as step: 2, and nothing else has one",
            holds=lambda self: (self.before == "Step") == (self.step is not None),
        ),
    )

    name: RuleItem
    """Name that messages call it by. Example: `leads`."""

    before: Moment
    """`Start`: before anything of a release begins. `Step`: before the step `step`. `Promote`: before the new revision gets all requests."""

    step: Annotated[int, Field(ge=1, le=64)] | None = None
    """With `before: Step`: which step of a canary (or batch of a rolling one), from 1. Where there are fewer, or none, it is asked for before
    the new revision gets all requests. Example: `2`."""

    count: Annotated[int, Field(ge=1, le=16)] = 1
    """How many different people, 1 to 16, by default 1."""

    groups: Annotated[list[GroupName], Field(max_length=GROUPS_LENGTH)] = Field(
        default_factory=list, json_schema_extra={"x-kubernetes-list-type": "set"}
    )
    """Groups of which each of them must be in one, at most 32, as the API server knows them. A service account counts only by a group that is
    named here. Default: any person who has the verb `approve`. Example: `[dba]`."""

    not_requester: bool = True
    """Whether who asked for the release may not approve it, by default true."""

    expires_seconds: Annotated[int, Field(ge=60, le=WEEK_SECONDS)] | None = None
    """Seconds after which an approval counts no more, 60 to 604800. Default: as long as its release. Example: `86400`."""


class PerLabel(Model):
    """A limit for Rollouts that share the value of a label."""

    key: LabelKey
    """Name of the label of Rollouts. Those without it count together. Example: `team`."""

    max_active: Annotated[int, Field(ge=1, le=10_000)]
    """Releases that may be under way at once for each value, 1 to 10000. Example: `1`."""


class Concurrency(Model):
    """How many releases of the matching Rollouts may be under way at once. Others wait in a queue: by `spec.priority`, then by age."""

    max_active: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Of all matching Rollouts, 1 to 10000. Default: any number. Example: `3`."""

    max_active_per_namespace: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """In each namespace, 1 to 10000. Default: any number. Example: `1`."""

    per_label: PerLabel | None = None
    """For each value of a label. Default: any number. Example: `{key: team, maxActive: 1}`."""


class Quota(Model):
    """How often one Rollout may be released. A return to a revision that has proved itself is never counted against it."""

    min_interval_seconds: Annotated[int, Field(ge=1, le=WEEK_SECONDS)] | None = None
    """Seconds between the beginnings of two releases at least, 1 to 604800. Default: none. Example: `900`."""

    max_per_day: Annotated[int, Field(ge=1, le=50)] | None = None
    """Releases that may begin within any 24 hours, 1 to 50. Default: any number. Example: `5`."""


class BreakGlass(Model):
    """How the policy is passed in an emergency: by `crossfade bypass`, by whoever has the verb `bypass` on it, with a reason."""

    allowed: bool = True
    """Whether it may be passed at all, by default true."""

    max_seconds: Annotated[int, Field(ge=60, le=WEEK_SECONDS)] = 3600
    """Seconds that a bypass lasts at most, 60 to 604800, by default 3600."""
