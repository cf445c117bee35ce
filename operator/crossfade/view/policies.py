"""RolloutPolicies as the operator last saw them: one line each, and one in full. Reads raw objects, and takes any part to be missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossfade.api.labels import ANNOTATION_FROZEN_BY
from crossfade.core.policy import window_words
from crossfade.view.ages import age
from crossfade.view.plain import plain
from crossfade.view.times import time_of

Object = Mapping[str, Any]

TITLES = ("NAME", "VALID", "MODE", "MATCHING", "VIOLATING", "ACTIVE", "QUEUED", "CLOSED NOW")
NOT_SEEN = "NotSeen"
GAP = "  "


@dataclass(frozen=True)
class Frozen:
    """A freeze that has not ended: why, until when (None: until somebody ends it), and who typed it, where that is known."""

    reason: str
    until: datetime | None
    by: str = ""


@dataclass(frozen=True)
class WindowView:
    """A window: whether something waits for it now, what, why, since when, and when it opens and closes next; its zone's name."""

    name: str
    closed: bool
    closed_for: tuple[str, ...]
    reason: str
    since: datetime | None
    next_open: datetime | None
    next_close: datetime | None
    time_zone: str = "UTC"


@dataclass(frozen=True)
class Waiting:
    """One Rollout in the queue of a policy."""

    namespace: str
    rollout: str
    place: int
    since: datetime | None


@dataclass(frozen=True)
class Broken:
    """One Rollout that breaks one rule."""

    namespace: str
    rollout: str
    rule: str
    message: str


@dataclass(frozen=True)
class PolicyView:
    """A policy at one moment. `valid` is True, False, Unknown, or NotSeen where the operator has not read its latest change.

    `mode` is that of the policy, `modes` those of single rules. `problem`: what cannot be read.
    """

    name: str
    valid: str
    problem: str
    mode: str
    modes: Mapping[str, str]
    rules: Mapping[str, Any]
    matching: int
    violating: int
    active: int
    violations: tuple[Broken, ...]
    queued: tuple[Waiting, ...]
    windows: tuple[WindowView, ...]
    frozen: Frozen | None
    bypass_allowed: bool
    bypass_seconds: int

    @property
    def closed(self) -> tuple[WindowView, ...]:
        """The windows that something waits for now."""
        return tuple(each for each in self.windows if each.closed)


def policies(stored: Iterable[Object], now: datetime) -> list[PolicyView]:
    """Give them by name."""
    return sorted((policy_view(each, now) for each in stored), key=lambda each: each.name)


def policy_view(policy: Object, now: datetime) -> PolicyView:
    """Give what there is to show of one."""
    spec, status = policy.get("spec") or {}, policy.get("status") or {}
    valid, problem = _valid(policy, status)
    glass = spec.get("breakGlass") or {}
    return PolicyView(
        name=policy["metadata"]["name"],
        valid=valid,
        problem=problem,
        mode=spec.get("enforcement", "Enforce"),
        modes=dict(spec.get("ruleEnforcement") or {}),
        rules={key: value for key, value in spec.items() if key not in NO_RULES},
        matching=status.get("matching", 0),
        violating=status.get("violating", 0),
        active=status.get("active", 0),
        violations=tuple(map(_broken, status.get("violations") or ())),
        queued=tuple(map(_waiting, status.get("queued") or ())),
        windows=tuple(_window(each, _zones(spec)) for each in status.get("windows") or ()),
        frozen=frozen(policy, now),
        bypass_allowed=glass.get("allowed", True),
        bypass_seconds=glass.get("maxSeconds", 3600),
    )


NO_RULES = frozenset(
    {"namespaceSelector", "rolloutSelector", "enforcement", "ruleEnforcement", "breakGlass", "freeze"}
)
"""Fields of a spec that are no rules; a freeze is shown by itself."""


def frozen(policy: Object, now: datetime) -> Frozen | None:
    """Give the freeze of a policy; None where it has none, or where it has ended."""
    given = (policy.get("spec") or {}).get("freeze")
    if given is None:
        return None
    until = time_of(given.get("until"))
    if until is not None and until <= now:
        return None
    by = (policy["metadata"].get("annotations") or {}).get(ANNOTATION_FROZEN_BY, "")
    return Frozen(plain(given.get("reason", "")), until, plain(by))


def _valid(policy: Object, status: Object) -> tuple[str, str]:
    if status.get("observedGeneration", -1) != policy["metadata"].get("generation", 0):
        return (
            NOT_SEEN,
            "the operator has not read its latest change yet: what is counted here is from before",
        )
    known = (each for each in status.get("conditions") or () if each.get("type") == "Valid")
    condition: Object = next(known, {})
    valid = condition.get("status", "Unknown")
    return valid, "" if valid == "True" else plain(condition.get("message", ""))


def _broken(each: Object) -> Broken:
    names = (each.get("namespace", ""), each.get("rollout", ""), each.get("rule", ""))
    return Broken(*names, plain(each.get("message", "")))


def _waiting(each: Object) -> Waiting:
    names = (each.get("namespace", ""), each.get("rollout", ""), each.get("place", 0))
    return Waiting(*names, time_of(each.get("since")))


def _zones(spec: Object) -> dict[str, str]:
    return {each.get("name", ""): each.get("timeZone", "UTC") for each in spec.get("windows") or ()}


def _window(each: Object, zones: Mapping[str, str]) -> WindowView:
    return WindowView(
        name=each.get("name", ""),
        closed=each.get("closed", False),
        closed_for=tuple(each.get("closedFor") or ()),
        reason=plain(each.get("reason", "")),
        since=time_of(each.get("since")),
        next_open=time_of(each.get("nextOpen")),
        next_close=time_of(each.get("nextClose")),
        time_zone=zones.get(each.get("name", ""), "UTC"),
    )


def table(found: Iterable[PolicyView]) -> list[str]:
    """Give a line of titles and one for each policy."""
    cells = [TITLES, *map(_cells, found)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(TITLES) - 1)]
    return [_line(line, widths) for line in cells]


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    *first, last = cells
    head = GAP.join(cell.ljust(width) for cell, width in zip(first, widths, strict=True))
    return f"{head}{GAP}{last}".rstrip()


def _cells(each: PolicyView) -> tuple[str, ...]:
    counts = (each.matching, each.violating, each.active, len(each.queued))
    told = "; ".join(closed_words(each)) or "-"
    return (each.name, each.valid, mode_words(each), *map(str, counts), told)


def mode_words(each: PolicyView) -> str:
    """Say the mode, and those of single rules. Example: `Enforce (images: Warn)`."""
    single = ", ".join(f"{rule}: {mode}" for rule, mode in each.modes.items())
    return f"{each.mode} ({single})" if single else each.mode


def closed_words(each: PolicyView) -> Iterator[str]:
    """Say what is closed now: the freeze, then the windows."""
    if each.frozen is not None:
        by = f" by {each.frozen.by}" if each.frozen.by else ""
        why = f": {each.frozen.reason}" if each.frozen.reason else ""
        yield f"frozen{by}{why}, {_until(each.frozen.until, 'until somebody unfreezes it')}"
    for window in each.closed:
        yield _window_words(window)


def _until(moment: datetime | None, never: str) -> str:
    return f"until {at(moment)}" if moment else never


def at(moment: datetime) -> str:
    """Say a moment in UTC. Example: `2026-12-04 15:00 UTC`."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def details(each: PolicyView, about: str, bypass: str, now: datetime) -> Iterator[tuple[str, str]]:
    """Give rows of one policy in full: label and text. `about`: which Rollouts, in words; `bypass`: what is known of who may pass it."""
    yield "About", f"{about}: {each.matching} now"
    yield "Mode", mode_words(each)
    yield "Valid", ": ".join(filter(None, (each.valid, each.problem)))
    for rule, value in each.rules.items():
        if rule != "windows":
            yield "Rule", f"{rule}  {short(value)}"
    for window in each.windows:
        yield "Window", _window_words(window, now)
    if each.frozen is not None:
        yield "Frozen", next(closed_words(each)).removeprefix("frozen").lstrip(" :")
    yield "Under way", f"{each.active} of {each.matching}"
    for waiting in each.queued:
        since = f", for {age(waiting.since, now)}" if waiting.since else ""
        yield "Queue", f"{waiting.place}. {waiting.namespace}/{waiting.rollout}{since}"
    more = each.violating - len({(broken.namespace, broken.rollout) for broken in each.violations})
    for broken in each.violations:
        yield "Broken", f"{broken.namespace}/{broken.rollout}, rule {broken.rule}: {broken.message}"
    if more > 0:
        yield "Broken", f"by {more} more"
    yield "Bypass", bypass


def _window_words(window: WindowView, now: datetime | None = None) -> str:
    """Example: `friday (Start): closed since Fri 16:00 until Mon 06:00 (Europe/Berlin): no Friday afternoon`."""
    zone = window.time_zone
    if not window.closed:
        return f"{window.name}: {window_words.open_words(window.since, window.next_close, zone, now)}"
    what = f" ({', '.join(window.closed_for)})" if window.closed_for else ""
    told = window_words.closed_words(window.since, window.next_open, zone, window.reason, now)
    return f"{window.name}{what}: {told}"


def short(value: Any) -> str:
    """Write a value of a spec on one line. Example: `maxInitialWeight: 10, minBakeSeconds: 600`."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_nested(each)}" for key, each in value.items())
    if isinstance(value, list):
        return f"[{', '.join(map(_nested, value))}]"
    return str(value).lower() if isinstance(value, bool) else plain(str(value))


def _nested(value: Any) -> str:
    return f"{{{short(value)}}}" if isinstance(value, Mapping) else short(value)
