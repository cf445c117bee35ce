"""What is done around a release: Jobs that run, and webhooks that are asked, at its moments."""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field

from crossfade.api.base import Model, Rule
from crossfade.api.sources import Webhook
from crossfade.api.template import AS_SUBMITTED, Open, PodSpec, TemplateMetadata

HOOKS_LENGTH: Final = 8

MetricName = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$")]


class JobTemplateShape(Open):
    """What the pod of the Job looks like, as in a Job.

    In each text `{{candidate}}` and `{{stable}}` are the revisions, `{{service}}` and `{{namespace}}` the Service, `{{candidateService}}`
    the one that reaches only the candidate (with a route, or the preview of blueGreen), `{{image}}` the image of the candidate's first
    container, and `{{name}}` an argument. Without `restartPolicy` it is `Never`.
    """

    metadata: TemplateMetadata | None = None
    """Labels and annotations of the pod, as in a Job."""

    spec: PodSpec
    """What the pod runs, as in a Job. The API server checks all of it when the Job is made."""


if TYPE_CHECKING:
    JobTemplate = dict[str, Any]
else:
    JobTemplate = Annotated[JobTemplateShape, *AS_SUBMITTED]


class Job(Model):
    """A Kubernetes Job that is made for each measurement, in the namespace of the Rollout, and what it came to.

    Exit code 0 is good and any other is bad. Where `success` or `failure` are written and it succeeded, `result` is the number on the
    last line that its first container wrote to `/dev/termination-log`. A Job that has begun runs
    to its end or its time, also where its release is taken back meanwhile: nothing is killed in the middle of a migration.
    """

    template: JobTemplate
    """The pod of the Job, as in a Job. Example: `{spec: {containers: [{name: smoke, image: "{{image}}", command: [/smoke]}]}}`."""

    timeout_seconds: Annotated[int, Field(ge=1, le=86_400)] = 600
    """Time that the Job gets, in seconds, 1 to 86400, by default 600. One that has not ended by then is ended and counts as bad;
    one of which no container has started until then says nothing of the candidate, and is no data. Example: `60`."""

    retries: Annotated[int, Field(ge=0, le=10)] = 0
    """How often a pod that fails is tried again before the Job has failed, 0 to 10, by default 0. Example: `2`."""


class Hook(Model):
    """A Job that is run, or a webhook that is asked, at one moment of each release.

    One `before` a moment holds the release there until it has succeeded or said yes, and the release has failed when it fails or
    says no; the hooks of one moment run at the same time. One `after` a moment holds nothing: when it fails, that is told. A revision that comes back by an Undo
    has passed them before: of that only `after: Rollback` runs. A Promote passes over a hook that is waited for.
    """

    rules = (
        Rule(
            cel="has(self.before) != has(self.after)",
            message="say when it runs: exactly one of before and after, for example `before: Start`",
            holds=lambda self: (self.before is None) != (self.after is None),
        ),
        Rule(
            cel="has(self.job) != has(self.webhook)",
            message="say what runs: exactly one of job and webhook, for example `webhook: {url: …, secret: …}`",
            holds=lambda self: (self.job is None) != (self.webhook is None),
        ),
    )

    name: MetricName
    """Its name, told in messages: small letters, digits and `-`, at most 40 characters. Example: `migrate`."""

    before: Literal["Start", "Traffic", "Promote"] | None = None
    """`Start`: before any pod of the candidate is made, such as for a database migration; also in the first release. `Traffic`: when
    the candidate's first pods are ready and before any request comes to them, such as for a smoke test; needs blueGreen, bigBang, or
    canary with `traffic`. `Promote`: before the candidate gets all requests; not for recreate, nor for rolling without batches. In a
    first release only `Start` counts, since nobody is served yet. Example: `Start`."""

    after: Literal["Promote", "Rollback"] | None = None
    """`Promote`: once the release is complete and the old pods are gone, such as for a clean-up. `Rollback`: once a release was
    taken back, whatever for, or an Undo is complete. Example: `Promote`."""

    job: Job | None = None
    """The Job that is run."""

    webhook: Webhook | None = None
    """Who is asked: a gate that somebody else keeps, or who is to be told of an end."""

    max_seconds: Annotated[int, Field(ge=10, le=604_800)] = 3600
    """For how long a webhook that says not yet is waited for, in seconds, 10 to 604800, by default 3600; it is asked every ten, or
    when its `Retry-After` says. Then a person is asked. A Job has `timeoutSeconds` instead. Example: `86400`."""


__all__ = ["HOOKS_LENGTH", "Hook", "Job", "JobTemplate", "MetricName"]
