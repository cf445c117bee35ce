"""The RolloutPolicy: what the admin of a cluster asks of every release that it selects."""

from typing import Annotated, Final, Literal

from pydantic import Field

from crossfade.api.analysis_template import TemplateStatus
from crossfade.api.base import Count, Message, Metadata, Model, Name, Rule, Seconds, Time, Weight, list_map
from crossfade.api.labels import API_VERSION
from crossfade.api.policy_rules import (
    AnalysisRule,
    Approval,
    BreakGlass,
    Concurrency,
    Expression,
    ImageRule,
    Mode,
    Quota,
    RollbackRule,
    RuleEnforcement,
    RuleName,
    StepRule,
    StrategyRule,
)
from crossfade.api.policy_windows import WINDOWS_LENGTH, Freeze, Window, WindowStatus
from crossfade.api.selector import Selector

APPROVALS_LENGTH: Final = 8
EXPRESSIONS_LENGTH: Final = 16
VIOLATIONS_SHOWN: Final = 20
QUEUED_SHOWN: Final = 50


class RolloutPolicySpec(Model):
    """Which Rollouts it is about, and what it asks of them. A policy without rules asks nothing."""

    namespace_selector: Selector | None = None
    """The namespaces that it is about, by their labels. Default: all. Example: `{matchLabels: {env: production}}`."""

    rollout_selector: Selector | None = None
    """The Rollouts that it is about, by their own labels, within those namespaces. Whoever writes a Rollout writes its labels too: what
    must hold for all of a namespace is selected by `namespaceSelector` alone. A change of labels by which a Rollout would leave the
    policy is refused for who may not bypass it. Default: all. Example: `{matchLabels: {tier: web}}`."""

    enforcement: Mode = "Enforce"
    """`Enforce` (default): what breaks a rule is refused when it is applied, and held by the operator. `Warn`: it is let through with a
    warning, and the condition PolicyCompliant says so. `Audit`: it is let through, and only the policy's own
    status says so, or an Event `PolicyAudited` of what would have waited."""

    rule_enforcement: RuleEnforcement | None = None
    """Another mode than `enforcement` for single rules. Example: `{images: Warn}`."""

    strategies: StrategyRule | None = None
    """Which strategies may be used. Default: all. Example: `{allowed: [canary, blueGreen]}`."""

    steps: StepRule | None = None
    """How fast requests may move. Default: as the Rollout says. Example: `{maxInitialWeight: 10, minBakeSeconds: 600}`."""

    analysis: AnalysisRule | None = None
    """What must be measured. Default: nothing. Example: `{required: true}`."""

    rollback: RollbackRule | None = None
    """What a release that fails must lead to. Default: as the Rollout says. Example: `{onFailure: Abort}`."""

    images: ImageRule | None = None
    """Which images may run, in init containers, sidecars and ephemeral containers too. Default: all. Example:
    `{digestRequired: true}`."""

    expressions: Annotated[list[Expression], Field(max_length=EXPRESSIONS_LENGTH)] = Field(
        default_factory=list, json_schema_extra=list_map("name")
    )
    """Rules of your own in CEL, at most 16, judged when a Rollout is applied. Default: none. Example: `[{name: owner, expression:
    "has(object.metadata.labels) && 'owner' in object.metadata.labels", message: "label it with its owner"}]`."""

    approvals: Annotated[list[Approval], Field(max_length=APPROVALS_LENGTH)] = Field(
        default_factory=list, json_schema_extra=list_map("name")
    )
    """Who must agree before a moment of a release, at most 8. Default: nobody. Example: `[{name: leads, before: Promote, count: 2,
    groups: [release-managers]}]`."""

    windows: Annotated[list[Window], Field(max_length=WINDOWS_LENGTH)] = Field(
        default_factory=list, json_schema_extra=list_map("name")
    )
    """When releases may go on and when not, at most 32. Default: always. Example: `[{name: friday, kind: Deny, schedule: "0 12 * * FRI",
    durationSeconds: 43200, timeZone: Europe/Berlin}]`."""

    freeze: Freeze | None = None
    """Nothing moves from now on, except back. `crossfade freeze` writes it, `crossfade unfreeze` takes it away. Default: no freeze.
    Example: `{reason: "incident 4711"}`."""

    concurrency: Concurrency | None = None
    """How many releases may be under way at once. Default: any number. Example: `{maxActive: 3}`."""

    quota: Quota | None = None
    """How often one Rollout may be released. Default: as often as it likes. Example: `{maxPerDay: 5}`."""

    break_glass: BreakGlass | None = None
    """How the policy is passed in an emergency, by whoever has the verb `bypass` on it. Default: for an hour at most."""


class Violation(Model):
    """One Rollout that breaks one rule."""

    namespace: Name = ""
    """Namespace of the Rollout."""
    rollout: Name = ""
    """Its name."""
    rule: Name = ""
    """The rule. Example: `images`."""
    message: Message = ""
    """How it breaks it, and what to write instead."""


class Queued(Model):
    """One Rollout that waits for its turn."""

    namespace: Name = ""
    """Namespace of the Rollout."""
    rollout: Name = ""
    """Its name."""
    place: Count = 0
    """Its place in the queue: 1 is next."""
    since: Time | None = None
    """Since when it waits."""


class RolloutPolicyStatus(TemplateStatus):
    """What the policy does now. Written by the operator only, and when it changes."""

    matching: Count = 0
    """Rollouts that it is about."""
    violating: Count = 0
    """Of these, those that break one of its rules now."""
    violations: Annotated[list[Violation], Field(max_length=VIOLATIONS_SHOWN)] = Field(default_factory=list)
    """The first of them, at most 20, by namespace and name."""
    windows: Annotated[list[WindowStatus], Field(max_length=WINDOWS_LENGTH)] = Field(
        default_factory=list, json_schema_extra=list_map("name")
    )
    """What each window does now, and what it does next."""
    active: Count = 0
    """Of the matching Rollouts, those with a release under way."""
    queued: Annotated[list[Queued], Field(max_length=QUEUED_SHOWN)] = Field(default_factory=list)
    """Those that wait for their turn (`concurrency`), the next one first, at most 50."""


class RolloutPolicy(Model):
    """Rules for the releases of many Rollouts, made by the admin of the cluster.

    Several that match the same Rollout all hold, and the strictest wins; nothing in a namespace can loosen one. A rule never holds
    the way back: an Abort, the return to the stable revision, and a return to one that has proved itself.
    """

    api_version: Literal["crossfade.dev/v1alpha1"] = API_VERSION
    kind: Literal["RolloutPolicy"] = "RolloutPolicy"
    metadata: Metadata = Field(default_factory=Metadata)
    spec: RolloutPolicySpec
    """Which Rollouts it is about, and what it asks of them."""
    status: RolloutPolicyStatus | None = None
    """What it does now."""


__all__ = ["Rule", "RuleName", "Seconds", "Weight"]
