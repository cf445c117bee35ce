"""The specs that fields are changed in, and how a value is put into one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mutation.leaves import ABSENT
from mutation.seen import Object

REPLICAS: Final = 3
HOLDS_S: Final = 600


def spec(strategy: Object, **fields: Any) -> Object:
    """A spec whose releases hold at some stage until a person acts."""
    return {
        "replicas": REPLICAS,
        "template": {
            "metadata": {"labels": {"app": "shop"}},
            "spec": {"containers": [{"name": "app", "image": "shop:v1"}]},
        },
        "service": {"ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]},
        "strategy": strategy,
        "bakeSeconds": HOLDS_S,
        **fields,
    }


STEPS: Final = [{"weight": 10, "pauseSeconds": HOLDS_S}, {"weight": 50, "pause": "Manual"}]
BATCHES: Final = [{"replicas": 1, "pauseSeconds": HOLDS_S}, {"replicas": 1, "pause": "Manual"}]

LISTENING: Final = {
    "metadata": {"labels": {"app": "shop"}},
    "spec": {
        "containers": [
            {
                "name": "app",
                "image": "shop:v1",
                "ports": [{"name": "a", "containerPort": 8081}, {"name": "a" * 15, "containerPort": 8082}],
            }
        ]
    },
}
"""With ports of the shortest and the longest name: a name that a Service sends requests to must be there."""

ROUTE: Final = {"httpRoute": {"name": "shop", "rule": "main"}}
GROUP: Final = {
    "header": {"name": "x-group", "exact": "beta"},
    "cookie": {"name": "group", "exact": "beta"},
    "query": {"name": "group", "exact": "beta"},
}
GROUPED: Final = [
    {"weight": 10, "pauseSeconds": HOLDS_S, "match": [GROUP], "mirror": "10%", "candidateReplicas": 1},
    {"weight": 50, "pause": "Manual"},
]
PATH: Final = {"path": {"type": "PathPrefix", "value": "/shop"}}
OWN: Final = {
    "gateway": {
        "parentRefs": [{"name": "web"}],
        "hostnames": ["shop.example"],
        "matches": [PATH],
        "timeouts": {"request": "10s"},
    }
}

BASES: Final[dict[str, Object]] = {
    "recreate": spec({"recreate": {"maxDowntimeSeconds": 60, "pullFirst": False}}),
    "rolling": spec({"rolling": {"maxSurge": 1, "maxUnavailable": 1, "batches": BATCHES}}),
    "blueGreen": spec({"blueGreen": {"previewReplicas": 1, "promote": "Manual"}}),
    "blueGreen in time": spec({"blueGreen": {"promoteAfterSeconds": HOLDS_S}}),
    "canary": spec({"canary": {"steps": STEPS, "maxSurge": 1}}),
    "bigBang": spec({"bigBang": {}}),
    "impatient": spec({"bigBang": {}}, progressDeadlineSeconds=3),
    "named ports": spec({"bigBang": {}}, template=LISTENING),
    "workload": {k: v for k, v in spec({"bigBang": {}}).items() if k not in {"template", "service"}}
    | {"workloadRef": {"name": "chart"}},
    "route": spec({"canary": {"steps": STEPS}}, traffic=ROUTE),
    "groups": spec({"canary": {"steps": GROUPED}}, traffic=ROUTE),
    "preview": spec(
        {"blueGreen": {"promote": "Manual", "previewMatch": [GROUP], "previewHostnames": ["new.example"]}},
        traffic=ROUTE,
    ),
    "own route": spec({"canary": {"steps": STEPS}}, traffic=OWN),
}
ROUTED: Final = frozenset(name for name, base in BASES.items() if "traffic" in base)
"""Those whose requests a route shares."""


def members(path: str, count: int) -> Any:
    """So many members of the list or map at a path."""
    made: dict[str, Callable[[int], Any]] = {
        "template.spec.containers": lambda i: {"name": f"c{i}", "image": "shop:v1"},
        "strategy.rolling.batches": lambda _: {"replicas": 1},
        "strategy.canary.steps": lambda i: {"weight": i + 1},
        "strategy.canary.steps.0.match": lambda i: {"header": {"name": f"x-group-{i}", "exact": "beta"}},
        "strategy.blueGreen.previewMatch": lambda i: {"header": {"name": f"x-group-{i}", "exact": "beta"}},
        "strategy.blueGreen.previewHostnames": lambda i: f"new-{i}.example",
        "traffic.gateway.parentRefs": lambda i: {"name": "web"} if i == 0 else {"name": f"web-{i}"},
        "traffic.gateway.hostnames": lambda i: f"shop-{i}.example",
        "traffic.gateway.matches": lambda i: {"path": {"type": "PathPrefix", "value": f"/{i}"}},
        "traffic.gateway.filters": lambda i: {
            "type": "RequestHeaderModifier",
            "requestHeaderModifier": {"remove": [f"x-{i}"]},
        },
        "service.ports": lambda i: {"name": f"p{i}", "port": 80 + i, "targetPort": 8080, "protocol": "TCP"},
    }
    if path == "template.metadata.labels":
        return {f"label-{i}": "x" for i in range(count)}
    return [made[path](i) for i in range(count)]


def changed(base: Object, at: str, value: Any) -> Object:
    """The spec with another value at a place; lists and objects on the way are copied."""
    head, _, rest = at.partition(".")
    if isinstance(base, list):
        index = int(head)
        return [  # type: ignore[return-value]
            each if i != index else changed(each, rest, value) if rest else value
            for i, each in enumerate(base)
        ]
    if rest:
        return {**base, head: changed(base.get(head, {}), rest, value)}
    left = {key: each for key, each in base.items() if key != head}
    return left if isinstance(value, str) and value == ABSENT else {**left, head: value}
