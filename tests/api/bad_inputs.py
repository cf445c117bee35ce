"""Every mistake that can be known when a Rollout is applied, once for both who must find it.

`crossfade plan -f` finds it without a cluster (tests/api), the API server when it is applied (tests/kind).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.manifests import ABSENT

STEPS = "spec.strategy.canary.steps"
PORTS = "spec.service.ports"


@dataclass(frozen=True)
class BadInput:
    """A manifest that differs from the good one by `changes`.

    `path` and `says` are what both must show; `server_says` is for messages that are the API server's own.
    """

    title: str
    changes: dict[str, Any]
    path: str
    says: str
    server_says: str = ""

    def __str__(self) -> str:
        return self.title


CANARY = "spec.strategy.canary"
BLUE_GREEN = "spec.strategy.blueGreen"
HTTP = {"httpRoute": {"name": "shop"}}
GRPC = {"grpcRoute": {"name": "shop"}}
BETA = {"header": {"name": "x-group", "exact": "beta"}}
COOKIE = {"cookie": {"name": "group", "regex": "beta|gamma"}}
A_ROUTE = "write for example `traffic: {httpRoute: {name: shop}}`"


METRICS = "spec.analysis.metrics"
RATE = {"url": "https://a.example/rate", "jsonPath": "$.rate"}
KEY = {"name": "held", "key": "token"}
CLOUDWATCH = {
    "region": "eu-central-1",
    "metrics": [{"namespace": "Shop", "name": "Errors", "statistic": "Sum"}],
    "accessKeyId": KEY,
    "secretAccessKey": KEY,
}

CHOOSE = "exactly one of recreate, rolling, blueGreen, canary and bigBang"

BAD_INPUTS = (
    BadInput(
        "no strategy at all", {"spec.strategy": ABSENT}, "spec.strategy", f"say how to release: {CHOOSE}"
    ),
    BadInput("an empty strategy", {"spec.strategy": {}}, "spec.strategy", f"choose {CHOOSE}"),
    BadInput("a strategy without a value", {"spec.strategy": {"bigBang": None}}, "spec.strategy", CHOOSE),
    BadInput("two strategies", {"spec.strategy.rolling": {}}, "spec.strategy", f"choose {CHOOSE}"),
    BadInput(
        "falling weights",
        {STEPS: [{"weight": 50}, {"weight": 25}]},
        STEPS,
        "weights must rise from step to step: sort them and leave out repeats, for example 5, 25, 50",
    ),
    BadInput(
        "a weight twice",
        {STEPS: [{"weight": 50}, {"weight": 50}]},
        STEPS,
        "weights must rise from step to step",
    ),
    BadInput(
        "weight 101",
        {f"{STEPS}.1.weight": 101},
        f"{STEPS}[1].weight",
        "must be from 0 to 100, not 101",
        "should be less than or equal to 100",
    ),
    BadInput(
        "weight 0",
        {f"{STEPS}.0.weight": 0},
        f"{STEPS}[0].weight",
        "must be above 0: leave it out, and write match or mirror",
        "should be greater than 0",
    ),
    BadInput(
        "a weight with two decimals",
        {f"{STEPS}.0.weight": 12.25},
        f"{STEPS}[0].weight",
        "write a weight with at most one decimal, for example 12.5",
    ),
    BadInput(
        "a weight below a tenth",
        {f"{STEPS}.0.weight": 0.05},
        f"{STEPS}[0].weight",
        "write a weight with at most one decimal, for example 12.5",
    ),
    BadInput(
        "a weight that is a text",
        {f"{STEPS}.0.weight": "25%"},
        f"{STEPS}[0].weight",
        "must be a number, not '25%'",
        "must be of type number",
    ),
    BadInput(
        "a step that gives no requests",
        {STEPS: [{"pause": "Manual"}]},
        f"{STEPS}[0]",
        "say which requests the new revision gets in this step: a weight, a match or a mirror, for example `weight: 5`",
    ),
    BadInput(
        "weights that fall across a step without one",
        {"spec.traffic": HTTP, STEPS: [{"weight": 50}, {"mirror": "5%"}, {"weight": 25}]},
        STEPS,
        "weights must rise from step to step",
    ),
    BadInput(
        "both forms of a pause",
        {f"{STEPS}.0.pause": "Manual"},
        f"{STEPS}[0]",
        "write `pause: Manual` to wait for a person, or `pauseSeconds: 60` to go on by itself",
    ),
    BadInput(
        "51 steps",
        {STEPS: [{"weight": weight} for weight in range(1, 52)]},
        STEPS,
        "has 51 items, but at most 50 are allowed",
        "Too many: 51: must have at most 50 items",
    ),
    BadInput("no steps", {STEPS: []}, STEPS, "must have at least 1 item", "should have at least 1 items"),
    BadInput(
        "the value of promote misspelt",
        {"spec.strategy": {"blueGreen": {"promote": "Manul"}}},
        "spec.strategy.blueGreen.promote",
        "must be Automatic or Manual, not 'Manul': did you mean Manual?",
        'Unsupported value: "Manul": supported values: "Automatic", "Manual"',
    ),
    BadInput(
        "the name of promote misspelt",
        {"spec.strategy": {"blueGreen": {"promot": "Manual"}}},
        "spec.strategy.blueGreen.promot",
        "is not a field: did you mean promote?",
        'unknown field "spec.strategy.blueGreen.promot"',
    ),
    BadInput(
        "a wait before a switch that a person makes",
        {"spec.strategy": {"blueGreen": {"promote": "Manual", "promoteAfterSeconds": 5}}},
        "spec.strategy.blueGreen",
        "promoteAfterSeconds counts only with promote: Automatic: leave it out",
    ),
    BadInput(
        "a negative duration",
        {"spec.bakeSeconds": -1},
        "spec.bakeSeconds",
        "must be at least 0, not -1",
        "should be greater than or equal to 0",
    ),
    BadInput(
        "a duration of more than a week",
        {"spec.bakeSeconds": 604801},
        "spec.bakeSeconds",
        "must be at most 604800, not 604801",
        "should be less than or equal to 604800",
    ),
    BadInput(
        "a duration with a unit",
        {"spec.bakeSeconds": "30s"},
        "spec.bakeSeconds",
        "must be a whole number, not '30s': write bakeSeconds: 30",
        "must be of type integer",
    ),
    BadInput(
        "a duration of minutes in a step",
        {"spec.strategy": {"canary": {"steps": [{"weight": 10, "pauseSeconds": "5m"}]}}},
        "spec.strategy.canary.steps[0].pauseSeconds",
        "must be a whole number, not '5m': write pauseSeconds: 300",
        "must be of type integer",
    ),
    BadInput(
        "a time where a person is meant",
        {"spec.strategy": {"canary": {"steps": [{"weight": 10, "pause": "20s"}]}}},
        "spec.strategy.canary.steps[0].pause",
        "must be Manual, not '20s': for a time write pauseSeconds: 20",
        'Unsupported value: "20s"',
    ),
    BadInput(
        "an object where a number is meant",
        {"spec.bakeSeconds": {"seconds": 30}},
        "spec.bakeSeconds",
        "must be a whole number, not an object",
        "unknown field",
    ),
    BadInput(
        "a Service port without number",
        {PORTS: [{"targetPort": 8080}]},
        f"{PORTS}[0].port",
        "is required",
        "Required value",
    ),
    BadInput(
        "port 0",
        {f"{PORTS}.0.port": 0},
        f"{PORTS}[0].port",
        "must be at least 1, not 0",
        "should be greater than or equal to 1",
    ),
    BadInput(
        "a targetPort that is no port",
        {f"{PORTS}.0.targetPort": "8080"},
        f"{PORTS}[0].targetPort",
        "must be a port number (1 to 65535) or the name of a port",
        "should match",
    ),
    BadInput(
        "two ports without names",
        {PORTS: [{"port": 80}, {"port": 81}]},
        PORTS,
        "each of several ports needs a name: write for example {name: http, port: 80}",
    ),
    BadInput(
        "two ports with one name",
        {PORTS: [{"port": 80, "name": "http"}, {"port": 81, "name": "http"}]},
        PORTS,
        "two ports have the same name: give each its own",
    ),
    BadInput(
        "a port twice",
        {PORTS: [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]},
        PORTS,
        "has 80/TCP more than once",
        "Duplicate value",
    ),
    BadInput(
        "adopt without a name",
        {"spec.service.adopt": True},
        "spec.service.name",
        "adopt: true needs the name of the Service to take over",
    ),
    BadInput(
        "a Service name that is none",
        {"spec.service.name": "My_Shop"},
        "spec.service.name",
        "must match",
        "should match",
    ),
    BadInput(
        "a workloadRef that leads to another namespace",
        {"spec.template": None, "spec.workloadRef": {"name": "../../theirs/deployments/shop"}},
        "spec.workloadRef.name",
        "must match",
        "should match",
    ),
    BadInput(
        "a name too long for the names of the pods",
        {"metadata.name": "a" * 41},
        "metadata.name",
        "at most 40 characters, so that the names of its pods keep the revision: choose a shorter name",
    ),
    BadInput(
        "a name that no Service can have",
        {"metadata.name": "2shop"},
        "metadata.name",
        "begins with a small letter and has small letters, digits and - only, for example shop-2",
    ),
    BadInput(
        "a rolling update that may not move",
        {"spec.strategy": {"rolling": {"maxSurge": "0%", "maxUnavailable": 0}}},
        "spec.strategy.rolling",
        "maxSurge and maxUnavailable cannot both be 0, since no pod could be replaced: "
        "write for example maxSurge: 25%",
    ),
    BadInput(
        "a share above 100 %",
        {"spec.strategy": {"rolling": {"maxSurge": "125%"}}},
        "spec.strategy.rolling.maxSurge",
        'must be a number of pods (0 to 10000) or a share like "25%"',
        "should match",
    ),
    BadInput(
        "a batch of no pods",
        {"spec.strategy": {"rolling": {"batches": [{"replicas": 0}]}}},
        "spec.strategy.rolling.batches[0].replicas",
        'must be a number of pods (1 to 10000) or a share like "25%"',
        "should be greater than or equal to 1",
    ),
    BadInput(
        "ready for longer than the deadline",
        {"spec.minReadySeconds": 60, "spec.progressDeadlineSeconds": 60},
        "spec.minReadySeconds",
        "minReadySeconds must be below progressDeadlineSeconds",
    ),
    BadInput(
        "no containers",
        {"spec.template.spec.containers": []},
        "spec.template.spec.containers",
        "must have at least 1 item",
        "should have at least 1 items",
    ),
    BadInput(
        "a container without image",
        {"spec.template.spec.containers": [{"name": "app"}]},
        "spec.template.spec.containers[0].image",
        "is required",
        "Required value",
    ),
    BadInput(
        "two containers of one name",
        {"spec.template.spec.containers": [{"name": "app", "image": "a"}, {"name": "app", "image": "b"}]},
        "spec.template.spec.containers",
        "has more than one app",
        "Duplicate value",
    ),
    BadInput(
        "a label that is ours",
        {"spec.template.metadata": {"labels": {"crossfade.dev/revision": "mine"}}},
        "spec.template.metadata.labels",
        "labels that begin with crossfade.dev/ are set by Crossfade: leave them out of the template",
    ),
    BadInput(
        "a label that is null",
        {"spec.template.metadata": {"labels": {"app": "shop", "tier": None}}},
        "spec.template.metadata.labels",
        'a label has a text, not null: write for example `tier: ""`, or leave the label out',
    ),
    BadInput(
        "a label that is no text",
        {"spec.template.metadata": {"labels": {"version": 2}}},
        "spec.template.metadata.labels.version",
        "must be a text, not 2: put it in quotes",
        "must be of type string",
    ),
    BadInput(
        "a field that is none",
        {"spec.analyse": {}},
        "spec.analyse",
        "is not a field",
        'unknown field "spec.analyse"',
    ),
    BadInput(
        "more replicas than 10000",
        {"spec.replicas": 10001},
        "spec.replicas",
        "must be at most 10000, not 10001",
        "should be less than or equal to 10000",
    ),
    *(
        BadInput(
            f"a step with {field} and without a route",
            {STEPS: [{"weight": 5, field: value}]},
            STEPS,
            f"match, mirror and candidateReplicas need a route that shares the requests: {A_ROUTE}",
        )
        for field, value in (("match", [BETA]), ("mirror", "10%"), ("candidateReplicas", 3))
    ),
    BadInput(
        "sticky without a route",
        {f"{CANARY}.sticky": True},
        f"{CANARY}.sticky",
        f"sticky needs a route that keeps users by a cookie: {A_ROUTE}",
    ),
    BadInput(
        "dynamicStable without a route",
        {f"{CANARY}.dynamicStable": True},
        f"{CANARY}.dynamicStable",
        f"leave it out, or {A_ROUTE}",
    ),
    *(
        BadInput(
            f"{field} without a route",
            {"spec.strategy": {"blueGreen": {field: value}}},
            BLUE_GREEN,
            f"previewMatch and previewHostnames need a route: {A_ROUTE}",
        )
        for field, value in (("previewMatch", [BETA]), ("previewHostnames", ["preview.shop.example"]))
    ),
    BadInput(
        "a route without a Service",
        {"spec.traffic": HTTP, "spec.service": ABSENT},
        "spec.traffic",
        "traffic needs service, whose requests the route shares: write for example `service: {ports:",
    ),
    *(
        BadInput(
            f"a {kind} with {field}",
            {"spec.traffic": {kind: {"name": "shop"}}, STEPS: [{"weight": 5, field: value}]},
            STEPS,
            "tlsRoute, tcpRoute and udpRoute have weights only: leave match and mirror out",
        )
        for kind in ("tlsRoute", "tcpRoute", "udpRoute")
        for field, value in (("match", [BETA]), ("mirror", "10%"))
    ),
    *(
        BadInput(
            f"a {kind} with sticky",
            {"spec.traffic": {kind: {"name": "shop"}}, f"{CANARY}.sticky": True},
            f"{CANARY}.sticky",
            "only clients over HTTP keep cookies: leave sticky out, or share the requests by an httpRoute",
        )
        for kind in ("grpcRoute", "tcpRoute")
    ),
    BadInput(
        "a tlsRoute with a preview of its own",
        {
            "spec.traffic": {"tlsRoute": {"name": "shop"}},
            "spec.strategy": {"blueGreen": {"previewHostnames": ["preview.shop.example"]}},
        },
        BLUE_GREEN,
        "leave previewMatch and previewHostnames out",
    ),
    *(
        BadInput(
            f"a grpcRoute with a group by {what}",
            {"spec.traffic": GRPC, STEPS: [{"match": [BETA]}, {"weight": 5, "match": [BETA, match]}]},
            STEPS,
            "gRPC calls have headers only, no cookies and no query: write header instead",
        )
        for what, match in (("cookie", COOKIE), ("query", {"query": {"name": "group", "exact": "beta"}}))
    ),
    BadInput(
        "a grpcRoute with a preview by cookie",
        {"spec.traffic": GRPC, "spec.strategy": {"blueGreen": {"previewMatch": [COOKIE]}}},
        f"{BLUE_GREEN}.previewMatch",
        "write header instead",
    ),
    BadInput(
        "no route at all",
        {"spec.traffic": {}},
        "spec.traffic",
        "choose exactly one of httpRoute, grpcRoute, tlsRoute, tcpRoute, udpRoute and gateway",
    ),
    BadInput(
        "two routes",
        {"spec.traffic": {**HTTP, **GRPC}},
        "spec.traffic",
        "choose exactly one of httpRoute, grpcRoute, tlsRoute, tcpRoute, udpRoute and gateway",
    ),
    BadInput(
        "a route in another namespace",
        {"spec.traffic": {"httpRoute": {"name": "shop", "namespace": "theirs"}}},
        "spec.traffic.httpRoute.namespace",
        "is not a field",
        'unknown field "spec.traffic.httpRoute.namespace"',
    ),
    BadInput(
        "a gateway without parents",
        {"spec.traffic": {"gateway": {"hostnames": ["shop.example"]}}},
        "spec.traffic.gateway.parentRefs",
        "is required",
        "Required value",
    ),
    BadInput(
        "a hostname that is a URL",
        {"spec.traffic": {"gateway": {"parentRefs": [{"name": "public"}], "hostnames": ["http://shop"]}}},
        "spec.traffic.gateway.hostnames[0]",
        "must match",
        "should match",
    ),
    BadInput(
        "a timeout without a unit",
        {"spec.traffic": {"gateway": {"parentRefs": [{"name": "public"}], "timeouts": {"request": "10"}}}},
        "spec.traffic.gateway.timeouts.request",
        "must match",
        "should match",
    ),
    BadInput(
        "a match that names nothing",
        {"spec.traffic": HTTP, STEPS: [{"match": [{}]}]},
        f"{STEPS}[0].match[0]",
        "say what requests must have: a header, a cookie or a query parameter",
    ),
    BadInput(
        "a match on a header without a value",
        {"spec.traffic": HTTP, STEPS: [{"match": [{"header": {"name": "x-group"}}]}]},
        f"{STEPS}[0].match[0].header",
        "say which value: either exact or regex, for example {name: x-group, exact: beta}",
    ),
    *(
        BadInput(
            f"the regular expression {expression}",
            {"spec.traffic": HTTP, STEPS: [{"match": [{"header": {"name": "x", "regex": expression}}]}]},
            f"{STEPS}[0].match[0].header",
            "write a regular expression in RE2 syntax, without look-around, for example beta|gamma",
        )
        for expression in ("(beta", "beta(?!x)")
    ),
    BadInput(
        "a mirror of a number",
        {"spec.traffic": HTTP, STEPS: [{"mirror": 10}]},
        f"{STEPS}[0].mirror",
        "must be a text, not 10: put it in quotes",
        "must be of type string",
    ),
    BadInput(
        "a mirror of nothing",
        {"spec.traffic": HTTP, STEPS: [{"mirror": "0%"}]},
        f"{STEPS}[0].mirror",
        "must match",
        "should match",
    ),
    *(
        BadInput(
            f"a match on a {strategy}",
            {"spec.traffic": HTTP, "spec.strategy": {strategy: {"match": [BETA]}}},
            f"spec.strategy.{strategy}.match",
            "is not a field: match belongs to a step of a canary: write `canary: {steps: [{match: [",
            f'unknown field "spec.strategy.{strategy}.match"',
        )
        for strategy in ("rolling", "recreate", "bigBang")
    ),
    BadInput(
        "a match on the batch of a rolling update",
        {
            "spec.traffic": HTTP,
            "spec.strategy": {"rolling": {"batches": [{"replicas": 1, "match": [BETA]}]}},
        },
        "spec.strategy.rolling.batches[0].match",
        "match belongs to a step of a canary",
        'unknown field "spec.strategy.rolling.batches[0].match"',
    ),
    *(
        BadInput(title, {METRICS: [{"name": "limit", **metric}]}, f"{METRICS}[0]{path}", says)
        for title, metric, path, says in (
            (
                "a metric with two sources",
                {"builtIn": {"errors": {}}, "web": RATE, "success": "result < 1"},
                "",
                "choose exactly one of builtIn, compare, prometheus, web, ",
            ),
            ("a metric without a source", {}, "", "choose exactly one of builtIn, "),
            ("a number without a condition", {"web": RATE}, "", "say what the number decides"),
            (
                "a condition on a webhook",
                {"webhook": {"url": "https://a.example", "secret": KEY}, "success": "result < 1"},
                "",
                "what is compared is judged by `judge`, and a webhook says itself",
            ),
            (
                "a body that is sent by GET",
                {"web": {**RATE, "body": "{}"}, "success": "result < 1"},
                ".web",
                "a body is sent by POST: add `method: POST`",
            ),
            (
                "a header with a value and a secret",
                {
                    "web": {**RATE, "headers": [{"name": "X", "value": "a", "secret": KEY}]},
                    "success": "result < 1",
                },
                ".web.headers[0]",
                "give a header exactly one of value and secret",
            ),
            (
                "several queries without a formula",
                {
                    "datadog": {
                        "queries": [{"name": "a", "query": "x"}, {"name": "b", "query": "y"}],
                        "apiKey": KEY,
                        "applicationKey": KEY,
                    },
                    "success": "result < 1",
                },
                ".datadog",
                "several queries need a formula",
            ),
            (
                "neither a metric of CloudWatch nor an expression",
                {"cloudWatch": {**CLOUDWATCH, "metrics": [], "periodSeconds": 1}, "success": "result < 1"},
                ".cloudWatch",
                "name one metric, or write an expression that gives one series",
            ),
            (
                "a period that CloudWatch does not have",
                {"cloudWatch": {**CLOUDWATCH, "periodSeconds": 2}, "success": "result < 1"},
                ".cloudWatch",
                "a period is 1, 5, 10, 20 or 30 seconds or whole minutes",
            ),
            (
                "an interval without a whole period",
                {"cloudWatch": CLOUDWATCH, "success": "result < 1", "intervalSeconds": 119},
                "",
                "at least twice and at most a thousand times periodSeconds",
            ),
            (
                "a range of one point",
                {
                    "prometheus": {"query": "up", "range": {"seconds": 10, "stepSeconds": 11}},
                    "success": "true",
                },
                ".prometheus.range",
                "a range has between 2 and 1000 points",
            ),
        )
    ),
)
