"""What is seen of the cluster, as values: the only thing, beside the Rollout and `now`, that decisions see.

Built by the shell from its store; nothing here knows how. What was not seen is absent, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from crossfade.api.action import RolloutAction
from crossfade.api.analysis_template import AnalysisTemplate, ClusterAnalysisTemplate
from crossfade.api.release import FailedLog, Release, TemplateChange
from crossfade.core.check import Checked
from crossfade.core.measured import Measured
from crossfade.core.policy.matched import Matched

Template = AnalysisTemplate | ClusterAnalysisTemplate


@dataclass(frozen=True)
class Identity:
    """Which stored object was seen: writes carry it, so that none lands on another or a newer one."""

    uid: str
    resource_version: str


@dataclass(frozen=True)
class Side:
    """The Deployment of one revision.

    `desired` is its spec's replicas; `replicas`, `ready`, `available`, `updated` and `terminating` count pods, as its
    status says (`updated`: of its present template; `terminating` is None on servers that do not count them). `current`
    is False while the status still speaks of an older spec. `refusal` is why pods cannot be created (quota, admission).
    `edited_by` and `scaled_by`: who else, as a field manager, has changed its pod template or its replicas; not who
    applied what was so. `generation` and `observed_generation`: the newest spec, and the one that its status is about.
    `available_since`: since when its controller calls it available, by the API server's clock; None where it does not.
    """

    identity: Identity
    revision: str
    desired: int
    replicas: int = 0
    ready: int = 0
    available: int = 0
    updated: int = 0
    terminating: int | None = None
    current: bool = True
    ours: bool = True
    refusal: str = ""
    edited_by: str = ""
    scaled_by: str = ""
    created_at: datetime | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)
    available_since: datetime | None = None
    generation: int = 0
    observed_generation: int = 0


@dataclass(frozen=True)
class SeenService:
    """A Service of ours, or one in our way. `owner` is the Rollout that its label names, if any.

    `ready` and `serving` count its endpoints by revision: serving includes terminating pods that still
    answer; pods that belong to no revision of this Rollout count under "", and `foreign` has the names of the ready ones.
    """

    identity: Identity
    name: str
    ours: bool
    owner: str
    selector: Mapping[str, str]
    manifest: Mapping[str, Any] = field(default_factory=dict)
    ready: Mapping[str, int] = field(default_factory=dict)
    serving: Mapping[str, int] = field(default_factory=dict)
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True)
class SeenRoute:
    """A route that the Rollout names, or one of ours. `kind`: `HTTPRoute`, `GRPCRoute` …

    `ours`: made and owned by this Rollout. `owner`: the Rollout that its label names, if any. `manifest`: the whole object
    with its status.
    """

    identity: Identity
    kind: str
    name: str
    ours: bool
    owner: str
    manifest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SeenGateway:
    """A Gateway and who carries it out: the controller's name, and what its class claims to support.

    `features`: None where the class publishes no list. `missing`: why nobody carries it out, as a sentence; "" else.
    """

    name: str
    controller: str = ""
    features: frozenset[str] | None = None
    missing: str = ""


@dataclass(frozen=True)
class Exit:
    """One container's most recent end: `code` as the container left it, `at` by the node's clock.

    `by_node`: its node went away under it (a reboot, a lost runtime), so nobody knows how it would have ended.
    """

    container: str
    code: int
    reason: str
    message: str
    at: datetime
    restarts: int
    by_node: bool = False


@dataclass(frozen=True)
class Waiting:
    """A container that cannot start, with the kubelet's reason (ErrImagePull …) and message."""

    container: str
    reason: str
    message: str


@dataclass(frozen=True)
class Pod:
    """One pod of a revision, read only when something is wrong.

    `leaving`: deleted, evicted or preempted: what its containers do is not the revision's fault. `started`: all its
    containers run or have run. `unready`: containers that run and whose probes do not pass. `warning`: the newest event
    that warns of it, read only where nothing else says why it is not ready. `was_ready`: it is ready, or was before: only
    then can it have served. `ended`: its phase is Failed or Succeeded: it
    runs no more, and stays as an object. `ends`: how often its containers have ended so far, by the kubelet's count;
    init containers that succeeded do not count. `node_lost`: why its node (or what clears nodes) took it, as the word
    and the sentence of its status; "" where that did not happen.
    """

    name: str
    revision: str
    ready: bool
    leaving: bool = False
    exits: tuple[Exit, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    unschedulable: str = ""
    pulled: bool = False
    uid: str = ""
    started: bool = True
    unready: tuple[str, ...] = ()
    warning: str = ""
    ended: bool = False
    ends: int = 0
    node_lost: str = ""
    was_ready: bool = True


@dataclass(frozen=True)
class Stranger:
    """A Service or Deployment without a label of ours. A Service has no `template` and no `replicas`.

    `any_revision`: its owner says that it may reach pods of every revision.
    """

    kind: str
    name: str
    selector: Mapping[str, str]
    any_revision: bool = False
    replicas: int = 0
    template: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Closed:
    """A port that a pod refused a connection to: nothing listens there, or somebody on the way refuses for it."""

    pod: str
    port: int


SILENT_S: Final = 10.0
"""A pod that neither takes nor refuses a connection for so long is not to be reached from the operator."""


@dataclass(frozen=True)
class Tried:
    """What ready pods of a revision did with connections to ports.

    `refused`: by which pod; `answered`: by one pod at least; `silent`: neither was seen, within `SILENT_S`; `awaited`: neither was seen yet.
    """

    refused: tuple[Closed, ...] = ()
    answered: frozenset[int] = frozenset()
    silent: frozenset[int] = frozenset()
    awaited: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Found:
    """The answers to what a decision asked to look at (see `plan.ReadRequest`).

    `pods`: by revision. `refusal`: the server's message on a dry run of the candidate, "" where it accepts.
    `services` and `deployments`: objects read by name, None where there is none.
    `pull_pods`: the pods that pull images. `counted`: by revision, whether what counts its pods has seen the newest size
    that its Deployment asks for: until then its counts may be those of before. `strangers`: the Services and Deployments of
    the namespace that are nobody's of ours, None where nobody has looked. `tried`: by revision, what ready pods did with
    connections; None where no pod was ready. `gateways`: by `namespace/name`, those that the route names.
    `routes`: by kind and name (`HTTPRoute/shop`), read by name, None where there is none.
    `quiet_s`: by Service, for how many seconds no router was seen to send it a request; None where nobody knows.
    `templates`: those that are not watched, by name and whether it is the cluster's, None where there is none.
    `checked`: of expressions and queries, what is wrong with them. `logs`: by pod and container, the end of a log; None while it
    is still being read.
    """

    pods: Mapping[str, tuple[Pod, ...]] = field(default_factory=dict)
    refusal: str | None = None
    services: Mapping[str, SeenService | None] = field(default_factory=dict)
    deployments: Mapping[str, Side | None] = field(default_factory=dict)
    pull_pods: tuple[Pod, ...] | None = None
    counted: Mapping[str, bool] = field(default_factory=dict)
    strangers: tuple[Stranger, ...] | None = None
    tried: Mapping[str, Tried | None] = field(default_factory=dict)
    gateways: Mapping[str, SeenGateway] = field(default_factory=dict)
    routes: Mapping[str, SeenRoute | None] = field(default_factory=dict)
    quiet_s: Mapping[str, float | None] = field(default_factory=dict)
    templates: Mapping[tuple[str, bool], Template | None] = field(default_factory=dict)
    checked: Checked = field(default_factory=dict)
    logs: Mapping[tuple[str, str], FailedLog | None] = field(default_factory=dict)


OTHERS_SHOWN = 100
"""So many other Rollouts that failed lately are shown at most: of more nobody reads a count."""


@dataclass(frozen=True)
class Failure:
    """Another Rollout that failed: when it was judged, by the operator's clock, and why in one word."""

    namespace: str
    name: str
    at: datetime
    reason: str


@dataclass(frozen=True)
class Observed:
    """One Rollout's part of the cluster at one moment.

    `source`: the Deployment that `workloadRef` names, where it carries our label.
    `sides`: its Deployments by revision. `services`: by name, those that carry its label.
    `releases` and `actions`: its own, oldest first.
    `dropped`: revisions of which an endpoint or a ready pod went away and did not come back yet, or only just now, each
    with the seconds since its last drop.
    `refused`: writes that the API server refused and that are still asked for, as kind and name ("Service/shop"), each
    with the server's words.
    `namespace_terminating`: nothing new can be made there, and nothing may hold the deletion up.
    `settle_s`: how long nodes get to follow the endpoints.
    `checks_ports`: before the first requests of a candidate its ports are tried.
    `asks_router`: the routers' own metrics are read before a candidate's pods go.
    `template_change`: which field manager changed the wanted template last, and when; None where nobody tells.
    `routes`: by kind and name (`HTTPRoute/shop`), those that its spec names, that one of its Services says were changed for
    it, and its own. `route_kinds`: the kinds of route that this cluster has and this operator watches.
    `route_claims`: older Rollouts that name the same route and a rule in common, by name.
    `measured`: what was asked to be measured and has come.
    `templates`: those that its spec names and that are watched, by name and whether it is the cluster's; None where there is
    none. One that is not watched is absent: it has to be read.
    `others_failed`: the other Rollouts of this operator that failed lately, the newest first, at most `OTHERS_SHOWN`.
    `policies`: those that are about it. `policies_unknown`: why nobody can say which those are, as a sentence: then it is held; "" else.
    `spec_error`: why the spec breaks a rule, as a sentence; then it is what can be used of it. "" else.
    `first_look`: this process has not looked at it before, so nobody knows when what is seen became so.
    """

    sides: Mapping[str, Side] = field(default_factory=dict)
    services: Mapping[str, SeenService] = field(default_factory=dict)
    source: Side | None = None
    releases: tuple[Release, ...] = ()
    actions: tuple[RolloutAction, ...] = ()
    dropped: Mapping[str, float] = field(default_factory=dict)
    found: Found = field(default_factory=Found)
    namespace_terminating: bool = False
    refused: Mapping[str, str] = field(default_factory=dict)
    settle_s: float = 2.0
    first_look: bool = False
    checks_ports: bool = False
    asks_router: bool = False
    template_change: TemplateChange | None = None
    routes: Mapping[str, SeenRoute] = field(default_factory=dict)
    route_kinds: frozenset[str] = frozenset()
    route_claims: tuple[str, ...] = ()
    measured: tuple[Measured, ...] = ()
    templates: Mapping[tuple[str, bool], Template | None] = field(default_factory=dict)
    others_failed: tuple[Failure, ...] = ()
    policies: tuple[Matched, ...] = ()
    policies_unknown: str = ""
    spec_error: str = ""
