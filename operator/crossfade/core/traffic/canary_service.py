"""The canary Service: the candidate's pods, and the note of what the route was that sends requests to it."""

from __future__ import annotations

from collections.abc import Iterator

from crossfade.api.labels import ANNOTATION_ROUTE, LABEL_REVISION, LABEL_ROLLOUT
from crossfade.core import manifests, routing
from crossfade.core.plan import Verb, Write
from crossfade.core.situation import Situation
from crossfade.core.traffic.selector import kept
from crossfade.routers import rules


def has(s: Situation, track: str) -> bool:
    """Whether it selects the track alone."""
    return bool(track) and s.canary is not None and dict(s.canary.selector) == _selector(s, track)


def turns(s: Situation) -> bool:
    """Whether it has another track than the candidate, which is to come behind it."""
    forward = s.routed and s.under_way and not s.progress.rollback_reason
    return bool(forward and s.stable_revision and s.canary is not None) and not has(s, s.progress.revision)


def _selector(s: Situation, revision: str) -> dict[str, str]:
    return {LABEL_ROLLOUT: s.name, LABEL_REVISION: revision}


def writes(s: Situation, *, reached: bool, refers: bool) -> Iterator[Write]:
    """The Service made, or as it should be. `reached`: requests may come to it. `refers`: a route's rules name it."""
    if not s.stable_revision or not (s.routed or s.canary is not None):
        return
    selector = _selector(s, _revision(s, reached=reached))
    note = {ANNOTATION_ROUTE: text} if (text := _note(s, refers=refers)) else {}
    if s.canary is not None:
        yield from kept(s, s.canary, selector, "canary", note)
    elif s.under_way and s.routed and s.seen.found.services.get(s.canary_name) is None:
        body = manifests.service(s, s.canary_name, "canary", selector)
        body["metadata"]["annotations"] = note
        yield Write(Verb.CREATE, "Service", s.canary_name, body)


def _revision(s: Situation, *, reached: bool) -> str:
    """Whose pods it is to have. While requests may come to it, it keeps whom it has."""
    due = s.progress.revision if s.under_way and not s.progress.rollback_reason else s.stable_revision
    now = str(s.canary.selector.get(LABEL_REVISION, "")) if s.canary is not None else ""
    known = {s.stable_revision, s.progress.revision}
    return now if reached and now in known and has(s, now) else due or s.stable_revision


def _note(s: Situation, *, refers: bool) -> str:
    """What is noted of the route: what it is, where nobody has split it; else what was noted."""
    at = routing.place(s)
    live = routing.seen(s, at) if at is not None else None
    due = s.under_way and s.routed and not routing.is_owned(s) and (_is_forgotten(s) or not refers)
    if not due or at is None or live is None or rules.problem(live.manifest, routing.names(s, at)):
        notes = s.canary.manifest.get("metadata", {}).get("annotations") if s.canary is not None else None
        return str((notes or {}).get(ANNOTATION_ROUTE, ""))
    return routing.memo_text(at, rules.before_of(live.manifest, routing.names(s, at)))


def _is_forgotten(s: Situation) -> bool:
    """Whether the note does not say which route is split: lost, or spoiled."""
    noted, split = routing.memo(s), [at for at, _ in routing.split_places(s)]
    return bool(split) and (noted is None or noted[0] not in split)
