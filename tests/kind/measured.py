"""A shop behind Traefik whose releases are measured."""

from typing import Any

from bench.kube import Kube, Object
from bench.load_pod import Rates
from kind.routers import RoutedShop

MANY = Rates(per_s=60, kept=10, h2_per_s=240)
FEW = Rates(per_s=2, kept=0, h2_per_s=0)


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
