"""One row of an audit: a Release as an auditor reads it, and nothing that it does not keep. Any part of it may be missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from crossfade.api.bounds import RECORD_LENGTHS
from crossfade.view.audit_reach import Whose
from crossfade.view.history import UNDER_WAY
from crossfade.view.times import time_of

Object = Mapping[str, Any]

APPROVE: Final = "Approve"
BYPASS: Final = "Bypass"


@dataclass(frozen=True)
class Deed:
    """What somebody did, and when. `actor` is empty where it is not known; `name` is the RolloutAction's.

    `policy`, `rule` and `step` say what an approval or a bypass was for, empty for whatever waited; `until`: when it ended.
    """

    action: str
    actor: str = ""
    at: datetime | None = None
    reason: str = ""
    policy: str = ""
    rule: str = ""
    step: str = ""
    until: datetime | None = None
    name: str = ""


@dataclass(frozen=True)
class HeldBy:
    """A rule of a policy that held the release; `until` is None while it does."""

    policy: str
    rule: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Image:
    """A container's image before and after. `old` is None where the record of what served before is not kept; else empty where
    there was no such container, as `new` is where it is there no more.
    """

    container: str
    old: str | None
    new: str


@dataclass(frozen=True)
class Requester:
    """Who asked for the release. `how` it is known: `Admission` (the API server wrote the user down), `Action` (the Undo
    that brought it names them), `FieldManager` (only a program's name, which anybody can choose), or empty: nobody knows.
    """

    name: str = ""
    how: str = ""


@dataclass(frozen=True)
class Row:
    """One release. `outcome` is the Release's, or `UnderWay` before it has one. `actions` are all but approvals and bypasses.

    `undone`: the Undo that took it back after it had completed. `full` names the lists that have no room left: earlier
    entries of them may be missing.
    """

    namespace: str
    rollout: str
    rollout_uid: str
    release: int
    revision: str
    from_revision: str
    images: tuple[Image, ...]
    strategy: str
    started_at: datetime | None
    served_at: datetime | None
    ended_at: datetime | None
    outcome: str
    why: str
    requested_by: Requester
    actions: tuple[Deed, ...]
    approvals: tuple[Deed, ...]
    bypasses: tuple[Deed, ...]
    held_by: tuple[HeldBy, ...]
    undone: Deed | None
    full: tuple[str, ...]


def row_of(release: Object, before: Object | None) -> Row:
    """Read one Release; `before` is the spec of one of the revision that served before, None where none is kept."""
    meta, spec, status = release.get("metadata", {}), spec_of(release), release.get("status") or {}
    deeds = [deed_of(entry) for entry in status.get("actions") or ()]
    started = _moment(status.get("startedAt") or meta.get("creationTimestamp"))
    return Row(
        namespace=meta.get("namespace", ""),
        rollout=spec.get("rollout", ""),
        rollout_uid=whose(release)[2],
        release=spec.get("number", 0),
        revision=spec.get("revision", ""),
        from_revision=spec.get("fromRevision", ""),
        images=tuple(_images(spec, before)),
        strategy=spec.get("strategy", ""),
        started_at=started,
        served_at=_moment(status.get("servedAt")),
        ended_at=_moment(status.get("endedAt")),
        outcome=status.get("outcome", "") or UNDER_WAY,
        why=status.get("why", ""),
        requested_by=_requester(spec, deeds, started),
        actions=tuple(deed for deed in deeds if deed.action not in {APPROVE, BYPASS}),
        approvals=tuple(_told(status, "approvals", APPROVE, deeds)),
        bypasses=tuple(_told(status, "bypasses", BYPASS, deeds)),
        held_by=tuple(map(held_of, status.get("heldBy") or ())),
        undone=deed_of(status["undone"]) if status.get("undone") else None,
        full=tuple(name for name, most in RECORD_LENGTHS.items() if len(status.get(name) or ()) >= most),
    )


def _told(status: Object, listed: str, action: str, deeds: Iterable[Deed]) -> Iterator[Deed]:
    """The entries of a list of their own, and those among the actions that are not in it."""
    own = [deed_of({"action": action, **entry}) for entry in status.get(listed) or ()]
    named, marked = {deed.name for deed in own if deed.name}, {(deed.actor, deed.at) for deed in own}
    others = (deed for deed in deeds if deed.action == action)
    yield from own
    yield from (deed for deed in others if deed.name not in named and (deed.actor, deed.at) not in marked)


def deed_of(entry: Object) -> Deed:
    """Read one entry of a Release's lists."""
    return Deed(
        action=entry.get("action", ""),
        actor=entry.get("actor") or "",
        at=_moment(entry.get("at")),
        reason=entry.get("reason", ""),
        policy=entry.get("policy", ""),
        rule=entry.get("rule", ""),
        step=entry.get("step", ""),
        until=_moment(entry.get("until")),
        name=entry.get("name", ""),
    )


def held_of(entry: Object) -> HeldBy:
    """Read one hold."""
    since, until = _moment(entry.get("since")), _moment(entry.get("until"))
    return HeldBy(entry.get("policy", ""), entry.get("rule", ""), since, until)


def _requester(spec: Object, deeds: Iterable[Deed], started: datetime | None) -> Requester:
    """As the record says it; else by the program that changed the template; else by the Undo that was before its start."""
    told, changed = spec.get("requester") or {}, spec.get("changedBy") or {}
    if told.get("name"):
        return Requester(told["name"], told.get("how", ""))
    if changed.get("manager"):
        return Requester(changed["manager"], "FieldManager")
    undos = (deed for deed in deeds if deed.action == "Undo" and deed.actor)
    asked = (deed.actor for deed in undos if started is None or deed.at is None or deed.at <= started)
    actor = next(asked, "")
    return Requester(actor, "Action") if actor else Requester()


def _images(spec: Object, before: Object | None) -> Iterator[Image]:
    """Every container of either side, init containers first."""
    first, new = not spec.get("fromRevision"), _containers(spec)
    old = {} if first else _containers(before) if before is not None else None
    for name, image in new.items():
        yield Image(name, None if old is None else old.get(name, ""), image)
    for name in (old or {}).keys() - new.keys():
        yield Image(name, (old or {})[name], "")


def _containers(spec: Object) -> dict[str, str]:
    pod = (spec.get("template") or {}).get("spec") or {}
    listed = (each for name in ("initContainers", "containers") for each in pod.get(name) or ())
    return {each.get("name", ""): each.get("image", "") for each in listed}


def whose(release: Object) -> Whose:
    """The Rollout, by its UID too: numbers begin anew where one is made again."""
    meta = release.get("metadata", {})
    owners = (ref.get("uid", "") for ref in meta.get("ownerReferences") or () if ref.get("kind") == "Rollout")
    return meta.get("namespace", ""), spec_of(release).get("rollout", ""), next(owners, "")


def spec_of(release: Object) -> Object:
    """The spec; an empty one where there is none."""
    spec: Object = release.get("spec") or {}
    return spec


def _moment(text: str | None) -> datetime | None:
    """Read a time in UTC; one without an offset is taken to be in UTC, so that any two can be compared."""
    at = time_of(text)
    if at is None:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
