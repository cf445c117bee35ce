"""Where each field shows: one row for every leaf of the schema, and a test that none is missing.

A row says on which base its field is changed, at which place, and what must be seen of the value afterwards: (what is
seen, what should be). `settled` is the Rollout after the change, `ended` after a release that began later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crossfade.api.labels import FINALIZER
from crossfade.api.rollout import RolloutSpec
from crossfade.core.strategies.rolling import limits
from mutation.bases import REPLICAS
from mutation.leaves import ABSENT, Members
from mutation.seen import Object, Seen

GRACE_S: Final = 30

Pair = tuple[Any, Any]
Shows = Callable[["Story", Any], Pair]


@dataclass(frozen=True)
class Story:
    """The same Rollout at rest twice: after the change, and after the release that followed it."""

    settled: Seen
    ended: Seen


@dataclass(frozen=True)
class Row:
    """`refused` are kinds of values that a rule of several fields refuses, with a part of what it says.

    `fails`: it shows in a release whose pods never come. `back`: it shows when the former revision returns.
    `server_only`: only the API server knows the rule. `waits`: kinds of values that, in the middle of a release, are
    decided to hold it. `drains`: what it says of draining counts from the next revision on. `left_out`: kinds of values
    that need a Gateway which is not there.
    """

    at: str
    shows: Shows
    base: str = "canary"
    refused: Mapping[str, str] = field(default_factory=dict)
    fails: bool = False
    back: bool = False
    server_only: bool = False
    waits: tuple[str, ...] = ()
    drains: bool = False
    left_out: tuple[str, ...] = ()


# --- how a value is seen ----------------------------------------------------------------------------------


def _or(default: Any) -> Callable[[Any], Any]:
    """The value, or what its absence means."""
    return lambda value: default if value == ABSENT else value


def _size(value: Any) -> int:
    return value.count if isinstance(value, Members) else 0


def _gate(plan: list[Object], name: str) -> str:
    return str(next((stage["gate"] for stage in plan if stage["name"] == name), "(no such stage)"))


def _pause(value: Any) -> str:
    return f"pause {value}s" if value not in (ABSENT, 0) else "ready"


def _pods(value: Any, *, up: bool = True) -> int:
    if isinstance(value, int):
        return value
    exact = int(value.removesuffix("%")) * REPLICAS
    return -(-exact // 100) if up else exact // 100


def _stage(plan: list[Object], name: str) -> Object:
    return next((stage for stage in plan if stage["name"] == name), {})


def _container(seen: Seen) -> Object:
    return dict(seen.pod["spec"]["containers"][0])


def _sleep(seen: Seen) -> int:
    pre_stop = (_container(seen).get("lifecycle") or {}).get("preStop", {})
    return int(pre_stop.get("sleep", {}).get("seconds", 0))


def _port(seen: Seen) -> Object:
    return dict(seen.production["spec"]["ports"][0])


def _own_labels(seen: Seen) -> list[str]:
    return [key for key in seen.pod["metadata"]["labels"] if not key.startswith("crossfade.dev/")]


def _tolerated(seen: Seen) -> Any:
    """Pods that may be missing: not in the record, so of the plan as it is compiled from what is stored."""
    stored = RolloutSpec.model_validate(seen.rollout["spec"])
    assert stored.strategy.rolling is not None
    return limits(stored.strategy.rolling, REPLICAS)[1]


def _accepted(story: Story, _: Any) -> Pair:
    return story.settled.phase, "Healthy"


def _taken(story: Story, value: Any) -> Pair:
    """A name that nothing has is told of."""
    if value == "chart":
        return _accepted(story, value)
    told = (story.settled.reason, f"Deployment {value}" in story.settled.status["message"])
    return told, ("WorkloadMissing", True)


def _failed_after(story: Story, value: Any) -> Pair:
    """A short deadline has passed, a long one has not."""
    seen = story.ended
    if value == 1:
        return (seen.phase, "after 1 s" in seen.status["message"]), ("RolledBack", True)
    return seen.phase, "Progressing"


def _down_after(story: Story, value: Any) -> Pair:
    seen = story.ended
    if value == 1:
        return ("maxDowntimeSeconds is 1" in seen.status["message"]), True
    return seen.phase, "Progressing"


def _held_or_back(story: Story, value: Any) -> Pair:
    expected = ("Paused", "PausedByFailure") if value == "Pause" else ("RolledBack", "Quarantined")
    return (story.ended.phase, story.ended.reason), expected


def _paused(story: Story, value: Any) -> Pair:
    phases = (story.settled.phase, story.ended.phase)
    return phases, ("Healthy", "Paused" if value is True else "Healthy")


def _weighs(story: Story, value: Any) -> Pair:
    plan = story.ended.plan
    return (plan[1]["weight"], plan[1]["gate"]), (value, "manual")


def _in_name(story: Story, asked: str) -> bool:
    """Whether the name of the first stage says so."""
    return asked in str(story.ended.plan[0]["name"]).split(", ")[1:]


def _grouped(story: Story, value: Any) -> Pair:
    """Without any, the stage has no groups."""
    return _in_name(story, "groups"), value != ABSENT and value != Members(0)


def _mirrored(story: Story, value: Any) -> Pair:
    told = [part for part in story.ended.plan[0]["name"].split(", ") if part.startswith("mirror")]
    return told, ([] if value == ABSENT else [f"mirror {value}"])


def _named_rule(story: Story, value: Any) -> Pair:
    """A rule that is not there is told of."""
    if value in ("main", ABSENT):
        return _accepted(story, value)
    return (story.settled.reason, value in story.settled.status["message"]), ("RouteInvalid", True)


def _own(field_: str, missing: Any) -> Shows:
    """The field of the rule of the route that it owns."""
    return lambda t, v: (t.settled.rule.get(field_, missing), missing if v == ABSENT else v)


def _own_spec(story: Story) -> Object:
    return dict(story.settled.routes["shop"]["spec"])


CHOOSE = {"absent": "exactly one of recreate, rolling, blueGreen, canary and bigBang"}
RUN = {"absent": "say what to run: either template (a pod template) or workloadRef"}
ONE_PAUSE = "pause and pauseSeconds exclude each other"
KEPT_NAME = "the Service's name cannot be changed"
ONE_ROUTE = "choose exactly one of httpRoute"
ONE_VALUE = "say which value: either exact or regex"
NO_GATEWAY = ("shortest", "longest", "min", "max", "most")


def _of_match(path: str, at: str, base: str, shows: Shows) -> dict[str, Row]:
    """Of what a group of requests is told by. The base names a header, a cookie and a query parameter, each exactly."""
    rows = {}
    for by in ("header", "cookie", "query"):
        leaf, place = f"{path}[].{by}", f"{at}.0.{by}"
        two = dict.fromkeys(("shortest", "longest"), ONE_VALUE)
        rows |= {
            leaf: Row(place, shows, base),
            f"{leaf}.name": Row(f"{place}.name", shows, base),
            f"{leaf}.exact": Row(f"{place}.exact", shows, base, refused={"absent": ONE_VALUE}),
            f"{leaf}.regex": Row(f"{place}.regex", shows, base, refused=two),
        }
    return rows


def _of_other_kind(kind: str) -> dict[str, Row]:
    """Beside the route that is there, it is one too many."""
    leaf = f"traffic.{kind}"
    two, nameless = dict.fromkeys(("shortest", "longest"), ONE_ROUTE), ("shortest", "longest", "absent")
    return {
        leaf: Row(leaf, _accepted, "route"),
        f"{leaf}.name": Row(f"{leaf}.name", _accepted, "route", refused=two),
        f"{leaf}.rule": Row(f"{leaf}.rule", _accepted, "route", refused=dict.fromkeys(nameless, "")),
    }


ROWS: Final[dict[str, Row]] = {
    "replicas": Row(
        "replicas",
        lambda t, v: (t.settled.stable["spec"]["replicas"], _or(1)(v)),
        "bigBang",  # the others exchange 10,000 pods a few at a time
        waits=("min",),
    ),
    "template": Row("template", _accepted, refused=RUN),
    "template.metadata": Row("template.metadata", lambda t, _: (_own_labels(t.settled), [])),
    "template.metadata.labels": Row(
        "template.metadata.labels", lambda t, v: (len(_own_labels(t.settled)), _size(v))
    ),
    "template.metadata.labels{}": Row(
        "template.metadata.labels.app",
        lambda t, v: (t.settled.pod["metadata"]["labels"].get("app", ABSENT), v),
    ),
    "template.spec": Row("template.spec", _accepted),
    "template.spec.containers": Row(
        "template.spec.containers",
        lambda t, v: (len(t.settled.pod["spec"]["containers"]), _size(v)),
    ),
    "template.spec.containers[].name": Row(
        "template.spec.containers.0.name", lambda t, v: (_container(t.settled)["name"], v)
    ),
    "template.spec.containers[].image": Row(
        "template.spec.containers.0.image",
        lambda t, v: ((_container(t.settled)["image"], t.settled.status["stable"]["image"]), (v, v)),
    ),
    "template.spec.terminationGracePeriodSeconds": Row(
        "template.spec.terminationGracePeriodSeconds",
        lambda t, v: (t.settled.pod["spec"].get("terminationGracePeriodSeconds", GRACE_S), _or(GRACE_S)(v)),
    ),
    "workloadRef": Row("workloadRef", _accepted, "workload", refused=RUN),
    "workloadRef.kind": Row("workloadRef.kind", _accepted, "workload"),
    "workloadRef.name": Row("workloadRef.name", _taken, "workload"),
    "strategy": Row("strategy", _accepted, refused={"absent": "say how to release"}),
    "strategy.recreate": Row("strategy.recreate", _accepted, "recreate", refused=CHOOSE),
    "strategy.recreate.maxDowntimeSeconds": Row(
        "strategy.recreate.maxDowntimeSeconds", _down_after, "recreate", fails=True
    ),
    "strategy.recreate.pullFirst": Row(
        "strategy.recreate.pullFirst",
        lambda t, v: (t.ended.plan[0]["name"], "pull images" if _or(True)(v) else "stop old"),
        "recreate",
    ),
    "strategy.rolling": Row("strategy.rolling", _accepted, "rolling", refused=CHOOSE),
    "strategy.rolling.maxSurge": Row(
        "strategy.rolling.maxSurge",
        lambda t, v: (_stage(t.ended.plan, "roll")["stable"], min(REPLICAS, _pods(_or("25%")(v)))),
        "rolling",
    ),
    "strategy.rolling.maxUnavailable": Row(
        "strategy.rolling.maxUnavailable",
        lambda t, v: (_tolerated(t.ended), min(REPLICAS, _pods(_or(0)(v), up=False))),
        "rolling",
    ),
    "strategy.rolling.batches": Row(
        "strategy.rolling.batches",
        lambda t, v: (sum(stage["name"].startswith("batch") for stage in t.ended.plan), _size(v)),
        "rolling",
    ),
    "strategy.rolling.batches[].replicas": Row(
        "strategy.rolling.batches.0.replicas",
        lambda t, v: (
            t.ended.plan[0]["candidate"],
            min(REPLICAS - 1, _pods(v)),
        ),  # the last old one stays warm
        "rolling",
    ),
    "strategy.rolling.batches[].pauseSeconds": Row(
        "strategy.rolling.batches.0.pauseSeconds",
        lambda t, v: (_gate(t.ended.plan, "batch 1"), _pause(v)),
        "rolling",
    ),
    "strategy.rolling.batches[].pause": Row(
        "strategy.rolling.batches.1.pause",
        lambda t, v: (_gate(t.ended.plan, "batch 2"), "ready" if v == ABSENT else "manual"),
        "rolling",
    ),
    "strategy.blueGreen": Row("strategy.blueGreen", _accepted, "blueGreen", refused=CHOOSE),
    "strategy.blueGreen.previewReplicas": Row(
        "strategy.blueGreen.previewReplicas",
        lambda t, v: (t.ended.plan[0]["candidate"], min(REPLICAS, _or(REPLICAS)(v))),
        "blueGreen",
    ),
    "strategy.blueGreen.promote": Row(
        "strategy.blueGreen.promote",
        lambda t, v: (_gate(t.ended.plan, "preview"), "manual" if v == "Manual" else "ready"),
        "blueGreen",
    ),
    "strategy.blueGreen.promoteAfterSeconds": Row(
        "strategy.blueGreen.promoteAfterSeconds",
        lambda t, v: (_gate(t.ended.plan, "preview"), _pause(v)),
        "blueGreen in time",
    ),
    "strategy.canary": Row("strategy.canary", _accepted, refused=CHOOSE),
    "strategy.canary.steps": Row(
        "strategy.canary.steps",
        lambda t, v: (sum(stage["name"].endswith("%") for stage in t.ended.plan), _size(v)),
    ),
    "strategy.canary.steps[].weight": Row(
        "strategy.canary.steps.1.weight",
        _weighs,
        refused={
            "min": "weights must rise from step to step",
            "absent": "say which requests the new revision gets in this step",
        },
    ),
    "strategy.canary.steps[].pauseSeconds": Row(
        "strategy.canary.steps.0.pauseSeconds", lambda t, v: (t.ended.plan[0]["gate"], _pause(v))
    ),
    "strategy.canary.steps[].pause": Row(
        "strategy.canary.steps.1.pause",
        lambda t, v: (t.ended.plan[1]["gate"], "ready" if v == ABSENT else "manual"),
    ),
    "strategy.canary.maxSurge": Row(
        "strategy.canary.maxSurge",
        lambda t, v: (
            t.ended.plan[0]["candidate"] + t.ended.plan[0]["stable"],
            min(10, REPLICAS + _pods(_or("25%")(v))),  # 1 of 10 is 10 % exactly
        ),
    ),
    "strategy.bigBang": Row("strategy.bigBang", _accepted, "bigBang", refused=CHOOSE),
    "service": Row("service", lambda t, _: (dict(t.settled.services), {}), drains=True),
    "service.name": Row(
        "service.name",
        _accepted,
        refused=dict.fromkeys(("shortest", "longest"), KEPT_NAME),
        server_only=True,
    ),
    "service.ports": Row(
        "service.ports", lambda t, v: (len(t.settled.production["spec"]["ports"]), _size(v))
    ),
    "service.ports[].port": Row("service.ports.0.port", lambda t, v: (_port(t.settled)["port"], v)),
    "service.ports[].targetPort": Row(
        "service.ports.0.targetPort",
        lambda t, v: (_port(t.settled)["targetPort"], _or(80)(v)),
        base="named ports",
    ),
    "service.ports[].name": Row(
        "service.ports.0.name", lambda t, v: (_port(t.settled).get("name", ABSENT), v)
    ),
    "service.ports[].protocol": Row(
        "service.ports.0.protocol", lambda t, v: (_port(t.settled)["protocol"], _or("TCP")(v))
    ),
    "service.adopt": Row(
        "service.adopt",
        lambda t, v: (t.settled.finalizers, [FINALIZER] if v is True else []),
        refused={"true": "adopt: true needs the name of the Service to take over"},
    ),
    "bakeSeconds": Row(
        "bakeSeconds",
        lambda t, v: (_gate(t.ended.plan, "bake"), f"bake {_or(30)(v)}s" if _or(30)(v) else "ready"),
    ),
    "onFailure": Row("onFailure", _held_or_back, "impatient", fails=True),
    "progressDeadlineSeconds": Row("progressDeadlineSeconds", _failed_after, "bigBang", fails=True),
    "minReadySeconds": Row(
        "minReadySeconds",
        lambda t, v: (t.settled.stable["spec"].get("minReadySeconds", 0), _or(0)(v)),
        refused={"max": "minReadySeconds must be below progressDeadlineSeconds"},
    ),
    "drainSeconds": Row(
        "drainSeconds", lambda t, v: (_sleep(t.ended), min(_or(5)(v), GRACE_S - 1)), drains=True
    ),
    "revisionHistoryLimit": Row(
        "revisionHistoryLimit", lambda t, v: (len(t.ended.deployments) - 1, min(1, _or(5)(v)))
    ),
    "rollbackRevisions": Row(
        "rollbackRevisions",
        lambda t, v: ({stage["gate"] for stage in t.ended.plan} == {"ready"}, _or(3)(v) > 0),
        back=True,
    ),
    "paused": Row("paused", _paused),
    "priority": Row("priority", _accepted),
    "holdWhenOthersFail": Row("holdWhenOthersFail", _accepted),
    "strategy.canary.steps[].match": Row("strategy.canary.steps.0.match", _grouped, "groups"),
    **_of_match("strategy.canary.steps[].match", "strategy.canary.steps.0.match", "groups", _accepted),
    "strategy.canary.steps[].mirror": Row("strategy.canary.steps.0.mirror", _mirrored, "groups"),
    "strategy.canary.steps[].candidateReplicas": Row(
        "strategy.canary.steps.0.candidateReplicas",
        lambda t, v: (t.ended.plan[0]["candidate"], min(REPLICAS, _or(1)(v))),
        "groups",
    ),
    "strategy.canary.sticky": Row("strategy.canary.sticky", _accepted, "groups"),
    "strategy.canary.dynamicStable": Row(
        "strategy.canary.dynamicStable",
        lambda t, v: (t.ended.plan[1]["stable"], 2 if v is True else REPLICAS),
        "groups",
    ),
    "strategy.blueGreen.previewMatch": Row("strategy.blueGreen.previewMatch", _accepted, "preview"),
    **_of_match("strategy.blueGreen.previewMatch", "strategy.blueGreen.previewMatch", "preview", _accepted),
    "strategy.blueGreen.previewHostnames": Row("strategy.blueGreen.previewHostnames", _accepted, "preview"),
    "strategy.blueGreen.previewHostnames[]": Row(
        "strategy.blueGreen.previewHostnames.0", _accepted, "preview"
    ),
    "traffic": Row("traffic", _accepted, "route"),
    "traffic.httpRoute": Row("traffic.httpRoute", _accepted, "route", refused={"absent": ONE_ROUTE}),
    "traffic.httpRoute.name": Row("traffic.httpRoute.name", _accepted, "route"),
    "traffic.httpRoute.rule": Row(
        "traffic.httpRoute.rule", _named_rule, "route", waits=("shortest", "longest")
    ),
    **_of_other_kind("grpcRoute"),
    **_of_other_kind("tlsRoute"),
    **_of_other_kind("tcpRoute"),
    **_of_other_kind("udpRoute"),
    "traffic.gateway": Row("traffic.gateway", _accepted, "own route", refused={"absent": ONE_ROUTE}),
    "traffic.gateway.parentRefs": Row(
        "traffic.gateway.parentRefs",
        lambda t, v: (len(_own_spec(t)["parentRefs"]), _size(v)),
        "own route",
        left_out=NO_GATEWAY,
    ),
    **{
        f"traffic.gateway.parentRefs[].{name}": Row(
            f"traffic.gateway.parentRefs.0.{name}", _accepted, "own route", left_out=NO_GATEWAY
        )
        for name in ("name", "namespace", "sectionName", "port")
    },
    "traffic.gateway.hostnames": Row(
        "traffic.gateway.hostnames",
        lambda t, v: (len(_own_spec(t).get("hostnames", ())), _size(v)),
        "own route",
    ),
    "traffic.gateway.hostnames[]": Row(
        "traffic.gateway.hostnames.0", lambda t, v: (_own_spec(t)["hostnames"], [v]), "own route"
    ),
    "traffic.gateway.matches": Row(
        "traffic.gateway.matches",
        lambda t, v: (len(t.settled.rule.get("matches", ())), _size(v)),
        "own route",
    ),
    "traffic.gateway.filters": Row(
        "traffic.gateway.filters",
        lambda t, v: (len(t.settled.rule.get("filters", ())), _size(v)),
        "own route",
    ),
    "traffic.gateway.timeouts": Row("traffic.gateway.timeouts", _own("timeouts", {}), "own route"),
    "traffic.gateway.timeouts.request": Row(
        "traffic.gateway.timeouts.request",
        lambda t, v: (t.settled.rule.get("timeouts", {}).get("request", ABSENT), v),
        "own route",
    ),
    "traffic.gateway.timeouts.backendRequest": Row(
        "traffic.gateway.timeouts.backendRequest",
        lambda t, v: (t.settled.rule.get("timeouts", {}).get("backendRequest", ABSENT), v),
        "own route",
    ),
    "onDelete": Row("onDelete", lambda t, v: (t.settled.finalizers, [FINALIZER] if v == "GiveBack" else [])),
}
"""By the leaf's path."""
