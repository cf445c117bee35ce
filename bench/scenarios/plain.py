"""The same shop as a plain Deployment: what the load client must see for its zeros to mean anything."""

import time

from bench import analysis, manifests, routes
from bench.kube import Kube, Object, wait_for
from bench.load_pod import Load, Rates
from bench.scenarios.seen import Result


def at_rest(kube: Kube, namespace: str, seconds: float, rates: Rates | None = None) -> Result:
    """Nothing happens at all under load."""
    load = loaded_deployment(kube, namespace, rates or Rates(), pre_stop_s=0)
    started = time.time()
    wait_for("load at rest", lambda: time.time() - started > seconds, seconds + 5)
    return result(load, "plain Deployment: at rest", started)


def rolling_update(kube: Kube, namespace: str, pre_stop_s: int, rates: Rates | None = None) -> Result:
    """From v1 to v2 by the Deployment controller, with or without a preStop sleep."""
    load = loaded_deployment(kube, namespace, rates or Rates(), pre_stop_s)
    changed_at = time.time()
    kube.apply(manifests.deployment(namespace, manifests.template("v2"), pre_stop_s=pre_stop_s))
    wait_for("v2 to be rolled out", lambda: rolled_out(kube, namespace))
    wait_for("v2 alone to answer", lambda: only_v2_answers(load), every_s=0.3)
    return result(load, f"plain Deployment: rolling update, preStop {pre_stop_s} s", changed_at)


def loaded_deployment(kube: Kube, namespace: str, rates: Rates, pre_stop_s: int) -> Load:
    """The shop at v1, ready, under steady load."""
    kube.apply(manifests.service(namespace))
    kube.apply(manifests.deployment(namespace, manifests.template("v1"), pre_stop_s=pre_stop_s))
    wait_for("v1 to be available", lambda: rolled_out(kube, namespace))
    route = routes.to(namespace, manifests.NAME)
    if route:
        kube.create(route.manifest())
    load = Load(kube, namespace, manifests.NAME, rates, route)
    load.start()
    return load


def rolled_out(kube: Kube, namespace: str) -> bool:
    """Whether the Deployment's pods are all of its current template, available, and alone."""
    deployment: Object = kube.get("Deployment", namespace, manifests.NAME) or {}
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    current = status.get("observedGeneration") == deployment["metadata"]["generation"]
    counts = {status.get(count) for count in ("updatedReplicas", "availableReplicas", "replicas")}
    return current and counts == {wanted}


def only_v2_answers(load: Load) -> bool:
    """Whether the last two seconds of answers were all of v2."""
    recent = load.recent(2)
    return len(recent) > load.rates.per_s and {record.version for record in recent} == {"v2"}


def result(load: Load, scenario: str, since: float) -> Result:
    """End the load and tell what it saw."""
    seconds = time.time() - since
    records = load.stop()
    new, kept = analysis.new(records), analysis.kept(records)
    return Result(
        scenario,
        len(new),
        len(analysis.lost(new)),
        seconds,
        "Completed",
        "",
        records,
        {"losses": analysis.losses_by_outcome(new), "kept_losses": analysis.losses_by_outcome(kept)},
    )
