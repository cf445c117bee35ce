"""What a Release keeps of policies: who approved it, who had one passed and why, and which rules held it.

What was written once stays as it was, whatever becomes of the Rollout's own status: that tells what counts now, a Release what
was. Lists are bounded and lose their oldest entries; an audit says where one is full. The same lists in give the same
list out, so a record that says it all is not written again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from crossfade.api.action import ActionEntry
from crossfade.api.bounds import RECORD_LENGTHS
from crossfade.api.status import Approved, Bypass, HeldBy
from crossfade.core.moments import moment_of

Key = tuple[str, str, str, str, str]


def approvals(before: Sequence[ActionEntry], given: Iterable[Approved], revision: str) -> list[ActionEntry]:
    """The approvals of a release of that revision: those that are kept, and then those of `given` that are not."""
    return _kept(before, (_approval(each) for each in given if each.revision == revision), "approvals")


def bypasses(
    before: Sequence[ActionEntry], given: Iterable[Bypass], *, began: str | None, ended: str | None = None
) -> list[ActionEntry]:
    """The bypasses that stood while it was under way: those that are kept, and then those of `given` that are not.

    `ended` is None while it is under way. One that was over before it began, or was asked for after its end, is not of it.
    """
    met = (each for each in given if _met(each, began, ended))
    return _kept(before, map(_bypass, met), "bypasses")


def passed(kept: Iterable[ActionEntry], policy: str, since: str | None) -> bool:
    """Whether one of a release's bypasses passed a policy after `since`; None: at any time."""
    return any(
        each.policy == policy and not (since and each.until and moment_of(each.until) <= moment_of(since))
        for each in kept
    )


def held_by(before: Sequence[HeldBy], holding: Iterable[tuple[str, str]], now: str) -> list[HeldBy]:
    """Who held it: `holding` is each (policy, rule) that holds at `now`; what held before and does not any more ends now."""
    present = list(dict.fromkeys(holding))
    after = [_ended(each, now) if _open(each) and _of(each) not in present else each for each in before]
    known = {_of(each) for each in after if _open(each)}
    after += [
        HeldBy(policy=policy, rule=rule, since=now) for policy, rule in present if (policy, rule) not in known
    ]
    return after[-RECORD_LENGTHS["heldBy"] :]


def up_to(held: Sequence[HeldBy], ended: str | None) -> list[HeldBy]:
    """Those that were there when a release ended; all where `ended` is None, which is: it has not."""
    return [each for each in held if not (ended and each.since and moment_of(each.since) >= moment_of(ended))]


def after(held: Sequence[HeldBy], ended: str | None) -> list[HeldBy]:
    """Those that are not over since a release ended: they are of the next one. All where `ended` is None: there was none."""
    return [each for each in held if not (ended and each.until and moment_of(each.until) <= moment_of(ended))]


def _kept(before: Sequence[ActionEntry], new: Iterable[ActionEntry], name: str) -> list[ActionEntry]:
    known = {_key(entry) for entry in before}
    return [*before, *_others(new, known)][-RECORD_LENGTHS[name] :]


def _others(new: Iterable[ActionEntry], known: set[Key]) -> Iterator[ActionEntry]:
    for entry in new:
        if _key(entry) not in known:
            known.add(_key(entry))
            yield entry


def _key(entry: ActionEntry) -> Key:
    return entry.name, entry.actor or "", entry.at or "", entry.policy or "", entry.rule or ""


def _approval(given: Approved) -> ActionEntry:
    return ActionEntry(
        at=given.at,
        action="Approve",
        actor=given.by or None,
        name=given.action,
        reason=given.reason,
        policy=given.policy or None,
        rule=given.approval or None,
        step=None if given.step is None else str(given.step),
    )


def _bypass(given: Bypass) -> ActionEntry:
    return ActionEntry(
        at=given.at,
        action="Bypass",
        actor=given.by or None,
        name=given.action,
        reason=given.reason,
        policy=given.policy or None,
        until=given.until,
    )


def _met(given: Bypass, began: str | None, ended: str | None) -> bool:
    over = given.until and began and moment_of(given.until) < moment_of(began)
    late = given.at and ended and moment_of(given.at) > moment_of(ended)
    return not over and not late


def _open(held: HeldBy) -> bool:
    return held.until is None


def _of(held: HeldBy) -> tuple[str, str]:
    return held.policy, held.rule


def _ended(held: HeldBy, now: str) -> HeldBy:
    return held.model_copy(update={"until": now})
