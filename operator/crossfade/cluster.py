"""Talks to the API server: raw objects in, raw objects out, and one kind of error.

The only module that imports `kubernetes`, and of that only the transport and the configuration: the client's
models take 700 us per object where plain JSON takes 24-53, and drop fields they do not know when written back.
Importing this module costs 0.3 s and 57 MB, so the command line goes by `wire.direct` wherever the kubeconfig allows it.

    async with Cluster.connect() as cluster:
        rollout = await cluster.get("Rollout", "default", "shop")

A new kind is one line in `wire.resources`. What does not belong here: what to write, and when.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlencode
from urllib.request import getproxies

import aiohttp
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.rest import RESTClientObject
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config
from multidict import CIMultiDict

from crossfade.api.labels import FIELD_MANAGER, FIELD_MANAGER_STATUS
from crossfade.api.parsing import parsed
from crossfade.wire.errors import ApiError, Cause, refusal
from crossfade.wire.impersonation import impersonation
from crossfade.wire.resources import DRY_RUN, RESOURCES, Raw, Resource, watch_query, watched
from crossfade.wire.warnings import warnings_of

__all__ = [
    "PAGE",
    "RESOURCES",
    "ApiError",
    "Cause",
    "Cluster",
    "Credentials",
    "Listing",
    "Request",
    "Resource",
]

_JSON: Final = "application/json"
_APPLY: Final = "application/apply-patch+yaml"
_JSON_PATCH: Final = "application/json-patch+json"
_TEXT: Final = "text/plain, */*"
_METADATA_ONLY: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30, connect=10)
PAGE: Final = 100
"""Objects in one answer to a list; memory that parsing them took once is seldom given back."""
_IN_POD: Final = "KUBERNETES_SERVICE_HOST"
_POD_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


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
        self,
        kubeconfig: str | None,
        context: str | None,
        observer: Callable[[Request], None] | None,
        acting_as: Mapping[str, Any] | None = None,
    ) -> None:
        self._acting_as = acting_as or {}
        self._kubeconfig = kubeconfig
        self._context = context
        self._observer = observer
        self._configuration = Configuration()
        self._impersonation: tuple[tuple[str, str], ...] = ()
        self._rests: list[RESTClientObject] = []
        self._resources = dict(RESOURCES)
        self.namespace = "default"
        """The namespace that the context names; in a pod, the pod's own."""

    @classmethod
    def connect(
        cls,
        kubeconfig: str | None = None,
        context: str | None = None,
        observer: Callable[[Request], None] | None = None,
        acting_as: Mapping[str, Any] | None = None,
    ) -> Self:
        """Connect as kubectl would: the named file, $KUBECONFIG, the pod's account, or ~/.kube/config.

        Nothing is opened before `async with`, which raises ApiError `NoCluster` where nothing names a cluster.
        `observer` is told of every request. `acting_as`: fields of a kubeconfig's user that go before its own (`as`, `as-groups`).
        """
        return cls(kubeconfig, context, observer, acting_as)

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

    async def served(self, group: str, versions: Sequence[str]) -> dict[str, str]:
        """By kind, the first of `versions` in which the server has it; none where it does not know the group."""
        known = await self._described(group)
        there = {each.get("version") for each in known.get("versions") or ()}
        found: dict[str, str] = {}
        for version in (each for each in versions if each in there):
            described = await self._described(f"{group}/{version}")
            for one in described.get("resources") or ():
                found.setdefault(one["kind"], version)
        return found

    async def _described(self, group: str) -> Raw:
        try:
            return await self._ask(_Call("GET", "APIGroup", f"/apis/{group}"))
        except ApiError as error:
            if error.not_found:
                return {}
            raise

    def use(self, kind: str, version: str) -> None:
        """From now on objects of that kind are read and written in that version of its group."""
        resource = self._resources[kind]
        group = resource.api_version.rpartition("/")[0]
        self._resources[kind] = replace(resource, api_version=f"{group}/{version}")

    def _path(self, kind: str, namespace: str | None, name: str = "", subresource: str = "") -> str:
        return self._resources[kind].path(namespace, name, subresource)

    def _typed(self, kind: str, body: Mapping[str, Any]) -> Raw:
        """The body with its kind and apiVersion, which objects out of lists and watches lack."""
        return self._resources[kind].typed(kind, body)

    async def get(self, kind: str, namespace: str | None, name: str) -> Raw | None:
        """Read one object; None where there is none."""
        try:
            return await self._ask(_Call("GET", kind, self._path(kind, namespace, name)))
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
            page = await self._ask(_Call("GET", kind, self._path(kind, namespace), query, accept=accept))
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
        return await self._ask(
            _Call("POST", kind, self._path(kind, namespace), query, self._typed(kind, body))
        )

    async def dry_run(
        self, kind: str, namespace: str | None, body: Mapping[str, Any], *, replaces: bool
    ) -> tuple[str, ...]:
        """Ask whether an object would be taken, new or in place of the stored one, and store nothing; give the warnings."""
        path = self._path(kind, namespace, body["metadata"]["name"] if replaces else "")
        method = "PUT" if replaces else "POST"
        response = await self._send(_Call(method, kind, path, DRY_RUN, self._typed(kind, body)))
        text = await self._text(response)
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise refusal(response.status, text)
        return warnings_of(", ".join(response.headers.getall("Warning", ())))

    async def apply(self, kind: str, namespace: str | None, name: str, body: Mapping[str, Any]) -> Raw:
        """Server-side apply, forced, as field manager `crossfade`: `body` says all that it owns."""
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return await self._ask(
            _Call("PATCH", kind, self._path(kind, namespace, name), query, self._typed(kind, body), _APPLY)
        )

    async def replace_status(
        self, kind: str, namespace: str | None, name: str, body: Mapping[str, Any]
    ) -> Raw:
        """Replace the status whole, as field manager `crossfade-status`, and nothing else; a Conflict as in `replace`.

        An apply would leave every field in it that somebody else wrote once (a restored backup does).
        """
        query = {"fieldManager": FIELD_MANAGER_STATUS}
        path = self._path(kind, namespace, name, "status")
        return await self._ask(_Call("PUT", kind, path, query, self._typed(kind, body)))

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
        return await self._ask(
            _Call("PATCH", kind, self._path(kind, namespace, name), query, [*ops], _JSON_PATCH)
        )

    async def replace(self, kind: str, namespace: str | None, name: str, body: Mapping[str, Any]) -> Raw:
        """Replace an object whole; a Conflict where `metadata.resourceVersion` is no longer the stored one."""
        query = {"fieldManager": FIELD_MANAGER}
        return await self._ask(
            _Call("PUT", kind, self._path(kind, namespace, name), query, self._typed(kind, body))
        )

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
        return await self._ask(_Call("DELETE", kind, self._path(kind, namespace, name), body=body))

    async def logs(self, namespace: str, pod: str, query: Mapping[str, str]) -> str:
        """Read what a container of a pod has written; `query` as the API has it (container, tailLines, previous)."""
        call = _Call("GET", "Pod", self._path("Pod", namespace, pod, "log"), query, accept=_TEXT)
        return (await self._whole(call)).decode(errors="replace")

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
        query = watch_query(name, resource_version, for_s)
        limit = aiohttp.ClientTimeout(sock_connect=10, sock_read=for_s + 10)
        response = await self._send(_Call("GET", kind, self._path(kind, namespace), query, limit=limit))
        try:
            if response.status != HTTPStatus.OK:
                raise refusal(response.status, await self._text(response))
            async for line in response.response.content:
                yield watched(line)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error
        finally:
            response.response.close()

    async def _ask(self, call: _Call) -> Raw:
        """Send one request and give the object in its answer; ApiError where that is a refusal."""
        answer: Raw = parsed(await self._whole(call))
        return answer

    async def _whole(self, call: _Call) -> bytes:
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
            raise refusal(status, text)
        return text

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
        headers = CIMultiDict(
            {"Accept": call.accept, "Content-Type": call.content, "User-Agent": "crossfade"}
        )
        settings: Any = await self._configuration.auth_settings()
        headers.update({setting["key"]: setting["value"] for setting in settings.values()})
        headers.extend(self._impersonation)
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
            self.namespace, self._impersonation = await _configure(
                self._configuration, self._kubeconfig, self._context, self._acting_as
            )
        except (ConfigException, OSError, ValueError) as error:
            raise ApiError(0, "NoCluster", f"cannot reach a cluster: {_advice(error)}") from error
        # Asking the environment for a proxy and a netrc file at each request costs two turns in other threads, a
        # quarter of the operator's processor time under load (measured): only where a proxy is named.
        session: Any = self._configuration
        session.client_session_kwargs = {"trust_env": bool(getproxies())}
        self._rests.append(RESTClientObject(self._configuration))


async def _configure(
    configuration: Any, kubeconfig: str | None, context: str | None, acting_as: Mapping[str, Any]
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Fill in `configuration` and give the namespace to work in, and as whom to ask (`wire.impersonation`)."""
    chosen = kubeconfig or os.environ.get("KUBECONFIG")
    if chosen is None and context is None and _IN_POD in os.environ:
        load: Any = load_incluster_config
        load(client_configuration=configuration)
        return _POD_NAMESPACE.read_text(), impersonation(acting_as)
    path = chosen or str(Path("~/.kube/config").expanduser())  # noqa: ASYNC240 -- once, before anything runs
    if not any(Path(part).expanduser().exists() for part in path.split(os.pathsep) if part):  # noqa: ASYNC240
        raise ConfigException(f"there is no kubeconfig at {path}")
    read: Any = load_kube_config
    loader = await read(path, context, configuration, persist_config=False)
    user: Any = loader._user  # noqa: SLF001 -- the official client reads `as` and drops it
    namespace = loader.current_context["context"].get("namespace") or "default"
    return namespace, impersonation({**(user.value if user is not None else {}), **acting_as})


def _advice(error: Exception) -> str:
    """What is wrong with the configuration, and what to do about it."""
    what = str(error).rstrip(".")
    return f"{what}; set KUBECONFIG or pass --kubeconfig, or make a local cluster with `make up`"
