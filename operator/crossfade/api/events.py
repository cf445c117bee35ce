"""The reasons of the Kubernetes Events about a Rollout. A word that is also a condition's reason means the same.

Under each: `Normal` or `Warning` and when it is told, and in a second paragraph what to do about it.
"""

from enum import StrEnum


class EventReason(StrEnum):
    """What happened, in one CamelCase word; the note says the rest. Each is told once for each time it happens."""

    RELEASE_STARTED = "ReleaseStarted"
    """Normal: a release begins; the note has its number and both revisions.

    Nothing. `crossfade status --watch` follows it."""
    STAGE_STARTED = "StageStarted"
    """Normal: a stage was passed, and the next one at which the plan rests begins (a pause, or a person).

    Nothing."""
    COMPLETED = "Completed"
    """Normal: the release is complete: its revision is stable and serves alone.

    Nothing."""
    RELEASE_RETURNED = "ReleaseReturned"
    """Normal: the way back is over: stable serves alone again, and the candidate is gone.

    Read why in the event before it, or with `crossfade history`."""
    NODE_LOST = "NodeLost"
    """Warning: the candidate's pods were taken by their nodes; requests return to stable, and the release begins anew.

    The note says which pod and why. Look at the node; a second time in a row counts as a failure."""
    SUPERSEDED = "Superseded"
    """Normal: another template came before the release was complete, so it is given up.

    Nothing. The release of the new template follows."""
    CANCELLED = "Cancelled"
    """Normal: the template went back to stable's before the release was complete.

    Nothing."""
    MEMORY_RECOVERED = "MemoryRecovered"
    """Normal: the Rollout's status was lost (a restored backup), and what serves, or is kept warm, was taken for stable.

    Check with `crossfade status` that the stable revision is the right one."""

    STORED_VALUE_LOST = "StoredValueLost"
    """Warning: the operator cannot use a value that is stored in the status, in a Release or in a RolloutAction; it goes
    on as if that value were absent.

    Find out who wrote it. Check with `crossfade status` that the stable revision is the right one."""

    AWAITING_PROMOTION = "AwaitingPromotion"
    """Normal: a stage stands, and a person is to decide (`pause: Manual`, `promote: Manual`).

    `crossfade promote` or `crossfade abort`."""
    PAUSED_BY_SPEC = "PausedBySpec"
    """Normal: `spec.paused` holds a change back.

    Set it to false to let it go on."""
    PAUSED_BY_ACTION = "PausedByAction"
    """Normal: a Pause holds a change back.

    `crossfade resume` lets it go on."""
    NOT_SOLE_OWNER = "NotSoleOwner"
    """Warning: the pods are ready, and someone else still writes the selector of the Service that is to be adopted.

    Take the selector out of what the note names, as `crossfade convert` says."""
    ACTION_DONE = "ActionDone"
    """Normal: a RolloutAction was carried out; the note says what was done.

    Nothing."""
    ACTION_REFUSED = "ActionRefused"
    """Warning: a RolloutAction was refused, and nothing was done; the note says why.

    Do what the note says, and ask again with a new action."""

    ABORTED_BY_USER = "AbortedByUser"
    """Warning: a person or a pipeline aborted the release; requests return to stable.

    Change the template, or `crossfade retry`."""
    CANDIDATE_CRASHED = "CandidateCrashed"
    """Warning: more pods of the candidate crashed since they may serve than the strategy allows; requests return to stable.

    The note has the number of the release, pod, container, exit code and the line that says most. Correct the template and
    apply it."""
    CANDIDATE_UNAVAILABLE = "CandidateUnavailable"
    """Warning: the candidate did not become available in time, or none of its pods answers; requests return to
    stable, if there is one.

    The note says what its pods lack. Correct it, then apply another template or `crossfade retry`."""
    IMAGE_CANNOT_BE_PULLED = "ImageCannotBePulled"
    """Warning: an image of the candidate does not exist or may not be pulled, for 20 s; requests return to stable.

    Correct the image's name, or push or allow it; then apply another template or `crossfade retry`."""
    CONTAINER_CANNOT_START = "ContainerCannotStart"
    """Warning: a container of the candidate can never run as it is written, for 20 s; requests return to stable.

    Correct command, user or image, and apply it."""
    PULL_CHECK_FAILED = "PullCheckFailed"
    """Warning: recreate: the images were not pulled in time; nothing was stopped.

    Correct the image or make room for the pod, then apply another template or `crossfade retry`."""
    DOWNTIME_EXCEEDED = "DowntimeExceeded"
    """Warning: recreate: nothing served for longer than `maxDowntimeSeconds`; the old revision returns.

    Find out why the new pods start slowly, or allow more."""
    SHARED_CAUSE = "SharedCause"
    """Warning: two or more others failed within the same minute as this one: a shared cause is likely.

    Look first at what they share: nodes, the registry, the network, what all of them call. Then `crossfade retry`."""
    WINDOW_CLOSED = "WindowClosed"
    """Normal: a window or a freeze of a RolloutPolicy closed, with `inFlight: Abort`: the release is taken back, without a verdict.

    Nothing to do: it begins anew once that opens, unless it had failed before: then Retry."""
    POLICY_BYPASSED = "PolicyBypassed"
    """Warning: somebody with the verb `bypass` passes a RolloutPolicy for a while; by whom, until when and why are told.

    Nothing to do, where it was meant. Who may is said by the verb `bypass` on rolloutpolicies."""
    HELD_BY_POLICY = "HeldByPolicy"
    """Normal: a RolloutPolicy holds the release; which rule, until when and who can help are told. Where its strategy was edited to
    one that would go on with more requests, it is taken back, and begins anew.

    `crossfade status` shows it as long as it lasts. The way back is never held."""
    POLICY_AUDITED = "PolicyAudited"
    """Normal: a rule of a RolloutPolicy in mode Audit would have held what begins now, had it been in mode Enforce; nothing is held.

    Nothing. It shows what `Enforce` would do."""
    RELEASE_FROZEN = "ReleaseFrozen"
    """Warning: the release failed, and `onFailure: Pause` leaves pods and requests as they are.

    Decide: `crossfade abort` returns, `crossfade retry` goes on."""
    STABLE_UNAVAILABLE = "StableUnavailable"
    """Warning: stable itself lost pods while a gate is to hold, or has lacked some for ten seconds.

    Look at its pods. `crossfade undo` goes back one revision; during a release, `crossfade promote` goes on."""
    RESTARTING = "Restarting"
    """Warning: a Restart is not over after `progressDeadlineSeconds`; pods that were not replaced yet go on serving.

    The note says what the new pod lacks. Correct that, or release a corrected template."""
    CHILD_REPAIRED = "ChildRepaired"
    """Warning: somebody edited an object that belongs to the Rollout, and it was put right; the note says who.

    Find out who writes it, and change the Rollout instead."""

    INVALID_SPEC = "InvalidSpec"
    """Warning: the spec breaks a rule that the installed CustomResourceDefinition did not enforce; nothing is changed.

    Correct what the note names, and apply the CustomResourceDefinitions of this version."""
    INVALID_TEMPLATE = "InvalidTemplate"
    """Warning: the API server refuses the pod template; nothing is changed.

    Correct what the note names; it is the server's own message."""
    WORKLOAD_MISSING = "WorkloadMissing"
    """Warning: the Deployment that `workloadRef` names does not exist; what serves goes on serving.

    Create it, or name another."""
    REPLICAS_TOO_FEW = "ReplicasTooFew"
    """Warning: the Deployment that is to be taken over runs more pods than `spec.replicas`.

    Set `spec.replicas` to what the note says."""
    NAME_TAKEN = "NameTaken"
    """Warning: a Service or Deployment of a needed name belongs to someone else; it is not touched.

    Do what the note says: name another, delete it, or adopt the Service."""
    PORT_UNKNOWN = "PortUnknown"
    """Warning: the Service, or the route before it, sends requests to a port that pods or Service do not have; nothing is changed.

    Do as the note says: give a container a port of that name, change `targetPort`, or list both ports first."""
    PORT_CLOSED = "PortClosed"
    """Warning: nothing listened on the port that the Service sends requests to; the candidate got none, and has failed.

    Let the application listen there, or change `targetPort`, as the note says."""
    ANALYSIS_FAILED = "AnalysisFailed"
    """Warning: what was measured shows that the candidate is worse than it may be; requests return to stable.

    The note has the counts, and `crossfade history` the verdicts. Mend what is worse and change the template, or Retry."""
    HOOK_SUCCEEDED = "HookSucceeded"
    """Normal: a hook after a release has succeeded.

    Nothing to do."""
    HOOK_FAILED = "HookFailed"
    """Warning: a hook has failed. One before a stage took the release back; one after a release changed nothing.

    The note has its exit code and what it said last. Mend what it runs and change the template, or Retry; what a hook after a
    release was to do is left to be done by hand."""
    ANALYSIS_INCONCLUSIVE = "AnalysisInconclusive"
    """Warning: a metric could not decide, by too few requests, no data, or a source that does not answer; a person is to.

    Read the note, then `crossfade promote` or `crossfade abort`."""
    ANALYSIS_INVALID = "AnalysisInvalid"
    """Warning: a template that the analysis names does not exist or lacks a value, or an expression or a query is wrong; nothing
    is changed.

    Create it, or correct the analysis, as the note says."""
    SELECTED_BY_OTHERS = "SelectedByOthers"
    """Warning: a Service or Deployment of somebody else selects the pods of the template; no pod is made.

    Adopt it, give the template other labels, or let its owner annotate it, as the note says."""
    ROUTE_MISSING = "RouteMissing"
    """Warning: the route that `traffic` names does not exist, or the cluster has no such kind; requests do not move.

    Create it, or install the Gateway API; what serves goes on serving meanwhile."""
    ROUTE_NOT_ACCEPTED = "RouteNotAccepted"
    """Warning: no Gateway has taken the route as it is now; no weight is changed.

    The note has the controller's own words. Look at the Gateway, its listeners, and whom they allow."""
    ROUTE_INVALID = "RouteInvalid"
    """Warning: the route's rules cannot be split for this Rollout; nothing is changed.

    Correct the route, or `traffic`, as the note says."""
    ROUTE_TAKEN = "RouteTaken"
    """Warning: an older Rollout splits the same rule; nothing is changed.

    Name another rule or route, as the note says."""
    ROUTER_LACKS = "RouterLacks"
    """Warning: the Gateway's controller cannot do what the strategy asks of the route; nothing is changed.

    Leave out what the note names, or use another controller."""
    WRITE_REFUSED = "WriteRefused"
    """Warning: the API server refuses to make or change an object; what does not need that object goes on.

    Correct what the note says, in the server's own words: a quota, an admission rule. It is asked again by itself."""
