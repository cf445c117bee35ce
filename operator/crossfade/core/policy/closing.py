"""Windows and freezes: what waits for them, and what becomes of a release that is under way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from crossfade.core.gates.answer import OPEN, Answer
from crossfade.core.moments import moment_of
from crossfade.core.policy import recorded
from crossfade.core.policy.bypasses import in_force
from crossfade.core.policy.entering import Entering
from crossfade.core.policy.matched import Closed, Matched, mode_of
from crossfade.core.policy.sentence import held, last, until_words
from crossfade.core.policy.window_words import closed_words
from crossfade.core.situation import Situation

ANY: Final = Entering(frozenset({"Step"}))
"""What is on its way, whichever moment it came with."""


def freeze(s: Situation, policy: Matched, due: Entering) -> Answer:
    """A hold while the policy is frozen."""
    frozen = frozen_now(s, policy)
    return _closed(policy, frozen, due, s, "freeze") if frozen is not None else OPEN


def frozen_now(s: Situation, policy: Matched) -> Closed | None:
    """The freeze of a policy as a window that is closed; None where it has none, or one that has ended."""
    given = policy.spec.freeze if policy.spec is not None else None
    if given is None or (given.until and s.now >= moment_of(given.until)):
        return None
    return Closed("", frozenset(given.applies), given.in_flight, given.reason, until=given.until)


def windows(s: Situation, policy: Matched, due: Entering) -> Answer:
    """A hold while a window is closed for what is due: the one that opens last is told."""
    answers = (_closed(policy, each, due, s, "windows") for each in policy.closed)
    return last(each for each in answers if not each.is_open)


def pausing(s: Situation) -> Answer:
    """A hold while something with `inFlight: Pause` is closed, whatever is due: the one that ends last is told."""
    return last(
        _closed(policy, each, ANY, s, "windows" if each.window else "freeze")
        for policy in in_force(s)
        for each in _enforced(s, policy)
        if each.in_flight == "Pause"
    )


def _closed(policy: Matched, closed: Closed, due: Entering, s: Situation, rule: str) -> Answer:
    stands = s.under_way and closed.in_flight != "Continue" and bool(due.moments)
    starts = not s.under_way and closed.in_flight == "Abort"  # else it would be taken back again and again
    if not (due.moments & closed.moments or stands or starts):
        return OPEN
    help_ = (
        f"crossfade unfreeze {policy.name}"
        if rule == "freeze"
        else f"crossfade bypass {s.name} --policy {policy.name}"
    )
    return held(policy, rule, f"{_what(closed)}; in an emergency: {help_}", closed.until)


def _what(closed: Closed) -> str:
    """What is closed, since when, until when, and why: with dates, so that it is the same in every pass."""
    if not closed.window:
        return f"frozen {until_words(closed.until)}" + (f": {closed.reason}" if closed.reason else "")
    since, until = (moment_of(each) if each else None for each in (closed.since, closed.until))
    return f"window {closed.window} is {closed_words(since, until, closed.time_zone, closed.reason)}"


def takes_back(s: Situation) -> str:
    """Why a release that is under way is taken back, as a sentence: something has closed that says so; "" where nothing has."""
    for policy in in_force(s):
        for closed in _enforced(s, policy):
            if closed.in_flight == "Abort" and not _was_let_in(s, policy, closed):
                rule, what = "freeze", "it was frozen"
                if closed.window:
                    rule, what = "windows", f"window {closed.window} has closed"
                why = f": {closed.reason}" if closed.reason else ""
                return f"policy {policy.name}, rule {rule}: {what}{why}"
    return ""


def _was_let_in(s: Situation, policy: Matched, closed: Closed) -> bool:
    """Whether the release began, or went on by a bypass, while that was closed already: then it holds, and takes nothing back.

    Of what does not say since when it is closed (a freeze), every bypass of this release counts.
    """
    began = s.progress.release_started_at
    if closed.since and began and moment_of(closed.since) < moment_of(began):
        return True
    record = next((each for each in s.seen.releases if each.spec.number == s.memory.release), None)
    known = record.status.bypasses if record is not None and record.status is not None else []
    return recorded.passed(known, policy.name, closed.since)


def _enforced(s: Situation, policy: Matched) -> Iterator[Closed]:
    """What of a policy is closed now, and does not only warn."""
    frozen = frozen_now(s, policy)
    if frozen is not None and policy.spec is not None and mode_of(policy.spec, "freeze") == "Enforce":
        yield frozen
    if policy.spec is not None and mode_of(policy.spec, "windows") == "Enforce":
        yield from policy.closed
