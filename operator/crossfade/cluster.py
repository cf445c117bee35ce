"""Talks to the API server: raw objects in, raw objects out, and one kind of error.

The only module that imports `kubernetes`, and of that only the transport and the configuration: the client's
models take 700 us per object where plain JSON takes 24-53, and drop fields they do not know when written back.
Importing this module costs 0.4 s and 57 MB, so the command line imports it only when it needs a cluster.

    async with Cluster.connect() as cluster:
        rollout = await cluster.get("Rollout", "default", "shop")

A new kind is one line in `RESOURCES`. What does not belong here: what to write, and when.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, NamedTuple, Self
from urllib.parse import quote, urlencode
from urllib.request import getproxies

import aiohttp
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.rest import RESTClientObject
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

from crossfade.api.labels import API_VERSION, FIELD_MANAGER, FIELD_MANAGER_STATUS
from crossfade.api.parsing import parsed

Raw = dict[str, Any]

_JSON: Final = "application/json"
_APPLY: Final = "application/apply-patch+yaml"
_JSON_PATCH: Final = "application/json-patch+json"
_METADATA_ONLY: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30, connect=10)
PAGE: Final = 100
"""Objects in one answer to a list; memory that parsing them took once is seldom given back."""
_IN_POD: Final = "KUBERNETES_SERVICE_HOST"
_POD_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


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


RESOURCES: Final[Mapping[str, Resource]] = {
    "Rollout": Resource(API_VERSION, "rollouts"),
    "Release": Resource(API_VERSION, "releases"),
    "RolloutAction": Resource(API_VERSION, "rolloutactions"),
    "Deployment": Resource("apps/v1", "deployments"),
    "ReplicaSet": Resource("apps/v1", "replicasets"),
    "Service": Resource("v1", "services"),
    "EndpointSlice": Resource("discovery.k8s.io/v1", "endpointslices"),
    "Pod": Resource("v1", "pods"),
    "Namespace": Resource("v1", "namespaces", namespaced=False),
    "HorizontalPodAutoscaler": Resource("autoscaling/v2", "horizontalpodautoscalers"),
    "PodDisruptionBudget": Resource("policy/v1", "poddisruptionbudgets"),
    "Lease": Resource("coordination.k8s.io/v1", "leases"),
    "Event": Resource("events.k8s.io/v1", "events"),
    "SelfSubjectReview": Resource("authentication.k8s.io/v1", "selfsubjectreviews", namespaced=False),
}


@dataclass(frozen=True)
class Cause:
    """One part of a refusal: the word for it, the field it speaks of, and the sentence."""

    reason: str
    field: str
    message: str


class ApiError(Exception):
    """The API server said no, or could not be reached (`status` 0).

    `reason` is the server's CamelCase word (NotFound, Conflict, AlreadyExists, Invalid, Forbidden …), or
    `Unreachable`, or `NoCluster` where no kubeconfig names one; `message` is a whole sentence for people.
    """

    def __init__(self, status: int, reason: str, message: str, causes: tuple[Cause, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.causes = causes

    @property
    def not_found(self) -> bool:
        """There is no such object."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def conflict(self) -> bool:
        """What was seen is not what is stored: look again."""
        return self.status == HTTPStatus.CONFLICT and self.reason != "AlreadyExists"

    @property
    def already_exists(self) -> bool:
        """A create found an object of that name."""
        return self.status == HTTPStatus.CONFLICT and self.reason == "AlreadyExists"

    @property
    def invalid(self) -> bool:
        """The server will say no again until the object changes."""
        return self.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}

    @property
    def unsure(self) -> bool:
        """Whether the request may have been carried out all the same: there was no answer, or one of a server in trouble."""
        return self.status == 0 or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def passing(self) -> bool:
        """The server is overloaded, starting, or out of reach: the same request may succeed in a moment."""
        return self.unsure or self.status == HTTPStatus.TOO_MANY_REQUESTS

    @property
    def namespace_terminating(self) -> bool:
        """The namespace is being deleted: nothing new can be made in it."""
        return any(cause.reason == "NamespaceTerminating" for cause in self.causes)

    @property
    def version_too_large(self) -> bool:
        """The server has never come to the resource version that was asked for: that lies in a future that it lacks."""
        return any(cause.reason == "ResourceVersionTooLarge" for cause in self.causes)


class Listing(NamedTuple):
    """What a list gave, and the resource version that it is of."""

    items: list[Raw]
    version: int


@dataclass(frozen=True)
class Request:
    """One request, as metrics count it: `status` 0 where there was no answer."""

    method: str
    kind: str
    status: int
    seconds: float


@dataclass(frozen=True)
class Credentials:
    """How an API server is reached and who asks; None where it is not used."""

    server: str
    ca_path: str | None
    certificate_path: str | None
    private_key_path: str | None
    scheme: str | None
    token: str | None
    insecure: bool
    proxy_url: str | None


@dataclass(frozen=True)
class _Call:
    method: str
    kind: str
    path: str
    query: Mapping[str, str] | None = None
    body: Any = None
    content: str = _JSON
    accept: str = _JSON
    limit: aiohttp.ClientTimeout = _TIMEOUT


class Cluster:
    """One API server, by one user's rights; an async context manager that connects on entry."""

    def __init__(
        self, kubeconfig: str | None, context: str | None, observer: Callable[[Request], None] | None
    ) -> None:
        self._kubeconfig = kubeconfig
        self._context = context
        self._observer = observer
        self._configuration = Configuration()
        self._rests: list[RESTClientObject] = []
        self.namespace = "default"
        """The namespace that the context names; in a pod, the pod's own."""

    @classmethod
    def connect(
        cls,
        kubeconfig: str | None = None,
        context: str | None = None,
        observer: Callable[[Request], None] | None = None,
    ) -> Self:
        """Connect as kubectl would: the named file, $KUBECONFIG, the pod's account, or ~/.kube/config.

        Nothing is opened before `async with`, which raises ApiError `NoCluster` where nothing names a cluster.
        `observer` is told of every request.
        """
        return cls(kubeconfig, context, observer)

    async def __aenter__(self) -> Self:
        await self._load()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for rest in self._rests:
            await rest.close()

    @property
    def server(self) -> str:
        """The API server's address."""
        return str(self._configuration.host)

    async def credentials(self) -> Credentials:
        """Read the address and rights anew, for another client of the same server."""
        await self._load()
        configuration: Any = self._configuration
        settings: Any = await configuration.auth_settings()
        scheme, _, token = settings.get("BearerToken", {}).get("value", "").partition(" ")
        return Credentials(
            server=self.server,
            ca_path=configuration.ssl_ca_cert,
            certificate_path=configuration.cert_file,
            private_key_path=configuration.key_file,
            scheme=scheme or None,
            token=token.strip() or None,
            insecure=not configuration.verify_ssl,
            proxy_url=configuration.proxy,
        )

    async def get(self, kind: str, namespace: str | None, name: str) -> Raw | None:
        """Read one object; None where there is none."""
        try:
            return await self._ask(_Call("GET", kind, _path(kind, namespace, name)))
        except ApiError as error:
            if error.not_found:
                return None
            raise

    async def list(
        self,
        kind: str,
        namespace: str | None = None,
        labels: str | None = None,
        *,
        fields: str | None = None,
        metadata_only: bool = False,
    ) -> list[Raw]:
        """List objects, in pages; `labels` and `fields` are selectors as kubectl takes them, `namespace` None means all.

        `metadata_only` leaves out everything but `metadata`. Items carry no kind and no apiVersion.
        """
        selectors = {"labelSelector": labels or "", "fieldSelector": fields or ""}
        return (await self._pages(kind, namespace, selectors, metadata_only=metadata_only)).items

    async def listing(
        self, kind: str, namespace: str | None, labels: str | None, *, not_older_than: int = 0
    ) -> Listing:
        """List the metadata of objects, with the version that the list is of; without `not_older_than` it is the newest.

        With it, a list of that version or a later one; ApiError `version_too_large` where there is none yet.
        """
        query = {"labelSelector": labels or ""}
        if not_older_than:
            query |= {"resourceVersion": str(not_older_than), "resourceVersionMatch": "NotOlderThan"}
        return await self._pages(kind, namespace, query, metadata_only=True)

    async def _pages(
        self, kind: str, namespace: str | None, asked: Mapping[str, str], *, metadata_only: bool
    ) -> Listing:
        query = {"limit": str(PAGE), **{key: value for key, value in asked.items() if value}}
        accept = _METADATA_ONLY if metadata_only else _JSON
        items: list[Raw] = []
        version = ""
        while True:
            page = await self._ask(_Call("GET", kind, _path(kind, namespace), query, accept=accept))
            items.extend(page.get("items") or [])
            version = version or page["metadata"].get("resourceVersion", "")
            token = page["metadata"].get("continue")
            if not token:
                return Listing(items, int(version or 0))
            query = {k: v for k, v in query.items() if not k.startswith("resourceVersion")} | {
                "continue": token
            }

    async def create(
        self,
        kind: str,
        namespace: str | None,
        body: Mapping[str, Any],
        *,
        dry_run: bool = False,
        strict: bool = False,
    ) -> Raw:
        """Create an object as field manager `crossfade`; `dry_run` asks everybody and stores nothing.

        `strict`: a field that the API server does not know is refused (400); else it is left out.
        """
        asked = {"dryRun": "All" if dry_run else "", "fieldValidation": "Strict" if strict else ""}
        query = {"fieldManager": FIELD_MANAGER, **{key: value for key, value in asked.items() if value}}
        return await self._ask(_Call("POST", kind, _path(kind, namespace), query, _typed(kind, body)))

    async def apply(self, kind: str, namespace: str | None, name: str, body: Mapping[str, Any]) -> Raw:
        """Server-side apply, forced, as field manager `crossfade`: `body` says all that it owns."""
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return await self._ask(
            _Call("PATCH", kind, _path(kind, namespace, name), query, _typed(kind, body), _APPLY)
        )

    async def replace_status(
        self, kind: str, namespace: str | None, name: str, body: Mapping[str, Any]
    ) -> Raw:
        """Replace the status whole, as field manager `crossfade-status`, and nothing else; a Conflict as in `replace`.

        An apply would leave every field in it that somebody else wrote once (a restored backup does).
        """
        query = {"fieldManager": FIELD_MANAGER_STATUS}
        path = _path(kind, namespace, name, "status")
        return await self._ask(_Call("PUT", kind, path, query, _typed(kind, body)))

    async def json_patch(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        ops: Sequence[Mapping[str, Any]],
        manager: str = FIELD_MANAGER,
    ) -> Raw:
        """JSON Patch as field manager `manager`; a `test` that fails is a Conflict."""
        query = {"fieldManager": manager}
        return await self._ask(_Call("PATCH", kind, _path(kind, namespace, name), query, [*ops], _JSON_PATCH))

    async def replace(self, kind: str, namespace: str | None, name: str, body: Mapping[str, Any]) -> Raw:
        """Replace an object whole; a Conflict where `metadata.resourceVersion` is no longer the stored one."""
        query = {"fieldManager": FIELD_MANAGER}
        return await self._ask(_Call("PUT", kind, _path(kind, namespace, name), query, _typed(kind, body)))

    async def delete(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        orphan: bool = False,
    ) -> Raw:
        """Delete that one object and no other of its name; what it owns follows, or stays with `orphan`.

        Gives the object where it goes on existing for a while (grace period, finalizers), else a `Status`.
        """
        wanted = {"uid": uid, "resourceVersion": resource_version}
        body = {
            "propagationPolicy": "Orphan" if orphan else "Background",
            "preconditions": {key: value for key, value in wanted.items() if value},
        }
        return await self._ask(_Call("DELETE", kind, _path(kind, namespace, name), body=body))

    async def watch(
        self,
        kind: str,
        namespace: str | None,
        *,
        name: str | None = None,
        resource_version: str = "",
        for_s: int = 300,
    ) -> AsyncIterator[tuple[str, Raw]]:
        """Give (ADDED | MODIFIED | DELETED, object) until the server ends it, after `for_s` at the latest.

        Without `resource_version` it begins with what is there. Raises ApiError 410 where that is too old.
        """
        query = {"watch": "true", "timeoutSeconds": str(for_s)}
        query |= {"fieldSelector": f"metadata.name={name}"} if name else {}
        query |= {"resourceVersion": resource_version} if resource_version else {}
        limit = aiohttp.ClientTimeout(sock_connect=10, sock_read=for_s + 10)
        response = await self._send(_Call("GET", kind, _path(kind, namespace), query, limit=limit))
        try:
            if response.status != HTTPStatus.OK:
                raise _refusal(response.status, await self._text(response))
            async for line in response.response.content:
                event = parsed(line)
                if event["type"] == "ERROR":
                    raise _refusal(event["object"].get("code", 500), line)
                yield event["type"], event["object"]
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error
        finally:
            response.response.close()

    async def _ask(self, call: _Call) -> Raw:
        """Send one request and give the object in its answer; ApiError where that is a refusal."""
        started_s, status = time.monotonic(), 0
        try:
            response = await self._send(call)
            if response.status == HTTPStatus.UNAUTHORIZED:  # a token has run out
                await self._load()
                response = await self._send(call)
            text = await self._text(response)
            status = response.status
        finally:
            if self._observer is not None:
                self._observer(Request(call.method, call.kind, status, time.monotonic() - started_s))
        if status >= HTTPStatus.BAD_REQUEST:
            raise _refusal(status, text)
        answer: Raw = parsed(text)
        return answer

    async def _text(self, response: Any) -> bytes:
        try:
            data: bytes = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error
        return data

    async def _send(self, call: _Call) -> Any:
        """Give the open response; only the transport can fail here."""
        if not self._rests:
            raise RuntimeError("this Cluster is not connected: use it in `async with`")
        headers = {"Accept": call.accept, "Content-Type": call.content, "User-Agent": "crossfade"}
        settings: Any = await self._configuration.auth_settings()
        headers |= {setting["key"]: setting["value"] for setting in settings.values()}
        url = self.server + call.path + (f"?{urlencode(call.query)}" if call.query else "")
        transport: Any = self._rests[-1]
        try:
            return await transport.request(call.method, url, headers, call.body, _request_timeout=call.limit)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: BaseException) -> ApiError:
        what = str(error) or type(error).__name__
        sentence = f"cannot reach the API server at {self.server}: {what}; check that the cluster runs"
        return ApiError(0, "Unreachable", f"{sentence} and that the kubeconfig's context is the right one")

    async def _load(self) -> None:
        """Read address and rights, again where they have run out; requests under way keep their connections."""
        self._configuration = Configuration()
        try:
            self.namespace = await _configure(self._configuration, self._kubeconfig, self._context)
        except (ConfigException, OSError, ValueError) as error:
            raise ApiError(0, "NoCluster", f"cannot reach a cluster: {_advice(error)}") from error
        # Asking the environment for a proxy and a netrc file at each request costs two turns in other threads, a
        # quarter of the operator's processor time under load (measured): only where a proxy is named.
        session: Any = self._configuration
        session.client_session_kwargs = {"trust_env": bool(getproxies())}
        self._rests.append(RESTClientObject(self._configuration))


async def _configure(configuration: Any, kubeconfig: str | None, context: str | None) -> str:
    """Fill in `configuration` and give the namespace to work in."""
    chosen = kubeconfig or os.environ.get("KUBECONFIG")
    if chosen is None and context is None and _IN_POD in os.environ:
        load: Any = load_incluster_config
        load(client_configuration=configuration)
        return _POD_NAMESPACE.read_text()
    path = chosen or str(Path("~/.kube/config").expanduser())  # noqa: ASYNC240 -- once, before anything runs
    if not any(Path(part).expanduser().exists() for part in path.split(os.pathsep) if part):  # noqa: ASYNC240
        raise ConfigException(f"there is no kubeconfig at {path}")
    read: Any = load_kube_config
    loader = await read(path, context, configuration, persist_config=False)
    return loader.current_context["context"].get("namespace") or "default"


def _path(kind: str, namespace: str | None, name: str = "", subresource: str = "") -> str:
    return RESOURCES[kind].path(namespace, name, subresource)


def _typed(kind: str, body: Mapping[str, Any]) -> Raw:
    """The body with its kind and apiVersion, which objects out of lists and watches lack."""
    return {"apiVersion": RESOURCES[kind].api_version, "kind": kind, **body}


def _refusal(status: int, text: bytes) -> ApiError:
    """Read a `Status` object, plain or in a watch's line; any other body (a proxy's page) is shown cut short."""
    try:
        said = parsed(text)
        said = said.get("object", said)
        causes = tuple(
            Cause(cause.get("reason", ""), cause.get("field", ""), cause.get("message", ""))
            for cause in (said.get("details") or {}).get("causes") or ()
        )
        reason, message = said.get("reason", ""), said.get("message", "")
    except (ValueError, AttributeError):
        reason, message, causes = "", text[:500].decode(errors="replace"), ()
    if any("test failed" in cause.message for cause in causes):
        # A JSON Patch whose `test` fails is answered 422, which elsewhere means an object that can never be stored.
        return ApiError(HTTPStatus.CONFLICT, "Conflict", message, causes)
    return ApiError(status, reason or HTTPStatus(status).phrase, message or f"HTTP {status}", causes)


def _advice(error: Exception) -> str:
    """What is wrong with the configuration, and what to do about it."""
    what = str(error).rstrip(".")
    return f"{what}; set KUBECONFIG or pass --kubeconfig, or make a local cluster with `make up`"
