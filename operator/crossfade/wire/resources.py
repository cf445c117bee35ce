"""Where the objects of each kind are found. A new kind is one line in `RESOURCES`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from crossfade.api.labels import API_VERSION
from crossfade.api.parsing import parsed
from crossfade.wire.errors import ApiError, refusal

Raw = dict[str, Any]
DRY_RUN: Final[Mapping[str, str]] = {
    "fieldManager": "kubectl-crossfade",
    "dryRun": "All",
    "fieldValidation": "Strict",
}
"""The query of a request that asks everybody and stores nothing, as `kubectl apply --dry-run=server` asks."""


@dataclass(frozen=True)
class Resource:
    """Where the objects of a kind are found, and whether they live in a namespace."""

    api_version: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str | None, name: str = "", subresource: str = "") -> str:
        """The URL path of one object, or of the collection; `namespace` None: of all namespaces.

        A name is one segment and never leads elsewhere: `../../theirs/deployments/shop` would be another namespace's.
        """
        if {name, namespace} & {".", ".."}:
            raise ApiError(HTTPStatus.NOT_FOUND, "NotFound", f"no {self.plural} can be called {name!r}")
        root = "/apis/" if "/" in self.api_version else "/api/"
        place = ["namespaces", namespace] if self.namespaced and namespace else []
        parts = [*place, self.plural, name, subresource]
        return f"{root}{self.api_version}/" + "/".join(quote(part, safe="") for part in parts if part)

    def typed(self, kind: str, body: Mapping[str, Any]) -> Raw:
        """The body with its kind and apiVersion, which objects out of lists and watches lack."""
        return {"apiVersion": self.api_version, "kind": kind, **body}


RESOURCES: Final[Mapping[str, Resource]] = {
    "Rollout": Resource(API_VERSION, "rollouts"),
    "Release": Resource(API_VERSION, "releases"),
    "RolloutAction": Resource(API_VERSION, "rolloutactions"),
    "AnalysisTemplate": Resource(API_VERSION, "analysistemplates"),
    "ClusterAnalysisTemplate": Resource(API_VERSION, "clusteranalysistemplates", namespaced=False),
    "RolloutPolicy": Resource(API_VERSION, "rolloutpolicies", namespaced=False),
    "Deployment": Resource("apps/v1", "deployments"),
    "ReplicaSet": Resource("apps/v1", "replicasets"),
    "Service": Resource("v1", "services"),
    "EndpointSlice": Resource("discovery.k8s.io/v1", "endpointslices"),
    "Pod": Resource("v1", "pods"),
    "Job": Resource("batch/v1", "jobs"),
    "Secret": Resource("v1", "secrets"),
    "Namespace": Resource("v1", "namespaces", namespaced=False),
    "HorizontalPodAutoscaler": Resource("autoscaling/v2", "horizontalpodautoscalers"),
    "PodDisruptionBudget": Resource("policy/v1", "poddisruptionbudgets"),
    "Lease": Resource("coordination.k8s.io/v1", "leases"),
    "Event": Resource("events.k8s.io/v1", "events"),
    "Gateway": Resource("gateway.networking.k8s.io/v1", "gateways"),
    "GatewayClass": Resource("gateway.networking.k8s.io/v1", "gatewayclasses", namespaced=False),
    "HTTPRoute": Resource("gateway.networking.k8s.io/v1", "httproutes"),
    "GRPCRoute": Resource("gateway.networking.k8s.io/v1", "grpcroutes"),
    "TLSRoute": Resource("gateway.networking.k8s.io/v1", "tlsroutes"),
    "TCPRoute": Resource("gateway.networking.k8s.io/v1", "tcproutes"),
    "UDPRoute": Resource("gateway.networking.k8s.io/v1", "udproutes"),
    "SelfSubjectAccessReview": Resource(
        "authorization.k8s.io/v1", "selfsubjectaccessreviews", namespaced=False
    ),
    "ValidatingAdmissionPolicy": Resource(
        "admissionregistration.k8s.io/v1", "validatingadmissionpolicies", namespaced=False
    ),
    "ValidatingAdmissionPolicyBinding": Resource(
        "admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings", namespaced=False
    ),
    "SelfSubjectReview": Resource("authentication.k8s.io/v1", "selfsubjectreviews", namespaced=False),
}


def path_of(kind: str, namespace: str | None, name: str = "", subresource: str = "") -> str:
    """Give the URL path of an object, or of all of a kind."""
    return RESOURCES[kind].path(namespace, name, subresource)


def typed(kind: str, body: Mapping[str, Any]) -> Raw:
    """Give the body with its kind and apiVersion, which objects out of lists and watches lack."""
    return RESOURCES[kind].typed(kind, body)


def watch_query(name: str | None, resource_version: str, for_s: int) -> dict[str, str]:
    """Give what a watch asks for: of one object or of all of them, from a version on or with what is there, for so long."""
    query = {"watch": "true", "timeoutSeconds": str(for_s)}
    query |= {"fieldSelector": f"metadata.name={name}"} if name else {}
    return query | ({"resourceVersion": resource_version} if resource_version else {})


def watched(line: bytes) -> tuple[str, Raw]:
    """Give the type and the object of a line of a watch; an ApiError where the server tells of one."""
    event = parsed(line)
    if event["type"] == "ERROR":
        raise refusal(event["object"].get("code", 500), line)
    return event["type"], event["object"]
