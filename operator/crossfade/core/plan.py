"""What a pass decides, as values: writes, the status, events, and when to look again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from crossfade.core.check import Check
from crossfade.core.measured import Ask
from crossfade.core.observed import Identity


class Verb(StrEnum):
    """How a write reaches the API server.

    CREATE: POST; an object of that name in the way is an answer, not an error.
    APPLY: server-side apply of the fields in `body`, forced, as field manager `crossfade`; with the seen uid
    and resourceVersion in it, so that it never creates and never lands on something newer.
    PATCH: JSON Patch, behind `test` operations on uid and resourceVersion.
    STATUS: the status in place of the stored one, as field manager `crossfade-status`; with the seen identity as above.
    DELETE: with the uid (and resourceVersion, where given) as a precondition.
    """

    CREATE = "Create"
    APPLY = "Apply"
    PATCH = "Patch"
    STATUS = "Status"
    DELETE = "Delete"


@dataclass(frozen=True)
class Write:
    """One write. `identity` is the object that was seen (None only for CREATE).

    `body` is a manifest (CREATE), the fields to own (APPLY), `{"status": …}` (STATUS) or a list of JSON
    Patch operations (PATCH). `orphan`: deletion leaves what the object owns. `needed`: where the API server refuses it,
    nothing after it is written in that pass. `strict`: a CREATE with a field that the API server does not know is refused.
    """

    verb: Verb
    kind: str
    name: str
    body: Any = None
    identity: Identity | None = None
    orphan: bool = False
    needed: bool = False
    strict: bool = False


@dataclass(frozen=True)
class Event:
    """Something that happened, told once: `kind` is Normal or Warning, `reason` a documented word."""

    kind: str
    reason: str
    note: str


@dataclass(frozen=True)
class ReadRequest:
    """What must be seen before a decision is possible; the shell looks, and asks again.

    `pods`: revisions whose pods are listed; with `warnings` also the newest warning about one that does not say itself
    what is wrong with it. `dry_run`: a Deployment manifest to send as a dry run; with `strict` a field that the API server
    does not know is refused.
    `services`, `deployments`: names to read. `pull_pods`: list the pods that pull images. `counted`: revisions of which
    to ask whether their counts are of the newest size. `strangers`: list the namespace's Services and Deployments that have
    no label of ours. `ports`: by revision whose pods are listed, the TCP ports to try on those that are ready. `gateways`: as `namespace/name`, Gateways whose
    controllers are to be known. `routes`: as kind and name (`HTTPRoute/shop`), routes to read. `sent`: Services of which
    to ask when a router was last seen to send them a request. `templates`: templates of the cluster to read, by name. `checks`: expressions and queries
    of which to ask whether they can be used. `log`: the container of a pod of which to read the end of the log; the answer may come with a
    later pass.
    """

    pods: frozenset[str] = frozenset()
    warnings: bool = False
    dry_run: Mapping[str, Any] | None = None
    strict: bool = False
    services: frozenset[str] = frozenset()
    deployments: frozenset[str] = frozenset()
    pull_pods: bool = False
    counted: frozenset[str] = frozenset()
    strangers: bool = False
    ports: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    gateways: frozenset[str] = frozenset()
    routes: frozenset[str] = frozenset()
    sent: frozenset[str] = frozenset()
    templates: frozenset[str] = frozenset()
    checks: frozenset[Check] = frozenset()
    log: tuple[str, str] | None = None


@dataclass(frozen=True)
class Plan:
    """The outcome of one pass.

    The shell writes `status` first, and only where it differs from the stored one, then `writes` in order; one that
    fails ends the pass, unless the API server refused it and it is not needed. With `read` set there is nothing to
    write yet. `asks`: what is to be measured; the answers are seen in a later pass.
    `wake_after_s`: look again after so many seconds even if nothing changes; None: only when it does.
    """

    reason: str
    status: Mapping[str, Any] | None = None
    writes: tuple[Write, ...] = ()
    events: tuple[Event, ...] = ()
    wake_after_s: float | None = None
    read: ReadRequest | None = None
    asks: tuple[Ask, ...] = ()
