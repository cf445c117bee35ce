"""Deployments and what is around them as the API server gives them; a test says only what matters to it."""

import json
from typing import Any

Object = dict[str, Any]

LABELS = {"app": "shop", "tier": "web"}


def pod_template(**pod: Any) -> Object:
    """A template as stored, defaults included."""
    return {
        "metadata": {"labels": LABELS, "creationTimestamp": None, "annotations": {"a.example.com/b": "c"}},
        "spec": {
            "containers": [
                {
                    "name": "app",
                    "image": "shop:1.4.2",
                    "env": [{"name": "COMMIT", "value": "7341e58"}, {"name": "EMPTY"}],
                    "terminationMessagePath": "/dev/termination-log",
                    "resources": {},
                }
            ],
            "dnsPolicy": "ClusterFirst",
            "securityContext": {},
            "terminationGracePeriodSeconds": 30,
            **pod,
        },
    }


def deployment(
    *, meta: Object | None = None, template: Object | None = None, status: Object | None = None, **spec: Any
) -> Object:
    """Deployment `shop` with 3 pods, settled; None as a value of `spec` leaves the field out."""
    fields = {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "shop"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}},
        "progressDeadlineSeconds": 600,
        "revisionHistoryLimit": 10,
        "template": template or pod_template(),
        **spec,
    }
    replicas = fields["replicas"]
    settled = {"observedGeneration": 2, "replicas": replicas, "updatedReplicas": replicas}
    return {
        "kind": "Deployment",
        "metadata": {"name": "shop", "namespace": "demo", "generation": 2, "uid": "d1", **(meta or {})},
        "spec": {key: value for key, value in fields.items() if value is not None},
        "status": settled if status is None else status,
    }


def service(name: str = "shop", *, meta: Object | None = None, **spec: Any) -> Object:
    """A Service that selects the pods of `deployment`."""
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": "demo", **(meta or {})},
        "spec": {
            "selector": {"app": "shop"},
            "clusterIP": "10.96.0.7",
            "type": "ClusterIP",
            "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}],
            **spec,
        },
    }


def applied_client_side(**spec: Any) -> Object:
    """Metadata of a Service that `kubectl apply` wrote."""
    body = {"kind": "Service", "spec": {"selector": {"app": "shop"}, **spec}}
    entry = {
        "manager": "kubectl-client-side-apply",
        "operation": "Update",
        "fieldsV1": {"f:spec": {"f:selector": {}}},
    }
    return {
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(body)},
        "managedFields": [entry],
    }


def applied_server_side(*managers: str, field: str = "f:selector", operation: str = "Apply") -> Object:
    """Metadata of a Service that these managers own `field` of."""
    entries = [
        {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": {field: {}}}}
        for manager in managers
    ]
    return {"managedFields": entries}


def autoscaler(
    name: str = "shop", *, kind: str = "Deployment", target: str = "shop", **fields: Any
) -> Object:
    """A HorizontalPodAutoscaler."""
    metric = fields.pop("metric", "Utilization")
    source = {"name": "cpu", "target": {"type": metric, "averageUtilization": 60}}
    return {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": "demo", **fields},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": target},
            "metrics": [{"type": "Resource", "resource": source}],
        },
    }


def budget(selector: Object | None) -> Object:
    """A PodDisruptionBudget."""
    return {
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "shop-pdb", "namespace": "demo"},
        "spec": {"minAvailable": 2, "selector": selector},
    }
