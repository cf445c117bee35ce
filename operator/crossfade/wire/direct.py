"""The command line's own client: what its commands ask of an API server, with nothing but the standard library."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, Self
from urllib.parse import urlencode

from crossfade.api.labels import FIELD_MANAGER
from crossfade.api.parsing import parsed
from crossfade.wire.errors import ApiError, refusal
from crossfade.wire.http import Answer, Connection, Server
from crossfade.wire.kubeconfig import Access
from crossfade.wire.resources import DRY_RUN, Raw, path_of, typed, watch_query, watched
from crossfade.wire.warnings import warnings_of

JSON: Final = "application/json"
JSON_PATCH: Final = "application/json-patch+json"
WITHIN_S: Final = 30
PAGE: Final = 500
Told = tuple[bytes, Mapping[str, str]]


class Direct:
    """One API server, by the rights of one user; an async context manager. It answers as `cluster.Cluster` does."""

    def __init__(self, access: Access) -> None:
        self.namespace = access.namespace
        self.server = access.server
        self._token = access.token
        self._impersonation = access.impersonation
        self._connections = Server(access)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._connections.close()

    async def get(self, kind: str, namespace: str | None, name: str) -> Raw | None:
        """Read one object; None where there is none."""
        try:
            return await self._object("GET", path_of(kind, namespace, name))
        except ApiError as error:
            if error.not_found:
                return None
            raise

    async def list(self, kind: str, namespace: str | None = None, labels: str | None = None) -> list[Raw]:
        """List objects, in pages; `labels` is a selector as kubectl takes it, `namespace` None means all."""
        query = {"limit": str(PAGE), **({"labelSelector": labels} if labels else {})}
        items: list[Raw] = []
        while True:
            page = await self._object("GET", f"{path_of(kind, namespace)}?{urlencode(query)}")
            items.extend(page.get("items") or [])
            token = page["metadata"].get("continue")
            if not token:
                return items
            query["continue"] = token

    async def create(self, kind: str, namespace: str | None, body: Mapping[str, Any]) -> Raw:
        """Create an object."""
        target = f"{path_of(kind, namespace)}?{urlencode({'fieldManager': FIELD_MANAGER})}"
        return await self._object("POST", target, typed(kind, body))

    async def dry_run(
        self, kind: str, namespace: str | None, body: Mapping[str, Any], *, replaces: bool
    ) -> tuple[str, ...]:
        """Ask whether an object would be taken, new or in place of the stored one, and store nothing; give the warnings."""
        name = body["metadata"]["name"] if replaces else ""
        target = f"{path_of(kind, namespace, name)}?{urlencode(DRY_RUN)}"
        _, headers = await self._told("PUT" if replaces else "POST", target, typed(kind, body))
        return warnings_of(headers.get("warning", "").encode("latin-1").decode(errors="replace"))

    async def json_patch(
        self, kind: str, namespace: str | None, name: str, ops: Sequence[Mapping[str, Any]], *, manager: str
    ) -> Raw:
        """Change an object; a `test` that fails is a Conflict."""
        target = f"{path_of(kind, namespace, name)}?{urlencode({'fieldManager': manager})}"
        return await self._object("PATCH", target, [*ops], JSON_PATCH)

    async def logs(self, namespace: str, pod: str, query: Mapping[str, str]) -> str:
        """Read what a container of a pod has written; `query` as the API has it (container, tailLines, previous)."""
        asked = f"?{urlencode(query)}" if query else ""
        return (await self._whole("GET", path_of("Pod", namespace, pod, "log") + asked)).decode(
            errors="replace"
        )

    async def watch(
        self,
        kind: str,
        namespace: str | None,
        *,
        name: str | None = None,
        resource_version: str = "",
        for_s: int = 300,
    ) -> AsyncIterator[tuple[str, Raw]]:
        """Give (ADDED | MODIFIED | DELETED, object) until the server ends it, after `for_s` at the latest."""
        query = watch_query(name, resource_version, for_s)
        async for line in self._lines(f"{path_of(kind, namespace)}?{urlencode(query)}", for_s + 10):
            yield watched(line)

    async def _lines(self, target: str, silent_s: float) -> AsyncIterator[bytes]:
        """Give the lines of an answer as they come, over a connection of its own; too long a silence is an outage."""
        connection = None
        try:
            connection = await self._connections.connection(fresh=True)
            async with asyncio.timeout(WITHIN_S):
                answer = await self._asked(connection, "GET", target)
            if answer.status >= 400:
                raise refusal(answer.status, await answer.body())
            lines = answer.lines()
            while True:
                async with asyncio.timeout(silent_s):
                    line = await anext(lines, None)
                if line is None:
                    return
                yield line
        except (OSError, TimeoutError) as error:
            raise self._unreachable(error) from error
        finally:
            if connection is not None:
                connection.close()

    async def _object(self, method: str, target: str, body: Any = None, content: str = JSON) -> Raw:
        answer: Raw = parsed(await self._whole(method, target, body, content))
        return answer

    async def _whole(self, method: str, target: str, body: Any = None, content: str = JSON) -> bytes:
        """Give the body of a good answer."""
        return (await self._told(method, target, body, content))[0]

    async def _told(self, method: str, target: str, body: Any = None, content: str = JSON) -> Told:
        """Give the body and the headers of a good answer. A read over a connection that the server has closed meanwhile is repeated."""
        try:
            async with asyncio.timeout(WITHIN_S):
                connection = await self._connections.connection()
                try:
                    return await self._exchanged(connection, method, target, body, content)
                except OSError:
                    if not connection.used or method != "GET":
                        raise
                connection = await self._connections.connection(fresh=True)
                return await self._exchanged(connection, method, target, body, content)
        except (OSError, TimeoutError) as error:
            raise self._unreachable(error) from error

    async def _exchanged(
        self, connection: Connection, method: str, target: str, body: Any, content: str
    ) -> Told:
        """Send a request over this connection, which is kept for the next one only after a whole answer."""
        kept = False
        try:
            answer = await self._asked(connection, method, target, body, content)
            text = await answer.body()
            kept = answer.headers.get("connection", "").lower() != "close"
        finally:
            if not kept:
                connection.close()
        if kept:
            connection.used = True
            self._connections.idle.append(connection)
        if answer.status >= 400:
            raise refusal(answer.status, text)
        return text, answer.headers

    async def _asked(
        self, connection: Connection, method: str, target: str, body: Any = None, content: str = JSON
    ) -> Answer:
        headers = {"Host": self._connections.host, "Accept": f"{JSON}, */*", "User-Agent": "crossfade"}
        headers |= {"Authorization": f"Bearer {self._token}"} if self._token else {}
        headers |= {"Content-Type": content} if body is not None else {}
        sent = b"" if body is None else json.dumps(body).encode()
        return await connection.ask(
            method, self._connections.root + target, [*headers.items(), *self._impersonation], sent
        )

    def _unreachable(self, error: BaseException) -> ApiError:
        what = str(error) or type(error).__name__
        sentence = f"cannot reach the API server at {self.server}: {what}; check that the cluster runs"
        return ApiError(0, "Unreachable", f"{sentence} and that the kubeconfig's context is the right one")
