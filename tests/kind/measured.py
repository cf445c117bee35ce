"""A shop behind Traefik whose releases are measured."""

from typing import Any

from bench.kube import Kube, Object
from bench.load_pod import Rates
from kind.routers import RoutedShop

MANY = Rates(per_s=60, kept=10, h2_per_s=240)


def errors(**more: Any) -> Object:
    return {"name": "errors", "builtIn": {"errors": {}}, "intervalSeconds": 2, **more}


def latency(milliseconds: int, **more: Any) -> Object:
    asked = {"latency": {"milliseconds": milliseconds}}
    return {"name": "slow", "builtIn": asked, "intervalSeconds": 2, **more}


def steps(*metrics: Object) -> Object:
    """A canary that is measured at 25 and at 50 percent."""
    return {
        "canary": {"steps": [{"weight": each, "analysis": {"metrics": list(metrics)}} for each in (25, 50)]}
    }


def metric(status: Object, run: str = "step 1") -> Object:
    """What the status says of a run's first metric."""
    return next((each for each in status.get("measurements", ()) if each["run"] == run), {})


def served(kube: Kube, namespace: str, strategy: Object, rates: Rates = MANY, **spec: Any) -> RoutedShop:
    return RoutedShop(kube, namespace, strategy, **{"replicas": 2, "bakeSeconds": 3, **spec})


Row = tuple[str, str, str, int, int]
"""A side, a zone, a pod, its bad and all of its events in each window."""


def by_zone(*rows: Row, name: str = "jobs", **more: Any) -> Object:
    """A metric by zone and pod whose counts are always these: PromQL that needs no series, so each window has the same."""
    compare = {
        "bad": _table([(side, zone, pod, bad) for side, zone, pod, bad, _ in rows]),
        "total": _table([(side, zone, pod, total) for side, zone, pod, _, total in rows]),
        "by": {"stratum": "zone", "pod": "pod"},
    }
    return {"name": name, "compare": compare, "intervalSeconds": 2, **more}


def _table(rows: list[tuple[str, str, str, int]]) -> str:
    """The rows of the side that is asked for."""
    each = (_labelled(f"vector({number})", side=side, zone=zone, pod=pod) for side, zone, pod, number in rows)
    asked = _labelled("last_over_time(vector(1)[{{window}}:1s])", side="{{side}}")
    return f"sum by (zone, pod) (({' or '.join(each)}) and on(side) {asked})"


def _labelled(expression: str, **labels: str) -> str:
    for name, value in labels.items():
        expression = f'label_replace({expression}, "{name}", "{value}", "", "")'
    return expression
