"""The RolloutAction: what a person or a pipeline asks of a Rollout, once."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from crossfade.api.base import Message, Metadata, Model, Rule, Time, harmless
from crossfade.api.bounds import ACTOR_LENGTH
from crossfade.api.labels import API_VERSION

ACTION_LENGTH = 32
"""Characters of an action's name, at most."""

ActionName = Literal["Promote", "PromoteFull", "Skip", "Abort", "Retry", "Pause", "Resume", "Undo", "Restart"]
ACTIONS: tuple[ActionName, ...] = get_args(ActionName)


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
    )

    rollout: Annotated[str, Field(min_length=1, max_length=40)]
    """Name of the Rollout, in the same namespace. Example: `shop`."""

    action: ActionName
    """What to do: `Promote` lets the stage that waits pass, `PromoteFull` this one and all that follow; `Skip` goes on to
    the next stage although this one does not stand yet; `Abort` returns all requests to the stable revision, at any
    moment; `Retry` tries a revision that failed again; `Pause` holds the release where it stands and `Resume` lets it
    go on; `Undo` goes back to the revision that completed before, or to `revision`; `Restart` replaces the stable
    revision's pods by new ones, a few at a time, without a new revision."""

    revision: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    """The revision that it is meant for, by its hash. Where it is named and another one is under way, the action is
    refused rather than done to the wrong one. For `Undo`: the revision to go back to. Default: whatever is under way,
    and for `Undo` the one before. Example: `7c9f4b8d5`."""

    now: bool = False
    """With `Abort`: requests leave the candidate at once, with as few as 1 in 4 of stable's pods ready. By default that is
    done where the candidate is failing; a healthy one goes on serving beside stable until stable has enough pods for all
    requests. Example: `true`."""

    actor: Annotated[str, harmless(ACTOR_LENGTH), Field(min_length=1, max_length=ACTOR_LENGTH)] | None = None
    """Who asks: your own user name, as `kubectl auth whoami` prints it. The command line fills it in; the name of
    somebody else is refused when the action is created, by the policy in `manifests/actor.yaml`. Kept in the Release.
    Default: not known. Example: `ann@example.com`."""

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


class RolloutAction(Model):
    """Something that a person or a pipeline asks of a Rollout: promote, abort, retry, pause, resume or undo.

    It is an object, so that RBAC says who may do what. Done ones are removed after a day; the Release keeps them.
    """

    api_version: Literal["crossfade.dev/v1alpha1"] = API_VERSION
    kind: Literal["RolloutAction"] = "RolloutAction"
    metadata: Metadata = Field(default_factory=Metadata)
    spec: RolloutActionSpec
    """What is asked, of which Rollout. It cannot be changed."""
    status: RolloutActionStatus | None = None
    """What became of it."""
