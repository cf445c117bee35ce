"""The RolloutAction: what a person or a pipeline asks of a Rollout, once."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from crossfade.api.base import WEEK_SECONDS, IntOrString, Message, Metadata, Model, Rule, Time, harmless
from crossfade.api.bounds import ACTOR_LENGTH, GROUPS_LENGTH
from crossfade.api.labels import API_VERSION

ACTION_LENGTH = 32
"""Characters of an action's name, at most."""

ActionName = Literal[
    "Promote",
    "PromoteFull",
    "Skip",
    "Abort",
    "Retry",
    "Pause",
    "Resume",
    "Undo",
    "Restart",
    "Approve",
    "Bypass",
]
ACTIONS: tuple[ActionName, ...] = get_args(ActionName)

BYPASS_SECONDS = 3600
"""How long a Bypass holds that does not say."""

ANSWERABLE = frozenset({"Approve", "Bypass"})
"""Actions that count by who asks."""

STEPPED = frozenset({"Approve", "Promote", "Skip"})
"""Actions that are about one stage."""

StepRef = Annotated[
    int | str,
    IntOrString(1, 200, r"^[ -~]+$", 253, "the number of a stage (from 1) or its name"),
]
"""A stage, by its number from 1 or by its name."""


class RolloutActionSpec(Model):
    """What is asked, of which Rollout. It cannot be changed: make another action instead."""

    rules = (
        Rule(
            cel="self == oldSelf",
            message="an action cannot be changed once it is made: make another one instead",
        ),
        Rule(
            cel="!self.now || self.action == 'Abort'",
            message="now counts only with action: Abort: leave it out, or write action: Abort",
            holds=lambda self: not self.now or self.action == "Abort",
        ),
        Rule(
            cel="!(self.action in ['Approve', 'Bypass']) || has(self.actor)",
            message="an Approve and a Bypass count by who asks: write your own user name as actor, as `kubectl auth whoami` "
            "prints it",
            holds=lambda self: self.action not in ANSWERABLE or self.actor is not None,
        ),
        Rule(
            cel="self.action != 'Approve' || has(self.revision)",
            message="an Approve is for one revision: name it as revision, as `crossfade status` shows it",
            holds=lambda self: self.action != "Approve" or self.revision is not None,
        ),
        Rule(
            cel="self.action != 'Bypass' || (has(self.policy) && has(self.reason) && self.reason != '')",
            message="a Bypass says which policy it passes, and why: write policy and reason",
            holds=lambda self: self.action != "Bypass" or bool(self.policy and self.reason),
        ),
        Rule(
            cel="!has(self.policy) || self.action in ['Approve', 'Bypass']",
            message="policy counts only with action: Approve or Bypass: leave it out",
            holds=lambda self: self.policy is None or self.action in ANSWERABLE,
        ),
        Rule(
            cel="!has(self.step) || self.action in ['Approve', 'Promote', 'Skip']",
            message="step counts only with action: Approve, Promote or Skip: leave it out",
            holds=lambda self: self.step is None or self.action in STEPPED,
        ),
        Rule(
            cel="!has(self.expiresSeconds) || self.action == 'Bypass'",
            message="expiresSeconds counts only with action: Bypass: leave it out",
            holds=lambda self: self.expires_seconds is None or self.action == "Bypass",
        ),
    )

    rollout: Annotated[str, Field(min_length=1, max_length=40)]
    """Name of the Rollout, in the same namespace. Example: `shop`."""

    action: ActionName
    """What to do: `Promote` lets the stage that waits pass, `PromoteFull` this one and all that follow; `Skip` goes on to
    the next stage although this one does not stand yet; `Abort` returns all requests to the stable revision, at any
    moment; `Retry` tries a revision that failed again; `Pause` holds the release where it stands and `Resume` lets it
    go on; `Undo` goes back to the revision that completed before, or to `revision`; `Restart` replaces the stable
    revision's pods by new ones, a few at a time, without a new revision; `Approve` says that `revision` may pass the stage
    at which a policy asks for approvals; `Bypass` lets the Rollout pass one policy for a time, in an emergency. Each needs
    a right of its own, beside the one to create actions: the verb `promote` (also for `PromoteFull`), `skip`, `abort`,
    `retry`, `pause` (also for `Resume`), `undo`, `restart` or `approve` on the Rollout, and for `Bypass` the verb `bypass`
    on the policy."""

    revision: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    """The revision that it is meant for, by its hash. Where it is named and another one is under way, the action is
    refused rather than done to the wrong one. For `Undo`: the revision to go back to. An `Approve` has to name it. Default:
    whatever is under way, and for `Undo` the one before. Example: `7c9f4b8d5`."""

    now: bool = False
    """With `Abort`: all traffic shifts to stable at once, as soon as one of its pods is ready. By default 1 in 4 of them must be
    ready where the candidate is failing; a healthy candidate serves alongside stable until stable has enough ready pods for
    all requests. Example: `true`."""

    actor: Annotated[str, harmless(ACTOR_LENGTH), Field(min_length=1, max_length=ACTOR_LENGTH)] | None = None
    """Who asks: your own user name, as `kubectl auth whoami` prints it. The command line fills it in, and so does the API
    server where it has the policy in `manifests/stamp/` (Kubernetes 1.36); the name of somebody else is refused when the
    action is created, by the policy in `manifests/actor.yaml`. Kept in the Release. An `Approve` and a `Bypass` need it.
    Default: not known. Example: `ann@example.com`."""

    groups: (
        Annotated[
            list[Annotated[str, harmless(ACTOR_LENGTH), Field(min_length=1, max_length=ACTOR_LENGTH)]],
            Field(max_length=GROUPS_LENGTH),
        ]
        | None
    ) = None
    """Groups that `actor` is in, as far as they matter here: a policy may count approvals of some groups only. The command
    line and the API server fill it in as they do `actor`, with all groups where these are no more than 128; of more, write
    those that count. A group that you are not in is refused when the action is created. Default: none. Example:
    `[release-managers]`."""

    step: StepRef | None = None
    """With `Approve`, `Promote` and `Skip`: the stage that it is for, by its number from 1 or by its name, as `crossfade plan` shows
    them. A Promote or a Skip for another stage than the one that waits is refused; the command line fills in the one that its
    user saw. Default: the one that waits when it is answered, but none that began after the action was made. Example: `3`."""

    policy: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    """With `Bypass`: the RolloutPolicy to pass. With `Approve`: the one that asks for the approval; default: every one that
    asks for it there. Example: `production`."""

    expires_seconds: Annotated[int, Field(ge=1, le=WEEK_SECONDS)] | None = None
    """With `Bypass`: how long the policy is passed, in seconds from the answer on; at most a week (604800). Default: 3600, an
    hour. Example: `900`."""

    reason: Annotated[str, harmless(1024), Field(max_length=1024)] | None = None
    """Why, in your words; kept in the Release. Example: `error rate in the checkout`."""


class RolloutActionStatus(Model):
    """What became of it."""

    state: Literal["", "Done", "Refused"] = ""
    """`Done`, or `Refused` (the message says why); empty until the operator has taken it up."""
    message: Message = ""
    """What was done, or why not, in one sentence."""
    at: Time | None = None
    """When the operator answered."""


class ActionEntry(Model):
    """What a person or a pipeline did: who, when and why."""

    at: Time | None = None
    """When it was taken up."""
    action: Annotated[str, Field(max_length=ACTION_LENGTH)] = ""
    """What was asked for. Example: `Abort`."""
    actor: Annotated[str, Field(max_length=ACTOR_LENGTH)] | None = None
    """Who asked, as the action's `spec.actor` says; absent where it says nothing."""
    name: Annotated[str, Field(max_length=253)] = ""
    """Name of the RolloutAction; it is removed after a day. Example: `shop-abort-x7k2p`."""
    reason: Message = ""
    """Why, as they wrote it; empty where they wrote nothing."""
    policy: Annotated[str, harmless(253), Field(max_length=253)] | None = None
    """Of an approval or a bypass: the RolloutPolicy that it is for; absent where it is for whichever held it. Example:
    `production`."""
    rule: Annotated[str, harmless(128), Field(max_length=128)] | None = None
    """Of an approval: which of those that the policy asks for; absent where it counts for each. Example: `two-people`."""
    step: Annotated[str, harmless(253), Field(max_length=253)] | None = None
    """Of an approval: the stage that it is for, by its number or its name; absent where it is for the one that waited. Example:
    `3`."""
    until: Time | None = None
    """Of a bypass: when it ends; absent otherwise. Example: `2026-01-31T13:00:00Z`."""


class RolloutAction(Model):
    """Something that a person or a pipeline asks of a Rollout: promote, abort, retry, pause, resume, undo, approve or bypass.

    It is an object, so that RBAC says who may do what. Done ones are removed after a day; the Release keeps them.
    """

    api_version: Literal["crossfade.dev/v1alpha1"] = API_VERSION
    kind: Literal["RolloutAction"] = "RolloutAction"
    metadata: Metadata = Field(default_factory=Metadata)
    spec: RolloutActionSpec
    """What is asked, of which Rollout. It cannot be changed."""
    status: RolloutActionStatus | None = None
    """What became of it."""
