"""A cluster of a few objects in memory, whose watches play what a test scripts."""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from crossfade.cluster import ApiError

Object = dict[str, Any]
Key = tuple[str, str]


class FakeCluster:
    """Objects by kind and name. `coming` holds the states that the next watch of a kind gives, one by one."""

    namespace = "demo"

    def __init__(self, *objects: Object) -> None:
        self.objects: dict[Key, Object] = {key_of(each): each for each in objects}
        self.coming: dict[str, list[Object | None]] = {}
        self.created: list[tuple[str, Object]] = []
        self.patches: list[list[Object]] = []
        self.failures: list[ApiError] = []
        self.before_patch: Callable[[], None] = lambda: None
        self.when_watch_ends: Callable[[], None] = lambda: None
        self.tried: list[tuple[bool, Object]] = []
        self.verdict: tuple[str, ...] | ApiError = ()
        self.may: set[str] | None = None
        self.silent = False
        self.unreadable: set[str] = set()
        self.user: str | None = None
        self.groups: list[str] = []
        self.written: dict[str, str | ApiError] = {}
        self.asked_logs: list[tuple[str, dict[str, str]]] = []

    async def get(self, kind: str, namespace: str | None, name: str) -> Object | None:
        self._fail()
        if kind in self.unreadable:
            raise forbidden("get", kind)
        return copy.deepcopy(self.objects.get((kind, name)))

    async def list(self, kind: str, namespace: str | None = None, labels: str | None = None) -> list[Object]:
        self._fail()
        if kind in self.unreadable:
            raise forbidden("list", kind)
        found = [each for (other, _), each in self.objects.items() if other == kind]
        return [copy.deepcopy(each) for each in found if is_in(each, namespace) and has_label(each, labels)]

    async def create(self, kind: str, namespace: str | None, body: Mapping[str, Any]) -> Object:
        if kind == "SelfSubjectReview":
            return self._whoami()
        if kind == "SelfSubjectAccessReview":
            return self._access(body["spec"]["resourceAttributes"])
        self._fail()
        meta = body["metadata"]
        name = meta.get("name") or f"{meta['generateName']}x7k2p"
        made = {**body, "metadata": {**meta, "name": name, "resourceVersion": "1"}}
        self.created.append((kind, dict(body)))
        self.objects[kind, name] = made
        return made

    async def json_patch(
        self, kind: str, namespace: str | None, name: str, ops: Sequence[Mapping[str, Any]], *, manager: str
    ) -> Object:
        assert manager == "kubectl-crossfade"
        self._fail()
        self.before_patch()
        self.patches.append([dict(op) for op in ops])
        target = self.objects[kind, name]
        for op in ops:
            apply_operation(target, op)
        return target

    async def dry_run(
        self, kind: str, namespace: str | None, body: Mapping[str, Any], *, replaces: bool
    ) -> tuple[str, ...]:
        self.tried.append((replaces, copy.deepcopy(dict(body))))
        if isinstance(self.verdict, ApiError):
            raise self.verdict
        return self.verdict

    async def logs(self, namespace: str, pod: str, query: Mapping[str, str]) -> str:
        self._fail()
        self.asked_logs.append((pod, dict(query)))
        written = self.written.get(pod, "")
        if isinstance(written, ApiError):
            raise written
        return written

    async def watch(
        self, kind: str, namespace: str | None, *, name: str | None = None, resource_version: str = ""
    ) -> AsyncIterator[tuple[str, Object]]:
        states = self.coming.get(kind, [])
        if self.silent:
            await asyncio.Event().wait()
        if not states:
            raise AssertionError(
                f"nothing is scripted to happen to this {kind}, so the command would wait for ever"
            )
        while states:
            state = states.pop(0)
            if state is None:
                self.objects.pop((kind, name or ""), None)
                yield "DELETED", {}
                return
            merged = {**self.objects.get((kind, name or ""), {}), **state}
            self.objects[kind, name or ""] = merged
            yield "MODIFIED", merged
        self.when_watch_ends()

    def _whoami(self) -> Object:
        if self.user is None:
            raise forbidden("create", "selfsubjectreviews")
        return {"status": {"userInfo": {"username": self.user, "groups": self.groups}}}

    def _access(self, asked: Mapping[str, str]) -> Object:
        if self.may is None:
            raise forbidden("create", "selfsubjectaccessreviews")
        return {"status": {"allowed": asked["verb"] in self.may}}

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


def is_in(stored: Object, namespace: str | None) -> bool:
    return namespace is None or stored["metadata"].get("namespace", namespace) == namespace


def has_label(stored: Object, wanted: str | None) -> bool:
    key, _, value = (wanted or "").partition("=")
    return not wanted or stored["metadata"].get("labels", {}).get(key) == value


def key_of(stored: Object) -> Key:
    return stored.get("kind", "Release"), stored["metadata"]["name"]


def apply_operation(target: Object, op: Mapping[str, Any]) -> None:
    """The operations of JSON Patch that are used."""
    *parents, last = (part.replace("~1", "/") for part in op["path"].strip("/").split("/"))
    holder: Any = target
    for part in parents:
        holder = holder[int(part)] if isinstance(holder, list) else holder[part]
    if op["op"] == "test" and holder.get(last) != op["value"]:
        raise ApiError(409, "Conflict", f"test of {op['path']} failed")
    if op["op"] in {"add", "replace"}:
        holder[last] = op["value"]
    if op["op"] == "remove":
        del holder[last]


def forbidden(verb: str, resource: str) -> ApiError:
    """The API server's answer to somebody without the right."""
    message = f'{resource}.crossfade.dev is forbidden: User "ann" cannot {verb} resource "{resource}"'
    return ApiError(403, "Forbidden", message)
