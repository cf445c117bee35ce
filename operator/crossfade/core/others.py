"""Other Rollouts that failed lately: whether they share a cause with this one, and what they make it wait for.

One that fails alone has mostly itself to blame. Two others within a minute of it are told as a likely shared cause (a registry,
a node, a service that all of them call), and with `holdWhenOthersFail` they hold what is new. All times here are the operator's
own. Rollouts of other namespaces are counted and never named: a tenant reads this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crossfade.api.conditions import Reason
from crossfade.api.events import EventReason
from crossfade.api.status import Failed
from crossfade.core.gates.answer import OPEN, Answer
from crossfade.core.moments import later, seconds_since, text_of
from crossfade.core.observed import OTHERS_SHOWN, Failure
from crossfade.core.situation import Situation
from crossfade.core.transition import Transition, warning

WITHIN_S = 60.0
"""What fails within so long of each other may share a cause; so long without a failure, it may be over."""

SEVERAL = 2
"""So many others: with one alone, two faults of two teams that meet by chance would look like one."""

NAMED = 3
"""Rollouts of the own namespace that a sentence names; the rest is a count."""

BY_PEOPLE = frozenset({Reason.ABORTED_BY_USER, "Undone"})
"""Reasons of a verdict that are no failure: somebody decided."""


def failing(s: Situation) -> Answer:
    """A hold while others fail: from several within a minute until a minute without another one. Open otherwise."""
    others = _several(s)
    if not others:
        return OPEN
    what = f"other Rollouts to stop failing: {_many(len(others))} failed within a minute{_where(s, others)}"
    return Answer(Reason.OTHERS_FAILED, what, later(text_of(others[0].at), WITHIN_S))


def _several(s: Situation) -> Sequence[Failure]:
    """The others that failed in the minute up to some failure that is less than a minute old, where they are several.

    The newest such failure comes first; none where there is no such minute.
    """
    for number, newest in enumerate(s.seen.others_failed):
        if _age_s(s, newest) >= WITHIN_S:
            break
        earlier = s.seen.others_failed[number:]
        together = [each for each in earlier if (newest.at - each.at).total_seconds() < WITHIN_S]
        if _causes(s, together) >= SEVERAL:
            return together
    return ()


def _causes(s: Situation, failures: Sequence[Failure]) -> int:
    """How many they are, all of another namespace counted as one.

    A cause that only one namespace has is its own, and nobody who lets his own Rollouts fail holds those of others.
    """
    own = sum(_is_own(s, each) for each in failures)
    return own + len({each.namespace for each in failures if not _is_own(s, each)})


def _age_s(s: Situation, failure: Failure) -> float:
    return (s.now - failure.at).total_seconds()


def _is_own(s: Situation, failure: Failure) -> bool:
    """Whether it is of this namespace."""
    return failure.namespace == s.rollout.metadata.namespace


def told(transition: Transition) -> Transition:
    """The same; where this Rollout and several others failed in the last minute, that is remembered and told, once."""
    s = transition.s
    failed = s.progress.failure or s.memory.failed
    if failed is None or transition.read is not None or not _is_fresh(s, failed):
        return transition
    others = [each for each in s.seen.others_failed if _age_s(s, each) < WITHIN_S]
    if len(others) < SEVERAL:
        return transition
    sentence = f"{_shared(s, failed, others)}: a shared cause is likely"
    after = failed.model_copy(update={"shared_cause": sentence})
    known = s.progress_with(failure=after) if s.progress.failure else s.remember(failed=after)
    number = f"release {failed.release}: " if failed.release else ""
    note = warning(EventReason.SHARED_CAUSE, f"{number}{sentence}")
    return replace(transition, s=known, events=(*transition.events, *note))


def _is_fresh(s: Situation, failed: Failed) -> bool:
    """Whether it failed within the last minute, no person sent it back, and nobody was told of others yet."""
    at, asked = failed.at, failed.reason in BY_PEOPLE
    return at is not None and not asked and not failed.shared_cause and seconds_since(at, s.now) < WITHIN_S


def _shared(s: Situation, failed: Failed, others: Sequence[Failure]) -> str:
    alike = {failed.reason, *(each.reason for each in others)} == {failed.reason}
    why = f", each with {failed.reason}" if alike else ""
    return f"{_many(len(others) + 1)} Rollouts failed within a minute{why}{_where(s, others, beside='also ')}"


def in_full(failed: Failed) -> str:
    """Why it failed, and that others did too."""
    return f"{failed.message}; {failed.shared_cause}" if failed.shared_cause else failed.message


def _many(count: int) -> str:
    return f"{count} or more" if count >= OTHERS_SHOWN else str(count)


def _where(s: Situation, others: Sequence[Failure], beside: str = "") -> str:
    """In how many namespaces, and which in this one. `beside`: how those are named where this Rollout itself is counted.

    Examples: ` in this namespace (also cart and pay)`, `, in 2 namespaces (in this one also cart)`, `, in 2 other namespaces`.
    """
    here = [each.name for each in others if _is_own(s, each)]
    elsewhere = len({each.namespace for each in others if not _is_own(s, each)})
    if not elsewhere:
        return f" in this namespace ({beside}{_listed(here)})"
    if not here and not beside:
        return ", in another namespace" if elsewhere == 1 else f", in {elsewhere} other namespaces"
    names = f" (in this one {beside}{_listed(here)})" if here else ""
    return f", in {elsewhere + 1} namespaces{names}"


def _listed(names: Sequence[str]) -> str:
    """Example: `cart, pay, mail and 4 more`."""
    shown = list(names[:NAMED])
    more = len(names) - len(shown)
    parts = [*shown, f"{more} more"] if more else shown
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
