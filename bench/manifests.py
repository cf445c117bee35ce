"""Manifests of the sample shop: as a Rollout, as a worker without traffic, as a plain Deployment."""

from typing import Any

from bench.kube import Object

API_VERSION = "crossfade.dev/v1alpha1"
IMAGE = "crossfade-shop:dev"
NAME = "shop"
PORT = 8080
PATIENT = 10
"""Probes that may fail in a row: a busy node asks late, and its pods are well."""

# Each strategy in its plainest form; canary's steps are the ones whose shares are measured.
STRATEGIES: dict[str, Object] = {
    "recreate": {},
    "rolling": {},
    "blueGreen": {},
    "canary": {"steps": [{"weight": 25, "pauseSeconds": 6}, {"weight": 50, "pauseSeconds": 6}]},
    "bigBang": {},
}


def strategy(name: str, **fields: Any) -> Object:
    """The member of `spec.strategy`; `fields` replace those of STRATEGIES."""
    return {name: {**STRATEGIES[name], **fields}}


def shop(version: str) -> str:
    """The sample shop's image: v1 and v2 are well, v3 crashes a few seconds after it was let in, v4 answers 5 % of
    requests with an error; cluster/up makes all.
    """
    return f"crossfade-shop:{version}"


def template(
    version: str,
    *,
    env: dict[str, str] | None = None,
    image: str = IMAGE,
    name: str = NAME,
) -> Object:
    """The shop's pod template: ready within about a second, and seen unready after `PATIENT` probes.

    A container that ends is unready at once, however patient the probe is.
    """
    environment = {"VERSION": version, **(env or {})}
    port = int(environment.get("PORT", PORT))
    return {
        "metadata": {"labels": {"app": name, "version": version}},
        "spec": {
            "terminationGracePeriodSeconds": 20,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "containers": [
                {
                    "name": "shop",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "env": [{"name": key, "value": value} for key, value in environment.items()],
                    "ports": [{"name": "http", "containerPort": port}],
                    "readinessProbe": {
                        "httpGet": {"path": "/healthz", "port": "http"},
                        "periodSeconds": 1,
                        "timeoutSeconds": 5,
                        "failureThreshold": PATIENT,
                    },
                    "resources": {"requests": {"cpu": "10m", "memory": "24Mi"}},
                }
            ],
        },
    }


def rollout(
    namespace: str,
    strategy: Object,
    pod_template: Object,
    *,
    name: str = NAME,
    replicas: int = 4,
    **spec: Any,
) -> Object:
    """A Rollout with a Service; `service=None` in `spec` makes it a worker without one. It keeps no pod of what failed."""
    fields = {
        "replicas": replicas,
        "keepFailedSeconds": 0,
        "template": pod_template,
        "service": {"ports": [{"name": "http", "port": 80, "targetPort": PORT}]},
        "strategy": strategy,
        **spec,
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "Rollout",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {key: value for key, value in fields.items() if value is not None},
    }


def action(namespace: str, verb: str, *, name: str = NAME, **spec: Any) -> Object:
    """A RolloutAction on the shop; its own name is the server's to give."""
    return {
        "apiVersion": API_VERSION,
        "kind": "RolloutAction",
        "metadata": {"generateName": f"{name}-{verb.lower()}-", "namespace": namespace},
        "spec": {"rollout": name, "action": verb, **spec},
    }


def deployment(namespace: str, pod_template: Object, *, replicas: int = 4, pre_stop_s: int = 0) -> Object:
    """The same pods as a plain Deployment, with the preStop sleep that the operator would have added."""
    spec = dict(pod_template["spec"])
    if pre_stop_s:
        sleep = {"lifecycle": {"preStop": {"sleep": {"seconds": pre_stop_s}}}}
        spec["containers"] = [{**container, **sleep} for container in spec["containers"]]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": NAME}},
            "template": {**pod_template, "spec": spec},
        },
    }


def service(namespace: str) -> Object:
    """The Service of the plain Deployment."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {
            "selector": {"app": NAME},
            "ports": [{"name": "http", "port": 80, "targetPort": PORT}],
        },
    }
