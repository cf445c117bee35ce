"""The phases, condition types and reasons: what people read, and what tools and tests may depend on.

A reason is written once, in the condition, and repeated by the event of the same moment.
"""

from enum import StrEnum
from typing import Final

ALSO: Final = "; also "
"""In a message, between the sentences of several rules that block at once."""


class Phase(StrEnum):
    """One word for people; programs read the conditions."""

    HEALTHY = "Healthy"
    """The revision in the spec is stable and available."""
    PROGRESSING = "Progressing"
    """A release is under way and needs nobody."""
    PAUSED = "Paused"
    """A person must act: promote, resume, abort or change the template."""
    WAITING = "Waiting"
    """Something other than a person holds it: a policy, a window, other Rollouts that fail, or a Service that someone
    else still writes."""
    ROLLING_BACK = "RollingBack"
    """Requests return to the stable revision, or have returned and the candidate is being removed."""
    ROLLED_BACK = "RolledBack"
    """Stable serves, the spec does not; the failed revision is tried again only after a new template or a Retry."""
    DEGRADED = "Degraded"
    """The stable revision itself is not available, or what a release, the way back or a Restart waits for did not come by
    `progressDeadlineSeconds`, or the API server refuses a write."""
    INVALID = "Invalid"
    """The spec cannot be carried out; production is untouched until it is corrected."""


class ConditionType(StrEnum):
    """Ready, Reconciling and Stalled mean what kstatus says, so that GitOps tools need no knowledge of Crossfade."""

    READY = "Ready"
    """True: the spec's revision is stable and all its pods are available. Always present."""
    RECONCILING = "Reconciling"
    """True while a release is under way, also while it is paused; absent otherwise."""
    STALLED = "Stalled"
    """True when a person should change something: rolled back, invalid, something that did not come by
    `progressDeadlineSeconds`, or at rest a write that the API server refuses; absent otherwise."""
    AVAILABLE = "Available"
    """True while users are served by enough pods of a revision that was allowed to serve."""
    PAUSED = "Paused"
    """True while a person must act; absent otherwise."""
    POLICY_COMPLIANT = "PolicyCompliant"
    """True while every RolloutPolicy that is about it is kept and none holds it, False while one is broken or holds; absent where
    none is about it."""
    FOREIGN_PODS = "ForeignPods"
    """True while pods that no revision has made get requests, since they have a revision's labels; absent otherwise."""
    PORTS_CHECKED = "PortsChecked"
    """False while the operator could not find out whether pods listen on a port that requests come to; absent otherwise."""
    ROLLED_BACK = "RolledBack"
    """True while stable serves although the spec names another revision; absent otherwise."""


class Reason(StrEnum):
    """Why a condition is as it is, in one CamelCase word; its message says the same in a sentence."""

    COMPLETED = "Completed"
    """The revision in the spec is stable."""
    SCALED_TO_ZERO = "ScaledToZero"
    """`replicas: 0`: there is nothing to serve, and a new template completes without stages. A release under way stands
    still; with replicas again, no stage counts as reached until its pods are counted anew, since old counts come late."""

    CREATING = "Creating"
    """The candidate's Deployment is being made."""
    PULLING = "Pulling"
    """Recreate with `pullFirst`: a pod is pulling the new images before the old pods stop."""
    SCALING_UP = "ScalingUp"
    """The pods that are to receive requests are not yet available in the number that the stage needs."""
    MOVING_TRAFFIC = "MovingTraffic"
    """The Service is being pointed at other pods, or its endpoints do not show it yet."""
    GIVING_BACK = "GivingBack"
    """The Rollout is deleted, and what was adopted or is to go on is brought to all its pods and all requests first."""
    SETTLING = "Settling"
    """The endpoints are right, and every node is given time to learn of them before pods are removed. Behind a route the
    Gateway has that time too, and where its metrics are read they must show no more requests."""
    BAKING = "Baking"
    """The candidate serves everything and the stable pods are kept warm for `bakeSeconds`."""
    PAUSED_FOR_TIME = "PausedForTime"
    """A stage's `pauseSeconds` or `promoteAfterSeconds` has not passed yet."""
    AWAITING_PROMOTION = "AwaitingPromotion"
    """A stage has `pause: Manual` or `promote: Manual`: a Promote or an Abort is awaited."""
    ANALYSING = "Analysing"
    """A step's metrics are measured and have not all passed yet; the message has the counts so far."""
    HOOK_RUNNING = "HookRunning"
    """A hook `before` the next stage has not ended yet; the message says which, and what it waits for."""
    ANALYSIS_INCONCLUSIVE = "AnalysisInconclusive"
    """A metric or a hook could not decide: too few requests, no data, or a source that does not answer. A Promote or an Abort is awaited;
    with `inconclusive: Abort` the release has failed."""
    RESTARTING = "Restarting"
    """Pods of the stable revision are replaced by new ones of the same: a Restart, or a template that was repaired."""
    SHRINKING = "Shrinking"
    """The pods that no longer receive requests are being removed."""
    ROLLING_BACK = "RollingBack"
    """Requests return to the stable revision. With `Stalled`: its pods did not come by `progressDeadlineSeconds`."""

    PAUSED_BY_SPEC = "PausedBySpec"
    """`spec.paused` is true."""
    PAUSED_BY_ACTION = "PausedByAction"
    """A RolloutAction said Pause."""
    PAUSED_BY_FAILURE = "PausedByFailure"
    """The candidate failed and `onFailure: Pause` leaves all as it is."""
    OTHERS_FAILED = "OthersFailed"
    """`holdWhenOthersFail`: two or more other Rollouts failed within a minute. It goes on by itself once a minute has gone by
    without another failure; a Promote opens the stage before."""
    HELD_BY_POLICY = "HeldByPolicy"
    """A RolloutPolicy holds the release: a window that is closed, a freeze, an approval, a queue, a quota, or a rule that the spec breaks.
    The message names the policy, the rule, until when, and who can help. The way back is never held."""
    POLICY_READ = "PolicyRead"
    """The RolloutPolicy can be read, and holds."""
    POLICY_INVALID = "PolicyInvalid"
    """Something of the RolloutPolicy cannot be read: the message says what. Until it is corrected, that holds every release that it is
    about."""
    WINDOW_CLOSED = "WindowClosed"
    """A window or a freeze of a RolloutPolicy with `inFlight: Abort` has closed: the release is taken back, without a verdict, and
    begins anew once that opens, unless it had failed before."""
    VIOLATED = "Violated"
    """The spec breaks a rule of a RolloutPolicy. What serves goes on serving; no release begins until one of the two is changed."""
    WARNED = "Warned"
    """The spec breaks a rule of a RolloutPolicy that only warns. Nothing is held."""
    COMPLIANT = "Compliant"
    """Every RolloutPolicy that is about this Rollout is kept, and none holds it."""
    NOT_SOLE_OWNER = "NotSoleOwner"
    """Another field manager still writes the selector of the Service that is to be adopted."""

    ABORTED_BY_USER = "AbortedByUser"
    """A RolloutAction said Abort."""
    CANDIDATE_CRASHED = "CandidateCrashed"
    """Containers of the candidate ended or restarted since it may serve, more often than the strategy allows. The message
    tells pods that served from those that crashed before they were ready: with `rolling`, `recreate` and a `canary` pods may
    serve from their start on, with `blueGreen` and `bigBang` from the switch on."""
    CANDIDATE_UNAVAILABLE = "CandidateUnavailable"
    """The candidate did not become available within `progressDeadlineSeconds`, or none of its pods answers while it has all
    requests. A first release is waited for all the same: nothing is there to return to."""
    IMAGE_CANNOT_BE_PULLED = "ImageCannotBePulled"
    """An image of the candidate does not exist or may not be pulled. A registry that is down is waited for."""
    CONTAINER_CANNOT_START = "ContainerCannotStart"
    """A container of the candidate can never run as it is written, such as with a command that is not in the image."""
    PULL_CHECK_FAILED = "PullCheckFailed"
    """Recreate with `pullFirst`: the pod that tries the new images could not be scheduled or started."""
    ANALYSIS_FAILED = "AnalysisFailed"
    """A metric shows that the candidate is worse than it may be; the message has the counts."""
    HOOK_FAILED = "HookFailed"
    """A hook `before` a stage has failed; the message has its exit code and what it said last. In a first release, which has
    nothing to return to, it holds until the hook or the template is changed, or somebody promotes."""
    DOWNTIME_EXCEEDED = "DowntimeExceeded"
    """Recreate: nothing served for longer than `maxDowntimeSeconds`."""
    NODE_LOST = "NodeLost"
    """The candidate's pods were taken by their nodes (evicted, or the node went down): requests return to stable, nobody is
    condemned, and the release is tried once more."""
    SUPERSEDED = "Superseded"
    """The template changed before the release was complete."""
    CANCELLED = "Cancelled"
    """The template went back to the stable revision before the release was complete."""
    QUARANTINED = "Quarantined"
    """This revision failed before; it is tried again after a Retry or a new template."""

    STABLE_UNAVAILABLE = "StableUnavailable"
    """Too few pods of the stable revision are available. With `Stalled`: for `progressDeadlineSeconds` by now."""

    INVALID_SPEC = "InvalidSpec"
    """The spec breaks a rule that the installed CustomResourceDefinition did not enforce."""
    INVALID_TEMPLATE = "InvalidTemplate"
    """The API server refuses the pod template; the message is the server's own."""
    WORKLOAD_MISSING = "WorkloadMissing"
    """The Deployment that `workloadRef` names does not exist; what serves goes on serving."""
    REPLICAS_TOO_FEW = "ReplicasTooFew"
    """The Deployment that is to be taken over runs more pods than `spec.replicas`."""
    PORT_UNKNOWN = "PortUnknown"
    """The Service, or the route before it, sends requests to a port that the pods, or the Service, do not have. Connections
    would fail, so nothing is changed."""
    PORT_CLOSED = "PortClosed"
    """A ready pod of the candidate refuses connections on the port that the Service sends requests to. It gets none; after
    `progressDeadlineSeconds` the release has failed, and a first one is Degraded. Where only the ports were edited: a pod of stable refuses, and they
    stay as they were."""
    FOREIGN_PODS = "ForeignPods"
    """Pods with the labels of a revision that none of its Deployments has made get a part of the requests; the message names them."""
    PORT_NOT_CHECKED = "PortNotChecked"
    """The operator cannot connect to the pods on a port that requests come to (a NetworkPolicy, a firewall), so nobody knows whether
    anything listens there. Nothing waits for it."""
    SELECTED_BY_OTHERS = "SelectedByOthers"
    """A Service or Deployment of somebody else selects the pods of the template, so requests would reach them that no stage
    has let through; or what an adopted Service serves is another version. No pod is made."""
    ROUTE_MISSING = "RouteMissing"
    """The route that `traffic` names does not exist, or the cluster has no such kind. Pods are released, and requests move
    once it is there; what serves goes on serving."""
    ROUTE_NOT_ACCEPTED = "RouteNotAccepted"
    """No Gateway has taken the route as it is now, so no weight is changed. On the way back nothing waits for it but the end of
    the candidate's pods."""
    ROUTE_INVALID = "RouteInvalid"
    """The route has no such rule, or its rules do not name the Rollout's Service in a way that can be split."""
    ROUTE_TAKEN = "RouteTaken"
    """An older Rollout splits the same rule of the same route."""
    ROUTER_LACKS = "RouterLacks"
    """The Gateway's controller cannot do what the strategy asks of the route. Nothing is changed."""
    ANALYSIS_INVALID = "AnalysisInvalid"
    """A template that the analysis names does not exist or lacks a value, or an expression or a query of a metric is wrong; the
    message has its place. Nothing is changed."""
    WRITE_REFUSED = "WriteRefused"
    """The API server refuses to make or change an object (a quota, an admission rule); the message has its own words. What
    does not need that object goes on."""
    NAME_TAKEN = "NameTaken"
    """A Service or Deployment of the needed name belongs to someone else."""
